// No first word of an order without the gate's pass for exactly that order, in the cycle before: armed, not killed, the
// host heard, the instrument not fenced, a generation in force and the decision made under that one, book valid, instrument trading, quantity and number set.
//
// Which order a frame belongs to is told by its receive time, which the gate hands on without looking at it: here each
// decision's time is its generation, bank and instrument. Free: all inputs in every cycle; the memories, which read as
// anything; the generation, which only rises, and only when a commit said so a cycle before (parameters_old_or_new
// says that it is so); the decision queue, which gives any decision in any cycle (queue_keeps_the_unread says that it gives them
// back as they were).
//
// blocks: gate
// with: gate_memories gate_grants gate_values
// induction: 4
// cover: 10
// mutant: gate: running = passes | sending$q; => running = judging$q | sending$q;
// mutant: gate: (current[(64'h9)+:(32)] != generation) | commits => commits
// mutant: gate: ((books_valid & own$q) == 32'h0) => (books_valid == 32'h0)
// mutant: gate: ((fenced & own$q) != 32'h0) => (fenced == 16'hffff)
// mutant: gate: unheard = ~heard; => unheard = ~heard & ~armed;
module order_needs_its_pass(
    input clock, input reset, input [15:0] cycle,
    input decided, input [1:0] first, input [3:0] mask, input [3:0] instrument, input bank, input [31:0] made_under, input [207:0] rest,
    input limits_write, input [4:0] limits_address, input [197:0] limits_data,
    input template_write, input [6:0] template_address, input [152:0] template_data,
    input image_write, input [10:0] image_address, input [63:0] image_data,
    input session_write, input [31:0] session_sequence, input [31:0] session_acknowledgement, input [31:0] session_user_ref,
    input [31:0] generation, input commits, input armed, input killed, input heard, input [15:0] fenced, input [15:0] books_valid, input [15:0] trading
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
        .heard(heard), .fenced(fenced), .books_valid(books_valid), .trading(trading), .\tx$data (tx_data), .\tx$last (tx_last), .\tx$valid (tx_valid),
        .tx_time(tx_time), .note(note), .noted(noted), .count_sent(count_sent), .count_refused(count_refused));

    // The event is told in the cycle of the first word; the verdict was one cycle before, with the state of then.
    localparam ORDER_SENT = 8'd2, ORDER_REFUSED = 8'd3;
    wire [7:0] kind = note[7:0], reason = note[15:8];
    wire [3:0] of = note[19:16];
    wire [63:0] time_of = note[127:64];
    reg [31:0] generation_then = 0;
    reg commits_then = 0, reset_then = 0;
    always @* assume (commits_then ? generation > generation_then : generation == generation_then || (reset_then && generation == 0));
    reg armed_then = 0, killed_then = 0, heard_then = 0;
    reg [15:0] books_then = 0, trading_then = 0, fenced_then = 0;
    wire passed = armed_then && !killed_then && heard_then && !fenced_then[of] && generation_then != 0 && note[63:32] == generation_then
        && books_then[of] && trading_then[of] && note[383:352] != 0 && note[415:384] != 0
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
        one_is_refused: cover (noted && !count_sent && killed_then && armed_then);
    end
    reg [63:0] frame_time = 0;
    always @(posedge clock) if (tx_valid && !in_frame) frame_time <= tx_time;

    // A template that fits has from 2 to 16 words and a quantity: fits_are_told.
    (* hierconn *) wire [27:0] \u.fits.any ;
    (* hierconn *) wire [152:0] \u.templates$0.any , \u.templates$1.any , \u.templates$2.any , \u.templates$3.any ;
    always @* begin
        assume (!\u.fits.any [2] || \u.templates$0.any [31:0] != 0);
        assume (!\u.fits.any [5] || (\u.templates$0.any [76:72] >= 2 && \u.templates$0.any [76:72] <= 16));
        assume (!\u.fits.any [9] || \u.templates$1.any [31:0] != 0);
        assume (!\u.fits.any [12] || (\u.templates$1.any [76:72] >= 2 && \u.templates$1.any [76:72] <= 16));
        assume (!\u.fits.any [16] || \u.templates$2.any [31:0] != 0);
        assume (!\u.fits.any [19] || (\u.templates$2.any [76:72] >= 2 && \u.templates$2.any [76:72] <= 16));
        assume (!\u.fits.any [23] || \u.templates$3.any [31:0] != 0);
        assume (!\u.fits.any [26] || (\u.templates$3.any [76:72] >= 2 && \u.templates$3.any [76:72] <= 16));
    end

    // What makes this inductive: decisions inside carry their label; while a frame is sent no order is judged; it is
    // known whether the session's next number is set.
    (* hierconn *) wire [31:0] \u.user_ref$q ;
    (* hierconn *) wire \u.has_session$q ;
    (* hierconn *) wire [314:0] \u.picked$q ;
    (* hierconn *) wire [63:0] \u.transmit.kept_time$q ;
    (* hierconn *) wire \u.transmit.sending$q , \u.judging$q , \u.judged$q , \u.passed$q ;
    (* hierconn *) wire [4:0] \u.holdoff$q ;
    (* hierconn *) wire [3:0] \u.transmit.word$q , \u.transmit.last_word$q ;
    wire [4:0] words_left = \u.transmit.last_word$q - \u.transmit.word$q ;
    always @(posedge clock) begin
        number_is_known_as_set: assert (\u.has_session$q == (\u.user_ref$q != 0));
        decision_is_labelled: assert (\u.picked$q [77:41] == \u.picked$q [40:4]);
        none_judged_meanwhile: assert (!\u.transmit.sending$q || (!\u.judging$q && tx_valid && !tx_last && words_left < 16));
        gap_is_kept: assert (!\u.transmit.sending$q || (\u.passed$q ? \u.transmit.word$q == 1 : \u.holdoff$q == words_left + 4));
        first_is_first: assert ((\u.transmit.word$q != 0) == (\u.transmit.sending$q || \u.judged$q ) && (!\u.passed$q || \u.transmit.sending$q ));
        one_at_a_time: assert (!\u.judging$q || !\u.judged$q );
        judged_is_first: assert (!\u.judged$q ? !\u.passed$q : \u.transmit.word$q == 1 && \u.transmit.sending$q == \u.passed$q );
        time_is_kept: assert (!\u.transmit.sending$q || \u.transmit.kept_time$q == (in_frame ? frame_time : tx_time));
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
