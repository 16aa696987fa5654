//! From the text of a configuration to a desk: every field, every relation between fields, every finding.
use crate::field::{Placed, Section, boolean, choice, code, mac, microseconds, parsed, price, text, whole};
use crate::gate::{Gate, read_gate};
use crate::host::{read_host, read_limits, read_sessions};
use crate::limits::{BLOCKED, Defaults, InstrumentLimits, RuleLimits, read_defaults};
use crate::models::{read_hedge, read_models};
use crate::people::{read_people, read_remote};
use crate::risk::read_risk;
use crate::price::{decimal_text, price_e4, price_text};
use crate::problem::{Log, Problem};
use crate::{Action, Collar, Desk, Feed, IMMEDIATE, Instrument, LineB, Order, Rule, Session, Sides, Term};
use riposte_map::limits::{CLOCK_HZ, INSTRUMENTS, RULES, TERMS};
use riposte_map::shm::Condition;
use riposte_map::wire::ouch::QUANTITY_LIMIT;
use std::collections::HashMap;
use std::ops::Range;
use toml::de::DeTable;

/// What the host's place is called where rules have names.
const HOST_ORDERS: &str = "orders of the host";
const REFUSED: &str = "the gate will refuse every order";
const METRICS: &str = "bid, ask, spread, trade, bid_size, ask_size, trade_size, rate, rise or fall";

/// Result of [`check`].
#[derive(Clone, Debug)]
pub struct Check {
    /// Present if no problem is an error.
    pub desk: Option<Desk>,
    /// In the order of the text.
    pub problems: Vec<Problem>,
}

/// Reads a configuration and reports all that is wrong with it, not only the first. A text that is not TOML
/// at all is reported as such and read no further.
pub fn check(source: &str) -> Check {
    let mut log = Log::new(source);
    let (root, errors) = DeTable::parse_recoverable(source);
    for error in errors {
        log.error(&error.span().unwrap_or(0..0), error.message());
    }
    if log.has_errors() {
        return Check { desk: None, problems: log.finish() };
    }
    let mut root = Section::new("the configuration", root.get_ref(), 0..0);
    let feed = required_section(&mut root, &mut log, "feed", read_feed);
    let session = required_section(&mut root, &mut log, "session", read_session);
    let host = read_host(&mut root, &mut log);
    let gate = read_gate(&mut root, &mut log, host.tick_ns);
    let defaults = read_defaults(&mut root, &mut log);
    let mut book = Instruments { defaults, gate, ..Instruments::default() };
    for section in root.sections(&mut log, "instrument") {
        book.read(section, &mut log);
    }
    let mut names = HashMap::new();
    for section in root.sections(&mut log, "rule") {
        read_rule(section, &mut log, &mut book, &mut names);
    }
    let models = read_models(&mut root, &mut log, &book.placed);
    let hedge = read_hedge(&mut root, &mut log, &book.placed);
    let risk = read_risk(&mut root, &mut log, &book.placed);
    let limits = read_limits(&mut root, &mut log);
    let people = read_people(&mut root, &mut log);
    let remote = read_remote(&mut root, &mut log, &people);
    let sessions = read_sessions(&mut root, &mut log, session.as_ref().map(|session| session.destination.into()));
    if hedge.is_some() && sessions.is_none() {
        log.error(&(0..0), "[hedge] without [sessions]: there is no venue that would take its orders");
    }
    root.finish(&mut log);
    if book.placed.is_empty() {
        log.warning(&(0..0), "no [[instrument]]: the card will watch nothing");
    }
    let desk = match (feed, session) {
        (Some(feed), Some(session)) if !log.has_errors() => {
            let instruments = book.placed.into_iter().map(|placed| placed.value).collect();
            Some(Desk { feed, session, gate, instruments, host, limits, people, remote, sessions, models, hedge, risk })
        }
        _ => None,
    };
    Check { desk, problems: log.finish() }
}

