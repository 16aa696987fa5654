//! The binary as a process of its own: started, told to end, read.
use super::{LIMIT, wait_within};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

/// The binary with its arguments; what it prints is for the test.
pub fn riposte(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_riposte"));
    command.current_dir(folder).args(args).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A process; killed at the end if it still runs.
pub struct Process(Option<Child>);

impl Process {
    pub fn start(mut command: Command) -> Process {
        Process(Some(command.spawn().expect("it starts")))
    }

    fn child(&mut self) -> &mut Child {
        self.0.as_mut().expect("it runs")
    }

    pub fn id(&self) -> u32 {
        self.0.as_ref().expect("it runs").id()
    }

    pub fn signal(&self, signal: &str) {
        let killed = Command::new("kill").args([&format!("-{signal}"), &self.id().to_string()]).status();
        assert!(killed.expect("kill runs").success());
    }

    /// Ends it as a crash does.
    pub fn kill(mut self) {
        self.crash();
    }

    /// The same, where its place is needed again.
    pub fn crash(&mut self) {
        self.child().kill().expect("it is killed");
        self.child().wait().expect("it has ended");
    }

    /// Waits until it ends by itself; what it printed, however much, is read meanwhile.
    pub fn ended(&mut self) -> Output {
        self.ended_within(LIMIT)
    }

    /// As `ended`. It stays ours while it is waited for, so that one that does not end is killed with the test that fails.
    pub fn ended_within(&mut self, limit: Duration) -> Output {
        let child = self.child();
        let (out, err) = (read(child.stdout.take()), read(child.stderr.take()));
        let what = format!("the end of process {}", child.id());
        let status = wait_within(limit, &what, || self.child().try_wait().expect("a child of ours"));
        self.0 = None;
        let [stdout, stderr] = [out, err].map(|reader| reader.join().expect("a reader"));
        Output { status, stdout, stderr }
    }

    /// What it says of itself at its end, which must be a good one.
    pub fn summary(&mut self) -> Value {
        let output = self.ended();
        assert!(output.status.success(), "{:?}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    /// Ends it in order; gives what it says of itself.
    pub fn end(&mut self) -> Value {
        self.signal("TERM");
        self.summary()
    }

    /// Where a venue says that it listens.
    pub fn listening(&mut self) -> BTreeMap<String, SocketAddr> {
        let mut line = String::new();
        BufReader::new(self.child().stderr.take().expect("piped")).read_line(&mut line).expect("where it listens");
        let words: Vec<&str> = line.strip_prefix("listening: ").expect(&line).split_whitespace().collect();
        words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].parse().expect("an address"))).collect()
    }
}

/// All that comes, on a thread of its own.
fn read(pipe: Option<impl Read + Send + 'static>) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes).expect("what it prints"));
        bytes
    })
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
