//! What tests of the binary share: a folder, processes in it, a desk, a venue with a card on its feed, what a host has journaled.
//!
//! No test waits for a time to pass: each asks until what it waits for is there; the limit only ends a test that fails.
#![allow(dead_code)] // No single test needs all of it.

pub mod crash;
pub mod desk;
pub mod journaled;
pub mod process;
pub mod relay;
pub mod venue;
pub mod wire;

pub use journaled::Journaled;
pub use process::{Process, riposte};

use riposte_device::link::{HostEnd, LinkError};
use serde_json::Value;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

pub const LIMIT: Duration = Duration::from_secs(120);
/// A second person of a desk.
pub const BOB: u32 = 61_001;

/// Asks until there is something. Who waits leaves the machine to others: as long as the asking took, a millisecond at least.
pub fn wait_for<T>(what: &str, ask: impl FnMut() -> Option<T>) -> T {
    wait_within(LIMIT, what, ask)
}

/// As `wait_for`, with a limit of its own.
pub fn wait_within<T>(limit: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        let asked = Instant::now();
        if let Some(found) = ask() {
            return found;
        }
        assert!(start.elapsed() < limit, "{what} does not come");
        std::thread::sleep(asked.elapsed().max(Duration::from_millis(1)));
    }
}

/// One JSON value, as a run printed it.
pub fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// A folder of its own, removed at the end.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let test = env!("CARGO_CRATE_NAME");
        let path = std::env::temp_dir().join(format!("riposte-{test}-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path(name), text).expect("a file of the test");
    }

    /// Runs the binary to its end.
    pub fn run(&self, args: &[&str]) -> Output {
        riposte(&self.0, args).output().expect("the binary runs")
    }

    /// A generated market, so that nothing but the clone is needed.
    pub fn market(&self, seed: u32, messages: u32) {
        let (seed, messages) = (seed.to_string(), messages.to_string());
        let made = self.run(&["market", "--seed", &seed, "--messages", &messages, "--out", "market.pcap"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }

    /// Makes a key under this name; gives the line of [host] that trusts it.
    pub fn trust(&self, name: &str) -> String {
        let made = json(&self.run(&["params", "keygen", &format!("{name}.key"), "--json"]));
        format!("trusted = [{{ name = \"{name}\", key = {} }}]\n", made["public"])
    }

    /// Signs a desk of this folder, with the locate codes of its market if there is one; the signature lies beside it.
    pub fn sign(&self, desk: &str, generation: u32, name: &str) {
        let (generation, key) = (generation.to_string(), format!("{name}.key"));
        let sign = ["params", "sign", desk, "--generation", &generation, "--key", &key];
        let directory = ["--directory", "market.pcap"];
        let directory = if self.path(directory[1]).exists() { &directory[..] } else { &[] };
        let signed = self.run(&[&sign[..], directory].concat());
        assert!(signed.status.success(), "{}", String::from_utf8_lossy(&signed.stderr));
    }

    /// The user who runs the test.
    pub fn uid(&self) -> u32 {
        std::fs::metadata(&self.0).expect("a folder").uid()
    }

    /// Joins the card when it is there.
    pub fn join(&self) -> HostEnd {
        wait_for("a card", || match HostEnd::attach(&self.path("link")) {
            Err(LinkError::NoCard { .. }) => None,
            attached => Some(attached.expect("a link")),
        })
    }

    /// Says something to the host as another user; its exit code and what it printed.
    pub fn say_as(&self, uid: u32, args: &[&str]) -> (Option<i32>, Value) {
        let mut command = riposte(&self.0, &[args, &["--json", "--control", "control.sock"]].concat());
        if uid != self.uid() {
            command.uid(uid);
        }
        let output = command.output().expect("the binary runs");
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// Whether this user can become another; says aloud what is skipped if not.
    pub fn has_two_people(&self, test: &str) -> bool {
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o755)).expect("rights");
        let can = riposte(&self.0, &["--version"]).uid(BOB).status().is_ok_and(|status| status.success());
        if !can {
            println!("skipped: {test}: two users; this one cannot become another");
        }
        can
    }

    /// Says something that must be done, or proposed, as another user; the whole answer.
    pub fn act_as(&self, uid: u32, args: &[&str]) -> Value {
        let (code, answer) = self.say_as(uid, args);
        assert_eq!(code, Some(0), "{args:?}: {answer}");
        answer
    }

    /// What the host says when it is asked, if it does.
    pub fn asked(&self, args: &[&str]) -> Option<Value> {
        let (code, mut answer) = self.say_as(self.uid(), args);
        (code == Some(0)).then(|| answer["value"].take())
    }

    pub fn told(&self, args: &[&str]) -> Value {
        self.act_as(self.uid(), args)["value"].take()
    }

    /// Everything that is durable and whole by now.
    pub fn journaled(&self) -> Journaled {
        Journaled::read(&self.path("journal"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Real day part: all messages of AAPL, 10,000 of them.
pub fn aapl(test: &str) -> Option<String> {
    let root = std::env::var_os("RIPOSTE_DATA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let path = root.join("itch/nasdaq_20200130_AAPL_first10k.itch").canonicalize();
    if path.is_err() {
        println!("skipped: {test}: no data in {}", root.display());
    }
    path.ok()?.to_str().map(str::to_owned)
}
