//! What the card is lent: positions, value, open and unanswered orders, orders of a rule (C07, C09 to C12), and for how
//! long the host vouches (C28).
//!
//! The card compares what it was granted with what it has sent, both since its reset and wrapping, so a grant is what it
//! has sent, as its events tell, and the room that is left, as the venue tells:
//!
//! - position: limit - position - open of that side. The worst case of long is everything bought that is open and
//!   nothing sold, of short the other way round; whoever made an order, it counts. Nothing is lent on a position that the
//!   venue has not confirmed.
//! - exposure: limit - (what positions have cost + price x quantity of what is open), gross over all instruments. A mark
//!   does not move it.
//! - open and unanswered orders: limit - those of the card's session.
//! - a rule: its limit - what it has sent since a person released it, also on the card before this one.
//!
//! Holds: sends, cancels and fills never lower the grant of a position, so a grant that is late is only stricter, and
//! what the card may send but has not told yet is in it. A grant that is told twice grants once: after a restart all are.
use crate::card::CARD;
use crate::engine::Engine;
use crate::generation::{Gate, Generation, RULE_COUNT, rule_number};
use crate::holding::Holding;
use crate::message::fields;
use crate::order::Order;
use crate::output::Outputs;
use riposte_map::limits::{CLOCK_PS, INSTRUMENTS, RULES};
use riposte_map::shm::{Command, Event, NONE, Opcode};

/// A record, a command and what stops the card.
const ROOM: usize = 3;
/// Heartbeats in the time for which one vouches.
const BEATS: u64 = 3;

/// What the card has sent since its reset, what it was lent, and what it is owed.
#[derive(Clone, Copy, Hash)]
pub(crate) struct Lending {
    /// Pieces, of buys and of all others.
    pieces: [[u32; 2]; INSTRUMENTS],
    value: u64,
    orders: u32,
    of_rule: [u32; RULE_COUNT],
    /// `of_rule` when a person last released the rule.
    released: [u32; RULE_COUNT],
    told: Grants,
    /// Orders of the card's session that are open, and those of them that the venue has not answered.
    open: u32,
    unanswered: u32,
    /// When the host last vouched for this card; none if it has not.
    beat_ns: Option<u64>,
    /// Something changed that grants depend on.
    pub is_due: bool,
}

/// Grants as the card has them; none where that is not known.
#[derive(Clone, Copy, Hash)]
struct Grants {
    leases: [Option<[u32; 2]>; INSTRUMENTS],
    repeats: [Option<u32>; RULE_COUNT],
    credit: Option<[u64; 2]>,
}

fields! {
    Grants { leases, repeats, credit }
    Lending { pieces, value, orders, of_rule, released, told, open, unanswered, beat_ns, is_due }
}

impl Grants {
    const UNKNOWN: Grants = Grants { leases: [None; INSTRUMENTS], repeats: [None; RULE_COUNT], credit: None };
    const RESET: Grants =
        Grants { leases: [Some([0; 2]); INSTRUMENTS], repeats: [Some(0); RULE_COUNT], credit: Some([0; 2]) };
}

impl Lending {
    pub const NEW: Lending = Lending {
        pieces: [[0; 2]; INSTRUMENTS],
        value: 0,
        orders: 0,
        of_rule: [0; RULE_COUNT],
        released: [0; RULE_COUNT],
        told: Grants::UNKNOWN,
        open: 0,
        unanswered: 0,
        beat_ns: None,
        is_due: true,
    };

    /// A card after reset: it has sent nothing. A rule that has used up its orders has still used them up.
    pub fn reset(&mut self) {
        for (released, sent) in self.released.iter_mut().zip(self.of_rule) {
            *released = released.wrapping_sub(sent);
        }
        let Lending { released, open, unanswered, .. } = *self;
        *self = Lending { released, open, unanswered, told: Grants::RESET, ..Lending::NEW };
    }

