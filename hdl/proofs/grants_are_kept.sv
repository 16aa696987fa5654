// Budgets never wrap: as long as the host takes no grant back, what was sent is never more than what was granted, for the
// quantity of an instrument, the orders of a rule, the value and the orders of the card; who has granted nothing gets
// nothing. The throttle never has more tokens than may be saved, and a token that is not there is not taken.
//
// Of each memory one row is kept, any one; every other row reads as anything. An order is judged in the cycle behind its
// pick, and may pass in it only if nothing here speaks against it, and behind a pass none is judged for five cycles
// (the gate's frame takes longer). Free: everything else in every cycle.
//
// blocks: grants
// induction: 6
// cover: 14
// mutant: grants: lacks_buys = left_buys1$q[32'h1f] | (quantity > left_buys1$q); => lacks_buys = left_buys1$q[64'h1f];
// mutant: grants: repeats = (most1$q == repeated1$q) | => repeats =
// mutant: grants: off_exposure = none_left1$q | (value1$q > left_value1$q); => off_exposure = none_left1$q;
// mutant: grants: off_open1$d = (left_open$q == 32'h0) | => off_open1$d =
// mutant: grants: if (tokens$q == 32'h0) begin => if (1'b0) begin
module grants_are_kept(
    input clock, input judging, input may_pass,
    input [2:0] kinds, input [3:0] to, input [1:0] to_rule, input [31:0] lease_buys, input [31:0] lease_sells,
    input [63:0] credit_value, input [31:0] credit_open, input [31:0] credit_unacknowledged, input [31:0] credit_orders,
    input [65:0] throttle, input [3:0] instrument, input [1:0] rule, input buys, input [31:0] quantity, input [63:0] value,
    input [47:0] cooldown
);
    reg reset = 1;
    always @(posedge clock) reset <= 0;
    wire [232:0] grant = {credit_orders, credit_unacknowledged, credit_open, credit_value, lease_sells, lease_buys, to_rule, to, kinds};
    wire is_lease = kinds[0], is_credit = kinds[1], is_repeat = kinds[2];
    wire cools, repeats, throttled, off_position, off_exposure, off_open, off_unacknowledged;
    reg passed = 0;
    grants u(.clock(clock), .reset(reset), .sweep(4'd0), .grant(grant), .throttle(throttle), .instrument(instrument), .rule(rule),
        .buys(buys), .quantity(quantity), .value(value), .cooldown(cooldown), .passed(passed), .cools(cools),
        .repeats(repeats), .throttled(throttled), .off_position(off_position), .off_exposure(off_exposure),
        .off_open(off_open), .off_unacknowledged(off_unacknowledged));

    wire nothing_against = !(cools || repeats || throttled || off_position || off_exposure || off_open || off_unacknowledged);
    reg [4:0] passes = 0;
    always @(posedge clock) begin
        passed <= judging && may_pass && nothing_against && !reset;
        passes <= {passes[3:0], passed};
    end
    always @* assume (!judging || !(passed || passes != 0));

    (* anyconst *) wire [3:0] of;
    (* hierconn *) wire [3:0] \u.leased_buys.rows.kept , \u.sent_buys.rows.kept , \u.repeated_most$0.rows.kept , \u.repeated$0.rows.kept ;
    (* hierconn *) wire [31:0] \u.leased_buys.rows.row , \u.sent_buys.rows.row , \u.repeated_most$0.rows.row , \u.repeated$0.rows.row ;
    (* hierconn *) wire [63:0] \u.credit_value$q , \u.sent_value$q , \u.left_value$q , \u.value2$q ;
    (* hierconn *) wire [31:0] \u.credit_open$q , \u.sent_orders$q , \u.left_open$q , \u.buys_after$q , \u.repeated_after$q ;
    (* hierconn *) wire [15:0] \u.tokens$q ;
    (* hierconn *) wire [3:0] \u.instrument2$q ;
    (* hierconn *) wire [1:0] \u.rule2$q ;
    (* hierconn *) wire \u.buys2$q ;
    wire [31:0] leased = \u.leased_buys.rows.row , sent = \u.sent_buys.rows.row ;
    wire [31:0] most = \u.repeated_most$0.rows.row , repeated = \u.repeated$0.rows.row ;
    wire [31:0] left = leased - sent, left_repeats = most - repeated, left_open = \u.credit_open$q - \u.sent_orders$q ;
    wire [63:0] left_value = \u.credit_value$q - \u.sent_value$q ;
    // Differences, so that sums may wrap and grants may not be taken back.
    wire [31:0] more = lease_buys - leased, more_most = credit_orders - most, more_open = credit_open - \u.credit_open$q ;
    wire [63:0] more_value = credit_value - \u.credit_value$q ;
    always @* begin
        assume (\u.leased_buys.rows.kept == of && \u.sent_buys.rows.kept == of);
        assume (\u.repeated_most$0.rows.kept == of && \u.repeated$0.rows.kept == of);
        if (is_lease && to == of) assume (more < 32'h40000000 && left < 32'h40000000);
        if (is_repeat && to == of && to_rule == 0) assume (more_most < 32'h40000000 && left_repeats < 32'h40000000);
        if (is_credit) begin
            assume (more_open < 32'h40000000 && left_open < 32'h40000000);
            assume (more_value < 64'h4000000000000000 && left_value < 64'h4000000000000000);
        end
    end
    reg [15:0] burst = 0;
    reg [15:0] tokens = 0;
    reg running = 0;
    always @(posedge clock) begin
        running <= !reset;
        burst <= throttle[49:34];
        tokens <= \u.tokens$q ;
        if (running) begin
            quantity_fits: assert (!left[31]);
            orders_of_a_rule_fit: assert (!left_repeats[31]);
            value_fits: assert (!left_value[63]);
            orders_fit: assert (!left_open[31]);
            throttle_saves_no_more: assert (\u.tokens$q <= burst);
            none_is_taken_from_nothing: assert (tokens != 0 || \u.tokens$q <= 1);
        end
        all_that_was_granted_is_sent: cover (running && left == 0 && sent != 0 && left_repeats == 0 && repeated != 0);
    end

    // What makes this inductive: what passed fits into what was left, and stands ready to be counted.
    wire mine = \u.instrument2$q == of;
    wire [31:0] after_left = leased - \u.buys_after$q , after_repeats = most - \u.repeated_after$q ;
    wire [63:0] after_value = left_value - \u.value2$q ;
    always @(posedge clock) if (running && passed) begin
        quantity_is_ready: assert (!mine || !\u.buys2$q || !after_left[31]);
        order_is_ready: assert (!mine || \u.rule2$q != 0 || !after_repeats[31]);
        value_is_ready: assert (!after_value[63]);
        one_is_left: assert (left_open != 0 && !left_open[31]);
    end
endmodule

module kept_row #(parameter WIDTH = 1) (input clock, input write, input [3:0] write_address, input [WIDTH-1:0] write_data,
    input [3:0] read_address, output [WIDTH-1:0] read_data);
    (* anyconst *) wire [3:0] kept;
    (* anyseq *) wire [WIDTH-1:0] other;
    reg [WIDTH-1:0] cells = 0;
    wire [WIDTH-1:0] row = cells;
    always @(posedge clock) if (write && write_address == kept) cells <= write_data;
    assign read_data = read_address == kept ? cells : other;
endmodule
module \grants$leased_buys (input clock, input write, input [3:0] write_address, input [31:0] write_data,
    input [3:0] read_address, output [31:0] read_data);
    kept_row #(32) rows(.*);
endmodule
module \grants$sent_buys (input clock, input write, input [3:0] write_address, input [31:0] write_data,
    input [3:0] read_address, output [31:0] read_data);
    kept_row #(32) rows(.*);
endmodule
module \grants$repeated_most$0 (input clock, input write, input [3:0] write_address, input [31:0] write_data,
    input [3:0] read_address, output [31:0] read_data);
    kept_row #(32) rows(.*);
endmodule
module \grants$repeated$0 (input clock, input write, input [3:0] write_address, input [31:0] write_data,
    input [3:0] read_address, output [31:0] read_data);
    kept_row #(32) rows(.*);
endmodule
