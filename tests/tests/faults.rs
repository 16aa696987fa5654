//! Bad input, one test each, on model and gateware: the event, the counter, and that no order leaves on a book that
//! may be wrong; or that the card takes no notice. Oracle: the card's page.
use riposte_map::{
    counter::Counter,
    limits::{LEVEL_WAYS, LIVE_ORDERS, ORDER_BANKS, ORDER_WAYS, level_row},
    reason::Reason,
    shm::{EventKind, NONE, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, orders, reasons},
    messages::{action, add, blocks, cancel, delete, executed, executed_price, replace, trade, unknown},
    parameters::{command, parameters, with_silence},
    random::Random,
    traffic::{alike, packet},
};

const PRICE_E4: u32 = 650_000;
const SENT: Reason = Reason::None;

fn print() -> Vec<u8> {
    trade(LOCATE, 1, PRICE_E4)
}

fn bid(reference: u64) -> Vec<u8> {
    add(LOCATE, reference, b'B', 100, PRICE_E4)
}

/// A card with one rule on every print that has sent one order, and one live order, reference 1.
fn live(card: &mut dyn riposte_device::Card) -> Bench<'_> {
    let mut bench = Bench::on_trade(card);
    bench.show(&[bid(1), print()]);
    assert_eq!(bench.orders(), [SENT]);
    bench
}

/// The book is still valid: a print makes an order.
fn stays_valid(bench: &mut Bench) {
    let output = bench.settle();
    assert!(reasons(&output, EventKind::Channel).is_empty() && reasons(&output, EventKind::Invalid).is_empty());
    bench.show(&[print()]);
    let output = bench.settle();
    assert_eq!(orders(&output), [SENT]);
    assert!(reasons(&output, EventKind::Channel).is_empty());
}

/// From the fault on no order leaves, also not in the frames that follow.
fn stays_closed(bench: &mut Bench) {
    let sent = bench.count(Counter::OrdersSent);
    bench.show(&[print(), bid(900), print()]);
    bench.show(&[print()]);
    assert_eq!(bench.orders(), [], "rules do not fire on an invalid book");
    bench.commands(&[command(Opcode::Validate, 0, 0, 0, 0, &[1])]);
    bench.show(&[print()]);
    assert_eq!(bench.orders(), [], "a touched book cannot be declared valid");
    assert_eq!(bench.count(Counter::OrdersSent), sent);
}

/// Exactly one channel event, `reason`, which invalidates the instrument; no order since.
fn closes_channel(bench: &mut Bench, reason: Reason) {
    let output = bench.settle();
    assert_eq!(reasons(&output, EventKind::Channel), [reason]);
    let event = output.events.iter().find(|event| event.kind() == Some(EventKind::Channel)).expect("just seen");
    assert_eq!((event.instrument, event.rule, event.generation), (NONE, NONE, 1));
    assert_eq!(orders(&output), [], "no order behind the fault");
    stays_closed(bench);
}

/// Exactly one Invalid event of the instrument with `reason` and the type of the message; no order since.
fn closes_instrument(bench: &mut Bench, reason: Reason, code: u8) {
    let output = bench.settle();
    assert_eq!(reasons(&output, EventKind::Invalid), [reason]);
    let event = output.events.iter().find(|event| event.kind() == Some(EventKind::Invalid)).expect("just seen");
    assert_eq!((event.instrument, event.detail), (0, u16::from(code)));
    assert_eq!(orders(&output), [], "no order behind the fault");
    assert_eq!(bench.count(Counter::Invalidations), 1);
    stays_closed(bench);
}

/// Shows `message`, then a print in the same frame; the instrument must become invalid for `reason`.
fn message_closes(reason: Reason, before: &[Vec<u8>], message: Vec<u8>) {
    frame_closes(reason, before, &[message, print()]);
}

/// Shows `messages` in one frame; the first must make the instrument invalid for `reason`, before the last.
fn frame_closes(reason: Reason, before: &[Vec<u8>], messages: &[Vec<u8>]) {
    on_each_card(|card| {
        let mut bench = live(card);
        let code = messages[0][0];
        for one in before {
            bench.show(std::slice::from_ref(one));
        }
        bench.settle();
        bench.show(messages);
        closes_instrument(&mut bench, reason, code);
    });
}

