// No own order is forgotten (C13): of any order that passed and may rest, the gate is told a price at least as near, from the
// reading on that finds it, for as long as the host leaves it in what it tells behind having heard of it. What the host
// tells without having heard of it takes nothing away. Who was told nothing since reset has orders at every price.
//
// Of each memory one row is kept, any one; every other row reads as anything. One order, any one, is watched: it may end
// in any cycle, and until then the host tells of it once it has heard of it; it hears of none before it was sent. Behind a pass
// none is judged for as long as the gate's frame takes. Fewer than 2^30 orders lie between what is told and what is sent. Free:
// everything else in every cycle.
//
// blocks: resting
// with: memories
// induction: 3
// cover: 14
// mutant: resting: own2$d = own1$q; => own2$d = 64'hffffffffffffffff;
// mutant: resting: nearer = price_key; => nearer = mine;
// mutant: resting: instrument2$d = instrument1$q; => instrument2$d = instrument;
// mutant: resting: missed = told[(64'h40)+:(32)] - sent[(64'h40)+:(32)]; => missed = 32'h0;
// mutant: resting: told_data[(64'h20)+:(32)] = grant[(64'ha)+:(32)] ^ k_full; => told_data[(64'h20)+:(32)] = grant[(64'h2a)+:(32)] ^ k_full;
module own_orders_are_known(
    input clock, input tells, input [3:0] to, input [31:0] told_buys, input [31:0] told_sells, input [31:0] told_orders,
    input [3:0] instrument, input buys, input [31:0] price, input sends, input rests, input watch, input ends
);
    reg [31:0] count = 0;
    wire [31:0] orders = count + 1;
    wire passes = sends && rests;
    wire [233:0] grant = {64'd0, told_orders, 64'd0, told_sells, told_buys, 2'd0, to, tells, 3'd0};
    wire [63:0] own;
    resting u(.clock(clock), .reset(1'b0), .sweep(4'd0), .grant(grant), .instrument(instrument), .own(own), .buys(buys),
        .price(price), .rests(passes), .orders(orders));

    (* anyconst *) wire [3:0] of;
    (* hierconn *) wire [3:0] \u.told_rows.rows.kept , \u.sent_rows.rows.kept , \u.instrument1$q , \u.instrument2$q , \u.instrument3$q ;
    (* hierconn *) wire [95:0] \u.told_rows.rows.row , \u.sent_rows.rows.row ;
    (* hierconn *) wire [63:0] \u.own1$q , \u.own2$q , \u.own3$q ;
    wire [31:0] told_number = \u.told_rows.rows.row [95:64], sent_number = \u.sent_rows.rows.row [95:64];
    reg [3:0] read1 = 0, read2 = 0, read3 = 0;
    reg [2:0] passed = 0;
    reg buys_then = 0, was_told = 0, was_told1 = 0;
    reg [31:0] price_then = 0;
    // The watched order: whether it bought, at which price, as which number.
    reg lives = 0, lived = 0, bought = 0;
    reg [31:0] at = 0, number = 0;
    wire begins = passes && read3 == of && watch && !lives;
    always @(posedge clock) begin
        if (sends) count <= orders;
        {read3, read2, read1} <= {read2, read1, instrument};
        passed <= {passed[1:0], passes};
        {buys_then, price_then} <= {buys, price};
        if (begins) {bought, at, number} <= {buys_then, price_then, orders};
        lives <= begins || lives && !ends;
        lived <= lives && !ends;
        was_told <= was_told || tells && to == of;
        was_told1 <= was_told;
    end
    // Nearer or as near: a sell at most, a buy at least at the order's price. Prices come as sells, then buys as their complement.
    function near(input [63:0] prices);
        near = bought ? ~prices[63:32] >= at : prices[31:0] <= at;
    endfunction
    wire [31:0] heard = told_orders - number;
    always @* begin
        assume (\u.told_rows.rows.kept == of && \u.sent_rows.rows.kept == of);
        assume (!passes || passed == 0);
        assume (count - told_number < 32'h40000000 && count - sent_number < 32'h40000000);
        assume (!lives || count - number < 32'h40000000);
        if (tells && to == of) begin
            assume (count - told_orders < 32'h40000000);
            assume (!lives || heard[31] || (bought ? told_buys >= at : told_sells <= at));
        end
    end
    always @(posedge clock) begin
        it_is_known: assert (!(read1 == of && lives && lived) || near(own));
        untold_is_everywhere: assert (read1 != of || was_told1 || own == 0);
        kept_though_told_without_it: cover (read1 == of && lives && lived && was_told1 && told_number == number - 1 && own != 0);
        told_with_it: cover (read1 == of && lives && lived && told_number == number && number == 2 && own[31:0] != 0);
    end

    // What makes this inductive: the row that counts has it; what was read since it passed has it too, and what is to be
    // written has what passes.
    wire [31:0] told_behind = told_number - number, sent_behind = sent_number - number;
    wire [31:0] key = buys_then ? ~price_then : price_then;
    always @(posedge clock) begin
        told_row_has_it: assert (!lives || told_behind[31] || near(\u.told_rows.rows.row [63:0]));
        sent_row_has_it: assert (!lives || !sent_behind[31] && near(\u.sent_rows.rows.row [63:0]));
        first_has_it: assert (!lives || passed[0] || read1 != of || near(\u.own1$q ));
        second_has_it: assert (!lives || passed[1:0] != 0 || read2 != of || near(\u.own2$q ));
        third_has_it: assert (!lives || passed[2:0] != 0 || read3 != of || near(\u.own3$q ));
        third_has_what_passes: assert (key >= (buys_then ? \u.own3$q [63:32] : \u.own3$q [31:0]));
        instruments: assert (\u.instrument1$q == read1 && \u.instrument2$q == read2 && \u.instrument3$q == read3);
        untold: assert (was_told || \u.told_rows.rows.row [63:0] == 0 && \u.sent_rows.rows.row [63:0] == 0);
        untold_reads: assert (was_told1 || (read1 != of || \u.own1$q == 0) && (read2 != of || \u.own2$q == 0) && (read3 != of || \u.own3$q == 0));
        watched: assert (lives || !lived);
    end
endmodule

`include "memories.svh"
`KEEPS_A_ROW(resting$told_rows, 4, 96)
`KEEPS_A_ROW(resting$sent_rows, 4, 96)
