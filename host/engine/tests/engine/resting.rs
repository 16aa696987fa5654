//! Where orders of ours rest, as the card is told (C13): by hand, and that none is forgotten whatever comes late or is lost.
use crate::bench::*;
use proptest::prelude::*;
use riposte_engine::{Body, Report, Side};
use riposte_map::shm::{Command, Event, EventKind, Opcode};
use std::collections::VecDeque;

const NO_SELL: u32 = u32::MAX;
/// The rule whose orders never rest.
const IMMEDIATE: u8 = 1;

fn ready() -> Bench {
    let mut rows = set(500, 1);
    let wanted = |row: &&mut Command| (row.opcode, row.instrument, row.rule) == (Opcode::WriteTemplate as u8, 0, IMMEDIATE);
    rows.iter_mut().filter(wanted).for_each(|row| row.args[1] |= 1 << 48);
    Bench::ready_with(config(), &rows)
}

/// Dearest buy, cheapest sell, and the orders of the card that are in it.
fn word(command: &Command) -> (u32, u32, u32) {
    (command.args[0] as u32, (command.args[0] >> 32) as u32, command.args[1] as u32)
}

/// What the card was told of instrument 0 last of all that was said since it was last asked.
fn resting(bench: &mut Bench) -> Option<(u32, u32, u32)> {
    commands(&bench.take(), Opcode::Resting).iter().rfind(|one| one.instrument == 0).map(word)
}

fn event(side: Side, price: u32, user_ref: u32, rule: u8) -> Event {
    let detail = if side == Side::Buy { b'B' } else { b'T' }.into();
    Event { kind: EventKind::OrderSent as u8, rule, price_e4: price, quantity: 10, user_ref, detail, ..Event::default() }
}

fn sends(bench: &mut Bench, side: Side, price: u32, rule: u8) -> u32 {
    bench.user_ref += 1;
    let user_ref = bench.user_ref;
    bench.event(event(side, price, user_ref, rule));
    user_ref
}

fn fills(bench: &mut Bench, user_ref: u32, quantity: u32) {
    let execution = bench.request();
    bench.venue(CARD, Report::Executed { user_ref, instrument: 0, side: Side::Buy, quantity, price: PRICE, execution });
}

#[test]
fn the_card_is_told_of_the_nearest_of_what_rests() {
    let mut bench = ready();
    let said = bench.take();
    let all: Vec<_> = commands(&said, Opcode::Resting).iter().map(|one| (one.instrument, word(one))).collect();
    assert_eq!(all, (0..16).map(|at| (at, (0, NO_SELL, 0))).collect::<Vec<_>>(), "nothing rests anywhere");
    let low = sends(&mut bench, Side::Buy, 1000, 0);
    assert_eq!(resting(&mut bench), Some((1000, NO_SELL, 1)));
    bench.venue(CARD, Report::Accepted { user_ref: low, instrument: 0, side: Side::Buy, quantity: 10, price: 1000 });
    assert_eq!(resting(&mut bench), None, "no news");
    let sell = sends(&mut bench, Side::Sell, 1010, 0);
    assert_eq!(resting(&mut bench), Some((1000, 1010, 2)));
    let high = sends(&mut bench, Side::Buy, 1005, 0);
    assert_eq!(resting(&mut bench), Some((1005, 1010, 3)));
    let far = sends(&mut bench, Side::Sell, 1020, 0);
    assert_eq!(resting(&mut bench), Some((1005, 1010, 4)), "the card counts it as well");
    fills(&mut bench, high, 4);
    assert_eq!(resting(&mut bench), None, "six of it rest");
    fills(&mut bench, high, 6);
    assert_eq!(resting(&mut bench), Some((1000, 1010, 4)));
    bench.venue(CARD, Report::Rejected { user_ref: sell, reason: 1 });
    assert_eq!(resting(&mut bench), Some((1000, 1020, 4)));
    bench.venue(CARD, Report::Cancelled { user_ref: low, quantity: 10 });
    assert_eq!(resting(&mut bench), Some((0, 1020, 4)));
    bench.venue(CARD, Report::Replaced { original: far, user_ref: 700, quantity: 10, price: 1030 });
    assert_eq!(resting(&mut bench), Some((0, 1030, 4)));
    // What nobody here has sent rests too.
    bench.venue(CARD, Report::Accepted { user_ref: 900, instrument: 0, side: Side::Buy, quantity: 1, price: 1007 });
    assert_eq!(resting(&mut bench), Some((1007, 1030, 4)));
}

#[test]
fn what_ends_by_itself_does_not_rest() {
    let mut bench = ready();
    bench.take();
    let first = sends(&mut bench, Side::Buy, 1000, IMMEDIATE);
    bench.venue(CARD, Report::Accepted { user_ref: first, instrument: 0, side: Side::Buy, quantity: 10, price: 1000 });
    assert_eq!(resting(&mut bench), None);
    sends(&mut bench, Side::Sell, 1010, 0);
    assert_eq!(resting(&mut bench), Some((0, 1010, 2)), "it is counted");
    // The venue may be faster than the card's ring: until that tells more it may be one that rests.
    bench.user_ref += 1;
    let user_ref = bench.user_ref;
    bench.venue(CARD, Report::Accepted { user_ref, instrument: 0, side: Side::Buy, quantity: 10, price: 1001 });
    assert_eq!(resting(&mut bench), Some((1001, 1010, 2)));
    bench.event(event(Side::Buy, 1001, user_ref, IMMEDIATE));
    assert_eq!(resting(&mut bench), Some((0, 1010, 3)));
}

