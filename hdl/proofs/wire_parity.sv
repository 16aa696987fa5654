// The count at the pins is of what leaves: of a sound gate it says nothing ever, whatever comes and whenever it is reset; of one
// that sends what it has not passed, or does not send what it has, it does.
//
// Free: all inputs in every cycle, as gate_alone says.
//
// blocks: gate parity
// with: memories gate_parts gate_alone
// induction: 4
// cover: 16
// mutant: gate: running = passes | sending$q; => running = judging | sending$q;
// mutant: gate: running = passes | sending$q; => running = sending$q;
// mutant: gate: out_last$d = is_last; => out_last$d = 1'h0;
// mutant: parity: begins = valid & ~in_frame$q; => begins = valid;
module wire_parity(
    input clock, input reset, input session_write, input [31:0] session_user_ref, input [31:0] generation, input commits,
    input armed, input killed, input heard, input [111:0] fenced, input [15:0] books_valid, input [15:0] trading
);
    wire tx_last, tx_valid, noted, count_sent, count_refused, began, broken;
    wire [63:0] tx_time;
    wire [447:0] note;
    gate_alone g(.*);
    parity p(.clock(clock), .reset(reset), .passed(count_sent), .valid(tx_valid), .last(tx_last), .began(began), .broken(broken));

    reg ended = 0;
    always @(posedge clock) begin
        ended <= ended || (tx_valid && tx_last);

        sound_is_never_broken: assert (!broken);
        counted_both_ways: assert (began == count_sent);

        a_frame_begins_behind_another: cover (ended && began);
    end

    // What makes this inductive, beside what makes the gate so.
    (* hierconn *) wire \p.in_frame$q ;
    always @(posedge clock) begin
        in_frame_behind_its_first_word: assert (\p.in_frame$q == (tx_valid && !count_sent));
        a_pass_is_a_word: assert (!count_sent || tx_valid);
    end
endmodule
