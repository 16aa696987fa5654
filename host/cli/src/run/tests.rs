//! The host in this process, with a card on a venue's feed beside it, and the engine's thread watched from inside.
//!
//! Allocations are counted on that thread; its system calls are stopped by a seccomp filter that it puts on itself, so
//! that not one can pass unseen. Page faults are counted from outside, in `tests/pinned.rs`: memory is locked by the process.
#[path = "../../tests/support/desk.rs"]
mod desk;

use super::chase::Chase;
use super::clock::Clock;
use super::pinned::{Ended, Lines, Pinned, Terms, Told};
use super::voice::Voice;
use super::{Args, KeyArgs, Shared, live, rest};
use crate::card::port::{Line, PortName, open};
use crate::card::serve::{self, Settings};
use crate::venue::server::{Addresses, Server};
use desk::{Desk, PATIENT};
use riposte_desk::{Host, LogForm};
use riposte_device::link::{CardEnd, HostEnd, Peer, Sizes};
use riposte_engine::{Body, Engine, Input, Report};
use riposte_journal::{Appender, Contents, Disk, Entry, Files, Options, Reader, SegmentFile};
use riposte_map::shm::{Event, EventKind};
use riposte_session::Session;
use riposte_venue::{Config, Setup, Venue};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Only ends a test that fails; on a slow machine the market takes its time to come to the desk's prices.
const LIMIT: Duration = Duration::from_secs(600);
/// Traded before the measurement ends.
const EXECUTIONS: usize = 20;
const INPUTS: usize = 1000;

/// What the engine's thread did after it was placed.
#[derive(Default)]
struct Seen {
    turns: AtomicU64,
    allocations: AtomicU64,
    /// Of turns; what comes when the thread has ended its last one does not count.
    has_called: AtomicBool,
}

static SEEN: Seen = Seen { turns: AtomicU64::new(0), allocations: AtomicU64::new(0), has_called: AtomicBool::new(false) };
/// Set by the signal that a system call becomes.
static CALLED: OnceLock<Arc<AtomicBool>> = OnceLock::new();

/// Every system call of the calling thread becomes a signal from now on, but for the end of that and of the thread.
fn seal() {
    let allowed = [libc_numbers::RT_SIGRETURN, libc_numbers::EXIT].map(|number| (number, Vec::new()));
    let arch: TargetArch = std::env::consts::ARCH.try_into().expect("a processor that seccomp knows");
    let filter = SeccompFilter::new(allowed.into(), SeccompAction::Trap, SeccompAction::Allow, arch);
    let program: BpfProgram = filter.expect("a sound filter").try_into().expect("a program");
    seccompiler::apply_filter(&program).expect("the kernel takes it");
}

/// Numbers of system calls.
mod libc_numbers {
    #[cfg(target_arch = "x86_64")]
    pub const RT_SIGRETURN: i64 = 15;
    #[cfg(target_arch = "x86_64")]
    pub const EXIT: i64 = 60;
    #[cfg(target_arch = "aarch64")]
    pub const RT_SIGRETURN: i64 = 139;
    #[cfg(target_arch = "aarch64")]
    pub const EXIT: i64 = 93;
}

/// As `drive`, watched. A thread that shares its processor rests in the kernel, so this one is let rest as one that does not.
fn watched(pinned: Pinned, _: &Host, _: &Voice) -> Ended {
    let called = CALLED.get().expect("set before");
    let mut ended = None;
    let counted = allocation_counter::measure(|| {
        ended = Some(pinned.run(|idle| {
            if SEEN.turns.fetch_add(1, Relaxed) == 0 {
                allocation_counter::opt_out(seal);
            }
            rest(true, idle);
            SEEN.has_called.store(called.load(Relaxed), Relaxed);
        }));
    });
    SEEN.allocations.store(counted.count_total, Relaxed);
    ended.expect("it has run")
}