fn required_section<T>(
    root: &mut Section, log: &mut Log, field: &'static str, read: impl Fn(&mut Section, &mut Log) -> Option<T>,
) -> Option<T> {
    root.demand(log, field);
    let mut section = root.section(log, field)?;
    let value = read(&mut section, log);
    section.finish(log);
    value
}

fn read_feed(section: &mut Section, log: &mut Log) -> Option<Feed> {
    let group = section.required(log, "group", parsed("an IPv4 address such as 233.54.12.111"));
    let port = section.required(log, "port", whole(1, u16::MAX.into()));
    let line_b = section.section(log, "line_b").and_then(|mut line| {
        let group = line.required(log, "group", parsed("an IPv4 address such as 233.54.12.111"));
        let port = line.required(log, "port", whole(1, u16::MAX.into()));
        let span = line.span.clone();
        line.finish(log);
        Some(Placed { value: LineB { group: group?.value, port: port?.value as u16 }, span })
    });
    let longest = (i32::MAX as u32).into();
    let reorder = section.optional(log, "reorder_us", microseconds(|time, cycle| time / cycle, longest));
    let silence = section.optional(log, "silence_us", microseconds(|time, cycle| time / cycle, u32::MAX.into()));
    if let Some(short) = silence.as_ref().filter(|one| one.value < CLOCK_HZ) {
        log.warning(&short.span, "`silence_us` is less than the second in which a quiet feed says that it lives: books may be lost for nothing");
    }
    if silence.is_none() {
        log.warning(&section.span, format!("`feed`: no `silence_us`: {BLOCKED}"));
    }
    let (group, port) = (group?.value, port?.value as u16);
    if let Some(line) = line_b.as_ref().filter(|line| line.value == LineB { group, port }) {
        log.error(&line.span, "line B is line A: it must have a group or a port of its own".to_owned());
    }
    let reorder_cycles = reorder.map_or(0, |reorder| reorder.value as u32);
    let silence_cycles = silence.map_or(0, |silence| silence.value as u32);
    Some(Feed { group, port, line_b: line_b.map(|line| line.value), reorder_cycles, silence_cycles })
}

fn read_session(section: &mut Section, log: &mut Log) -> Option<Session> {
    let endpoint = || parsed("an IPv4 address with a port, such as 10.0.0.1:40000");
    let source_mac = section.required(log, "source_mac", mac);
    let destination_mac = section.required(log, "destination_mac", mac);
    let source = section.required(log, "source", endpoint());
    let destination = section.required(log, "destination", endpoint());
    let mut number = |log: &mut Log, field, low, high, default| {
        section.optional(log, field, whole(low, high)).map_or(default, |placed| placed.value)
    };
    let tcp_sequence = number(log, "tcp_sequence", 0, u32::MAX, 1);
    let acknowledgement = number(log, "acknowledgement", 0, u32::MAX, 1);
    let window = number(log, "window", 0, u16::MAX.into(), u16::MAX.into()) as u16;
    let first_user_ref = number(log, "first_user_ref", 1, u32::MAX, 1);
    let firm = section.optional(log, "firm", |value| {
        let firm = code(4)(value)?;
        <[u8; 4]>::try_from(firm.as_bytes()).map_err(|_| format!("`{firm}` must have exactly four characters"))
    });
    Some(Session {
        source_mac: source_mac?.value,
        destination_mac: destination_mac?.value,
        source: source?.value,
        destination: destination?.value,
        tcp_sequence,
        acknowledgement,
        window,
        first_user_ref,
        firm: firm.map(|placed| placed.value),
    })
}

/// Instruments read so far, and which line has a symbol or a locate already. A symbol whose table has an
/// error stays known, so that its rules are not reported as well.
#[derive(Default)]
struct Instruments {
    defaults: Defaults,
    gate: Gate,
    placed: Vec<Placed<Instrument>>,
    symbols: HashMap<String, usize>,
    locates: HashMap<u32, usize>,
}

