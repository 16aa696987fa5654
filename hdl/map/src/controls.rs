//! The controls: what must hold before an order leaves, by number, with the tests that show it.
//!
//! One table. `riposte controls` prints it as the control matrix, and a test checks that every test named here exists
//! and that every reason of the gate belongs to a control. A control that is not built says so; a rule of which a part
//! is in force says which part is not.
mod table;

use crate::reason::Reason;

pub use table::CONTROLS;

/// Who enforces a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Card,
    Host,
}

impl Place {
    pub const fn text(self) -> &'static str {
        match self {
            Place::Card => "card",
            Place::Host => "host",
        }
    }
}

/// How much of a control's rule holds today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    InForce,
    /// What of the rule is not built.
    InPart(&'static str),
    NotBuilt,
}

impl State {
    pub const fn text(self) -> &'static str {
        match self {
            State::InForce => "in force",
            State::InPart(_) => "in part",
            State::NotBuilt => "not yet built",
        }
    }

    /// What is missing; empty if nothing is.
    pub const fn missing(self) -> &'static str {
        match self {
            State::InForce => "",
            State::InPart(missing) => missing,
            State::NotBuilt => "all of it",
        }
    }
}

/// One control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// `C01` to `C40`; never reused.
    pub id: &'static str,
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    pub place: Place,
    pub state: State,
    /// Reasons of events by which it shows.
    pub reasons: &'static [Reason],
    /// By what else it shows: events, counters, silence.
    pub shows: &'static str,
    /// Test functions that trip it.
    pub trips: &'static [&'static str],
    /// Test functions in which it just does not trip.
    pub passes: &'static [&'static str],
}

const fn number(id: &str) -> usize {
    let id = id.as_bytes();
    assert!(id.len() == 3 && id[0] == b'C');
    (id[1] - b'0') as usize * 10 + (id[2] - b'0') as usize
}

const _: () = {
    let mut at = 0;
    while at < CONTROLS.len() {
        let control = &CONTROLS[at];
        assert!(number(control.id) == at + 1, "controls stand by number, without holes");
        let claims = !control.trips.is_empty() && !control.passes.is_empty() && !control.shows.is_empty();
        match control.state {
            State::NotBuilt => assert!(!claims && control.reasons.is_empty(), "what is not built claims nothing"),
            _ => assert!(claims, "what is in force has tests that trip it and that just do not"),
        }
        at += 1;
    }
};
