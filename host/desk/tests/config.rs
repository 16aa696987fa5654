//! Every mistake in a configuration is found, on its line, with what to do about it.
use riposte_desk::{ANY_REACH_E4, Check, Collar, Gate, InstrumentLimits, PositionLimit, Role, RuleLimits, Sides, Term, check};
use riposte_map::shm::Condition;
use std::path::Path;

const GOOD: &str = include_str!("desk.toml");

/// The findings on `GOOD` with `from` replaced, which must occur.
fn findings(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    let Check { desk, problems } = check(&GOOD.replacen(from, to, 1));
    let texts: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
    let blocked = texts.iter().any(|text| !text.contains("warning: "));
    assert_eq!(desk.is_none(), blocked, "a desk if and only if there is no error: {texts:?}");
    texts
}

#[test]
fn a_right_configuration_has_no_findings() {
    let Check { desk, problems } = check(GOOD);
    assert_eq!(problems, []);
    let desk = desk.expect("no problem, so a desk");
    let instrument = &desk.instruments[0];
    assert_eq!((instrument.symbol.as_str(), instrument.locate), ("CVLT", Some(13)));
    assert_eq!(instrument.collar, Some(Collar { low_e4: 600_000, high_e4: 700_000 }));
    assert_eq!(instrument.rules[0].terms, [Term { condition: Condition::BidAtLeast, threshold: 630_200 }]);
    assert_eq!(instrument.rules[0].order().expect("an order").side, b'T');
    assert_eq!(instrument.rules[1].order().expect("an order").price_e4, 625_000, "a bare number is read exactly");
    assert_eq!(desk.rule(0, 1).map(|rule| rule.name.as_str()), Some("tight"));
    assert_eq!(desk.rule(1, 0), None);
}

#[test]
fn limits_are_exact_and_never_looser_than_written() {
    let desk = check(GOOD).desk.expect("a desk");
    assert_eq!(desk.instruments[0].limits, InstrumentLimits {
        max_quantity: Some(500),
        max_value_e4: Some(200_000_000),
        live_collar_e4: Some(1000),
        sides: Some(Sides { buy: true, sell: true, short: true, cancel: false }),
        position: Some(PositionLimit { buy: 1000, sell: 2000 }),
        tick_size_e4: Some(100),
        lot: Some(1),
    });
    // 20 us are 3125 cycles of 6.4 ns; 2.5 us are 390.625, of which an age may have 390.
    assert_eq!(desk.instruments[0].rules[1].limits, RuleLimits { cooldown_cycles: Some(3125), lifetime_cycles: None, max_orders: Some(50) });
    assert_eq!(desk.gate, Gate {
        interval_cycles: 15_625,
        burst: 8,
        cancel_reserve: 0,
        max_age_cycles: 390,
        exposure_e4: 10_000_000_000,
        open_orders: 40,
        unacknowledged: 10,
        heartbeat_cycles: 15_625_000,
    });
    let gate = |from: &str, to: &str| check(&GOOD.replacen(from, to, 1)).desk.expect("a desk").gate;
    for (rate, interval_cycles) in [("1", 156_250_000), ("3", 52_083_334), ("156_249_999", 2), ("156_250_000", 1)] {
        assert_eq!(gate("10_000", rate).interval_cycles, interval_cycles, "{rate} a second");
    }
    for (time, cycles) in [("0.0064", 1), ("0.0127", 1), ("0.0128", 2), ("419.424", 65_535)] {
        assert_eq!(gate("= 2.5", &format!("= {time}")).max_age_cycles, cycles, "{time} us");
    }
    let rule = |time: &str| check(&GOOD.replacen("cooldown_us = 20", &format!("cooldown_us = {time}"), 1)).desk.expect("a desk");
    for (time, cycles) in [("0.0001", 1), ("0.0064", 1), ("0.0065", 2), ("\"1800000000000\"", 281_250_000_000_000)] {
        assert_eq!(rule(time).instruments[0].rules[0].limits.cooldown_cycles, Some(cycles), "{time} us");
    }
}

#[test]
fn a_second_line_and_a_window_are_read_to_the_letter() {
    let with = |more: &str| GOOD.replacen("port = 26477\n", &format!("port = 26477\n{more}"), 1);
    let desk = |more: &str| check(&with(more)).desk.expect("a desk");
    let feed = |more: &str| desk(more).commands(1, 1)[0].args;
    let line_a = 0xe936_0c6f | 26477 << 32;
    // A feed is silent no later than is written, as 1_500_000.001 us are 234_375_000.16 cycles.
    let silence = 234_375_000;
    assert_eq!(feed(""), [line_a, 0, 0, silence, 0, 0]);
    let line_b = "line_b = { group = \"233.49.196.111\", port = 26478 }\n";
    // 2.5 us are 390.625 cycles of 6.4 ns: a packet waits no longer than is written.
    assert_eq!(feed(&format!("{line_b}reorder_us = 2.5\n")), [line_a, 0xe931_c46f | 26478 << 32, 390, silence, 0, 0]);
    assert_eq!(feed("reorder_us = 13743895.3408\n")[2], i32::MAX as u64);
    let warned = check(&GOOD.replacen("1_500_000.001", "999_999.9999", 1)).problems;
    assert!(warned.len() == 1 && warned[0].text.contains("books may be lost for nothing"), "{warned:?}");
    assert!(desk(line_b).feed.is_line_b([233, 49, 196, 111].into(), 26478));
    assert!(!desk(line_b).feed.is_line_b([233, 49, 196, 111].into(), 26477) && !desk("").feed.is_line_b([0; 4].into(), 0));
    for (more, finding) in [
        ("line_b = \"233.49.196.111:26478\"\n", "4:10: `line_b` must be a table, not a string"),
        ("line_b = { group = \"233.49.196.111\" }\n", "4:10: `line_b` has no field `port`"),
        ("line_b = { group = \"233.49\", port = 1 }\n", "4:20: `group`: `233.49` is not an IPv4 address such as 233.54.12.111"),
        ("line_b = { group = \"233.49.196.111\", prt = 1, port = 1 }\n", "4:38: unknown field `prt` in `line_b`; did you mean `port`?"),
        ("line_b = { group = \"233.54.12.111\", port = 26477 }\n", "4:10: line B is line A: it must have a group or a port of its own"),
        ("reorder_us = 0\n", "4:14: `reorder_us`: `0` must be 0.0064 to 13743895.3408 microseconds with at most four decimals"),
        ("reorder_us = 13743895.3472\n", "4:14: `reorder_us`: `13743895.3472` must be 0.0064 to 13743895.3408 microseconds with at most four decimals"),
        ("reorder_ms = 1\n", "4:1: unknown field `reorder_ms` in `feed`; did you mean `reorder_us`?"),
    ] {
        let Check { desk, problems } = check(&with(more));
        assert!(desk.is_none());
        assert_eq!(problems.iter().map(|problem| problem.to_string()).collect::<Vec<_>>(), [finding]);
    }
}

