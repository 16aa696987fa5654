// An operation whose look-up found that it may not act decides nothing and closes its book, also one that is judged with its
// look-up: whether it is told of in the cycle in which the verdict asks, or any time before. So does an overflow of the level table,
// in the cycle behind it.
//
// Of what look-ups have found one row is kept, that of any tag. Free: operations in any cycle, what look-ups tell of any tag, all
// other inputs; every other memory reads as anything. An order of the host (not evaluated, not looked up) is none of them.
//
// blocks: verdict
// with: memories
// induction: 3
// cover: 8
// mutant: verdict: if (ended & (ended_tag == tag)) begin => if (1'b0) begin
// mutant: verdict: failed = outcome$reason != r_none; => failed = 1'b0;
// mutant: verdict: reasons$write = ended; => reasons$write = ended & ~ended_tag[0];
// mutant: verdict: invalidate = overflowed$q; => invalidate = 16'h0;
// mutant: verdict: sound = ~failed3$q & ~crossed3$q; => sound = ~crossed3$q;
module errors_decide_nothing(
    input clock, input reset, input valid, input [87:0] committed, input [4:0] row, input [63:0] bid, input [63:0] ask,
    input looked_up, input [4:0] looked_up_tag, input [7:0] looked_up_reason, input overflow, input [3:0] overflow_instrument,
    input [15:0] books_valid, input queue_full, input forget
);
    wire decided;
    wire [15:0] invalidate, halts;
    verdict v(.clock(clock), .reset(reset), .valid(valid), .committed(committed), .row(row), .bid(bid), .ask(ask),
        .looked_up(looked_up), .looked_up_tag(looked_up_tag), .looked_up_reason(looked_up_reason), .overflow(overflow),
        .overflow_instrument(overflow_instrument), .books_valid(books_valid), .queue_full(queue_full), .forget(forget),
        .rules_write(3'd0), .window_write(1'b0), .context_write(1'b0), .empties(1'b0), .decided(decided), .invalidate(invalidate),
        .halts(halts));

    // The tag of any operation, and what was last found of it.
    (* anyconst *) wire [4:0] of;
    reg [7:0] found = 0;
    reg asked1 = 0, asked2 = 0, failed2 = 0, overflowed = 0, past = 0;
    reg [3:0] instrument1 = 0, instrument2 = 0, place = 0;
    reg early1 = 0;
    reg [7:0] reason1 = 0;
    // As the verdict finds it a cycle behind the operation.
    wire [7:0] now = looked_up && looked_up_tag == of ? looked_up_reason : found;
    always @(posedge clock) begin
        past <= 1;
        if (looked_up && looked_up_tag == of) found <= looked_up_reason;
        asked1 <= !reset && valid && committed[4:0] == of && committed[18];
        {instrument1, reason1, early1} <= {committed[8:5], committed[17:10], committed[19]};
        asked2 <= !reset && asked1;
        failed2 <= (early1 ? now : reason1) != 0;
        instrument2 <= instrument1;
        {overflowed, place} <= {!reset && overflow, overflow_instrument};
    end

    (* hierconn *) wire [4:0] \v.outcome.reasons.rows.kept ;
    (* hierconn *) wire [7:0] \v.outcome.reasons.rows.row ;
    (* hierconn *) wire [87:0] \v.committed2$q ;
    (* hierconn *) wire \v.valid2$q , \v.valid3$q , \v.failed3$q , \v.is_host3$q ;
    (* hierconn *) wire [15:0] \v.own$q , \v.overflowed$q ;
    always @* begin
        assume (reset == !past);
        assume (\v.outcome.reasons.rows.kept == of);
    end
    always @(posedge clock) if (!reset) begin
        decides_nothing: assert (!(asked2 && failed2) || (!decided && halts == 0));
        closes: assert (!(asked2 && failed2) || invalidate[instrument2]);
        overflow_closes: assert (!overflowed || invalidate[place]);

        fails_early: cover (asked2 && failed2 && $past(early1) && $past(looked_up));
        fails_as_kept: cover (asked2 && failed2 && $past(early1) && !$past(looked_up));
        is_sound: cover (asked2 && !failed2 && $past(early1) && decided);
        overflows: cover (overflowed && !asked2);

        // What makes it inductive.
        same_row: assert (\v.outcome.reasons.rows.row == found);
        asked_first: assert (!asked1 || (\v.valid2$q && \v.committed2$q [4:0] == of && \v.committed2$q [8:5] == instrument1
            && \v.committed2$q [17:10] == reason1 && \v.committed2$q [18] && \v.committed2$q [19] == early1));
        asked_then: assert (!asked2 || (\v.valid3$q && \v.failed3$q == failed2 && !\v.is_host3$q
            && \v.own$q == 16'd1 << instrument2));
        one_overflow: assert (!overflowed || \v.overflowed$q == 16'd1 << place);
    end
endmodule
`include "memories.svh"
`KEEPS_A_ROW(verdict$outcome$reasons, 5, 8)
`READS_AS_ANYTHING(verdict$actions, 5, 8)
`READS_AS_ANYTHING(verdict$contexts, 4, 189)
`READS_AS_ANYTHING(verdict$terms$0, 5, 176)
`READS_AS_ANYTHING(verdict$terms$1, 5, 176)
`READS_AS_ANYTHING(verdict$terms$2, 5, 176)
`READS_AS_ANYTHING(verdict$pace$windows, 5, 34)
`READS_AS_ANYTHING(verdict$pace$rates, 4, 32)
`READS_AS_ANYTHING(verdict$pace$bids_before, 4, 33)
`READS_AS_ANYTHING(verdict$pace$asks_before, 4, 33)
`READS_AS_ANYTHING(verdict$pace$bids_left, 4, 33)
`READS_AS_ANYTHING(verdict$pace$asks_left, 4, 33)
