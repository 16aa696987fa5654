//! Lockstep: the Verilated gateware and the reference model, on random traffic. Oracle: the model, which was
//! written from the card's page and the exchanges' documents.
use riposte_device::Card;
use riposte_map::{
    counter::Counter,
    reason::Reason,
    shm::{Condition, EventKind},
};
use riposte_model::Model;
use riposte_tests::{
    bench::{LOCATE, ON_TRADE, instrument},
    coverage::{Bin, OUT_OF_REACH, Step},
    lockstep::{Coverage, Ended, Lockstep},
    messages::{action, add, blocks, cancel, delete, executed},
    parameters::{Rule, opening, parameters},
    soak::{Plan, Totals, run, seeds, soak},
    traffic::{Piece, packet},
};
use riposte_verilated::{Mutant, Verilated};

/// Clock cycles that every change must pass.
const TEST_CYCLES: u64 = 5_000_000;

fn both() -> Vec<Box<dyn Card>> {
    vec![Box::new(Model::new()), Box::new(Verilated::new())]
}

fn clean_run(seed: u64, instruments: usize) -> Coverage {
    run(seed, &Plan { instruments, ..Plan::CLEAN }, &both).unwrap_or_else(|what| panic!("seed {seed}: {what}")).coverage
}

#[test]
fn clean_traffic_on_one_instrument_is_equal() {
    let mut coverage = Coverage::default();
    for seed in 100..118 {
        coverage.add(&clean_run(seed, 1));
    }
    assert!(coverage.events(EventKind::OrderSent) > 100);
    assert_eq!((coverage.events(EventKind::Invalid), coverage.events(EventKind::Channel)), (0, 0), "clean is clean");
}

#[test]
fn clean_traffic_on_sixteen_instruments_is_equal() {
    let mut coverage = Coverage::default();
    for seed in 110..120 {
        coverage.add(&clean_run(seed, 16));
    }
    assert!(coverage.events(EventKind::OrderSent) > 300);
    assert_eq!((coverage.events(EventKind::Invalid), coverage.events(EventKind::Channel)), (0, 0), "clean is clean");
}

/// The session's steps as they were read from the frames are those that the card has counted: the two readings of a
/// frame agree, so the bins tell of what the card has seen.
fn check_session(totals: &Totals) {
    let steps = |steps: &[Step]| steps.iter().map(|step| totals.bins.hits(Bin::Session(*step))).sum::<u64>();
    let counts = |counter| totals.coverage.count(counter);
    assert_eq!(steps(&[Step::Gap, Step::GapByHeartbeat]), counts(Counter::Gaps));
    assert_eq!(steps(&[Step::Heartbeat, Step::GapByHeartbeat]), counts(Counter::Heartbeats));
    assert_eq!(steps(&[Step::Duplicate]), counts(Counter::Duplicates));
    assert_eq!(steps(&[Step::Overlap]), counts(Counter::Overlaps));
    assert_eq!(steps(&[Step::SessionChange]), counts(Counter::SessionChanges));
    assert_eq!(steps(&[Step::EndOfSession, Step::RepeatedEnd]), counts(Counter::EndsOfSession));
}

#[test]
fn five_million_cycles_of_every_traffic_are_equal_and_hit_every_bin() {
    // Of runs with restorations or two lines it is the card that says whose messages are dropped: they are counted apart.
    let (restored, plain): (Vec<u64>, Vec<u64>) =
        seeds(0, TEST_CYCLES).into_iter().partition(|seed| Plan::of(*seed).restorations || Plan::of(*seed).lines);
    let [mut totals, restored] = [plain, restored].map(|seeds| {
        soak(&seeds, 2, &both, &|_| {}, &|_| {}).unwrap_or_else(|failure| panic!("{failure}"))
    });
    check_session(&totals);
    totals.merge(&restored);
    println!("{} runs, {} cycles, digest {:016x}", totals.runs, totals.cycles, totals.digest);
    println!("{}", totals.bins.table());
    assert!(totals.cycles >= TEST_CYCLES);
    assert_eq!(totals.bins.missed(), [], "bins without a hit");
    assert_eq!(totals.bins.unlisted(), [], "hits that no bin was listed for");
    for reason in OUT_OF_REACH {
        assert!(!totals.coverage.events.keys().any(|(_, of)| *of == reason), "{reason:?} can be reached after all");
    }
}

/// A commit that sets line B, in the cycle in which a frame of line B begins and a message of line A is decided.
#[test]
fn a_line_that_is_set_in_the_cycle_of_its_frame_is_not_heard_before() {
    run(817, &Plan::of(817), &both).unwrap_or_else(|what| panic!("seed 817: {what}"));
}

