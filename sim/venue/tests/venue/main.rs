//! The whole venue without sockets, on a clock of its own: sessions, feed, drop copy, and every fault.
#![forbid(unsafe_code)]

#[path = "../reader/mod.rs"]
mod reader;
mod snapshots;
mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use riposte_venue::{
    Config, Market, Port, Setup, SetupError, Venue,
    faults::{Problem, script},
    feed::RequestError,
    ouch::*,
    soup::{Packet, kind, packet},
};
use world::*;

#[test]
fn both_lines_carry_the_generated_market_once_and_in_order() {
    let mut world = World::new(1, 100_000, "");
    world.run_to_end();
    let generated: Vec<_> = Market::new(setup(1, 0, "").market).unwrap().collect();
    for line in 0..2 {
        assert!(world.messages(line).into_iter().eq((1..).zip(generated.iter().cloned())), "line {line}");
        let next: Vec<u64> = world.packets[line].iter().map(|(_, packet)| number(packet, 10, 8)).collect();
        assert!(next.is_sorted());
        let ends = world.packets[line].iter().filter(|(_, packet)| number(packet, 18, 2) == 0xffff);
        assert_eq!(ends.map(|(_, packet)| number(packet, 10, 8)).collect::<Vec<_>>(), [20_001; 4]);
    }
    assert_eq!(world.packets[0], world.packets[1]);
    let report = world.venue.report();
    assert_eq!((report.published, report.lines[0].sent), (20_000, world.packets[0].len() as u64));
}

#[test]
fn the_market_keeps_its_pace() {
    let mut world = World::new(1, 1_000, "");
    world.run(SECOND);
    let before = world.messages(0).len();
    world.run(2 * SECOND);
    assert_eq!(world.messages(0).len() - before, 2_000);
}

#[test]
fn a_market_at_rest_sends_heartbeats_and_waits_for_a_login() {
    let mut world = World::of(Setup { waits_for_login: true, ..setup(1, 1_000, "") });
    world.run(3 * SECOND + 1);
    let heartbeats = world.packets[1].iter().map(|(at, packet)| (*at, number(packet, 10, 8), packet.len()));
    let heartbeats: Vec<_> = heartbeats.collect();
    assert_eq!(heartbeats, [(SECOND, 1, 20), (2 * SECOND, 1, 20), (3 * SECOND, 1, 20)]);
    world.log_in(Port::DropCopy, 1);
    assert!(world.messages(0).is_empty(), "a drop copy does not begin the market");
    world.log_in(Port::Orders, 1);
    world.run(SECOND);
    assert_eq!(world.messages(0).len(), 1_000);
}

#[test]
fn orders_are_answered_on_both_sessions_and_published() {
    let mut world = World::new(2, 0, "");
    let (orders, copy) = (world.log_in(Port::Orders, 1), world.log_in(Port::DropCopy, 1));
    world.order(orders, take(1, b'B'));
    assert_eq!(world.seen[&orders].letters(), "SAE");
    assert_eq!(world.seen[&orders].sequenced(), world.seen[&copy].sequenced());
    let Outbound::Executed(executed) = &world.seen[&orders].sequenced()[2] else { panic!() };
    let published = world.messages(0);
    let (_, last) = published.last_key_value().unwrap();
    assert_eq!((last[0], number(last, 23, 8)), (b'E', executed.match_number), "in the feed at once");
    world.give(copy, &packet(kind::UNSEQUENCED, &Inbound::from(take(2, b'B')).encode()));
    assert!(world.seen[&copy].is_closed && world.seen[&copy].kinds().ends_with('+'), "the copy is read only");
    assert_eq!(world.venue.report().orders.entered, 1);
}

#[test]
fn what_is_no_message_closes_the_session_with_a_reason() {
    for (bytes, reason) in [
        (packet(kind::UNSEQUENCED, b"?"), "unknown message type '?'"),
        (packet(kind::UNSEQUENCED, b""), "a message without a byte"),
        (packet(kind::UNSEQUENCED, b"O12"), "a message 'O' of 3 bytes where 47 are the least"),
        (vec![0xff, 0xff], "a packet of 65535 bytes where at most 1024 are taken"),
    ] {
        let mut world = World::new(1, 0, "");
        let id = world.log_in(Port::Orders, 1);
        world.give(id, &bytes);
        let Packet { kind: kind::DEBUG, payload } = world.seen[&id].packets.last().unwrap() else { panic!() };
        assert_eq!(std::str::from_utf8(payload), Ok(reason));
        assert!(world.seen[&id].is_closed);
        assert_eq!(world.venue.report().sessions.closed[reason], 1);
    }
}

