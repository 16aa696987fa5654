//! Models and hedges of a desk: what is written comes out, each mistake is found on its line, thresholds move by the same check.
use riposte_desk::{Check, Desk, Mandate, Unmovable, check, move_threshold};
use riposte_map::limits::HOST_RULE;
use riposte_map::shm::{Command, Condition, NONE, Opcode};

const GOOD: &str = include_str!("../../../demo/live.toml");
const LEG: &str = "instrument = \"AMZN\"\nposition";

fn findings(from: &str, to: &str) -> Vec<String> {
    assert!(GOOD.contains(from), "{from}");
    let Check { desk, problems } = check(&GOOD.replacen(from, to, 1));
    assert!(desk.is_none(), "{from} -> {to}");
    problems.iter().map(ToString::to_string).collect()
}

fn good() -> Desk {
    let Check { desk, problems } = check(GOOD);
    assert_eq!(problems, []);
    desk.expect("a desk")
}

#[test]
fn a_model_and_a_hedge_are_what_was_written() {
    let desk = good();
    let (number, model) = desk.model("AMD-AAPL").expect("a model");
    assert_eq!((number, model.given, model.leg, model.lower, model.upper), (0, 0, 1, 0, 1));
    assert_eq!((model.z_hundredths, model.warm, model.least_e4, model.ratio_half_life_ns), (100, 25, 200, 4_000_000_000));
    let wanted = Mandate { low_e4: 1_150_000, high_e4: 1_250_000, step_e4: 2000, interval_ns: 300_000_000, for_ns: 8 * 3_600_000_000_000 };
    assert_eq!(model.mandate, wanted);
    let hedge = desk.hedge.expect("a hedge");
    assert_eq!((hedge.aversion_e6, hedge.through_e4, hedge.fee_e4, hedge.legs.len()), (50_000, 500, 0, 2));
    assert_eq!((hedge.legs[1].instrument, hedge.legs[1].position, hedge.legs[1].lot, hedge.legs[1].order), (2, 3000, 10, 200));
    let one = check(&GOOD.replacen("upper = \"hit the bid\"\n", "", 1)).desk.expect("one edge is enough");
    assert_eq!(one.models[0].upper, NONE);
}

#[test]
fn orders_of_the_host_have_the_last_rules_place_in_the_set() {
    let desk = good();
    let set = desk.commands(1, 1);
    let row = |opcode: Opcode, instrument: u8| move |one: &&Command| one.opcode == opcode as u8 && one.instrument == instrument;
    let conditions = |instrument: u8| set.iter().find(row(Opcode::WriteRules, instrument)).expect("rules").args[0].to_le_bytes()[HOST_RULE];
    assert_eq!([0, 1, 2, 3].map(conditions), [Condition::Host as u8, 0, Condition::Host as u8, 0]);
    let template = |one: &&Command| row(Opcode::WriteTemplate, 2)(one) && usize::from(one.rule) == HOST_RULE;
    let template = set.iter().find(template).expect("a template");
    let cooldown_cycles = 16;
    assert_eq!((template.args[0], template.args[1] & 0xff, template.args[2]), (0, b'B'.into(), cooldown_cycles), "no quantity: it sends nothing by itself");
    let words: Vec<u8> = set
        .iter()
        .filter(|one| row(Opcode::WriteImage, 2)(one) && usize::from(one.rule) == HOST_RULE)
        .flat_map(|one| one.args[0].to_le_bytes())
        .collect();
    // OUCH 5.0, Enter Order, behind 57 bytes: symbol at 10, time in force at 26, capacity at 29.
    assert_eq!((&words[67..75], words[83], words[85]), (&b"AMZN    "[..], b'3', b'P'));
    let repeats = desk.grants(1);
    let repeat = repeats.iter().find(|one| row(Opcode::Repeat, 2)(one) && usize::from(one.rule) == HOST_RULE).expect("a grant");
    assert_eq!(repeat.value, 100_000, "as `[defaults]` says");
    let mut rules = GOOD.to_owned();
    for name in ["a", "b"] {
        rules += &format!(
            "[[rule]]\nname = \"{name}\"\ninstrument = \"AMZN\"\nwhen = \"ask <= 130.00\"\n\
             order = {{ side = \"buy\", quantity = 1, price = \"130.00\", time_in_force = \"IOC\", capacity = \"P\" }}\n"
        );
    }
    let found: Vec<String> = check(&rules).problems.iter().map(ToString::to_string).collect();
    assert!(found[0].contains("at most 4 an instrument, one of them taken by `host_orders`"), "{found:?}");
}

