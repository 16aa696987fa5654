//! EWMA covariance against the weighted sum that it stands for.
use proptest::prelude::*;
use riposte_models::{Covariance, Refused, Top};

const SECOND: u64 = 1_000_000_000;
const HALF_LIFE: u64 = 7 * SECOND;

fn top(bid: u32) -> Top {
    Top { bid, ask: bid + 200 }
}

/// Weight of an interval: all of 2^(-age / half-life) between its ends. From absolute times, not step by step.
fn explicit(updates: &[(u64, Vec<u32>)]) -> Vec<Vec<f64>> {
    let end_ns = updates.last().expect("updates").0;
    let kept = |at_ns: u64| 0.5f64.powf((end_ns - at_ns) as f64 / HALF_LIFE as f64);
    let middle = |bid: u32| f64::from(bid + 100) / 10_000.0;
    let count = updates[0].1.len();
    let (mut sum, mut weights) = (vec![vec![0.0; count]; count], 0.0);
    for pair in updates.windows(2) {
        let weight = kept(pair[1].0) - kept(pair[0].0);
        let length = (pair[1].0 - pair[0].0) as f64 / 1e9;
        let moved: Vec<f64> = (0..count).map(|at| (middle(pair[1].1[at]) / middle(pair[0].1[at])).ln()).collect();
        weights += weight;
        for row in 0..count {
            for column in 0..count {
                sum[row][column] += weight * moved[row] * moved[column] / length;
            }
        }
    }
    sum.iter().map(|row| row.iter().map(|one| one / weights).collect()).collect()
}

fn is_near(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs()).max(1e-15)
}

proptest! {
    #[test]
    fn the_estimate_is_the_explicit_weighted_sum(
        steps in prop::collection::vec((1u64..20_000, 900_000u32..1_100_000, 300_000u32..500_000), 2..60),
    ) {
        let mut model = Covariance::new(2, HALF_LIFE, 60 * SECOND);
        let (mut updates, mut now_ns) = (Vec::new(), 0);
        for (step_ms, first, second) in steps {
            now_ns += step_ms * 1_000_000;
            model.update(now_ns, &[top(first), top(second)]).unwrap();
            updates.push((now_ns, vec![first, second]));
        }
        let (found, wanted) = (model.a_second().unwrap(), explicit(&updates));
        for row in 0..2 {
            for column in 0..2 {
                prop_assert!(is_near(found[row][column], wanted[row][column]), "{found:?} {wanted:?}");
            }
            prop_assert_eq!(model.volatility_e6(row), Some((wanted[row][row].sqrt() * 1e6).round() as u64));
        }
        prop_assert!(found[0][0] * found[1][1] - found[0][1] * found[1][0] >= -1e-9 * found[0][0] * found[1][1]);
        prop_assert_eq!(model.volatility_e6(2), None);
    }

    #[test]
    fn whatever_it_is_told_it_stays_finite(
        updates in prop::collection::vec((any::<u64>(), any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()), 0..60),
    ) {
        let mut model = Covariance::new(2, HALF_LIFE, u64::MAX);
        for (now_ns, a, b, c, d) in updates {
            let _ = model.update(now_ns, &[Top { bid: a, ask: b }, Top { bid: c, ask: d }]);
            let all = model.a_second().unwrap_or_default();
            prop_assert!(all.iter().flatten().all(|one| one.is_finite()) && all[0][1] == all[1][0] && all[0][0] >= 0.0);
        }
    }
}

#[test]
fn a_bad_update_is_refused_with_its_reason_and_changes_nothing() {
    let mut model = Covariance::new(2, HALF_LIFE, 5 * SECOND);
    model.update(SECOND, &[top(1_000_000), top(400_000)]).unwrap();
    model.update(2 * SECOND, &[top(1_001_000), top(400_100)]).unwrap();
    let before = model.clone();
    let good = top(1_000_000);
    for (now_ns, tops, wanted) in [
        (3 * SECOND, vec![good], Refused::Count { found: 1, wanted: 2 }),
        (3 * SECOND, vec![good, Top { bid: 0, ask: 5 }], Refused::Book { bid: 0, ask: 5 }),
        (3 * SECOND, vec![good, Top { bid: 6, ask: 5 }], Refused::Book { bid: 6, ask: 5 }),
        (2 * SECOND, vec![good, good], Refused::Time { last_ns: 2 * SECOND, now_ns: 2 * SECOND }),
        (SECOND, vec![good, good], Refused::Time { last_ns: 2 * SECOND, now_ns: SECOND }),
    ] {
        assert_eq!(model.update(now_ns, &tops), Err(wanted));
        assert_eq!(model, before);
    }
    // Across a gap there is no return, and behind it there is one from what was seen there.
    assert_eq!(model.update(8 * SECOND, &[top(2_000_000), top(800_000)]), Err(Refused::Gap(6 * SECOND)));
    assert_eq!(model.a_second(), before.a_second());
    model.update(9 * SECOND, &[top(2_000_000), top(800_000)]).unwrap();
    assert!(model.a_second().unwrap()[0][0] < before.a_second().unwrap()[0][0]);
}
