//! The filter against least squares, and against filterpy.
use proptest::prelude::*;
use riposte_models::{HedgeRatio, Noise, Refused};

const SECOND: u64 = 1_000_000_000;

fn observed(at: usize) -> (f64, f64) {
    let k = at as f64;
    let x = 3.0 + (0.7 * k).sin() + 0.1 * k;
    (x, 1.5 + 0.8 * x + 0.05 * (2.3 * k).cos())
}

fn fed(mut filter: HedgeRatio) -> HedgeRatio {
    for (x, y) in (0..12).map(observed) {
        filter.update(SECOND, x, y).unwrap();
    }
    filter
}

fn assert_near(found: &[f64], wanted: &[f64], tolerance: f64) {
    for (one, other) in found.iter().zip(wanted) {
        assert!((one - other).abs() <= tolerance, "{found:?} is not {wanted:?}");
    }
}

/// Weighted normal equations of the twelve observations: state and covariance.
fn least_squares(weight: impl Fn(usize) -> f64, prior: [f64; 2], doubt: [f64; 2], prior_weight: f64) -> ([f64; 2], [f64; 3]) {
    let (mut a, mut b, mut c) = (prior_weight / doubt[0], 0.0, prior_weight / doubt[1]);
    let (mut d, mut e) = (a * prior[0], c * prior[1]);
    for at in 0..12 {
        let ((x, y), w) = (observed(at), weight(at));
        (a, b, c, d, e) = (a + w, b + w * x, c + w * x * x, d + w * y, e + w * x * y);
    }
    let det = a * c - b * b;
    ([(c * d - b * e) / det, (a * e - b * d) / det], [c / det, -b / det, a / det])
}

#[test]
fn a_constant_state_is_recursive_least_squares() {
    let (prior, doubt, noise) = ([0.3, -0.2], [4.0, 9.0], 0.01);
    let filter = fed(HedgeRatio::new(prior, doubt, None, Noise::Fixed(noise)).unwrap());
    let (state, covariance) = least_squares(|_| 1.0 / noise, prior, doubt, 1.0);
    assert_near(&filter.state(), &state, 1e-10);
    // numpy 2.4: inv(P0) + H'H/R, solved.
    assert_near(&filter.state(), &[1.49207169, 0.80324658], 5e-9);
    let found = filter.covariance();
    assert_near(&[found[0][0], found[0][1], found[1][1]], &covariance, 1e-10);
    assert_near(&[found[0][0], found[0][1], found[1][1]], &[0.02220332, -0.00579601, 0.00157199], 5e-9);
}

#[test]
fn a_half_life_is_fading_weights() {
    let (prior, doubt, noise) = ([0.3, -0.2], [4.0, 9.0], 0.01);
    let filter = fed(HedgeRatio::new(prior, doubt, Some(4 * SECOND), Noise::Fixed(noise)).unwrap());
    let kept = |age: usize| 0.5f64.powf(age as f64 / 4.0);
    // What was believed at first is not doubted more before the first observation.
    let (state, covariance) = least_squares(|at| kept(11 - at) / noise, prior, doubt, kept(11));
    assert_near(&filter.state(), &state, 1e-10);
    let found = filter.covariance();
    assert_near(&[found[0][0], found[0][1], found[1][1]], &covariance, 1e-10);
}

#[test]
fn an_observation_that_is_no_number_is_refused_and_changes_nothing() {
    let noise = Noise::Adaptive { guess: 0.01, half_life_ns: SECOND };
    let mut filter = fed(HedgeRatio::new([0.0, 1.0], [1.0, 1.0], Some(SECOND), noise).unwrap());
    let before = filter.clone();
    for (x, y) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::INFINITY, 1.0), (1.0, f64::NEG_INFINITY), (1e13, 1.0), (1.0, -1e300)] {
        assert_eq!(filter.update(SECOND, x, y), Err(Refused::NotFinite));
        assert_eq!(filter, before);
    }
    for (state, doubt, variance) in [
        ([f64::NAN, 0.0], [1.0, 1.0], 1.0), ([0.0, 0.0], [0.0, 1.0], 1.0), ([0.0, 0.0], [1.0, -1.0], 1.0), ([0.0, 0.0], [1.0, 1.0], 0.0),
        ([0.0, 0.0], [1.0, 1.0], f64::NAN),
    ] {
        assert_eq!(HedgeRatio::new(state, doubt, None, Noise::Fixed(variance)), Err(Refused::NotFinite));
    }
}

#[test]
fn a_market_that_stands_still_does_not_wind_it_up() {
    let noise = Noise::Fixed(0.01);
    let mut filter = HedgeRatio::new([0.0, 1.0], [1.0, 1.0], Some(SECOND), noise).unwrap();
    for _ in 0..100_000 {
        filter.update(SECOND, 2.0, 2.0).unwrap();
        let [[first, _], [_, second]] = filter.covariance();
        assert!(first + second <= 2.0 + 1e-9, "{:?}", filter.covariance());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_covariance_stays_symmetric_and_positive_and_everything_finite(
        observations in prop::collection::vec((0u64..1 << 40, -9.0f64..9.0, -9.0f64..9.0, 0i32..12, any::<bool>()), 1..200),
        half_life_ns in prop::option::of(1u64..1 << 36), guess in 1e-9f64..1e3, adapts in any::<bool>(),
    ) {
        let noise = if adapts { Noise::Adaptive { guess, half_life_ns: SECOND } } else { Noise::Fixed(guess) };
        let mut filter = HedgeRatio::new([0.0, 0.0], [1e4, 1e4], half_life_ns, noise).unwrap();
        for (passed_ns, x, y, size, wild) in observations {
            let by = 10f64.powi(if wild { size } else { 0 });
            let _ = filter.update(passed_ns, x * by, y * by);
            let [[a, b], [c, d]] = filter.covariance();
            prop_assert!([a, b, d, filter.noise()].iter().chain(&filter.state()).all(|one| one.is_finite()));
            prop_assert!(b == c && a >= 0.0 && d >= 0.0, "{:?}", filter.covariance());
            prop_assert!(a * d - b * b >= -1e-9 * a * d, "{:?}", filter.covariance());
            prop_assert!(filter.noise() > 0.0);
        }
    }
}
