// What the gate is told of a template is true of the rows as they were when it asked: the template and its value are those that
// were last written for the row and the rule, and each bit says what the contract says of that limit, of the live collar around
// the tops, of what is left, what rests and how long the set is in force, of the decision that is told where none waits, else of the one that waits. A row that was never written fits nothing.
//
// Of each memory one row is kept, any one; every other row reads as anything. A value is what the multiplier says four cycles
// behind its template, and that it is whole what `increments` says then, unless its instrument was written behind it. One command
// is carried out at a time. Free: everything else.
//
// blocks: fits
// with: memories
// induction: 5
// cover: 10
// mutant: fits: waiting$row = waiting_row; => waiting$row = told_row;
// mutant: fits: rules$2$value_address = written$q[ => rules$2$value_address = written1$q[
// mutant: fits: rules$3$terms_write = terms_write & (template_address[(32'h0) => rules$3$terms_write = terms_write & (template_address[(32'h1)
// mutant: fits: value = rules$1$value; => value = rules$0$value;
// mutant: fits: rules$1$own = own; => rules$1$own = 64'hffffffffffffffff;
// mutant: fits: reach[(64'h21)+:(1)] = limits_data[(64'h85)+:(1)]; => reach[(64'h21)+:(1)] = limits_data[(64'h84)+:(1)];
// mutant: fits: rules$2$unsets = unsets$q; => rules$2$unsets = 1'b0;
// mutant: fits: written3$d = ((limits_address) & 7'h7f) << 32'h2; => written3$d = template_address;
module fits_are_told(
    input clock, input reset, input limits_write, input [4:0] limits_address, input [198:0] limits_data,
    input template_write, input [6:0] template_address, input [202:0] template_data, input terms_write, input [127:0] counting, input [4:0] waiting_row,
    input [63:0] waiting_bid, input [63:0] waiting_ask, input [4:0] told_row, input [63:0] told_bid, input [63:0] told_ask,
    input none_waits, input [1:0] rule, input [127:0] left,
    input [63:0] own, input [47:0] lived
);
    wire [202:0] order;
    wire [63:0] value;
    wire [26:0] against;
    wire [3:0] too_far;
    fits u(.*);
    always @* assume (!reset && !(limits_write && (template_write || terms_write)));

    (* anyconst *) wire [4:0] of;
    (* anyconst *) wire [1:0] of_rule;
    wire terms_are_mine = (template_write || terms_write) && template_address == {of, of_rule};
    wire template_is_mine = template_write && terms_are_mine;
    (* hierconn *) wire [63:0] \u.product.any ;
    (* hierconn *) wire \u.increments.any ;
    reg [198:0] limit = 0, limit_then = 0;
    reg [202:0] template = 0, template_then = 0;
    reg [63:0] worth = 0, worth_then = 0;
    reg [4:1] writes = 0, unsets = 0;
    reg whole = 0, whole_then = 0;
    reg [63:0] bid_then = 0, ask_then = 0;
    reg asked = 0;
    always @(posedge clock) begin
        if (limits_write && limits_address == of) limit <= limits_data;
        if (terms_are_mine) template[71:0] <= template_data[71:0];
        if (template_is_mine) template[202:72] <= template_data[202:72];
        writes <= {writes[3:1], terms_are_mine};
        if (writes[4]) worth <= \u.product.any ;
        unsets <= {unsets[3:1], limits_write && limits_address == of};
        if (unsets[4]) whole <= 0; else if (writes[4]) whole <= \u.increments.any ;
        whole_then <= whole;
        asked <= (none_waits ? told_row : waiting_row) == of;
        bid_then <= none_waits ? told_bid : waiting_bid;
        ask_then <= none_waits ? told_ask : waiting_ask;
        limit_then <= limit;
        template_then <= template;
        worth_then <= worth;
    end

    // The contract's words, of the order and of the limits as they were in the cycle before.
    wire [31:0] quantity = template_then[31:0], price = template_then[63:32];
    wire [7:0] side = template_then[71:64];
    wire [4:0] words = template_then[76:72];
    wire [3:0] last_bytes = template_then[80:77];
    wire [47:0] cooldown = template_then[152:105], lifetime = template_then[200:153];
    wire enabled = limit_then[0], buying = limit_then[1], selling = limit_then[2], short = limit_then[3];
    wire [31:0] quantity_max = limit_then[35:4], low = limit_then[67:36], high = limit_then[99:68], reach = limit_then[131:100];
    wire has_reach = limit_then[132], is_open = limit_then[133];
    wire [63:0] value_max = limit_then[197:134];
    // Of a mass cancel nothing else is asked.
    wire cancels = template_then[201], cancelling = limit_then[198];
    wire has_bid = bid_then[63:32] != 0, has_ask = ask_then[63:32] != 0;
    wire [31:0] left_quantity = side == "B" ? left[31:0] : left[63:32];
    wire [63:0] left_value = left[127:64];
    wire permitted = cancels ? side == "C" && cancelling : side == "B" ? buying : side == "S" ? selling : (side == "T" || side == "E") && short;
    // The dearest buy of ours comes as its complement.
    wire reaches = side == "B" ? price >= own[31:0] : price <= ~own[63:32];
    wire [33:0] price34 = price, reach34 = reach, bid34 = bid_then[31:0], ask34 = ask_then[31:0];
    wire near = cancels || is_open || has_reach && (side == "B" ? has_ask && price34 <= ask34 + reach34 : has_bid && price34 + reach34 >= bid34);
    wire [26:0] speaks = {
        !cancels && !whole_then,
        !cancels && reaches,
        !cancels && lived >= lifetime,
        2'b0,
        !cancels && (left_value == 0 || left_value[63] || worth_then > left_value),
        !cancels && (left_quantity[31] || quantity > left_quantity),
        2'b0,
        cooldown == 0,
        2'b0,
        words < 2 || words > 16 || last_bytes < 1 || last_bytes > 8,
        1'b0,
        !cancels && (high == 0 || price < low || price > high),
        !cancels && (value_max == 0 || worth_then > value_max),
        !cancels && (quantity == 0 || quantity > quantity_max),
        !permitted,
        !enabled,
        8'b0
    };
    always @(posedge clock) begin
        order_is_its_own: assert (!(asked && rule == of_rule) || (order == template_then && value == worth_then));
        told_as_it_is: assert (!(asked && rule == of_rule) || against == speaks);
        far_as_it_is: assert (!asked || too_far[of_rule] == !near);
        everything_fits: cover (asked && rule == of_rule && against == 0 && !too_far[of_rule] && !cancels);
        a_mass_cancel_fits: cover (asked && rule == of_rule && against == 0 && cancels);
    end

    // What makes this inductive: the kept rows are what was written, and values are on their way behind their templates.
    (* hierconn *) wire [4:0] \u.limit_rows.rows.kept ;
    (* hierconn *) wire [4:0] \u.waiting.rows.rows.kept , \u.told.rows.rows.kept ;
    (* hierconn *) wire [198:0] \u.limit_rows.rows.row ;
    (* hierconn *) wire [33:0] \u.waiting.rows.rows.row , \u.told.rows.rows.row ;
    (* hierconn *) wire [4:0] \u.rules$0.terms.rows.kept , \u.rules$1.terms.rows.kept , \u.rules$2.terms.rows.kept , \u.rules$3.terms.rows.kept ;
    (* hierconn *) wire [4:0] \u.rules$0.shapes.rows.kept , \u.rules$1.shapes.rows.kept , \u.rules$2.shapes.rows.kept , \u.rules$3.shapes.rows.kept ;
    (* hierconn *) wire [4:0] \u.rules$0.values.rows.kept , \u.rules$1.values.rows.kept , \u.rules$2.values.rows.kept , \u.rules$3.values.rows.kept ;
    (* hierconn *) wire [71:0] \u.rules$0.terms.rows.row , \u.rules$1.terms.rows.row , \u.rules$2.terms.rows.row , \u.rules$3.terms.rows.row ;
    (* hierconn *) wire [130:0] \u.rules$0.shapes.rows.row , \u.rules$1.shapes.rows.row , \u.rules$2.shapes.rows.row , \u.rules$3.shapes.rows.row ;
    (* hierconn *) wire [63:0] \u.rules$0.values.rows.row , \u.rules$1.values.rows.row , \u.rules$2.values.rows.row , \u.rules$3.values.rows.row ;
    (* hierconn *) wire [4:0] \u.rules$0.whole.rows.kept , \u.rules$1.whole.rows.kept , \u.rules$2.whole.rows.kept , \u.rules$3.whole.rows.kept ;
    (* hierconn *) wire \u.rules$0.whole.rows.row , \u.rules$1.whole.rows.row , \u.rules$2.whole.rows.row , \u.rules$3.whole.rows.row ;
    (* hierconn *) wire \u.writes$q , \u.writes1$q , \u.writes2$q , \u.writes3$q ;
    (* hierconn *) wire \u.unsets$q , \u.unsets1$q , \u.unsets2$q , \u.unsets3$q ;
    (* hierconn *) wire [6:0] \u.written$q , \u.written1$q , \u.written2$q , \u.written3$q ;
    always @* begin
        assume (\u.limit_rows.rows.kept == of && \u.waiting.rows.rows.kept == of && \u.told.rows.rows.kept == of);
        assume (\u.rules$0.terms.rows.kept == of && \u.rules$1.terms.rows.kept == of);
        assume (\u.rules$2.terms.rows.kept == of && \u.rules$3.terms.rows.kept == of);
        assume (\u.rules$0.shapes.rows.kept == of && \u.rules$1.shapes.rows.kept == of);
        assume (\u.rules$2.shapes.rows.kept == of && \u.rules$3.shapes.rows.kept == of);
        assume (\u.rules$0.values.rows.kept == of && \u.rules$1.values.rows.kept == of);
        assume (\u.rules$2.values.rows.kept == of && \u.rules$3.values.rows.kept == of);
        assume (\u.rules$0.whole.rows.kept == of && \u.rules$1.whole.rows.kept == of);
        assume (\u.rules$2.whole.rows.kept == of && \u.rules$3.whole.rows.kept == of);
    end
    wire [71:0] kept_terms = of_rule == 0 ? \u.rules$0.terms.rows.row : of_rule == 1 ? \u.rules$1.terms.rows.row
        : of_rule == 2 ? \u.rules$2.terms.rows.row : \u.rules$3.terms.rows.row ;
    wire [130:0] kept_shape = of_rule == 0 ? \u.rules$0.shapes.rows.row : of_rule == 1 ? \u.rules$1.shapes.rows.row
        : of_rule == 2 ? \u.rules$2.shapes.rows.row : \u.rules$3.shapes.rows.row ;
    wire [63:0] kept_value = of_rule == 0 ? \u.rules$0.values.rows.row : of_rule == 1 ? \u.rules$1.values.rows.row
        : of_rule == 2 ? \u.rules$2.values.rows.row : \u.rules$3.values.rows.row ;
    wire kept_whole = of_rule == 0 ? \u.rules$0.whole.rows.row : of_rule == 1 ? \u.rules$1.whole.rows.row
        : of_rule == 2 ? \u.rules$2.whole.rows.row : \u.rules$3.whole.rows.row ;
    wire [4:1] unsets_mine = {\u.unsets$q && \u.written$q [6:2] == of, \u.unsets1$q && \u.written1$q [6:2] == of,
        \u.unsets2$q && \u.written2$q [6:2] == of, \u.unsets3$q && \u.written3$q [6:2] == of};
    wire [4:1] mine = {\u.writes$q && \u.written$q == {of, of_rule}, \u.writes1$q && \u.written1$q == {of, of_rule},
        \u.writes2$q && \u.written2$q == {of, of_rule}, \u.writes3$q && \u.written3$q == {of, of_rule}};
    always @(posedge clock) begin
        limit_is_kept: assert (\u.limit_rows.rows.row == limit);
        reach_is_kept: assert (\u.waiting.rows.rows.row == limit[133:100] && \u.told.rows.rows.row == limit[133:100]);
        template_is_kept: assert ({kept_shape, kept_terms} == template);
        value_is_kept: assert (kept_value == worth);
        whole_is_kept: assert (kept_whole == whole);
        values_are_on_their_way: assert (mine == writes && unsets_mine == unsets);
    end
