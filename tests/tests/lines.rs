//! Two lines of one feed: what either brings in time is taken once and in order, and costs no cycle more than one line.
use riposte_device::{Frame, Output};
use riposte_map::{
    counter::Counter,
    limits::LINE_FRAMES,
    reason::Reason,
    shm::{Command, EventKind, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, is_order, on_each_card, orders, reasons},
    lines::to_line_b,
    messages::{system, trade},
    parameters::{GROUP_B, PORT_B, parameters},
    traffic::packet,
};

const PRICE_E4: u32 = 632_000;
/// Cycles from a print on its port to its order, and to the same from where it is shown.
const PRINT: u64 = 9;
const PRINT_SHOWN: u64 = 8;
/// Word of the decisive byte of the first message, a print.
const DECISIVE: u64 = 12;

/// The set of `Bench::on_trade` with a line B and a window.
fn set(generation: u32, window: u64) -> Vec<Command> {
    let mut set = parameters(&[instrument(&[ON_TRADE])], generation);
    for row in set.iter_mut().filter(|row| row.opcode == Opcode::WriteFeed as u8) {
        row.args[1] = u64::from(GROUP_B) | u64::from(PORT_B) << 32;
        row.args[2] = window;
    }
    set
}

struct Lines<'a> {
    bench: Bench<'a>,
    before: [u32; Counter::COUNT],
}

