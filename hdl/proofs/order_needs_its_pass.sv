// No first word of an order without the gate's pass for exactly that order, in the cycle before: armed, not killed, the
// host heard, neither the instrument nor its side nor the rule fenced, a generation in force and the decision made under that one, book valid, instrument trading, quantity and number set.
// A mass cancel needs neither fence, book, trading nor quantity, and says that it is one.
//
// Which order a frame belongs to is told by its receive time, as gate_alone says. Free: all inputs in every cycle, but
// that the generation only rises, and only when a commit said so a cycle before (parameters_old_or_new says that it is so).
//
// blocks: gate
// with: memories gate_parts gate_alone
// induction: 4
// cover: 10
// mutant: gate: running = passes | sending$q; => running = judging$q | sending$q;
// mutant: gate: (current[(64'h9)+:(32)] != generation) | commits => commits
// mutant: gate: ((books_wrong & own) != 32'h0) => (books_wrong == 16'hffff)
// mutant: gate: ((fenced & scopes$q) != 32'h0) => ((fenced[15:0] & scopes$q[15:0]) != 32'h0)
// mutant: gate: side_bits = ((instrument_bit) & 32'hffffffff) << 32'h10; => side_bits = (instrument_bit) & 32'hffffffff;
// mutant: gate: ((fenced & scopes$q) != 32'h0) => ((fenced[47:0] & scopes$q[47:0]) != 32'h0)
// mutant: gate: unheard = ~heard; => unheard = ~heard & ~armed;
module order_needs_its_pass(
    input clock, input reset, input session_write, input [31:0] session_user_ref, input [31:0] generation, input commits,
    input armed, input killed, input heard, input [111:0] fenced, input [15:0] books_valid, input [15:0] trading
);
    wire tx_last, tx_valid, noted, count_sent, count_refused;
    wire [63:0] tx_time;
    wire [447:0] note;
    gate_alone g(.*);

    // The event is told in the cycle of the first word; the verdict was one cycle before, with the state of then.
    localparam ORDER_SENT = 8'd2, ORDER_REFUSED = 8'd3;
    wire [7:0] kind = note[7:0], reason = note[15:8];
    wire [3:0] of = note[19:16];
    wire [63:0] time_of = note[127:64];
    reg [31:0] generation_then = 0;
    reg commits_then = 0, reset_then = 0;
    always @* assume (commits_then ? generation > generation_then : generation == generation_then || (reset_then && generation == 0));
    reg armed_then = 0, killed_then = 0, heard_then = 0;
    reg [15:0] books_then = 0, trading_then = 0;
    reg [111:0] fenced_then = 0;
    wire walled_off = fenced_then[of] || fenced_then[(note[439:432] == "B" ? 16 : 32) + of] || fenced_then[48 + {of, note[25:24]}];
    wire cancels = note[439:432] == "C";
    wire passed = armed_then && !killed_then && heard_then && generation_then != 0 && note[63:32] == generation_then
        && (cancels || !walled_off && books_then[of] && trading_then[of] && note[383:352] != 0) && note[415:384] != 0
        && time_of[36:5] == generation_then && time_of[3:0] == of && note[23:20] == 0;
    reg in_frame = 0;
    wire starts = tx_valid && !in_frame;
    always @(posedge clock) begin
        generation_then <= generation;
        commits_then <= commits && !reset;
        reset_then <= reset;
        armed_then <= armed;
        killed_then <= killed;
        heard_then <= heard;
        fenced_then <= fenced;
        books_then <= books_valid;
        trading_then <= trading;
        in_frame <= tx_valid && !tx_last && !reset;

        first_word_behind_its_pass: assert (!starts || (noted && kind == ORDER_SENT && passed && tx_time == time_of));
        frame_keeps_its_order: assert (!(tx_valid && in_frame) || tx_time == frame_time);
        told_as_it_is: assert (!noted || (starts ? kind == ORDER_SENT && reason == 0 : kind == ORDER_REFUSED && reason != 0));
        counted_as_it_is: assert (count_sent == starts && count_refused == (noted && !starts));

        an_order_leaves: cover (tx_valid && tx_last);
        a_mass_cancel_leaves_a_fence: cover (starts && cancels && walled_off);
        one_is_refused: cover (noted && !count_sent && killed_then && armed_then);
    end
    reg [63:0] frame_time = 0;
    always @(posedge clock) if (tx_valid && !in_frame) frame_time <= tx_time;

    // What makes this inductive, beside what makes the gate so.
    (* hierconn *) wire \g.u.transmit.sending$q ;
    (* hierconn *) wire [63:0] \g.u.transmit.kept_time$q ;
    always @(posedge clock) begin
        time_is_kept: assert (!\g.u.transmit.sending$q || \g.u.transmit.kept_time$q == (in_frame ? frame_time : tx_time));
    end
endmodule
