//! What people want, and how far a reversion is, as a person reads it.
use riposte_control::LimitName;
use riposte_desk::{Desk, decimal_text, price_text};
use riposte_engine::{Change, Engine, Fence, Limit, Order, Reversion, Scope, Step};
use riposte_map::shm::NONE;
use serde_json::{Value, json};

/// Every instrument that there can be: the whole card.
const ALL: u16 = u16::MAX;

/// What would be done, as a sentence without its subject.
pub fn change(change: &Change, desk: &Desk) -> String {
    match *change {
        Change::Arm => "arm the card".to_owned(),
        Change::Disarm => "disarm the card".to_owned(),
        Change::Kill => "kill the card and cancel everything that is open".to_owned(),
        Change::ClearKill => "clear the kill, and release what guards have latched".to_owned(),
        Change::SetLimit { limit, index, value } => set_limit(limit, index, value, desk),
        Change::Commit { generation, content } => format!("commit generation {generation}, {}", riposte_journal::hex(&content)),
        Change::RevertParameters { target } => format!("disarm, and bring the parameters of generation {target} back"),
        Change::RevertOrders { instruments } => format!("remove every order of {}", symbols(instruments, desk)),
        Change::Adopt { instrument } => format!("take over the venue's position in {}", symbol(instrument, desk)),
        Change::Validate { instruments } => format!("trust the books of {} as they stand", symbols(instruments, desk)),
        Change::Fence { fence } => format!("let no order leave of {}", fenced(fence, desk)),
        Change::Lift { fence } => format!("lift the fence of {}", fenced(fence, desk)),
        Change::ReduceOnly { instruments, ends: false } => {
            format!("let orders of {} only reduce positions, and cancel what is open", symbols(instruments, desk))
        }
        Change::ReduceOnly { instruments, ends: true } => format!("let orders of {} open positions again", symbols(instruments, desk)),
        Change::Release { instrument, rule } => format!(
            "let rule {} of {} begin to count its orders anew", rule_name(instrument, rule, desk), symbol(instrument, desk)
        ),
        Change::StatePosition { instrument, quantity, ours, price, ref evidence, .. } => format!(
            "book {:+} {} at {}, to {quantity} as the venue has it, by evidence-{}.json",
            quantity.saturating_sub(ours), symbol(instrument, desk), dollars(price), riposte_journal::hex(evidence)
        ),
        Change::StateGreeks { instrument, delta, gamma, vega, theta, price, ref evidence } => format!(
            "count derivatives on {} with delta {}, gamma {}, vega {}, theta {}, at {}, by evidence-{}.json",
            symbol(instrument, desk), dollars(delta), dollars(gamma), dollars(vega), dollars(theta), dollars(price),
            riposte_journal::hex(evidence)
        ),
        Change::Mandate { model, instrument, lower, upper, lowest, highest, step, interval_ns, for_ns } => {
            let edges = [lower, upper].into_iter().filter(|rule| *rule != NONE).map(|rule| rule_name(instrument, rule, desk));
            format!(
                "let model {} move {} of {} between {} and {}, by {} at once, every {} ms at most, for {} minutes",
                model_name(model, desk), edges.collect::<Vec<_>>().join(" and "), symbol(instrument, desk), price_text(lowest),
                price_text(highest), price_text(step), interval_ns / 1_000_000, for_ns / 60_000_000_000
            )
        }
        Change::EndMandate { model } => format!("end the mandate of model {}", model_name(model, desk)),
    }
}

fn set_limit(limit: Limit, index: u8, value: u64, desk: &Desk) -> String {
    let name = LimitName::ALL.into_iter().find(|name| name.limit() == limit);
    let of = if limit.scope() == Scope::Instrument { format!(" of {}", symbol(index, desk)) } else { String::new() };
    let amount = if name.is_some_and(LimitName::is_money) { format!("{} dollars", decimal_text(value)) } else { value.to_string() };
    format!("set the limit {}{of} to {amount}", name.map_or("?", LimitName::text))
}

fn dollars(price_e4: i64) -> String {
    format!("{}{}", if price_e4 < 0 { "-" } else { "" }, decimal_text(price_e4.unsigned_abs()))
}