    /// Nobody knows which of the grants have reached the card.
    pub fn forget(&mut self) {
        (self.told, self.beat_ns, self.is_due) = (Grants::UNKNOWN, None, true);
    }

    /// An order or a mass cancel that the card has sent; of the latter only its rule has sent something.
    pub fn sent(&mut self, event: &Event) {
        self.is_due = true;
        if let Some(at) = rule_number(event.instrument, event.rule) {
            self.of_rule[at] = self.of_rule[at].wrapping_add(1);
        }
        if event.is_cancel() {
            return;
        }
        if let Some(pieces) = self.pieces.get_mut(usize::from(event.instrument)) {
            let pieces = &mut pieces[usize::from(event.detail != u16::from(b'B'))];
            *pieces = pieces.wrapping_add(event.quantity);
        }
        self.value = self.value.wrapping_add(u64::from(event.price_e4) * u64::from(event.quantity));
        self.orders = self.orders.wrapping_add(1);
    }

    /// Adds an order, or takes it away.
    pub fn weigh(&mut self, order: &Order, sign: i64) {
        self.is_due = true;
        if order.session != CARD {
            return;
        }
        let count = |sum: &mut u32, one: bool| *sum = if sign > 0 { *sum + u32::from(one) } else { *sum - u32::from(one) };
        count(&mut self.open, order.state.is_open());
        count(&mut self.unanswered, order.state.is_open() && !order.accepted);
    }

    pub fn release(&mut self, instrument: u8, rule: u8) {
        if let Some(at) = rule_number(instrument, rule) {
            self.released[at] = self.of_rule[at];
            self.is_due = true;
        }
    }

    pub fn release_all(&mut self) {
        (self.released, self.is_due) = (self.of_rule, true);
    }

    /// Orders that the card has sent since its reset.
    pub fn orders(&self) -> u32 {
        self.orders
    }

    /// Orders that a rule has sent since it was released.
    fn used(&self, rule: usize) -> u32 {
        self.of_rule[rule].wrapping_sub(self.released[rule])
    }

    fn credit(&self, gate: &Gate, exposure: i128) -> [u64; 2] {
        let value = (i128::from(gate.exposure) - exposure).clamp(0, i64::MAX.into()) as u64;
        let orders = |most: u32, now: u32| self.orders.wrapping_add(most.saturating_sub(now));
        let open = orders(gate.open_orders, self.open);
        let unanswered = orders(gate.unacknowledged, self.unanswered);
        [self.value.wrapping_add(value), words([open, unanswered])]
    }
}

/// What may still be bought and sold under a limit of pieces long and short.
fn room(holding: &Holding, limit: [u32; 2]) -> [u32; 2] {
    let held = holding.position.quantity;
    let left = |limit: u32, held: i64, open: i64| {
        let left = i64::from(limit).saturating_sub(held).saturating_sub(open);
        left.clamp(0, i32::MAX.into()) as u32
    };
    [left(limit[0], held, holding.open_pieces[0]), left(limit[1], -held, holding.open_pieces[1])]
}

impl Engine {
    pub(crate) fn in_force(&self) -> Option<&Generation> {
        self.generations.find(self.card.generation)
    }

    /// C09: what may still be bought and sold of an instrument under the limits in force.
    pub fn room(&self, instrument: u8) -> [u32; 2] {
        let limit = self.in_force().and_then(|now| now.positions().get(usize::from(instrument)).copied());
        limit.map_or([0; 2], |limit| self.room_within(usize::from(instrument), limit))
    }

    fn room_within(&self, instrument: usize, limit: [u32; 2]) -> [u32; 2] {
        // Without a limit there is nothing but what closes.
        let limit = if self.card.reduce_only >> instrument & 1 == 1 { [0; 2] } else { limit };
        let holding = &self.holdings[instrument];
        let is_known = self.config.instruments[instrument].venue == NONE || holding.confirmed;
        if is_known { room(holding, limit) } else { [0; 2] }
    }