impl Instruments {
    fn read(&mut self, mut section: Section, log: &mut Log) {
        let symbol = section.required(log, "symbol", code(8));
        let locate = section.optional(log, "locate", whole(1, u16::MAX.into()));
        let enabled = section.optional(log, "enabled", boolean);
        let limits = InstrumentLimits::read(&mut section, log, &self.defaults.instrument);
        let collar = section.section(log, "collar").and_then(|collar| read_collar(collar, log));
        let window = section.optional(log, "window_us", microseconds(|time, cycle| time / cycle, u32::MAX.into()));
        let host = section.section(log, "host_orders").and_then(|host| read_host_orders(host, log, &self.defaults.rule));
        let blocked = |log: &mut Log, what: &str| {
            let name = symbol.as_ref().map_or("instrument", |symbol| symbol.value.as_str());
            log.warning(&section.span, format!("{name}: {what}: {BLOCKED}"));
        };
        if enabled.as_ref().is_none_or(|enabled| !enabled.value) {
            blocked(log, "`enabled` is not true");
        }
        for limit in limits.unset() {
            blocked(log, &format!("no `{limit}`"));
        }
        if collar.is_none() {
            blocked(log, "no `collar`");
        }
        if let Some(symbol) = &symbol {
            let line = log.line(symbol.span.start);
            if let Some(first) = self.symbols.insert(symbol.value.clone(), line) {
                log.error(&symbol.span, format!("instrument `{}` is already on line {first}", symbol.value));
            }
        }
        if let Some(locate) = &locate {
            let line = log.line(locate.span.start);
            if let Some(first) = self.locates.insert(locate.value, line) {
                log.error(&locate.span, format!("locate {} is already on line {first}", locate.value));
            }
        }
        if self.placed.len() >= INSTRUMENTS {
            log.error(&section.span, format!("too many instruments: the card watches at most {INSTRUMENTS}"));
        }
        let span = section.span.clone();
        section.finish(log);
        let value = Instrument {
            symbol: symbol.map_or(String::new(), |symbol| symbol.value),
            locate: locate.map(|locate| locate.value as u16),
            enabled: enabled.is_some_and(|enabled| enabled.value),
            collar,
            limits,
            window_cycles: window.map_or(0, |window| window.value as u32),
            rules: Vec::new(),
            host,
        };
        self.placed.push(Placed { value, span });
    }
}

fn read_collar(mut section: Section, log: &mut Log) -> Option<Collar> {
    let low = section.required(log, "low", price);
    let high = section.required(log, "high", price);
    let span = section.span.clone();
    section.finish(log);
    let collar = Collar { low_e4: low?.value, high_e4: high?.value };
    if collar.low_e4 > collar.high_e4 || collar.high_e4 == 0 {
        log.error(&span, "`collar`: `high` must be above 0 and not below `low`");
    }
    Some(collar)
}