impl<'a> Lines<'a> {
    fn new(card: &'a mut dyn riposte_device::Card, window: u64) -> Lines<'a> {
        let mut bench = Bench::on_trade(card);
        bench.commands(&set(2, window));
        bench.settle();
        let before = bench.card.counters();
        Lines { bench, before }
    }

    fn count(&mut self, counter: Counter) -> u32 {
        self.bench.count(counter) - self.before[counter as usize]
    }

    /// The next packet of the feed, a print.
    fn print(&mut self) -> Vec<u8> {
        self.bench.next_frame(&[trade(LOCATE, 1, PRICE_E4)])
    }

    /// Shows a frame on line B so many cycles from now.
    fn on_b(&mut self, ahead: u64, frame: &[u8]) {
        let cycle = self.bench.card.cycle() + ahead;
        self.bench.card.frame_b(cycle, &Frame::new(&to_line_b(frame), 1));
    }

    /// Nothing was told of the channel, and so many prints were answered, in order.
    fn settles_with(&mut self, prints: usize) -> Output {
        let output = self.bench.settle();
        assert_eq!(reasons(&output, EventKind::Channel), [], "nothing is wrong with the feed");
        assert_eq!(orders(&output), vec![Reason::None; prints]);
        let told: Vec<u64> = output.events.iter().filter(|event| is_order(event)).map(|event| event.feed_sequence).collect();
        assert!(told.is_sorted() && told.windows(2).all(|two| two[0] < two[1]), "once each, in order: {told:?}");
        output
    }
}

fn words(frame: &[u8]) -> u64 {
    frame.len().div_ceil(8) as u64
}

#[test]
fn the_copy_of_the_other_line_changes_nothing_and_is_dropped() {
    on_each_card(|card| {
        for skew in 0..45 {
            let mut lines = Lines::new(card, 600);
            for _ in 0..4 {
                let frame = lines.print();
                lines.on_b(skew, &frame);
                lines.bench.raw(&frame);
                lines.bench.card.idle(70);
            }
            let output = lines.settles_with(4);
            let cycles = output.events.iter().filter(|event| is_order(event)).map(|event| u64::from(event.cycles));
            assert_eq!(cycles.collect::<Vec<_>>(), [PRINT; 4], "{skew} words behind");
            let counts = [Counter::LineAUsed, Counter::LineAHeld, Counter::LineBUsed, Counter::LineBDuplicates, Counter::LineBFrames];
            assert_eq!(counts.map(|counter| lines.count(counter)), [4, 0, 0, 4, 4], "{skew} words behind");
            assert_eq!(lines.count(Counter::Packets), 4);
        }
    });
}

#[test]
fn what_one_line_loses_the_other_brings() {
    on_each_card(|card| {
        for skew in [0, 3, 20, 60, 150] {
            let mut lines = Lines::new(card, 600);
            for at in 0..30 {
                let frame = lines.print();
                if at % 6 != 1 {
                    lines.on_b(skew, &frame);
                }
                if at % 3 != 0 {
                    lines.bench.raw(&frame);
                } else {
                    lines.bench.card.idle(words(&frame));
                }
                lines.bench.card.idle(40);
            }
            lines.settles_with(30);
            assert_eq!(lines.count(Counter::Gaps), 0);
            assert_eq!(lines.count(Counter::LineAUsed) + lines.count(Counter::LineBUsed), 30, "{skew} words behind");
            assert_eq!(lines.count(Counter::LineAGivenUp) + lines.count(Counter::LineBGivenUp), 0);
        }
    });
}

#[test]
fn a_packet_that_is_ahead_waits_for_the_one_before_it_on_either_line() {
    on_each_card(|card| {
        for late_on_a in [true, false] {
            let mut lines = Lines::new(card, 600);
            let [first, second, third] = [lines.print(), lines.print(), lines.print()];
            lines.bench.raw(&first);
            lines.bench.card.idle(20);
            lines.bench.raw(&third);
            lines.bench.card.idle(200);
            if late_on_a {
                lines.bench.raw(&second);
            } else {
                lines.on_b(0, &second);
            }
            lines.settles_with(3);
            assert_eq!((lines.count(Counter::LineAHeld), lines.count(Counter::LineAGivenUp)), (1, 0));
            assert_eq!(lines.count(Counter::Frames), 3, "what was put off was shown once");
        }
    });
}

#[test]
fn a_packet_that_waits_is_let_go_when_its_window_has_run_out() {
    on_each_card(|card| {
        for window in [1, 2, 3, 10, 333] {
            let mut lines = Lines::new(card, window);
            // Its channel event is shown six cycles behind V + 1, and V is nine behind the first word.
            let [_lost, frame] = [lines.print(), lines.print()];
            let start = lines.bench.card.cycle();
            lines.bench.raw(&frame);
            let let_go = start + words(&frame) - 1 + 3 + window + 1;
            let told = let_go + 1 + 9 + 1 + 6;
            lines.bench.card.idle(told - lines.bench.card.cycle());
            let mut output = Output::default();
            lines.bench.card.drain(&mut output);
            assert_eq!(reasons(&output, EventKind::Channel), [], "not before, with a window of {window}");
            lines.bench.card.idle(1);
            lines.bench.card.drain(&mut output);
            assert_eq!(reasons(&output, EventKind::Channel), [Reason::Gap], "a window of {window}");
            let counts = [Counter::LineAGivenUp, Counter::LineAHeld, Counter::Gaps].map(|counter| lines.count(counter));
            assert_eq!(counts, [1; 3]);
        }
    });
}

#[test]
fn a_packet_of_a_store_is_decided_as_fast_as_one_that_comes() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 600);
        let frame = lines.print();
        let stored = lines.bench.card.cycle() + words(&frame) - 1 + 3;
        lines.on_b(0, &frame);
        let output = lines.settles_with(1);
        // Looked at in the cycle behind the one in which it is there, let go in the next, shown in the one behind that.
        let shown = stored + 1 + 1 + 1;
        assert_eq!(output.transmitted[0].cycle, shown + DECISIVE + PRINT_SHOWN);
    });
}

#[test]
fn without_a_window_a_gap_is_one_at_once() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 0);
        let [lost, frame] = [lines.print(), lines.print()];
        lines.bench.raw(&frame);
        lines.on_b(0, &lost);
        let output = lines.bench.settle();
        assert_eq!(reasons(&output, EventKind::Channel), [Reason::Gap]);
        assert_eq!((lines.count(Counter::LineAHeld), lines.count(Counter::LineBDuplicates)), (0, 1));
    });
}

