//! Ring and table in every order that a weak memory may show their words in (loom), and mistakes that it must find.
//!
//! Words that carry content are no atomics here: loom then fails on each pair of accesses of which no ordering says
//! which comes first, also where it could not show a wrong value.
use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, fence};
use riposte_ring::{Consumer, Memory, PAYLOAD_WORDS, Producer, TableReader, TableWriter, ring_words, table_words};
use std::sync::atomic::Ordering;

/// What a faulty memory does worse than it is told.
#[derive(Clone, Debug, PartialEq)]
enum Fault {
    None,
    /// Stores these words without Release.
    Stores(Vec<usize>),
    /// Loads these words without Acquire.
    Loads(Vec<usize>),
    /// Leaves the fences away.
    Fences,
}

/// The words that order others; all between them carry content.
const RING_WORDS: &[usize] = &[RELEASED, SLOTS[0], SLOTS[1]];
const RELEASED: usize = 0;
const SLOTS: [usize; 2] = [8, 16];
const TABLE_WORDS: &[usize] = &[LATEST, INDEX[0], INDEX[1], READING];
const LATEST: usize = 0;
const INDEX: [usize; 2] = [1, 2];
const READING: usize = 8;

enum Word {
    Order(AtomicU64),
    Content(UnsafeCell<u64>),
}

#[derive(Clone)]
struct Modelled {
    words: Arc<Vec<Word>>,
    fault: Fault,
}

impl Modelled {
    fn new(count: usize, ordering: &[usize], fault: Fault) -> Modelled {
        let order = |_| Word::Order(AtomicU64::new(0));
        let word = |at| if ordering.contains(&at) { order(at) } else { Word::Content(UnsafeCell::new(0)) };
        Modelled { words: Arc::new((0..count).map(word).collect()), fault }
    }
}

// SAFETY: loom runs one thread at a time and fails on an access to a cell that is not ordered with all others.
unsafe impl Send for Modelled {}

impl Memory for Modelled {
    fn words(&self) -> usize {
        self.words.len()
    }

    fn load(&self, word: usize, order: Ordering) -> u64 {
        let is_wrong = matches!(&self.fault, Fault::Loads(words) if words.contains(&word));
        match &self.words[word] {
            Word::Order(value) => value.load(if is_wrong { Ordering::Relaxed } else { order }),
            // SAFETY: the pointer is that of the cell, which loom has just checked.
            Word::Content(value) => value.with(|value| unsafe { *value }),
        }
    }

    fn store(&self, word: usize, value: u64, order: Ordering) {
        let is_wrong = matches!(&self.fault, Fault::Stores(words) if words.contains(&word));
        match &self.words[word] {
            Word::Order(place) => place.store(value, if is_wrong { Ordering::Relaxed } else { order }),
            // SAFETY: as above.
            Word::Content(place) => place.with_mut(|place| unsafe { *place = value }),
        }
    }

    fn fence(&self, order: Ordering) {
        if self.fault != Fault::Fences {
            fence(order);
        }
    }
}

fn check(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(preemptions);
    model.check(body);
}

/// Three records through a ring of two: it is full once and wraps around once.
fn records_arrive(fault: Fault) {
    check(3, move || {
        let memory = Modelled::new(ring_words(2), RING_WORDS, fault.clone());
        let mut producer = Producer::attach(memory.clone(), 2).unwrap();
        let mut consumer = Consumer::attach(memory, 2).unwrap();
        let pushing = loom::thread::spawn(move || {
            for number in 1..=3 {
                while producer.push(&[number; PAYLOAD_WORDS]).is_err() {
                    loom::thread::yield_now();
                }
            }
        });
        for number in 1..=3 {
            let record = loop {
                match consumer.read().expect("no slot holds what does not belong there") {
                    Some(record) => break record,
                    None => loom::thread::yield_now(),
                }
            };
            assert_eq!(record, [number; PAYLOAD_WORDS + 1]);
            consumer.release();
        }
        pushing.join().unwrap();
    });
}

/// Four generations past a reader that looks twice, so many that a copy it has read is written again: each is whole and
/// none older than the one before.
fn generations_are_whole(fault: Fault) {
    check(4, move || {
        let memory = Modelled::new(table_words(2), TABLE_WORDS, fault.clone());
        let mut writer = TableWriter::attach(memory.clone(), 2).unwrap();
        let mut reader = TableReader::attach(memory, 2).unwrap();
        let writing = loom::thread::spawn(move || {
            for number in 1..=4 {
                assert_eq!(writer.write(&[number, number]), number);
            }
        });
        let mut newest = 0;
        for _ in 0..2 {
            let mut content = [0; 2];
            let generation = reader.read(&mut content);
            assert_eq!(content, [generation; 2]);
            assert!(generation >= newest);
            newest = generation;
        }
        writing.join().unwrap();
        let mut content = [0; 2];
        assert_eq!((reader.read(&mut content), content), (4, [4, 4]));
    });
}

#[test]
fn records_arrive_whole_and_in_order() {
    records_arrive(Fault::None);
}

#[test]
fn generations_are_whole_and_the_newest() {
    generations_are_whole(Fault::None);
}

/// Runs `body` on each faulty memory and fails if one of them is not found.
fn are_found(body: fn(Fault), faults: &[Fault]) {
    for fault in faults {
        let outcome = std::panic::catch_unwind(|| body(fault.clone()));
        let told = outcome.expect_err(&format!("{fault:?} goes unnoticed"));
        let told = told.downcast_ref::<String>().cloned().or(told.downcast_ref::<&str>().map(|&text| text.to_owned()));
        let told = told.expect("a failed assertion");
        let is_expected = ["left == right", "no slot", "newest", "Causality violation"].iter().any(|text| told.contains(text));
        assert!(is_expected, "{fault:?}: {told}");
    }
}

#[test]
fn each_ordering_of_the_ring_is_needed() {
    let [released, slots] = [vec![RELEASED], SLOTS.to_vec()];
    let stores = [Fault::Stores(slots.clone()), Fault::Stores(released.clone())];
    are_found(records_arrive, &[&stores[..], &[Fault::Loads(slots), Fault::Loads(released)]].concat());
}

#[test]
fn each_ordering_of_the_table_is_needed() {
    let [latest, index, reading] = [vec![LATEST], INDEX.to_vec(), vec![READING]];
    let stores = [latest, index.clone(), reading.clone()].map(Fault::Stores);
    let loads = [index, reading].map(Fault::Loads);
    are_found(generations_are_whole, &[&[Fault::Fences], &stores[..], &loads].concat());
}
