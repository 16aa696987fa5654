//! What a host tells others while it runs: metrics, and lines on standard error.
use crate::field::{Section, choice, parsed};
use crate::problem::Log;
use std::net::SocketAddr;

/// How lines on standard error are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Left out: nobody is served.
pub(crate) fn read_metrics(host: &mut Section, log: &mut Log) -> Option<SocketAddr> {
    let found = host.optional(log, "metrics", parsed("an address with a port, such as 127.0.0.1:9464"));
    let address = found?;
    let is_local = |address: &SocketAddr| address.ip().is_loopback();
    if !is_local(&address.value) {
        log.warning(&address.span, "`metrics`: whoever reaches this address sees positions and results: nobody is asked who they are");
    }
    Some(address.value)
}

pub(crate) fn read_log(host: &mut Section, log: &mut Log) -> LogForm {
    let found = host.optional(log, "log", choice(&[("text", 0), ("json", 1)]));
    if found.is_some_and(|found| found.value == 1) { LogForm::Json } else { LogForm::Text }
}
