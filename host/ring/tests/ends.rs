//! Ring and table on mapped files: full, wrapped, broken, and ends that die and are replaced.
use riposte_ring::{Broken, Consumer, Full, Memory, PAYLOAD_WORDS, Producer, Shared, TableReader, TableWriter, ring_words, table_words};
use std::fs::File;
use std::sync::atomic::Ordering::{Relaxed, Release};

const CAPACITY: usize = 4;

/// `words` words of a file that nobody else knows.
fn memory(words: usize) -> Shared {
    let path = std::env::temp_dir().join(format!("riposte-ring-{}-{:?}", std::process::id(), std::thread::current().id()));
    let file = File::options().read(true).write(true).create_new(true).open(&path).expect("a file for the test");
    std::fs::remove_file(&path).expect("its name is not needed");
    file.set_len(words as u64 * 8).expect("room for it");
    Shared::map(&file).expect("it is mapped")
}

fn ring() -> Shared {
    memory(ring_words(CAPACITY))
}

fn producer(memory: &Shared) -> Producer<Shared> {
    Producer::attach(memory.clone(), CAPACITY).expect("a ring")
}

fn consumer(memory: &Shared) -> Consumer<Shared> {
    Consumer::attach(memory.clone(), CAPACITY).expect("a ring")
}

fn payload(number: u64) -> [u64; PAYLOAD_WORDS] {
    std::array::from_fn(|at| number * 100 + at as u64)
}

fn assert_next(consumer: &mut Consumer<Shared>, number: u64) {
    let record = consumer.read().unwrap().unwrap_or_else(|| panic!("record {number} is there"));
    assert_eq!((record[0], &record[1..]), (number, &payload(number)[..]));
}

#[test]
fn a_ring_takes_as_many_records_as_it_has_slots_and_not_one_more() {
    let memory = ring();
    let (mut producer, mut consumer) = (producer(&memory), consumer(&memory));
    for number in 1..=CAPACITY as u64 {
        assert_eq!(producer.room(), CAPACITY as u64 + 1 - number);
        assert_eq!(producer.push(&payload(number)), Ok(number));
    }
    assert_eq!((producer.push(&payload(5)), producer.room()), (Err(Full), 0));
    assert_next(&mut consumer, 1);
    assert_eq!(producer.push(&payload(5)), Err(Full), "what is read keeps its place until it is released");
    consumer.release();
    assert_eq!(producer.push(&payload(5)), Ok(5));
    assert_eq!(producer.push(&payload(6)), Err(Full));
    (2..=5).for_each(|number| assert_next(&mut consumer, number));
    assert_eq!(consumer.read(), Ok(None));
}

#[test]
fn records_keep_their_order_over_many_laps() {
    let memory = ring();
    let (mut producer, mut consumer) = (producer(&memory), consumer(&memory));
    let (mut pushed, mut read) = (0, 0);
    // Bursts of every length, so that laps end everywhere.
    for burst in (0..1_000).map(|round| round % (CAPACITY as u64 + 2)) {
        for _ in 0..burst {
            pushed += u64::from(producer.push(&payload(pushed + 1)).is_ok());
        }
        while let Some(record) = consumer.read().unwrap() {
            read += 1;
            assert_eq!((record[0], &record[1..]), (read, &payload(read)[..]));
        }
        assert_eq!(read, pushed, "all that was pushed is read");
        consumer.release();
    }
    assert!(read > 1_000);
}

#[test]
fn a_record_whose_producer_died_before_its_number_was_written_is_not_there() {
    let memory = ring();
    let mut consumer = consumer(&memory);
    for lap in [0, 4] {
        let mut first = producer(&memory);
        (lap + 1..=lap + 2).for_each(|number| assert_eq!(first.push(&payload(number)), Ok(number)));
        drop(first);
        // The whole payload of the next record, and no number: what is left of a producer that was killed.
        (1..=PAYLOAD_WORDS).for_each(|at| memory.store((1 + 2) * 8 + at, 666, Relaxed));
        (lap + 1..=lap + 2).for_each(|number| assert_next(&mut consumer, number));
        assert_eq!(consumer.read(), Ok(None), "nothing but the payload is there");
        let mut second = producer(&memory);
        assert_eq!(second.next_sequence(), lap + 3);
        (lap + 3..=lap + 4).for_each(|number| assert_eq!(second.push(&payload(number)), Ok(number)));
        (lap + 3..=lap + 4).for_each(|number| assert_next(&mut consumer, number));
        consumer.release();
    }
}

#[test]
fn a_consumer_that_comes_after_a_crash_reads_again_what_was_not_released() {
    let memory = ring();
    let mut producer = producer(&memory);
    (1..=4).for_each(|number| assert_eq!(producer.push(&payload(number)), Ok(number)));
    let mut first = consumer(&memory);
    (1..=3).for_each(|number| assert_next(&mut first, number));
    first.release_to(1);
    first.release_to(0);
    drop(first);
    let mut second = consumer(&memory);
    assert_eq!(second.next_sequence(), 2);
    (2..=4).for_each(|number| assert_next(&mut second, number));
    second.release_to(u64::MAX);
    assert_eq!((second.read(), producer.room()), (Ok(None), 4), "no more is released than was read");
    assert_eq!(producer.push(&payload(5)), Ok(5));
    assert_next(&mut second, 5);
}