/// Shows the next frame with `byte` at `at` changed, without moving the sequence; it must be counted and nothing else.
fn header_is_dropped(at: usize, byte: u8, counter: Counter) {
    on_each_card(|card| {
        let mut bench = live(card);
        let mut frame = packet(false, bench.sequence, 1, &blocks(&[print()]));
        assert_ne!(frame[at], byte);
        frame[at] = byte;
        let packets = bench.count(Counter::Packets);
        bench.raw(&frame);
        assert_eq!(bench.orders(), []);
        assert_eq!((bench.count(counter), bench.count(Counter::Packets)), (1, packets));
        stays_valid(&mut bench);
    });
}

#[test]
fn ip_options_are_dropped_and_counted() {
    header_is_dropped(14, 0x46, Counter::IpOptions);
}

#[test]
fn a_fragment_is_dropped_and_counted() {
    header_is_dropped(20, 0x20, Counter::IpFragments);
    header_is_dropped(21, 0x01, Counter::IpFragments);
}

#[test]
fn a_udp_length_that_lies_is_dropped_and_counted() {
    header_is_dropped(39, 27, Counter::UdpLength);
    header_is_dropped(38, 1, Counter::UdpLength);
    header_is_dropped(17, 1, Counter::UdpLength);
}

#[test]
fn frames_of_others_are_dropped_and_counted() {
    for (at, byte) in [(12, 0x86), (13, 6), (14, 0x65), (23, 6), (30, 234), (33, 112), (36, 0), (37, 0)] {
        header_is_dropped(at, byte, Counter::FramesOther);
    }
}

#[test]
fn a_bad_fcs_closes_the_channel() {
    on_each_card(|card| {
        let mut bench = live(card);
        let frame = bench.next_frame(&[bid(2), bid(3)]);
        bench.raw_bad(&frame);
        closes_channel(&mut bench, Reason::BadFrame);
        assert_eq!((bench.count(Counter::FramesBad), bench.count(Counter::FramesTruncated)), (1, 0));
    });
}

#[test]
fn an_order_cut_through_a_frame_with_a_bad_fcs_is_followed_by_the_fact() {
    on_each_card(|card| {
        let mut bench = live(card);
        let frame = bench.next_frame(&[print(), unknown(255), unknown(255)]);
        bench.raw_bad(&frame);
        let output = bench.settle();
        assert_eq!(orders(&output), [SENT], "it left before the frame's end");
        assert_eq!(reasons(&output, EventKind::Channel), [Reason::BadFrame]);
        stays_closed(&mut bench);
    });
}

#[test]
fn a_bad_fcs_of_another_frame_is_counted_only() {
    on_each_card(|card| {
        let mut bench = live(card);
        let mut frame = packet(false, bench.sequence, 1, &blocks(&[print()]));
        frame[33] ^= 1;
        bench.raw_bad(&frame);
        assert_eq!((bench.count(Counter::FramesBad), bench.count(Counter::FramesOther)), (1, 1));
        stays_valid(&mut bench);
    });
}

#[test]
fn a_truncated_frame_closes_the_channel() {
    on_each_card(|card| {
        for tagged in [false, true] {
            let shift = if tagged { 4 } else { 0 };
            let whole = packet(tagged, 1, 2, &blocks(&[bid(2), print()]));
            // From the end of the MoldUDP64 header on; shorter frames are of others. The print's price ends at
            // byte 138: a cut behind it is the next test's.
            for length in 62 + shift..138 + shift {
                let mut bench = live(card);
                bench.tagged = tagged;
                let mut frame = bench.next_frame(&[bid(2), print()]);
                assert_eq!(frame.len(), whole.len());
                frame.truncate(length);
                bench.raw(&frame);
                closes_channel(&mut bench, Reason::Truncated);
                assert_eq!(bench.count(Counter::FramesTruncated), 1, "{length} bytes");
            }
        }
    });
}

#[test]
fn an_order_cut_through_a_truncated_frame_is_followed_by_the_fact() {
    on_each_card(|card| {
        let mut bench = live(card);
        let mut frame = bench.next_frame(&[print(), unknown(255), unknown(255)]);
        frame.truncate(300);
        bench.raw(&frame);
        let output = bench.settle();
        assert_eq!((orders(&output), reasons(&output, EventKind::Channel)), (vec![SENT], vec![Reason::Truncated]));
        stays_closed(&mut bench);
    });
}

