//! The models against other routes to the same numbers: explicit sums, least squares, other people's programs, brute force.
mod covariance;
mod hedges;
mod kalman;
mod pair;
