//! Books that the card has lost, restored by a host that runs: card, host and venue, each a process.
//!
//! No test waits for a time to pass; limits only end a test that fails.
mod support;

use riposte_capture::Book;
use riposte_engine::{Body, Record, Unrestored};
use riposte_map::reason::Reason;
use riposte_map::shm::{EventKind, Level};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use support::{Folder, Journaled, Process, riposte, venue, venue::Market, wait_for};

const RUN: [&str; 9] = ["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--rehearse", "--json"];
const GLIMPSE: [&str; 2] = ["--glimpse", "127.0.0.1:0"];
/// AAPL's, in the venue's market.
const LOCATE: u16 = 13;

/// Restorations that cards have taken, by the message that was next.
fn restored(told: &Journaled) -> Vec<u64> {
    restored_since(told, 0).collect()
}

/// Those that were begun since then: a restoration's number is its time.
fn restored_since(told: &Journaled, time_ns: u64) -> impl Iterator<Item = u64> {
    told.decided.iter().filter_map(move |one| match one {
        Record::Restored { number, sequence, .. } if *number >= time_ns => Some(*sequence),
        _ => None,
    })
}

/// Tops that the card has told behind message `from`, each with its message.
fn tops(told: &Journaled, from: u64) -> Vec<(u64, Level, Level)> {
    let books = told.events().filter(|event| event.kind() == Some(EventKind::Book) && event.feed_sequence >= from);
    books.map(|event| (event.feed_sequence, event.bid, event.ask)).collect()
}

/// Oracle: the host's own book of everything that the venue has published.
fn check_tops(market: &Market, told: &[(u64, Level, Level)]) {
    let published = market.published(b"VENUE00021");
    let (mut book, mut applied) = (Book::new(LOCATE), 0);
    for (sequence, bid, ask) in told {
        for message in &published[applied..*sequence as usize] {
            book.apply(message).expect("a market without a fault");
        }
        applied = *sequence as usize;
        let level = |one: Option<riposte_capture::Level>| one.map_or((0, 0), |one| (one.price_e4, one.shares as u32));
        let told = |one: &Level| if one.quantity == 0 { (0, 0) } else { (one.price_e4, one.quantity) };
        assert_eq!((told(bid), told(ask)), (level(book.bid()), level(book.ask())), "behind message {sequence}");
    }
}

