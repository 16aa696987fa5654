// Unset is blocked: no order leaves of which not everything fits its limits (fits_are_told says what that means), without
// a reach of the live collar, or in a session whose number is not set. What leaves has the template that was last written for
// its bank, instrument and rule.
//
// Of each memory one row is kept, any one, which starts as zeros, and every other row reads as anything: what holds
// for the one holds for all. Bank and instrument of an order are told by its receive time, as in order_needs_its_pass.
// Free: all inputs in every cycle, the images, the decision queue, what fits.
//
// blocks: gate
// with: gate_grants gate_values
// induction: 3
// cover: 10
// mutant: gate: has_session$d = session_user_ref != 32'h0; => has_session$d = 1'b1;
// mutant: gate: off_fit = ~fit$q; => off_fit = ~fit$q & 7'h7b;
// mutant: gate: has_dearest$d = (current[(64'h119)+:(32)] != 32'h0) & limit_now[(64'h84)+:(1)]; => has_dearest$d = current[(64'h119)+:(32)] != 32'h0;
module unset_blocks(
    input clock, input reset, input [15:0] cycle,
    input decided, input [1:0] first, input [3:0] mask, input [3:0] instrument, input bank, input [31:0] made_under, input [207:0] rest,
    input limits_write, input [4:0] limits_address, input [197:0] limits_data,
    input template_write, input [6:0] template_address, input [152:0] template_data,
    input image_write, input [10:0] image_address, input [63:0] image_data,
    input session_write, input [31:0] session_sequence, input [31:0] session_acknowledgement, input [31:0] session_user_ref,
    input [31:0] generation, input commits, input armed, input killed, input [15:0] books_valid, input [15:0] trading
);
    wire [314:0] decision = {first, rest, 27'd0, made_under, bank, instrument, made_under, bank, instrument, mask};
    wire queue_full, tx_last, tx_valid, noted, count_sent, count_refused;
    wire [63:0] tx_data, tx_time;
    wire [447:0] note;
    gate u(.clock(clock), .reset(reset), .cycle(cycle), .decided(decided), .decision(decision), .queue_full(queue_full),
        .limits_write(limits_write), .limits_address(limits_address), .limits_data(limits_data),
        .template_write(template_write), .template_address(template_address), .template_data(template_data),
        .image_write(image_write), .image_address(image_address), .image_data(image_data), .session_write(session_write),
        .session_sequence(session_sequence), .session_acknowledgement(session_acknowledgement),
        .session_user_ref(session_user_ref), .generation(generation), .commits(commits), .armed(armed), .killed(killed),
        .books_valid(books_valid), .trading(trading), .\tx$data (tx_data), .\tx$last (tx_last), .\tx$valid (tx_valid),
        .tx_time(tx_time), .note(note), .noted(noted), .count_sent(count_sent), .count_refused(count_refused));

    localparam ORDER_SENT = 8'd2;
    wire sends = noted && note[7:0] == ORDER_SENT;
    wire [31:0] price = note[351:320], quantity = note[383:352];
    wire [4:0] row_of = note[68:64];
    wire [6:0] template_of = {row_of, note[25:24]};

    // One row of the limits and one template, any, as last written, and as they stood when the order was picked: two
    // cycles before its event.
    (* anyconst *) wire [4:0] row;
    (* anyconst *) wire [6:0] template_row;
    reg [197:0] limits = 0, limits_now = 0, limits_then = 0;
    reg [152:0] template = 0, template_now = 0, template_then = 0;
    reg session_set = 0;
    (* hierconn *) wire [27:0] \u.fits.any ;
    reg [27:0] fits_now = 0, fits_then = 0;
    always @(posedge clock) begin
        if (limits_write && limits_address == row) limits <= limits_data;
        if (template_write && template_address == template_row) template <= template_data;
        limits_now <= limits;
        limits_then <= limits_now;
        template_now <= template;
        template_then <= template_now;
        session_set <= !reset && (session_set || (session_write && session_user_ref != 0));

        fits_now <= \u.fits.any ;
        fits_then <= fits_now;
        everything_fits: assert (!sends || &fits_then[7 * note[25:24] +: 7]);
        if (sends && row_of == row) reach_is_set: assert (limits_then[132] || limits_then[133]);
        if (sends && template_of == template_row) begin
            template_is_its_own: assert (quantity == template_then[31:0] && price == template_then[63:32]);
        end
        session_is_set: assert (!sends || (session_set && note[415:384] != 0));

        sent_within_limits: cover (sends && row_of == row && template_of == template_row && count_sent);
    end

    // What makes this inductive: the kept rows are what was written, decisions inside carry their label.
    (* hierconn *) wire [314:0] \u.picked$q ;
    (* hierconn *) wire [1:0] \u.rule$q ;
    (* hierconn *) wire [31:0] \u.user_ref$q ;
    (* hierconn *) wire \u.has_session$q ;
    (* hierconn *) wire [4:0] \u.limit_rows.rows.kept ;
    (* hierconn *) wire [197:0] \u.limit_rows.rows.row ;
    (* hierconn *) wire [4:0] \u.templates$0.rows.kept ;
    (* hierconn *) wire [152:0] \u.templates$0.rows.row ;
    (* hierconn *) wire [4:0] \u.templates$1.rows.kept ;
    (* hierconn *) wire [152:0] \u.templates$1.rows.row ;
    (* hierconn *) wire [4:0] \u.templates$2.rows.kept ;
    (* hierconn *) wire [152:0] \u.templates$2.rows.row ;
    (* hierconn *) wire [4:0] \u.templates$3.rows.kept ;
    (* hierconn *) wire [152:0] \u.templates$3.rows.row ;
    always @* begin
        assume (\u.limit_rows.rows.kept == row);
        assume (\u.templates$0.rows.kept == template_row[6:2]);
        assume (\u.templates$1.rows.kept == template_row[6:2]);
        assume (\u.templates$2.rows.kept == template_row[6:2]);
        assume (\u.templates$3.rows.kept == template_row[6:2]);
    end
    wire [152:0] kept_template = template_row[1:0] == 0 ? \u.templates$0.rows.row : template_row[1:0] == 1 ? \u.templates$1.rows.row
        : template_row[1:0] == 2 ? \u.templates$2.rows.row : \u.templates$3.rows.row ;
    always @(posedge clock) begin
        decision_is_labelled: assert (\u.picked$q [77:41] == \u.picked$q [40:4]);
        limits_are_kept: assert (\u.limit_rows.rows.row == limits);
        template_is_kept: assert (kept_template == template);
        number_is_set: assert (session_set || \u.user_ref$q == 0);
        number_is_known_as_set: assert (\u.has_session$q == (\u.user_ref$q != 0));
    end
endmodule

module \gate$decisions (input clock, input reset, input push, input [314:0] data, input pop,
    output [314:0] head, output empty, output full);
    (* anyseq *) wire [314:0] any;
    (* anyseq *) wire any_empty, any_full;
    assign head = any;
    assign empty = any_empty;
    assign full = any_full;
    always @* assume (any[77:41] == any[40:4]);
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
module \gate$limit_rows (input clock, input write, input [4:0] write_address, input [197:0] write_data,
    input [4:0] read_address, output [197:0] read_data);
    kept_row #(198) rows(.*);
endmodule
module \gate$templates$0 (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \gate$templates$1 (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \gate$templates$2 (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \gate$templates$3 (input clock, input write, input [4:0] write_address, input [152:0] write_data,
    input [4:0] read_address, output [152:0] read_data);
    kept_row #(153) rows(.*);
endmodule
module \gate$transmit$images (input clock, input write, input [10:0] write_address, input [63:0] write_data,
    input [10:0] read_address, output [63:0] read_data);
    (* anyseq *) wire [63:0] any;
    assign read_data = any;
endmodule