fn symbol(instrument: u8, desk: &Desk) -> String {
    desk.instruments.get(usize::from(instrument)).map_or_else(|| format!("instrument {instrument}"), |one| one.symbol.clone())
}

fn symbols(mask: u16, desk: &Desk) -> String {
    if mask == ALL {
        return "every instrument".to_owned();
    }
    let all = (0..16).filter(|at| mask >> at & 1 == 1).map(|at| symbol(at, desk));
    all.collect::<Vec<_>>().join(", ")
}

/// Of what no order leaves, and what only reduces; none if nothing is held back.
pub fn held_back(engine: &Engine, desk: &Desk) -> Option<String> {
    let fence = Some(engine.fenced()).filter(|fence| !fence.is_none()).map(|fence| fenced(fence, desk));
    let reduces = Some(engine.reduce_only()).filter(|mask| *mask != 0).map(|mask| format!("what opens a position in {}", symbols(mask, desk)));
    let all: Vec<_> = fence.into_iter().chain(reduces).collect();
    (!all.is_empty()).then(|| all.join(", "))
}

fn fenced(fence: Fence, desk: &Desk) -> String {
    let masks = [("", fence.instruments), ("the buys of ", fence.buys), ("the sells of ", fence.sells)];
    let of_instruments = masks.into_iter().filter(|(_, mask)| *mask != 0).map(|(what, mask)| format!("{what}{}", symbols(mask, desk)));
    let of_rules = fence.rules().map(|(instrument, rule)| format!("rule {}", rule_name(instrument, rule, desk)));
    of_instruments.chain(of_rules).collect::<Vec<_>>().join(", ")
}

fn rule_name(instrument: u8, rule: u8, desk: &Desk) -> String {
    desk.rule(instrument, rule).map_or_else(|| format!("{instrument}.{rule}"), |one| format!("`{}` ({instrument}.{rule})", one.name))
}

/// As the desk calls it.
pub fn model_name(model: u8, desk: &Desk) -> String {
    desk.models.get(usize::from(model)).map_or_else(|| model.to_string(), |one| one.name.clone())
}

/// The newest reversion: what it wants, its step, for how long it has stood there, and what it waits for.
pub fn reversion(engine: &Engine, desk: &Desk) -> Value {
    let Some(one) = engine.reversion() else { return json!({ "reversion": "none" }) };
    let kind = match one.target {
        Some(target) => format!("parameters of generation {target}"),
        None => format!("orders of {}", symbols(one.instruments, desk)),
    };
    json!({
        "request": one.request, "kind": kind, "step": format!("{:?}", one.step), "waits_for": waits_for(one, engine, desk),
        "since_ns": one.since_ns, "standing_ms": engine.now_ns().saturating_sub(one.since_ns) / 1_000_000, "racing": one.racing,
    })
}

