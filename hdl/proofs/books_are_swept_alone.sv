// Books are swept only where nothing is on its way through them: since the command to clear them the feed is aside, and since
// the frame that was under way has ended so many cycles have passed as the longest way takes; and rows are taken only
// behind the sweep and until the host resumes.
//
// Free: the feed; commands, but for what `validity` promises: none to clear while the books are being cleared, a row and the
// end only while they take rows and as far apart as they must be.
//
// blocks: restore
// induction: 4
// cover: 12
// mutant: restore: under_way$d = mid_after; => under_way$d = 1'b0;
// mutant: restore: if (under_way$q) begin => if (1'b0) begin
// mutant: restore: is_aside$d = 1'b1; => is_aside$d = 1'b0;
// mutant: restore: if (forget) begin => if (1'b0) begin
module books_are_swept_alone(
    input clock, input reset, input word_valid, input word_last, input forget, input clear, input row, input resume
);
    wire aside, sweeps, cleared;
    wire [3:0] stage;
    restore u(.*);
    wire clearing = stage[0], open = stage[1], row_is_early = stage[2], resume_is_early = stage[3];
    reg past = 0;
    always @(posedge clock) past <= 1;
    always @* begin
        assume (reset == !past);
        assume (!clear || (!clearing && !row && !resume));
        assume (!row || (open && !row_is_early && !resume));
        assume (!resume || (open && !resume_is_early));
    end

    // A frame is under way; it was when the books were last told to be cleared; and cycles since neither.
    reg mid = 0, old = 0;
    reg [7:0] quiet = 0;
    // Cycles since the last row, and whether the books were swept in one of the last three cycles.
    reg [6:0] rest = 127;
    reg [2:0] were = 0;
    wire mid_after = !forget && (word_valid ? !word_last : mid);
    always @(posedge clock) begin
        mid <= !reset && mid_after;
        old <= !reset && mid_after && (clear || old);
        quiet <= clear || old ? 0 : quiet == 255 ? 255 : quiet + 1;
        rest <= row ? 0 : rest == 127 ? 127 : rest + 1;
        were <= {were[1:0], sweeps};
    end
    (* hierconn *) wire \u.mid$q , \u.under_way$q ;
    (* hierconn *) wire [9:0] \u.waited$q ;
    (* hierconn *) wire [5:0] \u.rest$q ;
    always @(posedge clock) if (!reset) begin
        swept_alone: assert (!sweeps || (aside && clearing && !old && quiet >= 126));
        aside_until_resumed: assert (!(clearing || open) || aside);
        rows_behind_the_sweep: assert (!row || !(sweeps || were != 0));
        rows_apart: assert (!row || rest >= 3);
        ends_behind_the_last_row: assert (!resume || rest >= 63);

        clears_in_a_frame: cover (clearing && old && word_valid && word_last);
        clears_in_a_frame_that_is_put_off: cover (clearing && old && forget);
        clears_between_frames: cover (clearing && !old && word_valid);

        // What makes it inductive.
        same_frames: assert (\u.mid$q == mid && \u.under_way$q == old);
        old_is_under_way: assert (!old || mid);
        one_stage: assert (!(clearing && open));
        waits_behind_it: assert (!clearing || !old || \u.waited$q == 0);
        waits_as_long: assert (!clearing || old || quiet >= 254 || \u.waited$q <= quiet + 1);
        waited_no_longer: assert (!clearing || \u.waited$q < 648);
        swept_in_time: assert (!sweeps || (\u.waited$q > 128 && \u.waited$q <= 644));
        swept_not_long_ago: assert ((!were[0] || \u.waited$q <= 645) && (!were[1] || \u.waited$q <= 646) && (were == 0 || (clearing && \u.waited$q > 128)));
        rests: assert (\u.rest$q == (rest >= 63 ? 0 : 63 - rest));
    end
endmodule