/// A venue with its card on its feed, each on a thread of its own.
struct World {
    folder: PathBuf,
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl World {
    fn new() -> World {
        let folder = std::env::temp_dir().join(format!("riposte-pinned-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder for the test");
        let stop = Arc::new(AtomicBool::new(false));
        let free = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("a port"));
        let lines = free.map(|socket| socket.local_addr().expect("its address"));
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let mut setup = Setup::new(Config { seed: 21, instruments: 1, messages: 1 << 30 }, 2000, "RIPO", "riposte");
        setup.waits_for_login = true;
        let interface = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let addresses = Addresses { orders: any, drop_copy: any, second: [None; 2], requests: any, snapshots: None, lines: lines.map(Some), interface };
        let mut venue = Server::new(Venue::new(setup).expect("a venue"), &addresses).expect("its sockets");
        let listening = venue.listening().expect("addresses").to_string();
        std::fs::write(folder.join("desk.toml"), desk(&folder, &lines, &listening)).expect("a desk");
        std::fs::write(folder.join("password"), "riposte\n").expect("a password");
        std::fs::set_permissions(folder.join("password"), std::fs::Permissions::from_mode(0o600)).expect("rights");
        let until = Arc::clone(&stop);
        let venue = std::thread::spawn(move || {
            venue.run(&until).expect("a venue that serves");
        });
        let (path, until) = (folder.join("link"), Arc::clone(&stop));
        let card = std::thread::spawn(move || {
            let lines = lines.map(|line| line.to_string().parse::<Line>().expect("a line"));
            let port = open(&PortName::Udp(lines.into()), None, false).expect("a port");
            let end = CardEnd::create(&path, Sizes::default()).expect("a link");
            let settings = Settings { gap: 4, at_once: false, watchdog: Duration::from_secs(60) };
            let card = Box::new(riposte_model::Model::new());
            serve::Server::new(end, card, port, None, None, settings).and_then(|server| server.run(&until)).expect("a card that serves");
        });
        World { folder, stop, threads: vec![venue, card] }
    }

    fn end(self) {
        self.stop.store(true, Relaxed);
        self.threads.into_iter().for_each(|thread| thread.join().expect("it ends in order"));
        std::fs::remove_dir_all(&self.folder).expect("it goes");
    }
}

fn desk(folder: &Path, lines: &[SocketAddr; 2], listening: &str) -> String {
    let words: Vec<&str> = listening.split_whitespace().collect();
    let addresses: BTreeMap<&str, &str> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    let group = lines[0].ip().to_string();
    let desk = Desk { feed: (&group, lines[0].port()), ..Desk::RESTLESS };
    format!(
        "{}{PATIENT}[sessions]\norders = \"{}\"\ndrop_copy = \"{}\"\nusername = \"RIPO\"\npassword_file = {:?}\n",
        desk.text(), addresses["ouch"], addresses["dropcopy"], folder.join("password")
    )
}

/// Executions and inputs so far.
fn traded(journal: &Path) -> [usize; 2] {
    let Ok(mut reader) = Reader::open(journal, Contents::Open(None)) else { return [0; 2] };
    let mut counts = [0; 2];
    while let Ok(Some(record)) = reader.next_record() {
        if let Some(Entry::Input(bytes)) = record.entry() {
            counts = [counts[0] + usize::from(is_execution(bytes)), counts[1] + 1];
        }
    }
    counts
}

fn is_execution(bytes: &[u8]) -> bool {
    let input = Input::decode(bytes).expect("an input");
    matches!(input.body, Body::Venue { report: Report::Executed { .. }, .. })
}

#[test]
fn while_it_trades_the_engines_thread_neither_allocates_nor_calls_the_system() {
    let called = CALLED.get_or_init(Arc::default);
    signal_hook::flag::register(signal_hook::consts::SIGSYS, Arc::clone(called)).expect("a signal that can be handled");
    let world = World::new();
    let (desk, _) = crate::rules::load(&world.folder.join("desk.toml")).expect("a sound desk");
    let shared = Arc::new(Shared::default());
    let args = Args {
        config: world.folder.join("desk.toml"),
        signature: None,
        link: world.folder.join("link").display().to_string(),
        journal: world.folder.join("journal"),
        directory: None,
        approved: None,
        rehearse: true,
        key: KeyArgs::default(),
    };
    let (journal, told) = (args.journal.clone(), Arc::clone(&shared));
    let (voice, _) = Voice::start(LogForm::Text).expect("a voice");
    let host = std::thread::spawn(move || live(&args, &desk, [7; 32], &told, voice, watched));
    let start = Instant::now();
    let is_enough = |[executions, inputs]: [usize; 2]| executions >= EXECUTIONS && inputs > INPUTS;
    while !is_enough(traded(&journal)) {
        assert!(start.elapsed() < LIMIT && !host.is_finished(), "nothing is traded");
        std::thread::sleep(Duration::from_millis(50));
    }
    shared.stop.store(true, Relaxed);
    let ended = host.join().expect("no panic").expect("it ends in order");
    assert_eq!(ended.digest, ended.mirror_digest);
    assert!(SEEN.turns.load(Relaxed) > 1000 && ended.inputs > INPUTS as u64);
    assert_eq!(SEEN.allocations.load(Relaxed), 0, "allocations in {} turns", SEEN.turns.load(Relaxed));
    assert!(!SEEN.has_called.load(Relaxed), "a system call in {} turns; `strace -f` tells which", SEEN.turns.load(Relaxed));
    world.end();
}

/// A disk whose syncs wait as long as it is held.
struct Held(Arc<AtomicBool>);

struct HeldFile(Box<dyn SegmentFile>, Arc<AtomicBool>);

impl Disk for Held {
    fn create(&mut self, path: &Path, header: &[u8]) -> std::io::Result<Box<dyn SegmentFile>> {
        Ok(Box::new(HeldFile(Files.create(path, header)?, Arc::clone(&self.0))))
    }

