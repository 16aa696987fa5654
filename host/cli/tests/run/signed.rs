//! Which parameter sets a host takes: what is signed, unaltered, by somebody trusted, and newer than all there were.
use super::{Folder, Process, wait_for};
use serde_json::Value;

/// A rehearsal whose desk trusts `sid` and is signed as generation 1; who runs it may do everything.
fn rehearsal(name: &str) -> (Folder, Process, Process) {
    let folder = super::folder(name, 20_000);
    trusting(&folder, "sid");
    folder.sign("desk.toml", 1, "sid");
    let (card, host) = (folder.card(), folder.host());
    wait_for("generation 1", || (status(&folder)?["generation"] == 1).then_some(()));
    (folder, card, host)
}

fn trusting(folder: &Folder, signer: &str) {
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    let person = format!("[[person]]\nname = \"ann\"\nuid = {}\nrole = \"risk\"\n", folder.uid());
    let host = format!("control = \"control.sock\"\n{}", folder.trust(signer));
    std::fs::write(folder.0.join("desk.toml"), format!("{desk}{host}{person}")).expect("a desk");
}

fn status(folder: &Folder) -> Option<Value> {
    folder.asked(&["status"])
}

/// Writes the desk with something changed under another name.
fn changed(folder: &Folder, to: &str, from: &str, by: &str) {
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    assert!(desk.contains(from), "{from}");
    std::fs::write(folder.0.join(to), desk.replace(from, by)).expect("a desk");
}

/// Says it and gives the kind of answer, with why if it is refused.
fn answer(folder: &Folder, args: &[&str]) -> (String, String) {
    let (_, answer) = folder.say_as(folder.uid(), args);
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    (text("answer"), text("why"))
}

fn refused(folder: &Folder, args: &[&str], why: &str) {
    let (kind, told) = answer(folder, args);
    assert!(kind == "refused" && told.contains(why), "{args:?}: {kind}: {told}\nbut not for: {why}");
}

/// Who did what, in the journal's order, and how.
fn notes(folder: &Folder) -> Vec<(String, String, String)> {
    folder.journaled().notes.into_iter().map(|note| (note.who, note.act, note.why)).collect()
}

fn token(folder: &Folder, generation: u32, content: &str, signer: &str, out: &str) {
    let (generation, key) = (generation.to_string(), format!("{signer}.key"));
    let sign = ["params", "token", "--generation", &generation, "--content", content, "--key", &key, "--out", out, "--json"];
    assert!(folder.run(&sign).status.success());
}

fn content(folder: &Folder) -> String {
    folder.told(&["params", "show"])["content"].as_str().expect("a set is in force").to_owned()
}

const NARROW: (&str, &str) = ("max_quantity = 500", "max_quantity = 400");

#[test]
fn only_what_a_trusted_person_signed_and_nobody_altered_is_taken() {
    let (folder, _card, mut host) = rehearsal("taken");
    changed(&folder, "next.toml", NARROW.0, NARROW.1);
    let push = ["params", "push", "next.toml"];
    refused(&folder, &push, "not signed");
    folder.trust("eve");
    folder.sign("next.toml", 2, "eve");
    refused(&folder, &push, "a key that this desk does not trust");
    folder.sign("next.toml", 2, "sid");
    let signed = std::fs::read_to_string(folder.0.join("next.toml")).expect("a desk");
    std::fs::write(folder.0.join("next.toml"), signed.replace("max_quantity = 400", "max_quantity = 401")).expect("a desk");
    refused(&folder, &push, "altered after it was signed");
    std::fs::write(folder.0.join("next.toml"), format!("# A remark.\n{signed}")).expect("a desk");
    refused(&folder, &["params", "push", "next.toml", "--signature", "desk.toml.signature"], "altered after it was signed");
    let mark = std::fs::read_to_string(folder.0.join("next.toml.signature")).expect("a signature");
    std::fs::write(folder.0.join("third.signature"), mark.replace("\"generation\":2", "\"generation\":3")).expect("a signature");
    refused(&folder, &["params", "push", "next.toml", "--signature", "third.signature"], "altered after it was signed");
    folder.sign("next.toml", 1, "sid");
    refused(&folder, &push, "not above 1");
    folder.sign("next.toml", 2, "sid");
    let dry = folder.told(&["params", "push", "next.toml", "--dry-run"]);
    assert_eq!(dry["generation"], 2);
    assert_eq!(status(&folder).expect("a status")["generation"], 1, "what was refused or only looked at is not there");
    assert_eq!(answer(&folder, &push).0, "done", "one person narrows");
    wait_for("generation 2", || (status(&folder)?["generation"] == 2).then_some(()));
    assert_eq!(dry["content"], content(&folder));
    refused(&folder, &push, "not above 2");
    host.end();
    let sets: Vec<_> = notes(&folder).into_iter().filter(|(_, act, _)| act == "parameter set").collect();
    let [(first, _, of_desk), (second, _, pushed)] = &sets[..] else { panic!("{sets:?}") };
    assert_eq!((first.as_str(), second.as_str()), ("sid", "sid"));
    assert!(of_desk.starts_with("generation 1, ") && of_desk.ends_with("of the desk"), "{of_desk}");
    assert!(pushed.starts_with("generation 2, ") && pushed.ends_with("pushed by ann"), "{pushed}");
}