#[test]
fn a_newer_login_takes_the_place_of_an_older_one() {
    let mut world = World::new(1, 0, "");
    let older = world.log_in(Port::Orders, 1);
    let newer = world.log_in(Port::Orders, 1);
    assert!(world.seen[&older].is_closed && !world.seen[&newer].is_closed);
    let copies = [world.log_in(Port::DropCopy, 1), world.log_in(Port::DropCopy, 1)];
    assert!(copies.iter().all(|id| !world.seen[id].is_closed), "of drop copies there may be many");
}

#[test]
fn a_client_that_is_held_gets_nothing_until_it_is_let_go() {
    let mut world = World::new(1, 0, "");
    let id = world.log_in(Port::Orders, 1);
    world.venue.hold(id, true);
    world.order(id, take(1, b'B'));
    world.run(2 * SECOND);
    assert_eq!(world.seen[&id].letters(), "S");
    world.venue.hold(id, false);
    world.run(1);
    assert_eq!(world.seen[&id].letters(), "SAE");
}

#[test]
fn whatever_was_published_can_be_asked_for_again() {
    let mut world = World::new(1, 10_000, "loss both 1");
    world.run(SECOND / 10);
    assert!(world.packets.iter().all(Vec::is_empty), "everything was lost");
    let request = |session: &[u8], first: u64, count: u16| [session, &first.to_be_bytes(), &count.to_be_bytes()].concat();
    let (session, mut found) = (b"VENUE00001", Vec::new());
    while let Ok(answer) = world.venue.request(&request(session, found.len() as u64 + 1, 0xffff)) {
        found.extend(blocks(&answer));
    }
    let generated = Market::new(setup(1, 0, "").market).unwrap();
    assert!(found.len() == 1_000 && generated.zip(&found).all(|(message, (_, block))| message == *block));
    assert_eq!(blocks(&world.venue.request(&request(session, 7, 2)).unwrap()), found[6..8]);
    for (bytes, error) in [
        (request(session, 0, 1), RequestError::Sequence),
        (request(session, 5, 0), RequestError::Sequence),
        (request(session, found.len() as u64 + 1, 1), RequestError::Sequence),
        (request(session, u64::MAX, 1), RequestError::Sequence),
        (request(b"VENUE00002", 1, 1), RequestError::Session),
        (vec![0; 19], RequestError::Bytes(19)),
    ] {
        assert_eq!(world.venue.request(&bytes), Err(error));
    }
    assert_eq!(world.venue.report().sessions.requests_refused, 7);
}

#[test]
fn loss_duplication_and_reorder_strike_in_their_ratio_and_on_their_line_alone() {
    let mut world = World::new(3, 100_000, "loss A 0.1\nduplicate A 0.05\nreorder A 0.2");
    world.run_to_end();
    let [a, b] = world.venue.report().lines;
    assert_eq!((b.lost, b.duplicated, b.reordered), (0, 0, 0));
    let offered = b.sent;
    for (count, percent) in [(a.lost, 10), (a.duplicated, 5), (a.reordered, 20)] {
        let expected = offered * percent / 100;
        assert!((expected / 2..expected * 2).contains(&count), "{count} of {offered} where {percent} % are due");
    }
    assert_eq!(a.sent + a.lost - a.duplicated, offered);
    let next: Vec<u64> = world.packets[0].iter().map(|(_, packet)| number(packet, 10, 8)).collect();
    let descents = next.windows(2).filter(|pair| pair[0] > pair[1]).count() as u64;
    assert!(descents > 0 && descents <= a.reordered);
    // What line A lost, line B has.
    let [a, b] = [world.messages(0), world.messages(1)];
    assert!(a.len() < b.len() && a.iter().all(|(sequence, message)| b[sequence] == *message));
}

