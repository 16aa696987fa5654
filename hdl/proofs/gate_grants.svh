// What the gate's grants say of an order, and the value of a template: anything in every cycle, more than the real ones
// do; grants_are_kept says of them what they promise.
module \gate$grants (input clock, input reset, input [3:0] sweep, input [232:0] grant, input [63:0] throttle,
    input [3:0] instrument, input [1:0] rule, input buys, input [31:0] quantity, input [63:0] value, input [47:0] cooldown,
    input passed, output cools, output repeats, output throttled, output off_position, output off_exposure,
    output off_open, output off_unacknowledged);
    (* anyseq *) wire [6:0] any;
    assign {cools, repeats, throttled, off_position, off_exposure, off_open, off_unacknowledged} = any;
endmodule
module \gate$product (input clock, input [31:0] a, input [31:0] b, output [63:0] product);
    (* anyseq *) wire [63:0] any;
    assign product = any;
endmodule
