// The gate's decision queue, which gives any decision in any cycle: more than the real one does, of which
// queue_keeps_the_unread says that it gives back what it was given.
module \gate$decisions (input clock, input reset, input push, input [314:0] data, input pop,
    output [314:0] head, output empty, output full);
    (* anyseq *) wire [314:0] any;
    (* anyseq *) wire any_empty, any_full;
    assign head = any;
    assign empty = any_empty;
    assign full = any_full;
endmodule
