// Unset is blocked: no order leaves against which its limits, its template or its grants say anything (fits_are_told and
// grants_are_kept say what that means), or in a session whose number is not set; and none but a mass cancel where the feed may
// be silent for ever. What leaves is what was told for its own bank, instrument and rule.
//
// Bank and instrument of an order are told by its receive time, as gate_alone says. Free: all inputs in every cycle.
//
// blocks: gate
// with: memories gate_parts gate_alone
// induction: 4
// cover: 14
// mutant: gate: has_session$d = session_user_ref != 32'h0; => has_session$d = 1'b1;
// mutant: gate: fixed$d = fits$against | grants$against | => fixed$d = fits$against |
// mutant: gate: off_age = ~feed_is_watched | => off_age =
// mutant: gate: ready$d = ~leaves$q; => ready$d = 1'b1;
// mutant: gate: fits$rule = pick_rule; => fits$rule = next_rule$q;
module unset_blocks(
    input clock, input reset, input session_write, input [31:0] session_user_ref, input [31:0] generation, input commits,
    input armed, input killed, input heard, input [111:0] fenced, input [15:0] books_valid, input [15:0] trading
);
    wire tx_last, tx_valid, noted, count_sent, count_refused;
    wire [63:0] tx_time;
    wire [447:0] note;
    gate_alone g(.*);

    localparam ORDER_SENT = 8'd2;
    wire sends = noted && note[7:0] == ORDER_SENT;
    wire [31:0] price = note[351:320], quantity = note[383:352];
    wire [4:0] row_of = note[68:64];
    wire [1:0] rule_of = note[25:24];

    // What was asked, and what was told: rows three cycles before an order's event, answers two.
    (* hierconn *) wire [4:0] \g.u.fits.waiting_row , \g.u.fits.told_row ;
    (* hierconn *) wire [63:0] \g.u.fits.waiting_bid , \g.u.fits.waiting_ask , \g.u.fits.told_bid , \g.u.fits.told_ask ;
    (* hierconn *) wire \g.u.fits.none_waits ;
    (* hierconn *) wire [3:0] \g.u.fits.any_far ;
    (* hierconn *) wire [3:0] \g.u.grants.instrument ;
    (* hierconn *) wire [1:0] \g.u.fits.rule , \g.u.grants.rule ;
    (* hierconn *) wire [26:0] \g.u.fits.any , \g.u.grants.any ;
    (* hierconn *) wire [202:0] \g.u.fits.any_order ;
    (* hierconn *) wire \g.u.grants.cancels , \g.feed_is_watched ;
    (* hierconn *) wire [63:0] \g.u.fits.any_value , \g.u.grants.value ;
    (* hierconn *) wire [31:0] \g.u.grants.quantity ;
    reg [4:0] row1, row2, row3;
    reg [127:0] tops1, tops2, tops3;
    reg [3:0] instrument1, instrument2, instrument3;
    reg [1:0] rule1, rule2, granted_rule1, granted_rule2;
    reg [26:0] against1, against2;
    reg [3:0] far1, far2;
    reg [63:0] order1, order2;
    reg [31:0] granted_quantity1;
    reg watched1, watched2;
    reg value_is_its_own1, value_is_its_own2;
    reg session_set = 0, sent_before = 0;
    reg [4:0] row_before;
    always @(posedge clock) begin
        {row3, row2, row1} <= {row2, row1, \g.u.fits.none_waits ? \g.u.fits.told_row : \g.u.fits.waiting_row };
        {tops3, tops2, tops1} <= {tops2, tops1, \g.u.fits.none_waits ? {\g.u.fits.told_ask , \g.u.fits.told_bid }
            : {\g.u.fits.waiting_ask , \g.u.fits.waiting_bid }};
        {far2, far1} <= {far1, \g.u.fits.any_far };
        {instrument3, instrument2, instrument1} <= {instrument2, instrument1, \g.u.grants.instrument };
        {rule2, rule1} <= {rule1, \g.u.fits.rule };
        {granted_rule2, granted_rule1} <= {granted_rule1, \g.u.grants.rule };
        {against2, against1} <= {against1, \g.u.fits.any | \g.u.grants.any };
        {order2, order1} <= {order1, \g.u.fits.any_order [63:0]};
        {value_is_its_own2, value_is_its_own1} <= {value_is_its_own1, \g.u.grants.value == \g.u.fits.any_value
            && \g.u.grants.cancels == \g.u.fits.any_order [201]};
        granted_quantity1 <= \g.u.grants.quantity ;
        {watched2, watched1} <= {watched1, \g.feed_is_watched || \g.u.fits.any_order [201]};
        session_set <= !reset && (session_set || (session_write && session_user_ref != 0));

        nothing_speaks_against_it: assert (!sends || (against2 == 0 && !far2[rule_of]));
        rows_are_its_own: assert (!sends || (row3 == row_of && rule2 == rule_of && tops3 == note[319:192]));
        grants_are_its_own: assert (!sends || (instrument3 == row_of[3:0] && granted_rule2 == rule_of));
        order_is_its_own: assert (!sends || {price, quantity} == order2);
        what_is_counted_is_its_own: assert (!sends || (granted_quantity1 == quantity && value_is_its_own2));
        feed_is_watched: assert (!sends || watched2);
        session_is_set: assert (!sends || (session_set && note[415:384] != 0));

        if (sends) {sent_before, row_before} <= {1'b1, row_of};
        sent_behind_another: cover (sends && sent_before && row_of != row_before && rule_of != 0);
    end

    // What makes this inductive: what was read is of the decision that waits; the number is unset until it is set.
    (* hierconn *) wire [31:0] \g.u.user_ref$q ;
    (* hierconn *) wire [4:0] \g.u.decisions.row ;
    (* hierconn *) wire [127:0] \g.u.decisions.tops ;
    (* hierconn *) wire \g.u.ready$q ;
    always @(posedge clock) begin
        rows_are_of_the_oldest: assert (!\g.u.ready$q || (row1 == \g.u.decisions.row && instrument1 == row1[3:0]
            && tops1 == \g.u.decisions.tops ));
        number_is_set: assert (session_set || \g.u.user_ref$q == 0);
    end
endmodule
