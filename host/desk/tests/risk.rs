//! `[risk]` and `[[scenario]]`: what the book may lose, as a desk says it.
use riposte_desk::{Margin, check, signed_e4};

const DESK: &str = include_str!("../../../demo/live.toml");

fn problems(risk: &str) -> Vec<String> {
    check(&with(risk)).problems.iter().map(ToString::to_string).collect()
}

/// The demonstration's desk with this instead of its own.
fn with(risk: &str) -> String {
    let (before, rest) = DESK.split_once("[risk]").expect("it has one");
    let (_, behind) = rest.split_once("[host]").expect("the host stands behind it");
    format!("{before}{risk}\n[host]{behind}")
}

#[test]
fn risk_is_read_as_it_stands() {
    let desk = check(&with(
        "[risk]\nmargin = { initial = 50.25, maintenance = 25 }\ndistance = \"7.5\"\ngreeks_hours = 8\n[[risk.margin_of]]\n\
         instrument = \"AMD\"\ninitial = 100\nmaintenance = 40\n[[scenario]]\nname = \"crash\"\nspot = -20\nvolatility = \"15.50\"\n\
         [[scenario.move]]\ninstrument = \"AMZN\"\nspot = 3\n[[scenario]]\nname = \"calm\"\nspot = 0\nvolatility = -1",
    ));
    let risk = desk.desk.expect("a good desk").risk;
    assert_eq!(risk.margin, Some(Margin { initial_bp: 5025, maintenance_bp: 2500 }));
    assert_eq!(risk.margins, [(1, Margin { initial_bp: 10_000, maintenance_bp: 4000 })]);
    assert_eq!((risk.distance_bp, risk.greeks_age_ns), (Some(750), Some(8 * 3_600_000_000_000)));
    let [crash, calm] = &risk.scenarios[..] else { panic!("{:?}", risk.scenarios) };
    assert_eq!((crash.name.as_str(), &crash.spot_bp[..4], crash.volatility_e2), ("crash", &[-2000, -2000, 300, -2000][..], 1550));
    assert_eq!((calm.name.as_str(), calm.spot_bp, calm.volatility_e2), ("calm", [0; 16], -100));
}

#[test]
fn what_is_left_out_is_the_hosts_own() {
    let risk = check(&with("")).desk.expect("a good desk").risk;
    assert_eq!(risk, Default::default());
}

#[test]
fn mistakes_are_told_with_what_to_do() {
    let of = |scenario: &str| format!("[[scenario]]\nname = \"a\"\n{scenario}");
    for (risk, wanted) in [
        ("[risk]\nmargin = { initial = 20, maintenance = 25 }".to_owned(), "`initial` must not be below `maintenance`"),
        ("[risk]\nmargin = { initial = 20 }".to_owned(), "no field `maintenance`"),
        ("[risk]\nmargin = 50".to_owned(), "must be a table"),
        ("[risk]\ndistance = 0".to_owned(), "must be 0.01 to 100 with at most two decimals"),
        ("[risk]\ndistance = 5.001".to_owned(), "at most two decimals"),
        ("[risk]\ndistanc = 5".to_owned(), "did you mean `distance`?"),
        ("[risk]\ngreeks_hours = 0".to_owned(), "out of range"),
        ("[[risk.margin_of]]\ninstrument = \"IBM\"\ninitial = 50\nmaintenance = 25".to_owned(), "IBM"),
        (["[[risk.margin_of]]\ninstrument = \"AMD\"\ninitial = 50\nmaintenance = 25\n"; 2].concat(), "has its margin already"),
        (of("spot = -100.01"), "must be -100 to 1000"),
        (of("volatility = 5"), "no field `spot`"),
        (of("spot = \"much\""), "`much` must be"),
        (of("spot = 1\nmove = [{ instrument = \"AMD\" }]"), "no field `spot`"),
        (of("spot = 1\n[[scenario]]\nname = \"a\"\nspot = 2"), "scenario `a` is already on line"),
        ((0..33).map(|at| format!("[[scenario]]\nname = \"s{at}\"\nspot = 1\n")).collect(), "too many scenarios: at most 32"),
    ] {
        let found = problems(&risk);
        assert!(found.iter().any(|one| one.contains(wanted)), "{risk}: {found:?}");
        assert!(check(&with(&risk)).desk.is_none(), "{risk}");
    }
}

#[test]
fn signed_dollars_are_exact() {
    for (text, wanted) in [("-0.0001", Some(-1)), ("0", Some(0)), ("922337203685477.5807", Some(i64::MAX)), ("922337203685477.5808", None)] {
        assert_eq!(signed_e4(text), wanted, "{text}");
    }
    for text in ["", "-", "--1", "+1", "1.00001", "1e3", ".", "0x1"] {
        assert_eq!(signed_e4(text), None, "{text}");
    }
}
