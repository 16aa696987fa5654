//! One test body, every card: a card loaded with instruments, its feed, and what comes out.
use crate::{
    messages::{action, blocks},
    parameters::{self, Instrument, Rule, command},
    traffic::packet,
};
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    limits::RULES,
    reason::Reason,
    shm::{Command, Condition, Event, EventKind, Opcode},
};
use riposte_model::Model;
use riposte_verilated::Verilated;

/// The first instrument of a bench.
pub const LOCATE: u16 = 13;
/// Longer than a full decision queue of full rules takes to leave.
const SETTLE_CYCLES: u64 = 1500;
const TIME_NS: u64 = 34_200_000_000_000;

/// Runs `body` on the reference model and on the gateware.
pub fn on_each_card(mut body: impl FnMut(&mut dyn Card)) {
    let cards: [Box<dyn Card>; 2] = [Box::new(Model::new()), Box::new(Verilated::new())];
    for mut card in cards {
        // Captured, and shown when the body fails.
        println!("card: {}", card.name());
        body(card.as_mut());
    }
}

/// A rule on every print; its order is inside the limits of `instrument`.
pub const ON_TRADE: Rule =
    Rule { condition: Condition::TradeAtLeast, threshold: 1, quantity: 100, price_e4: 650_000, ..Rule::WIDE };

/// Enabled, up to 500 shares, $60 to $70.
pub fn instrument(rules: &[Rule]) -> Instrument {
    let mut slots = [None; RULES];
    for (slot, rule) in slots.iter_mut().zip(rules) {
        *slot = Some(*rule);
    }
    Instrument { locate: LOCATE, quantity_max: 500, collar_e4: (600_000, 700_000), rules: slots, ..Instrument::WIDE }
}

/// A card under test and the next sequence number of its feed.
pub struct Bench<'a> {
    pub card: &'a mut dyn Card,
    pub sequence: u64,
    pub tagged: bool,
    next_command: u64,
}

impl<'a> Bench<'a> {
    /// After reset.
    pub fn bare(card: &'a mut dyn Card) -> Bench<'a> {
        card.reset();
        Bench { card, sequence: 1, tagged: false, next_command: 0 }
    }

    /// `instruments` loaded as generation 1, valid, armed, session set, tracing; every instrument trades.
    pub fn new(card: &'a mut dyn Card, instruments: &[Instrument]) -> Bench<'a> {
        let mut bench = Bench::bare(card);
        bench.commands(&parameters::parameters(instruments, 1));
        bench.commands(&parameters::opening(instruments.len()));
        let actions: Vec<_> = instruments.iter().map(|one| action(one.locate, b'T')).collect();
        bench.show(&actions);
        bench.settle();
        bench
    }

    /// One instrument and one rule, on every print.
    pub fn on_trade(card: &'a mut dyn Card) -> Bench<'a> {
        Bench::new(card, &[instrument(&[ON_TRADE])])
    }

    /// Shows commands one a cycle and lets them act.
    pub fn commands(&mut self, commands: &[Command]) {
        for one in commands {
            self.command(0, *one);
        }
        let cycles = self.next_command + 4 - self.card.cycle();
        self.card.idle(cycles);
    }

    /// Schedules a command `ahead` cycles from now, or as soon as the ones before it allow.
    pub fn command(&mut self, ahead: u64, command: Command) {
        let cycle = (self.card.cycle() + ahead).max(self.next_command);
        self.next_command = cycle + 1;
        self.card.schedule(cycle, &command);
    }

    /// A command without arguments.
    pub fn simple(&mut self, opcode: Opcode) {
        self.commands(&[command(opcode, 0, 0, 0, 0, &[])]);
    }

    /// The next frame of the feed with `messages`, not yet shown.
    pub fn next_frame(&mut self, messages: &[Vec<u8>]) -> Vec<u8> {
        let frame = packet(self.tagged, self.sequence, messages.len() as u16, &blocks(messages));
        self.sequence += messages.len() as u64;
        frame
    }

    /// Shows messages in one frame, in sequence.
    pub fn show(&mut self, messages: &[Vec<u8>]) {
        let frame = self.next_frame(messages);
        self.raw(&frame);
    }

    /// Shows a frame as it is.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.card.frame(&Frame::new(bytes, TIME_NS));
    }

    /// Shows a frame whose check sequence is bad.
    pub fn raw_bad(&mut self, bytes: &[u8]) {
        self.card.frame(&Frame { fcs_good: false, ..Frame::new(bytes, TIME_NS) });
    }

    /// Lets everything come out and takes it.
    pub fn settle(&mut self) -> Output {
        self.card.idle(SETTLE_CYCLES);
        let mut output = Output::default();
        self.card.drain(&mut output);
        output
    }

    /// Settles; orders sent and refused (their reasons, `None` for sent), each sent one with its frame.
    pub fn orders(&mut self) -> Vec<Reason> {
        orders(&self.settle())
    }

    pub fn count(&mut self, counter: Counter) -> u32 {
        self.card.counters()[counter as usize]
    }
}

/// Verdicts on orders in `output`, in order: `Reason::None` is an order that left.
pub fn orders(output: &Output) -> Vec<Reason> {
    let verdicts: Vec<_> = output.events.iter().filter(|event| is_order(event)).map(reason).collect();
    let sent = verdicts.iter().filter(|&&reason| reason == Reason::None).count();
    assert_eq!(output.transmitted.len(), sent, "one frame an order that was sent, and no other");
    verdicts
}

pub fn is_order(event: &Event) -> bool {
    matches!(event.kind(), Some(EventKind::OrderSent | EventKind::OrderRefused))
}

pub fn reason(event: &Event) -> Reason {
    event.reason().expect("a reason of the contract")
}

/// Reasons of the events of `kind`.
pub fn reasons(output: &Output, kind: EventKind) -> Vec<Reason> {
    output.events.iter().filter(|event| event.kind() == Some(kind)).map(reason).collect()
}
