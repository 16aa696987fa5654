// The gate's parts, which say anything in every cycle, more than the real ones do. But what fits its limits has from 2 to 16
// words, and a quantity if it is an order: fits_are_told and grants_are_kept say what they promise.
`include "memories.svh"
`READS_AS_ANYTHING(gate$transmit$images, 11, 64)
module gate$grants(input clock, input reset, input [3:0] sweep, input [233:0] grant, input [81:0] throttle,
    input [3:0] instrument, input [1:0] rule, input [63:0] value, input [47:0] cooldown, input cancels, output [127:0] left,
    output [26:0] against, input buys, input [31:0] quantity, output throttled, input passed, output sends, output [31:0] orders);
    (* anyseq *) wire [127:0] any_left;
    (* anyseq *) wire [26:0] any;
    (* anyseq *) wire any_throttled;
    (* anyseq *) wire any_sends;
    (* anyseq *) wire [31:0] any_orders;
    assign sends = any_sends;
    assign orders = any_orders;
    assign left = any_left;
    assign against = any;
    assign throttled = any_throttled;
endmodule
module gate$resting(input clock, input reset, input [3:0] sweep, input [233:0] grant, input [3:0] instrument, output [63:0] own,
    input buys, input [31:0] price, input rests, input [31:0] orders);
    (* anyseq *) wire [63:0] any;
    assign own = any;
endmodule
module gate$fits(input clock, input reset, input limits_write, input [4:0] limits_address, input [198:0] limits_data,
    input template_write, input [6:0] template_address, input [202:0] template_data, input terms_write, input [127:0] counting, input [4:0] waiting_row,
    input [63:0] waiting_bid, input [63:0] waiting_ask, input [4:0] told_row, input [63:0] told_bid, input [63:0] told_ask,
    input none_waits, input [1:0] rule, input [127:0] left, input [63:0] own, input [47:0] lived,
    output [202:0] order, output [63:0] value, output [26:0] against,
    output [3:0] too_far);
    (* anyseq *) wire [3:0] any_far;
    assign too_far = any_far;
    (* anyseq *) wire [202:0] any_order;
    (* anyseq *) wire [63:0] any_value;
    (* anyseq *) wire [26:0] any;
    assign order = any_order;
    assign value = any_value;
    assign against = any;
    localparam SIDE = 9, QUANTITY = 10, TEMPLATE_UNSET = 14;
    wire cancels = any_order[201];
    always @* assume (any[SIDE] || cancels == (any_order[71:64] == "C"));
    always @* assume (any[QUANTITY] || any_order[31:0] != 0 || cancels);
    always @* assume (any[TEMPLATE_UNSET] || (any_order[76:72] >= 2 && any_order[76:72] <= 16));
endmodule
