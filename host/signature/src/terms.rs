//! What models may move and hedges may do for a desk, as the numbers that its signature covers.
//!
//! Holds: two desks with the same numbers are the same but for names of models; a field that is added to one of these records does not
//! compile before it is signed too.
use riposte_desk::{Desk, Hedge, HedgeLeg, Mandate, Model};

/// Count of models and each of them, then whether there is a hedge and what it is.
pub fn of(desk: &Desk) -> Vec<u64> {
    let mut terms = vec![desk.models.len() as u64];
    desk.models.iter().for_each(|one| terms.extend(model(one)));
    terms.push(desk.hedge.is_some().into());
    desk.hedge.iter().for_each(|one| terms.extend(hedge(one)));
    terms
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
    let Hedge { session: _, half_life_ns, sample_ns, gap_ns, horizon_ns, aversion_e6, fee_e4, through_e4, interval_ns, legs } = hedge;
    let mut terms = vec![
        *half_life_ns, *sample_ns, *gap_ns, *horizon_ns, *aversion_e6, (*fee_e4).into(), (*through_e4).into(), *interval_ns,
        legs.len() as u64,
    ];
    for HedgeLeg { instrument, position, lot, order } in legs {
        terms.extend([(*instrument).into(), (*position).into(), (*lot).into(), u64::from(*order)]);
    }
    terms
}