#[test]
fn one_packet_changes_places_with_the_next() {
    let mut world = World::new(1, 1_000, "100ms reorder B next 1\n200ms loss B next 3");
    world.run(SECOND);
    let next: Vec<u64> = world.packets[1].iter().map(|(_, packet)| number(packet, 10, 8)).collect();
    assert_eq!(next.windows(2).filter(|pair| pair[0] > pair[1]).count(), 1);
    assert_eq!(world.messages(0).len() - world.messages(1).len(), 3, "a message a packet at this pace");
    let [_, b] = world.venue.report().lines;
    assert_eq!((b.reordered, b.lost), (1, 3));
}

#[test]
fn skew_makes_a_line_late_by_exactly_that() {
    let mut world = World::new(1, 1_000, "skew B 250us");
    world.run(SECOND);
    let [a, b] = &world.packets;
    let late: Vec<_> = a.iter().map(|(at, packet)| (at + 250_000, packet.clone())).collect();
    assert!(b.len() > 900 && late.starts_with(b));
    assert!(world.venue.report().lines[1].delayed > 900);
}

#[test]
fn slow_answers_come_exactly_that_late_and_the_copy_does_not() {
    let mut world = World::new(1, 0, "slow-ack 30ms next 1");
    world.run(MS);
    let (orders, copy) = (world.log_in(Port::Orders, 2), world.log_in(Port::DropCopy, 2));
    let sent_ns = world.now_ns;
    world.order(orders, EnterOrder { price_e4: 100, ..enter(1, b'B', 1, 100) });
    assert_eq!((world.seen[&orders].letters(), world.seen[&copy].letters()), ("".into(), "AC".into()));
    world.run(30 * MS - 1);
    assert_eq!(world.seen[&orders].letters(), "");
    world.run(1);
    assert_eq!(world.seen[&orders].letters(), "AC");
    assert_eq!(world.seen[&orders].chunks.last().unwrap().0, sent_ns + 30 * MS);
    assert_eq!(world.venue.report().faults.slow_acks, 1);
}

#[test]
fn a_reject_storm_ends() {
    let mut world = World::new(1, 0, "reject next 3");
    world.run(1);
    let id = world.log_in(Port::Orders, 1);
    (1..=4).for_each(|user_ref| world.order(id, take(user_ref, b'B')));
    assert_eq!(world.seen[&id].letters(), "SJJJAE");
    assert_eq!(world.venue.report().faults.rejects, 3);
}

#[test]
fn a_client_cut_off_in_mid_order_finds_everything_after_its_return() {
    for seed in 0..20 {
        let mut world = World::new(seed, 0, "disconnect next 1");
        world.run(1);
        let id = world.log_in(Port::Orders, 1);
        world.order(id, take(1, b'B'));
        let cut = &world.seen[&id];
        assert!(cut.is_closed && cut.letters().len() <= 3);
        let have = cut.letters().len();
        let again = world.log_in(Port::Orders, have + 1);
        world.run(1);
        let whole = [world.seen[&id].sequenced(), world.seen[&again].sequenced()].concat();
        let letters: String = whole.iter().map(|message| char::from(message.encode()[0])).collect();
        assert_eq!(letters, "SAE", "the order lives although its answer was lost");
        world.order(again, take(1, b'B'));
        assert_eq!(world.seen[&again].letters().len(), 3 - have, "sent again it is ignored");
        assert_eq!(world.venue.report().faults.disconnects, 1);
    }
}

#[test]
fn partial_segments_are_cut_and_lose_nothing() {
    let mut world = World::new(5, 0, "partial 1");
    world.run(1);
    let id = world.log_in(Port::Orders, 1);
    world.run(10 * MS);
    world.order(id, take(1, b'B'));
    let (before_ns, sent) = (world.now_ns, world.seen[&id].chunks.len());
    world.order(id, take(2, b'B'));
    world.run(10 * MS);
    let chunks = &world.seen[&id].chunks[sent - 1..];
    assert_eq!(chunks.iter().map(|(at, _)| at - before_ns).collect::<Vec<_>>(), [0, 3 * MS, 3 * MS, 6 * MS]);
    assert_eq!(world.seen[&id].letters(), "SAEAE");
    assert!(world.venue.report().faults.partials >= 2);
}

