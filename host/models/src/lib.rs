//! Models of the market: what floats are good for, between integers that come in and integers that go out.
//!
//! In: tops of book as the venue's integers, with the market's time. Out: thresholds of a two-leg band, hedges in whole
//! lots, as integers, or a reason why there is none.
//!
//! Holds:
//! - What comes out is finite and in range, or it does not come out: a [`Refused`] update leaves a model as it was.
//! - A covariance stays symmetric and positive semidefinite, whatever the input.
//! - The same updates give the same results: no clock, no randomness, no threads.
//!
//! Not here: what becomes of a result. Whoever decides takes it as an input, checks it in integers, and journals it.
#![forbid(unsafe_code)]

mod covariance;
mod hedge;
mod kalman;
mod pace;
mod pair;
mod top;

pub use covariance::{Covariance, Matrix};
pub use hedge::{Child, Holding, Side, Terms as HedgeTerms, Unhedged, hedge};
pub use kalman::{HedgeRatio, Innovation, Noise};
pub use pair::{Band, Pair, Terms as PairTerms};
pub use top::{Refused, Top};
