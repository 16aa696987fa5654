//! Our connections to sockets of Linux, over a TAP and a wire that does everything a wire can.
use crate::lossy::{Lossy, Plan, Random, bytes, check};
use crate::peer::{MS, SYN, VENUE, config};
use crate::side::{OURS, Side, THEIRS};
use riposte_tcp::{Config, Connection, Counts, End, FRAME_BYTES_MAX, State};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddrV4, TcpListener, TcpStream};
use std::process::Command;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tappers::{Interface, Tap};

/// How long a test may wait for anything.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs a test in a network of its own, and gives it a TAP there whose other side has the venue's addresses; says so where that
/// is not permitted.
fn in_a_network(test: &str) -> Option<Tap> {
    if std::env::var_os("RIPOSTE_NETWORK").is_some() {
        return match tap() {
            Ok(tap) => Some(tap),
            Err(error) => {
                println!("skipped: {test}: no TAP can be made here: {error}");
                None
            }
        };
    }
    // Small buffers, so that who does not read closes its window soon; where that may not be said, it does so later.
    let script = "ip link set lo up || exit 77; echo 4096 8192 16384 2>/dev/null >/proc/sys/net/ipv4/tcp_rmem; exec \"$0\" --exact \"$1\" --nocapture";
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]).arg(std::env::current_exe().unwrap()).arg(test);
    match command.env("RIPOSTE_NETWORK", "1").output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("1 passed"), "{test} is a test of this name");
            said.lines().filter(|line| line.contains(": ") && !line.starts_with("test ")).for_each(|line| println!("{line}"));
        }
        Ok(output) if output.status.code() != Some(77) && !output.stdout.is_empty() => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => println!("skipped: {test}: no network of its own can be made here"),
    }
    None
}

fn tap() -> std::io::Result<Tap> {
    let mut tap = Tap::new_named(Interface::new("rip0")?)?;
    tap.set_nonblocking(true)?;
    for line in ["link set rip0 address 02:00:00:00:00:01", "link set rip0 txqueuelen 10000 up", "addr add 10.77.0.1/24 dev rip0"] {
        assert!(Command::new("ip").args(line.split(' ')).status()?.success(), "ip {line}");
    }
    Ok(tap)
}

/// The next frame that Linux sends.
fn next(tap: &Tap, into: &mut [u8; 2_048]) -> Option<usize> {
    match tap.recv(into) {
        Ok(bytes) => Some(bytes),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => None,
        Err(error) => panic!("{error}"),
    }
}

fn put(tap: &Tap, frame: &[u8]) {
    // A queue that is full loses a frame, as any wire may.
    match tap.send(frame) {
        Ok(bytes) => assert_eq!(bytes, frame.len()),
        Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
    }
}

fn ends(own_port: u16, venue: SocketAddrV4) -> Config {
    let mut config = Config { venue, ..config() };
    config.own.set_port(own_port);
    config
}

fn listener() -> (TcpListener, SocketAddrV4) {
    let listener = TcpListener::bind(SocketAddrV4::new(*VENUE.ip(), 0)).expect("an address of this network");
    let venue = SocketAddrV4::new(*VENUE.ip(), listener.local_addr().expect("it has one").port());
    (listener, venue)
}

/// Reads our stream to its end, with pauses long enough for the window to close.
fn reader(mut socket: TcpStream, total: usize, seed: u64) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let (mut random, mut read, mut into) = (Random::new(seed ^ 0x3333), 0, vec![0; 8_192]);
        loop {
            if random.below(30) == 0 {
                std::thread::sleep(Duration::from_millis(random.below(700)));
            }
            let most = 1 + random.below(8_191) as usize;
            match socket.read(&mut into[..most]).expect("the stream goes on") {
                0 => break,
                count => read = check(OURS, read, &into[..count], &format!("seed {seed}, our stream")),
            }
        }
        assert_eq!(read, total, "seed {seed}: it ends with its last byte");
    })
}

fn writer(mut socket: TcpStream, total: usize, seed: u64) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let (mut random, mut written) = (Random::new(seed ^ 0x4444), 0);
        while written < total {
            let count = (1 + random.below(6_000) as usize).min(total - written);
            socket.write_all(&bytes(THEIRS, written, count)).expect("the stream goes on");
            written += count;
            std::thread::sleep(Duration::from_micros(random.below(10_000)));
        }
        socket.shutdown(Shutdown::Write).expect("an open socket");
    })
}

/// One connection of several on the TAP.
struct Run {
    side: Side,
    there: Lossy,
    back: Lossy,
    theirs: usize,
    own_port: u16,
    seed: u64,
}

