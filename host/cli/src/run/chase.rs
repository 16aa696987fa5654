//! Rows of a restoration on their way to the card, and the command that ends it, wherever they stand when it goes.
//!
//! In: rows and marks from the thread that fetches them, the card's answers. Out: commands in the places that the engine has set
//! aside.
//!
//! Why here: between the feed's last packet and the command that names the next one there is no time to make a record durable. What
//! is journaled before the first row is what will be done, and behind the last what was done.
//!
//! Holds: every place is filled, with a row, with `Resume` or with what the host has vouched already, so that the commands
//! behind keep their numbers; `Resume` goes only where the rows stand between two messages, and one at a time. Nothing here
//! waits: what is not there yet is looked for in the next turn.
use riposte_device::link::HostEnd;
use riposte_engine::{Body, PLACES, goes_again};
use riposte_map::shm::{Command, Event, Opcode};

/// Rows and marks that wait for the card: more than it has places for orders.
pub const FED: usize = 1 << 14;
/// Before `Resume` goes again where it was refused: the card may not have seen yet what the host has.
const AGAIN_NS: u64 = 2_000_000;

/// Where the rows of a restoration stand: the feed's next message, how many there were, their SHA-256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub sequence: u64,
    pub rows: u32,
    pub digest: [u8; 32],
}

/// What the fetching thread gives, of the restoration with this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fed {
    Row(u64, Command),
    Mark(u64, Mark),
}

impl Fed {
    fn number(&self) -> u64 {
        match self {
            Fed::Row(number, _) | Fed::Mark(number, _) => *number,
        }
    }
}

/// What the card gets, one command after another: its own ring, or what a test has in its place.
pub trait Ring {
    /// Gives the number of the command, or none if there is no room. `expected` is the number that the engine knows it by.
    fn send(&mut self, command: &Command, expected: u64) -> Option<u64>;
}

/// The card's ring, with what is counted of it.
pub struct Counted<'a, F: FnMut(u64, &Command, u64)> {
    pub link: &'a mut HostEnd,
    /// Number, command, and the number that was expected.
    pub count: F,
}

impl<F: FnMut(u64, &Command, u64)> Ring for Counted<'_, F> {
    fn send(&mut self, command: &Command, expected: u64) -> Option<u64> {
        let number = self.link.send(command).ok()?;
        (self.count)(number, command, expected);
        Some(number)
    }
}

/// One visit to the card, as the engine has asked for it.
#[derive(Debug, Default)]
struct Visit {
    instruments: u16,
    /// Number of the next command, rows that have to go before the first `Resume`, and places left behind them.
    next: u64,
    rows: u32,
    places: u32,
    /// `Resume` that the card has not answered, with where the rows stood, and where and when one went.
    asked: Option<(u64, Mark)>,
    tried: Option<(u64, u64)>,
    /// The card has resumed, or will not; or another command waits.
    is_over: bool,
    is_told: bool,
}

/// See the module's page.
pub struct Chase {
    fed: rtrb::Consumer<Fed>,
    /// The restoration under way, and where its rows stand.
    number: u64,
    mark: Mark,
    /// Rows have gone since the mark.
    is_between: bool,
    visit: Option<Visit>,
    /// The newest heartbeat that the card has of this host.
    vouched: Command,
}

impl Chase {
    pub fn new(fed: rtrb::Consumer<Fed>) -> Chase {
        Chase { fed, number: 0, mark: Mark::default(), is_between: false, visit: None, vouched: silent() }
    }

    /// Another card, or none: nothing was said to it.
    pub fn forget(&mut self) {
        (self.visit, self.vouched) = (None, silent());
    }

    /// A command that the card gets anyway.
    pub fn hear(&mut self, command: &Command) {
        match Opcode::from_code(command.opcode) {
            Some(Opcode::Heartbeat) => self.vouched = *command,
            // What is there is of an older restoration: of this one nothing is fetched before the books are empty.
            Some(Opcode::Clear) => while self.fed.pop().is_ok() {},
            _ => {}
        }
    }

