//! What can be seen of an engine.
use crate::engine::Engine;
use crate::execution::Execution;
use crate::fence::Fence;
use crate::input::Limit;
use crate::order::Order;
use crate::output::{Guard, Stream};
use crate::position::Position;
use crate::session::{Numbers, Session, Standing};
use riposte_map::limits::INSTRUMENTS;

impl Engine {
    /// An order of the day.
    pub fn order(&self, session: u8, user_ref: u32) -> Option<&Order> {
        self.orders.find(session, user_ref).map(|at| self.orders.table.get(at))
    }

    /// All orders of the day, in the order in which we heard of them.
    pub fn orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.table.iter()
    }

    /// Orders that may still trade.
    pub fn open_orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.open()
    }

    /// Executions of the day in the order in which we heard of them.
    pub fn executions(&self) -> impl Iterator<Item = &Execution> {
        self.executions.iter()
    }

    /// Position of an instrument; `None` beyond the last one.
    pub fn position(&self, instrument: u8) -> Option<&Position> {
        self.holdings.get(usize::from(instrument)).map(|holding| &holding.position)
    }

    /// C38: the part of a position that the venue may still break, in pieces.
    pub fn provisional(&self, instrument: u8) -> i64 {
        self.holdings.get(usize::from(instrument)).map_or(0, |holding| holding.provisional)
    }

    /// Whether the venue has confirmed a position and nothing has made it doubtful since.
    pub fn is_confirmed(&self, instrument: u8) -> bool {
        self.holdings.get(usize::from(instrument)).is_some_and(|holding| holding.confirmed)
    }

    /// Realised and unrealised result of an instrument, in book value; without a mark only what is realised.
    pub fn result(&self, instrument: u8) -> i128 {
        let multiplier = self.config.instruments.get(usize::from(instrument)).map_or(0, |one| one.multiplier);
        self.holdings.get(usize::from(instrument)).map_or(0, |holding| holding.result(multiplier))
    }

    /// Result of the whole book.
    pub fn book_result(&self) -> i128 {
        (0..INSTRUMENTS as u8).map(|instrument| self.result(instrument)).sum()
    }

    pub fn standing(&self, session: u8) -> Option<Standing> {
        self.sessions.get(usize::from(session)).map(|one| one.standing)
    }

    /// The report that a stream should give next: where to log in.
    pub fn next_sequence(&self, session: u8, stream: Stream) -> Option<u64> {
        let one: &Session = self.sessions.get(usize::from(session))?;
        let numbers: &Numbers = one.numbers.get(stream as usize)?;
        Some(numbers.expected)
    }

    /// The number above those of all orders of a session that the venue or we know of.
    pub fn next_user_ref(&self, session: u8) -> u32 {
        let ours = self.orders().filter(|order| order.session == session).map(|order| order.user_ref.saturating_add(1)).max();
        let venues = self.sessions.get(usize::from(session)).map(|one| one.next_user_ref);
        ours.max(venues).unwrap_or(1)
    }

    /// Whether orders may leave: armed by the card's word and not stopped since.
    pub fn is_permitted(&self) -> bool {
        self.card.permitted
    }

    /// The generation in force on the card; 0 is none.
    pub fn generation(&self) -> u32 {
        self.card.generation
    }

    /// What the generation in force is known by, if it is remembered.
    pub fn content(&self) -> Option<[u8; 32]> {
        self.generations.find(self.card.generation).map(|one| one.content)
    }

    /// What an earlier generation is known by, if it is remembered.
    pub fn content_of(&self, generation: u32) -> Option<[u8; 32]> {
        self.generations.find(generation).map(|one| one.content)
    }

    /// Of the newest input.
    pub fn now_ns(&self) -> u64 {
        self.now_ns
    }

    /// The highest number that a generation has had, or will have when the card answers.
    pub fn newest_generation(&self) -> u32 {
        let coming = self.card.committing.map_or(0, |one| one.number);
        self.generations.newest().max(self.card.generation).max(coming)
    }

    /// The highest number of a generation as people approved it, now or when the card answers: those of models do not count.
    pub fn newest_approved(&self) -> u32 {
        let coming = self.card.committing.filter(|one| !one.is_calibrated()).map_or(0, |one| one.number);
        self.generations.newest_approved().max(coming)
    }

    /// A limit in force; 0 is unset, `None` is none.
    pub fn limit(&self, limit: Limit, index: u8) -> Option<u64> {
        self.limits.get(limit, index)
    }

    /// Nothing leaves until two people clear it.
    pub fn is_killed(&self) -> bool {
        self.card.killed
    }

    /// Of which no order leaves, whoever fenced it.
    pub fn fenced(&self) -> Fence {
        self.card.fenced()
    }

    /// C19: instruments whose positions may only become smaller, bit per instrument.
    pub fn reduce_only(&self) -> u16 {
        self.card.reduce_only
    }

    /// C36: the card that is there is the approved one.
    pub fn is_approved(&self) -> bool {
        self.card.approved
    }

    /// How often a guard has tripped since the start of the day.
    pub fn trips(&self, guard: Guard) -> u64 {
        self.latches.trips(guard)
    }
}
