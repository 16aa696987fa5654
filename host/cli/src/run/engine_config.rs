//! A desk as what the engine is built with.
use riposte_desk::Desk;
use riposte_engine::{Config, Deployment, Instrument, Margin, RiskTerms, Scenario, Session, Times};
use riposte_map::limits::INSTRUMENTS;
use riposte_map::shm::NONE;

/// The one venue of a desk.
const VENUE: u8 = 0;
/// C39: an execution so far from the mark is erroneous, hundredths of a percent.
const ERRONEOUS_BP: u32 = 1000;

/// Without sessions nothing has a venue, so nothing waits for one.
pub fn of(desk: &Desk, approved: Deployment) -> Config {
    let venue = if desk.sessions.is_some() { VENUE } else { NONE };
    let unused = Instrument { venue: NONE, multiplier: 1, erroneous_bp: ERRONEOUS_BP };
    let mut instruments = [unused; INSTRUMENTS];
    for one in instruments.iter_mut().take(desk.instruments.len()) {
        one.venue = venue;
    }
    let rule = desk.sessions.as_ref();
    let session = Session {
        venue,
        cancel_on_disconnect: rule.is_some_and(|rule| rule.cancel_on_disconnect),
        timer_renew_ns: 0,
        drop_copy: rule.is_some_and(|rule| rule.drop_copy.is_some()),
    };
    let (host, times) = (&desk.host, &desk.host.times);
    Config {
        instruments,
        sessions: [session],
        risk: risk(&desk.risk),
        times: Times {
            protection_ns: times.protection_ns,
            answer_ns: times.answer_ns,
            silence_ns: times.silence_ns,
            mark_window_ns: times.mark_window_ns,
            mark_age_ns: times.mark_age_ns,
            drop_copy_ns: times.drop_copy_ns,
            bust_window_ns: times.bust_window_ns,
            claim_ns: times.claim_ns,
            approval_ns: times.approval_ns,
            reversion_ns: times.reversion_ns,
        },
        approved,
        orders: host.orders,
        executions: host.executions,
        requests: host.requests,
    }
}

/// What the desk does not say is as the engine has it by itself.
fn risk(desk: &riposte_desk::Risk) -> RiskTerms {
    let mut terms = RiskTerms::default();
    let margin = |one: &riposte_desk::Margin| Margin { initial_bp: one.initial_bp, maintenance_bp: one.maintenance_bp };
    if let Some(one) = &desk.margin {
        terms.margins = [margin(one); INSTRUMENTS];
    }
    for (instrument, one) in &desk.margins {
        terms.margins[usize::from(*instrument)] = margin(one);
    }
    terms.distance_bp = desk.distance_bp.unwrap_or(terms.distance_bp);
    terms.greeks_age_ns = desk.greeks_age_ns.unwrap_or(terms.greeks_age_ns);
    if !desk.scenarios.is_empty() {
        let scenario = |one: &riposte_desk::Scenario| Scenario { spot_bp: one.spot_bp, volatility_e2: one.volatility_e2 };
        terms.scenarios = std::array::from_fn(|at| desk.scenarios.get(at).map(scenario));
    }
    terms
}