#[test]
fn what_an_instrument_or_a_rule_says_counts_before_the_defaults() {
    let own = GOOD
        .replacen("enabled = true", "enabled = true\nmax_value = 30000\nlive_collar = \"off\"\nsides = [\"short\", \"buy\"]\nposition = { buy = 900, sell = 901 }", 1)
        .replacen("when = \"bid", "cooldown_us = 1\nlifetime_us = 2.5\nmax_orders = 2\nwhen = \"bid", 1);
    let Check { desk, problems } = check(&own);
    assert_eq!(problems, []);
    let instrument = &desk.expect("a desk").instruments[0];
    assert_eq!(instrument.limits, InstrumentLimits {
        max_quantity: Some(500),
        max_value_e4: Some(300_000_000),
        live_collar_e4: Some(ANY_REACH_E4),
        sides: Some(Sides { buy: true, sell: false, short: true, cancel: false }),
        position: Some(PositionLimit { buy: 900, sell: 901 }),
        tick_size_e4: Some(100),
        lot: Some(1),
    });
    assert_eq!(instrument.rules[0].limits, RuleLimits { cooldown_cycles: Some(157), lifetime_cycles: Some(390), max_orders: Some(2) });
    assert_eq!(instrument.rules[1].limits, RuleLimits { cooldown_cycles: Some(3125), lifetime_cycles: None, max_orders: Some(50) });
    let desk = check(&GOOD.replacen("max_quantity = 500\n", "", 1).replacen("[defaults]", "[defaults]\nmax_quantity = 400", 1)).desk;
    assert_eq!(desk.expect("a desk").instruments[0].limits.max_quantity, Some(400));
}