#[test]
fn a_frame_too_short_for_its_headers_is_of_others() {
    // The count is the header's last field: half of it may look like a count of its own.
    for (tagged, count, needed) in [(false, 1, 62), (false, 0xffff, 62), (true, 1, 66), (true, 0xffff, 66)] {
        on_each_card(|card| {
            let mut bench = live(card);
            let frame = packet(tagged, bench.sequence, count, &blocks(&[print()]));
            for length in 1..needed {
                bench.raw(&frame[..length]);
            }
            assert_eq!(bench.count(Counter::FramesOther) as usize, needed - 1);
            stays_valid(&mut bench);
        });
    }
}

/// A packet, and in which cycle behind the first one's it begins.
type Packet<'a> = (u64, &'a dyn Fn(&mut Bench));

/// As `live`, with a feed that is silent behind so many cycles without a packet.
fn listening(card: &mut dyn riposte_device::Card, cycles: u32) -> Bench<'_> {
    let mut bench = live(card);
    listen(&mut bench, 2, cycles);
    bench
}

fn listen(bench: &mut Bench, generation: u32, cycles: u32) {
    let mut set = parameters(&[instrument(&[ON_TRADE])], generation);
    with_silence(&mut set, cycles);
    bench.commands(&set);
}

#[test]
fn a_feed_that_may_be_silent_for_ever_sends_nothing() {
    on_each_card(|card| {
        let mut bench = live(card);
        for (generation, cycles, expected) in [(2, u32::MAX, SENT), (3, 0, Reason::Age), (4, 100_000, SENT)] {
            listen(&mut bench, generation, cycles);
            bench.show(&[print()]);
            assert_eq!(orders(&bench.settle()), [expected], "{cycles} cycles");
        }
    });
}

/// Which of these packets find the feed silent, which one must vouch for in 30,000 cycles.
fn silences(card: &mut dyn riposte_device::Card, packets: &[Packet]) -> Vec<Vec<Reason>> {
    let mut bench = listening(card, 30_000);
    bench.settle();
    let from = bench.card.cycle();
    let shown = packets.iter().map(|(at, show)| {
        let cycles = from + at - bench.card.cycle();
        bench.card.idle(cycles);
        show(&mut bench);
        reasons(&bench.settle(), EventKind::Channel)
    });
    shown.collect()
}

#[test]
fn a_feed_is_silent_a_cycle_behind_the_last_in_which_a_packet_had_to_come() {
    let trade: &dyn Fn(&mut Bench) = &|bench| bench.show(&[print()]);
    let without_messages = |bench: &mut Bench, count: u16| {
        let frame = packet(false, bench.sequence, count, &[]);
        bench.raw(&frame);
    };
    let heartbeat: &dyn Fn(&mut Bench) = &|bench| without_messages(bench, 0);
    let end: &dyn Fn(&mut Bench) = &|bench| without_messages(bench, 0xffff);
    let silent = vec![Reason::FeedSilent];
    on_each_card(|card| {
        assert_eq!(silences(card, &[(90_000, trade), (120_001, trade)]), [vec![], vec![]], "nothing came, so nothing is missed");
        assert_eq!(silences(card, &[(0, trade), (30_002, trade)]), [vec![], silent.clone()]);
        assert_eq!(silences(card, &[(0, trade), (30_001, heartbeat), (60_003, trade)]), [vec![], vec![], silent.clone()]);
        assert_eq!(silences(card, &[(0, trade), (90_000, trade), (120_001, trade)]), [vec![], silent.clone(), vec![]], "told once");
        // Behind the end of a session nothing has to come.
        assert_eq!(silences(card, &[(0, end), (90_000, trade)]), [vec![Reason::EndOfSession], vec![]]);
        let mut bench = listening(card, 2_000);
        bench.show(&[print()]);
        assert_eq!(orders(&bench.settle()), [SENT]);
        bench.card.idle(3_000);
        assert_eq!((reasons(&bench.settle(), EventKind::Channel), bench.count(Counter::FeedSilences)), (silent.clone(), 1));
        stays_closed(&mut bench);
    });
}

/// A packet of `count` messages whose blocks are `body`, then a frame with a print.
fn body_closes(reason: Reason, counter: Counter, count: u16, body: &[u8]) {
    for tagged in [false, true] {
        on_each_card(|card| {
            let mut bench = live(card);
            let frame = packet(tagged, bench.sequence, count, body);
            bench.sequence += u64::from(count);
            bench.raw(&frame);
            closes_channel(&mut bench, reason);
            assert_eq!(bench.count(counter), 1);
        });
    }
}

