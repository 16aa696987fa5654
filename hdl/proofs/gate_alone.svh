// The gate with free inputs in every cycle, but for those that a proof gives it; out comes what proofs look at.
//
// Each decision's receive time, which the gate hands on without looking at it, is its generation, bank and instrument, by
// which it is known again. The decision queue gives any decisions in any order (queue_keeps_the_unread says that the real one
// gives them back as they were) but for one that is pushed while it is empty, which is the next.
`include "gate_parts.svh"
module gate_alone(input clock, input reset, input [31:0] generation, input commits, input armed, input killed, input heard,
    input [111:0] fenced, input [15:0] books_valid, input [15:0] trading, input session_write, input [31:0] session_user_ref,
    output tx_last, output tx_valid, output [63:0] tx_time, output [447:0] note, output noted, output count_sent,
    output count_refused);
    (* anyseq *) wire [15:0] cycle;
    (* anyseq *) wire decided, bank, feed_is_watched, is_host, limits_write, template_write, terms_write, image_write;
    (* anyseq *) wire [1:0] first;
    (* anyseq *) wire [3:0] mask, instrument;
    (* anyseq *) wire [31:0] made_under, session_sequence, session_acknowledgement;
    (* anyseq *) wire [207:0] rest;
    (* anyseq *) wire [4:0] limits_address;
    (* anyseq *) wire [198:0] limits_data;
    (* anyseq *) wire [6:0] template_address;
    (* anyseq *) wire [202:0] template_data;
    (* anyseq *) wire [127:0] counting;
    (* anyseq *) wire [10:0] image_address;
    (* anyseq *) wire [63:0] image_data;
    wire [315:0] decision = {is_host, first, rest, 27'd0, made_under, bank, instrument, made_under, bank, instrument, mask};
    gate u(.clock(clock), .reset(reset), .cycle(cycle), .decided(decided), .decision(decision), .decision_row({bank, instrument}),
        .limits_write(limits_write), .limits_address(limits_address), .limits_data(limits_data),
        .template_write(template_write), .template_address(template_address), .template_data(template_data), .terms_write(terms_write),
        .counting(counting), .feed_is_watched(feed_is_watched),
        .image_write(image_write), .image_address(image_address), .image_data(image_data), .session_write(session_write),
        .session_sequence(session_sequence), .session_acknowledgement(session_acknowledgement),
        .session_user_ref(session_user_ref), .generation(generation), .commits(commits), .armed(armed), .killed(killed),
        .heard(heard), .fenced(fenced), .books_valid(books_valid), .trading(trading), .\tx$last (tx_last), .\tx$valid (tx_valid),
        .tx_time(tx_time), .note(note), .noted(noted), .count_sent(count_sent), .count_refused(count_refused));

    // What makes proofs about it inductive: decisions inside carry their label; while a frame is sent no order is judged;
    // it is known whether the session's next number is set.
    (* hierconn *) wire [315:0] \u.picked$q ;
    (* hierconn *) wire [31:0] \u.user_ref$q ;
    (* hierconn *) wire \u.has_session$q , \u.ready$q , \u.decisions.is_there ;
    (* hierconn *) wire \u.transmit.sending$q , \u.judging$q , \u.judged$q , \u.passed$q ;
    (* hierconn *) wire [4:0] \u.holdoff$q ;
    (* hierconn *) wire [3:0] \u.transmit.word$q , \u.transmit.last_word$q ;
    wire [4:0] words_left = \u.transmit.last_word$q - \u.transmit.word$q ;
    always @(posedge clock) begin
        decision_is_labelled: assert (\u.picked$q [77:41] == \u.picked$q [40:4]);
        ready_is_there: assert (!\u.ready$q || \u.decisions.is_there );
        number_is_known_as_set: assert (\u.has_session$q == (\u.user_ref$q != 0));
        none_judged_meanwhile: assert (!\u.transmit.sending$q || (!\u.judging$q && tx_valid && !tx_last && words_left < 16));
        gap_is_kept: assert (!\u.transmit.sending$q || (\u.passed$q ? \u.transmit.word$q == 1 : \u.holdoff$q == words_left + 4));
        first_is_first: assert ((\u.transmit.word$q != 0) == (\u.transmit.sending$q || \u.judged$q ) && (!\u.passed$q || \u.transmit.sending$q ));
        one_at_a_time: assert (!\u.judging$q || !\u.judged$q );
        judged_is_first: assert (!\u.judged$q ? !\u.passed$q : \u.transmit.word$q == 1 && \u.transmit.sending$q == \u.passed$q );
    end
endmodule

module gate$decisions(input clock, input reset, input push, input [315:0] data, input pop,
    output [315:0] head, output empty, output full);
    (* anyseq *) wire [315:0] another;
    (* anyseq *) wire is_another, any_full;
    reg [315:0] oldest = 0;
    reg waits = 0;
    // For proofs to look at: what they connect to loses its initial value.
    wire is_there = waits;
    wire [4:0] row = oldest[8:4];
    wire [127:0] tops = oldest[312:185];
    always @* assume (another[77:41] == another[40:4]);
    always @(posedge clock) begin
        if (!waits) oldest <= data; else if (pop) oldest <= another;
        if (reset) waits <= 0; else if (!waits) waits <= push; else if (pop) waits <= is_another;
        oldest_is_labelled: assert (oldest[77:41] == oldest[40:4]);
    end
    assign head = oldest;
    assign empty = !waits;
    assign full = any_full;
endmodule
