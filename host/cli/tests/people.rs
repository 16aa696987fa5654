//! What people read of a host, and what a word of theirs approves: every limit, proposals as sentences, one set, a reversion's step.
mod support;

use serde_json::Value;
use support::{BOB, Folder, Process, riposte, venue::Closed, wait_for};

const DESK: &str = include_str!("../../../demo/desk.toml");
const SYMBOLS: [&str; 6] = ["AAPL", "NVDA", "SPY", "TSLA", "MSFT", "AMD"];

/// A host and its card, whose proposals nobody has approved.
fn opened(folder: &Folder) -> [Process; 2] {
    let person = |name: &str, uid: u32| format!("[[person]]\nname = \"{name}\"\nuid = {uid}\nrole = \"risk\"\n");
    let people = [person("ann", folder.uid()), person("bob", BOB)].concat();
    folder.write("desk.toml", format!("{DESK}\n[limits]\nloss = 25000\ndrawdown = 20000\n[host]\ncontrol = \"control.sock\"\n{}{people}", folder.trust("sid")));
    folder.market(7, 20_000);
    folder.sign("desk.toml", 1, "sid");
    let card = ["card", "serve", "--port", "pcap:market.pcap", "--link", "./link", "--watchdog-ms", "60000", "--json"];
    let host = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap", "--json"];
    let both = [Process::start(riposte(&folder.0, &card)), Process::start(riposte(&folder.0, &host))];
    wait_for("proposals", || folder.asked(&["status"]).filter(|status| status["proposals"] == 4));
    both
}

fn limits(folder: &Folder) -> Vec<(String, u64, Value)> {
    let told = folder.told(&["params", "show"]);
    let row = |one: &Value| (one["limit"].as_str().expect("a name").to_owned(), one["index"].as_u64().expect("an index"), one["value"].clone());
    told["limits"].as_array().expect("rows").iter().map(row).collect()
}

/// Requests that wait, with what they want.
fn proposals(folder: &Folder) -> Vec<(u64, String)> {
    let told = folder.told(&["params", "show"]);
    let one = |one: &Value| (one["request"].as_u64().expect("a number"), one["change"].as_str().expect("a sentence").to_owned());
    told["proposals"].as_array().expect("a list").iter().map(one).collect()
}

#[test]
fn every_limit_of_every_index_is_shown_and_proposals_are_sentences() {
    let folder = Folder::new("limits");
    let can_be_others = folder.has_two_people("every_limit_of_every_index_...: that what was approved is shown");
    let _both = opened(&folder);
    let mut wanted: Vec<(String, u64)> = Vec::new();
    for (name, indices) in [
        ("loss", 1), ("instrument-loss", 6), ("drawdown", 1), ("exposure", 1), ("free-messages", 1), ("messages-per-trade", 1), ("hedge", 6),
        ("delta", 1), ("gamma", 1), ("vega", 1), ("theta", 1), ("scenario-loss", 1), ("collateral", 1), ("counterparty", 1),
        ("protection-pieces", 6), ("protection-net", 1),
    ] {
        wanted.extend((0..indices).map(|index| (name.to_owned(), index)));
    }
    let shown = limits(&folder);
    assert!(shown.iter().map(|(name, index, _)| (name.clone(), *index)).eq(wanted), "{shown:?}");
    assert!(shown.iter().all(|(.., value)| *value == 0), "unset until two people want it: {shown:?}");
    let named = folder.told(&["params", "show"])["limits"].as_array().expect("rows").clone();
    for name in ["instrument-loss", "hedge"] {
        let of = named.iter().filter(|one| one["limit"] == name).map(|one| one["instrument"].as_str().expect("a symbol"));
        assert!(of.eq(SYMBOLS), "{name}: {named:?}");
    }
    let set = folder.told(&["params", "push", "desk.toml", "--dry-run"])["content"].as_str().expect("its SHA-256").to_owned();
    let sentences: Vec<String> = proposals(&folder).into_iter().map(|(_, sentence)| sentence).collect();
    assert_eq!(sentences, [
        "set the limit loss to 25000.00 dollars".to_owned(), "set the limit drawdown to 20000.00 dollars".to_owned(),
        format!("commit generation 1, {set}"), format!("trust the books of {} as they stand", SYMBOLS.join(", ")),
    ]);
    assert_eq!(folder.told(&["limit", "set", "hedge", "300", "--index", "2", "--dry-run"])["would"], "set the limit hedge of SPY to 300");
    if can_be_others {
        let ann = folder.uid();
        folder.act_as(ann, &["limit", "set", "hedge", "300", "--index", "2"]);
        folder.act_as(ann, &["limit", "set", "instrument-loss", "12.50", "--index", "5"]);
        folder.act_as(BOB, &["approve", "--all"]);
        let set: Vec<_> = limits(&folder).into_iter().filter(|(.., value)| *value != 0).map(|(name, index, value)| (name, index, value.as_u64())).collect();
        let row = |name: &str, index, value| (name.to_owned(), index, Some(value));
        assert_eq!(set, [
            row("loss", 0, 250_000_000), row("instrument-loss", 5, 125_000), row("drawdown", 0, 200_000_000), row("hedge", 2, 300),
        ]);
    }
}

