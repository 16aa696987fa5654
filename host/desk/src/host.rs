//! What the host needs to know of a desk: where it runs, how long is too long, the book's limits.
//!
//! Every section may be left out. A limit that is missing is 0, which blocks arming; the check says so.
use crate::field::{Section, boolean, choice, code, decimal, parsed, text, whole};
use crate::outlets::{LogForm, read_log, read_metrics};
use crate::price::price_e4;
use crate::problem::Log;
use crate::signer::{Signer, read_trusted};
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::de::DeValue;

/// A millisecond in nanoseconds.
pub(crate) const MS: u64 = 1_000_000;

/// How the host runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The processor that the engine's thread has for itself. Without one it shares, and rests while nothing happens.
    pub core: Option<u32>,
    /// Ask for a real-time priority.
    pub realtime: bool,
    /// Where the control socket is; beside the journal if not named.
    pub control: Option<PathBuf>,
    /// Between two ticks of the engine, nanoseconds.
    pub tick_ns: u64,
    /// Records that wait so long to be durable stop the host's heart, nanoseconds.
    pub sync_ns: u64,
    /// Inputs between two snapshots of the engine's state.
    pub snapshot_inputs: u64,
    /// Entries of a day that the engine has room for.
    pub orders: usize,
    pub executions: usize,
    pub requests: usize,
    pub times: Times,
    /// Whose parameter sets are taken; without any, none is.
    pub trusted: Vec<Signer>,
    /// Where metrics are served.
    pub metrics: Option<SocketAddr>,
    pub log: LogForm,
}

/// How long is too long, nanoseconds; the engine says what each is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    pub protection_ns: u64,
    pub answer_ns: u64,
    pub silence_ns: u64,
    pub mark_window_ns: u64,
    pub mark_age_ns: u64,
    pub drop_copy_ns: u64,
    pub bust_window_ns: u64,
    pub claim_ns: u64,
    pub approval_ns: u64,
    pub reversion_ns: u64,
}

impl Default for Host {
    fn default() -> Host {
        let second = 1000 * MS;
        Host {
            core: None,
            realtime: false,
            control: None,
            tick_ns: 10 * MS,
            sync_ns: 2 * second,
            snapshot_inputs: 1 << 17,
            orders: 1 << 16,
            executions: 1 << 16,
            requests: 1 << 14,
            times: Times {
                protection_ns: second,
                answer_ns: second,
                silence_ns: 15 * second,
                mark_window_ns: second,
                mark_age_ns: 60 * second,
                drop_copy_ns: 10 * second,
                bust_window_ns: 1800 * second,
                claim_ns: 600 * second,
                approval_ns: 600 * second,
                reversion_ns: 30 * second,
            },
            trusted: Vec::new(),
            metrics: None,
            log: LogForm::Text,
        }
    }
}

/// Limits that the host proposes when it starts; 0 is unset. Money in 1e-4 dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// C20: of the whole book.
    pub loss_e4: u64,
    pub drawdown_e4: u64,
    /// C20: of each instrument.
    pub instrument_loss_e4: u64,
    /// C24: gross, at the venue.
    pub exposure_e4: u64,
    /// C25: messages that need no trade, and messages for each trade.
    pub free_messages: u64,
    pub messages_per_trade: u64,
    /// C21: sums over the underlyings; of the last three 0 permits none.
    pub delta_e4: u64,
    pub gamma_e4: u64,
    pub vega_e4: u64,
    pub theta_e4: u64,
    /// C23: in the worst scenario.
    pub scenario_loss_e4: u64,
    /// C22: what the venue holds for us; C24: what it may owe us.
    pub collateral_e4: u64,
    pub counterparty_e4: u64,
    /// C17: pieces of each instrument, and bought less sold of all, within a window; 0 limits nothing.
    pub protection_pieces: u64,
    pub protection_net_e4: u64,
}

