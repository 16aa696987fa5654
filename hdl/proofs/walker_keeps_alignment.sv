// The walker never loses alignment: it finds the prefix of every block where the contract has it, at most one a word, hands
// on as a message's head the bytes behind that prefix, and tells a block that does not fit, whatever frame comes.
//
// A walk beside it, written from the contract with byte positions in the frame, decides what is right until a block is
// malformed or has a wrong length: from there on `stopped` masks what is found. Free: the stream and its idle cycles,
// and what the headers tell, which does not change from word 6 of a frame on.
//
// blocks: walker
// induction: 3
// cover: 14
// mutant: walker: localparam  k_six = 9'b110; => localparam  k_six = 9'b101;
// mutant: walker: position$d = k_first_tagged; => position$d = k_first_untagged;
// mutant: walker: length_now = bytes8$5; => length_now = bytes8$4;
// mutant: walker: k_room = 18'b110; => k_room = 18'b101;
module walker_keeps_alignment(
    input clock, input reset, input [63:0] data, input [3:0] bytes, input last, input bad, input valid,
    input any_tag, input any_accepted, input [16:0] any_end, input cut, input deliver, input [15:0] skip,
    input [15:0] cycle, input [15:0] rows_found, input bank, input [31:0] generation
);
    // What the headers tell of the frame: its words so far, and what stands from word 6 on.
    reg [13:0] index = 0;
    reg tag = 0, accepted = 0;
    reg [16:0] payload_end = 0;
    wire [15:0] locate;
    wire told_malformed, told_bad_length;
    walker u(.clock(clock), .reset(reset), .\word$data (data), .\word$bytes (bytes), .\word$last (last),
        .\word$bad (bad), .\word$valid (valid), .at_six(index == 6), .has_tag(tag), .starts(starts),
        .payload_end(payload_end), .cut(cut), .deliver(deliver), .skip(skip), .cycle(cycle), .rows_found(rows_found),
        .bank(bank), .generation(generation), .locate(locate),
        .malformed(told_malformed), .bad_length(told_bad_length));
    always @* begin
        assume (bytes >= 1 && bytes <= 8 && (last || bytes == 8));
        assume (any_end >= 62);
    end

    (* hierconn *) wire [8:0] \u.position$q ;
    (* hierconn *) wire [17:0] \u.remaining$q ;
    (* hierconn *) wire [15:0] \u.left$q ;
    (* hierconn *) wire [7:0] \u.length$q ;
    (* hierconn *) wire [2:0] \u.lane$q , \u.since$q ;
    (* hierconn *) wire [63:0] \u.previous$q ;
    (* hierconn *) wire \u.near$q , \u.more$q , \u.no_blocks$q , \u.hit$q , \u.stopped$q , \u.last$q , \u.alive$q ;

    // The walk of the contract. `at` is where the low byte of the next prefix stands in the frame.
    reg [63:0] previous = 0;
    reg [17:0] at = 0;
    reg [15:0] left = 0;
    reg walks = 0, malformed = 0;
    wire starts = accepted && index == (tag ? 8 : 7);
    wire [15:0] count = tag ? data[63:48] : data[31:16];
    wire [17:0] at_now = starts ? (tag ? 67 : 63) : at;
    wire [15:0] left_now = starts ? count : left;
    wire walks_now = starts ? count != 0 && count != 16'hffff : walks;
    wire [2:0] lane = at_now[2:0];
    wire finds = valid && walks_now && at_now[17:3] == index && (!last || lane < bytes);
    wire [127:0] pair = {previous, data};
    wire [15:0] length = pair[8 * (7 - lane) +: 16];
    wire fits = length >= 11 && length <= 255 && at_now + length < payload_end;
    // The block found last, and its head: the eight bytes behind its prefix.
    reg found = 0, heads = 0, spoils = 0, spoilt = 0;
    reg [2:0] found_lane = 0;
    reg [7:0] found_length = 0;
    reg pending = 0, none = 0;
    reg [63:0] head = 0;
    integer blocks = 0;
    always @(posedge clock) begin
        found <= finds;
        heads <= valid && pending;
        none <= valid && starts && !walks_now && !reset;
        spoils <= finds && !fits && !malformed && !reset;
        spoilt <= spoils && !\u.stopped$q && !reset;
        if (finds) begin
            found_lane <= lane;
            found_length <= length[7:0];
            blocks <= blocks + 1;
        end
        if (valid) begin
            index <= last ? 0 : index == 14'h3fff ? index : index + 1;
            if (index < 6 || last) begin
                tag <= !last && any_tag;
                accepted <= any_accepted;
                payload_end <= any_end;
            end
            previous <= data;
            at <= finds ? at_now + length + 2 : at_now;
            left <= finds ? left_now - 1 : left_now;
            walks <= (finds ? left_now != 1 : walks_now) && !last;
            // Beyond 16,383 words, which no frame has, the index stands still.
            malformed <= index == 6 ? 0 : malformed || (finds && !fits) || index >= 14'h3ffe;
            pending <= finds && !last;
            head <= pair[8 * (7 - found_lane) +: 64];
        end
        if (reset) begin
            index <= 0; tag <= 0; walks <= 0; found <= 0; heads <= 0; pending <= 0; blocks <= 0;
        end
    end

    wire compares = !malformed && !\u.stopped$q && !\u.no_blocks$q ;
    wire [17:0] ahead = at - {1'b0, index, 3'b000};
    always @(posedge clock) begin
        if (compares && !reset) begin
            finds_what_is_there: assert (\u.hit$q == found);
            finds_it_where_it_is: assert (!found || (\u.lane$q == found_lane && \u.length$q == found_length));
            hands_on_its_head: assert (!heads || locate == head[55:40]);
            one_prefix_a_word: assert (!walks || !found || ahead >= 5);
            // What makes this inductive: the walker's position is that of the contract, seen from the next word.
            head_is_due: assert (!pending || (\u.since$q == 1 && \u.alive$q && \u.lane$q == found_lane));
            positions_agree: assert (!walks || (\u.position$q == ahead[8:0] && ahead < 264 && \u.left$q == left));
        end
        malformed_is_told: assert (!spoilt || reset || told_malformed || told_bad_length);
        none_is_known: assert (\u.no_blocks$q == none);
        last_is_past: assert (!\u.last$q || index == 0);
        beyond_is_not_compared: assert (index != 14'h3fff || malformed);
        room_agrees: assert (index < 7 || index == 14'h3fff || \u.remaining$q == {1'b0, payload_end} - {1'b0, index, 3'b000});
        words_agree: assert (\u.previous$q == previous);
        near_agrees: assert (!compares || !walks || \u.near$q == (ahead < 8));
        activity_agrees: assert (!compares || \u.more$q == walks || \u.last$q );
        idle_before_the_first: assert (index > (tag ? 8 : 7) || !\u.more$q || \u.last$q );
        quiet_before_the_first: assert (index > (tag ? 8 : 7) || (!walks && !pending
            && (index == 0 || (!found && !\u.hit$q && !heads))));
        begins_in_place: assert (!(index == 7) || (\u.position$q == (tag ? 11 : 7) && \u.near$q == !tag));
        begins_in_place_behind_a_tag: assert (!(index == 8 && tag) || (\u.position$q == 3 && \u.near$q ));

        three_blocks: cover (blocks == 3 && found && compares && tag);
        prefix_across_words: cover (blocks == 2 && found && compares && found_lane == 0);
    end
endmodule
