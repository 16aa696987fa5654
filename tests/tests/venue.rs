//! Card and venue together: the card reads the venue's feed, the venue answers the card's orders, and both know the
//! same book. Oracles: crate `itchy` with a book without levels.
#[path = "../../host/cli/tests/support/desk.rs"]
#[allow(dead_code)] // Of its desks one is wanted.
mod desk;

use desk::Desk;
use itchy::MessageStream;
use riposte_device::{Frame, Output};
use riposte_map::shm::{Event, EventKind, Level};
use riposte_tests::{
    bench::{Bench, on_each_card},
    oracle::{Oracle, data, messages},
    parameters::{MOST, resting},
    traffic::packet,
};
use riposte_venue::{
    Config, Exchange, Market, Output as Outside, Port, Setup, Venue,
    ouch::{EnterOrder, Outbound},
    soup,
};
use std::collections::BTreeMap;

const SECOND_NS: u64 = 1_000_000_000;
/// A venue and a client's session on a clock of their own.
struct World {
    venue: Venue,
    now_ns: u64,
    client: u64,
    framer: soup::Framer,
    /// Messages of the feed, whole packets, not yet shown to the card.
    packets: Vec<Vec<u8>>,
    answers: Vec<Outbound>,
}

impl World {
    fn new() -> World {
        let market = Config { seed: 21, instruments: 1, messages: 6_000 };
        let mut venue = Venue::new(Setup::new(market, 50_000, "RIPO", "riposte")).expect("a venue");
        let client = venue.connect(0, Port::Orders);
        let login = format!("{:<6}{:<10}{:10}{:>20}", "RIPO", "riposte", "", 1);
        venue.receive(0, client, &soup::packet(soup::kind::LOGIN, login.as_bytes()));
        let mut world =
            World { venue, now_ns: 0, client, framer: soup::Framer::default(), packets: Vec::new(), answers: Vec::new() };
        world.collect();
        world
    }

    fn collect(&mut self) {
        while let Some(output) = self.venue.output() {
            match output {
                Outside::Packet { line: 0, bytes } => self.packets.push(bytes),
                Outside::Bytes { bytes, .. } => self.framer.push(&bytes),
                _ => {}
            }
            while let Some(answer) = self.framer.packet().expect("packets") {
                if answer.kind == soup::kind::SEQUENCED {
                    self.answers.push(Outbound::decode(&answer.payload).expect("an answer"));
                }
            }
        }
    }

    /// Goes on to the next thing to do.
    fn step(&mut self) {
        self.now_ns = self.venue.due_ns().max(self.now_ns);
        self.venue.advance(self.now_ns);
        self.collect();
        if self.now_ns % SECOND_NS < 100_000_000 {
            self.venue.receive(self.now_ns, self.client, &soup::packet(soup::kind::CLIENT_HEARTBEAT, b""));
        }
    }

    fn count(&self, letter: u8) -> usize {
        self.answers.iter().filter(|answer| answer.encode()[0] == letter).count()
    }
}

/// Top of the book after each message by sequence number, as an independent decoder has it.
fn apply(oracle: &mut Oracle, packet: &[u8], tops: &mut BTreeMap<u64, [Level; 2]>) {
    let first = u64::from_be_bytes(packet[10..18].try_into().expect("8"));
    let stream = MessageStream::from_reader(&packet[20..]);
    for (sequence, message) in (first..).zip(stream) {
        oracle.apply(&message.expect("itchy reads what the venue writes"));
        tops.insert(sequence, oracle.top());
    }
}

fn is_bad(event: &&Event) -> bool {
    matches!(event.kind(), Some(EventKind::Invalid | EventKind::OrderRefused))
}

