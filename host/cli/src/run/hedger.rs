//! From a fill to the orders that hedge it: asks the models, and gives the engine what they found.
//!
//! Holds: one hedge at a time, and no sooner than the desk's interval; a fill that comes meanwhile is hedged with the next. A
//! hedge that failed is asked for again, and told once a reason.
use super::modelling::{Models, News, Wanted};
use super::sessions::CARD;
use riposte_desk::Hedge;
use riposte_engine::{Body, Engine, Limit, Output, Outputs, Record, Side, Standing, Unhedged};
use riposte_map::limits::INSTRUMENTS;
use riposte_models::{Child, Side as Way, Unhedged as Why};
use std::collections::VecDeque;

/// A request that the models have dropped is given up after this long.
const PATIENCE_NS: u64 = 5_000_000_000;

pub struct Hedger {
    desk: Option<Hedge>,
    /// Something was filled, and is not hedged yet.
    is_wanted: bool,
    asked_ns: Option<u64>,
    /// The models have not answered.
    is_asked: bool,
    told: Option<Why>,
    number: u64,
}

impl Hedger {
    pub fn new(hedge: Option<&Hedge>) -> Hedger {
        Hedger { desk: hedge.cloned(), is_wanted: false, asked_ns: None, is_asked: false, told: None, number: 0 }
    }

    /// Looks for fills among what an input has led to.
    pub fn hear(&mut self, out: &Outputs) {
        let is_fill = |one: &Output| {
            matches!(one, Output::Record(Record::Booked { session, .. }) if usize::from(*session) < riposte_engine::SESSIONS)
        };
        self.is_wanted |= self.desk.is_some() && out.iter().any(is_fill);
    }

    /// Asks for a hedge of what was filled, when it can be sent.
    pub fn go_on(&mut self, engine: &Engine, now_ns: u64, models: &mut Models) {
        let Some(desk) = self.desk.as_ref().filter(|_| self.is_wanted) else { return };
        let passed_ns = self.asked_ns.map_or(u64::MAX, |asked_ns| now_ns.saturating_sub(asked_ns));
        let stands = engine.standing(CARD) == Some(Standing::Current) && engine.is_permitted();
        if !stands || passed_ns < desk.interval_ns || (self.is_asked && passed_ns < PATIENCE_NS) {
            return;
        }
        (self.is_wanted, self.is_asked, self.asked_ns) = (false, true, Some(now_ns));
        models.tell(News::Hedge(Box::new(book(desk, engine))));
    }

    /// Gives the engine what the models have found.
    pub fn take(&mut self, found: Result<Vec<Child>, Why>, now_ns: u64, to: &mut VecDeque<Body>) {
        self.is_asked = false;
        match found {
            Ok(orders) => {
                self.told = None;
                for Child { instrument, side, quantity, price } in orders {
                    self.number = now_ns.max(self.number + 1);
                    let side = if side == Way::Buy { Side::Buy } else { Side::Sell };
                    to.push_back(Body::Hedge { number: self.number, instrument, side, quantity, price });
                }
            }
            Err(why) => {
                self.is_wanted = true;
                if self.told.replace(why) != Some(why) {
                    to.push_back(Body::Unhedged { why: reason(why) });
                }
            }
        }
    }
}

/// Positions with what is open of hedges, and how far they may go: as the desk says and people approved.
fn book(desk: &Hedge, engine: &Engine) -> Wanted {
    let mut wanted: Wanted = [(0, None); INSTRUMENTS];
    for (at, one) in (0..).zip(&mut wanted) {
        one.0 = engine.hedged_position(at);
        let leg = desk.legs.iter().find(|leg| leg.instrument == at);
        let approved = engine.limit(Limit::Hedge, at).filter(|limit| *limit > 0);
        one.1 = leg.zip(approved).map(|(leg, limit)| {
            let most = i64::from(leg.position).min(i64::try_from(limit).unwrap_or(i64::MAX));
            (-most, most)
        });
    }
    wanted
}

fn reason(why: Why) -> Unhedged {
    match why {
        Why::Holding(_) => Unhedged::Holding,
        Why::Covariance => Unhedged::Covariance,
        Why::Infeasible => Unhedged::Infeasible,
        Why::Iterations => Unhedged::Iterations,
        Why::Solver => Unhedged::Solver,
    }
}