fn waits_for(one: &Reversion, engine: &Engine, desk: &Desk) -> String {
    let in_scope = |instrument: u8| one.instruments >> (instrument % 16) & 1 == 1;
    match one.step {
        Step::Requested | Step::Validated => "the card, which has to acknowledge the fence".to_owned(),
        Step::Fenced => {
            let open = engine.open_orders().filter(|order: &&Order| in_scope(order.instrument)).count();
            format!("the venue's word on the end of {open} orders that are open in its scope")
        }
        Step::Drained => {
            let doubtful = (0..desk.instruments.len() as u8).filter(|at| in_scope(*at) && !engine.is_confirmed(*at));
            let doubtful = doubtful.map(|at| symbol(at, desk)).collect::<Vec<_>>().join(", ");
            format!("the venue's positions ({doubtful}): `riposte positions state`")
        }
        Step::Reconciled | Step::RolledBack => "its parameter set, which is loaded and committed".to_owned(),
        Step::Verifying => "what was wanted to be in force".to_owned(),
        Step::Committed if one.target.is_none() && one.instruments != ALL => {
            format!("nothing: it is done, and two people may lift the fence: `riposte lift --instruments {}`", one.instruments)
        }
        Step::Committed => "nothing: it is done, and two people may arm again".to_owned(),
        Step::Rejected => "nothing: it was refused".to_owned(),
        Step::Escalated => "people: it stood still for too long, and the fence stays; settle what it waited for, then arm".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESK: &str = concat!(include_str!("../../../../demo/desk.toml"), r#"
[[model]]
name = "NVDA-AAPL"
kind = "pair"
given = "NVDA"
leg = "AAPL"
lower = "lift a cheap offer"
z = "1.00"
mandate = { low = "100.00", high = "200.00", step = "0.20", interval_ms = 300, hours = 8 }
"#);

    #[test]
    fn what_people_want_is_a_sentence_with_its_names_and_values() {
        let check = riposte_desk::check(DESK);
        let desk = check.desk.unwrap_or_else(|| panic!("{:?}", check.problems));
        let mandate = crate::run::calibration::mandate(0, &desk.models[0]);
        let stated = Change::StatePosition { session: 0, instrument: 2, quantity: 6, ours: -4, price: 4_410_700, as_of: 9, evidence: [0xab; 32] };
        for (wanted, text) in [
            (Change::Arm, "arm the card"),
            (Change::Disarm, "disarm the card"),
            (Change::Kill, "kill the card and cancel everything that is open"),
            (Change::ClearKill, "clear the kill, and release what guards have latched"),
            (Change::SetLimit { limit: Limit::Loss, index: 0, value: 250_000_000 }, "set the limit loss to 25000.00 dollars"),
            (
                Change::SetLimit { limit: Limit::InstrumentLoss, index: 1, value: 1 },
                "set the limit instrument-loss of NVDA to 0.0001 dollars",
            ),
            (Change::SetLimit { limit: Limit::FreeMessages, index: 0, value: 12 }, "set the limit free-messages to 12"),
            (Change::SetLimit { limit: Limit::Hedge, index: 2, value: 300 }, "set the limit hedge of SPY to 300"),
            (Change::Commit { generation: 7, content: [0xcd; 32] }, &format!("commit generation 7, {}", "cd".repeat(32))),
            (Change::RevertParameters { target: 3 }, "disarm, and bring the parameters of generation 3 back"),
            (Change::RevertOrders { instruments: 5 }, "remove every order of AAPL, SPY"),
            (Change::RevertOrders { instruments: ALL }, "remove every order of every instrument"),
            (Change::Adopt { instrument: 3 }, "take over the venue's position in TSLA"),
            (Change::Validate { instruments: 1 << 15 }, "trust the books of instrument 15 as they stand"),
            (Change::Lift { fence: Fence::of(2) }, "lift the fence of NVDA"),
            (Change::ReduceOnly { instruments: 3, ends: false }, "let orders of AAPL, NVDA only reduce positions, and cancel what is open"),
            (Change::ReduceOnly { instruments: 2, ends: true }, "let orders of NVDA open positions again"),
            (
                Change::Fence { fence: Fence { instruments: 1, buys: 6, sells: ALL, rules: 1 | 1 << 62 } },
                "let no order leave of AAPL, the buys of NVDA, SPY, the sells of every instrument, rule `lift a cheap offer` (0.0), rule 15.2",
            ),
            (Change::Release { instrument: 0, rule: 0 }, "let rule `lift a cheap offer` (0.0) of AAPL begin to count its orders anew"),
            (Change::Release { instrument: 0, rule: 9 }, "let rule 0.9 of AAPL begin to count its orders anew"),
            (stated, &format!("book +10 SPY at 441.07, to 6 as the venue has it, by evidence-{}.json", "ab".repeat(32))),
            (
                mandate,
                "let model NVDA-AAPL move `lift a cheap offer` (0.0) of AAPL between 100.00 and 200.00, by 0.20 at once, \
                 every 300 ms at most, for 480 minutes",
            ),
            (Change::EndMandate { model: 0 }, "end the mandate of model NVDA-AAPL"),
            (Change::EndMandate { model: 5 }, "end the mandate of model 5"),
        ] {
            assert_eq!(change(&wanted, &desk), text);
        }
    }
}