#[test]
fn a_card_trades_with_the_venue_and_both_know_the_same_book() {
    on_each_card(|card| {
        let desk = riposte_desk::check(&Desk::TWO_SIDED.text()).desk.expect("the test's configuration is right");
        let mut bench = Bench::bare(card);
        bench.commands(&desk.commands(1, 1));
        let opening = [
            desk.session_command(0),
            riposte_desk::validate(0, desk.mask()),
            riposte_desk::arm(0),
            riposte_desk::trace(0, true),
        ];
        bench.commands(&desk.grants(0));
        // There is no host that would tell what rests, and here it may meet.
        bench.commands(&[resting(0, 0, u32::MAX, MOST)]);
        bench.commands(&opening);
        let (mut world, mut oracle, mut tops) = (World::new(), Oracle::default(), BTreeMap::new());
        let (mut events, mut sent) = (Vec::new(), 0);
        while !world.venue.is_over() {
            world.step();
            // An order changes the market, and what it changes may bring the next one: to the end of it.
            while !world.packets.is_empty() {
                let shown = world.packets.remove(0);
                apply(&mut oracle, &shown, &mut tops);
                let [sequence, count] = [&shown[10..18], &shown[18..20]].map(|field| {
                    field.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
                });
                if count == 0xffff {
                    continue;
                }
                let frame = packet(false, sequence, count as u16, &shown[20..]);
                bench.card.frame(&Frame::new(&frame, world.now_ns));
                bench.card.idle(200);
                let mut output = Output::default();
                bench.card.drain(&mut output);
                events.extend(output.events);
                for order in &output.transmitted {
                    sent += 1;
                    world.venue.receive(world.now_ns, world.client, &order.bytes[54..]);
                    world.collect();
                }
            }
        }
        let bad: Vec<_> = events.iter().filter(is_bad).collect();
        assert!(bad.is_empty(), "{bad:?}");
        assert!(sent > 20, "{sent} orders");
        assert_eq!((world.count(b'A'), world.count(b'J')), (sent, 0), "every order of the card is accepted");
        assert!(world.count(b'E') > 10, "{} executions", world.count(b'E'));
        assert_eq!((oracle.live(), oracle.missing), (0, 0));
        let mut compared = 0;
        for event in events.iter().filter(|event| event.kind() == Some(EventKind::Book)) {
            assert_eq!([event.bid, event.ask], tops[&event.feed_sequence], "message {}", event.feed_sequence);
            compared += 1;
        }
        assert!(compared > 4_000, "{compared} tops compared");
    });
}

#[test]
fn a_real_morning_is_replayed_as_it_was_and_takes_a_client() {
    let name = "a_real_morning_is_replayed_as_it_was_and_takes_a_client";
    let Some(path) = data(name, "itch/nasdaq_20200130_AAPL_first10k.itch") else { return };
    let recording: Vec<_> = messages(&path).into_iter().map(|(bytes, _)| bytes).collect();
    let market = Market::replay(1, recording.clone()).expect("a recording");
    assert!(market.clone().eq(recording.iter().cloned()), "byte for byte");
    // A client that joins the best bid again and again, first in the book where it can.
    let (mut exchange, mut oracle, mut published) = (Exchange::of(market), Oracle::default(), Vec::new());
    let mut executions = 0;
    for number in 1..=10_000u32 {
        published.extend(exchange.next_message());
        if number.is_multiple_of(100) {
            let price_e4 = oracle.top()[0].price_e4.into();
            exchange.take(&bid(number, price_e4).into());
        }
        published.extend(std::iter::from_fn(|| exchange.written_message()));
        for message in published.drain(..) {
            let block = [&(message.len() as u16).to_be_bytes(), &message[..]].concat();
            for message in MessageStream::from_reader(&block[..]) {
                oracle.apply(&message.expect("itchy reads what the venue writes"));
            }
        }
        let [bid, ask] = oracle.top();
        assert!(bid.quantity == 0 || ask.quantity == 0 || bid.price_e4 < ask.price_e4, "message {number} crosses");
        while let Some(answer) = exchange.outbound() {
            executions += usize::from(matches!(answer, Outbound::Executed(_)));
        }
    }
    assert_eq!(oracle.missing, 0, "no message names an order that is not there");
    assert!(executions > 10, "{executions} executions");
}

fn bid(user_ref: u32, price_e4: u64) -> EnterOrder {
    EnterOrder::plain(user_ref, b'B', 50, *b"AAPL    ", price_e4)
}