fn read_rule(mut section: Section, log: &mut Log, book: &mut Instruments, names: &mut HashMap<String, usize>) {
    let name = section.required(log, "name", |value| {
        text(value).and_then(|name| if name.trim().is_empty() { Err("must not be empty".into()) } else { Ok(name) })
    });
    let symbol = section.required(log, "instrument", code(8));
    let when = section.required(log, "when", |value| terms(&text(value)?));
    let other = section.optional(log, "action", |value| action(&text(value)?)).and_then(|found| found.value);
    if other.is_none() {
        section.demand(log, "order");
    }
    let order_section = section.section(log, "order");
    let span = order_section.as_ref().map_or(section.span.clone(), |order| order.span.clone());
    let order = order_section.and_then(|order| read_order(order, log));
    let limits = RuleLimits::read(&mut section, log, &book.defaults.rule);
    if matches!(other, None | Some(Action::Cancel)) {
        limits.warn_of_unset(log, &section.span, name.as_ref().map_or("rule", |name| name.value.as_str()));
    }
    if other.is_some() && order.is_some() {
        log.error(&span, "a rule that cancels, notifies or halts has no `order`: make two rules of it");
    }
    if let Some(name) = &name {
        let line = log.line(name.span.start);
        if let Some(first) = names.insert(name.value.clone(), line) {
            log.error(&name.span, format!("rule name `{}` is already on line {first}", name.value));
        }
    }
    section.finish(log);
    let Some(symbol) = symbol else { return };
    let Some(instrument) = book.placed.iter_mut().find(|placed| placed.value.symbol == symbol.value) else {
        log.error(&symbol.span, unknown_instrument(&symbol.value, &book.placed));
        return;
    };
    let (Some(name), Some(when)) = (name, when) else { return };
    check_window(log, &when, &instrument.value);
    let Some(action) = other.or(order.map(Action::Order)) else { return };
    match &action {
        Action::Order(order) => {
            warn_about_refusals(log, &span, &instrument.value, &book.gate, order);
            warn_of_twin(log, &span, &instrument.value, order);
        }
        Action::Cancel => warn_of_side(log, &span, &instrument.value, |sides| sides.cancel, ["`cancel`", "mass cancel"]),
        Action::Notify | Action::Halt => {}
    }
    let most = RULES - usize::from(instrument.value.host.is_some());
    if instrument.value.rules.len() == most {
        let taken = if most < RULES { ", one of them taken by `host_orders`" } else { "" };
        log.error(&name.span, format!("`{}` has too many rules: the card holds at most {RULES} an instrument{taken}", symbol.value));
        return;
    }
    instrument.value.rules.push(Rule { name: name.value, terms: when.value, action, limits });
}

/// What a rule compares over time must be there, and must be able to hold.
fn check_window(log: &mut Log, when: &Placed<Vec<Term>>, instrument: &Instrument) {
    if !when.value.iter().any(|term| term.condition.is_over_time()) {
        return;
    }
    if instrument.window_cycles == 0 {
        let text = format!("`rate`, `rise` and `fall` need a window of time: instrument `{}` has no `window_us`", instrument.symbol);
        return log.error(&when.span, text);
    }
    // The card counts at most one message in two cycles.
    let most = instrument.window_cycles.div_ceil(2);
    let never = when.value.iter().find(|term| term.condition == Condition::RateAtLeast && term.threshold > most);
    if let Some(term) = never {
        let text = format!("`rate >= {}` never holds: the card counts at most {most} messages within this `window_us`", term.threshold);
        log.error(&when.span, text);
    }
}

pub(crate) fn unknown_instrument(symbol: &str, placed: &[Placed<Instrument>]) -> String {
    let near = placed.iter().map(|known| known.value.symbol.as_str());
    let near = near.min_by_key(|known| strsim::damerau_levenshtein(symbol, known));
    match near {
        Some(known) if strsim::damerau_levenshtein(symbol, known) <= 2 && !known.is_empty() => {
            format!("unknown instrument `{symbol}`; did you mean `{known}`?")
        }
        _ => format!("unknown instrument `{symbol}`: there is no [[instrument]] with this symbol"),
    }
}

/// No cool-down is shared by two rules, so one trigger may send an order of both.
fn warn_of_twin(log: &mut Log, span: &Range<usize>, instrument: &Instrument, order: &Order) {
    let terms = |order: &Order| (order.side, order.quantity, order.price_e4);
    let twin = instrument.rules.iter().find(|rule| matches!(&rule.action, Action::Order(one) if terms(one) == terms(order)));
    if let Some(twin) = twin {
        log.warning(span, format!("the same side, quantity and price as of `{}`: where both fire, both are sent", twin.name));
    }
}