/// Where snapshots of the venue's books are given, and lost messages of its feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restoring {
    pub snapshot: SocketAddr,
    pub requests: SocketAddr,
}

/// Where the venue is, for the order session and its drop copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sessions {
    pub orders: SocketAddr,
    pub drop_copy: Option<SocketAddr>,
    /// The order session goes over the card's own wire, with the addresses of `[session]`, and the card sends in it; else it is the
    /// kernel's, and the host sends what the card has transmitted.
    pub over_card: bool,
    /// Where books come from that the card has lost, and what the feed brought since; without it they stay lost.
    pub restoring: Option<Restoring>,
    /// Of the login, at most six characters.
    pub username: String,
    /// A file with the password, readable by its owner only.
    pub password_file: PathBuf,
    /// The venue cancels what is open when the session is lost.
    pub cancel_on_disconnect: bool,
}

pub(crate) fn read_host(root: &mut Section, log: &mut Log) -> Host {
    let mut host = Host::default();
    let Some(mut section) = root.section(log, "host") else { return host };
    host.core = section.optional(log, "core", whole(0, 1023)).map(|core| core.value);
    host.realtime = section.optional(log, "realtime", boolean).is_some_and(|one| one.value);
    host.control = section.optional(log, "control", path).map(|one| one.value);
    let mut entries = |field: &'static str, log: &mut Log, value: &mut usize| {
        if let Some(found) = section.optional(log, field, whole(16, (1 << 24) - 1)) {
            *value = found.value as usize;
        }
    };
    entries("orders", log, &mut host.orders);
    entries("executions", log, &mut host.executions);
    entries("requests", log, &mut host.requests);
    if let Some(found) = section.optional(log, "snapshot_inputs", whole(1, u32::MAX)) {
        host.snapshot_inputs = found.value.into();
    }
    let times = &mut host.times;
    for (field, value) in [
        ("tick_ms", &mut host.tick_ns), ("sync_ms", &mut host.sync_ns), ("answer_ms", &mut times.answer_ns),
        ("protection_ms", &mut times.protection_ns),
        ("silence_ms", &mut times.silence_ns), ("mark_window_ms", &mut times.mark_window_ns),
        ("mark_age_ms", &mut times.mark_age_ns), ("drop_copy_ms", &mut times.drop_copy_ns),
        ("bust_window_ms", &mut times.bust_window_ns), ("claim_ms", &mut times.claim_ns),
        ("approval_ms", &mut times.approval_ns), ("reversion_ms", &mut times.reversion_ns),
    ] {
        if let Some(found) = section.optional(log, field, whole(1, u32::MAX)) {
            *value = u64::from(found.value) * MS;
        }
    }
    host.trusted = read_trusted(&mut section, log);
    host.metrics = read_metrics(&mut section, log);
    host.log = read_log(&mut section, log);
    section.finish(log);
    host
}

pub(crate) fn read_limits(root: &mut Section, log: &mut Log) -> Limits {
    let mut limits = Limits::default();
    let Some(mut section) = root.section(log, "limits") else { return limits };
    for (field, value) in [
        ("loss", &mut limits.loss_e4), ("drawdown", &mut limits.drawdown_e4),
        ("instrument_loss", &mut limits.instrument_loss_e4), ("exposure", &mut limits.exposure_e4),
        ("delta", &mut limits.delta_e4), ("scenario_loss", &mut limits.scenario_loss_e4),
        ("collateral", &mut limits.collateral_e4), ("counterparty", &mut limits.counterparty_e4),
    ] {
        match section.optional(log, field, money) {
            Some(found) => *value = found.value,
            None => log.warning(&section.span, format!("`limits`: no `{field}`: it blocks arming until it is set")),
        }
    }
    for (field, value) in
        [("free_messages", &mut limits.free_messages), ("messages_per_trade", &mut limits.messages_per_trade)]
    {
        match section.optional(log, field, whole(1, u32::MAX)) {
            Some(found) => *value = found.value.into(),
            None => log.warning(&section.span, format!("`limits`: no `{field}`: it blocks arming until it is set")),
        }
    }
    for (field, value) in [
        ("gamma", &mut limits.gamma_e4), ("vega", &mut limits.vega_e4), ("theta", &mut limits.theta_e4),
        ("protection_net", &mut limits.protection_net_e4),
    ] {
        *value = section.optional(log, field, money).map_or(0, |found| found.value);
    }
    limits.protection_pieces = section.optional(log, "protection_pieces", whole(1, u32::MAX)).map_or(0, |found| found.value.into());
    section.finish(log);
    limits
}