endmodule

`include "memories.svh"
`KEEPS_A_ROW(fits$limit_rows, 5, 199)
`KEEPS_A_ROW(fits$waiting$rows, 5, 34)
`KEEPS_A_ROW(fits$told$rows, 5, 34)
`KEEPS_A_ROW(fits$rules$0$terms, 5, 72)
`KEEPS_A_ROW(fits$rules$0$shapes, 5, 131)
`KEEPS_A_ROW(fits$rules$0$values, 5, 64)
`KEEPS_A_ROW(fits$rules$1$terms, 5, 72)
`KEEPS_A_ROW(fits$rules$1$shapes, 5, 131)
`KEEPS_A_ROW(fits$rules$1$values, 5, 64)
`KEEPS_A_ROW(fits$rules$2$terms, 5, 72)
`KEEPS_A_ROW(fits$rules$2$shapes, 5, 131)
`KEEPS_A_ROW(fits$rules$2$values, 5, 64)
`KEEPS_A_ROW(fits$rules$3$terms, 5, 72)
`KEEPS_A_ROW(fits$rules$3$shapes, 5, 131)
`KEEPS_A_ROW(fits$rules$3$values, 5, 64)
`KEEPS_A_ROW(fits$rules$0$whole, 5, 1)
`KEEPS_A_ROW(fits$rules$1$whole, 5, 1)
`KEEPS_A_ROW(fits$rules$2$whole, 5, 1)
`KEEPS_A_ROW(fits$rules$3$whole, 5, 1)
module fits$increments(input clock, input write, input [4:0] write_address, input [127:0] counting, input [4:0] row, input [31:0] price,
    input [31:0] quantity, output counts);
    (* anyseq *) wire any;
    assign counts = any;
endmodule
module fits$product(input clock, input [31:0] a, input [31:0] b, output [63:0] product);
    (* anyseq *) wire [63:0] any;
    assign product = any;
endmodule