#[test]
fn an_older_set_comes_back_with_a_token_for_exactly_that_one_and_once() {
    let (folder, card, host) = rehearsal("token");
    let first = content(&folder);
    changed(&folder, "next.toml", NARROW.0, NARROW.1);
    folder.sign("next.toml", 2, "sid");
    assert_eq!(answer(&folder, &["params", "push", "next.toml"]).0, "done");
    wait_for("generation 2", || (status(&folder)?["generation"] == 2).then_some(()));
    let second = content(&folder);
    refused(&folder, &["params", "push", "desk.toml"], "rollback token");
    refused(&folder, &["params", "rollback", "1"], "needs a rollback token");
    refused(&folder, &["revert", "apply", "params", "--generation", "1"], "needs a rollback token");
    assert_eq!(folder.told(&["params", "rollback", "1", "--dry-run"])["needs_token_for"], first);
    folder.trust("eve");
    for (generation, content, signer, why) in [
        (1, &first, "eve", "does not trust"), (2, &first, "sid", "is for generation 2"), (1, &second, "sid", "with content"),
    ] {
        let name = format!("{generation}-{signer}-{content}.token");
        token(&folder, generation, content, signer, &name);
        refused(&folder, &["params", "rollback", "1", "--token", &name], why);
        refused(&folder, &["params", "push", "desk.toml", "--token", &name], why);
    }
    let forged = std::fs::read_to_string(folder.0.join(format!("2-sid-{first}.token"))).expect("a token");
    std::fs::write(folder.0.join("forged.token"), forged.replace("\"generation\":2", "\"generation\":1")).expect("a token");
    refused(&folder, &["params", "rollback", "1", "--token", "forged.token"], "altered");
    token(&folder, 1, &first, "sid", "back.token");
    token(&folder, 1, &first, "sid", "push.token");
    let back = ["params", "rollback", "1", "--token", "back.token"];
    for _ in 0..2 {
        assert_eq!(answer(&folder, &[&back[..], &["--dry-run"]].concat()).0, "told", "looking spends nothing");
    }
    refused(&folder, &["params", "rollback", "9", "--token", "back.token"], "no such generation");
    assert_eq!(answer(&folder, &[&back[..], &["--request", "9"]].concat()).0, "proposed", "what permits more waits for a second person");
    assert_eq!(answer(&folder, &[&back[..], &["--request", "9"]].concat()).0, "proposed", "the same request again is the same");
    refused(&folder, &back, "used before");
    refused(&folder, &["params", "push", "desk.toml", "--token", "back.token"], "used before");
    assert_eq!(answer(&folder, &["params", "push", "desk.toml", "--token", "push.token"]).0, "proposed");
    host.kill();
    let mut host = folder.host();
    wait_for("the next host", || status(&folder));
    refused(&folder, &back, "used before");
    refused(&folder, &["params", "push", "desk.toml", "--token", "push.token"], "used before");
    host.end();
    drop(card);
    let spent: Vec<_> = notes(&folder).into_iter().filter(|(_, act, _)| act == "rollback token").collect();
    assert_eq!(spent.len(), 2, "{spent:?}");
    assert!(spent.iter().all(|(who, _, why)| who == "sid" && why.contains(&first)), "{spent:?}");
    assert!(spent[0].2.ends_with("asked for by ann"), "{spent:?}");
}