fn with_length(mut message: Vec<u8>, length: u16) -> Vec<u8> {
    message.splice(0..0, length.to_be_bytes());
    message
}

#[test]
fn a_block_of_length_zero_closes_the_channel() {
    let body = [vec![0, 0], blocks(&[print()])].concat();
    body_closes(Reason::MalformedBlock, Counter::MalformedBlocks, 2, &body);
}

#[test]
fn a_block_shorter_than_any_message_closes_the_channel() {
    let body = [vec![0, 10], vec![b'P'; 10], blocks(&[print()])].concat();
    body_closes(Reason::MalformedBlock, Counter::MalformedBlocks, 2, &body);
}

#[test]
fn a_block_longer_than_its_packet_closes_the_channel() {
    for length in [45, 255, 256, 0x2c00, u16::MAX] {
        body_closes(Reason::MalformedBlock, Counter::MalformedBlocks, 1, &with_length(print(), length));
    }
}

#[test]
fn a_block_that_is_cut_closes_the_channel() {
    let body = blocks(&[bid(2), print()]);
    // The second block lacks its last byte, all of its data, half of its prefix, or is not there at all.
    for length in [body.len() - 1, 40, 39, 38] {
        body_closes(Reason::MalformedBlock, Counter::MalformedBlocks, 2, &body[..length]);
    }
}

#[test]
fn an_unknown_type_is_passed_over() {
    on_each_card(|card| {
        for length in 11..=255 {
            let mut bench = live(card);
            bench.show(&[unknown(length), print()]);
            assert_eq!(bench.orders(), [SENT], "{length} bytes");
            assert_eq!(bench.count(Counter::UnknownTypes), 1);
            stays_valid(&mut bench);
        }
    });
}

#[test]
fn a_known_type_of_a_wrong_length_closes_the_channel() {
    // Types that matter, one that is passed over, and lengths of other types.
    for (message, length) in [
        (bid(2), 35), (bid(2), 40), (delete(LOCATE, 1), 18), (delete(LOCATE, 1), 23), (print(), 43), (print(), 36),
        (action(LOCATE, b'T'), 24), (with_type(b'L', 26), 27), (with_type(b'S', 12), 11),
    ] {
        let mut message = message;
        message.resize(length, 0);
        body_closes(Reason::BadLength, Counter::BadLengths, 2, &blocks(&[message, print()]));
    }
}

fn with_type(code: u8, length: usize) -> Vec<u8> {
    let mut message = unknown(length);
    message[0] = code;
    message
}

#[test]
fn a_gap_closes_the_channel_in_the_packet_that_shows_it() {
    on_each_card(|card| {
        let mut bench = live(card);
        let expected = bench.sequence;
        bench.sequence += 3;
        bench.show(&[print(), print()]);
        let output = bench.settle();
        let event = output.events.iter().find(|event| event.kind() == Some(EventKind::Channel)).expect("a gap");
        let numbers = [event.bid, event.ask].map(|level| u64::from(level.price_e4) | u64::from(level.quantity) << 32);
        assert_eq!((event.reason(), numbers), (Some(Reason::Gap), [expected, expected + 3]));
        assert_eq!(orders(&output), [], "not even for the messages of that packet");
        assert_eq!(bench.count(Counter::Gaps), 1);
        stays_closed(&mut bench);
        assert_eq!(bench.count(Counter::Gaps), 1, "the sequence goes on behind the gap");
    });
}

#[test]
fn a_duplicate_is_dropped_and_counted() {
    on_each_card(|card| {
        let mut bench = live(card);
        let frame = bench.next_frame(&[bid(2), print()]);
        bench.raw(&frame);
        assert_eq!(bench.orders(), [SENT]);
        bench.raw(&frame);
        assert_eq!(bench.orders(), [], "no order for what was already seen");
        assert_eq!((bench.count(Counter::Duplicates), bench.count(Counter::MessagesAdd)), (1, 2));
        stays_valid(&mut bench);
    });
}

#[test]
fn an_overlap_delivers_what_is_new() {
    on_each_card(|card| {
        let mut bench = live(card);
        let first = bench.sequence;
        bench.show(&[bid(2), print()]);
        assert_eq!(bench.orders(), [SENT]);
        bench.raw(&packet(false, first, 4, &blocks(&[bid(2), print(), bid(3), print()])));
        bench.sequence = first + 4;
        assert_eq!(bench.orders(), [SENT], "one print is new");
        assert_eq!((bench.count(Counter::Overlaps), bench.count(Counter::MessagesAdd)), (1, 3));
        stays_valid(&mut bench);
    });
}