#[test]
fn each_mistake_is_found_on_its_line() {
    for (from, to, finding) in [
        ("port = 26477", "prot = 26477", "3:1: unknown field `prot` in `feed`; did you mean `port`?"),
        ("port = 26477", "", "1:1: `feed` has no field `port`"),
        ("1_500_000.001", "27487790.6944", "4:14: `silence_us`: `27487790.6944` must be 0.0064 to 27487790.688 microseconds with at most four decimals"),
        ("port = 26477", "port = 65536", "3:8: `port`: 65536 is out of range: it must be 1 to 65535"),
        ("port = 26477", "port = \"26477\"", "3:8: `port`: must be a whole number, not a string"),
        ("\"233.54.12.111\"", "\"233.54.12\"", "2:9: `group`: `233.54.12` is not an IPv4 address such as 233.54.12.111"),
        ("02:00:00:00:00:01", "02:00:00:00:01", "6:14: `source_mac`: `02:00:00:00:01` is not a MAC address such as 02:00:00:00:00:01"),
        ("10.0.0.2:8003", "10.0.0.2", "9:15: `destination`: `10.0.0.2` is not an IPv4 address with a port, such as 10.0.0.1:40000"),
        ("\"LIME\"", "\"LIM\"", "11:8: `firm`: `LIM` must have exactly four characters"),
        ("\"LIME\"", "\"LIME", "11:13: invalid basic string, expected `\"`"),
        ("max_quantity = 500", "max_quantity = 1_000_000", "16:16: `max_quantity`: 1000000 is out of range: it must be 1 to 999999"),
        ("tick_size = \"0.01\"", "tick_size = 0", "39:13: `tick_size`: must be above 0"),
        ("lot = 1", "lot = 0", "40:7: `lot`: 0 is out of range: it must be 1 to 999999"),
        ("max_quantity = 500", "max_quantity = 0", "16:16: `max_quantity`: 0 is out of range: it must be 1 to 999999"),
        ("enabled = true", "enabled = \"yes\"", "18:11: `enabled`: must be true or false, not a string"),
        ("low = \"60.00\"", "low = \"60.00001\"", "17:18: `low`: price 60.00001 has too many decimals: the exchange takes at most four"),
        ("low = \"60.00\"", "low = \"80.00\"", "17:10: `collar`: `high` must be above 0 and not below `low`"),
        ("instrument = \"CVLT\"", "instrument = \"CVLR\"", "22:14: unknown instrument `CVLR`; did you mean `CVLT`?"),
        ("instrument = \"CVLT\"", "instrument = \"AAPL\"", "22:14: unknown instrument `AAPL`: there is no [[instrument]] with this symbol"),
        ("bid >= 63.02", "bit >= 63.02", "23:8: `when`: unknown metric `bit`: use bid, ask, spread, trade, bid_size, ask_size, trade_size, rate, rise or fall"),
        ("bid >= 63.02", "bid > 63.02", "23:8: `when`: unknown comparison `>`: use <= or >="),
        ("bid >= 63.02", "bid", "23:8: `when`: `bid` must read METRIC <= NUMBER or METRIC >= NUMBER, such as `ask <= 320.50`, or several joined by `and`"),
        ("when = \"spread <= 0.01\"", "when = \"spread <= 0.01\"\naction = \"stop\"", "30:10: `action`: `stop` is not one of order, cancel, notify, halt"),
        ("when = \"spread <= 0.01\"", "when = \"spread <= 0.01\"\naction = \"halt\"", "31:9: a rule that cancels, notifies or halts has no `order`: make two rules of it"),
        ("bid >= 63.02", "bid >= 63.02 and", "23:8: `when`: `bid >= 63.02 and` must read METRIC <= NUMBER or METRIC >= NUMBER, such as `ask <= 320.50`, or several joined by `and`"),
        ("bid >= 63.02", "bid >= 63.02 and ask_size >= 1.5", "23:8: `when`: `1.5` is no number of shares: write a whole number from 0 to 4294967295, such as 500"),
        ("bid >= 63.02", "bid >= 1 and bid >= 2 and bid >= 3 and bid >= 4", "23:8: `when`: `bid >= 1 and bid >= 2 and bid >= 3 and bid >= 4` has 4 terms: a rule has at most 3"),
        ("price = \"63.02\"", "price = \"200000\"", "24:51: `price`: price 200000 is too high: it must be below 200000"),
        ("side = \"short\"", "side = \"Buy\"", "24:18: `side`: `Buy` is not one of buy, sell, short, short exempt"),
        ("quantity = 225", "quantity = 1000000", "24:38: `quantity`: 1000000 is out of range: it must be 1 to 999999"),
        ("H8FUB8IV", "H8FUB8IV0123456", "24:117: `client_order_id`: `H8FUB8IV0123456` must be 1 to 14 ASCII characters without spaces"),
        ("capacity = \"A\", ", "", "24:9: `order` has no field `capacity`"),
        ("order = { side = \"short\"", "oder = { side = \"short\"", "24:1: unknown field `oder` in `rule`; did you mean `order`?"),
        ("name = \"tight\"", "name = \"sell the bid\"", "27:8: rule name `sell the bid` is already on line 21"),
        ("max_value = \"20000.00\"", "max_value = 0", "33:13: `max_value`: `0` must be an amount above 0 with at most four decimals, such as 25000.00"),
        ("live_collar = \"0.10\"", "live_collar = 0", "34:15: `live_collar`: must be above 0, or \"off\""),
        ("live_collar = \"0.10\"", "live_collar = \"on\"", "34:15: `live_collar`: `on` is not a price: write dollars as digits, with a point and at most four decimals, such as 320.50"),
        ("\"buy\", \"sell\", \"short\"]", "\"buy\", \"Sell\"]", "35:9: `sides`: must be a list of \"buy\", \"sell\", \"short\" and \"cancel\""),
        ("[\"buy\", \"sell\", \"short\"]", "[]", "35:9: `sides`: must be a list of \"buy\", \"sell\", \"short\" and \"cancel\""),
        ("buy = 1000, ", "", "36:12: `position` has no field `buy`"),
        ("buy = 1000, sell = 2000", "buy = 0, sell = 0", "36:12: `position`: `buy` or `sell` must be above 0"),
        ("sell = 2000", "sell = 1073741824", "36:33: `sell`: 1073741824 is out of range: it must be 0 to 1073741823"),
        ("cooldown_us = 20", "lifetime_us = 0", "37:15: `lifetime_us`: `0` must be 0.0064 to 1801439850948.192 microseconds with at most four decimals"),
        ("cooldown_us = 20", "cooldown_us = 0", "37:15: `cooldown_us`: `0` must be 0.0064 to 1801439850948.192 microseconds with at most four decimals"),
        ("cooldown_us = 20", "cooldown_us = 0.00001", "37:15: `cooldown_us`: `0.00001` must be 0.0064 to 1801439850948.192 microseconds with at most four decimals"),
        ("cooldown_us = 20", "cooldown_us = 1801439850948.1985", "37:15: `cooldown_us`: `1801439850948.1985` must be 0.0064 to 1801439850948.192 microseconds with at most four decimals"),
        ("max_orders = 50", "max_orders = 0", "38:14: `max_orders`: 0 is out of range: it must be 1 to 1073741823"),
        ("max_orders = 50", "max_ordres = 50", "38:1: unknown field `max_ordres` in `defaults`; did you mean `max_orders`?"),
        ("orders_per_second = 10_000", "orders_per_second = 156250001", "43:21: `orders_per_second`: 156250001 is out of range: it must be 1 to 156250000"),
        ("burst = 8", "burst = 65536", "44:9: `burst`: 65536 is out of range: it must be 1 to 65535"),
        ("max_age_us = 2.5", "max_age_us = 419.4304", "45:14: `max_age_us`: `419.4304` must be 0.0064 to 419.424 microseconds with at most four decimals"),
        ("max_age_us = 2.5", "max_age_us = true", "45:14: `max_age_us`: must be microseconds such as 12.5, not a boolean"),
        ("heartbeat_ms = 100", "heartbeat_ms = 60001", "49:16: `heartbeat_ms`: 60001 is out of range: it must be 1 to 60000"),
        ("[[instrument]]", "[instrument]", "13:1: `instrument` must be written [[instrument]]: there may be several"),
    ] {
        let found = findings(from, to);
        assert!(found.iter().any(|text| text == finding), "{finding}\nnot in\n{found:#?}");
    }
}

