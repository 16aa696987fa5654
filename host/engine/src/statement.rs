//! What the venue says of our positions, told by an adapter of its own or stated by people.
//!
//! Why a statement of people is a change like others: agreeing with the ledger adds nothing to what the ledger says, so one
//! person's word confirms it; a difference is a trade that nobody has reported, which is booked only when a second person has
//! approved exactly it. That a position which was confirmed is doubted takes risk away, and happens at once.
use crate::config::{POSITION_MAX, PRICE_MAX};
use crate::engine::Engine;
use crate::execution::{ADOPTED, Execution};
use crate::guards::Effect;
use crate::holding::Statement;
use crate::input::{Change, Side};
use crate::output::{Alarm, Guard, Outputs, Record, Refusal};
use crate::session::Standing;
use riposte_map::limits::INSTRUMENTS;

impl Engine {
    /// The venue's position counts if it was taken at the report that we have read last.
    pub(crate) fn on_position(&mut self, session: u8, instrument: u8, told: Statement, as_of: u64, out: &mut Outputs) {
        let Statement { quantity, price } = told;
        let traded = usize::from(instrument) < INSTRUMENTS && self.instruments_of(session) >> instrument & 1 == 1;
        if !traded || quantity.unsigned_abs() > POSITION_MAX as u64 || price.unsigned_abs() > PRICE_MAX as u64 {
            return out.alarm(Alarm::BadReport { session, sequence: as_of });
        }
        self.hear(session);
        let one = &self.sessions[usize::from(session)];
        if one.standing != Standing::Current || as_of.saturating_add(1) != one.numbers[0].expected {
            return;
        }
        let holding = &mut self.holdings[usize::from(instrument)];
        holding.statement = Some(told);
        let first = !std::mem::replace(&mut holding.begun, true);
        let ours = holding.position.quantity;
        if ours != quantity && first {
            // Nothing was ever confirmed here: the venue's first word is where we start.
            if self.adopt(instrument, out).is_err() {
                self.unbooked(session, out);
            }
            return;
        }
        if ours == quantity {
            return self.confirm_position(instrument, out);
        }
        self.doubt(instrument, quantity, out);
    }

    fn confirm_position(&mut self, instrument: u8, out: &mut Outputs) {
        let holding = &mut self.holdings[usize::from(instrument)];
        if !std::mem::replace(&mut holding.confirmed, true) {
            self.lending.is_due = true;
            out.record(Record::Confirmed { instrument, quantity: holding.position.quantity });
        }
    }

    /// The venue's word differs from a ledger that it had confirmed before.
    fn doubt(&mut self, instrument: u8, theirs: i64, out: &mut Outputs) {
        let ours = self.holdings[usize::from(instrument)].position.quantity;
        out.alarm(Alarm::PositionDiffers { instrument, ours, theirs });
        self.unconfirm(1 << instrument, out);
        self.trip(Guard::DropCopy, instrument, Effect::Disarm, out);
    }

    /// Whether what people state is what the ledger says.
    pub(crate) fn agrees(&self, change: &Change) -> bool {
        let Change::StatePosition { instrument, quantity, .. } = *change else { return false };
        self.holdings.get(usize::from(instrument)).is_some_and(|holding| holding.position.quantity == quantity)
    }

    /// Whether a statement of people counts: of an instrument that is traded, while everything that the venue has told is
    /// read, about exactly that, and about the ledger as it stands.
    pub(crate) fn may_state(&self, change: &Change) -> Result<(), Refusal> {
        let Change::StatePosition { session, instrument, quantity, ours, price, as_of, .. } = *change else { return Ok(()) };
        let traded = usize::from(instrument) < INSTRUMENTS && self.instruments_of(session) >> instrument & 1 == 1;
        let sane = quantity.unsigned_abs() <= POSITION_MAX as u64 && price.unsigned_abs() <= PRICE_MAX as u64;
        // Without a price a difference would have no cost, and its loss would count as none.
        if !traded || !sane || (quantity != ours && price == 0) {
            return Err(Refusal::BadField);
        }
        let one = &self.sessions[usize::from(session)];
        if one.standing != Standing::Current {
            return Err(Refusal::Session);
        }
        let holding = &self.holdings[usize::from(instrument)];
        // What was stated before counts until something of this instrument is booked.
        let is_known = holding.statement == Some(Statement { quantity, price });
        let next = as_of.saturating_add(1);
        let is_current = next == one.numbers[0].expected || next < one.numbers[0].expected && is_known;
        if holding.position.quantity == ours && is_current { Ok(()) } else { Err(Refusal::Moved) }
    }

    /// A difference that was stated waits for its second person; until then the position is in doubt.
    pub(crate) fn await_statement(&mut self, change: &Change, out: &mut Outputs) {
        let Change::StatePosition { instrument, quantity, price, .. } = *change else { return };
        let holding = &mut self.holdings[usize::from(instrument)];
        holding.statement = Some(Statement { quantity, price });
        if holding.begun {
            self.doubt(instrument, quantity, out);
        }
    }

    /// Confirms what was stated; a difference is booked, if it is still what was stated last.
    pub(crate) fn accept_statement(&mut self, change: &Change, out: &mut Outputs) -> Result<(), Refusal> {
        let Change::StatePosition { instrument, quantity, ours, price, .. } = *change else { return Ok(()) };
        let holding = &mut self.holdings[usize::from(instrument)];
        let told = Statement { quantity, price };
        if quantity == ours {
            holding.statement = Some(told);
        } else if holding.statement != Some(told) {
            return Err(Refusal::Moved);
        } else {
            self.adopt(instrument, out)?;
        }
        self.holdings[usize::from(instrument)].begun = true;
        self.confirm_position(instrument, out);
        Ok(())
    }

    /// Books the difference to the venue's last word, at the venue's price.
    pub(crate) fn adopt(&mut self, instrument: u8, out: &mut Outputs) -> Result<(), Refusal> {
        let holding = self.holdings.get(usize::from(instrument)).ok_or(Refusal::BadField)?;
        let Statement { quantity, price } = holding.statement.ok_or(Refusal::NoStatement)?;
        let difference = quantity - holding.position.quantity;
        let execution = Execution {
            session: ADOPTED,
            id: self.adopted,
            user_ref: 0,
            instrument,
            side: if difference < 0 { Side::Sell } else { Side::Buy },
            quantity: difference.abs(),
            price,
            time_ns: self.now_ns,
            told: [true; 2],
            broken: false,
            missed: false,
        };
        let at = self.executions.insert(execution).ok_or(Refusal::NoRoom)?;
        self.adopted += 1;
        self.book_at(at, out);
        self.holdings[usize::from(instrument)].confirmed = true;
        out.record(Record::Confirmed { instrument, quantity });
        Ok(())
    }
}