#[test]
fn each_mistake_is_found() {
    for (from, to, finding) in [
        ("given = \"AAPL\"", "given = \"AAPX\"", "unknown instrument `AAPX`; did you mean `AAPL`?"),
        ("given = \"AAPL\"", "given = \"AMD\"", "`given` and `leg` are the same instrument"),
        ("lower = \"bid for the dip\"", "lower = \"buy low\"", "`lower`: the leg has no rule `buy low`"),
        ("lower = \"bid for the dip\"", "lower = \"hit the bid\"", "`lower`: the first term of `hit the bid` compares the other way, or no price"),
        ("kind = \"pair\"", "kind = \"triple\"", "`kind`: `triple` is not one of pair"),
        ("z = \"1.00\"", "z = \"1.005\"", "`z`: must have at most two decimals"),
        ("z = \"1.00\"", "z = \"0\"", "`z`: must be above 0"),
        ("z = \"1.00\"", "z = \"NaN\"", "`z`: `NaN` is not a price"),
        ("z = \"1.00\"", "z = nan", "`z`: `nan` is not a price"),
        ("low = \"115.00\"", "low = \"126.00\"", "`mandate`: `high` must not be below `low`"),
        ("step = \"0.20\", ", "", "`mandate` has no field `step`"),
        ("hours = 8", "hours = 25", "`hours`: 25 is out of range: it must be 1 to 24"),
        ("warm = 25", "warn = 25", "unknown field `warn` in `model`; did you mean `warm`?"),
        ("through = \"0.05\"", "through = \"0.055\"", "`through`: must be whole cents"),
        ("aversion = \"0.05\"", "", "`hedge` has no field `aversion`"),
        (LEG, "instrument = \"AAPL\"\nposition", "this instrument is a leg already"),
        ("host_orders = { capacity = \"P\" }", "host_orders = {}", "`host_orders` has no field `capacity`"),
        ("host_orders = { capacity = \"P\" }", "host_orders = { capacity = \"P\", side = \"buy\" }", "unknown field `side` in `host_orders`"),
        (LEG, "instrument = \"AMD\"\nposition", "`AMD` has no `host_orders`, and a leg needs it: its orders go through the card"),
        ("[hedge]", "[hedge]\norders = \"10.77.0.1:26403\"", "unknown field `orders` in `hedge`; known here: half_life_ms,"),
        ("[hedge]", "[hedge]\ndrop_copy = \"10.77.0.1:26404\"", "unknown field `drop_copy` in `hedge`"),
        ("[hedge]", "[hedge]\nusername = \"RIPO\"", "unknown field `username` in `hedge`"),
        ("lot = 10", "lot = 201", "`order`: 200 is less than a lot of 201"),
        ("lot = 1\n", "lot = 4\n", "`lot`: 10 is no multiple of 4, the lot of `AAPL`"),
        ("tick_size = \"0.01\"", "tick_size = \"0.04\"", "`through`: 0.05 is no multiple of 0.04, the tick size of `AAPL`"),
    ] {
        let found = findings(from, to);
        assert!(found.iter().any(|one| one.contains(finding)), "{from} -> {to}: {found:?}");
    }
    let second = GOOD.replacen("[hedge]", &format!("{}\n[hedge]", &GOOD[GOOD.find("[[model]]").unwrap()..GOOD.find("# What is filled").unwrap()]), 1);
    let found: Vec<String> = check(&second).problems.iter().map(ToString::to_string).collect();
    assert!(found.iter().any(|one| one.contains("is there already")) && found.iter().any(|one| one.contains("would both move the same rule")), "{found:?}");
}

#[test]
fn a_threshold_moves_in_the_rows_as_if_it_had_been_written() {
    let mut rows = good().commands(1, 1);
    move_threshold(&mut rows, 1, 0, 1_191_234).unwrap();
    move_threshold(&mut rows, 1, 1, 1_201_234).unwrap();
    let text = GOOD.replacen("ask <= 119.12", "ask <= 119.1234", 1).replacen("bid >= 119.14", "bid >= 120.1234", 1);
    assert_eq!(rows, check(&text).desk.expect("a desk").commands(1, 1));
    let before = rows.clone();
    for (instrument, rule, price, why) in [
        (1, 0, 0, Unmovable::Price(0)),
        (1, 0, 2_000_000_000, Unmovable::Price(2_000_000_000)),
        (1, 2, 5, Unmovable::Rule { instrument: 1, rule: 2 }),
        (1, 9, 5, Unmovable::Rule { instrument: 1, rule: 9 }),
        (0, 2, 5, Unmovable::Rule { instrument: 0, rule: 2 }),
        (16, 0, 5, Unmovable::Instrument(16)),
    ] {
        assert_eq!(move_threshold(&mut rows, instrument, rule, price), Err(why));
        assert_eq!(rows, before);
    }
    move_threshold(&mut rows, 1, 0, 1_999_999_999).expect("the highest price");
}
