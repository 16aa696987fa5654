// What comes out of a race of levels is the best of those that count: no slot that is not masked is better, nor is the entrant,
// and it is one of them.
//
// Free: everything in every cycle. The slots of a cycle are held against the mask of the next, the entrant of the one behind
// it and what comes out four cycles later.
//
// blocks: best_of_sixteen
// induction: 6
// cover: 8
// mutant: best_of_sixteen: if (enters$q) begin => if (1'b0) begin
// mutant: best_of_sixteen: groups$2$masked = masked[(2 * 32'h4)+:(4)]; => groups$2$masked = 32'h0;
// mutant: best_of_sixteen: last_entrant$d = entrant; => last_entrant$d = last_entrant$q;
module best_is_best(input clock, input reset, input [1039:0] slots, input [15:0] masked, input [64:0] entrant);
    wire [64:0] best;
    best_of_sixteen u(.clock(clock), .reset(reset), .masked(masked), .entrant(entrant), .best(best),
        .\slots$0 (slots[0+:65]), .\slots$1 (slots[65+:65]), .\slots$2 (slots[130+:65]), .\slots$3 (slots[195+:65]),
        .\slots$4 (slots[260+:65]), .\slots$5 (slots[325+:65]), .\slots$6 (slots[390+:65]), .\slots$7 (slots[455+:65]),
        .\slots$8 (slots[520+:65]), .\slots$9 (slots[585+:65]), .\slots$10 (slots[650+:65]), .\slots$11 (slots[715+:65]),
        .\slots$12 (slots[780+:65]), .\slots$13 (slots[845+:65]), .\slots$14 (slots[910+:65]), .\slots$15 (slots[975+:65]));

    reg [1039:0] slots1, slots2, slots3, slots4;
    reg [15:0] masked2, masked3, masked4;
    reg [64:0] entrant3, entrant4;
    reg [2:0] cycles = 0;
    reg was_reset;
    always @(posedge clock) begin
        {slots4, slots3, slots2, slots1} <= {slots3, slots2, slots1, slots};
        {masked4, masked3, masked2} <= {masked3, masked2, masked};
        {entrant4, entrant3} <= {entrant3, entrant};
        if (cycles != 4) cycles <= cycles + 1;
        was_reset <= reset;
    end

    // A level is used and its key, then its quantity.
    wire counts = cycles == 4 && !was_reset;
    reg one_of_them, better, another;
    integer i;
    always @* begin
        one_of_them = best == entrant4;
        better = entrant4[64:32] > best[64:32];
        another = 0;
        for (i = 0; i < 16; i = i + 1) begin
            if (!masked4[i] && slots4[i * 65 +: 65] == best) one_of_them = 1;
            if (!masked4[i] && slots4[i * 65 + 32 +: 33] > best[64:32]) better = 1;
            if (masked4[i] && slots4[i * 65 + 32 +: 33] > best[64:32]) another = 1;
        end
    end
    always @(posedge clock) begin
        none_is_better: assert (!counts || !better);
        it_is_one_of_them: assert (!counts || one_of_them);
        none_in_reset: assert (cycles == 0 || !was_reset || best == 0);

        entrant_wins: cover (counts && best[64] && best == entrant4 && masked4 == 0);
        slot_wins_where_a_better_one_does_not_count: cover (counts && best[64] && best[64:32] > entrant4[64:32] && another);
    end
endmodule
