// What the gate's grants say of an order, what of it fits its limits, and the value of a template: anything in every
// cycle, more than the real ones do; grants_are_kept and fits_are_told say what they promise.
module \gate$grants (input clock, input reset, input [3:0] sweep, input [232:0] grant, input [65:0] throttle,
    input [3:0] instrument, input [1:0] rule, input buys, input [31:0] quantity, input [63:0] value, input [47:0] cooldown,
    input passed, output cools, output repeats, output throttled, output off_position, output off_exposure,
    output off_open, output off_unacknowledged);
    (* anyseq *) wire [6:0] any;
    assign {cools, repeats, throttled, off_position, off_exposure, off_open, off_unacknowledged} = any;
endmodule
module \gate$fits (input clock, input reset, input limits_write, input [4:0] limits_address, input [197:0] limits_data,
    input template_write, input [6:0] template_address, input [152:0] template_data, input value_write,
    input [6:0] value_address, input [63:0] value_data, input [4:0] row, output [27:0] fits);
    (* anyseq *) wire [27:0] any;
    assign fits = any;
endmodule
module \gate$product (input clock, input [31:0] a, input [31:0] b, output [63:0] product);
    (* anyseq *) wire [63:0] any;
    assign product = any;
endmodule