    /// C07: rules that have sent all they may, as instrument and rule.
    pub fn latched_rules(&self) -> impl Iterator<Item = (u8, u8)> {
        let now = self.in_force();
        let is_latched = move |rule: &usize| {
            let most = now.map_or(0, |now| now.repeats[*rule]);
            most > 0 && self.lending.used(*rule) >= most
        };
        (0..RULE_COUNT).filter(is_latched).map(|rule| ((rule / RULES) as u8, (rule % RULES) as u8))
    }

    /// C10: price x quantity of what is open, and what positions have cost.
    pub fn lent_exposure(&self) -> i128 {
        let each = self.holdings.iter().zip(&self.config.instruments).map(|(holding, one)| {
            let value = holding.position.cost.abs() + holding.open_value;
            // The card knows of no multiplier.
            if one.multiplier == 1 { value } else { value / i128::from(one.multiplier.max(1)) + 1 }
        });
        each.sum()
    }

    /// Tells the card every grant that is another than it has, as far as there is room; the rest with the next input.
    pub(crate) fn lend(&mut self, out: &mut Outputs) {
        if !self.lending.is_due || !self.card.approved {
            return;
        }
        let Some((positions, repeats, gate)) = self.in_force().map(|now| (now.positions(), now.repeats, now.gate)) else { return };
        self.lending.is_due = false;
        for (instrument, limit) in positions.into_iter().enumerate() {
            let [buys, sells] = self.room_within(instrument, limit);
            let sent = self.lending.pieces[instrument];
            let lease = [sent[0].wrapping_add(buys), sent[1].wrapping_add(sells)];
            if self.lending.told.leases[instrument] != Some(lease) && self.has_room(out) {
                self.lending.told.leases[instrument] = Some(lease);
                let command = Command { instrument: instrument as u8, ..grant(Opcode::Lease, [words(lease), 0]) };
                self.tell(command, out);
            }
        }
        for (rule, most) in repeats.into_iter().enumerate() {
            let repeat = self.lending.released[rule].wrapping_add(most);
            if self.lending.told.repeats[rule] != Some(repeat) && self.has_room(out) {
                self.lending.told.repeats[rule] = Some(repeat);
                let (instrument, rule) = ((rule / RULES) as u8, (rule % RULES) as u8);
                self.tell(Command { instrument, rule, value: repeat, ..grant(Opcode::Repeat, [0; 2]) }, out);
            }
        }
        self.tell_resting(out);
        let credit = self.lending.credit(&gate, self.lent_exposure());
        if self.lending.told.credit != Some(credit) && self.has_room(out) {
            self.lending.told.credit = Some(credit);
            self.tell(grant(Opcode::Credit, credit), out);
        }
        self.beat(gate.heartbeat, out);
    }

    /// Whether a grant can be said now; if not, it is due still.
    pub(crate) fn has_room(&mut self, out: &Outputs) -> bool {
        let has_room = out.room() > ROOM;
        self.lending.is_due |= !has_room;
        has_room
    }

    /// C28: vouches anew for so many cycles, several times while the last word still counts. Every tick comes here.
    fn beat(&mut self, cycles: u64, out: &mut Outputs) {
        let period_ns = cycles.saturating_mul(CLOCK_PS) / 1000 / BEATS;
        let is_time = self.lending.beat_ns.is_none_or(|beat_ns| self.now_ns.saturating_sub(beat_ns) >= period_ns);
        if cycles > 0 && is_time {
            self.lending.beat_ns = Some(self.now_ns);
            self.tell(grant(Opcode::Heartbeat, [cycles, 0]), out);
        }
    }
}

/// Two halves of a number of 64 bits, the low one first.
pub(crate) fn words(pair: [u32; 2]) -> u64 {
    u64::from(pair[0]) | u64::from(pair[1]) << 32
}

fn grant(opcode: Opcode, args: [u64; 2]) -> Command {
    Command { opcode: opcode as u8, args: [args[0], args[1], 0, 0, 0, 0], ..Command::default() }
}
