//! The band of a pair against filterpy and numpy, and what no band may come of.
use proptest::prelude::*;
use riposte_models::{Band, Pair, PairTerms, Refused, Top};

const SECOND: u64 = 1_000_000_000;
const TERMS: PairTerms = PairTerms {
    ratio_half_life_ns: 8 * SECOND,
    spread_half_life_ns: 5 * SECOND,
    z_hundredths: 200,
    sample_ns: SECOND,
    gap_ns: 10 * SECOND,
    warm: 20,
};

fn top(bid: u32) -> Top {
    Top { bid, ask: bid + 200 }
}

fn books(at: u32) -> (Top, Top) {
    (top(1_000_000 + 500 * (at * 7 % 11) + 40 * at), top(400_000 + 210 * (at * 5 % 13) + 130 * (at * 7 % 11)))
}

/// Forty seconds of two books; the last result.
fn fed() -> (Pair, Option<Band>) {
    let (mut pair, mut band) = (Pair::new(TERMS), None);
    for at in 0..40 {
        let (given, leg) = books(at);
        band = pair.update(u64::from(at) * SECOND, given, leg).unwrap();
        assert_eq!(band.is_some(), at >= TERMS.warm, "{at}");
    }
    (pair, band)
}

// Python 3 with filterpy and numpy:
//
// k = np.arange(40)
// given = 1_000_000 + 500 * (k * 7 % 11) + 40 * k
// leg = 400_000 + 210 * (k * 5 % 13) + 130 * (k * 7 % 11)
// x, y = (given + 100) / 1e4, (leg + 100) / 1e4
// half_r, half_s, z = 8.0, 5.0, 2.0
// f = KalmanFilter(dim_x=2, dim_z=1)
// f.x, f.P = np.array([[y[0]], [0.0]]), np.diag([(y[0] * 1e-2 + 1e-4) ** 2, (y[0] / x[0]) ** 2])
// f.F, f.Q = np.eye(2), np.zeros((2, 2))
// most, noise, keep = np.trace(f.P), (y[0] * 1e-4 + 1e-4) ** 2, 0.5 ** (1 / half_s)
// residuals = []
// for a, b in zip(x[1:] - x[0], y[1:]):
//     f.alpha = np.sqrt(max(1.0, min(0.5 ** (-1 / half_r), most / np.trace(f.P))))
//     f.H, f.R = np.array([[1.0, a]]), noise
//     f.predict(); f.update(b)
//     residuals.append(float(f.y[0, 0]))
//     left = b - float((f.H @ f.x)[0, 0])
//     noise = keep * noise + (1 - keep) * (left**2 + float((f.H @ f.P @ f.H.T)[0, 0]))
// w = keep ** np.arange(len(residuals))[::-1]
// mean = np.average(residuals, weights=w)
// sd = np.sqrt(np.average((np.array(residuals) - mean) ** 2, weights=w))
// centre = float((np.array([[1.0, x[-1] - x[0]]]) @ f.x)[0, 0]) + mean
// print(f.x, noise, mean, sd, (centre - z * sd) * 1e4, (centre + z * sd) * 1e4)
#[test]
fn a_band_is_what_filterpy_and_numpy_make_of_the_same_books() {
    let (pair, band) = fed();
    let (mean, variance) = pair.spread();
    let ratio = pair.ratio().unwrap();
    let found = [ratio.state()[0], ratio.state()[1], ratio.noise(), mean, variance.sqrt()];
    let wanted = [40.25946759, -0.11531872, 0.009787804685004689, -0.017216308080495693, 0.09872660971079508];
    assert!(found.iter().zip(&wanted).all(|(one, other)| (one - other).abs() < 6e-9), "{found:?} is not {wanted:?}");
    // 399749.149 and 403698.214, outwards.
    assert_eq!(band, Some(Band { lower: 399_749, upper: 403_699, ratio_e6: -115_319 }));
}