#[test]
fn params_commit_approves_one_parameter_set_and_nothing_else() {
    let folder = Folder::new("commit");
    let _both = opened(&folder);
    let ann = folder.uid();
    let refused = |uid: u32, args: &[&str], says: &str| {
        let (code, answer) = folder.say_as(uid, args);
        assert!(code == Some(3) && answer["why"].as_str().is_some_and(|why| why.contains(says)), "{args:?}: {answer}");
    };
    let waiting = proposals(&folder);
    let number = |part: &str| waiting.iter().find(|(_, text)| text.contains(part)).map(|(request, _)| request.to_string()).expect("it waits");
    refused(ann, &["params", "commit", &number("limit loss")], "is no parameter set but set the limit loss to 25000.00 dollars: `riposte approve");
    refused(ann, &["params", "commit", "12345"], "no proposal 12345 waits");
    refused(ann, &["params", "commit"], "the same person twice");
    let waiting = proposals(&folder);
    if !folder.has_two_people("params_commit_approves_...") {
        return;
    }
    assert_eq!(folder.act_as(BOB, &["params", "commit", "--dry-run"])["value"]["would_approve"].as_array().map(Vec::len), Some(1));
    assert_eq!(proposals(&folder), waiting, "a dry run changes nothing");
    folder.act_as(BOB, &["params", "commit"]);
    wait_for("the set", || folder.asked(&["status"]).filter(|status| status["generation"] == 1));
    let left: Vec<_> = waiting.iter().filter(|(_, text)| !text.starts_with("commit")).cloned().collect();
    assert_eq!((proposals(&folder), left.len()), (left, 3), "limits wait for a word of their own");
    refused(BOB, &["params", "commit"], "no parameter set waits");
    // Of two sets it is not guessed which was meant.
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    let mut content = Value::Null;
    for (generation, quantity) in [(2, "max_quantity = 700"), (3, "max_quantity = 800")] {
        folder.write("other.toml", desk.replacen("max_quantity = 500", quantity, 1));
        folder.sign("other.toml", generation, "sid");
        content = folder.told(&["params", "push", "other.toml", "--dry-run"])["content"].take();
        folder.act_as(ann, &["params", "push", "other.toml"]);
    }
    refused(BOB, &["params", "commit"], "2 parameter sets wait, so name one");
    let (newest, _) = proposals(&folder).into_iter().filter(|(_, text)| text.starts_with("commit")).max().expect("two");
    folder.act_as(BOB, &["params", "commit", &newest.to_string()]);
    wait_for("the other set", || folder.asked(&["params", "show"]).filter(|shown| shown["content"] == content));
}