#[test]
fn every_execution_may_be_broken_and_the_newest_on_command() {
    let mut world = World::new(6, 0, "bust 1\n50ms bust off\n200ms bust newest\n201ms bust newest\n202ms bust newest");
    world.run(MS);
    let id = world.log_in(Port::Orders, 1);
    world.order(id, take(1, b'B'));
    world.run(19 * MS);
    assert_eq!(world.seen[&id].letters(), "SAE");
    world.run(2 * MS);
    assert_eq!(world.seen[&id].letters(), "SAEB");
    world.run(100 * MS);
    world.order(id, take(2, b'B'));
    world.order(id, take(3, b'B'));
    world.run(100 * MS);
    assert_eq!(world.seen[&id].letters(), "SAEBAEAEBB");
    let report = world.venue.report();
    assert_eq!((report.faults.busts, report.faults.without_effect), (3, 1), "nothing is left to break at 202 ms");
    assert!(report.positions.values().all(|shares| *shares == 0));
    assert_eq!(world.messages(0).values().filter(|message| message[0] == b'B').count(), 3);
}

#[test]
fn halts_come_and_go_by_the_script() {
    let mut world = World::new(1, 20_000, "100ms halt AAPL\n300ms resume AAPL\n400ms resume NONE");
    world.run(600 * MS);
    let messages = world.messages(0);
    let actions = messages.values().filter(|message| message[0] == b'H' && number(message, 1, 2) == 13);
    let states: String = actions.map(|message| char::from(message[19])).collect();
    assert!(states.starts_with("THQT"), "{states}");
    let faults = world.venue.report().faults;
    assert_eq!((faults.halts, faults.resumes, faults.without_effect), (1, 1, 1));
}

#[test]
fn the_end_closes_orders_and_sessions_and_the_feed() {
    let mut world = World::new(1, 1_000, "1s end\n2s halt AAPL");
    world.run(SECOND / 2);
    let (orders, copy) = (world.log_in(Port::Orders, 1), world.log_in(Port::DropCopy, 1));
    let stranger = world.venue.connect(world.now_ns, Port::Orders);
    world.order(orders, EnterOrder { time_in_force: b'0', ..enter(1, b'B', 1, 100) });
    world.run(SECOND);
    assert_eq!(world.seen[&orders].letters(), "SACS");
    assert!([orders, copy].iter().all(|id| world.seen[id].kinds().ends_with("SZ") && world.seen[id].is_closed));
    assert!(!world.venue.is_over(), "who has not logged in may still ask what was missed");
    world.run(3 * SECOND);
    assert!(world.seen[&stranger].is_closed && world.venue.is_over());
    assert_eq!(world.messages(1).last_key_value().unwrap().1[11], b'C', "end of messages");
    let report = world.venue.report();
    assert_eq!((report.faults.ends, report.open_orders, report.sessions.closed["the session has ended"]), (1, 0, 2));
}

#[test]
fn what_comes_behind_the_end_of_the_session_is_not_taken() {
    let mut world = World::new(1, 0, "1s end");
    let (orders, copy) = (world.log_in(Port::Orders, 1), world.log_in(Port::DropCopy, 1));
    world.venue.hold(orders, true);
    world.run(SECOND);
    assert!(world.seen[&copy].is_closed && !world.seen[&orders].is_closed, "one was told, the other was not");
    let told = world.venue.report().sequenced;
    world.order(orders, enter(1, b'B', 100, 100));
    world.venue.hold(orders, false);
    world.run(SECOND);
    let report = world.venue.report();
    assert_eq!((report.sequenced, report.orders.entered, report.sessions.late), (told, 0, 1));
    assert!(world.seen[&orders].kinds().ends_with('Z'), "and both have heard the same");
}

#[test]
fn a_client_that_does_not_take_its_end_is_cut_off() {
    let mut world = World::new(1, 0, "1s end");
    let id = world.log_in(Port::Orders, 1);
    world.venue.hold(id, true);
    world.run(4 * SECOND - 1);
    assert!(!world.venue.is_over());
    world.run(1);
    assert!(world.venue.is_over() && world.seen[&id].is_closed);
}