/// `GOOD` with a window and other terms of its first rule, which is on line 24 then.
fn over_time(window: &str, when: &str) -> Check {
    let window = GOOD.replacen("enabled = true", &format!("enabled = true\nwindow_us = {window}"), 1);
    check(&window.replacen("bid >= 63.02", when, 1))
}

#[test]
fn terms_over_time_are_read_exactly_and_a_window_is_no_longer_than_written() {
    let desk = over_time("1000", "rate >= 500 and rise >= 0.05 and fall <= 0").desk.expect("a desk");
    let instrument = &desk.instruments[0];
    assert_eq!(instrument.window_cycles, 156_250);
    let terms: Vec<_> = instrument.rules[0].terms.iter().map(|term| (term.condition, term.threshold)).collect();
    assert_eq!(terms, [(Condition::RateAtLeast, 500), (Condition::RiseAtLeast, 500), (Condition::FallAtMost, 0)]);
    for (when, condition) in [("rate <= 1", Condition::RateAtMost), ("rise <= 1", Condition::RiseAtMost), ("fall >= 1", Condition::FallAtLeast)] {
        assert_eq!(over_time("1000", when).desk.expect("a desk").instruments[0].rules[0].terms[0].condition, condition);
    }
    for (time, cycles) in [("0.0064", 1), ("0.0127", 1), ("0.0128", 2), ("2.5", 390), ("27487790.688", u32::MAX)] {
        assert_eq!(over_time(time, "bid >= 1").desk.expect("a desk").instruments[0].window_cycles, cycles, "{time} us");
    }
    assert_eq!(check(GOOD).desk.expect("a desk").instruments[0].window_cycles, 0);
}