/// An order that can never pass the gate is legal, and surely not what was meant.
fn warn_about_refusals(log: &mut Log, span: &Range<usize>, instrument: &Instrument, gate: &Gate, order: &Order) {
    let limits = &instrument.limits;
    if let Some(most) = limits.max_quantity.filter(|&most| order.quantity > most) {
        log.warning(span, format!("quantity {} is above `max_quantity` {most}: {REFUSED}", order.quantity));
    }
    if let Some(tick) = limits.tick_size_e4.filter(|&tick| !order.price_e4.is_multiple_of(tick)) {
        let (price, tick) = (price_text(order.price_e4), price_text(tick));
        log.warning(span, format!("price {price} is no multiple of `tick_size` {tick}: {REFUSED}"));
    }
    if let Some(lot) = limits.lot.filter(|&lot| !order.quantity.is_multiple_of(lot)) {
        log.warning(span, format!("quantity {} is no multiple of `lot` {lot}: {REFUSED}", order.quantity));
    }
    let value_e4 = u64::from(order.price_e4) * u64::from(order.quantity);
    let exposure = Some(gate.exposure_e4).filter(|&most| most > 0);
    for (limit, most) in [("max_value", limits.max_value_e4), ("exposure", exposure)] {
        if let Some(most) = most.filter(|&most| value_e4 > most) {
            let (value, most) = (decimal_text(value_e4), decimal_text(most));
            log.warning(span, format!("value {value} is above `{limit}` {most}: {REFUSED}"));
        }
    }
    if let Some(collar) = instrument.collar.filter(|c| !(c.low_e4..=c.high_e4).contains(&order.price_e4)) {
        let price = price_text(order.price_e4);
        let (low, high) = (price_text(collar.low_e4), price_text(collar.high_e4));
        log.warning(span, format!("price {price} is outside the collar {low} to {high}: {REFUSED}"));
    }
    warn_of_side(log, span, instrument, |sides| sides.permit(order.side), ["its side", "order"]);
    let lent = limits.position.map(|position| if order.side == b'B' { position.buy } else { position.sell });
    if let Some(most) = lent.filter(|&most| order.quantity > most) {
        let text = format!("quantity {} is above the {most} of `position`: the gate will refuse it while the position is flat", order.quantity);
        log.warning(span, text);
    }
}

fn warn_of_side(log: &mut Log, span: &Range<usize>, instrument: &Instrument, permits: impl Fn(&Sides) -> bool, [side, sent]: [&str; 2]) {
    if let Some(sides) = instrument.limits.sides.filter(|sides| !permits(sides)) {
        log.warning(span, format!("{side} is not among `sides` {}: the gate will refuse every {sent}", sides.text()));
    }
}

fn read_order(mut section: Section, log: &mut Log) -> Option<Order> {
    let side = section.required(log, "side", choice(&[
        ("buy", b'B'), ("sell", b'S'), ("short", b'T'), ("short exempt", b'E'),
    ]));
    let quantity = section.required(log, "quantity", whole(1, QUANTITY_LIMIT - 1));
    let price = section.required(log, "price", price);
    let time_in_force = section.required(log, "time_in_force", choice(&[
        ("DAY", b'0'), ("IOC", b'3'), ("GTX", b'5'), ("AFTER_HOURS", b'E'),
    ]));
    let marked = read_marks(section, log);
    Some(Order {
        side: side?.value, quantity: quantity?.value, price_e4: price?.value, time_in_force: time_in_force?.value, ..marked?
    })
}

/// What an order says beside its terms; those it has none of.
fn read_marks(mut section: Section, log: &mut Log) -> Option<Order> {
    let display = section.optional(log, "display", choice(&[("Y", b'Y'), ("N", b'N'), ("A", b'A')]));
    let capacity = section.required(log, "capacity", choice(&[("A", b'A'), ("P", b'P'), ("R", b'R'), ("O", b'O')]));
    let sweep = section.optional(log, "intermarket_sweep", boolean);
    let client_order_id = section.optional(log, "client_order_id", code(14));
    section.finish(log);
    Some(Order {
        side: b'B',
        quantity: 0,
        price_e4: 0,
        time_in_force: IMMEDIATE,
        display: display.map_or(b'Y', |display| display.value),
        capacity: capacity?.value,
        intermarket_sweep: sweep.is_some_and(|sweep| sweep.value),
        client_order_id: client_order_id.map_or(String::new(), |id| id.value),
    })
}