#[test]
fn what_is_damaged_on_the_other_line_costs_nothing() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 600);
        for at in 0..12 {
            let frame = lines.print();
            let mut copy = to_line_b(&frame);
            let mut fcs_good = true;
            match at % 4 {
                0 => fcs_good = false,
                1 => copy.truncate(80),
                2 => copy[33] ^= 1,
                _ => copy[39] -= 1,
            }
            let cycle = lines.bench.card.cycle();
            lines.bench.card.frame_b(cycle, &Frame { fcs_good, ..Frame::new(&copy, 1) });
            lines.bench.card.idle(at);
            lines.bench.raw(&frame);
            lines.bench.card.idle(30);
        }
        lines.settles_with(12);
        assert_eq!((lines.count(Counter::LineBDropped), lines.count(Counter::FramesBad)), (12, 0));
    });
}

#[test]
fn a_damaged_packet_that_was_put_off_is_brought_by_the_other_line() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 600);
        let [first, second] = [lines.print(), lines.print()];
        lines.bench.raw_bad(&second);
        lines.bench.card.idle(20);
        lines.on_b(0, &first);
        lines.bench.card.idle(60);
        lines.on_b(0, &second);
        lines.settles_with(2);
        assert_eq!((lines.count(Counter::LineADropped), lines.count(Counter::FramesBad)), (1, 0));
    });
}

#[test]
fn a_heartbeat_that_is_ahead_waits_for_the_last_packet() {
    on_each_card(|card| {
        for tagged in [false, true] {
            for skew in [0, 1, 2, 5, 40] {
                let mut lines = Lines::new(card, 600);
                lines.bench.tagged = tagged;
                let lost = lines.print();
                let heartbeat = packet(tagged, lines.bench.sequence, 0, &[]);
                lines.on_b(skew, &lost);
                lines.bench.raw(&heartbeat);
                // It is decided behind the end of so short a frame: what comes next is not taken for it.
                let next = lines.print();
                lines.bench.raw(&next);
                lines.settles_with(2);
                assert_eq!(lines.count(Counter::Gaps), 0, "{skew} words behind");
            }
        }
    });
}

#[test]
fn a_silent_line_is_replaced_by_the_other() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 600);
        for _ in 0..10 {
            let frame = lines.print();
            lines.on_b(0, &frame);
            lines.bench.card.idle(100);
        }
        let output = lines.settles_with(10);
        let cycles: Vec<_> = output.events.iter().filter(|event| is_order(event)).map(|event| u64::from(event.cycles)).collect();
        assert_eq!(cycles, [PRINT; 10]);
        // The first comes from the store and makes line B the one that leads.
        assert_eq!((lines.count(Counter::LineBHeld), lines.count(Counter::LineBUsed)), (1, 10));
    });
}

#[test]
fn what_a_store_has_no_place_for_is_counted() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 100_000);
        let lost = lines.print();
        let frames = LINE_FRAMES + 9;
        for _ in 0..frames {
            let sequence = lines.bench.sequence;
            lines.bench.sequence += 1;
            let bytes = packet(false, sequence, 1, &riposte_tests::messages::blocks(&[system(b'Q')]));
            lines.bench.raw(&bytes);
            lines.bench.card.idle(5);
        }
        lines.bench.card.idle(20);
        assert_eq!((lines.count(Counter::LineAOverflows), lines.count(Counter::LineAHeld)), (9, 0));
        lines.on_b(0, &lost);
        let output = lines.bench.settle();
        assert_eq!(orders(&output), [Reason::None]);
        assert_eq!(reasons(&output, EventKind::Channel), []);
        let systems = output.events.iter().filter(|event| event.kind() == Some(EventKind::System)).count();
        assert_eq!(systems, LINE_FRAMES);
        // What found no place is missed when the feed goes on.
        let next = lines.print();
        lines.bench.raw(&next);
        lines.bench.card.idle(100_100);
        assert_eq!(reasons(&lines.bench.settle(), EventKind::Channel), [Reason::Gap]);
    });
}