#[test]
fn terms_over_time_that_cannot_be_there_or_never_hold_are_found_on_their_line() {
    let none = "23:8: `rate`, `rise` and `fall` need a window of time: instrument `CVLT` has no `window_us`";
    for when in ["rate >= 5", "bid >= 1 and rise >= 0.01", "bid >= 1 and fall <= 0.01"] {
        let found = findings("bid >= 63.02", when);
        assert!(found.iter().any(|text| text == none), "{found:?}");
    }
    for (window, when, finding) in [
        ("10", "rate >= 782", Some("24:8: `rate >= 782` never holds: the card counts at most 781 messages within this `window_us`")),
        ("10", "rate >= 781", None),
        ("0.0064", "rate >= 2", Some("24:8: `rate >= 2` never holds: the card counts at most 1 messages within this `window_us`")),
        ("10", "rate <= 5000", None),
        ("10", "rate <= 0", Some("24:8: `when`: `0` is no number of messages: write a whole number from 1 to 4294967295, such as 500")),
        ("10", "rate >= 0", Some("24:8: `when`: `0` is no number of messages: write a whole number from 1 to 4294967295, such as 500")),
        ("10", "rate >= 1.5", Some("24:8: `when`: `1.5` is no number of messages: write a whole number from 1 to 4294967295, such as 500")),
        ("10", "rise >= -0.05", Some("24:8: `when`: `-0.05` is not a price: write dollars as digits, with a point and at most four decimals, such as 320.50")),
        ("0", "rate >= 5", Some("19:13: `window_us`: `0` must be 0.0064 to 27487790.688 microseconds with at most four decimals")),
        ("27487790.6944", "rate >= 5", Some("19:13: `window_us`: `27487790.6944` must be 0.0064 to 27487790.688 microseconds with at most four decimals")),
    ] {
        let Check { desk, problems } = over_time(window, when);
        let found: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
        assert_eq!(desk.is_none(), finding.is_some(), "{when}: {found:?}");
        assert!(finding.is_none_or(|finding| found.iter().any(|text| text == finding)), "{finding:?}\nnot in\n{found:#?}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_the_text() {
    let text = GOOD.replace("port", "prot").replace("locate = 13", "locate = 0").replace("\"IOC\"", "\"FOK\"");
    let lines: Vec<usize> = check(&text).problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [1, 3, 15, 30]);
}

#[test]
fn columns_count_characters() {
    assert!(findings("name = \"sell the bid\"", "\"näme\" = 1").iter().any(|text| text.starts_with("21:1: unknown field `näme`")));
    let found = findings("{ side = \"short\"", "{ display = \"é\", sid = \"short\"");
    assert!(found.iter().any(|text| text.starts_with("24:26: unknown field `sid`")), "{found:?}");
}

#[test]
fn a_missing_limit_warns_that_it_blocks() {
    let blocked = "every order is blocked until it is set";
    assert_eq!(findings("max_quantity = 500", ""), [format!("13:1: warning: CVLT: no `max_quantity`: {blocked}")]);
    assert_eq!(findings("collar = { low = \"60.00\", high = \"70.00\" }", ""), [format!("13:1: warning: CVLT: no `collar`: {blocked}")]);
    assert_eq!(findings("silence_us = 1_500_000.001", ""), [format!("1:1: warning: `feed`: no `silence_us`: {blocked}")]);
    assert_eq!(findings("enabled = true", ""), [format!("13:1: warning: CVLT: `enabled` is not true: {blocked}")]);
    for limit in ["max_value = \"20000.00\"", "live_collar = \"0.10\"", "sides = [\"buy\", \"sell\", \"short\"]", "position = { buy = 1000, sell = 2000 }", "tick_size = \"0.01\"", "lot = 1"] {
        let name = limit.split_once(' ').expect("a name").0;
        assert_eq!(findings(limit, ""), [format!("13:1: warning: CVLT: no `{name}`: {blocked}")]);
    }
    for limit in ["cooldown_us = 20", "max_orders = 50"] {
        let name = limit.split_once(' ').expect("a name").0;
        let found = [(20, "sell the bid"), (26, "tight")].map(|(line, rule)| format!("{line}:1: warning: {rule}: no `{name}`: {blocked}"));
        assert_eq!(findings(limit, ""), found);
    }
    let gate = &GOOD[GOOD.find("orders_per_second").expect("a gate")..];
    for limit in gate.lines() {
        let name = limit.split_once(' ').expect("a name").0;
        assert_eq!(findings(limit, ""), [format!("42:1: warning: `gate`: no `{name}`: {blocked}")]);
    }
    assert_eq!(findings(&format!("[gate]\n{gate}"), ""), [format!("1:1: warning: no [gate]: {blocked}")]);
}

#[test]
fn a_heartbeat_that_the_host_cannot_keep_up_is_pointed_out() {
    assert_eq!(findings("heartbeat_ms = 100", "heartbeat_ms = 30"), Vec::<String>::new());
    assert_eq!(
        findings("heartbeat_ms = 100", "heartbeat_ms = 29"),
        ["49:16: warning: `heartbeat_ms` 29 is less than three times `tick_ms` 10: the host may be heard too late"]
    );
    let text = GOOD.replacen("heartbeat_ms = 100", &format!("heartbeat_ms = 29\n[host]\n{TRUSTED}tick_ms = 9"), 1);
    assert_eq!(check(&text).problems, []);
}

#[test]
fn two_rules_with_the_same_order_are_pointed_out() {
    let twin = "side = \"short\", quantity = 225, price = 63.02";
    let near = |from: &str, to: &str| findings("side = \"buy\", quantity = 100, price = 62.5", &twin.replacen(from, to, 1));
    let found = ["30:9: warning: the same side, quantity and price as of `sell the bid`: where both fire, both are sent"];
    assert_eq!(near("", ""), found);
    for (from, to) in [("short", "sell"), ("225", "224"), ("63.02", "63.03")] {
        assert_eq!(near(from, to), Vec::<String>::new(), "{to}");
    }
}

#[test]
fn an_order_that_the_gate_will_refuse_is_pointed_out() {
    assert_eq!(
        findings("max_quantity = 500", "max_quantity = 200"),
        ["24:9: warning: quantity 225 is above `max_quantity` 200: the gate will refuse every order"]
    );
    assert_eq!(
        findings("high = \"70.00\"", "high = \"63.01\""),
        ["24:9: warning: price 63.02 is outside the collar 60.00 to 63.01: the gate will refuse every order"]
    );
    assert_eq!(
        findings("tick_size = \"0.01\"", "tick_size = \"0.05\""),
        ["24:9: warning: price 63.02 is no multiple of `tick_size` 0.05: the gate will refuse every order"]
    );
    assert_eq!(
        findings("lot = 1", "lot = 100"),
        ["24:9: warning: quantity 225 is no multiple of `lot` 100: the gate will refuse every order"]
    );
    // 225 at 63.02 are 14179.50.
    assert_eq!(findings("20000.00", "14179.50"), Vec::<String>::new());
    assert_eq!(
        findings("20000.00", "14179.4999"),
        ["24:9: warning: value 14179.50 is above `max_value` 14179.4999: the gate will refuse every order"]
    );
    assert_eq!(
        findings("1000000.00", "14179.49"),
        ["24:9: warning: value 14179.50 is above `exposure` 14179.49: the gate will refuse every order"]
    );
    assert_eq!(
        findings("[\"buy\", \"sell\", \"short\"]", "[\"buy\", \"sell\"]"),
        ["24:9: warning: its side is not among `sides` buy, sell: the gate will refuse every order"]
    );
    let second = GOOD.lines().filter(|line| line.starts_with("order = ")).nth(1).expect("the second rule's order");
    assert_eq!(
        findings(second, "action = \"cancel\""),
        ["26:1: warning: `cancel` is not among `sides` buy, sell, short: the gate will refuse every mass cancel"]
    );
    assert_eq!(findings("burst = 8", "burst = 8\ncancel_reserve = 7"), Vec::<String>::new());
    assert_eq!(
        findings("burst = 8", "burst = 8\ncancel_reserve = 8"),
        ["45:18: warning: `cancel_reserve` 8 leaves nothing of `burst`: the gate will refuse every order"]
    );
    assert_eq!(
        findings("buy = 1000, sell = 2000", "buy = 99, sell = 225"),
        ["30:9: warning: quantity 100 is above the 99 of `position`: the gate will refuse it while the position is flat"]
    );
}

#[test]
fn duplicates_name_the_first_line() {
    let twin = "[[instrument]]\nsymbol = \"CVLT\"\nlocate = 13\nmax_quantity = 1\ncollar = { low = \"1\", high = \"2\" }\nenabled = true\n";
    assert_eq!(
        findings("[[rule]]", &format!("{twin}[[rule]]")),
        ["21:10: instrument `CVLT` is already on line 14", "22:10: locate 13 is already on line 15"]
    );
}

#[test]
fn the_card_has_room_for_four_rules_an_instrument_and_sixteen_instruments() {
    let rule = &GOOD[GOOD.rfind("[[rule]]").unwrap()..GOOD.find("[defaults]").unwrap()];
    let with_rules = |count: usize| {
        let another = |i: usize| rule.replace("tight", &format!("tight {i}")).replace("100", &format!("{}", 101 + i));
        let more: String = (0..count).map(another).collect();
        check(&format!("{GOOD}{more}")).problems
    };
    assert_eq!(with_rules(2), []);
    let found = with_rules(3);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "63:8: `CVLT` has too many rules: the card holds at most 4 an instrument");

    let with_instruments = |count: usize| {
        let one = "[[instrument]]\nmax_quantity = 1\ncollar = { low = \"1\", high = \"2\" }\nenabled = true\n";
        let more: String = (0..count).map(|i| format!("{one}symbol = \"S{i}\"\n")).collect();
        check(&GOOD.replacen("[[rule]]", &format!("{more}[[rule]]"), 1)).problems
    };
    assert_eq!(with_instruments(15), []);
    let found = with_instruments(16);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "95:1: too many instruments: the card watches at most 16");
}