#[test]
fn bad_books_and_times_are_refused_and_change_nothing() {
    let (mut pair, _) = fed();
    let before = pair.clone();
    let (good, now_ns) = (top(1_000_000), 39 * SECOND);
    for (at_ns, given, leg, wanted) in [
        (now_ns + SECOND, Top { bid: 0, ask: 0 }, good, Refused::Book { bid: 0, ask: 0 }),
        (now_ns + SECOND, good, Top { bid: 0, ask: 7 }, Refused::Book { bid: 0, ask: 7 }),
        (now_ns + SECOND, good, Top { bid: 8, ask: 7 }, Refused::Book { bid: 8, ask: 7 }),
        (now_ns - 1, good, good, Refused::Time { last_ns: now_ns, now_ns: now_ns - 1 }),
        (0, good, good, Refused::Time { last_ns: now_ns, now_ns: 0 }),
    ] {
        assert_eq!(pair.update(at_ns, given, leg), Err(wanted));
        assert_eq!(pair, before);
    }
    assert_eq!(pair.update(now_ns + SECOND - 1, good, good), Ok(None), "too soon is nothing new");
    assert_eq!(pair, before);
}

#[test]
fn behind_a_gap_there_is_no_band_until_enough_is_seen_again() {
    let (mut pair, _) = fed();
    let start_ns = 60 * SECOND;
    let (given, leg) = books(40);
    assert_eq!(pair.update(start_ns, given, leg), Err(Refused::Gap(21 * SECOND)));
    for at in 1..=40 {
        let (given, leg) = books(40 + at);
        let band = pair.update(start_ns + u64::from(at) * SECOND, given, leg).unwrap();
        assert_eq!(band.is_some(), at >= TERMS.warm, "{at}");
    }
}

#[test]
fn a_spread_that_does_not_move_has_no_band_and_none_leaves_the_venues_prices() {
    let mut pair = Pair::new(TERMS);
    for at in 0..20 {
        assert_eq!(pair.update(at * SECOND, top(1_000_000), top(400_000)), Ok(None));
    }
    assert_eq!(pair.update(20 * SECOND, top(1_000_000), top(400_000)), Err(Refused::Flat));
    let mut pair = Pair::new(PairTerms { z_hundredths: u32::MAX, ..TERMS });
    let last = (0..=20).map(|at| pair.update(u64::from(at) * SECOND, books(at).0, books(at).1)).last();
    assert_eq!(last, Some(Err(Refused::Range)));
}

proptest! {
    #[test]
    fn whatever_it_is_told_a_band_is_of_prices_or_there_is_none(
        updates in prop::collection::vec((any::<u64>(), any::<u32>(), 0u32..1 << 20, any::<u32>(), 0u32..1 << 20, 0u32..40), 0..200),
        z_hundredths in any::<u32>(), near in any::<bool>(),
    ) {
        let mut pair = Pair::new(PairTerms { z_hundredths, sample_ns: 1, gap_ns: u64::MAX, warm: 2, ..TERMS });
        let mut now_ns = 0u64;
        for (step_ns, a, b, c, d, shift) in updates {
            now_ns = now_ns.saturating_add(step_ns >> (shift + 10));
            let (a, c) = if near { (1_000_000 + a % 1000, 400_000 + c % 1000) } else { (a, c) };
            let tops = [Top { bid: a, ask: a.saturating_add(b) }, Top { bid: c, ask: c.saturating_add(d) }];
            if let Ok(Some(band)) = pair.update(now_ns, tops[0], tops[1]) {
                prop_assert!(band.lower >= 1 && band.lower < band.upper && band.upper < 2_000_000_000, "{band:?}");
            }
            if let Some(ratio) = pair.ratio() {
                let [[a, b], [c, d]] = ratio.covariance();
                prop_assert!(b == c && a >= 0.0 && d >= 0.0 && a * d - b * b >= -1e-9 * a * d);
            }
        }
    }
}
