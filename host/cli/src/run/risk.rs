//! What people ask of the book's risk, and what they state of derivatives that are held elsewhere.
use super::calls::{Calls, why_text};
use super::sets::Evidence;
use super::statements::rests_on;
use riposte_control::{Answer, StatedGreeks};
use riposte_engine::{Body, Change, Engine, Greeks, Limit};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::SyncSender;

/// The desk's one venue.
const VENUE: u8 = 0;

/// What somebody states.
pub struct Told<'a> {
    pub greeks: &'a StatedGreeks,
    pub evidence: &'a str,
    pub by: u16,
    pub is_dry_run: bool,
}

impl Calls {
    /// Each figure beside its limit, in 1e-4 dollars as text; 0 is an unset limit.
    pub fn risk(&self, engine: &Engine) -> Value {
        let limit = |limit| engine.limit(limit, VENUE).unwrap_or(0).to_string();
        let row = |(name, stands, kind): (&str, i128, Limit)| json!({ "measure": name, "stands_e4": stands.to_string(), "limit_e4": limit(kind) });
        let ([delta, gamma, vega, theta], margins) = (engine.sensitivities(), engine.margins(VENUE.into()));
        let (loss, scenario) = engine.worst_scenario();
        let measures = [
            ("delta", delta, Limit::Delta), ("gamma", gamma, Limit::Gamma), ("vega", vega, Limit::Vega), ("theta", theta, Limit::Theta),
            ("scenario-loss", loss, Limit::ScenarioLoss), ("margin", margins.used, Limit::Collateral),
            ("counterparty", margins.equity, Limit::Counterparty), ("exposure", engine.exposure(VENUE.into()), Limit::Exposure),
        ];
        let stated = self.instruments().filter_map(|at| Some((at, engine.greeks(at).filter(|one| **one != Greeks::default())?)));
        let stated = stated.map(|(at, Greeks { delta, gamma, vega, theta, price, time_ns })| {
            json!({
                "instrument": self.symbol(at), "delta_e4": delta, "gamma_e4": gamma, "vega_e4": vega, "theta_e4": theta,
                "price_e4": price, "stated_ns": time_ns,
            })
        });
        json!({
            "measures": measures.map(row), "scenario": scenario.map(|at| self.scenario(engine, at)),
            "equity_e4": margins.equity.to_string(), "liquidation_distance_bp": margins.distance_bp.map(|bp| bp.to_string()),
            "least_distance_bp": engine.config().risk.distance_bp, "stated": stated.collect::<Vec<_>>(),
        })
    }

    /// The desk's name of a scenario; those that the engine has by itself are told by what they move.
    fn scenario(&self, engine: &Engine, at: usize) -> String {
        let named = self.desk().risk.scenarios.get(at).map(|one| one.name.clone());
        let moved = engine.config().risk.scenarios.get(at).copied().flatten();
        let told = moved.map(|one| format!("spot {:+} %, volatility {:+}", one.spot_bp[0] / 100, one.volatility_e2 / 100));
        named.or(told).unwrap_or_default()
    }

    /// A statement needs a second person; what it rests on is kept beside the journal by its content.
    pub fn state_greeks(
        &mut self, told: &Told, engine: &Engine, folder: &Path, answer: &SyncSender<Answer>, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let Told { greeks, evidence, by, is_dry_run } = *told;
        let StatedGreeks { instrument, delta_e4, gamma_e4, vega_e4, theta_e4, price_e4 } = greeks;
        let at = match rests_on(evidence).and_then(|()| self.named(instrument)) {
            Ok(at) => at,
            Err(why) => return Some(Answer::Refused { why }),
        };
        let evidence = Evidence::of(&json!({ "by": self.name(by), "evidence": evidence, "greeks": greeks }));
        let change = Change::StateGreeks {
            instrument: at, delta: *delta_e4, gamma: *gamma_e4, vega: *vega_e4, theta: *theta_e4, price: (*price_e4).into(),
            evidence: evidence.digest,
        };
        if is_dry_run {
            return Some(self.preview(engine, &change, None));
        }
        match engine.preview(&change).map_err(|why| why_text(why).to_owned()).and_then(|_| evidence.keep(folder)) {
            Ok(()) => self.propose(None, by, change, answer, to),
            Err(why) => Some(Answer::Refused { why }),
        }
    }
}