impl Run {
    fn new(seed: u64, venue: SocketAddrV4) -> (Run, usize) {
        let mut random = Random::new(seed);
        let mut chance = |most: u64| random.below(most + 1);
        let plan = Plan {
            lost: chance(5), twice: chance(6), damaged: chance(3), late: chance(20), delay_ns: chance(3) * MS, late_ns: chance(10) * MS,
        };
        let (ours, theirs) = (200_000 + random.below(150_000) as usize, 100_000 + random.below(150_000) as usize);
        let own_port = 20_000 + seed as u16;
        let mut config = ends(own_port, venue);
        config.times.retransmissions = 30;
        config.times.connect = PATIENCE;
        let (there, back) = (Lossy::new(plan, seed ^ 0x1111), Lossy::new(plan, seed ^ 0x2222));
        (Run { side: Side::new(&config, ours, seed), there, back, theirs, own_port, seed }, ours)
    }

    fn is_of(&self, frame: &[u8]) -> bool {
        frame.len() > 37 && (frame[12..14] == [8, 6] || frame[12..14] == [8, 0] && frame[36..38] == self.own_port.to_be_bytes())
    }

    fn step(&mut self, now_ns: u64, tap: &Tap) -> bool {
        while let Some(frame) = self.back.pop(now_ns) {
            self.side.connection.frame(now_ns, &frame);
        }
        self.side.step(now_ns, &mut self.there);
        while let Some(frame) = self.there.pop(now_ns) {
            put(tap, &frame);
        }
        matches!(self.side.connection.state(), State::TimeWait | State::Closed) && self.side.read == self.theirs
    }
}

