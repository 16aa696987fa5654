// A writer never overwrites an entry that is not yet read: what is pushed comes out unaltered, once and in order,
// and `empty` and `full` are true.
//
// One record, any one, is followed from the push that takes it to the pop that frees it. `Queue` as deep as the
// card's event and decision queues, with narrow records: nothing in it depends on their width. All inpush are free in
// every cycle behind a first of reset, but that nothing is pushed while it is full and the head stays: that of the gate's
// queue is proved in decisions_are_bounded. Of its memory one cell is kept, any one; every other cell reads as anything.
//
// blocks: queue
// induction: 2
// cover: 20
// mutant: queue: is_full$d = grown[(32'h0)+:(4)] == 32'h0; => is_full$d = grown[(32'h0)+:(4)] == 32'h1;
// mutant: queue: if (push & occupied$q & (~pop | more$q)) begin => if (push & occupied$q & ~pop) begin
module queue_keeps_the_unread(input clock, input reset, input push, input [7:0] data, input pop);
    wire [7:0] head;
    wire empty, full;
    queue u(.clock(clock), .reset(reset), .push(push), .data(data), .pop(pop), .head(head), .empty(empty), .full(full));

    // A queue of 16 as the contract has it: how many it holds, and how many are before the one that is followed.
    (* anyseq *) wire follow;
    reg [4:0] held = 0;
    reg unread = 0;
    reg [4:0] ahead = 0;
    reg [7:0] written = 0;
    reg was_full = 0, awake = 0;
    always @* assume (reset || awake);
    always @* assume (!push || held != 16 || pop);
    wire takes = pop && held != 0;
    always @(posedge clock) begin
        awake <= 1;
        held <= held + push - takes;
        if (takes && ahead == 0) unread <= 0;
        if (takes && ahead != 0) ahead <= ahead - 1;
        if (push && follow && !unread && place == cell_at) begin
            unread <= 1;
            written <= data;
            ahead <= held - takes;
        end
        was_full <= was_full || full;
        if (reset) begin held <= 0; unread <= 0; was_full <= 0; end

        fullness_is_true: assert (!awake || (empty == (held == 0) && full == (held == 16)));
        none_altered: assert (!(unread && ahead == 0) || (!empty && head == written));
        none_lost: assert (!unread || ahead < held);

        freed_after_full: cover (was_full && !full);
        read_behind_sixteen: cover (unread && ahead == 15);
    end

    // What makes this inductive: how the block's registers stand for that queue.
    (* hierconn *) wire [3:0] \u.write_at$q , \u.read_at$q , \u.cells.followed ;
    (* hierconn *) wire [4:0] \u.count$q ;
    (* hierconn *) wire \u.occupied$q , \u.vacant$q , \u.more$q , \u.is_full$q ;
    (* hierconn *) wire [7:0] \u.cells.row ;
    wire [3:0] cell_at = \u.cells.followed , place = \u.write_at$q ;
    wire [3:0] in_cells = \u.write_at$q - \u.read_at$q , of_record = \u.read_at$q + ahead[3:0] - 4'd1;
    always @(posedge clock) begin
        counts_agree: assert (!awake || \u.count$q == held && held <= 16 && \u.occupied$q == (held > 0) && \u.vacant$q == (held == 0) && \u.more$q == (held > 1)
            && \u.is_full$q == (held == 16));
        cells_agree: assert (in_cells == (held == 0 ? 0 : held - 1));
        record_agrees: assert (!(unread && ahead != 0) || (\u.cells.row == written && of_record == cell_at));
    end
endmodule

module \queue$cells (input clock, input write, input [3:0] write_address, input [7:0] write_data,
    input [3:0] read_address, output [7:0] read_data);
    (* anyconst *) wire [3:0] followed;
    (* anyseq *) wire [7:0] other;
    reg [7:0] row = 0;
    always @(posedge clock) if (write && write_address == followed) row <= write_data;
    assign read_data = read_address == followed ? row : other;
endmodule
