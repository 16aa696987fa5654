//! `riposte params keygen | sign | verify | token` as their user meets them, without a host.
mod support;

use serde_json::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Output;
use support::{Folder, json};

fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.write("desk.toml", include_str!("../../../demo/live.toml"));
    folder
}

impl Folder {
    fn params(&self, args: &[&str]) -> Output {
        self.run(&[&["params"], args].concat())
    }

    /// Its exit code and the first line that it says of what is wrong.
    fn fails(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.params(args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn made(&self, args: &[&str]) -> Value {
        let output = self.params(&[args, &["--json"]].concat());
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        json(&output)
    }

    /// Replaces the key that the desk trusts.
    fn trust_instead(&self, public: &Value) {
        let desk = std::fs::read_to_string(self.0.join("desk.toml")).expect("a desk");
        let (before, after) = desk.split_once("key = \"").expect("a key");
        let key = public.as_str().expect("digits");
        std::fs::write(self.0.join("desk.toml"), format!("{before}key = \"{key}{}", &after[64..])).expect("a desk");
    }
}

const SIGN: [&str; 6] = ["sign", "desk.toml", "--generation", "3", "--key", "ann.key"];

#[test]
fn what_is_signed_is_verified_until_something_changes() {
    let folder = folder("verify");
    assert_eq!(folder.fails(&["verify", "desk.toml"]).0, Some(1), "there is no signature yet");
    folder.trust_instead(&folder.made(&["keygen", "ann.key"])["public"]);
    let signed = folder.made(&SIGN);
    let verified = folder.made(&["verify", "desk.toml"]);
    assert_eq!((&verified["signer"], &verified["generation"]), (&"ann".into(), &3.into()));
    assert_eq!((&verified["content"], &verified["key"]), (&signed["content"], &signed["key"]));
    let other = folder.made(&["keygen", "bob.key"])["public"].as_str().expect("digits").to_owned();
    let (code, why) = folder.fails(&["verify", "desk.toml", "--trusted", &other]);
    assert!(code == Some(3) && why.contains("does not trust"), "{code:?} {why}");
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    std::fs::write(folder.0.join("desk.toml"), desk.replace("loss = 25000", "loss = 25001")).expect("a desk");
    let (code, why) = folder.fails(&["verify", "desk.toml"]);
    assert!(code == Some(3) && why.contains("altered"), "{code:?} {why}");
    std::fs::write(folder.0.join("desk.toml.signature"), "{}").expect("no signature");
    assert_eq!(folder.fails(&["verify", "desk.toml"]).0, Some(1));
}

#[test]
fn a_private_key_that_others_can_read_signs_nothing() {
    let folder = folder("rights");
    folder.made(&["keygen", "ann.key"]);
    let key = folder.0.join("ann.key");
    assert_eq!(std::fs::metadata(&key).expect("a key").mode() & 0o777, 0o600);
    assert_eq!(folder.fails(&["keygen", "ann.key"]).0, Some(1), "a key is not replaced");
    let token = ["token", "--generation", "1", "--content", &"ab".repeat(32), "--key", "ann.key", "--out", "back.token"];
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).expect("rights");
    for args in [&SIGN[..], &token] {
        let (code, why) = folder.fails(args);
        assert!(code == Some(1) && why.contains("rights 644"), "{code:?} {why}");
    }
    assert!(!folder.0.join("desk.toml.signature").exists() && !folder.0.join("back.token").exists());
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("rights");
    folder.made(&SIGN);
    folder.made(&token);
    assert_eq!(folder.fails(&token).0, Some(1), "a token is not replaced");
}

#[test]
fn generations_and_contents_that_cannot_be_are_usage_errors() {
    let folder = folder("usage");
    folder.made(&["keygen", "ann.key"]);
    for args in [
        &["sign", "desk.toml", "--generation", "0", "--key", "ann.key"][..],
        &["token", "--generation", "1", "--content", "abc", "--key", "ann.key", "--out", "t"], &["verify", "desk.toml", "--trusted", "1"],
    ] {
        assert_eq!(folder.fails(args).0, Some(2), "{args:?}");
    }
    let (code, why) = folder.fails(&["sign", "desk.toml", "--generation", "1", "--key", "nobody.key"]);
    assert!(code == Some(1) && why.contains("nobody.key"), "{code:?} {why}");
}

#[test]
fn a_desk_that_trusts_no_key_or_the_same_twice_is_told_on_its_line() {
    let folder = folder("desk");
    let desk = std::fs::read_to_string(folder.0.join("desk.toml")).expect("a desk");
    let line = desk.lines().find(|line| line.starts_with("trusted")).expect("a line");
    let key = "327be589af043dbfbafa5337164326c1f7442ba66f83cabb5fa4e59cf380bf2c";
    for (to, why) in [
        ("", "no `trusted`"),
        ("trusted = [{ name = \"ann\", key = \"12\" }]", "is no public key"),
        (&format!("trusted = [{{ name = \"ann\", key = \"{key}\" }}, {{ name = \"bob\", key = \"{key}\" }}]"), "this key is already on line"),
        (&format!("trusted = [{{ name = \"ann\", key = \"01{}\" }}]", "00".repeat(31)), "the key of ann is none"),
    ] {
        std::fs::write(folder.0.join("desk.toml"), desk.replace(line, to)).expect("a desk");
        let output = folder.run(&["config", "check", "desk.toml"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(told.contains(why) && output.status.success() == to.is_empty(), "{to}: {told}");
    }
}