#[test]
fn nothing_of_an_unsigned_desk_is_proposed() {
    let folder = super::folder("unsigned", 2_000);
    trusting(&folder, "sid");
    let unsigned = |folder: &Folder| {
        let (_card, mut host) = (folder.card(), folder.host_with(&[]));
        let status = wait_for("the card", || status(folder).filter(|status| status["card_approved"] == true));
        assert_eq!(status["proposals"], 0);
        host.end();
    };
    unsigned(&folder);
    folder.sign("desk.toml", 1, "sid");
    changed(&folder, "desk.toml", NARROW.0, NARROW.1);
    unsigned(&folder);
    folder.sign("desk.toml", 1, "sid");
    let (_card, mut host) = (folder.card(), folder.host_with(&[]));
    wait_for("proposals", || status(&folder).filter(|status| status["proposals"].as_u64() >= Some(4)));
    host.end();
}

#[test]
fn what_models_may_move_is_signed_with_the_desk() {
    let folder = super::folder("signed-mandate", 2_000);
    trusting(&folder, "sid");
    let model = "[[model]]\nname = \"pair\"\nkind = \"pair\"\ngiven = \"NVDA\"\nleg = \"AAPL\"\nupper = \"hit a rich bid\"\nz = \"1.00\"\n\
                 mandate = { low = \"180.00\", high = \"190.00\", step = \"0.10\", interval_ms = 1000, hours = 1 }\n[feed]";
    changed(&folder, "desk.toml", "[feed]", model);
    folder.sign("desk.toml", 1, "sid");
    let granted = |changes: Option<(&str, &str)>| {
        changes.iter().for_each(|(from, to)| changed(&folder, "desk.toml", from, to));
        let (_card, mut host) = (folder.card(), folder.host_with(&[]));
        wait_for("the card", || status(&folder).filter(|status| status["card_approved"] == true));
        let (kind, why) = answer(&folder, &["mandate", "grant", "pair", "--dry-run"]);
        let proposals = wait_for("proposals", || status(&folder)?["proposals"].as_u64().filter(|count| *count > 0 || kind == "refused"));
        host.end();
        (kind, why, proposals)
    };
    for wider in [("high = \"190.00\", step", "high = \"190.01\", step"), ("hours = 1", "hours = 2"), ("z = \"1.00\"", "z = \"0.50\"")] {
        let (kind, why, proposals) = granted(Some(wider));
        assert!(kind == "refused" && why.contains("nobody whom this desk trusts has signed it") && proposals == 0, "{kind}: {why}");
        changed(&folder, "desk.toml", wider.1, wider.0);
    }
    let (kind, why, proposals) = granted(None);
    assert!(kind == "told" && proposals > 4, "{kind}: {why}, {proposals}");
}

#[test]
fn the_next_card_gets_the_newest_set_that_was_in_force_whatever_the_host_was_started_with() {
    let (folder, card, host) = rehearsal("next-card");
    changed(&folder, "next.toml", NARROW.0, NARROW.1);
    folder.sign("next.toml", 7, "sid");
    assert_eq!(answer(&folder, &["params", "push", "next.toml"]).0, "done");
    wait_for("generation 7", || (status(&folder)?["generation"] == 7).then_some(()));
    let newest = content(&folder);
    card.kill();
    let card = folder.card();
    wait_for("generation 8", || (status(&folder)?["generation"] == 8).then_some(()));
    assert_eq!(content(&folder), newest);
    host.kill();
    let mut host = folder.host();
    wait_for("the next host", || status(&folder));
    assert_eq!((&status(&folder).expect("a status")["generation"], content(&folder)), (&8.into(), newest));
    host.end();
    drop(card);
}