/// `frames` is where the card's frames go.
pub(crate) fn read_sessions(root: &mut Section, log: &mut Log, frames: Option<SocketAddr>) -> Option<Sessions> {
    let mut section = root.section(log, "sessions")?;
    let address = || parsed("an address with a port, such as 127.0.0.1:26400");
    let orders = section.required(log, "orders", address());
    let drop_copy = section.optional(log, "drop_copy", address());
    let over = section.optional(log, "over", choice(&[("host", 0), ("card", 1)]));
    let over_card = over.is_some_and(|one| one.value == 1);
    if let Some((orders, frames)) = orders.as_ref().zip(frames)
        && over_card && orders.value != frames
    {
        log.error(&orders.span, format!("`orders`: over the card it goes where its frames go: `destination` of `session`, {frames}"));
    }
    let [snapshot, requests] = ["snapshot", "requests"].map(|key| section.optional(log, key, address()));
    let both = snapshot.as_ref().zip(requests.as_ref());
    let restoring = both.map(|(snapshot, requests)| Restoring { snapshot: snapshot.value, requests: requests.value });
    if restoring.is_none()
        && let Some(alone) = snapshot.or(requests)
    {
        log.error(&alone.span, "`snapshot` and `requests` stand together: books are restored from the venue's snapshot and what its feed brought since");
    }
    let username = section.required(log, "username", code(6));
    let password_file = section.required(log, "password_file", path);
    let cancels = section.optional(log, "cancel_on_disconnect", boolean);
    section.finish(log);
    Some(Sessions {
        orders: orders?.value,
        drop_copy: drop_copy.map(|one| one.value),
        over_card,
        restoring,
        username: username?.value,
        password_file: password_file?.value,
        cancel_on_disconnect: cancels.is_some_and(|one| one.value),
    })
}

pub(crate) fn path(value: &DeValue) -> Result<PathBuf, String> {
    let found = text(value)?;
    if found.is_empty() { Err("must name a file".to_owned()) } else { Ok(found.into()) }
}

/// Dollars in 1e-4 dollars.
pub(crate) fn money(value: &DeValue) -> Result<u64, String> {
    let text = decimal(value, "an amount such as \"25000.00\"")?;
    money_e4(text).ok_or_else(|| format!("`{text}` must be an amount above 0 with at most four decimals, such as 25000.00"))
}

/// Dollars with at most four decimals, above 0.
pub fn money_e4(text: &str) -> Option<u64> {
    decimal_e4(text).filter(|&value| value > 0)
}

fn decimal_e4(text: &str) -> Option<u64> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
    // The decimals are those of a price; the whole part may be larger than any price.
    let part: u64 = price_e4(&format!("0.{decimals}")).ok()?.into();
    let digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let whole: u64 = whole.parse().ok().filter(|_| digits)?;
    whole.checked_mul(10_000)?.checked_add(part)
}

/// As `money_e4`, also 0 and what is negative.
pub fn signed_e4(text: &str) -> Option<i64> {
    let (digits, sign) = text.strip_prefix('-').map_or((text, 1), |digits| (digits, -1));
    decimal_e4(digits).and_then(|e4| i64::try_from(e4).ok()).map(|e4| sign * e4)
}
