//! Books that went wrong are emptied, restored with rows and declared valid where the feed is; on model and gateware. Oracle:
//! the card's page.
use riposte_map::{
    limits::{CLEAR_CYCLES, LIVE_ORDERS, RESUME_CYCLES, ROW_CYCLES},
    reason::Reason,
    shm::{Command, EventKind, Level, Opcode, Row},
};
use riposte_tests::{
    bench::{Bench, LOCATE, ON_TRADE, instrument, on_each_card, reasons},
    messages::{add, blocks, delete, trade},
    parameters::{Instrument, command},
    traffic::packet,
};

const SENT: Reason = Reason::None;

fn print() -> Vec<u8> {
    trade(LOCATE, 1, 650_000)
}

fn row(instrument: usize, what: Row, args: &[u64]) -> Command {
    command(Opcode::Row, instrument, 0, what as usize, 0, args)
}

fn bid(reference: u64, price_e4: u32) -> Command {
    row(0, Row::Add, &[reference, 100 | u64::from(price_e4) << 32, b'B'.into()])
}

fn resume(mask: u64, sequence: u64) -> Command {
    command(Opcode::Resume, 0, 0, 0, 0, &[mask, sequence])
}

/// Carries out a command and gives what the card says to it.
fn act(bench: &mut Bench<'_>, one: Command) -> Reason {
    bench.commands(&[one]);
    *reasons(&bench.settle(), EventKind::Command).last().expect("an answer")
}

fn lose_a_packet(bench: &mut Bench<'_>) {
    bench.sequence += 3;
    bench.show(&[print()]);
    assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::Gap]);
}

fn clear(bench: &mut Bench<'_>) {
    bench.commands(&[command(Opcode::Clear, 0, 0, 0, 0, &[])]);
    let output = bench.settle();
    assert_eq!(reasons(&output, EventKind::Command), [Reason::None]);
    assert_eq!(reasons(&output, EventKind::Channel), [Reason::Cleared]);
}

/// Writes rows as fast as may be, none of which is refused.
fn write(bench: &mut Bench<'_>, rows: &[Command]) {
    for one in rows {
        bench.command(0, *one);
        bench.card.idle(ROW_CYCLES);
    }
    assert_eq!(reasons(&bench.settle(), EventKind::Command), []);
}

/// Resumes where the feed is.
fn resume_here(bench: &mut Bench<'_>) -> Reason {
    let sequence = bench.sequence;
    act(bench, resume(1, sequence))
}

#[test]
fn a_book_that_was_lost_is_restored_and_trades() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.show(&[add(LOCATE, 1, b'B', 100, 640_000), add(LOCATE, 2, b'B', 100, 641_000)]);
        lose_a_packet(&mut bench);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [], "nothing fires on a book that is not valid");
        clear(&mut bench);
        write(&mut bench, &[bid(1, 640_000), bid(7, 642_000), bid(8, 643_000), row(0, Row::Remove, &[8])]);
        assert_eq!(resume_here(&mut bench), Reason::None);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT]);
        // The book is the rows and nothing of what was before: orders 2 and 8 are not in it, order 7 is.
        bench.show(&[delete(LOCATE, 7)]);
        let output = bench.settle();
        let book = output.events.iter().find(|event| event.kind() == Some(EventKind::Book)).expect("a verdict");
        assert_eq!(book.bid, Level { price_e4: 640_000, quantity: 100 });
        bench.show(&[delete(LOCATE, 2)]);
        assert_eq!(reasons(&bench.settle(), EventKind::Invalid), [Reason::UnknownReference]);
    });
}

#[test]
fn the_feed_s_messages_are_dropped_while_books_are_restored() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        clear(&mut bench);
        write(&mut bench, &[bid(1, 640_000)]);
        bench.show(&[print(), add(LOCATE, 9, b'B', 100, 645_000)]);
        assert_eq!(bench.orders(), []);
        assert_eq!(resume_here(&mut bench), Reason::None, "behind that packet");
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT]);
        bench.show(&[delete(LOCATE, 9)]);
        assert_eq!(reasons(&bench.settle(), EventKind::Invalid), [Reason::UnknownReference], "it was not taken");
    });
}

#[test]
fn the_trading_state_is_restored_too() {
    on_each_card(|card| {
        for (state, orders) in [(b'H', vec![Reason::NotTrading]), (b'T', vec![SENT])] {
            let mut bench = Bench::on_trade(card);
            clear(&mut bench);
            write(&mut bench, &[row(0, Row::State, &[0, 0, state.into()])]);
            assert_eq!(resume_here(&mut bench), Reason::None);
            bench.show(&[print()]);
            assert_eq!(bench.orders(), orders);
        }
    });
}

