//! Peers in processes of their own that are killed, stopped, replaced, or leave.
use super::{Place, command, event};
use riposte_device::link::{CardEnd, HostEnd, HostWatch, Peer};
use riposte_ring::{Producer, Shared};
use std::fs::File;
use std::io::{BufRead, BufReader, Lines};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE_NS: u64 = 200_000_000;

/// A card or a host in a process of its own; killed at the end.
struct Process {
    child: Child,
    /// Open as long as the process may print.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts `role`, and waits until it is ready.
    fn start(place: &Place, role: &str) -> Process {
        let mut command = Command::new(std::env::current_exe().expect("this test"));
        command.args(["--exact", "processes::in_a_process_of_its_own", "--nocapture"]);
        command.env("RIPOSTE_LINK_ROLE", role).env("RIPOSTE_LINK", place.link()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        assert!(lines.any(|line| line.is_ok_and(|line| line.ends_with("ready"))), "{role} gets ready");
        Process { child, _output: lines }
    }

    fn id(&self) -> u32 {
        self.child.id()
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.id().to_string()]).status().expect("kill runs");
        assert!(status.success());
    }

    /// `kill -9`, and waits until it is gone.
    fn kill(&mut self) {
        self.child.kill().expect("it lives until now");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the processes do; as a test of its own it does nothing.
#[test]
fn in_a_process_of_its_own() {
    let Some(role) = std::env::var_os("RIPOSTE_LINK_ROLE") else { return };
    let path = PathBuf::from(std::env::var_os("RIPOSTE_LINK").expect("a link"));
    let ready = || println!("ready");
    match role.to_str().expect("a role") {
        "card" => {
            let mut card = CardEnd::create(&path, super::SIZES).expect("a card");
            (1..=5).for_each(|number| card.publish(&event(number)).expect("room"));
            ready();
            loop {
                card.beat();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // Reads three events, lets go of one, sends two commands.
        "host" => {
            let mut host = HostEnd::attach(&path).expect("a host");
            (1..=3).for_each(|number| assert_eq!(host.receive(), Ok(Some(event(number)))));
            host.release_to(1);
            (1..=2).for_each(|number| assert_eq!(host.send(&command(number)), Ok(number.into())));
            ready();
            loop {
                host.beat();
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        "host that leaves" => {
            HostEnd::attach(&path).expect("a host").leave();
            ready();
        }
        other => panic!("no role {other}"),
    }
}

fn now_ns(since: Instant) -> u64 {
    since.elapsed().as_nanos() as u64
}

/// Looks, by the clock that began at `start`, until the peer is what is wanted; 5 seconds at most.
fn wait_for(start: Instant, mut look: impl FnMut(u64) -> Peer, wanted: impl Fn(Peer) -> bool) -> Peer {
    let end = Instant::now() + Duration::from_secs(5);
    loop {
        let peer = look(now_ns(start));
        if wanted(peer) {
            return peer;
        }
        assert!(Instant::now() < end, "it stays {peer:?}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_killed_card_is_noticed_and_what_it_told_is_read() {
    let place = Place::new("killed-card");
    let mut card = Process::start(&place, "card");
    let mut host = place.host();
    let mut watch = host.watch(PATIENCE_NS).expect("a watch");
    assert_eq!(watch.look(0).unwrap(), Peer::Alive);
    card.kill();
    assert_eq!(watch.look(1).unwrap(), Peer::Died { process: card.id() }, "at the first look");
    (1..=5).for_each(|number| assert_eq!(host.receive(), Ok(Some(event(number)))));
    assert_eq!(host.receive(), Ok(None));
    // Another host can still come, and another card takes the place while the first host holds what was.
    drop(host);
    let host = place.host();
    let mut watch = host.watch(PATIENCE_NS).expect("a watch");
    let next = place.card();
    assert_eq!(watch.look(0).unwrap(), Peer::Died { process: card.id() }, "the new card is not the old one");
    assert_eq!(next.kept(), None, "the host has them");
    drop(host);
    let host = place.host();
    assert_eq!(host.watch(PATIENCE_NS).unwrap().look(0).unwrap(), Peer::Alive);
}

#[test]
fn events_of_a_killed_card_that_nobody_read_are_kept_aside() {
    let place = Place::new("kept");
    Process::start(&place, "card").kill();
    let next = place.card();
    let kept = next.kept().expect("the old region").to_owned();
    let mut old = HostEnd::attach(&kept).expect("it can be read");
    (1..=5).for_each(|number| assert_eq!(old.receive(), Ok(Some(event(number)))));
    old.release_to(5);
    drop((old, next));
    Process::start(&place, "card").kill();
    let mut host = place.host();
    while host.receive().unwrap().is_some() {}
    host.release_to(5);
    drop(host);
    assert_eq!(place.card().kept(), None, "all was read");
}

#[test]
fn a_killed_host_is_noticed_and_the_next_one_goes_on_where_it_was_durable() {
    let place = Place::new("killed-host");
    let mut card = place.card();
    let mut watch = card.watch(PATIENCE_NS).expect("a watch");
    assert_eq!(watch.look(0).unwrap(), Peer::Absent);
    (1..=5).for_each(|number| assert_eq!(card.publish(&event(number)), Ok(())));
    let mut host = Process::start(&place, "host");
    assert_eq!(watch.look(1).unwrap(), Peer::Alive);
    host.kill();
    assert_eq!(watch.look(2).unwrap(), Peer::Died { process: host.id() }, "at the first look");
    let mut next = place.host();
    assert_eq!(next.next_command(), 3);
    (2..=5).for_each(|number| assert_eq!(next.receive(), Ok(Some(event(number))), "what was not released comes again"));
    assert_eq!(next.send(&command(3)), Ok(3));
    for number in 1..=3 {
        assert_eq!(card.command().unwrap().map(|one| (one.sequence, one.value)), Some((number, number as u32)));
    }
}

#[test]
fn the_death_of_a_host_is_told_even_if_the_next_one_is_there_already() {
    let place = Place::new("next-host");
    let mut card = place.card();
    let mut watch = card.watch(PATIENCE_NS).expect("a watch");
    (1..=5).for_each(|number| assert_eq!(card.publish(&event(number)), Ok(())));
    let mut host = Process::start(&place, "host");
    assert_eq!(watch.look(0).unwrap(), Peer::Alive);
    host.kill();
    let _next = place.host();
    assert_eq!(watch.look(1).unwrap(), Peer::Died { process: host.id() });
    assert_eq!(watch.look(2).unwrap(), Peer::Alive);
}

#[test]
fn who_leaves_in_order_did_not_die() {
    let place = Place::new("leaves");
    let card = place.card();
    let mut host_watch = card.watch(PATIENCE_NS).expect("a watch");
    let mut leaves = Process::start(&place, "host that leaves");
    leaves.child.wait().expect("it ends");
    assert_eq!(host_watch.look(0).unwrap(), Peer::Left { process: leaves.id() });
    let host = place.host();
    assert_eq!(host_watch.look(1).unwrap(), Peer::Left { process: leaves.id() }, "told before the next one");
    assert_eq!(host_watch.look(2).unwrap(), Peer::Alive);
    let mut card_watch = host.watch(PATIENCE_NS).expect("a watch");
    drop(host);
    assert!(matches!(host_watch.look(3).unwrap(), Peer::Died { .. }), "whoever is dropped without a word died");
    drop(card);
    assert!(matches!(card_watch.look(4).unwrap(), Peer::Left { .. }));
}

#[test]
fn a_peer_that_stands_still_is_told_apart_from_one_that_died() {
    let start = Instant::now();
    let place = Place::new("silent");
    let process = Process::start(&place, "card");
    let host = place.host();
    let mut watch = host.watch(PATIENCE_NS).expect("a watch");
    let mut look = |now_ns| watch.look(now_ns).expect("it can be looked after");
    assert_eq!(look(now_ns(start)), Peer::Alive);
    process.signal("-STOP");
    let silent = wait_for(start, &mut look, |peer| matches!(peer, Peer::Silent { .. }));
    assert!(matches!(silent, Peer::Silent { process: id, for_ns } if id == process.id() && for_ns > PATIENCE_NS));
    process.signal("-CONT");
    wait_for(start, &mut look, |peer| peer == Peer::Alive);
    let place = Place::new("silent-host");
    let mut card = place.card();
    (1..=5).for_each(|number| assert_eq!(card.publish(&event(number)), Ok(())));
    let process = Process::start(&place, "host");
    let mut watch: HostWatch = card.watch(PATIENCE_NS).expect("a watch");
    let mut look = |now_ns| watch.look(now_ns).expect("it can be looked after");
    process.signal("-STOP");
    wait_for(start, &mut look, |peer| matches!(peer, Peer::Silent { process: id, .. } if id == process.id()));
    process.signal("-CONT");
    wait_for(start, &mut look, |peer| peer == Peer::Alive);
}

/// A card that was killed in the middle of an event: its payload is there, its number is not.
#[test]
fn an_event_whose_card_died_before_its_number_was_written_is_not_there() {
    let place = Place::new("half");
    Process::start(&place, "card").kill();
    let file = File::options().read(true).write(true).open(place.link()).expect("the region");
    let words = super::SIZES.words().expect("sizes");
    let slot = words.events.start + 8 * (1 + 5);
    std::os::unix::fs::FileExt::write_all_at(&file, &[0xee; 56], slot as u64 * 8 + 8).expect("a payload");
    let mut host = place.host();
    (1..=5).for_each(|number| assert_eq!(host.receive(), Ok(Some(event(number)))));
    assert_eq!(host.receive(), Ok(None));
    // Whoever goes on with that ring writes event 6 over it.
    let region = Shared::map(&file).expect("the region").part(words.events);
    let mut events = Producer::attach(region, super::SIZES.event_slots).expect("a ring");
    assert_eq!(events.push(&[0; 7]), Ok(6));
    assert_eq!(host.receive().map(|event| event.map(|one| one.sequence)), Ok(Some(6)));
}
