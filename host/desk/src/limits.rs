//! Limits of instruments and rules, and what a desk says of them for all.
//!
//! What an instrument or a rule does not say, `[defaults]` says; what neither says is unset, which blocks.
use crate::field::{Section, microseconds, price, text, whole};
use crate::host::money;
use crate::problem::Log;
use riposte_map::wire::ouch::QUANTITY_LIMIT;
use std::ops::Range;
use toml::de::DeValue;

/// Largest position that can be lent: what is left of a lease stays below half of 32 bits, whatever is sent meanwhile.
const POSITION_MAX: u32 = (1 << 30) - 1;
/// Most orders that can be lent, for the same reason.
pub(crate) const ORDERS_MAX: u32 = (1 << 30) - 1;
/// Longest cool-down that the card counts, cycles.
pub(crate) const CYCLES_MAX: u64 = (1 << 48) - 1;
/// The live collar that lets every price pass, also without a top of book.
pub const ANY_REACH_E4: u32 = u32::MAX;
pub(crate) const BLOCKED: &str = "every order is blocked until it is set";

/// Limits of one instrument; each that is `None` blocks every order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstrumentLimits {
    /// Largest order, shares.
    pub max_quantity: Option<u32>,
    /// Largest order, price times quantity, 1e-4 dollars.
    pub max_value_e4: Option<u64>,
    /// How far through the top of book an order may reach, 1e-4 dollars; [`ANY_REACH_E4`] is anywhere.
    pub live_collar_e4: Option<u32>,
    pub sides: Option<Sides>,
    pub position: Option<PositionLimit>,
    /// Smallest step of a price, 1e-4 dollars.
    pub tick_size_e4: Option<u32>,
    /// Smallest step of a quantity, shares.
    pub lot: Option<u32>,
}

/// Which orders are permitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sides {
    pub buy: bool,
    pub sell: bool,
    /// Short sales, exempt ones too.
    pub short: bool,
    /// Mass cancels.
    pub cancel: bool,
}

impl Sides {
    /// Whether an order of this side (`B`, `S`, `T` or `E`) is permitted.
    pub fn permit(self, side: u8) -> bool {
        match side {
            b'B' => self.buy,
            b'S' => self.sell,
            _ => self.short,
        }
    }

    /// As they are written.
    pub fn text(self) -> String {
        let named = [(self.buy, "buy"), (self.sell, "sell"), (self.short, "short"), (self.cancel, "cancel")];
        named.iter().filter(|(is_permitted, _)| *is_permitted).map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
    }
}

/// How far the position may go, with everything open taken as traded: `buy` shares long, `sell` shares short.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PositionLimit {
    pub buy: u32,
    pub sell: u32,
}

/// Limits of one rule; each that is `None` blocks every order, but for its lifetime.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleLimits {
    /// Between two orders of the rule.
    pub cooldown_cycles: Option<u64>,
    /// For which its template may be sent, behind the commit of its set; `None`: as long as the set is in force.
    pub lifetime_cycles: Option<u64>,
    /// Orders until a person releases the rule.
    pub max_orders: Option<u32>,
}

/// `[defaults]`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Defaults {
    pub instrument: InstrumentLimits,
    pub rule: RuleLimits,
}

pub(crate) fn read_defaults(root: &mut Section, log: &mut Log) -> Defaults {
    let Some(mut section) = root.section(log, "defaults") else { return Defaults::default() };
    let none = Defaults::default();
    let instrument = InstrumentLimits::read(&mut section, log, &none.instrument);
    let rule = RuleLimits::read(&mut section, log, &none.rule);
    section.finish(log);
    Defaults { instrument, rule }
}

impl InstrumentLimits {
    /// A price in ticks and a quantity in lots, as far as they are.
    pub(crate) fn units(&self, price_e4: u32, quantity: u32) -> [u32; 2] {
        [(price_e4, self.tick_size_e4), (quantity, self.lot)].map(|(whole, unit)| whole.checked_div(unit.unwrap_or(0)).unwrap_or(0))
    }