#[test]
fn packets_out_of_order_close_the_channel_once_and_the_late_one_is_a_duplicate() {
    on_each_card(|card| {
        let mut bench = live(card);
        let first = bench.next_frame(&[bid(2)]);
        let second = bench.next_frame(&[bid(3)]);
        bench.raw(&second);
        bench.raw(&first);
        closes_channel(&mut bench, Reason::Gap);
        assert_eq!((bench.count(Counter::Gaps), bench.count(Counter::Duplicates)), (1, 1));
    });
}

#[test]
fn the_end_of_the_session_closes_the_channel() {
    on_each_card(|card| {
        let mut bench = live(card);
        for _ in 0..3 {
            bench.raw(&packet(false, bench.sequence, 0xffff, &[]));
        }
        closes_channel(&mut bench, Reason::EndOfSession);
        assert_eq!(bench.count(Counter::EndsOfSession), 3, "repeated by the exchange, told once");
    });
}

#[test]
fn another_session_closes_the_channel_and_its_messages_are_dropped() {
    on_each_card(|card| {
        for byte in 42..52 {
            let mut bench = live(card);
            let mut frame = packet(false, bench.sequence, 2, &blocks(&[bid(2), print()]));
            frame[byte] ^= 1;
            bench.raw(&frame);
            closes_channel(&mut bench, Reason::SessionChange);
            assert_eq!(bench.count(Counter::SessionChanges), 1);
            assert_eq!(bench.count(Counter::MessagesAdd), 2, "that of the start and of the check; not the session's");
        }
    });
}

#[test]
fn a_heartbeat_is_counted_and_one_that_is_ahead_shows_a_gap() {
    on_each_card(|card| {
        let mut bench = live(card);
        bench.raw(&packet(false, bench.sequence, 0, &[]));
        bench.card.idle(4);
        assert_eq!(bench.count(Counter::Heartbeats), 1);
        stays_valid(&mut bench);
        bench.sequence += 1;
        bench.raw(&packet(false, bench.sequence, 0, &[]));
        closes_channel(&mut bench, Reason::Gap);
        assert_eq!((bench.count(Counter::Heartbeats), bench.count(Counter::Gaps)), (2, 1));
    });
}

#[test]
fn an_unknown_locate_is_passed_over() {
    on_each_card(|card| {
        let mut bench = live(card);
        let messages = [0, 1, LOCATE + 1, LOCATE << 8, u16::MAX].map(|locate| delete(locate, 77));
        bench.show(&messages);
        assert_eq!(bench.count(Counter::Unwatched), 5);
        stays_valid(&mut bench);
    });
}

#[test]
fn a_delete_of_an_unknown_order_closes_the_instrument() {
    message_closes(Reason::UnknownReference, &[], delete(LOCATE, 77));
    // Known, but in the other half of the reference.
    message_closes(Reason::UnknownReference, &[], delete(LOCATE, 1 | 1 << 63));
    message_closes(Reason::UnknownReference, &[delete(LOCATE, 1)], delete(LOCATE, 1));
}

#[test]
fn any_change_of_an_unknown_order_closes_the_instrument() {
    message_closes(Reason::UnknownReference, &[], executed(LOCATE, 77, 1));
    message_closes(Reason::UnknownReference, &[], executed_price(LOCATE, 77, 1, b'Y', PRICE_E4));
    message_closes(Reason::UnknownReference, &[], cancel(LOCATE, 77, 1));
    message_closes(Reason::UnknownReference, &[], replace(LOCATE, 77, 78, 1, PRICE_E4));
}

#[test]
fn more_shares_than_the_order_has_close_the_instrument() {
    message_closes(Reason::OverExecution, &[], executed(LOCATE, 1, 101));
    message_closes(Reason::OverExecution, &[], executed_price(LOCATE, 1, 101, b'Y', PRICE_E4));
    message_closes(Reason::OverExecution, &[], cancel(LOCATE, 1, 101));
    message_closes(Reason::OverExecution, &[cancel(LOCATE, 1, 99)], cancel(LOCATE, 1, 2));
    message_closes(Reason::OverExecution, &[], executed(LOCATE, 1, u32::MAX));
}

