//! Books that went wrong are emptied, restored from the host's port and declared valid; on model and gateware. Oracle: the
//! card's page.
use riposte_device::{Frame, Port};
use riposte_map::{
    counter::Counter,
    limits::{CLEAR_CYCLES, LIVE_ORDERS},
    reason::Reason,
    shm::{EventKind, Level, Opcode},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, reasons},
    messages::{action, add, delete, trade},
    parameters::command,
    traffic::packet,
};

const SENT: Reason = Reason::None;

fn print() -> Vec<u8> {
    trade(LOCATE, 1, 650_000)
}

fn bid(reference: u64, price_e4: u32) -> Vec<u8> {
    add(LOCATE, reference, b'B', 100, price_e4)
}

/// What a bench does beyond its line.
trait Restores {
    fn act(&mut self, opcode: Opcode, argument: u64) -> Reason;
    fn host(&mut self, messages: &[Vec<u8>]);
    fn lose_a_packet(&mut self);
    /// Clears the books for a snapshot of so many messages that ends where the line's next packet begins.
    fn clear(&mut self, messages: u64);
}

impl Restores for Bench<'_> {
    /// Carries out a command and gives what the card says to it.
    fn act(&mut self, opcode: Opcode, argument: u64) -> Reason {
        self.commands(&[command(opcode, 0, 0, 0, 0, &[argument])]);
        *reasons(&self.settle(), EventKind::Command).last().expect("an answer")
    }

    fn host(&mut self, messages: &[Vec<u8>]) {
        let bytes = self.next_frame(messages);
        self.card.frame(&Frame { port: Port::Host, ..Frame::new(&bytes, 5) });
    }

    fn lose_a_packet(&mut self) {
        self.sequence += 3;
        self.show(&[print()]);
        assert_eq!(reasons(&self.settle(), EventKind::Channel), [Reason::Gap]);
    }

    fn clear(&mut self, messages: u64) {
        self.sequence -= messages;
        let first = self.sequence;
        self.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[first])]);
        let output = self.settle();
        assert_eq!(reasons(&output, EventKind::Command), [Reason::None]);
        assert_eq!(reasons(&output, EventKind::Channel), [Reason::Cleared]);
    }
}

#[test]
fn a_book_that_was_lost_is_restored_and_trades() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.show(&[bid(1, 640_000), bid(2, 641_000)]);
        bench.lose_a_packet();
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [], "nothing fires on a book that is not valid");
        bench.clear(3);
        bench.host(&[action(LOCATE, b'T'), bid(1, 640_000), bid(7, 642_000)]);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT]);
        // The book is the snapshot and nothing of what was before: order 2 is not in it, order 7 is.
        bench.show(&[delete(LOCATE, 7)]);
        let output = bench.settle();
        let book = output.events.iter().find(|event| event.kind() == Some(EventKind::Book)).expect("a verdict");
        assert_eq!(book.bid, Level { price_e4: 640_000, quantity: 100 });
        bench.show(&[delete(LOCATE, 2)]);
        assert_eq!(reasons(&bench.settle(), EventKind::Invalid), [Reason::UnknownReference]);
    });
}

#[test]
fn nothing_fires_while_books_are_restored() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.clear(2);
        bench.host(&[bid(1, 640_000), print()]);
        assert_eq!(bench.orders(), []);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT]);
    });
}

#[test]
fn what_the_line_carries_meanwhile_is_missed_and_counted_and_the_host_shows_it() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.clear(1);
        let first = bench.sequence;
        // The line goes on behind the snapshot.
        bench.sequence = first + 1;
        let carried = bench.next_frame(&[bid(9, 645_000), print()]);
        bench.raw(&carried);
        bench.sequence = first;
        bench.host(&[bid(1, 640_000)]);
        bench.card.frame(&Frame { port: Port::Host, ..Frame::new(&carried, 5) });
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        bench.sequence = first + 3;
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT], "no gap: the host has shown what was missed");
        assert_eq!(bench.count(Counter::FramesMissed), 1);
        // Without it there is one.
        bench.clear(1);
        bench.host(&[bid(1, 640_000)]);
        let lost = bench.next_frame(&[print()]);
        bench.raw(&lost);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        bench.show(&[print()]);
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::Gap]);
        assert_eq!(bench.count(Counter::FramesMissed), 2);
    });
}

#[test]
fn the_hosts_frames_are_not_taken_outside_a_restoration() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.host(&[print()]);
        bench.sequence -= 1;
        assert_eq!(bench.orders(), []);
        assert_eq!(bench.count(Counter::FramesUnwanted), 1);
        // Nor before the books are empty.
        bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[bench.sequence])]);
        bench.host(&[bid(1, 640_000)]);
        bench.sequence -= 1;
        assert_eq!(bench.count(Counter::FramesUnwanted), 2);
        bench.settle();
        bench.host(&[bid(1, 640_000)]);
        assert_eq!(bench.count(Counter::FramesUnwanted), 2);
        bench.show(&[print()]);
        assert_eq!(bench.count(Counter::FramesMissed), 1, "the line is not heard until the host resumes");
        assert_eq!(bench.orders(), []);
    });
}