#[test]
fn a_seed_is_a_run() {
    let digest = |seed| run(seed, &Plan::of(seed), &|| vec![Box::new(Model::new())]).expect("no partner, no difference").digest;
    assert_eq!(digest(6), digest(6));
    assert_ne!(digest(6), digest(22), "two seeds of one plan");
}

#[test]
fn a_difference_names_its_seed_and_what_replays_it() {
    let faulty = || -> Vec<Box<dyn Card>> {
        vec![Box::new(Model::new()), Box::new(Verilated::mutant(Mutant::GateIgnoresKill))]
    };
    let all = seeds(0, TEST_CYCLES);
    let failure = soak(&all, 2, &faulty, &|_| {}, &|_| {}).err().expect("the fault is found");
    let text = failure.to_string();
    assert!(text.contains(&format!("make soak ARGS=\"--seed {} --runs 1\"", failure.seed)), "{text}");
    let again = soak(&[failure.seed], 1, &faulty, &|_| {}, &|_| {}).err().expect("and found again");
    assert_eq!((again.seed, again.what), (failure.seed, failure.what), "exactly that run");
    assert!(soak(&[failure.seed], 1, &both, &|_| {}, &|_| {}).is_ok(), "the sound card passes it");
}

#[test]
fn a_bin_without_a_hit_is_missed() {
    let totals = soak(&[13], 1, &|| vec![Box::new(Model::new())], &|_| {}, &|_| {}).expect("no partner, no difference");
    let missed = totals.bins.missed();
    assert!(missed.contains(&Bin::Channel(Reason::Gap)) && !missed.contains(&Bin::Session(Step::FirstPacket)));
    assert!(totals.bins.table().contains("         0 channel: sequence gap"));
}

/// A ladder of bids, each alone on its level, built from below and taken from the top: every message moves the top.
fn ladder(round: u64) -> Vec<Vec<u8>> {
    let price = |at: u64| 600_000 + at as u32 * 100;
    let reference = |at: u64| round * 1000 + at + 1;
    let rises = (0..100).map(|at| add(LOCATE, reference(at), b'B', 100, price(at)));
    let falls = (0..100).rev().flat_map(|at| {
        let part = match at % 3 {
            0 => Some(executed(LOCATE, reference(at), 1)),
            1 => Some(cancel(LOCATE, reference(at), 1)),
            _ => None,
        };
        // In every other round deletes alone: nothing is shorter.
        part.filter(|_| round.is_multiple_of(2)).into_iter().chain([delete(LOCATE, reference(at))])
    });
    rises.chain(falls).collect()
}

/// Shows rounds of the ladder in packets of up to `per_packet` messages without an idle cycle, for 100,000 cycles.
fn line_rate(per_packet: usize, tagged: bool) -> (Ended, usize) {
    let falling = Rule { condition: Condition::BidAtMost, threshold: 605_000, ..ON_TRADE };
    let rising = Rule { condition: Condition::BidAtLeast, threshold: 605_000, ..ON_TRADE };
    let mut lockstep = Lockstep::new(both());
    lockstep.commands(&parameters(&[instrument(&[falling, rising])], 1));
    lockstep.commands(&opening(1));
    let (mut sequence, mut shown, mut round) = (1, 0, 0);
    let mut show = |lockstep: &mut Lockstep, messages: &[Vec<u8>], gap| {
        let bytes = packet(tagged, sequence, messages.len() as u16, &blocks(messages));
        sequence += messages.len() as u64;
        lockstep.piece(&Piece { bytes, time_ns: sequence, fcs_good: true, stalls: 0, gap });
    };
    show(&mut lockstep, &[action(LOCATE, b'T')], 40);
    let start = lockstep.cycle();
    while lockstep.cycle() < start + 100_000 {
        for messages in ladder(round).chunks(per_packet) {
            show(&mut lockstep, messages, 0);
            shown += messages.len();
        }
        round += 1;
        lockstep.compare(round);
    }
    (lockstep.finish(0), shown)
}

#[test]
fn the_smallest_messages_back_to_back_are_all_taken() {
    for (per_packet, tagged) in [(60, false), (60, true), (7, false), (1, true)] {
        let (ended, shown) = line_rate(per_packet, tagged);
        let coverage = ended.coverage;
        println!("{per_packet} messages a packet: {shown} messages in {} cycles", ended.cycles);
        let books = coverage.events(EventKind::Book) as usize;
        assert_eq!(books, shown + 1, "one verdict a message, the trading action's too");
        assert_eq!((coverage.events(EventKind::Channel), coverage.events(EventKind::Invalid)), (0, 0), "no Overload");
        assert_eq!((coverage.count(Counter::EventsLost), coverage.count(Counter::DecisionsDropped)), (0, 0));
        assert!(coverage.events(EventKind::OrderSent) > 100);
    }
}
