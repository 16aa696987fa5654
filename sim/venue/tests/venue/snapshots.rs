//! Snapshots of the books over a session of their own.
use crate::reader;
use crate::world::*;
use riposte_venue::{
    Port,
    ouch::*,
    soup::{kind, packet},
};
use std::collections::BTreeMap;

/// Bids and asks of a book: shares by price.
type Sides = [BTreeMap<u64, u64>; 2];

fn sides(reader: &reader::Reader, stock: u64) -> Sides {
    let sides = reader.stocks.get(&stock).map(|stock| &stock.sides);
    [0, 1].map(|side| sides.map_or_else(BTreeMap::new, |sides| sides[side].iter().map(|(price, orders)| (*price, orders.values().sum())).collect()))
}

/// A client takes it to its end, and logs out.
fn snapshot(world: &mut World) -> Vec<Vec<u8>> {
    let id = world.log_in(Port::Snapshot, 1);
    world.run(0);
    let seen = &world.seen[&id];
    let messages = seen.packets.iter().filter(|packet| packet.kind == kind::SEQUENCED).map(|packet| packet.payload.clone());
    let messages: Vec<_> = messages.collect();
    world.give(id, &packet(kind::LOGOUT, b""));
    assert!(world.seen[&id].is_closed);
    messages
}

/// Oracle: a reader that knows the specification's offsets alone, and reads the feed from its beginning.
#[test]
fn a_snapshot_and_what_comes_behind_it_are_the_books_of_the_whole_feed() {
    let mut world = World::new(31, 5_000, "");
    let client = world.log_in(Port::Orders, 1);
    for turn in 1..=3u32 {
        world.run(SECOND / 2);
        world.order(client, EnterOrder::plain(turn, b'B', 100, *b"AAPL    ", 1_500_000));
        let mut taken = snapshot(&mut world);
        let end = taken.pop().unwrap();
        assert_eq!((end[0], end.len()), (b'G', 21), "End of Snapshot");
        let next: u64 = std::str::from_utf8(&end[1..]).unwrap().parse().unwrap();
        world.run(SECOND / 2);
        let published = world.messages(0);
        assert!(published.contains_key(&next) && next > 1_000 * u64::from(turn), "{next}");
        let mut whole = reader::Reader::default();
        let mut restored = reader::Reader { is_replay: true, ..Default::default() };
        for message in &mut taken {
            // Orders are as they were entered; time is not what is compared.
            message[5..11].copy_from_slice(&(34_199u64 * SECOND).to_be_bytes()[2..]);
            restored.read(message);
        }
        published.range(..next).for_each(|(_, message)| whole.read(message));
        assert!(!restored.live.is_empty());
        for (_, message) in published.range(next..) {
            whole.read(message);
            restored.read(message);
            let stock = number(message, 1, 2);
            assert_eq!(sides(&whole, stock), sides(&restored, stock));
        }
        assert_eq!(whole.live, restored.live);
        whole.stocks.keys().for_each(|stock| assert_eq!(sides(&whole, *stock), sides(&restored, *stock)));
    }
}

#[test]
fn snapshots_are_read_only_and_end_with_the_day() {
    let mut world = World::new(32, 1_000, "");
    world.run(SECOND);
    let id = world.log_in(Port::Snapshot, 1);
    world.run(3 * SECOND);
    assert!(world.seen[&id].kinds().ends_with("SHHH"), "a session that stays: {}", world.seen[&id].kinds());
    world.give(id, &packet(kind::UNSEQUENCED, b"x"));
    assert!(world.seen[&id].is_closed);
    // From the last message of a snapshot on: there is none yet, so it is refused.
    let late = world.venue.connect(world.now_ns, Port::Snapshot);
    world.give(late, &packet(kind::LOGIN, format!("{:<6}{:<10}{:10}{:>20}", "RIPO", "riposte", "", 2).as_bytes()));
    world.run(0);
    assert_eq!(world.seen[&late].kinds(), "J");
    let last = world.log_in(Port::Snapshot, 1);
    world.venue.end(world.now_ns);
    world.run_to_end();
    assert!(world.seen[&last].kinds().ends_with('Z') && world.seen[&last].is_closed);
}
