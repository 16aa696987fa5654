//! A desk's limits, what its models may move and its hedges do, and how its risk is measured, as the numbers that its signature
//! covers.
//!
//! Holds: two desks with the same numbers are the same but for names of models and scenarios; a field that is added to one of
//! these records does not compile before it is signed too.
use riposte_desk::{Desk, Hedge, HedgeLeg, Limits, Mandate, Margin, Model, Risk, Scenario};

/// Limits, count of models and each of them, whether there is a hedge and what it is, then risk.
pub fn of(desk: &Desk) -> Vec<u64> {
    let mut terms = limits(&desk.limits).to_vec();
    terms.push(desk.models.len() as u64);
    desk.models.iter().for_each(|one| terms.extend(model(one)));
    terms.push(desk.hedge.is_some().into());
    desk.hedge.iter().for_each(|one| terms.extend(hedge(one)));
    terms.extend(risk(&desk.risk));
    terms
}

fn limits(limits: &Limits) -> [u64; 15] {
    let Limits {
        loss_e4, drawdown_e4, instrument_loss_e4, exposure_e4, free_messages, messages_per_trade, delta_e4, gamma_e4, vega_e4, theta_e4,
        scenario_loss_e4, collateral_e4, counterparty_e4, protection_pieces, protection_net_e4,
    } = *limits;
    [
        loss_e4, drawdown_e4, instrument_loss_e4, exposure_e4, free_messages, messages_per_trade, delta_e4, gamma_e4, vega_e4, theta_e4,
        scenario_loss_e4, collateral_e4, counterparty_e4, protection_pieces, protection_net_e4,
    ]
}

fn model(model: &Model) -> [u64; 16] {
    let Model {
        name: _, given, leg, lower, upper, ratio_half_life_ns, spread_half_life_ns, z_hundredths, sample_ns, gap_ns, warm, least_e4, mandate,
    } = model;
    let Mandate { low_e4, high_e4, step_e4, interval_ns, for_ns } = *mandate;
    [
        (*given).into(), (*leg).into(), (*lower).into(), (*upper).into(), *ratio_half_life_ns, *spread_half_life_ns,
        (*z_hundredths).into(), *sample_ns, *gap_ns, (*warm).into(), (*least_e4).into(),
        low_e4.into(), high_e4.into(), step_e4.into(), interval_ns, for_ns,
    ]
}

fn hedge(hedge: &Hedge) -> Vec<u64> {
    let Hedge { half_life_ns, sample_ns, gap_ns, horizon_ns, aversion_e6, fee_e4, through_e4, interval_ns, legs } = hedge;
    let mut terms = vec![
        *half_life_ns, *sample_ns, *gap_ns, *horizon_ns, *aversion_e6, (*fee_e4).into(), (*through_e4).into(), *interval_ns,
        legs.len() as u64,
    ];
    for HedgeLeg { instrument, position, lot, order } in legs {
        terms.extend([(*instrument).into(), (*position).into(), (*lot).into(), u64::from(*order)]);
    }
    terms
}

/// What is not there is 0, which none of these values can be.
fn risk(risk: &Risk) -> Vec<u64> {
    let Risk { margin, margins, distance_bp, greeks_age_ns, scenarios } = risk;
    let of = |Margin { initial_bp, maintenance_bp }: Margin| [initial_bp.into(), maintenance_bp.into()];
    let mut terms = margin.map_or([0, 0], of).to_vec();
    terms.extend([distance_bp.unwrap_or(0).into(), greeks_age_ns.unwrap_or(0), margins.len() as u64]);
    for (instrument, margin) in margins {
        terms.push((*instrument).into());
        terms.extend(of(*margin));
    }
    terms.push(scenarios.len() as u64);
    for Scenario { name: _, spot_bp, volatility_e2 } in scenarios {
        terms.extend(spot_bp.iter().chain([volatility_e2]).map(|one| i64::from(*one) as u64));
    }
    terms
}