#[test]
fn what_is_no_configuration_is_refused_without_a_panic() {
    for text in ["", "\0", "feed = 1", "[[feed]]", "[feed]\n[feed]", "instrument = [1]", "\u{feff}é = [[", "[session]\nfirm = \"é\""] {
        assert!(check(text).desk.is_none(), "{text:?}");
    }
    for cut in (0..GOOD.len()).filter(|&cut| GOOD.is_char_boundary(cut)) {
        check(&GOOD[..cut]);
    }
}

#[test]
fn missing_locates_come_from_the_directory() {
    let mut desk = check(&GOOD.replace("locate = 13", "")).desk.expect("a locate is optional");
    assert_eq!(desk.clone().resolve(|_| None), ["CVLT"]);
    assert!(desk.resolve(|symbol| (symbol == "CVLT").then_some(77)).is_empty());
    assert_eq!(desk.instruments[0].locate, Some(77));
    assert!(desk.resolve(|_| Some(1)).is_empty());
    assert_eq!(desk.instruments[0].locate, Some(77), "what is known stays");
}

/// Of [limits].
const RISK: &str = "delta = 10\ngamma = 11\nvega = 12\ntheta = 13\nscenario_loss = 14\ncollateral = 15\ncounterparty = 16\nprotection_pieces = 17\nprotection_net = 18\n";
/// Of [host].
const TRUSTED: &str = "trusted = [{ name = \"sid\", key = \"327be589af043dbfbafa5337164326c1f7442ba66f83cabb5fa4e59cf380bf2c\" }]\n";
const HOST: &str = "\n[host]\ncore = 1\ntick_ms = 5\nanswer_ms = 1500\n[limits]\nloss = \"25000.50\"\ndrawdown = 3\ninstrument_loss = 0.0001\n\
exposure = 900000000\nfree_messages = 7\nmessages_per_trade = 8\n[[person]]\nname = \"ann\"\nuid = 1000\nrole = \"risk\"\n[[person]]\n\
name = \"bob\"\nuid = 1001\nrole = \"viewer\"\n[sessions]\norders = \"127.0.0.1:26400\"\nusername = \"RIPO\"\npassword_file = \"p\"\n";

#[test]
fn what_the_host_needs_is_read_exactly() {
    let Check { desk, problems } = check(&format!("{GOOD}{}", HOST.replacen("[limits]", &format!("{TRUSTED}[limits]\n{RISK}"), 1)));
    assert_eq!(problems, []);
    let desk = desk.expect("a desk");
    assert_eq!((desk.host.core, desk.host.tick_ns, desk.host.times.answer_ns), (Some(1), 5_000_000, 1_500_000_000));
    let limits = desk.limits;
    assert_eq!((limits.loss_e4, limits.drawdown_e4, limits.instrument_loss_e4), (250_005_000, 30_000, 1));
    assert_eq!((limits.exposure_e4, limits.free_messages, limits.messages_per_trade), (9_000_000_000_000, 7, 8));
    let greeks = [limits.delta_e4, limits.gamma_e4, limits.vega_e4, limits.theta_e4];
    assert_eq!(greeks, [100_000, 110_000, 120_000, 130_000]);
    assert_eq!((limits.scenario_loss_e4, limits.collateral_e4, limits.counterparty_e4), (140_000, 150_000, 160_000));
    assert_eq!((limits.protection_pieces, limits.protection_net_e4, desk.host.times.protection_ns), (17, 180_000, 1_000_000_000));
    let people: Vec<_> = desk.people.iter().map(|one| (one.name.as_str(), one.uid, one.role.text())).collect();
    assert_eq!(people, [("ann", Some(1000), "risk"), ("bob", Some(1001), "viewer")]);
    assert_eq!(desk.remote, None);
    assert_eq!(desk.sessions.map(|one| (one.orders.port(), one.username, one.restoring)), Some((26400, "RIPO".to_owned(), None)));
}

#[test]
fn where_lost_books_come_from_is_read_whole_or_refused() {
    let of = |more: &str| check(&format!("{GOOD}{HOST}{more}"));
    let (snapshot, requests) = ("snapshot = \"127.0.0.1:26405\"\n", "requests = \"10.0.0.2:26402\"\n");
    let restoring = of(&format!("{snapshot}{requests}")).desk.and_then(|desk| desk.sessions).and_then(|one| one.restoring).expect("both");
    assert_eq!((restoring.snapshot.port(), restoring.requests), (26405, "10.0.0.2:26402".parse().expect("an address")));
    for (more, finding) in [
        (snapshot, "`snapshot` and `requests` stand together"), (requests, "`snapshot` and `requests` stand together"),
        ("snapshot = 5\n", "`snapshot`: must be a string in quotes, not an integer"),
        ("snapshot = \"venue\"\n", "`snapshot`: `venue` is not an address with a port"),
        ("snapshots = \"127.0.0.1:1\"\n", "unknown field `snapshots` in `sessions`; did you mean `snapshot`?"),
    ] {
        let line = format!("{}:", (GOOD.to_owned() + HOST).lines().count() + 1);
        let told: Vec<String> = of(more).problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|one| one.starts_with(&line) && one.contains(finding)), "{line}{finding}\nnot in\n{told:#?}");
    }
}

