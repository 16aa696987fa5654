// A lost event is always told, none is lost silently, none comes from nowhere, and none is written over one that was not
// shown: each queue's indexes and counts agree and do not wrap. That a loss kills the card is in kill_silences.
//
// What comes in either goes on to a queue or is told as lost: the records inside are counted before and behind every
// cycle, from the queues' counts. What stands in a record decides nothing here: they are all 0. Free: which sources have
// an event in which cycle, and reset.
//
// blocks: events
// induction: 3
// cover: 21
// mutant: events: is_lost$d = channels$loses | commands$loses => is_lost$d = channels$loses
// mutant: events: commands$pop = commands$occupied & ~channels$occupied; => commands$pop = commands$occupied;
module lost_events_are_told(input clock, input reset, input [3:0] came);
    wire valid, lost;
    events u(.clock(clock), .reset(reset), .channel(448'd0), .channel_valid(came[0]), .command(448'd0),
        .command_valid(came[1]), .order(448'd0), .order_valid(came[2]), .verdict(448'd0), .verdict_valid(came[3]),
        .valid(valid), .lost(lost));

    (* hierconn *) wire \u.is_channel$q , \u.is_command$q , \u.is_order$q , \u.is_verdict$q ;
    (* hierconn *) wire [4:0] \u.channels.count$q ;
    (* hierconn *) wire [3:0] \u.channels.write_at$q , \u.channels.read_at$q ;
    (* hierconn *) wire \u.channels.some$q , \u.channels.full$q , \u.channels.cells$write ;
    (* hierconn *) wire [4:0] \u.commands.count$q ;
    (* hierconn *) wire [3:0] \u.commands.write_at$q , \u.commands.read_at$q ;
    (* hierconn *) wire \u.commands.some$q , \u.commands.full$q , \u.commands.cells$write ;
    (* hierconn *) wire [4:0] \u.orders.count$q ;
    (* hierconn *) wire [3:0] \u.orders.write_at$q , \u.orders.read_at$q ;
    (* hierconn *) wire \u.orders.some$q , \u.orders.full$q , \u.orders.cells$write ;
    (* hierconn *) wire [4:0] \u.verdicts.count$q ;
    (* hierconn *) wire [3:0] \u.verdicts.write_at$q , \u.verdicts.read_at$q ;
    (* hierconn *) wire \u.verdicts.some$q , \u.verdicts.full$q , \u.verdicts.cells$write ;
    wire picked = \u.is_channel$q || \u.is_command$q || \u.is_order$q || \u.is_verdict$q ;
    wire [7:0] stock = valid + picked
        + \u.channels.count$q
        + \u.commands.count$q
        + \u.orders.count$q
        + \u.verdicts.count$q ;
    wire [2:0] arriving = came[0] + came[1] + came[2] + came[3];
    reg [7:0] expected = 0;
    reg was_reset = 1, was_lost = 0;
    always @(posedge clock) begin
        expected <= stock + arriving - valid;
        was_reset <= reset;
        was_lost <= lost;
        if (!was_reset) begin
            not_from_nowhere: assert (stock <= expected);
            loss_is_told: assert (lost == (stock != expected));
        end
        channels_keep_the_unread: assert (!(\u.channels.cells$write && \u.channels.count$q == 16));
        channels_never_wrap: assert (\u.channels.count$q <= 16
            && \u.channels.some$q == (\u.channels.count$q != 0)
            && \u.channels.full$q == (\u.channels.count$q == 16) && ((\u.channels.write_at$q - \u.channels.read_at$q - \u.channels.count$q ) & 4'hf) == 0);
        commands_keep_the_unread: assert (!(\u.commands.cells$write && \u.commands.count$q == 16));
        commands_never_wrap: assert (\u.commands.count$q <= 16
            && \u.commands.some$q == (\u.commands.count$q != 0)
            && \u.commands.full$q == (\u.commands.count$q == 16) && ((\u.commands.write_at$q - \u.commands.read_at$q - \u.commands.count$q ) & 4'hf) == 0);
        orders_keep_the_unread: assert (!(\u.orders.cells$write && \u.orders.count$q == 16));
        orders_never_wrap: assert (\u.orders.count$q <= 16
            && \u.orders.some$q == (\u.orders.count$q != 0)
            && \u.orders.full$q == (\u.orders.count$q == 16) && ((\u.orders.write_at$q - \u.orders.read_at$q - \u.orders.count$q ) & 4'hf) == 0);
        verdicts_keep_the_unread: assert (!(\u.verdicts.cells$write && \u.verdicts.count$q == 16));
        verdicts_never_wrap: assert (\u.verdicts.count$q <= 16
            && \u.verdicts.some$q == (\u.verdicts.count$q != 0)
            && \u.verdicts.full$q == (\u.verdicts.count$q == 16) && ((\u.verdicts.write_at$q - \u.verdicts.read_at$q - \u.verdicts.count$q ) & 4'hf) == 0);

        one_is_lost: cover (!was_reset && expected - stock == 1);
        shown_behind_a_loss: cover (!was_reset && was_lost && valid);
    end
endmodule