#[test]
fn the_smallest_packets_on_both_lines_without_a_gap_are_taken_and_none_is_late() {
    on_each_card(|card| {
        let frames = 300;
        // Line B behind line A, and before it, by up to a frame.
        for (behind, before) in (0..=11).map(|skew| (skew, 0)).chain((1..=10).map(|skew| (0, skew))) {
            for window in [0, 600] {
                let mut lines = Lines::new(card, window);
                let all: Vec<_> = (0..frames).map(|_| lines.bench.next_frame(&[system(b'Q')])).collect();
                let start = lines.bench.card.cycle() + behind;
                for (at, frame) in (0..).zip(&all) {
                    lines.bench.card.frame_b(start + at * words(frame), &Frame::new(&to_line_b(frame), 1));
                }
                lines.bench.card.idle(before);
                all.iter().for_each(|frame| lines.bench.raw(frame));
                lines.settles_with(0);
                let name = format!("line B {behind} behind, {before} before, window {window}");
                assert_eq!(lines.count(Counter::MessagesSystem), frames, "{name}");
                let counts = [Counter::LineAUsed, Counter::LineAHeld, Counter::LineBHeld, Counter::LineBDuplicates];
                assert_eq!(counts.map(|counter| lines.count(counter)), [frames, 0, 0, frames], "{name}");
            }
        }
    });
}

#[test]
fn a_store_keeps_up_with_the_smallest_packets_of_a_wire() {
    on_each_card(|card| {
        // Preamble, FCS and the shortest gap are more than two words. Line A begins so late that line B leads.
        for before in [15, 33, 64, 100] {
            let frames = 1000;
            let mut lines = Lines::new(card, 600);
            let all: Vec<_> = (0..frames).map(|_| lines.bench.next_frame(&[system(b'Q')])).collect();
            let start = lines.bench.card.cycle();
            for (at, frame) in (0..).zip(&all) {
                lines.bench.card.frame_b(start + at * (words(frame) + 2), &Frame::new(&to_line_b(frame), 1));
            }
            lines.bench.card.idle(before);
            for frame in &all {
                lines.bench.raw(frame);
                lines.bench.card.idle(2);
            }
            lines.settles_with(0);
            assert_eq!(lines.count(Counter::MessagesSystem), frames, "{before} words");
            assert_eq!(lines.count(Counter::LineAOverflows) + lines.count(Counter::LineBOverflows), 0);
        }
    });
}

#[test]
fn without_a_line_b_its_port_is_nothing() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        let before = bench.card.counters();
        for _ in 0..3 {
            let frame = bench.next_frame(&[trade(LOCATE, 1, PRICE_E4)]);
            let cycle = bench.card.cycle();
            bench.card.frame_b(cycle, &Frame::new(&to_line_b(&frame), 1));
            bench.card.frame_b(cycle + 100, &Frame::new(&frame, 1));
            bench.card.idle(200);
        }
        bench.settle();
        assert_eq!(bench.card.counters(), before);
    });
}

#[test]
fn after_a_clear_whatever_comes_straight_is_taken() {
    on_each_card(|card| {
        let mut lines = Lines::new(card, 600);
        lines.bench.simple(Opcode::Clear);
        lines.bench.settle();
        lines.bench.sequence += 7;
        let frame = lines.print();
        lines.bench.raw(&frame);
        lines.bench.card.idle(60);
        assert_eq!((lines.count(Counter::LineAUsed), lines.count(Counter::LineAHeld)), (1, 0));
        assert_eq!(lines.count(Counter::Gaps), 0);
    });
}