    fn now_unix_ns(&mut self) -> u64 {
        Files.now_unix_ns()
    }

    fn random(&mut self) -> std::io::Result<[u8; 16]> {
        Files.random()
    }
}

impl SegmentFile for HeldFile {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.0.write(offset, bytes)
    }

    fn sync(&mut self) -> std::io::Result<()> {
        while self.1.load(Relaxed) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.0.sync()
    }

    fn cut(&mut self, length: u64) -> std::io::Result<()> {
        self.0.cut(length)
    }
}

/// An engine's thread that is to run, beside nothing; where it gets its card from, and what it tells.
fn alone(
    journal: Appender, sessions: Vec<Session>, is_restart: bool, shared: &Arc<Shared>,
) -> (Pinned, rtrb::Producer<HostEnd>, rtrb::Consumer<Told>) {
    let (to_links, links) = rtrb::RingBuffer::new(1);
    let desk = riposte_desk::check(include_str!("../../../../demo/desk.toml")).desk.expect("a desk");
    let engine = Engine::new(super::engine_config::of(&desk, Default::default())).expect("an engine");
    let (left, _) = rtrb::RingBuffer::new(1);
    let (mirror, told) = rtrb::RingBuffer::new(1 << 16);
    let ((_, inputs), (_, notes), (_, marks)) = (rtrb::RingBuffer::new(1), rtrb::RingBuffer::new(1), rtrb::RingBuffer::new(1));
    let lines = Lines { inputs, notes, sessions, chase: Chase::new(rtrb::RingBuffer::new(1).1), links, left, mirror, marks };
    let card_up = Body::CardUp { deployment: Default::default() };
    // A busy machine's own disk answers well within the patience.
    let terms = Terms { is_restart, card_up, clock: Clock::new(0), tick_ns: 1_000_000, sync_ns: 3_000_000_000 };
    (Pinned::new(engine, journal, lines, terms, Arc::clone(shared)), to_links, told)
}