    pub(crate) fn read(section: &mut Section, log: &mut Log, otherwise: &InstrumentLimits) -> InstrumentLimits {
        let max_quantity = section.optional(log, "max_quantity", whole(1, QUANTITY_LIMIT - 1));
        let max_value = section.optional(log, "max_value", money);
        let live_collar = section.optional(log, "live_collar", live_collar);
        let sides = section.optional(log, "sides", sides);
        let position = section.section(log, "position").and_then(|position| read_position(position, log));
        let tick_size = section.optional(log, "tick_size", |value| positive(price(value)?, "must be above 0"));
        let lot = section.optional(log, "lot", whole(1, QUANTITY_LIMIT - 1));
        InstrumentLimits {
            max_quantity: max_quantity.map(|one| one.value).or(otherwise.max_quantity),
            max_value_e4: max_value.map(|one| one.value).or(otherwise.max_value_e4),
            live_collar_e4: live_collar.map(|one| one.value).or(otherwise.live_collar_e4),
            sides: sides.map(|one| one.value).or(otherwise.sides),
            position: position.or(otherwise.position),
            tick_size_e4: tick_size.map(|one| one.value).or(otherwise.tick_size_e4),
            lot: lot.map(|one| one.value).or(otherwise.lot),
        }
    }

    /// Names of those that are unset.
    pub(crate) fn unset(&self) -> impl Iterator<Item = &'static str> {
        let named = [
            ("max_quantity", self.max_quantity.is_none()), ("max_value", self.max_value_e4.is_none()),
            ("live_collar", self.live_collar_e4.is_none()), ("sides", self.sides.is_none()),
            ("position", self.position.is_none()), ("tick_size", self.tick_size_e4.is_none()), ("lot", self.lot.is_none()),
        ];
        named.into_iter().filter(|(_, is_unset)| *is_unset).map(|(name, _)| name)
    }
}

impl RuleLimits {
    pub(crate) fn read(section: &mut Section, log: &mut Log, otherwise: &RuleLimits) -> RuleLimits {
        let cooldown = section.optional(log, "cooldown_us", microseconds(u64::div_ceil, CYCLES_MAX));
        let lifetime = section.optional(log, "lifetime_us", microseconds(|time, clock| time / clock, CYCLES_MAX));
        let max_orders = section.optional(log, "max_orders", whole(1, ORDERS_MAX));
        RuleLimits {
            cooldown_cycles: cooldown.map(|one| one.value).or(otherwise.cooldown_cycles),
            lifetime_cycles: lifetime.map(|one| one.value).or(otherwise.lifetime_cycles),
            max_orders: max_orders.map(|one| one.value).or(otherwise.max_orders),
        }
    }

    pub(crate) fn warn_of_unset(&self, log: &mut Log, span: &Range<usize>, rule: &str) {
        let named = [("cooldown_us", self.cooldown_cycles.is_none()), ("max_orders", self.max_orders.is_none())];
        for (name, _) in named.iter().filter(|(_, is_unset)| *is_unset) {
            log.warning(span, format!("{rule}: no `{name}`: {BLOCKED}"));
        }
    }
}

fn read_position(mut section: Section, log: &mut Log) -> Option<PositionLimit> {
    let buy = section.required(log, "buy", whole(0, POSITION_MAX));
    let sell = section.required(log, "sell", whole(0, POSITION_MAX));
    let span = section.span.clone();
    section.finish(log);
    let position = PositionLimit { buy: buy?.value, sell: sell?.value };
    if position == PositionLimit::default() {
        log.error(&span, "`position`: `buy` or `sell` must be above 0");
    }
    Some(position)
}

/// A price above 0, or `"off"`.
fn live_collar(value: &DeValue) -> Result<u32, String> {
    if value.as_str() == Some("off") {
        return Ok(ANY_REACH_E4);
    }
    positive(price(value)?, "must be above 0, or \"off\"")
}

fn positive(number: u32, otherwise: &str) -> Result<u32, String> {
    if number == 0 { Err(otherwise.to_owned()) } else { Ok(number) }
}

fn sides(value: &DeValue) -> Result<Sides, String> {
    let wanted = || "must be a list of \"buy\", \"sell\", \"short\" and \"cancel\"".to_owned();
    let mut sides = Sides::default();
    for side in value.as_array().ok_or_else(wanted)?.iter() {
        match text(side.get_ref()).as_deref() {
            Ok("buy") => sides.buy = true,
            Ok("sell") => sides.sell = true,
            Ok("short") => sides.short = true,
            Ok("cancel") => sides.cancel = true,
            _ => return Err(wanted()),
        }
    }
    if sides == Sides::default() { Err(wanted()) } else { Ok(sides) }
}
