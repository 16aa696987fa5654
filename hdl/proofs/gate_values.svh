// The gate's values of templates, which read as anything in every cycle.
module \gate$values$0 (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    (* anyseq *) wire [63:0] any;
    assign read_data = any;
endmodule
module \gate$values$1 (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    (* anyseq *) wire [63:0] any;
    assign read_data = any;
endmodule
module \gate$values$2 (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    (* anyseq *) wire [63:0] any;
    assign read_data = any;
endmodule
module \gate$values$3 (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    (* anyseq *) wire [63:0] any;
    assign read_data = any;
endmodule
