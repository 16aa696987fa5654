//! The right to send in the connection of the card's orders: given, taken back, lost.
use crate::bench::*;
use riposte_engine::{Body, Output};
use riposte_map::shm::{Command, Opcode};

/// Numbers that the card was given: sequence, acknowledgement, UserRefNum; all 0 is none.
fn given(said: &[Output]) -> Vec<[u64; 3]> {
    let numbers = |one: Command| [one.args[0] & 0xffff_ffff, one.args[0] >> 32, one.args[1]];
    commands(said, Opcode::Session).into_iter().map(numbers).collect()
}

fn reclaimed(said: &[Output]) -> Vec<u32> {
    let one = |one: &Output| if let Output::Reclaimed { session: CARD, orders } = one { Some(*orders) } else { None };
    said.iter().filter_map(one).collect()
}

fn delegate(bench: &mut Bench, user_ref: u32) -> Vec<Output> {
    bench.give(Body::Delegate { session: CARD, sequence: u32::MAX, acknowledgement: 7, user_ref })
}

const NONE: [u64; 3] = [0; 3];

#[test]
fn the_card_gets_the_connections_numbers_and_a_number_for_orders_that_nobody_has_used() {
    let mut bench = Bench::ready(config());
    assert_eq!(given(&delegate(&mut bench, 1)), [[u32::MAX.into(), 7, 1]]);
    assert_eq!(given(&delegate(&mut bench, 1)), [] as [[u64; 3]; 0], "it has it");
    // What it sends moves the number, and so does what the venue knows; a desk may want a higher one.
    bench.card_order(5);
    bench.give(Body::Reclaim { session: CARD });
    assert_eq!(given(&delegate(&mut bench, 1))[0][2], 2);
    bench.give(Body::SessionDown { session: CARD });
    bench.reconnect(CARD, 900);
    assert_eq!(given(&delegate(&mut bench, 1))[0][2], 900);
    bench.give(Body::Reclaim { session: CARD });
    assert_eq!(given(&delegate(&mut bench, 5000))[0][2], 5000);
}

#[test]
fn what_is_taken_back_is_told_behind_the_last_order() {
    let mut bench = Bench::ready(config());
    assert_eq!(reclaimed(&bench.give(Body::Reclaim { session: CARD })), [0], "the card had nothing");
    delegate(&mut bench, 1);
    bench.card_order(5);
    bench.answers = false;
    let first = bench.give(Body::Reclaim { session: CARD });
    assert_eq!((given(&first), reclaimed(&first)), (vec![NONE], vec![]));
    assert_eq!(given(&bench.give(Body::Reclaim { session: CARD })), [] as [[u64; 3]; 0], "it was asked already");
    assert_eq!(given(&delegate(&mut bench, 1)), [] as [[u64; 3]; 0], "not before it is the host's");
    bench.card_order(5);
    let second = bench.answer(&commands(&first, Opcode::Session)[0]);
    assert_eq!((given(&second), reclaimed(&second)), (vec![NONE], vec![]));
    // One that passed the gate before the first command, and is told of behind its answer.
    bench.card_order(5);
    let again = bench.answer(&commands(&first, Opcode::Session)[0]);
    assert_eq!((given(&again), reclaimed(&again)), (vec![], vec![]), "not that command's turn");
    let last = bench.answer(&commands(&second, Opcode::Session)[0]);
    assert_eq!((given(&last), reclaimed(&last)), (vec![], vec![3]));
    bench.answers = true;
    delegate(&mut bench, 1);
    assert_eq!(reclaimed(&bench.give(Body::Reclaim { session: CARD })), [0], "counted anew");
}

#[test]
fn a_card_sends_only_in_a_session_that_stands() {
    let mut bench = Bench::ready(config());
    for session in [CARD + 1, 3, 99] {
        let said = bench.give(Body::Delegate { session, sequence: 1, acknowledgement: 1, user_ref: 1 });
        assert_eq!((given(&said), reclaimed(&bench.give(Body::Reclaim { session }))), (vec![], vec![]));
    }
    delegate(&mut bench, 1);
    assert_eq!(given(&bench.give(Body::SessionDown { session: CARD })), [NONE]);
    assert_eq!(given(&bench.give(Body::SessionDown { session: CARD })), [] as [[u64; 3]; 0]);
    assert_eq!(given(&delegate(&mut bench, 1)), [] as [[u64; 3]; 0], "it is down");
    bench.give(Body::SessionUp { session: CARD });
    assert_eq!(given(&delegate(&mut bench, 1)), [] as [[u64; 3]; 0], "what the venue took is not known");
    bench.caught_up(CARD, 1);
    delegate(&mut bench, 1);
    // In the middle of taking it back: what the new connection is told is its own.
    bench.answers = false;
    let asked = bench.give(Body::Reclaim { session: CARD });
    bench.give(Body::SessionEnd { session: CARD });
    assert_eq!(reclaimed(&bench.answer(&commands(&asked, Opcode::Session)[0])), []);
}

#[test]
fn a_card_that_is_gone_and_a_host_that_comes_back_leave_nothing_delegated() {
    let mut bench = Bench::ready(config());
    delegate(&mut bench, 1);
    bench.give(Body::CardLost);
    assert_eq!(reclaimed(&bench.give(Body::Reclaim { session: CARD })), [0]);
    delegate(&mut bench, 1);
    bench.reset_card();
    assert_eq!(reclaimed(&bench.give(Body::Reclaim { session: CARD })), [0]);
    delegate(&mut bench, 1);
    assert_eq!(given(&bench.give(Body::Restarted)), [NONE], "a dead host had given it");
    assert_eq!(reclaimed(&bench.give(Body::Reclaim { session: CARD })), [0]);
}