#[test]
fn a_reversions_status_says_what_it_is_where_it_stands_since_when_and_what_it_waits_for() {
    let folder = Folder::new("reversion");
    if !folder.has_two_people("a_reversions_status_...") {
        return;
    }
    let closed = Closed::new(&folder, &[("ann", folder.uid(), "risk"), ("bob", BOB, "risk")]);
    let run = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--json"];
    let _host = Process::start(riposte(&folder.0, &run));
    wait_for("proposals", || folder.asked(&["status"]).filter(|status| status["proposals"] == 12));
    folder.act_as(BOB, &["approve", "--all"]);
    wait_for("the set", || folder.asked(&["status"]).filter(|status| status["generation"] == 1));
    let _venue = closed.open(&folder, &["--messages", "100000"]);
    wait_for("a session", || folder.asked(&["status"]).filter(|status| status["session"] == "current"));
    let status = || folder.told(&["revert", "status"]);
    assert_eq!(status(), serde_json::json!({ "reversion": "none" }));
    let (ann, flat) = (folder.uid(), ["positions", "state", "--rest-flat", "--evidence", "clearing"]);
    folder.told(&flat);
    // The card does not acknowledge its fence.
    closed.card.signal("STOP");
    let (code, silent) = folder.say_as(ann, &["revert", "apply", "orders", "--instruments", "1", "--request", "4711"]);
    assert_eq!((code, &silent["answer"]), (Some(3), &"silent".into()), "{silent}");
    let fenced = status();
    assert_eq!((&fenced["request"], &fenced["kind"], &fenced["step"]), (&4711.into(), &"orders of AAPL".into(), &"Validated".into()), "{fenced}");
    assert_eq!(fenced["waits_for"], "the card, which has to acknowledge the fence");
    assert!(fenced["since_ns"].as_u64() > Some(1 << 60) && fenced["racing"] == 0, "{fenced}");
    // It stands there for the longer the later one asks, since the same moment.
    wait_for("time", || Some(status()).filter(|now| now["standing_ms"].as_u64() > fenced["standing_ms"].as_u64()));
    assert_eq!(status()["since_ns"], fenced["since_ns"]);
    closed.card.signal("CONT");
    let drained = wait_for("the end of orders", || Some(status()).filter(|now| now["step"] == "Drained"));
    assert_eq!(drained["waits_for"], "the venue's positions (AAPL): `riposte positions state`");
    assert!(drained["since_ns"].as_u64() > fenced["since_ns"].as_u64(), "{drained}");
    folder.told(&flat);
    let done = wait_for("its end", || Some(status()).filter(|now| now["step"] == "Committed"));
    assert_eq!(done["waits_for"], "nothing: it is done, and two people may lift the fence: `riposte lift --instruments 1`");
    let content = folder.told(&["params", "rollback", "1", "--dry-run"])["needs_token_for"].as_str().expect("its content").to_owned();
    let token = ["params", "token", "--generation", "1", "--content", &content, "--key", "sid.key", "--out", "back.token"];
    assert!(folder.run(&token).status.success());
    folder.act_as(ann, &["revert", "apply", "params", "--generation", "1", "--token", "back.token", "--request", "4712"]);
    let parameters = wait_for("the set", || Some(status()).filter(|now| now["request"] == 4712 && now["step"] == "Committed"));
    assert_eq!(parameters["kind"], "parameters of generation 1");
    assert_eq!(parameters["waits_for"], "nothing: it is done, and two people may arm again");
}

