// The count of waiting decisions never wraps: a verdict makes no decision while the gate's queue is full, so none is pushed
// that has no place, and a dropped one is counted as dropped and as nothing else. (The queue's own count and indexes are in
// queue_keeps_the_unread; that an order number that wraps to 0 sends nothing is in unset_blocks.)
//
// Verdict and gate, wired as the card wires them. The queue is its contract: a count, which begins anywhere, and any
// decision at its head. Free: all other inputs in every cycle, the gate's memories.
//
// blocks: verdict gate
// with: memories gate_parts
// induction: 2
// cover: 9
// mutant: verdict: decided = fires & ~queue_full; => decided = fires;
// mutant: gate: queue_full = decisions$full; => queue_full = decisions$full & ~decisions$empty & judging$q;
module decisions_are_bounded(
    input clock, input reset,
    input [4:0] row, input valid, input [87:0] committed, input [63:0] bid, input [63:0] ask, input context_write,
    input [3:0] context_tag, input [188:0] message_context, input looked_up, input [4:0] looked_up_tag,
    input [7:0] looked_up_reason, input overflow, input [3:0] overflow_instrument, input [2:0] rules_write,
    input [4:0] rules_address, input [175:0] rules_data, input [7:0] actions_data, input forget, input trace, input [15:0] books_valid,
    input [15:0] cycle, input [31:0] generation, input armed, input killed
);
    wire queue_full, decided, count_dropped;
    wire [315:0] decision;
    wire [4:0] decision_row;
    wire [15:0] trading;
    verdict v(.clock(clock), .reset(reset), .queue_full(queue_full), .books_valid(books_valid), .decided(decided),
        .decision(decision), .decision_row(decision_row), .trading(trading), .count_dropped(count_dropped),
        .row(row), .valid(valid), .committed(committed), .bid(bid), .ask(ask), .context_write(context_write),
        .context_tag(context_tag), .message_context(message_context), .looked_up(looked_up),
        .looked_up_tag(looked_up_tag), .looked_up_reason(looked_up_reason), .overflow(overflow),
        .overflow_instrument(overflow_instrument), .rules_write(rules_write), .rules_address(rules_address),
        .rules_data(rules_data), .actions_data(actions_data), .forget(forget), .trace(trace));
    gate u(.clock(clock), .reset(reset), .decided(decided), .decision(decision), .decision_row(decision_row),
        .queue_full(queue_full), .cycle(cycle),
        .limits_write(1'b0), .limits_address(5'd0), .limits_data(199'd0), .template_write(1'b0), .template_address(7'd0),
        .template_data(154'd0), .terms_write(1'b0), .image_write(1'b0), .image_address(11'd0), .image_data(64'd0), .session_write(1'b0),
        .session_sequence(32'd0), .session_acknowledgement(32'd0), .session_user_ref(32'd0), .generation(generation),
        .commits(forget), .armed(armed), .killed(killed), .books_valid(books_valid), .trading(trading));

    (* hierconn *) wire [4:0] \u.decisions.count ;
    (* hierconn *) wire \u.decisions.lost ;
    always @(posedge clock) begin
        count_never_wraps: assert (\u.decisions.count <= 16);
        none_without_a_place: assert (!\u.decisions.lost );
        row_is_its_own: assert (!decided || decision_row == decision[8:4]);
        full_is_told: assert (queue_full == (\u.decisions.count == 16));
        dropped_or_decided: assert (!(count_dropped && decided) && (!count_dropped || queue_full));

        filled: cover (decided && \u.decisions.count == 15);
        one_is_dropped: cover (count_dropped);
    end
endmodule

module \gate$decisions (input clock, input reset, input push, input [315:0] data, input pop,
    output [315:0] head, output empty, output full);
    (* anyseq *) wire [315:0] any;
    reg [4:0] held;
    wire [4:0] count = held;
    wire lost = push && full;
    assign head = any;
    assign empty = held == 0;
    assign full = held == 16;
    initial assume (held <= 16);
    always @(posedge clock) held <= reset ? 0 : held + push - (pop && !empty);
endmodule
`include "gate_parts.svh"
