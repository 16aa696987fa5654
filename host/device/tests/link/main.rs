//! The link over real files and between real processes, of which some are killed.
mod exceptions;
mod frames;
mod processes;
mod refusals;

use riposte_device::link::{CardEnd, Feed, HostEnd, PublishError, Sizes, Status};
use riposte_map::shm::{Command, Event, Opcode};
use riposte_ring::Full;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const SIZES: Sizes = Sizes { command_slots: 4, event_slots: 8, transmit_slots: 64, exception_slots: 0 };

/// A folder of its own for the files of a link; removed at the end.
struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Place {
        let shared = Path::new("/dev/shm");
        let folder = if shared.is_dir() { shared.to_owned() } else { std::env::temp_dir() };
        let folder = folder.join(format!("riposte-link-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir(&folder).expect("a folder for the test");
        Place(folder)
    }

    fn link(&self) -> PathBuf {
        self.0.join("link")
    }

    fn card(&self) -> CardEnd {
        CardEnd::create(&self.link(), SIZES).expect("a card")
    }

    fn host(&self) -> HostEnd {
        HostEnd::attach(&self.link()).expect("a host")
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("the folder");
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(value: u32) -> Command {
    Command { sequence: 99, opcode: Opcode::Arm as u8, instrument: 1, rule: 2, index: 3, value, args: [4, 5, 6, 7, 8, u64::MAX] }
}

fn event(sequence: u64) -> Event {
    Event { sequence, kind: 2, generation: 7, time_ns: u64::MAX - sequence, detail: 0xabcd, cycles: 12, ..Event::default() }
}

#[test]
fn commands_and_events_cross_whole_and_in_order_over_many_laps() {
    let place = Place::new("cross");
    let (mut card, mut host) = (place.card(), place.host());
    assert_eq!((card.command(), host.receive()), (Ok(None), Ok(None)));
    for number in 1..=50u64 {
        assert_eq!(host.next_command(), number);
        assert_eq!(host.send(&command(number as u32)), Ok(number));
        assert_eq!(card.command(), Ok(Some(Command { sequence: number, ..command(number as u32) })));
        assert_eq!(card.publish(&event(number)), Ok(()));
        assert_eq!(host.receive(), Ok(Some(event(number))));
        host.release_to(number);
    }
    assert_eq!((card.command(), host.receive()), (Ok(None), Ok(None)));
}

#[test]
fn a_full_event_ring_is_told_and_nothing_is_lost() {
    let place = Place::new("events");
    let (mut card, mut host) = (place.card(), place.host());
    (1..=8).for_each(|number| assert_eq!(card.publish(&event(number)), Ok(())));
    assert_eq!((card.publish(&event(9)), card.event_room()), (Err(PublishError::Full), 0));
    (1..=3).for_each(|number| assert_eq!(host.receive(), Ok(Some(event(number)))));
    assert_eq!(card.publish(&event(9)), Err(PublishError::Full), "what is read is not yet released");
    host.release_to(2);
    assert_eq!(card.event_room(), 2);
    (9..=10).for_each(|number| assert_eq!(card.publish(&event(number)), Ok(())));
    assert_eq!(card.publish(&event(11)), Err(PublishError::Full));
    (4..=10).for_each(|number| assert_eq!(host.receive(), Ok(Some(event(number)))));
    assert_eq!(host.receive(), Ok(None));
}

#[test]
fn a_full_command_ring_is_told() {
    let place = Place::new("commands");
    let (mut card, mut host) = (place.card(), place.host());
    (1..=4).for_each(|number| assert_eq!(host.send(&command(0)), Ok(number)));
    assert_eq!(host.send(&command(0)), Err(Full));
    assert_eq!(card.command().map(|command| command.map(|one| one.sequence)), Ok(Some(1)));
    assert_eq!(host.send(&command(0)), Ok(5));
}

#[test]
fn an_event_out_of_its_order_is_refused() {
    let place = Place::new("order");
    let (mut card, mut host) = (place.card(), place.host());
    for wrong in [0, 2, u64::MAX] {
        assert_eq!(card.publish(&event(wrong)), Err(PublishError::Number { wanted: 1, found: wrong }));
    }
    assert_eq!(host.receive(), Ok(None));
    assert_eq!(card.publish(&event(1)), Ok(()));
    assert_eq!(card.publish(&event(1)), Err(PublishError::Number { wanted: 2, found: 1 }));
}

#[test]
fn status_and_feed_are_those_that_the_card_told_last() {
    let place = Place::new("status");
    let (mut card, mut host) = (place.card(), place.host());
    assert_eq!((host.status(), host.feed()), (None, Feed::Waiting));
    for number in 1..=9 {
        let mut status = Status { cycle: number << 40, frames: 2, commands: 3, events: 4, ..Status::default() };
        (status.transmitted, status.stalls, status.watchdog_kills, status.lost) = (5, 6, 7, 8);
        status.counters = std::array::from_fn(|at| u32::MAX - at as u32);
        card.write_status(&status);
        assert_eq!(host.status(), Some(status));
    }
    for feed in [Feed::Running, Feed::Ended] {
        card.set_feed(feed);
        assert_eq!(host.feed(), feed);
    }
    drop(card);
    assert_eq!(host.feed(), Feed::Gone);
}

#[test]
fn all_files_are_for_their_owner_alone_and_a_card_leaves_none_that_is_open() {
    let place = Place::new("rights");
    let card = place.card();
    assert_eq!(place.names(), ["link", "link.card"]);
    for name in place.names() {
        assert_eq!(std::fs::metadata(place.0.join(&name)).unwrap().mode() & 0o777, 0o600, "{name}");
    }
    drop(card);
    assert_eq!(place.names(), ["link.card"], "a lock has no content; its file stays");
}

#[test]
fn sending_and_receiving_do_not_allocate() {
    let place = Place::new("allocation");
    let (mut card, mut host) = (place.card(), place.host());
    let told = allocation_counter::measure(|| {
        for number in 1..=100 {
            assert!(host.send(&command(0)).is_ok() && matches!(card.command(), Ok(Some(_))));
            assert!(card.publish(&event(number)).is_ok() && matches!(host.receive(), Ok(Some(_))));
            card.write_status(&Status::default());
            assert!(host.status().is_some());
            host.release_to(number);
            host.beat();
            card.beat();
        }
    });
    assert_eq!(told.count_total, 0);
}
