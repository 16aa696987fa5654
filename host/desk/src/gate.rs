//! Limits of the card as a whole: `[gate]`.
//!
//! Times are cycles of the reference clock, rounded so that no limit gets looser. What is missing is 0, which blocks.
use crate::field::{Section, microseconds, whole};
use crate::host::{MS, money};
use crate::limits::{BLOCKED, ORDERS_MAX};
use crate::problem::Log;
use riposte_map::limits::CLOCK_HZ;

/// Limits of the whole card; 0 blocks every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// In which the throttle earns one order.
    pub interval_cycles: u32,
    /// Orders that may be saved up.
    pub burst: u16,
    /// Of these, how many are for mass cancels alone.
    pub cancel_reserve: u16,
    /// From the last byte that a decision needed to its order's first word.
    pub max_age_cycles: u16,
    /// Value of what is open and held, price times quantity, 1e-4 dollars.
    pub exposure_e4: u64,
    pub open_orders: u32,
    /// Orders that the venue has not answered.
    pub unacknowledged: u32,
    /// For which one word of the host keeps the card armed.
    pub heartbeat_cycles: u64,
}

/// `tick_ns` is how often the host can vouch at most.
pub(crate) fn read_gate(root: &mut Section, log: &mut Log, tick_ns: u64) -> Gate {
    let Some(mut section) = root.section(log, "gate") else {
        log.warning(&(0..0), format!("no [gate]: {BLOCKED}"));
        return Gate::default();
    };
    let rate = section.optional(log, "orders_per_second", whole(1, CLOCK_HZ as u32)).map(|one| one.value);
    let burst = section.optional(log, "burst", whole(1, u16::MAX.into())).map(|one| one.value);
    let reserve = section.optional(log, "cancel_reserve", whole(0, u16::MAX.into()));
    if let Some(all) = reserve.as_ref().filter(|one| burst.is_some_and(|burst| one.value >= burst)) {
        let text = format!("`cancel_reserve` {} leaves nothing of `burst`: the gate will refuse every order", all.value);
        log.warning(&all.span, text);
    }
    let age = section.optional(log, "max_age_us", microseconds(|time, clock| time / clock, u16::MAX.into()));
    let exposure = section.optional(log, "exposure", money).map(|one| one.value);
    let open_orders = section.optional(log, "open_orders", whole(1, ORDERS_MAX)).map(|one| one.value);
    let unacknowledged = section.optional(log, "unacknowledged", whole(1, ORDERS_MAX)).map(|one| one.value);
    let heartbeat = section.optional(log, "heartbeat_ms", whole(1, 60_000));
    let heartbeat_ms = heartbeat.as_ref().map(|one| u64::from(one.value));
    if let Some(late) = heartbeat.filter(|one| u64::from(one.value) * MS < 3 * tick_ns) {
        let (given, tick) = (late.value, tick_ns / MS);
        log.warning(&late.span, format!("`heartbeat_ms` {given} is less than three times `tick_ms` {tick}: the host may be heard too late"));
    }
    let age_cycles = age.map(|one| one.value);
    for (field, is_set) in [
        ("orders_per_second", rate.is_some()), ("burst", burst.is_some()), ("max_age_us", age_cycles.is_some()),
        ("exposure", exposure.is_some()), ("open_orders", open_orders.is_some()),
        ("unacknowledged", unacknowledged.is_some()), ("heartbeat_ms", heartbeat_ms.is_some()),
    ] {
        if !is_set {
            log.warning(&section.span, format!("`gate`: no `{field}`: {BLOCKED}"));
        }
    }
    section.finish(log);
    Gate {
        interval_cycles: rate.map_or(0, |rate| (CLOCK_HZ as u32).div_ceil(rate)),
        burst: burst.unwrap_or(0) as u16,
        cancel_reserve: reserve.map_or(0, |one| one.value as u16),
        max_age_cycles: age_cycles.unwrap_or(0) as u16,
        exposure_e4: exposure.unwrap_or(0),
        open_orders: open_orders.unwrap_or(0),
        unacknowledged: unacknowledged.unwrap_or(0),
        heartbeat_cycles: heartbeat_ms.map_or(0, |time_ms| time_ms * (CLOCK_HZ / 1000)),
    }
}
