// A frame is taken whole or not at all, and as its port showed it; never are words of both ports taken in one cycle; and while the
// books are swept nothing is taken, nor was in the cycles before, in which what is under way drains.
//
// Free: both ports, commands (what control promises: none to clear while the books are being cleared, none to resume unless
// the host's frames are taken).
//
// blocks: source
// induction: 3
// cover: 12
// mutant: source: word$valid = (line$valid & line_passes$q) | (host$valid & host_passes$q); => word$valid = (line$valid & line_open$q) | (host$valid & host_passes$q);
// mutant: source: if (line_between | reset) begin => if (1'b1) begin
// mutant: source: if (line_busy | host_busy) begin => if (host_busy) begin
module frames_are_taken_whole(
    input clock, input reset, input [63:0] line_data, input [3:0] line_bytes, input line_last, input line_bad, input line_valid,
    input [63:0] host_data, input [3:0] host_bytes, input host_last, input host_valid, input clear, input [63:0] clear_sequence,
    input resume
);
    wire [63:0] data, first_sequence;
    wire [3:0] bytes;
    wire last, bad, valid, clearing, sweeps, cleared, takes_host, count_missed, count_unwanted;
    source u(.clock(clock), .reset(reset), .line$data (line_data), .line$bytes (line_bytes), .line$last (line_last),
        .line$bad (line_bad), .line$valid (line_valid), .host$data (host_data), .host$bytes (host_bytes),
        .host$last (host_last), .host$bad (1'b0), .host$valid (host_valid), .clear(clear), .clear_sequence(clear_sequence),
        .resume(resume), .word$data (data), .word$bytes (bytes), .word$last (last), .word$bad (bad), .word$valid (valid),
        .clearing(clearing), .sweeps(sweeps), .cleared(cleared), .first_sequence(first_sequence), .takes_host(takes_host),
        .count_missed(count_missed), .count_unwanted(count_unwanted));
    reg past = 0;
    always @(posedge clock) past <= 1;
    always @* begin
        assume (reset == !past);
        assume (!clear || !clearing);
        assume (!resume || (takes_host && !clear));
    end

    // Whether the frame that is under way on a port is taken, as its first word was.
    (* hierconn *) wire \u.line_passes$q , \u.host_passes$q , \u.line_mid$q , \u.host_mid$q , \u.from_host$q , \u.line_open$q ,
        \u.host_open$q , \u.is_clearing$q , \u.is_resuming$q , \u.is_sweeping$q ;
    (* hierconn *) wire [9:0] \u.waited$q ;
    reg line_mid = 0, host_mid = 0, line_taken = 0, host_taken = 0;
    reg [7:0] quiet = 0;
    // In the last three cycles.
    reg [2:0] were = 0;
    wire swept = were != 0;
    wire takes_line = line_valid && \u.line_passes$q , takes_hosts = host_valid && \u.host_passes$q ;
    always @(posedge clock) begin
        if (line_valid) begin
            line_mid <= !line_last;
            if (!line_mid) line_taken <= takes_line;
        end
        if (host_valid) begin
            host_mid <= !host_last;
            if (!host_mid) host_taken <= takes_hosts;
        end
        were <= {were[1:0], sweeps};
        quiet <= valid ? 0 : quiet == 255 ? 255 : quiet + 1;
        if (reset) begin
            line_mid <= 0;
            host_mid <= 0;
        end
    end
    always @(posedge clock) if (!reset) begin
        one_at_a_time: assert (!(takes_line && takes_hosts));
        words_of_its_port: assert (valid == (takes_line || takes_hosts));
        as_the_line_showed_it: assert (!takes_line || {data, bytes, last, bad} == {line_data, line_bytes, line_last, line_bad});
        as_the_host_showed_it: assert (!takes_hosts || {data, bytes, last, bad} == {host_data, host_bytes, host_last, 1'b0});
        line_is_whole: assert (!(line_valid && line_mid) || takes_line == line_taken);
        host_is_whole: assert (!(host_valid && host_mid) || takes_hosts == host_taken);
        drained_before_the_sweep: assert (!sweeps || (!valid && quiet >= 100));
        swept_before_the_next: assert (!valid || !(sweeps || swept));

        frame_of_the_line: cover (line_mid && line_taken && takes_line && last);
        frame_of_the_line_is_missed: cover (line_mid && !line_taken && line_valid && line_last);
        clears_behind_a_frame: cover (clearing && takes_line && last);

        // What makes it inductive.
        same_frames: assert (\u.line_mid$q == line_mid && \u.host_mid$q == host_mid);
        line_passes_as_it_began: assert (!line_mid || \u.line_passes$q == line_taken);
        host_passes_as_it_began: assert (!host_mid || \u.host_passes$q == host_taken);
        open_ports_pass: assert (line_mid || \u.line_passes$q == \u.line_open$q );
        open_host_passes: assert (host_mid || \u.host_passes$q == \u.host_open$q );
        line_is_looked_at: assert (!\u.line_passes$q || !\u.from_host$q );
        host_is_looked_at: assert (!\u.host_passes$q || \u.from_host$q );
        line_is_open_alone: assert (!\u.line_open$q || (!\u.host_open$q && !\u.is_clearing$q && !\u.is_resuming$q && !\u.from_host$q ));
        host_is_open_alone: assert (!\u.host_open$q || (!\u.is_clearing$q && !\u.is_resuming$q && \u.from_host$q ));
        resuming_from_the_host: assert (!\u.is_resuming$q || (!\u.is_clearing$q && \u.from_host$q ));
        waits_behind_the_last: assert (!\u.is_clearing$q || !(line_mid && line_taken || host_mid && host_taken) || \u.waited$q == 0);
        quiet_while_it_waits: assert (!\u.is_clearing$q || \u.waited$q > 127 && quiet >= 127 || quiet >= \u.waited$q );
        sweeps_behind_the_wait: assert (!\u.is_sweeping$q || (quiet >= 127 && !(line_mid && line_taken) && !(host_mid && host_taken)));
        swept_in_time: assert (!sweeps || (\u.is_clearing$q && \u.waited$q > 128 && \u.waited$q <= 644));
        swept_not_long_ago: assert ((!were[0] || \u.waited$q <= 645) && (!were[1] || \u.waited$q <= 646) && (!swept || \u.waited$q > 128));
        nothing_passes_behind_it: assert (!swept || (\u.is_clearing$q && !(line_mid && line_taken) && !(host_mid && host_taken)));
        waited_no_longer: assert (!\u.is_clearing$q || \u.waited$q < 648);
    end
endmodule
