//! Every mistake in a configuration is found, on its line, with what to do about it.
use riposte_desk::{Check, Collar, check};
use riposte_map::shm::Condition;

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
    assert_eq!((instrument.symbol.as_str(), instrument.locate, instrument.max_quantity), ("CVLT", Some(13), Some(500)));
    assert_eq!(instrument.collar, Some(Collar { low_e4: 600_000, high_e4: 700_000 }));
    assert_eq!(instrument.rules[0].condition, Condition::BidAtLeast);
    assert_eq!(instrument.rules[0].threshold_e4, 630_200);
    assert_eq!(instrument.rules[0].order.side, b'T');
    assert_eq!(instrument.rules[1].order.price_e4, 625_000, "a bare number is read exactly");
    assert_eq!(desk.rule(0, 1).map(|rule| rule.name.as_str()), Some("tight"));
    assert_eq!(desk.rule(1, 0), None);
}

#[test]
fn each_mistake_is_found_on_its_line() {
    for (from, to, finding) in [
        ("port = 26477", "prot = 26477", "3:1: unknown field `prot` in `feed`; did you mean `port`?"),
        ("port = 26477", "", "1:1: `feed` has no field `port`"),
        ("port = 26477", "port = 65536", "3:8: `port`: 65536 is out of range: it must be 1 to 65535"),
        ("port = 26477", "port = \"26477\"", "3:8: `port`: must be a whole number, not a string"),
        ("\"233.54.12.111\"", "\"233.54.12\"", "2:9: `group`: `233.54.12` is not an IPv4 address such as 233.54.12.111"),
        ("02:00:00:00:00:01", "02:00:00:00:01", "6:14: `source_mac`: `02:00:00:00:01` is not a MAC address such as 02:00:00:00:00:01"),
        ("10.0.0.2:8003", "10.0.0.2", "9:15: `destination`: `10.0.0.2` is not an IPv4 address with a port, such as 10.0.0.1:40000"),
        ("\"LIME\"", "\"LIM\"", "11:8: `firm`: `LIM` must have exactly four characters"),
        ("\"LIME\"", "\"LIME", "11:13: invalid basic string, expected `\"`"),
        ("max_quantity = 500", "max_quantity = 1_000_000", "16:16: `max_quantity`: 1000000 is out of range: it must be 1 to 999999"),
        ("max_quantity = 500", "max_quantity = 0", "16:16: `max_quantity`: 0 is out of range: it must be 1 to 999999"),
        ("enabled = true", "enabled = \"yes\"", "18:11: `enabled`: must be true or false, not a string"),
        ("low = \"60.00\"", "low = \"60.00001\"", "17:18: `low`: price 60.00001 has too many decimals: the exchange takes at most four"),
        ("low = \"60.00\"", "low = \"80.00\"", "17:10: `collar`: `high` must be above 0 and not below `low`"),
        ("instrument = \"CVLT\"", "instrument = \"CVLR\"", "22:14: unknown instrument `CVLR`; did you mean `CVLT`?"),
        ("instrument = \"CVLT\"", "instrument = \"AAPL\"", "22:14: unknown instrument `AAPL`: there is no [[instrument]] with this symbol"),
        ("bid >= 63.02", "bit >= 63.02", "23:8: `when`: unknown metric `bit`: use bid, ask, spread or trade"),
        ("bid >= 63.02", "bid > 63.02", "23:8: `when`: unknown comparison `>`: use <= or >="),
        ("bid >= 63.02", "bid", "23:8: `when`: `bid` must read METRIC <= PRICE or METRIC >= PRICE, such as `ask <= 320.50`"),
        ("price = \"63.02\"", "price = \"200000\"", "24:51: `price`: price 200000 is too high: it must be below 200000"),
        ("side = \"short\"", "side = \"Buy\"", "24:18: `side`: `Buy` is not one of buy, sell, short, short exempt"),
        ("quantity = 225", "quantity = 1000000", "24:38: `quantity`: 1000000 is out of range: it must be 1 to 999999"),
        ("H8FUB8IV", "H8FUB8IV0123456", "24:117: `client_order_id`: `H8FUB8IV0123456` must be 1 to 14 ASCII characters without spaces"),
        ("capacity = \"A\", ", "", "24:9: `order` has no field `capacity`"),
        ("order = { side = \"short\"", "oder = { side = \"short\"", "24:1: unknown field `oder` in `rule`; did you mean `order`?"),
        ("name = \"tight\"", "name = \"sell the bid\"", "27:8: rule name `sell the bid` is already on line 21"),
        ("[[instrument]]", "[instrument]", "13:1: `instrument` must be written [[instrument]]: there may be several"),
    ] {
        let found = findings(from, to);
        assert!(found.iter().any(|text| text == finding), "{finding}\nnot in\n{found:#?}");
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
    assert_eq!(findings("enabled = true", ""), [format!("13:1: warning: CVLT: `enabled` is not true: {blocked}")]);
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
    let rule = &GOOD[GOOD.rfind("[[rule]]").unwrap()..];
    let with_rules = |count: usize| {
        let more: String = (0..count).map(|i| rule.replace("tight", &format!("tight {i}"))).collect();
        check(&format!("{GOOD}{more}")).problems
    };
    assert_eq!(with_rules(2), []);
    let found = with_rules(3);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "42:8: `CVLT` has too many rules: the card holds at most 4 an instrument");

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

const HOST: &str = "\n[host]\ncore = 1\ntick_ms = 5\nanswer_ms = 1500\n[limits]\nloss = \"25000.50\"\ndrawdown = 3\ninstrument_loss = 0.0001\n\
exposure = 900000000\nfree_messages = 7\nmessages_per_trade = 8\n[[person]]\nname = \"ann\"\nuid = 1000\nrole = \"risk\"\n[[person]]\n\
name = \"bob\"\nuid = 1001\nrole = \"viewer\"\n[sessions]\norders = \"127.0.0.1:26400\"\nusername = \"RIPO\"\npassword_file = \"p\"\n";

#[test]
fn what_the_host_needs_is_read_exactly() {
    let Check { desk, problems } = check(&format!("{GOOD}{HOST}"));
    assert_eq!(problems, []);
    let desk = desk.expect("a desk");
    assert_eq!((desk.host.core, desk.host.tick_ns, desk.host.times.answer_ns), (Some(1), 5_000_000, 1_500_000_000));
    let limits = desk.limits;
    assert_eq!((limits.loss_e4, limits.drawdown_e4, limits.instrument_loss_e4), (250_005_000, 30_000, 1));
    assert_eq!((limits.exposure_e4, limits.free_messages, limits.messages_per_trade), (9_000_000_000_000, 7, 8));
    let people: Vec<_> = desk.people.iter().map(|one| (one.name.as_str(), one.uid, one.role.text())).collect();
    assert_eq!(people, [("ann", 1000, "risk"), ("bob", 1001, "viewer")]);
    assert_eq!(desk.sessions.map(|one| (one.orders.port(), one.username)), Some((26400, "RIPO".to_owned())));
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
        ("uid = 1001", "uid = 1000", 18, "7: uid 1000 is already on line "),
        ("\"127.0.0.1:26400\"", "\"venue\"", 21, "10: `orders`: `venue` is not an address with a port, such as 127.0.0.1:26400"),
        ("password_file = \"p\"", "", 20, "1: `sessions` has no field `password_file`"),
    ] {
        assert!(HOST.contains(from), "{from}");
        let problems = check(&format!("{GOOD}{}", HOST.replacen(from, to, 1))).problems;
        let wanted = format!("{}:{finding}", first + line - 1);
        assert!(problems.iter().any(|one| one.to_string().starts_with(&wanted)), "{wanted}\nnot in\n{problems:#?}");
    }
}