/// More with `RIPOSTE_TCP_SEEDS`.
#[test]
fn both_streams_arrive_whole_at_linux_over_a_bad_wire_with_the_card_sending_in_between() {
    let Some(tap) = in_a_network("linux::both_streams_arrive_whole_at_linux_over_a_bad_wire_with_the_card_sending_in_between") else { return };
    let seeds = std::env::var("RIPOSTE_TCP_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(12);
    let all: Vec<u64> = (1..=seeds).collect();
    all.chunks(12).for_each(|seeds| side_by_side(&tap, seeds));
}

/// Several connections at once.
fn side_by_side(tap: &Tap, seeds: &[u64]) {
    let (start, mut threads, mut runs) = (Instant::now(), Vec::new(), Vec::new());
    for &seed in seeds {
        let (listener, venue) = listener();
        let (mut run, ours) = Run::new(seed, venue);
        run.side.connection.open(0, 0u32.wrapping_sub(seed as u32 * 30_000));
        let theirs = run.theirs;
        runs.push(run);
        threads.push(std::thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a connection");
            let writer = writer(socket.try_clone().expect("the same"), theirs, seed);
            reader(socket, ours, seed).join().expect("a reader");
            writer.join().expect("a writer");
        }));
    }
    let mut buffer = [0; 2_048];
    loop {
        let now_ns = start.elapsed().as_nanos() as u64;
        while let Some(bytes) = next(tap, &mut buffer) {
            runs.iter_mut().filter(|run| run.is_of(&buffer[..bytes])).for_each(|run| run.back.push(now_ns, &buffer[..bytes]));
        }
        let over = runs.iter_mut().map(|run| run.step(now_ns, tap)).filter(|&is_over| is_over).count();
        if over == runs.len() && threads.iter().all(JoinHandle::is_finished) {
            break;
        }
        if start.elapsed() > PATIENCE || threads.iter().any(|thread| thread.is_finished() && over == 0 && start.elapsed() > PATIENCE / 2) {
            for run in &runs {
                let Side { connection, written, total, read, .. } = &run.side;
                println!("seed {}: {:?} {:?}, {written} of {total} written, {read} of {} read", run.seed, connection.state(), connection.ended(), run.theirs);
            }
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    threads.into_iter().for_each(|thread| thread.join().expect("whole streams"));
    report(&runs, start);
}

/// What the runs have met with: one that meets nothing shows nothing.
fn report(runs: &[Run], start: Instant) {
    for run in runs {
        let end = run.side.connection.ended();
        assert!(matches!(end, Some(End::Closed | End::Peer)), "seed {}: {end:?}", run.seed);
    }
    let counts = |of: fn(&Counts) -> u64| runs.iter().map(|run| of(&run.side.connection.counts())).sum::<u64>();
    for (what, count) in [
        ("orders of the card", runs.iter().map(|run| run.side.orders).sum()), ("lendings", runs.iter().map(|run| run.side.lendings).sum()),
        ("lost", runs.iter().map(|run| run.there.done.lost + run.back.done.lost).sum()), ("sent again", counts(|counts| counts.retransmissions)),
        ("asked for", counts(|counts| counts.fast_retransmissions)), ("duplicates", counts(|counts| counts.duplicates)),
        ("out of order", counts(|counts| counts.out_of_order)), ("bad checksums", counts(|counts| counts.ignored.bad_checksums)),
    ] {
        println!("{what}: {count}");
        assert!(count > 0, "{what}");
    }
    println!("probes: {}, seconds: {}", counts(|counts| counts.probes), start.elapsed().as_secs());
}

/// One connection on a wire that does nothing, for what Linux does by itself.
struct Plain {
    tap: Tap,
    start: Instant,
    connection: Connection,
}

impl Plain {
    fn now_ns(&self) -> u64 {
        self.start.elapsed().as_nanos() as u64
    }

    /// Goes on until something is so; what was sent is told to `watch`.
    fn until(&mut self, what: &str, mut watch: impl FnMut(&[u8]), mut is_so: impl FnMut(&mut Connection) -> bool) {
        let (mut buffer, mut out, start) = ([0; 2_048], [0; FRAME_BYTES_MAX], Instant::now());
        while !is_so(&mut self.connection) {
            let now_ns = self.now_ns();
            while let Some(bytes) = next(&self.tap, &mut buffer) {
                self.connection.frame(now_ns, &buffer[..bytes]);
            }
            while let Some(frame) = self.connection.poll(now_ns, &mut out) {
                watch(frame);
                put(&self.tap, frame);
            }
            assert!(start.elapsed() < PATIENCE, "{what}: {:?} {:?}", self.connection.state(), self.connection.counts());
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

#[test]
fn linux_refuses_resets_and_gives_up_an_old_connection() {
    let Some(tap) = in_a_network("linux::linux_refuses_resets_and_gives_up_an_old_connection") else { return };
    let (listener, venue) = listener();
    let nobody = SocketAddrV4::new(*VENUE.ip(), 1);
    let mut plain = Plain { tap, start: Instant::now(), connection: Connection::new(&ends(40_001, nobody)) };
    plain.connection.open(0, 77);
    plain.until("refused", |_| {}, |connection| connection.state() == State::Closed);
    assert_eq!(plain.connection.ended(), Some(End::Refused));

    plain.connection = Connection::new(&ends(40_001, venue));
    let now_ns = plain.now_ns();
    plain.connection.open(now_ns, 1_000_000);
    plain.until("open", |_| {}, |connection| connection.state() == State::Open);
    let (mut first, _) = listener.accept().expect("a connection");
    // A host that was killed comes back with the same addresses, and other numbers.
    plain.connection = Connection::new(&ends(40_001, venue));
    let (now_ns, mut syns) = (plain.now_ns(), 0);
    plain.connection.open(now_ns, 3_000_000_000);
    plain.until("open again", |frame| syns += u32::from(frame[47] == SYN), |connection| connection.state() == State::Open);
    assert_eq!((syns, plain.connection.counts().unacceptable), (2, 1));
    assert!(plain.now_ns() - now_ns < 900 * MS, "the second SYN did not wait");
    assert_eq!(first.read(&mut [0; 10]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));

    let (mut second, _) = listener.accept().expect("a connection");
    plain.connection.write(b"unread");
    plain.until("acknowledged", |_| {}, |connection| connection.unsent() + connection.unacknowledged() == 0);
    second.write_all(b"last words").expect("an open socket");
    // What a socket has not read when it is closed is a reset.
    drop(second);
    plain.until("reset", |_| {}, |connection| connection.state() == State::Closed);
    assert_eq!(plain.connection.ended(), Some(End::Reset));
    let mut read = [0; 20];
    assert_eq!(plain.connection.read(&mut read), 10);
    assert_eq!(&read[..10], b"last words");

    let now_ns = plain.now_ns();
    plain.connection.open(now_ns, 5);
    plain.until("open a third time", |_| {}, |connection| connection.state() == State::Open);
    let (mut third, _) = listener.accept().expect("a connection");
    plain.connection.abort();
    let mut out = [0; FRAME_BYTES_MAX];
    let frame = plain.connection.poll(0, &mut out).expect("a reset");
    put(&plain.tap, frame);
    assert_eq!(third.read(&mut [0; 10]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
}

#[test]
fn an_order_of_the_card_that_is_lost_arrives_at_linux_as_it_was() {
    let Some(tap) = in_a_network("linux::an_order_of_the_card_that_is_lost_arrives_at_linux_as_it_was") else { return };
    let (listener, venue) = listener();
    let mut plain = Plain { tap, start: Instant::now(), connection: Connection::new(&ends(40_001, venue)) };
    plain.connection.open(0, u32::MAX - 10);
    plain.until("open", |_| {}, |connection| connection.state() == State::Open);
    let (mut socket, _) = listener.accept().expect("a connection");
    plain.connection.write(b"login:");
    plain.until("sent", |_| {}, |connection| connection.unsent() == 0);
    let lent = plain.connection.lend().expect("an open connection");
    // The card's frames, all of which are lost.
    let orders: Vec<Vec<u8>> = (0..10).map(|at| bytes(OURS, at * 50, 50)).collect();
    let mut sequence = lent.sequence;
    for order in &orders {
        let now_ns = plain.now_ns();
        plain.connection.sent(now_ns, sequence, order).expect("the next");
        sequence = sequence.wrapping_add(50);
    }
    plain.until("acknowledged", |_| {}, |connection| connection.unacknowledged() == 0);
    let mut read = vec![0; 506];
    socket.read_exact(&mut read).expect("all of it");
    assert_eq!(read, [b"login:".to_vec(), orders.concat()].concat());
}
