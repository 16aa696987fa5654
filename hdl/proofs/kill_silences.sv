// Kill: from the fourth cycle after the one that shows the command on, no order starts, until the kill is cleared; the same
// from the second cycle after a lost event was told. Disarm: likewise from the fourth cycle on, until the next arm. No
// other command opens what these have closed, and a card that was never armed sends nothing. Fence: likewise for its
// instruments, their buys or sells, and rules, until it is lifted, but for mass cancels; and from the second cycle on behind that in which a rule halts. Host: likewise from the first cycle on in which nobody vouches for it, and the card is disarmed.
//
// Control and gate, the state that both know wired as the card wires it. Free: all other inputs in every cycle, so every
// state of the books; what is in gate_alone.
//
// blocks: control gate
// with: memories gate_parts gate_alone
// induction: 4
// cover: 13
// mutant: gate: (((killed) & 27'h7ffffff) << 32'h1) => 27'h0
// mutant: control: if (heartbeat$silence) begin => if (heartbeat$silence & ~does$q[c_arm]) begin
// mutant: control: if (fault) begin => if (fault & is_armed$q) begin
// mutant: control: fences$d = fenced_next | ((halts) & 112'hffffffffffffffffffffffffffff); => fences$d = fenced_next;
// mutant: control: fenced_next = fences$q & (~scopes); => fenced_next = fences$q & ~{scopes[111:17], 17'h1ffff};
// mutant: control: if (does$q[c_clear_kill]) begin => if (does$q[c_clear_kill] | does$q[c_arm]) begin
module kill_silences(
    input clock, input reset, input [511:0] command, input command_valid, input fault,
    input invalidate_all, input [15:0] invalidate, input [15:0] halts, input issue, input [3:0] issue_instrument, input [15:0] locate, input [15:0] trading
);
    wire [31:0] generation;
    wire commits;
    wire [15:0] books_valid;
    wire heard, silence;
    wire [111:0] fenced;
    wire [447:0] note;
    wire armed, killed, session_write, tx_valid, tx_last;
    wire [31:0] session_user_ref;
    control c(.clock(clock), .reset(reset), .command(command), .command_valid(command_valid),
        .invalidate_all(invalidate_all), .invalidate(invalidate), .halts(halts), .issue(issue), .issue_instrument(issue_instrument),
        .fault(fault), .locate(locate), .generation(generation), .forget(commits), .armed(armed), .killed(killed),
        .heard(heard), .silence(silence), .fenced(fenced), .books_valid(books_valid), .session_write(session_write),
        .session_user_ref(session_user_ref));
    gate_alone g(.clock(clock), .reset(reset), .generation(generation), .commits(commits), .armed(armed), .killed(killed),
        .heard(heard), .fenced(fenced), .books_valid(books_valid), .trading(trading), .session_write(session_write),
        .session_user_ref(session_user_ref), .note(note), .tx_last(tx_last), .tx_valid(tx_valid));

    localparam ARM = 8'd7, DISARM = 8'd8, KILL = 8'd9, CLEAR_KILL = 8'd10,
        HEARTBEAT = 8'd19, FENCE = 8'd20, LIFT = 8'd21;
    // What the contract says: true from the third cycle after the command on.
    reg [7:0] came_code = 0, shown_code = 0;
    reg [47:0] came_arg = 0, shown_arg = 0, vouched = 0;
    reg [63:0] came_rules = 0, shown_rules = 0;
    reg [111:0] walled = 0, was_walled = 0;
    wire [3:0] of = note[19:16];
    wire walled_off = was_walled[of] || was_walled[(note[439:432] == "B" ? 16 : 32) + of] || was_walled[48 + {of, note[25:24]}];
    reg vouched_for = 0, was_vouched = 0;
    reg came = 0, shown = 0, closed = 0, open = 0;
    reg was_closed = 0, was_open = 0, in_frame = 0, sent_before = 0;
    wire starts = tx_valid && !in_frame;
    always @(posedge clock) begin
        came <= command_valid && !reset;
        came_code <= command[71:64];
        came_arg <= command[175:128];
        came_rules <= command[255:192];
        shown <= came && !reset;
        shown_code <= came_code;
        shown_arg <= came_arg;
        shown_rules <= came_rules;
        if (shown && shown_code == CLEAR_KILL) closed <= 0;
        if (shown && shown_code == KILL || fault) closed <= 1;
        if (shown && shown_code == ARM) open <= 1;
        if (shown && shown_code == DISARM || was_vouched && !vouched_for) open <= 0;
        if (vouched != 0) vouched <= vouched - 1;
        if (shown && shown_code == HEARTBEAT) vouched <= shown_arg;
        vouched_for <= vouched != 0;
        was_vouched <= vouched_for;
        walled <= walled | halts;
        if (shown && shown_code == FENCE) walled <= walled | {shown_rules, shown_arg} | halts;
        if (shown && shown_code == LIFT) walled <= walled & ~{shown_rules, shown_arg} | halts;
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
        silent_where_fenced: assert (!starts || !walled_off || note[439:432] == "C");

        killed_behind_an_order: cover (sent_before && closed && armed);
        silence_behind_an_order: cover (sent_before && silence);
    end

    // What makes this inductive, beside what makes the gate so: for how long the host vouched.
    (* hierconn *) wire [47:0] \c.heartbeat.remaining$q ;
    (* hierconn *) wire \c.heartbeat.was_heard$q ;
    always @(posedge clock) begin
        vouched_as_long: assert (\c.heartbeat.remaining$q == vouched && \c.heartbeat.was_heard$q == was_vouched);
    end
endmodule