#[test]
fn a_duplicate_reference_closes_the_instrument() {
    message_closes(Reason::DuplicateReference, &[], add(LOCATE, 1, b'S', 5, PRICE_E4 + 100));
    message_closes(Reason::DuplicateReference, &[bid(2)], replace(LOCATE, 2, 1, 5, PRICE_E4));
}

#[test]
fn an_order_without_shares_or_side_closes_the_instrument() {
    message_closes(Reason::BadOrder, &[], add(LOCATE, 2, b'B', 0, PRICE_E4));
    message_closes(Reason::BadOrder, &[], add(LOCATE, 2, b'X', 100, PRICE_E4));
    message_closes(Reason::BadOrder, &[], replace(LOCATE, 1, 2, 0, PRICE_E4));
}

#[test]
fn a_crossed_book_closes_the_instrument_and_a_locked_one_does_not() {
    message_closes(Reason::Crossed, &[], add(LOCATE, 2, b'S', 100, PRICE_E4 - 1));
    message_closes(Reason::Crossed, &[add(LOCATE, 2, b'S', 1, PRICE_E4 + 1)], add(LOCATE, 3, b'B', 1, PRICE_E4 + 2));
    on_each_card(|card| {
        let mut bench = live(card);
        bench.show(&[add(LOCATE, 2, b'S', 100, PRICE_E4)]);
        stays_valid(&mut bench);
    });
}

#[test]
fn a_full_order_table_closes_the_instrument_and_says_so() {
    let references = alike(2, ORDER_BANKS * ORDER_WAYS + 1);
    let (last, fitting) = references.split_last().expect("more than there is room for");
    let fitting: Vec<_> = fitting.iter().map(|&one| bid(one)).collect();
    on_each_card(|card| {
        let mut bench = live(card);
        fitting.iter().for_each(|one| bench.show(std::slice::from_ref(one)));
        stays_valid(&mut bench);
    });
    message_closes(Reason::OrderOverflow, &fitting, bid(*last));
}

#[test]
fn as_many_orders_as_are_promised_live_wherever_their_references_fall() {
    on_each_card(|card| {
        let mut random = Random::new(11);
        let mut bench = live(card);
        let mut alive = vec![1];
        let messages: Vec<_> = (0..5 * LIVE_ORDERS)
            .flat_map(|_| {
                let reference = random.draw();
                alive.push(reference);
                let gone = (alive.len() > LIVE_ORDERS).then(|| alive.swap_remove(random.below(LIVE_ORDERS as u64) as usize));
                let price = PRICE_E4 - random.below(60) as u32 * 100;
                [gone.map(|gone| delete(LOCATE, gone)), Some(add(LOCATE, reference, b'B', 100, price))].into_iter().flatten()
            })
            .collect();
        messages.chunks(30).for_each(|some| bench.show(some));
        stays_valid(&mut bench);
        let last: Vec<_> = alive.iter().map(|&reference| delete(LOCATE, reference)).collect();
        last.chunks(30).for_each(|some| bench.show(some));
        stays_valid(&mut bench);
    });
}

#[test]
fn a_full_level_table_closes_the_instrument_and_says_so() {
    let row = level_row(PRICE_E4);
    let below = (1..PRICE_E4).rev().step_by(4).filter(|&price| level_row(price) == row).take(LEVEL_WAYS);
    let adds: Vec<_> = (10..).zip(below).map(|(reference, price)| add(LOCATE, reference, b'B', 1, price)).collect();
    let (last, fitting) = adds.split_last().expect("sixteen");
    on_each_card(|card| {
        let mut bench = live(card);
        fitting.iter().for_each(|one| bench.show(std::slice::from_ref(one)));
        stays_valid(&mut bench);
    });
    // The level table answers last: a print right behind still finds the book valid, and its top is right.
    frame_closes(Reason::LevelOverflow, fitting, &[last.clone(), unknown(20), print()]);
}

#[test]
fn a_fault_of_one_instrument_leaves_the_others_valid() {
    on_each_card(|card| {
        let other = riposte_tests::parameters::Instrument { locate: 99, ..instrument(&[ON_TRADE]) };
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
        bench.show(&[delete(LOCATE, 77), print(), trade(99, 1, PRICE_E4)]);
        let output = bench.settle();
        assert_eq!(orders(&output), [SENT]);
        assert!(output.events.iter().any(|event| event.instrument == 1 && event.kind() == Some(EventKind::OrderSent)));
    });
}