#[test]
fn an_order_session_goes_over_the_card_only_where_its_frames_go() {
    let to = check(GOOD).desk.expect("a desk").session.destination;
    let of = |over: &str, orders: &str| {
        check(&format!("{GOOD}{}", HOST.replacen("orders = \"127.0.0.1:26400\"", &format!("{over}orders = \"{orders}\""), 1)))
    };
    for (over, is_over_card) in [("", false), ("over = \"host\"\n", false), ("over = \"card\"\n", true)] {
        let sessions = of(over, &to.to_string()).desk.and_then(|desk| desk.sessions).expect("a desk with a venue");
        assert_eq!(sessions.over_card, is_over_card, "{over}");
    }
    assert!(of("over = \"host\"\n", "127.0.0.1:26400").desk.is_some());
    let line = GOOD.lines().count() + 2 + 21;
    let elsewhere = format!("{line}:10: `orders`: over the card it goes where its frames go: `destination` of `session`, {to}");
    for (over, orders, finding) in [
        ("over = \"card\"\n", "127.0.0.1:26400", elsewhere),
        ("over = \"wire\"\n", "127.0.0.1:26400", format!("{}:8: `over`: `wire` is not one of host, card", line - 1)),
    ] {
        let told: Vec<String> = of(over, orders).problems.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|one| one.starts_with(&finding)), "{finding}\nnot in\n{told:#?}");
    }
}

#[test]
fn each_mistake_in_what_the_host_needs_is_found_on_its_line() {
    let first = GOOD.lines().count() + 2;
    for (from, to, line, finding) in [
        ("core = 1\n", "core = 1024\n", 2, "8: `core`: 1024 is out of range: it must be 0 to 1023"),
        ("core = 1", "cor = 1", 2, "1: unknown field `cor` in `host`; did you mean `core`?"),
        ("tick_ms = 5", "tick_ms = 0", 3, "11: `tick_ms`: 0 is out of range: it must be 1 to 4294967295"),
        ("\"25000.50\"", "\"25000.00001\"", 6, "8: `loss`: `25000.00001` must be an amount above 0 with at most four decimals, such as 25000.00"),
        ("drawdown = 3", "drawdown = 0", 7, "12: `drawdown`: `0` must be an amount above 0 with at most four decimals, such as 25000.00"),
        ("drawdown = 3", "drawdown = true", 7, "12: `drawdown`: must be an amount such as \"25000.00\", not a boolean"),
        ("exposure = 900000000", "exposure = 99999999999999999999", 9, "12: `exposure`: `99999999999999999999` must be an amount above 0 with at most four decimals, such as 25000.00"),
        ("free_messages = 7\n", "", 5, "1: warning: `limits`: no `free_messages`: it blocks arming until it is set"),
        ("role = \"risk\"", "role = \"boss\"", 15, "8: `role`: `boss` is not one of viewer, operator, risk"),
        ("name = \"bob\"", "name = \"ann\"", 17, "8: person `ann` is already on line "),
        ("uid = 1001", "uid = 1000", 18, "7: two people need two users: uid 1000 is already on line "),
        ("\"127.0.0.1:26400\"", "\"venue\"", 21, "10: `orders`: `venue` is not an address with a port, such as 127.0.0.1:26400"),
        ("password_file = \"p\"", "", 20, "1: `sessions` has no field `password_file`"),
    ] {
        assert!(HOST.contains(from), "{from}");
        let problems = check(&format!("{GOOD}{}", HOST.replacen(from, to, 1))).problems;
        let wanted = format!("{}:{finding}", first + line - 1);
        assert!(problems.iter().any(|one| one.to_string().starts_with(&wanted)), "{wanted}\nnot in\n{problems:#?}");
    }
}

/// Behind HOST, in whose last table nothing may follow.
const REMOTE: &str = "[remote]\nlisten = \"10.0.0.1:7443\"\ncertificate = \"host.pem\"\nkey = \"host.key\"\nauthority = \"ca.pem\"\n\
[[person]]\nname = \"cyn\"\ncertificate = \"riposte:cyn\"\nrole = \"operator\"\n[[person]]\nname = \"dan\"\nuid = 1002\n\
certificate = \"spiffe://desk/dan\"\nrole = \"risk\"\n";

