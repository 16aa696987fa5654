//! What a command's arguments are to the tables that they are written to.
//!
//! In: a command. Out, in the same cycle: a row of rules, an instrument's limits, a template, the gate's parameters, a row of
//! a book; whoever writes takes the one that the opcode is for. Not here: where it goes, and whether it does.
use crate::{bundle::*, konst::Konst};
use riposte_map::{limits, shm::{Condition, Row, bits::command}};
use rust_hdl::prelude::*;

const _: () = assert!(limits::HOST_RULE == 3);

#[derive(LogicBlock, Default)]
pub struct Arguments {
    pub command: Signal<In, Bits<512>>,
    pub rules: Signal<Out, RuleRow>,
    /// Of its rules, the last is none, but a place for orders of the host.
    pub has_place: Signal<Out, bool>,
    pub limits: Signal<Out, Limits>,
    pub template: Signal<Out, Template>,
    pub throttle: Signal<Out, Throttle>,
    pub book_row: Signal<Out, BookRow>,
    arg0: Signal<Local, Bits<64>>,
    arg1: Signal<Local, Bits<64>>,
    arg2: Signal<Local, Bits<64>>,
    kind: Signal<Local, Bits<4>>,
    row: Signal<Local, RuleRow>,
    conditions: [Signal<Local, Bits<4>>; 4],
    inverses: [Signal<Local, Bits<32>>; 4],
    limit: Signal<Local, Limits>,
    reach: Signal<Local, Bits<32>>,
    order: Signal<Local, Template>,
    interval: Signal<Local, Bits<32>>,
    gate: Signal<Local, Throttle>,
    book: Signal<Local, BookRow>,
    k_host: Konst<8, { Condition::Host as u64 }>,
    k_full: Konst<32, 0xffff_ffff>,
    k_remove: Konst<4, { Row::Remove as u64 }>,
    k_state: Konst<4, { Row::State as u64 }>,
    o_instrument: Konst<9, { command::INSTRUMENT.lsb }>,
    o_index: Konst<9, { command::INDEX.lsb }>,
    o_arg0: Konst<9, { command::ARGS.lsb }>,
    o_arg1: Konst<9, { command::ARGS.lsb + 64 }>,
    o_arg2: Konst<9, { command::ARGS.lsb + 128 }>,
    o_arg3: Konst<9, { command::ARGS.lsb + 192 }>,
}

impl Logic for Arguments {
    #[hdl_gen]
    fn update(&mut self) {
        self.arg0.next = self.command.val().get_bits::<64>(self.o_arg0.val().index());
        self.arg1.next = self.command.val().get_bits::<64>(self.o_arg1.val().index());
        self.arg2.next = self.command.val().get_bits::<64>(self.o_arg2.val().index());
        // A condition as the verdict has it: its number less one, with bit 3 set if there is one; "at most" of complements.
        for i in 0..4 {
            self.conditions[i].next = (self.arg0.val().get_bits::<4>(i * 8) - 1) ^ 8;
            self.inverses[i].next = 0.into();
            if self.conditions[i].val().get_bit(0) {
                self.inverses[i].next = self.k_full.val();
            }
        }
        self.row.next.condition0 = self.conditions[0].val();
        self.row.next.condition1 = self.conditions[1].val();
        self.row.next.condition2 = self.conditions[2].val();
        self.row.next.condition3 = self.conditions[3].val();
        self.row.next.threshold0 = self.arg1.val().get_bits::<32>(0) ^ self.inverses[0].val();
        self.row.next.threshold1 = self.arg1.val().get_bits::<32>(32) ^ self.inverses[1].val();
        self.row.next.threshold2 = self.arg2.val().get_bits::<32>(0) ^ self.inverses[2].val();
        self.row.next.threshold3 = self.arg2.val().get_bits::<32>(32) ^ self.inverses[3].val();
        self.rules.next = self.row.val();
        self.has_place.next = self.arg0.val().get_bits::<8>(24) == self.k_host.val();
        self.limit.next.enabled = self.arg0.val().get_bit(16);
        self.limit.next.may_buy = self.arg0.val().get_bit(17);
        self.limit.next.may_sell = self.arg0.val().get_bit(18);
        self.limit.next.may_short = self.arg0.val().get_bit(19);
        self.limit.next.quantity_max = self.arg1.val().get_bits::<32>(0);
        self.limit.next.collar_low = self.arg1.val().get_bits::<32>(32);
        self.limit.next.collar_high = self.arg2.val().get_bits::<32>(0);
        self.reach.next = self.arg2.val().get_bits::<32>(32);
        self.limit.next.reach = self.reach.val();
        self.limit.next.has_reach = self.reach.val() != 0;
        self.limit.next.is_open = self.reach.val() == self.k_full.val();
        self.limit.next.value_max = self.command.val().get_bits::<64>(self.o_arg3.val().index());
        self.limits.next = self.limit.val();
        self.order.next.quantity = self.arg0.val().get_bits::<32>(0);
        self.order.next.price = self.arg0.val().get_bits::<32>(32);
        self.order.next.side = self.arg1.val().get_bits::<8>(0);
        self.order.next.words = self.arg1.val().get_bits::<5>(8);
        self.order.next.last_bytes = self.arg1.val().get_bits::<4>(16);
        self.order.next.payload_bytes = self.arg1.val().get_bits::<8>(24);
        self.order.next.checksum = self.arg1.val().get_bits::<16>(32);
        self.order.next.cooldown = self.arg2.val().get_bits::<48>(0);
        self.template.next = self.order.val();
        self.interval.next = self.arg0.val().get_bits::<32>(0);
        self.gate.next.interval = self.interval.val();
        self.gate.next.runs = self.interval.val() != 0;
        self.gate.next.runs_always = self.interval.val() == 1;
        self.gate.next.burst = self.arg0.val().get_bits::<16>(32);
        self.gate.next.age_max = self.arg0.val().get_bits::<16>(48);
        self.throttle.next = self.gate.val();
        self.kind.next = self.command.val().get_bits::<4>(self.o_index.val().index());
        self.book.next.instrument = self.command.val().get_bits::<4>(self.o_instrument.val().index());
        self.book.next.reference = self.arg0.val();
        self.book.next.shares = self.arg1.val().get_bits::<32>(0);
        self.book.next.price = self.arg1.val().get_bits::<32>(32);
        self.book.next.mark = self.arg2.val().get_bits::<8>(0);
        self.book.next.removes = self.kind.val() == self.k_remove.val();
        self.book.next.is_state = self.kind.val() == self.k_state.val();
        self.book_row.next = self.book.val();
    }
}