#[test]
fn each_mistake_of_a_script_is_named_with_its_line() {
    let problem = |line: &str| script(&format!("# a comment\n\n{line}")).unwrap_err();
    for (line, expected) in [
        ("los A 1", Problem::Fault("los".into())),
        ("5 loss A 1", Problem::Time("5".into())),
        ("5m loss A 1", Problem::Time("5m".into())),
        ("99999999999999s end", Problem::Time("99999999999999s".into())),
        ("loss C 1", Problem::Lines("C".into())),
        ("loss A", Problem::Dose("".into())),
        ("loss A 1.000001", Problem::Dose("1.000001".into())),
        ("loss A 0.0000001", Problem::Dose("0.0000001".into())),
        ("loss A -1", Problem::Dose("-1".into())),
        ("loss A .5", Problem::Dose(".5".into())),
        ("reject next", Problem::Dose("next ".into())),
        ("reject next x", Problem::Dose("next x".into())),
        ("halt", Problem::Symbol("".into())),
        ("halt LONGSYMBOL", Problem::Symbol("LONGSYMBOL".into())),
        ("end now", Problem::Rest("now".into())),
        ("1s", Problem::Fault("".into())),
    ] {
        let error = problem(line);
        assert_eq!((error.line, &error.problem), (3, &expected), "{line}");
        assert!(error.to_string().starts_with("line 3, "));
    }
    let times = script("2s end\n1s end # soon\n end").unwrap().into_iter().map(|(at, _)| at);
    assert_eq!(times.collect::<Vec<_>>(), [0, SECOND, 2 * SECOND]);
}

#[test]
fn a_venue_that_cannot_be_is_refused() {
    let refused = |setup: Setup| Venue::new(setup).unwrap_err();
    let config = setup(1, 0, "").market;
    assert_eq!(refused(Setup::new(config, 0, "TOOLONG", "x")), SetupError::Login);
    assert_eq!(refused(Setup::new(config, 0, "RIPO", "")), SetupError::Login);
    assert_eq!(refused(Setup::new(config, 1_000_001, "RIPO", "x")), SetupError::Rate(1_000_001));
    assert!(matches!(refused(Setup::new(Config { instruments: 0, ..config }, 0, "RIPO", "x")), SetupError::Market(_)));
}