#[test]
fn how_people_come_in_from_other_machines_is_read_exactly_and_each_mistake_is_found() {
    let of = |remote: &str| check(&format!("{GOOD}{remote}"));
    let desk = of(REMOTE).desk.expect("a desk");
    let people: Vec<_> = desk.people.iter().map(|one| (one.name.as_str(), one.uid, one.certificate.as_deref(), one.role)).collect();
    assert_eq!(people, [
        ("cyn", None, Some("riposte:cyn"), Role::Operator), ("dan", Some(1002), Some("spiffe://desk/dan"), Role::Risk),
    ]);
    let remote = desk.remote.expect("a way in");
    assert_eq!(remote.listen, "10.0.0.1:7443".parse().expect("an address"));
    assert_eq!([&remote.certificate, &remote.key, &remote.authority], ["host.pem", "host.key", "ca.pem"].map(Path::new));
    assert_eq!(remote.revoked, None);
    let with_list = of(&REMOTE.replacen("[[person]]", "revoked = \"crl.pem\"\n[[person]]", 1)).desk.expect("a desk");
    assert_eq!(with_list.remote.and_then(|one| one.revoked), Some("crl.pem".into()));
    let first = GOOD.lines().count();
    for (from, to, line, finding) in [
        ("10.0.0.1:7443", "10.0.0.1", 2, "10: `listen`: `10.0.0.1` is not an address with a port, such as 10.0.0.1:7443"),
        ("key = \"host.key\"\n", "", 1, "1: `remote` has no field `key`"),
        ("authority = \"ca.pem\"", "authority = \"\"", 5, "13: `authority`: must name a file"),
        ("authority =", "autority =", 5, "1: unknown field `autority` in `remote`; did you mean `authority`?"),
        ("certificate = \"riposte:cyn\"\n", "", 6, "1: `person` has no field `uid`"),
        ("riposte:cyn", "cyn", 8, "15: `certificate`: `cyn` is no URI such as riposte:ann"),
        ("riposte:cyn", "riposte:", 8, "15: `certificate`: `riposte:` is no URI"),
        ("riposte:cyn", "1:cyn", 8, "15: `certificate`: `1:cyn` is no URI"),
        ("riposte:cyn", "riposte:cyn lee", 8, "15: `certificate`: `riposte:cyn lee` is no URI"),
        ("spiffe://desk/dan", "riposte:cyn", 13, "15: two people need two certificates: `riposte:cyn` is already on line "),
    ] {
        assert!(REMOTE.contains(from), "{from}");
        let problems = of(&REMOTE.replacen(from, to, 1)).problems;
        let wanted = format!("{}:{finding}", first + line);
        assert!(problems.iter().any(|one| one.to_string().starts_with(&wanted)), "{wanted}\nnot in\n{problems:#?}");
    }
    for (length, is_taken) in [(255, true), (256, false)] {
        let name = format!("riposte:{}", "c".repeat(length - 8));
        assert_eq!(of(&REMOTE.replacen("riposte:cyn", &name, 1)).desk.is_some(), is_taken, "{length} characters");
    }
    let (table, people) = REMOTE.split_at(REMOTE.find("[[").expect("people"));
    let warns = |text: &str, of: &str| check(&format!("{GOOD}{text}")).problems.iter().any(|one| one.text.contains(of));
    assert!(warns(table, "nobody can come in here") && !warns(REMOTE, "nobody"));
    assert!(warns(people, "without [remote] nobody comes in by one"));
}

#[test]
fn whose_sets_a_host_takes_is_read_exactly_and_each_mistake_is_found() {
    let of = |trusted: &str| check(&format!("{GOOD}\n[host]\n{trusted}"));
    let desk = of(TRUSTED).desk.expect("a desk");
    let [signer] = &desk.host.trusted[..] else { panic!("{:?}", desk.host.trusted) };
    assert_eq!((signer.name.as_str(), signer.key[0], signer.key[31]), ("sid", 0x32, 0x2c));
    let key = TRUSTED.split('"').nth(3).expect("a key");
    let other = format!("{}0", &key[..63]);
    let two = |name: &str, second: &str| {
        format!("trusted = [\n{{ name = \"sid\", key = \"{key}\" }},\n{{ name = \"{name}\", key = \"{second}\" }},\n]\n")
    };
    assert_eq!(of(&two("ann", &other)).problems, []);
    for (trusted, finding) in [
        (two("sid", &other), "a signer of this name is already on line "),
        (two("ann", key), "this key is already on line "),
        (TRUSTED.replace("name = \"sid\", ", ""), "has no field `name`"),
        (TRUSTED.replace("name", "nam"), "unknown field `nam`"),
        (TRUSTED.replace(key, &key[1..]), "is no public key: 64 hexadecimal digits"),
        (TRUSTED.replace("327b", "327g"), "is no public key: 64 hexadecimal digits"),
        (TRUSTED.replace(key, &"é".repeat(32)), "is no public key: 64 hexadecimal digits"),
        (TRUSTED.replace(key, &format!("{key}0")), "is no public key: 64 hexadecimal digits"),
        (TRUSTED.replace("327b", "+27b"), "is no public key: 64 hexadecimal digits"),
        ("trusted = true\n".to_owned(), "`trusted`"),
        (String::new(), "no `trusted`: outside a rehearsal no parameter set is taken"),
        ("trusted = []\n".to_owned(), "no `trusted`: outside a rehearsal no parameter set is taken"),
    ] {
        let Check { desk, problems } = of(&trusted);
        assert_eq!(desk.is_some(), finding.starts_with("no `trusted`"), "{trusted}");
        assert!(problems.iter().any(|one| one.to_string().contains(finding)), "{finding}\nnot in\n{problems:#?}");
    }
}

#[test]
fn what_a_host_tells_others_is_read_exactly() {
    let of = |lines: &str| check(&format!("{GOOD}\n[host]\n{TRUSTED}{lines}"));
    let Check { desk, problems } = of("metrics = \"127.0.0.1:9464\"\nlog = \"json\"\n");
    assert_eq!(problems, []);
    let host = desk.expect("a desk").host;
    assert_eq!((host.metrics.map(|one| one.port()), host.log), (Some(9464), riposte_desk::LogForm::Json));
    for lines in ["", "log = \"text\"\n"] {
        let host = of(lines).desk.expect("a desk").host;
        assert_eq!((host.metrics, host.log), (None, riposte_desk::LogForm::Text), "{lines}");
    }
    let open = of("metrics = \"0.0.0.0:9464\"\n");
    assert!(open.desk.is_some() && open.problems[0].to_string().contains("nobody is asked who they are"), "{:?}", open.problems);
    for (lines, finding) in [
        ("metrics = \"9464\"\n", "`metrics`: `9464` is not an address with a port, such as 127.0.0.1:9464"),
        ("log = \"xml\"\n", "`log`: `xml` is not one of text, json"),
    ] {
        let Check { desk, problems } = of(lines);
        assert!(desk.is_none() && problems.iter().any(|one| one.to_string().contains(finding)), "{finding}\n{problems:#?}");
    }
}