#[test]
fn what_was_not_read_is_not_released() {
    let memory = ring();
    let (mut producer, mut consumer) = (producer(&memory), consumer(&memory));
    (1..=4).for_each(|number| assert_eq!(producer.push(&payload(number)), Ok(number)));
    assert_next(&mut consumer, 1);
    consumer.release_to(3);
    assert_eq!(producer.room(), 1);
    (2..=4).for_each(|number| assert_next(&mut consumer, number));
}

#[test]
fn memory_that_is_no_ring_is_refused() {
    let shape = |capacity, words| Broken::Shape { capacity, wanted: ring_words(capacity), found: words };
    for (capacity, words) in [(4, 39), (4, 41), (3, ring_words(3)), (0, ring_words(0)), (8, 40)] {
        assert_eq!(Producer::attach(memory(words), capacity).err(), Some(shape(capacity, words)));
        assert_eq!(Consumer::attach(memory(words), capacity).err(), Some(shape(capacity, words)));
    }
    let filled = |changes: &[(usize, u64)]| {
        let memory = ring();
        let mut producer = producer(&memory);
        (1..=3).for_each(|number| assert!(producer.push(&payload(number)).is_ok()));
        changes.iter().for_each(|&(word, value)| memory.store(word, value, Relaxed));
        memory
    };
    let refused = |changes| Producer::attach(filled(changes), CAPACITY).err();
    assert_eq!(refused(&[]), None);
    assert_eq!(refused(&[(8, 9)]), Some(Broken::Slot { slot: 1, found: 2, wanted: 6 }));
    assert_eq!(refused(&[(16, 0)]), Some(Broken::Slot { slot: 1, found: 0, wanted: 2 }));
    assert_eq!(refused(&[(32, u64::MAX)]), Some(Broken::Slot { slot: 0, found: 1, wanted: u64::MAX - 2 }));
    assert_eq!(refused(&[(0, 4)]), Some(Broken::Released { released: 4, newest: 3 }));
}

#[test]
fn a_slot_that_holds_what_does_not_belong_there_is_told_and_nothing_is_read() {
    for wrong in [2, 5, 77, u64::MAX] {
        let memory = ring();
        let mut consumer = consumer(&memory);
        memory.store(8, wrong, Release);
        assert_eq!(consumer.read(), Err(Broken::Slot { slot: 0, found: wrong, wanted: 1 }));
    }
    // The second lap begins: slot 0 holds record 1 until record 5 comes, and never anything older.
    let memory = ring();
    let (mut producer, mut consumer) = (producer(&memory), consumer(&memory));
    (1..=4).for_each(|number| assert_eq!(producer.push(&payload(number)), Ok(number)));
    (1..=4).for_each(|number| assert_next(&mut consumer, number));
    assert_eq!(consumer.read(), Ok(None));
    memory.store(8, 0, Release);
    assert_eq!(consumer.read(), Err(Broken::Slot { slot: 0, found: 0, wanted: 5 }));
    let memory = ring();
    memory.store(0, u64::MAX, Release);
    let told = Consumer::attach(memory, CAPACITY).err();
    assert_eq!(told, Some(Broken::Released { released: u64::MAX, newest: 1 << 63 }));
}

#[test]
fn a_consumer_that_releases_what_never_was_does_not_let_the_producer_overrun() {
    let memory = ring();
    let mut producer = producer(&memory);
    memory.store(0, u64::MAX, Release);
    assert_eq!(producer.room(), CAPACITY as u64);
    assert_eq!(producer.push(&payload(1)), Ok(1));
}

#[test]
fn a_table_gives_the_newest_generation_and_survives_its_ends() {
    let memory = memory(table_words(11));
    let mut content = [9; 11];
    let mut reader = TableReader::attach(memory.clone(), 11).expect("a table");
    assert_eq!((reader.read(&mut content), content), (0, [0; 11]), "nothing was written yet");
    for number in 1..=20 {
        // Each generation by a writer that has just come, each read by a reader that has.
        let mut writer = TableWriter::attach(memory.clone(), 11).expect("a table");
        assert_eq!(writer.write(&[number * 7; 11]), number);
        if number % 3 == 0 {
            let mut reader = TableReader::attach(memory.clone(), 11).expect("a table");
            assert_eq!((reader.read(&mut content), content), (number, [number * 7; 11]));
        }
    }
    assert_eq!((reader.read(&mut content), content), (20, [140; 11]));
    let refused = TableReader::attach(memory, 16).err();
    assert_eq!(refused, Some(Broken::Table { width: 16, wanted: table_words(16), found: table_words(11) }));
}

/// A writer that never rests, and a reader that must get something whole each time it looks.
#[test]
fn a_reader_is_not_starved_by_a_writer_that_never_rests() {
    const WIDTH: usize = 512;
    let memory = memory(table_words(WIDTH));
    let mut writer = TableWriter::attach(memory.clone(), WIDTH).expect("a table");
    let mut reader = TableReader::attach(memory, WIDTH).expect("a table");
    let ended = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut number = 0;
            while !ended.load(Relaxed) {
                number += 1;
                assert_eq!(writer.write(&[number; WIDTH]), number);
            }
        });
        let (mut content, mut newest) = ([0; WIDTH], 0);
        let mut is_whole_and_newer = || {
            let before = newest;
            newest = reader.read(&mut content);
            content.iter().all(|&word| word == newest) && newest >= before
        };
        let wrong = (0..20_000).find(|_| !is_whole_and_newer());
        ended.store(true, Relaxed);
        assert_eq!(wrong, None, "the look that gave a torn or an older generation");
    });
}
