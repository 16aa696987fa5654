//! Mass cancels: what of an order's controls is asked of them, what they take, what leaves. Oracles: the card's page, the
//! simulated venue's own reading of OUCH 5.0, RFC 1071 by hand.
use super::*;
use riposte_map::shm::{Action, Condition, MASS_CANCEL};
use riposte_venue::ouch::{Inbound, MassCancel, Options};

/// On every print.
const CANCELS: Rule = Rule { side: MASS_CANCEL, quantity: 0, price_e4: 0, ..ON_TRADE };
/// The place of the cancelling rule of `pair`.
const PLACE: usize = 1;

/// An order and then a mass cancel on every print, and nothing that would speak against either.
fn pair() -> Instrument {
    Instrument { locate: LOCATE, rules: instrument(&[ON_TRADE, CANCELS]).rules, ..Instrument::WIDE }
}

/// What the gate makes of both rules of `pair`.
fn both(bench: &mut Bench) -> [Reason; 2] {
    bench.show(&[print()]);
    bench.orders().try_into().expect("an order and a mass cancel")
}

#[test]
fn what_stops_an_order_alone_stops_no_mass_cancel() {
    let fence = command(Opcode::Fence, 0, 0, 0, 0, &[1]);
    let all = u64::MAX >> 1;
    on_each_card(|card| {
        let mut with = |one: Instrument, commands: &[Command], messages: &[Vec<u8>]| {
            let mut bench = Bench::new(card, &[one]);
            commands.iter().for_each(|one| bench.commands(&[*one]));
            bench.show(messages);
            bench.settle();
            both(&mut bench)
        };
        assert_eq!(with(pair(), &[], &[]), [SENT, SENT]);
        for (change, reason) in [
            (fence, Reason::Fenced), (lease(0, 0, 0), Reason::Position), (credit(0, MOST, MOST), Reason::Exposure),
            (credit(all, 0, MOST), Reason::OpenOrders), (credit(all, MOST, 0), Reason::Unacknowledged),
            (resting(0, 0, 0, MOST), Reason::SelfMatch),
        ] {
            assert_eq!(with(pair(), &[change], &[]), [reason, SENT]);
        }
        assert_eq!(with(pair(), &[], &[action(LOCATE, b'H')]), [Reason::NotTrading, SENT]);
        for (one, reason) in [
            (Instrument { sides: CANCEL, ..pair() }, Reason::Side), (Instrument { quantity_max: 0, ..pair() }, Reason::Quantity),
            (Instrument { value_max: 0, ..pair() }, Reason::Value), (Instrument { collar_e4: (0, 0), ..pair() }, Reason::Collar),
            (Instrument { reach_e4: 0, ..pair() }, Reason::LiveCollar),
        ] {
            assert_eq!(with(one, &[], &[]), [reason, SENT]);
        }
    });
}

#[test]
fn a_mass_cancel_leaves_where_the_book_went_wrong_behind_its_verdict_and_however_old_it_is() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[pair()]);
        // The order's first word is shown in 20, the mass cancel's behind its frame.
        bench.command(26, command(Opcode::Invalidate, 0, 0, 0, 0, &[1]));
        assert_eq!(both(&mut bench), [SENT, SENT]);
        let mut bench = Bench::new(bench.card, &[pair()]);
        commit(&mut bench, &Gate { age_cycles_max: 8, ..Gate::WIDE }, &pair(), 2);
        assert_eq!(both(&mut bench), [Reason::Age, SENT]);
    });
}

#[test]
fn a_rule_that_halts_and_one_that_cancels_fire_in_the_same_verdict() {
    let halts = Rule { action: Action::Halt, ..ON_TRADE };
    let one = Instrument { locate: LOCATE, rules: instrument(&[halts, ON_TRADE, CANCELS]).rules, ..Instrument::WIDE };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[one]);
        bench.show(&[print()]);
        let output = bench.settle();
        assert_eq!(orders(&output), [Reason::Fenced, SENT]);
        assert_eq!(reasons(&output, EventKind::Notice), [SENT]);
    });
}

#[test]
fn what_stops_the_card_stops_a_mass_cancel() {
    let blank = command(Opcode::WriteTemplate, 0, PLACE, 0, 0, &[0, u64::from(MASS_CANCEL), 1]);
    on_each_card(|card| {
        for (change, reason) in [
            (bare(Opcode::Kill), Reason::Killed), (heartbeat(0), Reason::HostSilent), (bare(Opcode::Disarm), Reason::Disarmed),
            (command(Opcode::Session, 0, 0, 0, 0, &[0, 0]), Reason::SessionUnset),
        ] {
            let mut bench = Bench::new(card, &[pair()]);
            bench.commands(&[change]);
            assert_eq!(both(&mut bench), [reason, reason]);
        }
        let mut bench = Bench::new(card, &[pair()]);
        bench.command(26, command(Opcode::Commit, 0, 0, 0, 2, &[]));
        assert_eq!(both(&mut bench), [SENT, Reason::StaleGeneration]);
        let cooling = |cool_down_cycles| Instrument { rules: instrument(&[ON_TRADE, Rule { cool_down_cycles, ..CANCELS }]).rules, ..pair() };
        for (one, expected) in [
            (Instrument { enabled: false, ..pair() }, [Reason::InstrumentDisabled; 2]),
            (Instrument { sides: ALL_SIDES - CANCEL, ..pair() }, [SENT, Reason::Side]),
            (cooling(0), [SENT, Reason::CoolDown]),
        ] {
            assert_eq!(both(&mut Bench::new(card, &[one])), expected);
        }
        let mut bench = Bench::new(card, &[cooling(1 << 40)]);
        assert_eq!([both(&mut bench), both(&mut bench)], [[SENT, SENT], [SENT, Reason::CoolDown]]);
        let mut bench = Bench::new(card, &[pair()]);
        bench.commands(&[repeat(0, PLACE, 1)]);
        assert_eq!([both(&mut bench), both(&mut bench)], [[SENT, SENT], [SENT, Reason::Repeated]]);
        let mut set = parameters(&[pair()], 2);
        set.insert(set.len() - 1, blank);
        bench.commands(&set);
        assert_eq!(both(&mut bench), [SENT, Reason::TemplateUnset]);
    });
}

