// A flat C face of a Verilated card: one call a cycle with all inputs, one record with all outputs.
// Included behind the model's own sources, with CARD (name of a function), MODEL (its class), LOWER_CLOCK
// (the falling edge) and RIPOSTE_PORT defined.
#include "verilated.h"
#include <cstring>
#ifdef RIPOSTE_TRACE
#include "verilated_vcd_c.h"
#endif

double __attribute__((weak)) sc_time_stamp() { return 0; }

namespace {

struct Word {
    uint64_t time_ns, data;
    uint8_t bytes, last, bad, valid;
};

struct CardInput {
    Word rx, rxb;
    const uint32_t* command; // 16 words, or null
    uint8_t reset;
};

struct CardOutput {
    uint64_t tx_data, tx_time_ns;
    uint32_t event[16];
    uint32_t counter;
    uint8_t tx_bytes, tx_last, tx_valid, event_valid, counter_index;
};

struct CardModel {
    VerilatedContext context;
    MODEL top;
#ifdef RIPOSTE_TRACE
    VerilatedVcdC waves;
    uint64_t now = 0;
#endif
    CardModel() : context(), top(&context, "card") {}
};

} // namespace

extern "C" {

void* CARD(new)() {
    CardModel* model = new CardModel;
#ifdef RIPOSTE_TRACE
    model->context.traceEverOn(true);
    model->top.trace(&model->waves, 99);
    model->waves.open("card.vcd");
#endif
    return model;
}

void CARD(free)(void* card) {
    CardModel* model = static_cast<CardModel*>(card);
    model->top.final();
#ifdef RIPOSTE_TRACE
    model->waves.close();
#endif
    delete model;
}

// Outputs are those shown in the cycle whose inputs are given: registers before this cycle's edge.
void CARD(cycle)(void* card, const CardInput* in, CardOutput* out) {
    CardModel* model = static_cast<CardModel*>(card);
    MODEL& top = model->top;
    out->tx_valid = top.tx_valid;
    if (top.tx_valid) {
        out->tx_data = top.tx_data;
        out->tx_bytes = top.tx_bytes;
        out->tx_last = top.tx_last;
        out->tx_time_ns = top.tx_time_ns;
    }
    out->event_valid = top.event_valid;
    if (top.event_valid) std::memcpy(out->event, &top.event_record[0], sizeof out->event);
    out->counter = top.counter;
    out->counter_index = top.counter_index;
    top.reset = in->reset;
    top.time_ns = in->rx.time_ns;
    top.rx_data = in->rx.data;
    top.rx_bytes = in->rx.bytes;
    top.rx_last = in->rx.last;
    top.rx_bad = in->rx.bad;
    top.rx_valid = in->rx.valid;
    top.rxb_time_ns = in->rxb.time_ns;
    top.rxb_data = in->rxb.data;
    top.rxb_bytes = in->rxb.bytes;
    top.rxb_last = in->rxb.last;
    top.rxb_bad = in->rxb.bad;
    top.rxb_valid = in->rxb.valid;
    top.command_valid = in->command != nullptr;
    if (in->command) std::memcpy(&top.command[0], in->command, 64);
    LOWER_CLOCK(top);
#ifdef RIPOSTE_TRACE
    model->waves.dump(model->now++);
#endif
    top.clock = 1;
    top.eval();
#ifdef RIPOSTE_TRACE
    model->waves.dump(model->now++);
#endif
}

// The value of a block's port, as it stands behind the last cycle's edge; 16 words are enough for each.
void CARD(port)(void* card, uint32_t index, uint32_t* words) {
    CardModel* model = static_cast<CardModel*>(card);
    auto* root = model->top.rootp;
    (void)root;
    (void)words;
    RIPOSTE_PORT(root, index, words)
}
}