#[test]
fn books_are_valid_only_where_the_feed_is() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        bench.show(&[print()]);
        bench.settle();
        clear(&mut bench);
        let sequence = bench.sequence;
        for wrong in [sequence - 1, sequence + 1] {
            assert_eq!(act(&mut bench, resume(1, wrong)), Reason::Elsewhere);
        }
        assert_eq!(resume_here(&mut bench), Reason::None);
        // A packet that the host does not know of yet.
        clear(&mut bench);
        bench.show(&[print()]);
        bench.show(&[print()]);
        bench.sequence -= 1;
        assert_eq!(resume_here(&mut bench), Reason::Elsewhere);
        bench.sequence += 1;
        assert_eq!(resume_here(&mut bench), Reason::None);
        bench.show(&[print()]);
        assert_eq!(bench.orders(), [SENT]);
    });
}

/// A packet beside the command that resumes, at each distance: either it is refused, or the packet's messages are taken.
#[test]
fn no_packet_falls_between_the_rows_and_the_feed() {
    on_each_card(|card| {
        let (mut refused, mut resumed) = (0, 0);
        for ahead in 0..30 {
            let mut bench = Bench::on_trade(card);
            clear(&mut bench);
            bench.show(&[print()]);
            bench.settle();
            let sequence = bench.sequence;
            bench.command(ahead, resume(1, sequence));
            bench.show(&[print()]);
            let output = bench.settle();
            let sent = output.events.iter().filter(|event| event.kind() == Some(EventKind::OrderSent)).count();
            match reasons(&output, EventKind::Command)[..] {
                [Reason::None] => {
                    resumed += 1;
                    assert_eq!(sent, 1, "resumed {ahead} cycles behind the frame's first word");
                }
                [Reason::Elsewhere] => {
                    refused += 1;
                    assert_eq!(sent, 0);
                }
                ref answers => panic!("{answers:?}"),
            }
        }
        assert!(refused > 10 && resumed > 4, "{refused} {resumed}");
        // Any packet, a heartbeat too, that is judged in the three cycles up to the one in which the command is.
        let beside = (0..30).filter(|&ahead| {
            let mut bench = Bench::on_trade(card);
            clear(&mut bench);
            let sequence = bench.sequence;
            bench.command(ahead, resume(1, sequence));
            bench.raw(&packet(false, sequence, 0, &[]));
            reasons(&bench.settle(), EventKind::Command) == [Reason::Elsewhere]
        });
        assert_eq!(beside.count(), 3);
    });
}

#[test]
fn commands_out_of_turn_are_refused() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        assert_eq!(resume_here(&mut bench), Reason::NotCleared);
        assert_eq!(act(&mut bench, bid(1, 640_000)), Reason::NotCleared);
        let clear = command(Opcode::Clear, 0, 0, 0, 0, &[]);
        let validate = |mask| command(Opcode::Validate, 0, 0, 0, 0, &[mask]);
        bench.commands(&[clear, clear, validate(1), resume(1, 1), bid(1, 640_000)]);
        let answers = reasons(&bench.settle(), EventKind::Command);
        let refused = [Reason::Restoring, Reason::Restoring, Reason::NotCleared, Reason::NotCleared];
        assert_eq!(answers[0], Reason::None);
        assert_eq!(answers[1..], refused);
        assert_eq!(act(&mut bench, validate(1)), Reason::Restoring, "a book that is being restored would fire");
        assert_eq!(resume_here(&mut bench), Reason::None);
        assert_eq!(resume_here(&mut bench), Reason::NotCleared);
        // A book that nobody has touched since it was empty is as good as after reset.
        assert_eq!(act(&mut bench, validate(2)), Reason::None);
    });
}

#[test]
fn a_row_and_the_end_wait_until_the_last_row_is_through() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        clear(&mut bench);
        for (distance, answers) in [(ROW_CYCLES - 1, vec![Reason::TooSoon]), (ROW_CYCLES, vec![])] {
            bench.command(0, bid(distance, 640_000));
            bench.command(distance, bid(distance + 50, 640_000));
            assert_eq!(reasons(&bench.settle(), EventKind::Command), answers);
        }
        let sequence = bench.sequence;
        for (distance, answer) in [(RESUME_CYCLES - 1, Reason::TooSoon), (RESUME_CYCLES, Reason::None)] {
            bench.command(0, bid(distance, 640_000));
            bench.command(distance, resume(1, sequence));
            assert_eq!(reasons(&bench.settle(), EventKind::Command), [answer]);
        }
    });
}