#[test]
fn room_in_the_throttle_is_kept_for_mass_cancels() {
    // Orders on every print, a mass cancel when the ask is there: what is saved up is all there is.
    let on_ask = Rule { condition: Condition::AskAtLeast, threshold: 1, ..CANCELS };
    let one = Instrument { rules: instrument(&[ON_TRADE, on_ask]).rules, ..pair() };
    on_each_card(|card| {
        for (saved_max, kept, orders) in [(3, 0, 3), (3, 1, 2), (3, 2, 1), (3, 3, 0), (3, 4, 0), (1, 1, 0), (1, u16::MAX, 0)] {
            let mut bench = Bench::new(card, &[one]);
            commit(&mut bench, &Gate { interval_cycles: 1 << 20, saved_max, kept, ..Gate::WIDE }, &one, 2);
            for at in 0..5_u64 {
                assert_eq!(verdict(&mut bench), if at < orders { SENT } else { Reason::Throttle }, "{saved_max} {kept} {at}");
            }
            for at in 0..u64::from(saved_max) - orders {
                bench.show(&[add(LOCATE, at + 1, b'S', 100, 650_000)]);
                assert_eq!(bench.orders(), [SENT], "{saved_max} {kept} {at}");
                bench.show(&[delete(LOCATE, at + 1)]);
            }
            bench.show(&[add(LOCATE, 9, b'S', 100, 650_000)]);
            assert_eq!(bench.orders(), [Reason::Throttle], "it takes a token as an order does");
        }
    });
}

#[test]
fn a_mass_cancel_takes_nothing_that_was_lent() {
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[pair()]);
        // For one order of 100 at 65.00.
        bench.commands(&[lease(0, 100, 0), credit(65_000_000, 1, 1)]);
        assert_eq!(both(&mut bench), [SENT, SENT]);
        assert_eq!(both(&mut bench), [Reason::Position, SENT]);
        bench.commands(&[lease(0, 200, 0), credit(130_000_000, 2, 2)]);
        assert_eq!(both(&mut bench), [SENT, SENT], "two were sent of everything");
    });
}

#[test]
fn a_mass_cancel_leaves_as_it_is_but_for_its_numbers() {
    let named = Rule { quantity: 0x1234_5678, price_e4: 0x9abc_def0, ..CANCELS };
    let one = Instrument { locate: LOCATE, rules: instrument(&[named, ON_TRADE]).rules, ..Instrument::WIDE };
    on_each_card(|card| {
        let mut bench = Bench::new(card, &[one]);
        bench.commands(&[command(Opcode::Session, 0, 0, 0, 0, &[0x0102_0304 | 0x0506_0708 << 32, 0x0a0b_0c0d])]);
        bench.show(&[print()]);
        let output = bench.settle();
        assert_eq!(orders(&output), [SENT, SENT]);
        let told = output.events.iter().find(|event| is_order(event)).expect("told first");
        assert!(told.is_cancel() && told.user_ref == 0x0a0b_0c0d && (told.quantity, told.price_e4) == (0x1234_5678, 0x9abc_def0));
        let frame = &output.transmitted[0].bytes;
        let mut expected = cancel_image(b"TEST    ");
        expected[38..46].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        expected[58..62].copy_from_slice(&[0x0a, 0x0b, 0x0c, 0x0d]);
        expected[50..52].copy_from_slice(&frame[50..52]);
        assert_eq!(frame[..], expected);
        let pseudo = [&frame[26..34], &[0, 6], &(frame.len() as u16 - 34).to_be_bytes(), &frame[34..]].concat();
        assert_eq!(sum16(&pseudo), 0xffff, "TCP checksum");
        let message = MassCancel { user_ref: 0x0a0b_0c0d, firm: *b"LIME", symbol: *b"TEST    ", options: Options::default() };
        assert_eq!(Inbound::decode(&frame[57..]), Ok(Inbound::MassCancel(message)));
        // What comes behind it goes on where its payload ends.
        let next = &output.transmitted[1].bytes;
        assert_eq!((&next[38..42], &next[58..62]), (&[1, 2, 3, 4 + 20][..], &[0x0a, 0x0b, 0x0c, 0x0e][..]));
    });
}

#[test]
fn an_order_of_the_host_is_no_mass_cancel_and_none_goes_out_as_one() {
    let place = |side| Rule { condition: Condition::Host, side, ..ON_TRADE };
    on_each_card(|card| {
        for (written, asked, expected) in [(b'B', b'B', SENT), (b'B', MASS_CANCEL, Reason::Side), (MASS_CANCEL, b'B', Reason::Side)] {
            let rules = [None, None, None, Some(place(written))];
            let mut bench = Bench::new(card, &[Instrument { rules, ..pair() }]);
            bench.commands(&[order(0, asked, 100, 650_000)]);
            assert_eq!(bench.orders(), [expected]);
        }
    });
}