#[test]
fn a_disk_that_does_not_answer_stops_the_heart_and_one_that_does_again_lets_it_beat() {
    let folder = std::env::temp_dir().join(format!("riposte-held-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let is_held = Arc::new(AtomicBool::new(false));
    let recovery = riposte_journal::open(Options::new(folder.join("journal"))).expect("a journal");
    let (appender, journal) = recovery.start_on(Box::new(Held(Arc::clone(&is_held)))).expect("a disk");
    let card = CardEnd::create(&folder.join("link"), Sizes::default()).expect("a link");
    let shared = Arc::new(Shared::default());
    let (pinned, mut links, mut told) = alone(appender, Vec::new(), false, &shared);
    links.push(HostEnd::attach(&folder.join("link")).expect("a card")).expect("room");
    let thread = std::thread::spawn(move || pinned.run(|_| std::thread::sleep(Duration::from_micros(100))));
    let mut watch = card.watch(1_000_000_000).expect("a watch");
    let start = Instant::now();
    let mut wait = |what: &str, wanted: &dyn Fn(&Peer) -> bool| {
        let since = Instant::now();
        while !watch.look(start.elapsed().as_nanos() as u64).is_ok_and(|peer| wanted(&peer)) {
            while told.pop().is_ok() {}
            assert!(since.elapsed() < LIMIT, "{what}");
            std::thread::sleep(Duration::from_millis(1));
        }
    };
    wait("it beats", &|peer| matches!(peer, Peer::Alive));
    assert!(!shared.is_stalled.load(Relaxed));
    is_held.store(true, Relaxed);
    wait("it stops", &|peer| matches!(peer, Peer::Silent { .. }));
    assert!(shared.is_stalled.load(Relaxed), "and says so");
    is_held.store(false, Relaxed);
    wait("it beats again", &|peer| matches!(peer, Peer::Alive));
    shared.stop.store(true, Relaxed);
    let ended = thread.join().expect("no panic");
    assert!(!shared.is_stalled.load(Relaxed));
    journal.finish(ended.journal).expect("nothing is lost");
    drop(card);
    std::fs::remove_dir_all(&folder).expect("it goes");
}

#[test]
fn the_engine_hears_of_every_order_that_has_left_before_it_hears_what_the_venue_took() {
    let folder = std::env::temp_dir().join(format!("riposte-order-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    let setup = Setup::new(Config { seed: 21, instruments: 1, messages: 1 << 30 }, 1, "RIPO", "riposte");
    let interface = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let addresses = Addresses { orders: any, drop_copy: any, second: [None; 2], requests: any, snapshots: None, lines: [None; 2], interface };
    let mut venue = Server::new(Venue::new(setup).expect("a venue"), &addresses).expect("its sockets");
    let listening = venue.listening().expect("addresses").to_string();
    let orders = listening.split_whitespace().nth(1).and_then(|orders| orders.parse().ok()).expect("the order port");
    let stop = Arc::new(AtomicBool::new(false));
    let until = Arc::clone(&stop);
    let venue = std::thread::spawn(move || venue.run(&until).map(|_| ()));
    let (session, runner) = riposte_session::start(&riposte_session::Config::new(orders, "RIPO", "riposte")).expect("a session");
    // By now the venue's word waits for the engine, as do the events of orders whose frames another host has taken.
    let since = Instant::now();
    while runner.notice() != Some(riposte_session::Notice::Current) {
        assert!(since.elapsed() < LIMIT, "no login");
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut card = CardEnd::create(&folder.join("link"), Sizes::default()).expect("a link");
    for sequence in 1..=200 {
        let kind = EventKind::OrderSent as u8;
        card.publish(&Event { sequence, kind, user_ref: sequence as u32, ..Event::default() }).expect("room");
    }
    let recovery = riposte_journal::open(Options::new(folder.join("journal"))).expect("a journal");
    let (appender, journal) = recovery.start().expect("a disk");
    let shared = Arc::new(Shared::default());
    let (mut pinned, mut links, mut told) = alone(appender, vec![session], true, &shared);
    // A card was found, and its link comes a little later.
    shared.find_card();
    (0..9).for_each(|_| _ = pinned.turn());
    links.push(HostEnd::attach(&folder.join("link")).expect("a card")).expect("room");
    let mut heard: Vec<Body> = Vec::new();
    let word = loop {
        assert!(since.elapsed() < LIMIT, "{} inputs", heard.len());
        pinned.turn();
        heard.extend(std::iter::from_fn(|| told.pop().ok()).map(|told| told.input.body));
        if let Some(at) = heard.iter().position(|body| matches!(body, Body::CaughtUp { .. })) {
            break at;
        }
    };
    let restarted = heard.iter().position(|body| matches!(body, Body::Restarted)).expect("it is a restart");
    let up = heard.iter().position(|body| matches!(body, Body::SessionUp { .. })).expect("it is logged in");
    assert!(restarted < up, "a session that was up before would be taken as lost");
    assert_eq!(heard[..word].iter().filter(|body| matches!(body, Body::Card { .. })).count(), 200);
    shared.stop.store(true, Relaxed);
    stop.store(true, Relaxed);
    drop(runner);
    venue.join().expect("no panic").expect("a venue that serves");
    journal.finish(pinned.run(|_| std::thread::yield_now()).journal).expect("nothing is lost");
    std::fs::remove_dir_all(&folder).expect("it goes");
}