#[test]
fn a_book_that_was_restored_wrong_is_not_declared_valid() {
    on_each_card(|card| {
        let other = Instrument { locate: LOCATE + 1, ..instrument(&[ON_TRADE]) };
        let wrong = |wrong: &[Command]| [&[row(1, Row::Add, &[5, 100 | 640_000 << 32, b'B'.into()])], wrong].concat();
        let ask = row(0, Row::Add, &[3, 100 | 630_000 << 32, b'S'.into()]);
        for rows in [
            wrong(&[bid(1, 640_000), bid(1, 640_000)]),
            wrong(&[row(0, Row::Remove, &[1])]),
            wrong(&[row(0, Row::Add, &[1, 640_000 << 32, b'B'.into()])]),
            wrong(&[row(0, Row::State, &[0, 0, b'T'.into()]), bid(1, 640_000), ask]),
        ] {
            let mut bench = Bench::new(card, &[instrument(&[ON_TRADE]), other]);
            clear(&mut bench);
            write(&mut bench, &rows);
            let sequence = bench.sequence;
            assert_eq!(act(&mut bench, resume(0b11, sequence)), Reason::BookNotClean);
            assert_eq!(act(&mut bench, resume(0b10, sequence)), Reason::None, "the other one is right");
            bench.show(&[print(), trade(LOCATE + 1, 1, 650_000)]);
            let output = bench.settle();
            let sent = output.events.iter().filter(|event| event.kind() == Some(EventKind::OrderSent));
            assert_eq!(sent.map(|event| event.instrument).collect::<Vec<_>>(), [1]);
        }
    });
}

#[test]
fn what_the_host_declares_invalid_is_not_sound() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        clear(&mut bench);
        act(&mut bench, command(Opcode::Invalidate, 0, 0, 0, 0, &[1]));
        assert_eq!(resume_here(&mut bench), Reason::BookNotClean);
        clear(&mut bench);
        assert_eq!(resume_here(&mut bench), Reason::None);
    });
}

#[test]
fn a_new_session_begins_with_a_restoration() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        let renamed = |sequence: u64| {
            let mut frame = packet(false, sequence, 1, &blocks(&[print()]));
            frame[42..52].copy_from_slice(b"NEXTDAY001");
            frame
        };
        bench.raw(&renamed(1));
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::SessionChange]);
        clear(&mut bench);
        bench.raw(&renamed(40));
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [], "it is where it is");
        assert_eq!(act(&mut bench, resume(1, 41)), Reason::None);
        bench.raw(&renamed(41));
        assert_eq!(bench.orders(), [SENT]);
        bench.show(&[print()]);
        assert_eq!(reasons(&bench.settle(), EventKind::Channel), [Reason::SessionChange], "the old one is another");
    });
}

#[test]
fn every_row_of_every_table_is_emptied() {
    on_each_card(|card| {
        let mut bench = Bench::on_trade(card);
        let price = |at: u64| 600_000 + (at % 60) as u32 * 100;
        let fill = |from: u64| (0..LIVE_ORDERS as u64).map(|at| bid(from + at, price(at))).collect::<Vec<_>>();
        for from in [1, 1, 50_000] {
            clear(&mut bench);
            write(&mut bench, &fill(from));
            assert_eq!(resume_here(&mut bench), Reason::None, "no reference is there twice, no row is full");
        }
    });
}

/// A command at each cycle of a frame: the books are empty a fixed time behind the frame's end, or behind the command if
/// that is later.
#[test]
fn a_frame_under_way_is_heard_to_its_end() {
    on_each_card(|card| {
        for ahead in 0..24 {
            for early in [1, 0] {
                let mut bench = Bench::on_trade(card);
                let acts = bench.card.cycle() + ahead + 3;
                bench.command(ahead, command(Opcode::Clear, 0, 0, 0, 0, &[]));
                bench.show(&[add(LOCATE, 1, b'B', 100, 640_000), print()]);
                // A command is judged in the cycle before the one in which it acts.
                // The frame's last word is shown in the present cycle.
                let empty = acts.max(bench.card.cycle() + 1) + CLEAR_CYCLES;
                bench.card.idle(empty - 2 - early - bench.card.cycle());
                bench.command(0, bid(1, 640_000));
                let answers = reasons(&bench.settle(), EventKind::Command);
                assert_eq!(answers.len(), 1 + early as usize, "{ahead}");
                assert_eq!(resume_here(&mut bench), Reason::None);
            }
        }
    });
}