#[test]
fn another_card_and_another_host_are_told_again() {
    let mut bench = ready();
    sends(&mut bench, Side::Buy, 1000, 0);
    bench.take();
    bench.give(Body::Linked { next_command: 500 });
    bench.give(Body::Restarted);
    assert_eq!(resting(&mut bench), Some((1000, NO_SELL, 1)));
    bench.give(Body::CardLost);
    bench.give(Body::Linked { next_command: 1 });
    bench.reset_card();
    assert_eq!(resting(&mut bench), None, "without a set in force there is nothing to stop");
    bench.load(&set(500, 1), 2);
    assert_eq!(resting(&mut bench), Some((1000, NO_SELL, 0)), "of a card that has sent nothing");
}

/// As the card has it: dearest buy, cheapest sell, and of how many orders.
type Word = (u32, u32, u32);

struct Order {
    side: Side,
    price: u32,
    rests: bool,
    is_open: bool,
    /// By the venue.
    is_answered: bool,
}

/// A card that sends all it can, a venue, and everything between them and the engine that takes time.
struct World {
    late: Late,
    to_card: VecDeque<Command>,
    told: Word,
    sent: Word,
    /// Number n at n - 1.
    orders: Vec<Order>,
}

impl World {
    fn new() -> World {
        let everywhere = (u32::MAX, 0, 0);
        let mut world = World {
            late: Late::new(ready()),
            to_card: VecDeque::new(),
            told: everywhere,
            sent: everywhere,
            orders: Vec::new(),
        };
        world.hear();
        world
    }

    fn hear(&mut self) {
        self.to_card.extend(commands(&self.late.bench.take(), Opcode::Resting).iter().filter(|one| one.instrument == 0));
    }

    fn carry_out(&mut self) {
        if let Some(command) = self.to_card.pop_front() {
            self.told = word(&command);
        }
    }

    /// What counts for the card.
    fn counts(&self) -> Word {
        if (self.told.2.wrapping_sub(self.sent.2) as i32) < 0 { self.sent } else { self.told }
    }

    fn reaches(side: Side, price: u32, (buy, sell, _): Word) -> bool {
        if side == Side::Buy { price >= sell } else { price <= buy }
    }

    /// An order, if the gate lets it pass: none of ours that rests may be in its way.
    fn send(&mut self, side: Side, price: u32, rule: u8) {
        let (mut after, rests) = (self.counts(), rule != IMMEDIATE);
        if World::reaches(side, price, after) {
            return;
        }
        let meets = |one: &Order| {
            let its = if one.side == Side::Buy { (one.price, NO_SELL, 0) } else { (0, one.price, 0) };
            one.is_open && one.rests && one.side != side && World::reaches(side, price, its)
        };
        assert!(!self.orders.iter().any(meets), "{side:?} at {price} meets one of ours");
        self.orders.push(Order { side, price, rests, is_open: true, is_answered: false });
        let number = self.orders.len() as u32;
        if rests {
            if side == Side::Buy { after.0 = after.0.max(price) } else { after.1 = after.1.min(price) }
            self.sent = (after.0, after.1, number);
        }
        self.late.events.push_back(event(side, price, number, rule));
    }

    /// The venue takes an order or does not, or ends one that it has.
    fn venue(&mut self, kind: u8, pick: u8) {
        let open: Vec<usize> = (0..self.orders.len()).filter(|at| self.orders[*at].is_open).collect();
        let Some(&at) = usize::from(pick).checked_rem(open.len()).and_then(|at| open.get(at)) else { return };
        let (user_ref, one) = (at as u32 + 1, &mut self.orders[at]);
        let accepted = Report::Accepted { user_ref, instrument: 0, side: one.side, quantity: 10, price: i64::from(one.price) };
        let (is_open, report) = match (one.is_answered, kind % 3) {
            (true, _) => (false, Report::Cancelled { user_ref, quantity: 10 }),
            (false, 0) => (false, Report::Rejected { user_ref, reason: 1 }),
            (false, _) => (true, accepted),
        };
        (one.is_open, one.is_answered) = (is_open, true);
        self.late.reports.push_back(report);
    }

    fn step(&mut self, (kind, pick, price): (u8, u8, u8)) {
        match kind % 16 {
            0..=5 => {
                let side = if pick % 2 == 0 { Side::Sell } else { Side::Buy };
                self.send(side, 997 + u32::from(price) % 7, pick / 2 % 4 / 3);
            }
            6..=7 => self.carry_out(),
            8..=9 => self.late.tell_event(),
            10..=11 => self.late.tell_report(),
            12 if pick < 40 => {
                self.to_card.clear();
                self.late.bench.give(Body::Linked { next_command: 10_000 });
            }
            _ => self.venue(kind / 16, pick),
        }
        self.hear();
    }

    /// Everything that is under way arrives; then the card knows exactly what rests.
    fn settle(&mut self) {
        while self.late.tell() || !self.to_card.is_empty() {
            self.hear();
            self.carry_out();
        }
        let mut rests = (0, NO_SELL);
        for one in self.orders.iter().filter(|one| one.is_open && one.rests) {
            if one.side == Side::Buy { rests.0 = one.price.max(rests.0) } else { rests.1 = one.price.min(rests.1) }
        }
        let (buy, sell, _) = self.counts();
        assert_eq!((buy, sell), rests);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_order_meets_one_of_ours_whatever_comes_late_or_is_lost(steps in steps()) {
        let mut world = World::new();
        steps.into_iter().for_each(|step| world.step(step));
        world.settle();
    }
}

#[test]
fn the_world_of_these_tests_sends_and_ends_orders() {
    let mut world = World::new();
    a_thousand_steps().for_each(|step| world.step(step));
    let ended = world.orders.iter().filter(|one| !one.is_open).count();
    assert!(world.orders.len() > 50 && ended > 20, "{} orders, {ended} ended", world.orders.len());
    world.settle();
}