#[test]
fn books_that_both_lines_lost_come_back_by_themselves_and_trade() {
    let folder = Folder::new("gap");
    let faults = ["--fault", "2s loss both next 5", "--fault", "6s loss both next 3"];
    let market = venue::market(&folder, &[], &[&GLIMPSE[..], &faults].concat());
    market.restoring_desk(&folder, market.addresses["glimpse"], &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    let sequence = wait_for("two restorations", || restored(&folder.journaled()).get(1).copied());
    let told = wait_for("tops and orders behind it", || {
        let told = folder.journaled();
        let orders = told.events().filter(|event| event.kind() == Some(EventKind::OrderSent) && event.feed_sequence >= sequence);
        (orders.count() > 0 && tops(&told, sequence).len() > 300).then_some(told)
    });
    check_tops(&market, &tops(&told, sequence));
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
    assert!(folder.journaled().holds(|body| matches!(body, Body::Restore { .. })));
}

/// A card that was not there from the first message on gets its books, and trades on nothing else; all before it is left out.
fn trades_restored(folder: &Folder, market: &Market) {
    let up = |told: &Journaled| told.inputs.iter().rposition(|input| matches!(input.body, Body::CardUp { .. }));
    let sequence = wait_for("a restoration", || {
        let told = folder.journaled();
        restored_since(&told, told.inputs[up(&told)?].time_ns).next()
    });
    let told = wait_for("tops and orders behind it", || {
        let mut told = folder.journaled();
        told.inputs.drain(..up(&told)?);
        (told.count(EventKind::OrderSent) > 0 && tops(&told, sequence).len() > 300).then_some(told)
    });
    let mut orders = told.events().filter(|event| event.kind() == Some(EventKind::OrderSent));
    assert!(orders.all(|event| event.feed_sequence >= sequence), "no order before it");
    check_tops(market, &tops(&told, sequence));
}

#[test]
fn a_card_that_comes_behind_a_lost_one_gets_its_books_and_trades() {
    let folder = Folder::new("next-card");
    let mut market = venue::market(&folder, &[], &GLIMPSE);
    market.restoring_desk(&folder, market.addresses["glimpse"], &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    wait_for("orders", || (folder.journaled().count(EventKind::OrderSent) > 10).then_some(()));
    market.card.crash();
    let cards = |told: &Journaled| told.inputs.iter().filter(|input| matches!(input.body, Body::CardUp { .. })).count();
    let before = cards(&folder.journaled());
    market.card = venue::card(&folder, market.lines, &[]);
    wait_for("the next card", || (cards(&folder.journaled()) > before).then_some(()));
    trades_restored(&folder, &market);
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
}

#[test]
fn card_and_host_that_start_in_the_middle_of_the_day_get_their_books_and_trade() {
    let folder = Folder::new("late");
    let mut market = venue::market(&folder, &[], &[&GLIMPSE[..], &["--second-ouch", "127.0.0.1:0"]].concat());
    market.card.crash();
    // Somebody else's login begins the day.
    let mut other = TcpStream::connect(market.addresses["second-ouch"]).expect("the venue");
    write!(other, "\0\x2fLRIPO  {:10}{:10}{:>20}", "riposte", "", 1).expect("a login");
    wait_for("a day that has begun", || (market.published(b"VENUE00021").len() > 3000).then_some(()));
    market.card = venue::card(&folder, market.lines, &[]);
    market.restoring_desk(&folder, market.addresses["glimpse"], &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    trades_restored(&folder, &market);
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
}

/// What a server between host and venue does with the next snapshots.
#[derive(Clone, Copy, Debug)]
enum Does {
    /// Lets them pass.
    Pass,
    /// Hangs up in the middle.
    Cut,
    /// Names a number that the feed has not reached.
    Ahead,
    /// Names a number that the snapshot is not at.
    Behind,
    /// Says nothing more.
    Hold,
}

/// A server between host and venue; the last thing that it does it goes on doing.
fn between(to: SocketAddr, does: &'static [Does]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    std::thread::spawn(move || {
        let all = does.iter().chain(std::iter::repeat(does.last().expect("one")));
        for (client, does) in listener.incoming().zip(all) {
            let mut client = client.expect("a client");
            let mut login = [0; 49];
            let mut venue = TcpStream::connect(to).expect("the venue");
            // A host that was killed meanwhile takes nothing.
            if client.read_exact(&mut login).is_err() {
                continue;
            }
            venue.write_all(&login).expect("it listens");
            let mut said = Vec::new();
            // Its last packet, with the number of the message that is next.
            let end = loop {
                let last = said.windows(24).position(|packet| packet[..2] == 22u16.to_be_bytes() && packet[2..4] == *b"SG");
                if let Some(at) = last {
                    break at + 4;
                }
                let mut bytes = [0; 4096];
                let count = venue.read(&mut bytes).expect("a snapshot");
                assert!(count > 0, "the venue ended in the middle");
                said.extend_from_slice(&bytes[..count]);
            };
            said.truncate(end + 20);
            let number: u64 = std::str::from_utf8(&said[end..]).expect("digits").parse().expect("a number");
            let number = match does {
                Does::Ahead => number + 1_000_000,
                // In front of what the card has lost: gone by.
                Does::Behind => 1,
                _ => number,
            };
            said[end..].copy_from_slice(format!("{number:020}").as_bytes());
            match does {
                Does::Cut => _ = client.write_all(&said[..end / 2]),
                Does::Hold => {
                    let _ = client.write_all(&said[..30]);
                    // Until the other side has gone.
                    let _ = client.read(&mut [0; 64]);
                }
                _ => {
                    let _ = client.write_all(&said);
                    let _ = client.read(&mut [0; 64]);
                }
            }
        }
    });
    address
}

fn failures(told: &Journaled) -> Vec<Unrestored> {
    told.inputs.iter().filter_map(|input| if let Body::Unrestored { why, .. } = input.body { Some(why) } else { None }).collect()
}

#[test]
fn a_server_that_lies_or_breaks_off_opens_no_book_and_an_honest_one_does() {
    let folder = Folder::new("lies");
    let market = venue::market(&folder, &[], &[&GLIMPSE[..], &["--fault", "1s loss both next 5"]].concat());
    let snapshot = between(market.addresses["glimpse"], &[Does::Cut, Does::Ahead, Does::Behind, Does::Pass]);
    market.restoring_desk(&folder, snapshot, &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    wait_for("the first failure", || failures(&folder.journaled()).first().copied());
    let status = folder.told(&["status"]);
    let books = status["invalid_books"].as_array().expect("books");
    assert!(books.len() == 1 && books[0]["instrument"] == "AAPL" && books[0]["why"].is_string(), "{status}");
    let sequence = wait_for("a restoration", || restored(&folder.journaled()).first().copied());
    let told = wait_for("tops behind it", || {
        let told = folder.journaled();
        (tops(&told, sequence).len() > 50).then_some(told)
    });
    assert_eq!(failures(&told), [Unrestored::Malformed, Unrestored::Requests, Unrestored::Wrong]);
    let (gap, _) = told.events().filter(|event| event.kind() == Some(EventKind::Channel)).map(|event| (event.sequence, event.reason)).next().expect("a gap");
    let before = told.events().filter(|event| event.sequence > gap && event.feed_sequence < sequence);
    assert_eq!(before.filter(|event| event.kind() == Some(EventKind::OrderSent)).count(), 0, "no order of a wrong book");
    check_tops(&market, &tops(&told, sequence));
    // On a busy machine the lines may have lost more since: as many are counted as there were.
    let status = wait_for("books that are right, each restoration counted", || {
        let status = folder.asked(&["status"])?;
        let is_right = status["invalid_books"].as_array().is_some_and(Vec::is_empty);
        (is_right && status["restorations"]["done"] == restored(&folder.journaled()).len()).then_some(status)
    });
    assert_eq!(status["restorations"]["failed"], 3, "{status}");
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
}

#[test]
fn a_host_that_is_killed_in_the_middle_leaves_no_book_right_and_the_next_one_begins_anew() {
    let folder = Folder::new("killed");
    let market = venue::market(&folder, &[], &[&GLIMPSE[..], &["--fault", "1s loss both next 5"]].concat());
    let snapshot = between(market.addresses["glimpse"], &[Does::Hold, Does::Pass]);
    market.restoring_desk(&folder, snapshot, &[("me", folder.uid(), "viewer")]);
    let host = Process::start(riposte(&folder.0, &RUN));
    let is_cleared = |told: &Journaled| told.events().any(|event| event.reason == Reason::Cleared as u8 && event.kind() == Some(EventKind::Channel));
    wait_for("empty books", || is_cleared(&folder.journaled()).then_some(()));
    host.kill();
    let killed = folder.journaled();
    assert!(restored(&killed).is_empty());
    let mut host = Process::start(riposte(&folder.0, &RUN));
    let sequence = wait_for("a restoration", || restored(&folder.journaled()).first().copied());
    let told = wait_for("tops behind it", || {
        let told = folder.journaled();
        (tops(&told, sequence).len() > 50).then_some(told)
    });
    check_tops(&market, &tops(&told, sequence));
    let emptied = killed.events().find(|event| event.reason == Reason::Cleared as u8).expect("it was there").sequence;
    let mut orders = told.events().filter(|event| event.kind() == Some(EventKind::OrderSent) && event.sequence > emptied);
    assert!(orders.all(|event| event.feed_sequence >= sequence), "no order before it");
    let summary = host.end();
    assert_eq!((&summary["digest"], &summary["misnumbered"]), (&summary["mirror_digest"], &0.into()));
}

#[test]
fn without_a_snapshot_server_books_stay_wrong_and_it_is_said() {
    let folder = Folder::new("none");
    let market = venue::market(&folder, &[], &["--fault", "1s loss both next 5"]);
    market.desk(&folder, &[("me", folder.uid(), "viewer")]);
    let mut host = Process::start(riposte(&folder.0, &RUN));
    wait_for("a book that is wrong", || {
        let status = folder.asked(&["status"])?;
        let books = status["invalid_books"].as_array()?;
        books.iter().any(|book| book["why"] == Reason::Gap.text()).then_some(())
    });
    assert!(!folder.journaled().holds(|body| matches!(body, Body::Restore { .. })), "nothing is emptied");
    host.signal("TERM");
    let said = String::from_utf8_lossy(&host.ended().stderr).into_owned();
    assert!(said.contains("BooksInvalid: ") && said.contains("names no `snapshot`"), "{said}");
}
