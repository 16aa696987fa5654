//! From the deciding byte to the order: bytes, cycles, refusals, and commands at exact cycles.
mod support;
use riposte_device::{Card, Frame, Output};
use riposte_map::{
    counter::Counter,
    limits::{DECISION_QUEUE, TRANSMIT_GAP_WORDS},
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use support::*;

/// Tick-to-trade cycles: of a print, of an add, of what goes through the order table, of what empties the top.
const PRINT: u16 = 9;
const ADD: u16 = 10;
const LONG: u16 = 13;
const EMPTIES: u16 = 23;

const SENT: (EventKind, Reason) = (EventKind::OrderSent, Reason::None);

fn refused(reason: Reason) -> (EventKind, Reason) {
    (EventKind::OrderRefused, reason)
}

/// A card whose rule 2 fires on any trade.
fn bench() -> Bench {
    Bench::new([0, 0, 7, 0], [0; 4])
}

fn one_trade() -> Vec<Vec<u8>> {
    vec![trade(LOCATE, 1, 100_500)]
}

/// Kind and reason of the order events.
fn orders(bench: &mut Bench) -> Vec<(EventKind, Reason)> {
    let is_order =
        |e: &(EventKind, Reason)| matches!(e.0, EventKind::OrderSent | EventKind::OrderRefused);
    bench.reasons().into_iter().filter(is_order).collect()
}

#[test]
fn an_order_equals_the_golden_bytes_of_a_real_session() {
    let mut bench = bench();
    bench.show(&[trade(LOCATE, 5, 100_500), trade(LOCATE, 6, 100_600)]);
    let events = bench.events();
    let sent = bench.output.transmitted.clone();
    assert_eq!((events.len(), sent.len()), (2, 2));
    assert_eq!(sent[0].bytes[54..], hex(ENTER));
    assert_eq!(sent[0].bytes[38..46], [5, 6, 7, 8, 1, 2, 3, 4], "sequence, acknowledgement");
    assert_eq!(sent[1].bytes[38..46], [5, 6, 7, 8 + PAYLOAD_BYTES as u8, 1, 2, 3, 4]);
    assert_eq!(sent[1].bytes[58..62], [0, 0, 0, 0x72]);
    for (frame, event) in sent.iter().zip(&events) {
        assert_eq!(tcp_sum(&frame.bytes), 0xffff, "TCP checksum");
        assert_eq!((event.price_e4, event.quantity, event.detail), (630_200, 225, u16::from(b'T')));
        assert_eq!((event.rule, event.generation, event.time_ns), (2, 1, 7));
    }
    assert_eq!(events.iter().map(|e| e.user_ref).collect::<Vec<_>>(), [0x71, 0x72]);
    let idle = sent[1].cycle - sent[0].cycle - IMAGE_WORDS;
    assert_eq!(idle, TRANSMIT_GAP_WORDS as u64, "back to back with the gap of the MAC");
}

#[test]
fn checksums_are_right_for_every_field_value() {
    let mut bench = bench();
    for seed in 1..200_u64 {
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        bench.commands(&[args(Opcode::Session, &[random, seed << 20 | random & 0xffff])]);
        bench.show(&one_trade());
    }
    bench.events();
    assert_eq!(bench.output.transmitted.len(), 199);
    for frame in &bench.output.transmitted {
        assert_eq!(tcp_sum(&frame.bytes), 0xffff);
    }
}

/// Cycles of the one order that `messages`, each in a frame of its own, lead to.
fn cycles(conditions: [u8; 4], thresholds: [u32; 4], messages: &[Vec<u8>]) -> u16 {
    let mut bench = Bench::new(conditions, thresholds);
    for message in messages {
        bench.show(std::slice::from_ref(message));
    }
    let events = bench.events();
    let [event] = events[..] else { panic!("one order, not {events:?}") };
    assert_eq!(event.kind(), Some(EventKind::OrderSent));
    event.cycles
}

#[test]
fn an_isolated_trade_print_takes_the_short_way() {
    assert_eq!(cycles([7, 0, 0, 0], [0; 4], &one_trade()), PRINT);
}

#[test]
fn an_isolated_add_that_improves_the_top_takes_the_short_way() {
    let adds = [add(LOCATE, 1, b'B', 1, 100), add(LOCATE, 2, b'B', 1, 200)];
    assert_eq!(cycles([1, 0, 0, 0], [200, 0, 0, 0], &adds), ADD);
    assert_eq!(cycles([1, 0, 0, 0], [200, 0, 0, 0], &[add_mpid(LOCATE, 2, b'B', 1, 200)]), ADD);
}

#[test]
fn a_delete_that_empties_the_top_waits_for_the_next_best_level() {
    let messages = [add(LOCATE, 1, b'B', 1, 100), add(LOCATE, 2, b'B', 1, 200), delete(LOCATE, 2)];
    assert_eq!(cycles([2, 0, 0, 0], [199, 0, 0, 0], &messages[..1]), ADD);
    let mut bench = Bench::new([0; 4], [0; 4]);
    bench.commands(&parameters([2, 0, 0, 0], [199, 0, 0, 0]));
    bench.show(&messages[..2]);
    bench.commands(&[value(Opcode::Commit, 2)]);
    bench.show(&messages[2..]);
    let events = bench.events();
    let sent: Vec<_> = events.iter().filter(|e| e.kind() == Some(EventKind::OrderSent)).collect();
    assert_eq!((sent.len(), sent[0].cycles, sent[0].bid.price_e4), (1, EMPTIES, 100));
}

#[test]
fn the_second_half_of_a_replace_follows_two_cycles_behind() {
    let messages =
        [add(LOCATE, 1, b'B', 2, 100), add(LOCATE, 2, b'B', 1, 90), replace(LOCATE, 2, 3, 1, 200)];
    assert_eq!(cycles([1, 0, 0, 0], [200, 0, 0, 0], &messages), LONG + 2);
    // The original was the whole top: its removal is slow, and the add commits two cycles later.
    let messages = [add(LOCATE, 1, b'B', 2, 100), replace(LOCATE, 1, 3, 1, 200)];
    assert_eq!(cycles([1, 0, 0, 0], [200, 0, 0, 0], &messages), EMPTIES + 2);
}

#[test]
fn idle_cycles_between_words_do_not_change_tick_to_trade() {
    for stalls in [1, 1 << 12, 1 << 13, 0x5555_5555_5555_5555, u64::MAX] {
        let mut bench = bench();
        let frame = frame_of(SESSION, bench.sequence, 1, &blocks(&one_trade()));
        let start = bench.card.cycle();
        bench.card.frame(&Frame { stalls, ..Frame::new(&frame, 7) });
        let words = frame.len().div_ceil(8);
        let holes = (0..words).filter(|word| stalls >> word & 1 == 1).count();
        assert_eq!(bench.card.cycle(), start + (words + holes) as u64);
        assert_eq!(bench.events()[0].cycles, PRINT);
    }
}

#[test]
fn nothing_is_drained_before_it_was_on_the_bus() {
    let mut bench = bench();
    let start = bench.card.cycle() + SHOWN;
    bench.show(&one_trade());
    // Decisive word 12, gate in 19: the event is in its queue in 21, shown in 23, the frame in 20..=33.
    bench.card.idle(start + 23 - bench.card.cycle());
    let mut output = Output::default();
    bench.card.drain(&mut output);
    assert_eq!(output, Output::default());
    bench.card.idle(1);
    bench.card.drain(&mut output);
    assert_eq!((output.events.len(), output.transmitted.len()), (1, 0));
    bench.card.idle(start + 33 - bench.card.cycle());
    bench.card.drain(&mut output);
    assert_eq!(output.transmitted.len(), 0);
    bench.card.idle(1);
    bench.card.drain(&mut output);
    assert_eq!((output.events.len(), output.transmitted.len()), (1, 1));
    assert_eq!(output.transmitted[0].cycle, start + 20);
}

#[test]
fn a_book_rule_fires_when_it_begins_to_hold_and_a_trade_rule_always() {
    let mut bench = Bench::new([1, 7, 0, 0], [100, u32::MAX, 0, 0]);
    let mut fired = |messages: &[Vec<u8>]| {
        bench.show(messages);
        bench.events().iter().map(|e| e.rule).collect::<Vec<_>>()
    };
    assert_eq!(fired(&[add(LOCATE, 1, b'B', 9, 100)]), [0]);
    assert_eq!(fired(&[add(LOCATE, 2, b'B', 9, 101), trade(LOCATE, 1, 5)]), [], "still holds");
    assert_eq!(fired(&[delete(LOCATE, 1), delete(LOCATE, 2)]), []);
    assert_eq!(fired(&[add(LOCATE, 3, b'B', 9, 100)]), [0], "again");
    assert_eq!(fired(&[trade(LOCATE, 1, u32::MAX), trade(LOCATE, 1, u32::MAX)]), [1, 1]);
    let prints = [
        executed_price(LOCATE, 3, 1, b'Y', u32::MAX),
        executed_price(LOCATE, 3, 1, b'N', u32::MAX),
    ];
    assert_eq!(fired(&prints), [1], "only what is printable");
    assert_eq!(
        fired(&[cancel(LOCATE, 3, 1), executed(LOCATE, 3, 1)]),
        [],
        "at the order's price, 100"
    );
}

#[test]
fn every_reason_of_the_gate_is_found_in_its_order() {
    // What is wrong with the card, and the reason; each card has all that come later too.
    let granted = u64::from(u32::MAX >> 1);
    let order = 225 | 630_200 << 32;
    let of_rule = |command: Command| Command { rule: 2, ..command };
    let mut cooling = template(0, 2, 225, 630_200)[0];
    cooling.args[2] = 0;
    let row = |sides: u64, quantity: u64, high: u64, worth: u64| {
        args(Opcode::WriteInstrument, &[u64::from(LOCATE) | sides << 16, quantity | 1 << 32, high, worth])
    };
    let broken: [(Reason, Vec<Command>); 24] = [
        (Reason::Increment, vec![row(0b1111, 225, 700_000 | REACH_ALL << 32, u64::MAX)]),
        (Reason::Unacknowledged, vec![args(Opcode::Credit, &[u64::MAX >> 1, granted])]),
        (Reason::OpenOrders, vec![args(Opcode::Credit, &[u64::MAX >> 1, 0])]),
        (Reason::Exposure, vec![args(Opcode::Credit, &[0, 0])]),
        (Reason::Position, vec![args(Opcode::Lease, &[0])]),
        (Reason::Throttle, vec![gate_limits(1, 0, u16::MAX)]),
        (Reason::Repeated, vec![of_rule(value(Opcode::Repeat, 0))]),
        (Reason::CoolDown, vec![cooling]),
        (Reason::Age, vec![gate_limits(1, 0, 0)]),
        (Reason::SessionUnset, vec![args(Opcode::Session, &[0, 0])]),
        (Reason::TemplateUnset, vec![of_rule(args(Opcode::WriteTemplate, &[order, u64::from(b'T'), 0]))]),
        (Reason::LiveCollar, vec![row(0b1111, 225, 630_200, u64::MAX)]),
        (Reason::Collar, vec![row(0b1111, 225, 630_199, u64::MAX)]),
        (Reason::Value, vec![row(0b1111, 225, 0, 141_794_999)]),
        (Reason::Quantity, vec![row(0b1111, 224, 0, 0)]),
        (Reason::Side, vec![row(0b0111, 0, 0, 0)]),
        (Reason::InstrumentDisabled, vec![row(0, 0, 0, 0)]),
        (Reason::NotTrading, vec![]),
        (Reason::BookInvalid, vec![]),
        (Reason::Fenced, vec![args(Opcode::Fence, &[1])]),
        (Reason::StaleGeneration, vec![]),
        (Reason::Disarmed, vec![value(Opcode::Disarm, 0)]),
        (Reason::HostSilent, vec![args(Opcode::Heartbeat, &[0])]),
        (Reason::Killed, vec![value(Opcode::Kill, 0)]),
    ];
    for last in 0..broken.len() {
        let mut bench = bench();
        bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
        let chosen = &broken[..=last];
        for (_, commands) in chosen {
            bench.commands(commands);
        }
        bench.commands(&[value(Opcode::Commit, 2)]);
        let has = |reason: Reason| chosen.iter().any(|(r, _)| *r == reason);
        if has(Reason::NotTrading) {
            bench.show(&[action(LOCATE, b'P')]);
        }
        bench.events();
        // The trade is looked up in word 8 + 1; gate 19 cycles after the frame's start.
        let start = bench.card.cycle() + SHOWN;
        if has(Reason::BookInvalid) {
            bench.card.schedule(start + 15, &args(Opcode::Invalidate, &[1]));
        }
        if has(Reason::StaleGeneration) {
            bench.card.schedule(start + 16, &value(Opcode::Commit, 3));
        }
        bench.show(&one_trade());
        assert_eq!(orders(&mut bench), [refused(broken[last].0)]);
        assert_eq!((bench.count(Counter::OrdersRefused), bench.count(Counter::OrdersSent)), (1, 0));
        // Counters of the gate's reasons stand in its order, the one of no generation first; that of increments came later.
        let numbers = (0..24).map(|at| Counter::RefusedNoGeneration as usize + at).chain([Counter::RefusedIncrement as usize]);
        let counted: Vec<u32> = numbers.map(|at| bench.card.counters()[at]).collect();
        let mut expected = vec![0; 25];
        expected[24 - last] = 1;
        assert_eq!(counted, expected, "{:?}", broken[last].0);
        assert!(bench.output.transmitted.is_empty());
    }
}

#[test]
fn limits_hold_exactly() {
    for (maximum, low, high, expected) in [
        (225, 630_200, 630_200, SENT),
        (224, 630_200, 630_200, refused(Reason::Quantity)),
        (225, 630_201, 2_000_000, refused(Reason::Collar)),
        (225, 1, 630_199, refused(Reason::Collar)),
        (225, 0, 0, refused(Reason::Collar)),
        (0, 1, 2_000_000, refused(Reason::Quantity)),
    ] {
        let mut bench = bench();
        bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
        let template = template(0, 2, 225, 630_200)[0];
        bench.commands(&[instrument(0, LOCATE, true, maximum, low, high), template, value(Opcode::Commit, 2)]);
        bench.show(&one_trade());
        assert_eq!(orders(&mut bench), [expected]);
    }
}

#[test]
fn a_template_needs_two_to_sixteen_words_and_a_last_one_of_one_to_eight_bytes() {
    for words in 0..32 {
        for last in 0..16 {
            let mut bench = bench();
            bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
            let fields = u64::from(b'T') | words << 8 | last << 16;
            let template = args(Opcode::WriteTemplate, &[225 | 630_200 << 32, fields, 1, 1 << 40, units(630_200, 225)]);
            bench.commands(&[Command { rule: 2, ..template }, value(Opcode::Commit, 2)]);
            bench.show(&one_trade());
            let set = (2..=16).contains(&words) && (1..=8).contains(&last);
            let expected = if set { SENT } else { refused(Reason::TemplateUnset) };
            assert_eq!(orders(&mut bench), [expected], "{words} words, {last} bytes");
            let lengths: Vec<_> = bench.output.transmitted.iter().map(|t| t.bytes.len()).collect();
            let sent = set.then(|| (8 * words + last - 8) as usize);
            assert_eq!(lengths, Vec::from_iter(sent), "{words} words, {last} bytes");
        }
    }
}

/// A trade's bank becomes the shadow in cycle 10, just after the look-up; then come `writes`, each with
/// the cycle that shows it. Commit in 14, verdict in 17, pick in 18, gate in 19.
fn stale_trade(writes: &[(u64, Command)]) -> Bench {
    let mut bench = bench();
    let start = bench.card.cycle() + SHOWN;
    bench.card.schedule(start + 7, &value(Opcode::Commit, 2));
    for (shown, write) in writes {
        bench.card.schedule(start + shown, write);
    }
    bench.show(&one_trade());
    bench
}

#[test]
fn rules_are_those_of_the_cycle_of_the_commit() {
    let off = rules(0, [0; 4], [0; 4]);
    let other = rules(0, [0, 7, 0, 0], [0; 4]);
    type Case<'a> = (&'a [(u64, Command)], &'a [u8]);
    let cases: [Case; 10] = [
        (&[(8, off)], &[]),
        (&[(11, off)], &[]),
        (&[(12, off)], &[2]),
        (&[(13, off)], &[2]),
        (&[(14, off)], &[2]),
        (&[(15, off)], &[2]),
        (&[(12, off), (13, other)], &[2]),
        (&[(11, other)], &[1]),
        (&[(11, other), (12, off)], &[1]),
        (&[(11, Command { instrument: 1, ..off })], &[2]),
    ];
    for (writes, fired) in cases {
        let mut bench = stale_trade(writes);
        let events = bench.events();
        let seen = events.iter().filter(|e| e.reason() == Some(Reason::StaleGeneration));
        assert_eq!(seen.map(|e| e.rule).collect::<Vec<_>>(), fired, "{writes:?}");
        assert_eq!(bench.count(Counter::Decisions) as usize, fired.len(), "{writes:?}");
    }
}

#[test]
fn rules_kept_for_one_verdict_do_not_reach_the_next() {
    // Two trades whose decisive bytes are in words 12 and 18: verdicts in 17 and 23.
    let mut bench = bench();
    let start = bench.card.cycle() + SHOWN;
    bench.card.schedule(start + 13, &value(Opcode::Commit, 2));
    bench.card.schedule(start + 14, &rules(0, [0; 4], [0; 4]));
    bench.show(&[trade(LOCATE, 1, 5), trade(LOCATE, 1, 5)]);
    bench.events();
    // The second is looked up in cycle 15, under the old bank, and judged by what is written there.
    assert_eq!(bench.count(Counter::Decisions), 1);
}

#[test]
fn a_refused_order_tells_of_the_template_as_it_was_read() {
    for (shown, quantity) in [(8, 5), (14, 5), (15, 225), (17, 225)] {
        let write = Command { rule: 2, ..args(Opcode::WriteTemplate, &[5, 0]) };
        let events = stale_trade(&[(shown, write)]).events();
        let order = events.iter().find(|e| e.kind() == Some(EventKind::OrderRefused));
        let order = order.expect("an order that is refused");
        assert_eq!(order.reason(), Some(Reason::StaleGeneration));
        assert_eq!(order.quantity, quantity, "write shown in {shown}");
    }
}

#[test]
fn a_word_of_the_image_can_change_until_it_is_read() {
    let mut bench = bench();
    bench.show(&one_trade());
    bench.events();
    let plain = bench.output.transmitted[0].bytes.clone();
    let filled = [38..46, 50..52, 58..67, 75..83];
    // The gate is passed in 19; a commit shown in 17 lays the bank open, so that a write is shown in 18
    // or later. Word j is read in 18 + j.
    for word in 2..IMAGE_WORDS {
        for (rule, shown) in [(2, 15 + word), (2, 16 + word), (1, 15 + word)] {
            if shown < 18 {
                continue;
            }
            let mut bench = self::bench();
            let start = bench.card.cycle() + SHOWN;
            let write = args(Opcode::WriteImage, &[u64::MAX]);
            let write = Command { rule, index: word as u8, ..write };
            bench.card.schedule(start + 17, &value(Opcode::Commit, 2));
            bench.card.schedule(start + shown, &write);
            bench.show(&one_trade());
            assert_eq!(orders(&mut bench), [SENT]);
            let mut expected = plain.clone();
            if (rule, shown) == (2, 15 + word) {
                for (at, byte) in expected.iter_mut().enumerate() {
                    if at as u64 / 8 == word && !filled.iter().any(|field| field.contains(&at)) {
                        *byte = 0xff;
                    }
                }
            }
            let sent = &bench.output.transmitted[0].bytes;
            assert_eq!(*sent, expected, "word {word} of rule {rule}, shown in {shown}");
        }
    }
}

#[test]
fn a_card_out_of_reset_receives_and_sends_nothing() {
    let mut bench = bench();
    bench.show(&one_trade());
    bench.card.reset();
    assert_eq!((bench.card.cycle(), bench.card.live_orders()), (0, 0));
    assert_eq!(bench.card.counters(), [0; Counter::COUNT]);
    bench.show(&one_trade());
    assert_eq!(bench.reasons(), []);
    assert_eq!(bench.count(Counter::FramesOther), 1, "no feed");
}

#[test]
fn kill_acts_three_cycles_after_it_is_shown() {
    for (shown, expected) in
        [(15, refused(Reason::Killed)), (16, refused(Reason::Killed)), (17, SENT)]
    {
        let mut bench = bench();
        bench.card.schedule(bench.card.cycle() + SHOWN + shown, &value(Opcode::Kill, 0));
        bench.show(&one_trade());
        assert_eq!(orders(&mut bench), [expected], "gate in 19, kill shown in {shown}");
        bench.show(&one_trade());
        bench.commands(&[value(Opcode::Arm, 0)]);
        assert_eq!(orders(&mut bench), [refused(Reason::Killed)], "arming does not lift it");
        bench.commands(&[value(Opcode::ClearKill, 0)]);
        bench.show(&one_trade());
        assert_eq!(orders(&mut bench), [SENT], "and kill does not disarm");
    }
}

#[test]
fn a_commit_in_mid_frame_gives_the_old_or_the_new_generation() {
    // The prefix ends in word 7, so the trade is looked up in cycle 9: what is shown in 6 acts.
    for (shown, generation, expected) in
        [(5, 2, SENT), (6, 2, SENT), (7, 1, refused(Reason::StaleGeneration)), (17, 1, SENT)]
    {
        let mut bench = bench();
        bench.commands(&parameters([0, 0, 7, 0], [0; 4]));
        bench.events();
        bench.card.schedule(bench.card.cycle() + SHOWN + shown, &value(Opcode::Commit, 2));
        bench.show(&one_trade());
        let events = bench.events();
        let order = events.iter().find(|e| e.kind() != Some(EventKind::Command)).expect("an order");
        assert_eq!(order.generation, generation, "commit shown in {shown}");
        assert_eq!((order.kind(), order.reason()), (Some(expected.0), Some(expected.1)));
    }
}

#[test]
fn a_gap_stops_an_order_that_waits_for_the_transmitter() {
    // Two trades: the second's gate is 37 cycles after the start. A gap's books are invalid 11 cycles
    // after the start of its frame.
    for (start, expected) in [(26, refused(Reason::BookInvalid)), (27, SENT)] {
        let mut bench = bench();
        let begin = bench.card.cycle();
        bench.show(&[trade(LOCATE, 1, 5), trade(LOCATE, 1, 5)]);
        bench.card.idle(begin + start - bench.card.cycle());
        bench.sequence += 1;
        bench.show(&[system(b'Q')]);
        assert_eq!(orders(&mut bench), [SENT, expected], "gap frame starts in {start}");
    }
}

#[test]
fn a_session_command_beats_a_send_in_the_same_cycle() {
    for (shown, second) in [(16, 0x501), (17, 0x500), (18, 0x500)] {
        let mut bench = bench();
        let session = args(Opcode::Session, &[9, 0x500]);
        bench.card.schedule(bench.card.cycle() + SHOWN + shown, &session);
        bench.show(&one_trade());
        bench.show(&one_trade());
        let references: Vec<u32> =
            bench.events().iter().map(|e| e.user_ref).filter(|&r| r != 0).collect();
        assert_eq!(references, [if shown == 16 { 0x500 } else { 0x71 }, second]);
    }
}

#[test]
fn a_full_decision_queue_refuses_and_says_which_rules() {
    let mut bench = Bench::new([0, 0, 7, 0], [0; 4]);
    bench.commands(&[value(Opcode::Trace, 1)]);
    bench.events();
    let first = bench.sequence;
    bench.show(&vec![trade(LOCATE, 1, 5); 40]);
    // Message j has its last decisive byte at 63 + 46 j + 36; the verdict is five cycles later, and a
    // pick follows the one before after its gate, the image and the gap; a place is taken to the cycle behind it.
    let (mut picks, mut dropped) = (Vec::new(), Vec::new());
    for message in 0..40 {
        let verdict: u64 = (99 + 46 * message) / 8 + 5;
        if picks.iter().filter(|&&pick| pick + 1 >= verdict).count() == DECISION_QUEUE {
            dropped.push(first + message);
        } else {
            let free = picks.last().map_or(0, |pick| pick + 1 + IMAGE_WORDS + 3);
            picks.push(free.max(verdict + 1));
        }
    }
    assert!(dropped.len() > 10);
    let events = bench.events();
    let full: Vec<_> = events.iter().filter(|e| e.reason() == Some(Reason::QueueFull)).collect();
    assert_eq!(full.iter().map(|e| e.feed_sequence).collect::<Vec<_>>(), dropped);
    assert!(full.iter().all(|e| e.detail == 0b0100 && e.rule == 0xff));
    assert!(full.iter().all(|e| e.user_ref == 0 && e.cycles == 0 && e.price_e4 == 0));
    let books = events.iter().filter(|e| e.kind() == Some(EventKind::Book)).count();
    assert_eq!(books, 40 - dropped.len(), "one event a verdict");
    assert_eq!(bench.count(Counter::DecisionsDropped) as usize, dropped.len());
    assert_eq!(bench.count(Counter::Decisions) as usize, picks.len());
    assert_eq!(bench.count(Counter::OrdersSent) as usize, picks.len());
}

#[test]
fn refused_rules_of_one_decision_follow_each_other_two_cycles_apart() {
    let mut bench = Bench::new([7, 7, 7, 7], [0; 4]);
    bench.commands(&[value(Opcode::Disarm, 0)]);
    bench.events();
    bench.show(&one_trade());
    let seen: Vec<_> = bench.events().iter().map(|e| (e.rule, e.cycles)).collect();
    assert_eq!(seen, [(0, 9), (1, 11), (2, 13), (3, 15)]);
}

#[test]
fn a_decision_waits_for_the_last_byte_it_needs_and_no_longer() {
    for unknown in 11..19 {
        // A message of another's type moves the next one over all eight positions in a word.
        let first_byte = 62 + 2 + unknown + 2;
        for (message, needed, delay) in [
            (trade(LOCATE, 1, 5), 36, PRINT),
            (add_mpid(LOCATE, 3, b'B', 1, 100), 36, ADD),
            (add(LOCATE, 3, b'B', 1, 100), 36, ADD),
            (executed(LOCATE, 1, 1), 23, LONG),
            (executed_price(LOCATE, 1, 1, b'Y', 5), 36, LONG),
        ] {
            let mut bench = Bench::new([7, 1, 0, 0], [0, 100, 0, 0]);
            bench.show(&[add(LOCATE, 1, b'B', 2, 1)]);
            bench.events();
            let start = bench.card.cycle();
            bench.show(&[vec![b'z'; unknown], message.clone()]);
            bench.events();
            let sent: Vec<_> = bench.output.transmitted.iter().map(|t| t.cycle - start).collect();
            let word = (first_byte + needed - 1) / 8;
            assert_eq!(sent, [word as u64 + u64::from(delay)], "{} at {first_byte}", message[0] as char);
        }
    }
}

#[test]
fn a_lost_event_kills_the_card() {
    let mut bench = bench();
    bench.commands(&[value(Opcode::Trace, 1)]);
    let start = bench.card.cycle();
    for cycle in 0..400 {
        bench.card.schedule(start + cycle, &value(Opcode::Trace, 1));
    }
    bench.show(&vec![action(LOCATE, b'T'); 30]);
    assert!(bench.count(Counter::EventsLost) > 0);
    bench.show(&one_trade());
    bench.card.idle(400);
    assert!(orders(&mut bench).contains(&refused(Reason::Killed)));
}

#[test]
fn commands_answer_with_the_generation_in_force_after_them() {
    let mut bench = bench();
    let seen = |bench: &mut Bench, command: Command| {
        bench.commands(&[Command { sequence: 77, instrument: 3, rule: 2, ..command }]);
        let events = bench.events();
        let [event] = events[..] else { panic!("one event, not {events:?}") };
        assert_eq!(event.kind(), Some(EventKind::Command));
        assert_eq!(
            (event.feed_sequence, event.instrument, event.rule, event.time_ns),
            (77, 3, 2, 0)
        );
        assert_eq!(event.detail, u16::from(command.opcode));
        (event.reason().expect("known"), event.generation)
    };
    let refused = bench.count(Counter::CommandsRefused);
    assert_eq!(seen(&mut bench, value(Opcode::Commit, 1)), (Reason::OldGeneration, 1));
    assert_eq!(seen(&mut bench, value(Opcode::Commit, 5)), (Reason::None, 5));
    assert_eq!(seen(&mut bench, value(Opcode::Commit, 4)), (Reason::OldGeneration, 5));
    let unknown = Command { opcode: Opcode::ALL.len() as u8 + 1, ..Command::default() };
    assert_eq!(seen(&mut bench, unknown), (Reason::BadOpcode, 5));
    assert_eq!(seen(&mut bench, args(Opcode::Validate, &[0b1])), (Reason::BookNotClean, 5));
    assert_eq!(seen(&mut bench, args(Opcode::Validate, &[0b111])), (Reason::BookNotClean, 5));
    assert_eq!(seen(&mut bench, args(Opcode::Validate, &[0b100])), (Reason::None, 5));
    assert_eq!(bench.count(Counter::CommandsRefused), refused + 5);
}

#[test]
fn a_validation_fails_from_two_cycles_behind_the_first_issue_on() {
    // A trade alone in a frame is issued 13 cycles after its start; a command reads in the second cycle behind its own.
    for (shown, expected) in [(12, Reason::None), (13, Reason::BookNotClean)] {
        let mut bench = Bench::bare();
        bench.commands(&parameters([0; 4], [0; 4]));
        bench.commands(&[value(Opcode::Commit, 1)]);
        bench.events();
        bench.card.schedule(bench.card.cycle() + SHOWN + shown, &args(Opcode::Validate, &[1]));
        bench.show(&one_trade());
        assert_eq!(bench.reasons(), [(EventKind::Command, expected)], "shown in {shown}");
    }
}

#[test]
fn a_commit_makes_rules_forget_what_they_held() {
    let mut bench = Bench::new([1, 0, 0, 0], [100, 0, 0, 0]);
    bench.show(&[add(LOCATE, 1, b'B', 9, 100)]);
    assert_eq!(orders(&mut bench), [SENT]);
    bench.commands(&parameters([1, 0, 0, 0], [100, 0, 0, 0]));
    bench.show(&[add(LOCATE, 2, b'B', 9, 50)]);
    assert_eq!(orders(&mut bench), []);
    bench.commands(&[value(Opcode::Commit, 2)]);
    bench.show(&[add(LOCATE, 3, b'B', 9, 50)]);
    assert_eq!(orders(&mut bench), [SENT]);
}

#[test]
#[should_panic(expected = "which is past")]
fn a_command_for_the_past_is_the_drivers_error() {
    let mut bench = bench();
    bench.card.schedule(bench.card.cycle() - 1, &value(Opcode::Arm, 0));
}