/// Shares by symbol, from a session's messages alone.
fn positions(messages: &[Outbound]) -> BTreeMap<[u8; 8], i64> {
    let (mut orders, mut trades, mut positions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for message in messages {
        match message {
            Outbound::Accepted(a) => _ = orders.insert(a.user_ref, (a.symbol, a.side)),
            Outbound::Replaced(r) => _ = orders.insert(r.user_ref, (r.symbol, r.side)),
            Outbound::Executed(e) => {
                let (symbol, side) = orders[&e.user_ref];
                let signed = if side == b'B' { i64::from(e.quantity) } else { -i64::from(e.quantity) };
                trades.insert((e.match_number, e.user_ref), (symbol, signed));
            }
            Outbound::BrokenTrade(b) => _ = trades.remove(&(b.match_number, b.user_ref)),
            _ => {}
        }
    }
    for (symbol, signed) in trades.values() {
        *positions.entry(*symbol).or_default() += signed;
    }
    positions.retain(|_, shares| *shares != 0);
    positions
}

/// A client that trades, is cut off, comes back where it was; a drop copy that stays. Everything that both saw.
fn trade(seed: u64, faults: &str, steps: &[(bool, u16, u8)]) -> (World, Vec<Outbound>, Vec<Outbound>) {
    let mut world = World::new(seed, 2_000, faults);
    let copy = world.log_in(Port::DropCopy, 1);
    let (mut orders, mut seen) = (world.log_in(Port::Orders, 1), Vec::new());
    for (user_ref, (buys, quantity, wait)) in (1..).zip(steps) {
        let side = if *buys { b'B' } else { b'S' };
        let order = enter(user_ref, side, u32::from(*quantity) + 1, 1_864_200);
        world.order(orders, EnterOrder { time_in_force: b"03"[usize::from(wait % 2)], ..order });
        world.run(u64::from(*wait) * MS);
        orders = world.come_back(orders, &mut seen);
        world.keep_alive();
    }
    // A cut may wait for the second half of an answer; nobody comes back to a session that has ended.
    world.run(10 * MS);
    orders = world.come_back(orders, &mut seen);
    world.venue.end(world.now_ns);
    world.run(4 * SECOND);
    if world.seen[&orders].is_closed {
        seen.extend(world.seen[&orders].sequenced());
    }
    let copied = world.seen[&copy].sequenced();
    (world, seen, copied)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn positions_by_the_drop_copy_equal_those_by_the_order_session(
        seed: u64,
        ratios in prop::array::uniform5(0u8..40),
        steps in prop::collection::vec((any::<bool>(), 0u16..2_000, 0u8..60), 1..60),
    ) {
        let [slow, reject, disconnect, partial, bust] = ratios;
        let faults = format!(
            "slow-ack 45ms 0.{slow:02}\nreject 0.{reject:02}\ndisconnect 0.{disconnect:02}\n\
             partial 0.{partial:02}\nbust 0.{bust:02}"
        );
        let (world, seen, copied) = trade(seed, &faults, &steps);
        prop_assert_eq!(seen.len(), copied.len());
        prop_assert_eq!(&seen, &copied);
        let mut exchange = world.venue.exchange().positions();
        exchange.retain(|_, shares| *shares != 0);
        prop_assert_eq!(positions(&seen), exchange.clone());
        prop_assert_eq!(positions(&copied), exchange);
        prop_assert!(world.venue.is_over());
        let (again, seen_again, _) = trade(seed, &faults, &steps);
        prop_assert_eq!(seen, seen_again);
        prop_assert_eq!(world.packets, again.packets, "the same calls give the same packets");
    }
}

#[test]
fn a_second_account_has_numbers_and_streams_of_its_own_and_the_clients_positions() {
    let mut world = World::new(1, 0, "");
    let [card, copy, host, host_copy] = [Port::Orders, Port::DropCopy, Port::SecondOrders, Port::SecondDropCopy].map(|port| world.log_in(port, 1));
    assert!(!world.seen[&card].is_closed, "another account takes nobody's place");
    world.order(card, take(7, b'B'));
    // The same number, and a smaller one: each account counts for itself.
    world.order(host, take(1, b'B'));
    world.order(host, take(7, b'S'));
    world.order(host, EnterOrder { time_in_force: b'0', ..enter(8, b'B', 5, 10_000) });
    world.order(card, EnterOrder { time_in_force: b'0', ..enter(8, b'B', 6, 10_000) });
    world.order(host, AccountQuery { options: Default::default() });
    for (id, letters) in [(card, "SAEA"), (copy, "SAEA"), (host, "SAEAEAQ"), (host_copy, "SAEAEAQ")] {
        assert_eq!(world.seen[&id].letters(), letters);
    }
    let Some(Outbound::AccountQueryResponse(answer)) = world.seen[&host].sequenced().pop() else { panic!("an answer") };
    assert_eq!(answer.next_user_ref, 9);
    let report = world.venue.report();
    assert_eq!((report.orders.accepted, report.open_orders, report.positions[b"AAPL    "]), (5, 2, 1));
    // A mass cancel is the account's own.
    world.order(host, MassCancel { user_ref: 9, firm: *b"    ", symbol: *b"        ", options: Default::default() });
    assert_eq!((world.venue.report().open_orders, world.seen[&card].letters().as_str()), (1, "SAEA"));
    world.order(card, CancelOrder { user_ref: 8, quantity: 0, options: Default::default() });
    assert_eq!((world.venue.report().open_orders, world.seen[&card].letters().as_str()), (0, "SAEAC"));
}

/// A connection that was there when the day ended, and had not logged in yet.
#[test]
fn who_comes_back_at_the_end_of_the_day_hears_what_was_missed_first() {
    let mut world = World::new(5, 1_000, "");
    let id = world.log_in(Port::Orders, 1);
    world.run(SECOND);
    world.order(id, take(1, b'B'));
    let told = world.seen[&id].sequenced();
    assert!(told.len() > 1, "{told:?}");
    let back = world.venue.connect(world.now_ns, Port::Orders);
    world.seen.entry(back).or_default();
    world.venue.end(world.now_ns);
    world.run(SECOND / 100);
    assert_eq!(world.seen[&back].kinds(), "", "it has not asked yet");
    world.give(back, &packet(kind::LOGIN, format!("{:<6}{:<10}{:10}{:>20}", "RIPO", "riposte", "", 1).as_bytes()));
    world.run_to_end();
    let seen = &world.seen[&back];
    assert!(seen.kinds().starts_with('A') && seen.kinds().ends_with('Z') && seen.is_closed, "{}", seen.kinds());
    assert!(seen.sequenced().starts_with(&told), "all of it, from the beginning");
}
