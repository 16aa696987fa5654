// Kill: from the fourth cycle after the one that shows the command on, no order starts, until the kill is cleared; the same
// from the second cycle after a lost event was told. Disarm: likewise from the fourth cycle on, until the next arm. No
// other command opens what these have closed, and a card that was never armed sends nothing. Fence: likewise for its
// instruments, until it is lifted. Host: likewise from the first cycle on in which nobody vouches for it, and the card is disarmed.
//
// Control and gate, wired as the card wires them. Free: all other inputs in every cycle, so every state of the books;
// the gate's memories and its decision queue.
//
// blocks: control gate
// with: gate_memories gate_decisions gate_grants gate_values
// induction: 4
// cover: 13
// mutant: gate: (((killed) & 24'hffffff) << 32'h1) => 24'h0
// mutant: control: if (heartbeat$silence) begin => if (heartbeat$silence & ~does$q[c_arm]) begin
// mutant: control: if (event_lost) begin => if (event_lost & is_armed$q) begin
// mutant: control: if (does$q[c_clear_kill]) begin => if (does$q[c_clear_kill] | does$q[c_arm]) begin
module kill_silences(
    input clock, input reset, input [511:0] command, input command_valid, input event_lost,
    input invalidate_all, input [15:0] invalidate, input issue, input [3:0] issue_instrument, input [15:0] locate,
    input [15:0] cycle, input decided, input [314:0] decision, input [15:0] trading
);
    wire [31:0] generation;
    wire commits;
    wire [15:0] books_valid;
    wire heard, silence;
    wire [15:0] fenced;
    wire [447:0] note;
    wire armed, killed, session_write, tx_valid, tx_last, limits_write, template_write, image_write;
    wire [31:0] session_sequence, session_acknowledgement, session_user_ref;
    wire [4:0] row_address;
    wire [6:0] template_address;
    wire [10:0] image_address;
    wire [197:0] limits_data;
    wire [152:0] template_data;
    control c(.clock(clock), .reset(reset), .command(command), .command_valid(command_valid),
        .invalidate_all(invalidate_all), .invalidate(invalidate), .issue(issue), .issue_instrument(issue_instrument),
        .event_lost(event_lost), .locate(locate), .generation(generation), .forget(commits), .armed(armed), .killed(killed),
        .heard(heard), .silence(silence), .fenced(fenced), .books_valid(books_valid), .limits_write(limits_write), .limits_data(limits_data), .row_address(row_address),
        .template_write(template_write), .template_data(template_data), .template_address(template_address),
        .image_write(image_write), .image_address(image_address), .session_write(session_write),
        .session_sequence(session_sequence), .session_acknowledgement(session_acknowledgement),
        .session_user_ref(session_user_ref));
    gate u(.clock(clock), .reset(reset), .cycle(cycle), .decided(decided), .decision(decision),
        .limits_write(limits_write), .limits_address(row_address), .limits_data(limits_data),
        .template_write(template_write), .template_address(template_address), .template_data(template_data),
        .image_write(image_write), .image_address(image_address), .session_write(session_write),
        .session_sequence(session_sequence), .session_acknowledgement(session_acknowledgement),
        .session_user_ref(session_user_ref), .generation(generation), .commits(commits), .armed(armed), .killed(killed),
        .heard(heard), .fenced(fenced), .books_valid(books_valid), .trading(trading), .note(note), .\tx$last (tx_last), .\tx$valid (tx_valid));

    localparam ARM = 8'd7, DISARM = 8'd8, KILL = 8'd9, CLEAR_KILL = 8'd10,
        HEARTBEAT = 8'd19, FENCE = 8'd20, LIFT = 8'd21;
    // What the contract says: true from the third cycle after the command on.
    reg [7:0] came_code = 0, shown_code = 0;
    reg [47:0] came_arg = 0, shown_arg = 0, vouched = 0;
    reg [15:0] walled = 0, was_walled = 0;
    reg vouched_for = 0, was_vouched = 0;
    reg came = 0, shown = 0, closed = 0, open = 0;
    reg was_closed = 0, was_open = 0, in_frame = 0, sent_before = 0;
    wire starts = tx_valid && !in_frame;
    always @(posedge clock) begin
        came <= command_valid && !reset;
        came_code <= command[71:64];
        came_arg <= command[175:128];
        shown <= came && !reset;
        shown_code <= came_code;
        shown_arg <= came_arg;
        if (shown && shown_code == CLEAR_KILL) closed <= 0;
        if (shown && shown_code == KILL || event_lost) closed <= 1;
        if (shown && shown_code == ARM) open <= 1;
        if (shown && shown_code == DISARM || was_vouched && !vouched_for) open <= 0;
        if (vouched != 0) vouched <= vouched - 1;
        if (shown && shown_code == HEARTBEAT) vouched <= shown_arg;
        vouched_for <= vouched != 0;
        was_vouched <= vouched_for;
        if (shown && shown_code == FENCE) walled <= walled | shown_arg[15:0];
        if (shown && shown_code == LIFT) walled <= walled & ~shown_arg[15:0];
        was_walled <= walled;
        if (reset) begin closed <= 0; open <= 0; vouched <= 0; vouched_for <= 0; was_vouched <= 0; walled <= 0; end
        was_closed <= closed;
        was_open <= open;
        in_frame <= tx_valid && !tx_last && !reset;
        sent_before <= sent_before || starts;

        kill_is_shown: assert (killed == closed);
        arm_is_shown: assert (armed == open);
        host_is_shown: assert (heard == vouched_for);
        fences_are_shown: assert (fenced == walled);
        silent_when_killed: assert (!(starts && was_closed));
        silent_unless_armed: assert (!starts || was_open);
        silent_unless_heard: assert (!starts || was_vouched);
        silent_where_fenced: assert (!starts || !was_walled[note[19:16]]);

        killed_behind_an_order: cover (sent_before && closed && armed);
        silence_behind_an_order: cover (sent_before && silence);
    end

    // A template that fits has from 2 to 16 words: fits_are_told.
    (* hierconn *) wire [27:0] \u.fits.any ;
    (* hierconn *) wire [152:0] \u.templates$0.any , \u.templates$1.any , \u.templates$2.any , \u.templates$3.any ;
    always @* begin
        assume (!\u.fits.any [5] || (\u.templates$0.any [76:72] >= 2 && \u.templates$0.any [76:72] <= 16));
        assume (!\u.fits.any [12] || (\u.templates$1.any [76:72] >= 2 && \u.templates$1.any [76:72] <= 16));
        assume (!\u.fits.any [19] || (\u.templates$2.any [76:72] >= 2 && \u.templates$2.any [76:72] <= 16));
        assume (!\u.fits.any [26] || (\u.templates$3.any [76:72] >= 2 && \u.templates$3.any [76:72] <= 16));
    end

    // What makes this inductive: while a frame is sent no order is judged; for how long the host vouched.
    (* hierconn *) wire [47:0] \c.heartbeat.remaining$q ;
    (* hierconn *) wire \c.heartbeat.was_heard$q ;
    (* hierconn *) wire \u.transmit.sending$q , \u.judging$q , \u.judged$q , \u.passed$q ;
    (* hierconn *) wire [4:0] \u.holdoff$q ;
    (* hierconn *) wire [3:0] \u.transmit.word$q , \u.transmit.last_word$q ;
    wire [4:0] words_left = \u.transmit.last_word$q - \u.transmit.word$q ;
    always @(posedge clock) begin
        vouched_as_long: assert (\c.heartbeat.remaining$q == vouched && \c.heartbeat.was_heard$q == was_vouched);
        none_judged_meanwhile: assert (!\u.transmit.sending$q || (!\u.judging$q && tx_valid && !tx_last && words_left < 16));
        gap_is_kept: assert (!\u.transmit.sending$q || (\u.passed$q ? \u.transmit.word$q == 1 : \u.holdoff$q == words_left + 4));
        first_is_first: assert ((\u.transmit.word$q != 0) == (\u.transmit.sending$q || \u.judged$q ) && (!\u.passed$q || \u.transmit.sending$q ));
        one_at_a_time: assert (!\u.judging$q || !\u.judged$q );
        judged_is_first: assert (!\u.judged$q ? !\u.passed$q : \u.transmit.word$q == 1 && \u.transmit.sending$q == \u.passed$q );
    end
endmodule
