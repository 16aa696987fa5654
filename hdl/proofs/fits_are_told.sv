// What the gate is told of a template is true of the rows as they were last written: seven cycles after the last write to
// limits or templates of a row, each bit of each of its rules says what the contract says of that limit, and a row that was
// never written fits nothing.
//
// Of each memory one row is kept, any one; every other row reads as anything. One command a cycle, and the value of a
// template three cycles behind it, as the gate writes them. Free: everything else.
//
// blocks: fits
// induction: 4
// cover: 16
// mutant: fits: written1$d = limits_write | template_write; => written1$d = limits_write;
// mutant: fits: answers$write_address = row6$q; => answers$write_address = row5$q;
// mutant: fits: limit_rows$read_address = row4$q; => limit_rows$read_address = row3$q;
// mutant: fits: answers$write_data = found$q; => answers$write_data = found$q | 28'h810204;
module fits_are_told(
    input clock, input reset, input limits_write, input [4:0] limits_address, input [197:0] limits_data,
    input template_write, input [6:0] template_address, input [152:0] template_data, input [63:0] value_data, input [4:0] row
);
    reg [3:1] writes = 0;
    reg [6:0] address1, address2, address3;
    always @(posedge clock) begin
        writes <= {writes[2:1], template_write};
        address1 <= template_address;
        address2 <= address1;
        address3 <= address2;
    end
    wire [27:0] told;
    fits u(.clock(clock), .reset(reset), .limits_write(limits_write), .limits_address(limits_address), .limits_data(limits_data),
        .template_write(template_write), .template_address(template_address), .template_data(template_data),
        .value_write(writes[3]), .value_address(address3), .value_data(value_data), .row(row), .fits(told));
    always @* begin
        assume (!reset);
        assume (!limits_write || !template_write);
    end

    (* anyconst *) wire [4:0] of;
    (* anyconst *) wire [1:0] rule;
    reg [197:0] limit = 0;
    reg [152:0] template = 0;
    reg [63:0] value = 0;
    // Cycles since the last write to the row; 7 is any number from there on.
    reg [2:0] quiet = 7;
    always @(posedge clock) begin
        if (limits_write && limits_address == of) limit <= limits_data;
        if (template_write && template_address == {of, rule}) template <= template_data;
        if (writes[3] && address3 == {of, rule}) value <= value_data;
        if (limits_write && limits_address == of || template_write && template_address[6:2] == of) quiet <= 1;
        else if (quiet != 7) quiet <= quiet + 1;
    end
    wire [31:0] quantity = template[31:0], price = template[63:32];
    wire [7:0] side = template[71:64];
    wire [6:0] fits = {
        template[152:105] != 0,
        template[76:72] >= 2 && template[76:72] <= 16 && template[80:77] >= 1 && template[80:77] <= 8,
        limit[99:68] != 0 && price >= limit[67:36] && price <= limit[99:68],
        limit[197:134] != 0 && value <= limit[197:134],
        quantity != 0 && quantity <= limit[35:4],
        side == "B" ? limit[1] : side == "S" ? limit[2] : (side == "T" || side == "E") && limit[3],
        limit[0]
    };
    (* hierconn *) wire [27:0] \u.answers.rows.row ;
    (* hierconn *) wire [4:0] \u.answers.rows.kept , \u.limit_rows.rows.kept ;
    (* hierconn *) wire [197:0] \u.limit_rows.rows.row ;
    (* hierconn *) wire [4:0] \u.rules$0.templates.rows.kept , \u.rules$1.templates.rows.kept , \u.rules$2.templates.rows.kept , \u.rules$3.templates.rows.kept ;
    (* hierconn *) wire [4:0] \u.rules$0.values.rows.kept , \u.rules$1.values.rows.kept , \u.rules$2.values.rows.kept , \u.rules$3.values.rows.kept ;
    (* hierconn *) wire [152:0] \u.rules$0.templates.rows.row , \u.rules$1.templates.rows.row , \u.rules$2.templates.rows.row , \u.rules$3.templates.rows.row ;
    (* hierconn *) wire [63:0] \u.rules$0.values.rows.row , \u.rules$1.values.rows.row , \u.rules$2.values.rows.row , \u.rules$3.values.rows.row ;
    (* hierconn *) wire [4:0] \u.row1$q , \u.row2$q , \u.row3$q , \u.row4$q , \u.row5$q , \u.row6$q ;
    (* hierconn *) wire \u.written1$q , \u.written2$q , \u.written3$q , \u.written4$q , \u.written5$q , \u.written6$q ;
    always @* begin
        assume (\u.answers.rows.kept == of && \u.limit_rows.rows.kept == of);
        assume (\u.rules$0.templates.rows.kept == of && \u.rules$1.templates.rows.kept == of);
        assume (\u.rules$2.templates.rows.kept == of && \u.rules$3.templates.rows.kept == of);
        assume (\u.rules$0.values.rows.kept == of && \u.rules$1.values.rows.kept == of);
        assume (\u.rules$2.values.rows.kept == of && \u.rules$3.values.rows.kept == of);
    end
    wire [6:0] answer = \u.answers.rows.row [7 * rule +: 7];
    wire [152:0] kept = rule == 0 ? \u.rules$0.templates.rows.row : rule == 1 ? \u.rules$1.templates.rows.row
        : rule == 2 ? \u.rules$2.templates.rows.row : \u.rules$3.templates.rows.row ;
    wire [63:0] kept_value = rule == 0 ? \u.rules$0.values.rows.row : rule == 1 ? \u.rules$1.values.rows.row
        : rule == 2 ? \u.rules$2.values.rows.row : \u.rules$3.values.rows.row ;
    wire [5:0] rows_of = {\u.row6$q == of, \u.row5$q == of, \u.row4$q == of, \u.row3$q == of, \u.row2$q == of, \u.row1$q == of};
    wire [5:0] written = {\u.written6$q , \u.written5$q , \u.written4$q , \u.written3$q , \u.written2$q , \u.written1$q };
    always @(posedge clock) begin
        told_as_it_is: assert (quiet != 7 || answer == fits);
        asked_as_it_is: assert (row != of || told[7 * rule +: 7] == answer);
        everything_fits: cover (quiet == 7 && &answer);
    end

    // What makes this inductive: the kept rows are what was written, and what was written last is on its way.
    wire [3:1] value_on_its_way = writes & {address3[6:2] == of, address2[6:2] == of, address1[6:2] == of};
    always @(posedge clock) begin
        limit_is_kept: assert (\u.limit_rows.rows.row == limit);
        template_is_kept: assert (kept == template);
        value_is_kept: assert (kept_value == value);
        last_is_on_its_way: assert (quiet == 0 ? 0 : quiet == 7 ? !(written & rows_of) : written[quiet - 1] && rows_of[quiet - 1]);
        nothing_behind_it: assert (quiet == 7 || ((written & rows_of) & ((6'd1 << (quiet - 1)) - 6'd1)) == 0);
        values_are_not_later: assert (quiet > 3 ? value_on_its_way == 0 : (value_on_its_way & ((4'd1 << (quiet - 1)) - 4'd1)) == 0);
    end
endmodule

module kept_row #(parameter WIDTH = 1) (input clock, input write, input [4:0] write_address, input [WIDTH-1:0] write_data,
    input [4:0] read_address, output [WIDTH-1:0] read_data);
    (* anyconst *) wire [4:0] kept;
    (* anyseq *) wire [WIDTH-1:0] other;
    reg [WIDTH-1:0] cells = 0;
    wire [WIDTH-1:0] row = cells;
    always @(posedge clock) if (write && write_address == kept) cells <= write_data;
    assign read_data = read_address == kept ? cells : other;
endmodule
module \fits$limit_rows (input clock, input write, input [4:0] write_address, input [197:0] write_data,
    input [4:0] read_address, output [197:0] read_data);
    kept_row #(198) rows(.*);
endmodule
module \fits$answers (input clock, input write, input [4:0] write_address, input [27:0] write_data,
    input [4:0] read_address, output [27:0] read_data);
    kept_row #(28) rows(.*);
endmodule
module \fits$rules$0$templates (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \fits$rules$0$values (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    kept_row #(64) rows(.*);
endmodule
module \fits$rules$1$templates (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \fits$rules$1$values (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    kept_row #(64) rows(.*);
endmodule
module \fits$rules$2$templates (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \fits$rules$2$values (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    kept_row #(64) rows(.*);
endmodule
module \fits$rules$3$templates (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \fits$rules$3$values (input clock, input write, input [4:0] write_address, input [63:0] write_data,
    input [4:0] read_address, output [63:0] read_data);
    kept_row #(64) rows(.*);
endmodule