    /// As `Output::Restore` says.
    pub fn begin(&mut self, number: u64, instruments: u16, first: u64, rows: u32) {
        if number != self.number {
            (self.number, self.mark, self.is_between) = (number, Mark::default(), false);
        }
        self.visit = Some(Visit { instruments, next: first, rows, places: PLACES, ..Visit::default() });
    }

    /// Sends what can be sent now; whether anything was.
    pub fn go(&mut self, now_ns: u64, ring: &mut impl Ring) -> bool {
        let mut any = self.feed(ring);
        let Some(visit) = &mut self.visit else { return any };
        let is_there = !self.is_between && self.mark.sequence > 0 && visit.rows == 0;
        let is_again = visit.tried.is_none_or(|(sequence, at_ns)| sequence != self.mark.sequence || now_ns.saturating_sub(at_ns) >= AGAIN_NS);
        if is_there && is_again && visit.places > 0 && !visit.is_over && visit.asked.is_none() {
            let args = [visit.instruments.into(), self.mark.sequence, 0, 0, 0, 0];
            let resume = Command { opcode: Opcode::Resume as u8, args, ..Command::default() };
            if let Some(number) = visit.give(&resume, ring) {
                (visit.asked, visit.tried) = (Some((number, self.mark)), Some((self.mark.sequence, now_ns)));
                any = true;
            }
        }
        visit.is_over |= visit.places == 0 && visit.asked.is_none();
        any
    }

    /// Gives the card the rows that are there and for which there is a place.
    fn feed(&mut self, ring: &mut impl Ring) -> bool {
        let mut any = false;
        while let Some(visit) = self.visit.as_mut().filter(|visit| visit.rows > 0 || (visit.places > 0 && !visit.is_over)) {
            let Some(one) = self.fed.peek().ok().copied().filter(|one| one.number() <= self.number) else { break };
            match one {
                // What an older restoration has left.
                one if one.number() < self.number => {}
                Fed::Row(_, row) => {
                    if visit.give(&row, ring).is_none() {
                        break;
                    }
                    (self.is_between, any) = (true, true);
                }
                Fed::Mark(_, mark) => (self.mark, self.is_between) = (mark, false),
            }
            let _ = self.fed.pop();
        }
        any
    }

    /// The card has answered a command.
    pub fn answered(&mut self, event: &Event) {
        let Some(visit) = &mut self.visit else { return };
        let Some((_, mark)) = visit.asked.take_if(|(number, _)| *number == event.feed_sequence) else { return };
        if !goes_again(event) {
            // Rows that went behind it are none of its book: the card has what they say from the feed.
            (self.mark, visit.is_over) = (mark, true);
        }
    }

    /// Fills the places that are left, since another command waits behind them: with rows that had to go, and what was vouched
    /// last, which changes nothing. False if the ring is full.
    pub fn close(&mut self, ring: &mut impl Ring) -> bool {
        self.feed(ring);
        let vouched = self.vouched;
        let Some(visit) = &mut self.visit else { return true };
        if visit.rows > 0 && self.fed.peek().is_ok_and(|one| one.number() == self.number) {
            return false;
        }
        visit.is_over = true;
        while visit.rows + visit.places > 0 {
            if visit.give(&vouched, ring).is_none() {
                return false;
            }
        }
        true
    }

    /// What the engine is told, once, when the places are used up or not needed any more.
    pub fn told(&mut self) -> Option<Body> {
        let visit = self.visit.as_mut().filter(|visit| visit.is_over && !visit.is_told && visit.asked.is_none())?;
        visit.is_told = true;
        let Mark { sequence, rows, digest } = self.mark;
        Some(Body::Chased { number: self.number, sequence, rows, digest })
    }
}

impl Visit {
    fn give(&mut self, command: &Command, ring: &mut impl Ring) -> Option<u64> {
        let number = ring.send(command, self.next)?;
        self.next += 1;
        if self.rows > 0 { self.rows -= 1 } else { self.places -= 1 }
        Some(number)
    }
}

/// A heartbeat that vouches for nothing: on a card that hears nobody it does nothing.
fn silent() -> Command {
    Command { opcode: Opcode::Heartbeat as u8, ..Command::default() }
}

#[cfg(test)]
mod tests;
