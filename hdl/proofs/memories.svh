// Memories of which only what a proof needs is left: one row, any one, which starts as zeros, while every other row reads as
// anything; or rows that all read as anything in every cycle.
module kept_row #(parameter ADDRESS = 1, WIDTH = 1) (input clock, input write, input [ADDRESS-1:0] write_address,
    input [WIDTH-1:0] write_data, input [ADDRESS-1:0] read_address, output [WIDTH-1:0] read_data);
    (* anyconst *) wire [ADDRESS-1:0] kept;
    (* anyseq *) wire [WIDTH-1:0] other;
    reg [WIDTH-1:0] cells = 0;
    // For proofs to look at: what they connect to loses its initial value.
    wire [WIDTH-1:0] row = cells;
    always @(posedge clock) if (write && write_address == kept) cells <= write_data;
    assign read_data = read_address == kept ? cells : other;
endmodule
`define KEEPS_A_ROW(NAME, ADDRESS, WIDTH) \
    module NAME (input clock, input write, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data, \
        input [ADDRESS-1:0] read_address, output [WIDTH-1:0] read_data); \
        kept_row #(ADDRESS, WIDTH) rows(.*); \
    endmodule
`define READS_AS_ANYTHING(NAME, ADDRESS, WIDTH) \
    module NAME (input clock, input write, input [ADDRESS-1:0] write_address, input [WIDTH-1:0] write_data, \
        input [ADDRESS-1:0] read_address, output [WIDTH-1:0] read_data); \
        (* anyseq *) wire [WIDTH-1:0] any; \
        assign read_data = any; \
    endmodule