#[test]
fn derivatives_that_are_held_elsewhere_count_when_two_people_say_so_and_their_evidence_is_kept() {
    let folder = Folder::new("greeks");
    if !folder.has_two_people("derivatives_that_are_held_elsewhere_...") {
        return;
    }
    let _closed = Closed::new(&folder, &[("ann", folder.uid(), "risk"), ("bob", BOB, "risk")]);
    let run = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--json"];
    let mut host = Process::start(riposte(&folder.0, &run));
    wait_for("proposals", || folder.asked(&["status"]).filter(|status| status["proposals"] == 12));
    folder.act_as(BOB, &["approve", "--all"]);
    let measure = |name: &str| {
        let told = folder.told(&["risk"]);
        let row = told["measures"].as_array().expect("rows").iter().find(|row| row["measure"] == name).expect("a measure").clone();
        (row["stands_e4"].as_str().expect("a figure").to_owned(), row["limit_e4"].as_str().expect("a limit").to_owned())
    };
    assert_eq!(measure("delta"), ("0".to_owned(), "10000000000000".to_owned()));
    let state = ["risk", "state", "--instrument", "AAPL", "--delta", "-2500.50", "--gamma", "-100", "--price", "186.40", "--evidence", "risk desk"];
    let ann = folder.uid();
    let would = folder.act_as(ann, &[&state[..], &["--dry-run"]].concat());
    assert_eq!(would["value"]["needs_second_person"], true, "{would}");
    let sentence = would["value"]["would"].as_str().expect("a sentence").to_owned();
    assert!(sentence.starts_with("count derivatives on AAPL with delta -2500.50, gamma -100.00, vega 0.00, theta 0.00, at 186.40, by evidence-"), "{sentence}");
    folder.act_as(ann, &state);
    assert_eq!(measure("delta").0, "0", "one person's word changes nothing");
    assert_eq!(proposals(&folder), [(proposals(&folder)[0].0, sentence.clone())]);
    folder.act_as(BOB, &["approve", "--all"]);
    wait_for("delta", || (measure("delta").0 == "25005000").then_some(()));
    assert_eq!((measure("gamma"), measure("margin").0), (("1000000".to_owned(), "0".to_owned()), "0".to_owned()));
    let told = folder.told(&["risk"]);
    // 20 % up: a fifth of 2,500.50, and 20^2 / 200 of 100.
    assert_eq!((&told["scenario"], measure("scenario-loss").0.as_str()), (&"spot +20 %, volatility -10".into(), "7001000"), "{told}");
    assert_eq!((&told["stated"][0]["delta_e4"], &told["stated"][0]["price_e4"]), (&(-25_005_000).into(), &1_864_000.into()), "{told}");
    let evidence = sentence.rsplit_once("by ").expect("a file").1;
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(folder.path("journal").join(evidence)).expect("it is kept")).expect("JSON");
    assert_eq!((&kept["evidence"], &kept["by"], &kept["greeks"]["gamma_e4"]), (&"risk desk".into(), &"ann".into(), &(-1_000_000).into()));
    // Nobody has permitted any gamma: the guard has tripped, and the alarm says which.
    assert_eq!(folder.told(&["status"])["arming"].as_str().map(|why| why.contains("a guard has tripped")), Some(true));
    for (args, says) in [
        (["risk", "state", "--instrument", "IBM", "--delta", "1", "--price", "1", "--evidence", "e"], "none of the desk's instruments: AAPL"),
        (["risk", "state", "--instrument", "AAPL", "--delta", "922337203685477", "--price", "1", "--evidence", "e"], "cannot be"),
    ] {
        let (code, answer) = folder.say_as(ann, &args);
        assert!(code == Some(3) && answer["why"].as_str().is_some_and(|why| why.contains(says)), "{args:?}: {answer}");
    }
    let (code, answer) = folder.say_as(ann, &["claims", "filed", "77", "--why", "case 1"]);
    assert!(code == Some(3) && answer["why"].as_str().is_some_and(|why| why.contains("no claim is due for execution 77")), "{answer}");
    assert_eq!(folder.told(&["claims"]), serde_json::json!([]));
    host.signal("TERM");
    let said = String::from_utf8_lossy(&host.ended().stderr).into_owned();
    assert!(said.contains("gamma of the book is above its limit"), "{said}");
}