#[test]
fn commands_out_of_turn_are_refused() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::NotCleared);
        let first = bench.sequence;
        let clear = command(Opcode::Clear, 0, 0, 0, 0, &[first]);
        let [validate, resume] = [Opcode::Validate, Opcode::Resume].map(|opcode| command(opcode, 0, 0, 0, 0, &[1]));
        bench.commands(&[clear, clear, validate, resume]);
        let answers = reasons(&bench.settle(), EventKind::Command);
        assert_eq!(answers, [Reason::None, Reason::Restoring, Reason::Restoring, Reason::NotCleared]);
        assert_eq!(bench.act(Opcode::Validate, 1), Reason::Restoring, "a book that is being restored would fire");
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::NotCleared);
        // A book that nobody has touched since it was empty is as good as after reset.
        assert_eq!(bench.act(Opcode::Validate, 2), Reason::None);
    });
}

#[test]
fn a_book_that_was_restored_wrong_is_not_declared_valid() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), riposte_tests::parameters::Instrument {
            locate: LOCATE + 1,
            ..instrument(&[ON_TRADE])
        }]);
        bench.clear(3);
        bench.host(&[bid(1, 640_000), bid(1, 640_000), add(LOCATE + 1, 5, b'B', 100, 640_000)]);
        assert_eq!(reasons(&bench.settle(), EventKind::Invalid), [Reason::DuplicateReference]);
        assert_eq!(bench.act(Opcode::Resume, 0b11), Reason::BookNotClean);
        assert_eq!(bench.act(Opcode::Resume, 0b10), Reason::None, "the other one is right");
        bench.show(&[print(), trade(LOCATE + 1, 1, 650_000)]);
        let output = bench.settle();
        let sent: Vec<u8> = output.events.iter().filter(|e| e.kind() == Some(EventKind::OrderSent)).map(|e| e.instrument).collect();
        assert_eq!(sent, [1]);
    });
}

#[test]
fn an_error_of_the_channel_spoils_every_book_that_is_being_restored() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.clear(2);
        bench.sequence += 1;
        bench.host(&[bid(1, 640_000)]);
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::Gap]);
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::BookNotClean);
    });
}

#[test]
fn a_new_session_begins_with_a_restoration() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        let renamed = |sequence: u64, body: Vec<u8>| {
            let mut frame = packet(false, sequence, 1, &riposte_tests::messages::blocks(&[body]));
            frame[42..52].copy_from_slice(b"NEXTDAY001");
            frame
        };
        bench.raw(&renamed(1, print()));
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::SessionChange]);
        bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[1])]);
        bench.settle();
        bench.card.frame(&Frame { port: Port::Host, ..Frame::new(&renamed(1, bid(1, 640_000)), 5) });
        assert_eq!(bench.act(Opcode::Resume, 1), Reason::None);
        bench.raw(&renamed(2, print()));
        assert_eq!(bench.orders(), [SENT]);
    });
}

#[test]
fn every_row_of_every_table_is_emptied() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        let fill = |from: u64| -> Vec<Vec<u8>> {
            let price = |at: u64| 600_000 + (at % 60) as u32 * 100;
            (0..LIVE_ORDERS as u64).map(|at| bid(from + at, price(at))).collect()
        };
        for messages in fill(1).chunks(30) {
            bench.show(messages);
        }
        assert_eq!(reasons(&bench.settle(), EventKind::Invalid), []);
        for from in [1, 50_000] {
            bench.clear(LIVE_ORDERS as u64);
            for messages in fill(from).chunks(30) {
                bench.host(messages);
                bench.settle();
            }
            assert_eq!(bench.act(Opcode::Resume, 1), Reason::None, "no reference is there twice, no row is full");
        }
    });
}

/// A command at each cycle of a frame: the frame is taken whole or not at all, and what comes next follows from when.
#[test]
fn a_frame_under_way_is_taken_to_its_end() {
    on_each_card(|card| {
        for ahead in 0..24 {
            let mut bench = Bench::on_trade(card);
            let first = bench.sequence;
            bench.command(ahead, command(Opcode::Clear, 0, 0, 0, 0, &[first + 2]));
            let acts = bench.card.cycle() + ahead + 3;
            bench.show(&[bid(1, 640_000), print()]);
            // The books are empty so long after the frame's end, or after the command if that is later.
            let idle_from = acts.max(bench.card.cycle());
            bench.card.idle(idle_from + CLEAR_CYCLES - 1 - bench.card.cycle());
            bench.host(&[print()]);
            bench.sequence -= 1;
            assert_eq!(bench.count(Counter::FramesMissed), 0);
            assert_eq!(bench.count(Counter::FramesUnwanted), 1, "a cycle too early");
            bench.settle();
            bench.host(&[bid(1, 640_000)]);
            assert_eq!(bench.count(Counter::FramesUnwanted), 1);
            // And the same with the host's frame and the command to resume.
            let next = bench.next_frame(&[bid(2, 640_000)]);
            let again = bench.next_frame(&[print()]);
            bench.settle();
            bench.command(ahead, command(Opcode::Resume, 0, 0, 0, 0, &[1]));
            bench.card.frame(&Frame { port: Port::Host, ..Frame::new(&next, 5) });
            bench.settle();
            bench.raw(&again);
            assert_eq!(bench.orders(), [SENT], "{ahead}");
            assert_eq!(bench.count(Counter::FramesUnwanted), 1);
        }
    });
}
