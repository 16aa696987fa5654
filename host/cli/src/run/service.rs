//! What systemd is told, if it started the host: ready, still moving, stopping; datagrams to the socket that it names.
//!
//! Holds: the watchdog is petted only while the engine's thread turns and what it has journaled becomes durable; a host that
//! stands still, or whose disk does not answer, is not, and systemd ends it. The card's own watchdog has silenced the card by then.
//! A disk that is full is no reason: the host says so, loses nothing, and goes on when there is room; the next one could not start.
use anyhow::Context;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

/// How the threads get on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rounds of the engine's thread.
    pub turns: u64,
    /// Position of the journal's newest record, and the one up to which all is durable.
    pub appended: u64,
    pub durable: u64,
    /// Writing has failed, is told, and is tried again.
    pub is_full: bool,
}

pub struct Service {
    /// None: nobody wants to know.
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Watchdog>,
    is_ready: bool,
    is_stopping: bool,
}

impl Service {
    /// What systemd asks for in the environment.
    pub fn from_environment() -> anyhow::Result<Service> {
        let named = std::env::var("NOTIFY_SOCKET").ok().filter(|name| !name.is_empty());
        let socket = named.map(|name| open(&name)).transpose()?;
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
        let is_ours = number("WATCHDOG_PID").is_none_or(|process| process == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|limit| *limit > 0 && is_ours).map(Watchdog::new);
        Ok(Service { socket, watchdog, is_ready: false, is_stopping: false })
    }

    /// To be called often; tells what there is to tell.
    pub fn look(&mut self, now_ns: u64, progress: Progress) {
        if !self.is_ready && progress.turns > 0 {
            self.is_ready = true;
            self.tell(&format!("READY=1\nMAINPID={}", std::process::id()));
        }
        if self.is_ready && self.watchdog.as_mut().is_some_and(|watchdog| watchdog.look(now_ns, progress)) {
            self.tell("WATCHDOG=1");
        }
    }

    pub fn stop(&mut self) {
        if !std::mem::replace(&mut self.is_stopping, true) {
            self.tell("STOPPING=1");
        }
    }

    fn tell(&self, what: &str) {
        if let Some((socket, to)) = &self.socket {
            // Never waited for; systemd that does not read will end us by the watchdog, as it should.
            let _ = socket.send_to_addr(what.as_bytes(), to);
        }
    }
}

/// A path, or an abstract name behind `@`.
fn open(name: &str) -> anyhow::Result<(UnixDatagram, SocketAddr)> {
    let what = || format!("NOTIFY_SOCKET: {name}: nobody can be told here");
    let address = match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name),
        None => SocketAddr::from_pathname(name),
    };
    let socket = UnixDatagram::unbound().with_context(what)?;
    socket.set_nonblocking(true).with_context(what)?;
    Ok((socket, address.with_context(what)?))
}

/// When to pet.
struct Watchdog {
    every_ns: u64,
    petted: Option<(u64, Progress)>,
}

impl Watchdog {
    /// `limit_us`: after so long without a word the host is ended. It is told twice as often, as systemd advises.
    fn new(limit_us: u64) -> Watchdog {
        let every = Duration::from_micros(limit_us / 2);
        Watchdog { every_ns: u64::try_from(every.as_nanos()).unwrap_or(u64::MAX), petted: None }
    }

    /// Whether it is time, and there was progress since the last time.
    fn look(&mut self, now_ns: u64, progress: Progress) -> bool {
        let due = self.petted.is_none_or(|(then_ns, then)| {
            let moves = progress.turns != then.turns && (progress.durable >= then.appended || progress.is_full);
            now_ns.saturating_sub(then_ns) >= self.every_ns && moves
        });
        if due {
            self.petted = Some((now_ns, progress));
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_watchdog_is_petted_only_while_engine_and_journal_move() {
        let at = |turns, appended, durable| Progress { turns, appended, durable, is_full: false };
        let mut watchdog = Watchdog::new(2_000);
        assert!(watchdog.look(0, at(1, 10, 5)));
        assert!(!watchdog.look(999_999, at(9, 20, 20)), "too early");
        assert!(!watchdog.look(1_000_000, at(1, 10, 10)), "the engine stands");
        assert!(!watchdog.look(2_000_000, at(5, 30, 9)), "what was journaled then is not durable");
        assert!(watchdog.look(2_500_000, at(5, 30, 10)));
        assert!(!watchdog.look(9_000_000, at(6, 90, 29)), "the disk does not answer");
        assert!(watchdog.look(9_000_001, at(6, 90, 30)), "and goes on");
        // Nothing to write down is no standstill: a tick comes sooner or later, and a full queue holds turns up for nobody.
        assert!(watchdog.look(10_000_001, at(7, 90, 90)));
        let full = |turns| Progress { is_full: true, ..at(turns, 95, 90) };
        assert!(watchdog.look(11_000_001, at(8, 95, 90)) && !watchdog.look(12_000_001, at(9, 95, 90)));
        assert!(watchdog.look(12_000_002, full(9)), "a full disk is told, and the host goes on when there is room");
        assert!(!watchdog.look(13_000_002, full(9)), "the engine stands");
    }
}
