// Budgets never wrap: as long as the host takes no grant back, what was sent is never more than what was granted, for the
// quantity of an instrument, the orders of a rule, the value and the orders of the card; who has granted nothing gets
// nothing. Mass cancels take of the orders of their rule alone. The throttle never has more tokens than may be saved, a token that is not there is
// not taken, and of those that are kept for mass cancels no order takes one.
//
// Of each memory one row is kept, any one; every other row reads as anything. An order is judged in the cycle behind its
// pick, and may pass in it only if nothing here speaks against it and it fits into what is said to be left (fits_are_told says
// that the gate is told so), and behind a pass none is judged for five cycles (the gate's frame takes longer). Free:
// everything else in every cycle.
//
// blocks: grants
// with: memories
// induction: 3
// cover: 15
// mutant: grants: left_buys1$d = leased_buys$read_data - sent_buys$read_data; => left_buys1$d = leased_buys$read_data + 32'h1;
// mutant: grants: repeats = rules$0$repeats; => repeats = 1'b0;
// mutant: grants: cancels3$d = cancels2$q; => cancels3$d = cancels;
// mutant: grants: throttled = ~spare$q; => throttled = tokens$q == 32'h0;
// mutant: grants: sent_value$d = sent_value$q + value3$q; => sent_value$d = sent_value$q + value2$q;
// mutant: grants: off_open = (left_open$q == 32'h0) | => off_open =
// mutant: grants: if (tokens$q == 32'h0) begin => if (1'b0) begin
module grants_are_kept(
    input clock, input picks, input may_pass,
    input [3:0] kinds, input [3:0] to, input [1:0] to_rule, input [31:0] lease_buys, input [31:0] lease_sells,
    input [63:0] credit_value, input [31:0] credit_open, input [31:0] credit_unacknowledged, input [31:0] credit_orders,
    input [81:0] throttle, input [3:0] instrument, input [1:0] rule, input picks_buy, input picks_cancel, input [31:0] picked_quantity,
    input [63:0] value, input [47:0] cooldown
);
    // Two cycles of reset, so that what is left of nothing is known.
    reg reset = 1, first = 1;
    always @(posedge clock) begin
        first <= 0;
        reset <= first;
        reset_is_first: assert (!first || reset);
    end
    wire [233:0] grant = {credit_orders, credit_unacknowledged, credit_open, credit_value, lease_sells, lease_buys, to_rule, to, kinds};
    wire is_lease = kinds[0], is_credit = kinds[1], is_repeat = kinds[2];
    wire [127:0] left;
    wire [26:0] against;
    wire throttled;
    reg passed = 0, judging = 0, fits = 0, buys = 0, cancels = 0;
    reg [31:0] quantity = 0;
    grants u(.clock(clock), .reset(reset), .sweep(4'd0), .grant(grant), .throttle(throttle), .instrument(instrument),
        .rule(rule), .value(value), .cooldown(cooldown), .cancels(picks_cancel), .left(left), .against(against), .buys(buys), .quantity(quantity),
        .throttled(throttled), .passed(passed));

    wire [31:0] left_here = picks_buy ? left[31:0] : left[63:32];
    wire [63:0] left_value_here = left[127:64];
    reg [4:0] passes = 0;
    always @(posedge clock) begin
        judging <= picks && !reset;
        fits <= against == 0 && (picks_cancel || !left_here[31] && picked_quantity <= left_here
            && left_value_here != 0 && !left_value_here[63] && value <= left_value_here);
        {buys, cancels, quantity} <= {picks_buy, picks_cancel, picked_quantity};
        passed <= judging && may_pass && fits && !throttled && !reset;
        passes <= {passes[3:0], passed};
    end
    always @* assume (!judging || !(passed || passes != 0));

    (* anyconst *) wire [3:0] of;
    (* hierconn *) wire [3:0] \u.leased_buys.rows.kept , \u.sent_buys.rows.kept , \u.rules$0.most_rows.rows.kept , \u.rules$0.repeated_rows.rows.kept ;
    (* hierconn *) wire [31:0] \u.leased_buys.rows.row , \u.sent_buys.rows.row , \u.rules$0.most_rows.rows.row , \u.rules$0.repeated_rows.rows.row ;
    (* hierconn *) wire [63:0] \u.credit_value$q , \u.sent_value$q , \u.value3$q ;
    (* hierconn *) wire [31:0] \u.credit_open$q , \u.sent_orders$q , \u.sent_after$q , \u.repeated_after$q ;
    (* hierconn *) wire [15:0] \u.tokens$q ;
    (* hierconn *) wire [3:0] \u.instrument3$q ;
    (* hierconn *) wire [1:0] \u.rule3$q ;
    (* hierconn *) wire \u.buys3$q ;
    wire [31:0] leased = \u.leased_buys.rows.row , sent = \u.sent_buys.rows.row ;
    wire [31:0] most = \u.rules$0.most_rows.rows.row , repeated = \u.rules$0.repeated_rows.rows.row ;
    wire [31:0] left_buys = leased - sent, left_repeats = most - repeated, left_open = \u.credit_open$q - \u.sent_orders$q ;
    wire [63:0] left_value = \u.credit_value$q - \u.sent_value$q ;
    // Differences, so that sums may wrap and grants may not be taken back.
    wire [31:0] more = lease_buys - leased, more_most = credit_orders - most, more_open = credit_open - \u.credit_open$q ;
    wire [63:0] more_value = credit_value - \u.credit_value$q ;
    always @* begin
        assume (\u.leased_buys.rows.kept == of && \u.sent_buys.rows.kept == of);
        assume (\u.rules$0.most_rows.rows.kept == of && \u.rules$0.repeated_rows.rows.kept == of);
        if (is_lease && to == of) assume (more < 32'h40000000 && left_buys < 32'h40000000);
        if (is_repeat && to == of && to_rule == 0) assume (more_most < 32'h40000000 && left_repeats < 32'h40000000);
        if (is_credit) begin
            assume (more_open < 32'h40000000 && left_open < 32'h40000000);
            assume (more_value < 64'h4000000000000000 && left_value < 64'h4000000000000000);
        end
    end
    reg [15:0] burst = 0, kept = 0;
    (* hierconn *) wire \u.spare$q , \u.cancels2$q , \u.cancels3$q ;
    reg [15:0] tokens = 0, kept_then = 0;
    reg cancels_then = 0;
    always @(posedge clock) begin
        burst <= throttle[49:34];
        kept <= throttle[81:66];
        room_is_kept: assert (reset ? !\u.spare$q : \u.spare$q == (\u.tokens$q > kept));
        no_order_takes_of_it: assert (!passed || cancels_then || tokens > kept_then);
        kind_is_known: assert (reset || !judging || \u.cancels2$q == cancels);
        kind_was_known: assert (!passed || \u.cancels3$q == cancels_then);
        {cancels_then, kept_then} <= {cancels, kept};
        tokens <= \u.tokens$q ;
        if (!reset) begin
            quantity_fits: assert (!left_buys[31]);
            orders_of_a_rule_fit: assert (!left_repeats[31]);
            value_fits: assert (!left_value[63]);
            orders_fit: assert (!left_open[31]);
            throttle_saves_no_more: assert (\u.tokens$q <= burst);
            none_is_taken_from_nothing: assert (tokens != 0 || \u.tokens$q <= 1);
        end
        all_that_was_granted_is_sent: cover (!reset && left_buys == 0 && sent != 0 && left_repeats == 0 && repeated != 0);
    end

    // What makes this inductive: what was read is what is left, or less, unless an order passed meanwhile; what is judged fits
    // into what is left; what passed stands ready to be counted.
    (* hierconn *) wire [3:0] \u.instrument1$q , \u.instrument2$q ;
    (* hierconn *) wire [31:0] \u.left_buys1$q , \u.sent_buys1$q , \u.sent_buys2$q , \u.rules$0.left1$q , \u.rules$0.repeated1$q , \u.repeated2$q ;
    (* hierconn *) wire [31:0] \u.left_open$q ;
    (* hierconn *) wire [63:0] \u.left_value$q , \u.value2$q ;
    (* hierconn *) wire [1:0] \u.rule2$q ;
    wire read_mine = \u.instrument1$q == of, judged_mine = \u.instrument2$q == of, mine = \u.instrument3$q == of;
    wire [31:0] after_left = leased - \u.sent_after$q , after_repeats = most - \u.repeated_after$q ;
    wire [63:0] after_value = left_value - \u.value3$q ;
    always @(posedge clock) begin
        nothing_before: assert (!reset || {leased, sent, most, repeated} == 0);
        if (!reset && !passes[0]) begin
            if (read_mine) quantity_is_read: assert (\u.sent_buys1$q == sent && \u.left_buys1$q <= left_buys);
            if (read_mine) order_is_read: assert (\u.rules$0.repeated1$q == repeated && \u.rules$0.left1$q <= left_repeats);
            value_is_read: assert (\u.left_value$q <= left_value);
            orders_are_read: assert (\u.left_open$q <= left_open);
        end
        if (!reset && judging && fits) begin
            if (judged_mine && buys && !cancels) quantity_is_left: assert (\u.sent_buys2$q == sent && quantity <= left_buys);
            if (judged_mine && \u.rule2$q == 0) order_is_left: assert (\u.repeated2$q == repeated && left_repeats != 0);
            value_is_left: assert (cancels || \u.value2$q <= left_value);
            one_is_left: assert (cancels || left_open != 0);
        end
        if (!reset && passed) begin
            if (mine && \u.buys3$q && !\u.cancels3$q ) quantity_is_ready: assert (!after_left[31]);
            if (mine && \u.rule3$q == 0) order_is_ready: assert (!after_repeats[31]);
            value_is_ready: assert (\u.cancels3$q || !after_value[63]);
            one_is_ready: assert (\u.cancels3$q || left_open != 0);
        end
    end
endmodule

`include "memories.svh"
`KEEPS_A_ROW(grants$leased_buys, 4, 32)
`KEEPS_A_ROW(grants$sent_buys, 4, 32)
`KEEPS_A_ROW(grants$rules$0$most_rows, 4, 32)
`KEEPS_A_ROW(grants$rules$0$repeated_rows, 4, 32)