/// The place of the host among an instrument's rules: its orders trade at once or not at all.
fn read_host_orders(mut section: Section, log: &mut Log, otherwise: &RuleLimits) -> Option<Rule> {
    let limits = RuleLimits::read(&mut section, log, otherwise);
    limits.warn_of_unset(log, &section.span, HOST_ORDERS);
    let action = Action::Order(read_marks(section, log)?);
    let terms = vec![Term { condition: Condition::Host, threshold: 0 }];
    Some(Rule { name: HOST_ORDERS.to_owned(), terms, action, limits })
}

/// `None`: its order, which stands by itself.
fn action(text: &str) -> Result<Option<Action>, String> {
    match text {
        "order" => Ok(None),
        "cancel" => Ok(Some(Action::Cancel)),
        "notify" => Ok(Some(Action::Notify)),
        "halt" => Ok(Some(Action::Halt)),
        _ => Err(format!("`{text}` is not one of order, cancel, notify, halt")),
    }
}

/// `ask <= 320.50 and ask_size >= 500`.
fn terms(text: &str) -> Result<Vec<Term>, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let terms: Vec<Term> = words.split(|word| *word == "and").map(|words| term(text, words)).collect::<Result<_, _>>()?;
    if terms.len() > TERMS {
        return Err(format!("`{text}` has {} terms: a rule has at most {TERMS}", terms.len()));
    }
    Ok(terms)
}

/// One of the terms of `text`.
fn term(text: &str, words: &[&str]) -> Result<Term, String> {
    let &[metric, comparison, threshold] = words else {
        return Err(format!("`{text}` must read METRIC <= NUMBER or METRIC >= NUMBER, such as `ask <= 320.50`, or several joined by `and`"));
    };
    let (at_least, at_most) = match metric {
        "bid" => (Condition::BidAtLeast, Condition::BidAtMost),
        "ask" => (Condition::AskAtLeast, Condition::AskAtMost),
        "spread" => (Condition::SpreadAtLeast, Condition::SpreadAtMost),
        "trade" => (Condition::TradeAtLeast, Condition::TradeAtMost),
        "bid_size" => (Condition::BidSizeAtLeast, Condition::BidSizeAtMost),
        "ask_size" => (Condition::AskSizeAtLeast, Condition::AskSizeAtMost),
        "trade_size" => (Condition::TradeSizeAtLeast, Condition::TradeSizeAtMost),
        "rate" => (Condition::RateAtLeast, Condition::RateAtMost),
        "rise" => (Condition::RiseAtLeast, Condition::RiseAtMost),
        "fall" => (Condition::FallAtLeast, Condition::FallAtMost),
        _ => return Err(format!("unknown metric `{metric}`: use {METRICS}")),
    };
    let condition = match comparison {
        ">=" => at_least,
        "<=" => at_most,
        _ => return Err(format!("unknown comparison `{comparison}`: use <= or >=")),
    };
    let threshold = if condition.is_rate() {
        // The message that is judged is one of them: less than 1 are never there.
        threshold.parse().ok().filter(|&rate| rate >= 1).ok_or_else(|| {
            format!("`{threshold}` is no number of messages: write a whole number from 1 to {}, such as 500", u32::MAX)
        })?
    } else if condition.is_size() {
        threshold.parse().map_err(|_| format!("`{threshold}` is no number of shares: write a whole number from 0 to {}, such as 500", u32::MAX))?
    } else {
        price_e4(threshold).map_err(|error| error.to_string())?
    };
    Ok(Term { condition, threshold })
}
