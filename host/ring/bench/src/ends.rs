//! Ways to send a record there and to wait for one, each for both sides.
use crate::pin;
use anyhow::{Context, anyhow};
use iceoryx2::port::{publisher::Publisher, subscriber::Subscriber};
use iceoryx2::prelude::*;
use riposte_ring::{Consumer, Memory, PAYLOAD_WORDS, Producer, RECORD_WORDS, Shared, ring_words};
use std::fs::File;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::time::{Duration, Instant};

type Payload = [u64; PAYLOAD_WORDS];

const SLOTS: usize = 1024;
/// Looks without a record after which an end sleeps between looks: its turn is over, and the core is another's.
const PATIENCE: u32 = 1 << 15;

/// One side.
pub trait End {
    fn send(&mut self, payload: &Payload) -> anyhow::Result<()>;

    /// What has come, if anything has.
    fn look(&mut self) -> anyhow::Result<Option<Payload>>;

    fn wait(&mut self) -> anyhow::Result<Payload> {
        let mut looks = 0u32;
        loop {
            if let Some(payload) = self.look()? {
                return Ok(payload);
            }
            looks = looks.saturating_add(1);
            match looks {
                0..=4096 => std::hint::spin_loop(),
                4097..PATIENCE => std::thread::yield_now(),
                _ => std::thread::sleep(Duration::from_micros(200)),
            }
        }
    }
}

/// Sends everything back, until it is killed.
pub fn echo(end: &mut impl End) -> anyhow::Result<()> {
    loop {
        let payload = end.wait()?;
        end.send(&payload)?;
    }
}

/// A word each way in a line of its own: what no protocol can be faster than. Its payload is the number alone.
pub struct Bare {
    memory: Shared,
    out: usize,
    back: usize,
    seen: u64,
}

impl Bare {
    pub fn new(memory: Shared, is_echo: bool) -> Bare {
        let (out, back) = if is_echo { (64, 0) } else { (0, 64) };
        Bare { memory, out, back, seen: 0 }
    }
}

impl End for Bare {
    fn send(&mut self, payload: &Payload) -> anyhow::Result<()> {
        self.seen = self.memory.load(self.back, Relaxed);
        // Pairs with the Acquire below. One more than the number, so that the first is not what is there already.
        self.memory.store(self.out, payload[0] + 1, Release);
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Option<Payload>> {
        let found = self.memory.load(self.back, Acquire);
        Ok((found != self.seen).then(|| [found - 1; PAYLOAD_WORDS]))
    }
}

/// A ring each way.
pub struct Ring {
    out: Producer<Shared>,
    back: Consumer<Shared>,
}

impl Ring {
    pub fn new(memory: Shared, is_echo: bool) -> anyhow::Result<Ring> {
        let words = ring_words(SLOTS);
        let [first, second] = [memory.part(0..words), memory.part(words..2 * words)];
        let (out, back) = if is_echo { (second, first) } else { (first, second) };
        Ok(Ring { out: Producer::attach(out, SLOTS)?, back: Consumer::attach(back, SLOTS)? })
    }
}

impl End for Ring {
    fn send(&mut self, payload: &Payload) -> anyhow::Result<()> {
        self.out.push(payload)?;
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Option<Payload>> {
        let Some([_, payload @ ..]) = self.back.read()? else { return Ok(None) };
        self.back.release();
        Ok(Some(payload))
    }
}

/// A ring of rtrb each way, between threads.
pub struct Threads {
    out: rtrb::Producer<[u64; RECORD_WORDS]>,
    back: rtrb::Consumer<[u64; RECORD_WORDS]>,
}

impl End for Threads {
    fn send(&mut self, payload: &Payload) -> anyhow::Result<()> {
        let mut record = [0; RECORD_WORDS];
        record[1..].copy_from_slice(payload);
        self.out.push(record).map_err(|_| anyhow!("rtrb is full"))
    }

    fn look(&mut self) -> anyhow::Result<Option<Payload>> {
        Ok(self.back.pop().ok().map(|[_, payload @ ..]| payload))
    }
}

/// This end, and the thread at the other, which goes with the process.
pub fn threads() -> anyhow::Result<(Threads, std::thread::JoinHandle<anyhow::Result<()>>)> {
    let (out, there) = rtrb::RingBuffer::new(SLOTS);
    let (here, back) = rtrb::RingBuffer::new(SLOTS);
    let mut other = Threads { out: here, back: there };
    let echoing = std::thread::spawn(move || pin(1).and_then(|()| echo(&mut other)));
    Ok((Threads { out, back }, echoing))
}

/// A service of iceoryx2 each way.
pub struct Ice {
    out: Publisher<ipc::Service, [u64; RECORD_WORDS], ()>,
    back: Subscriber<ipc::Service, [u64; RECORD_WORDS], ()>,
}

impl Ice {
    pub fn new(name: &str, is_echo: bool) -> anyhow::Result<Ice> {
        if is_echo {
            pin(1)?;
        }
        let node = NodeBuilder::new().create::<ipc::Service>().map_err(|error| anyhow!("{error:?}"))?;
        let open = |way: &str| {
            let name = format!("{name}/{way}");
            let name = ServiceName::new(&name).map_err(|error| anyhow!("{error:?}"))?;
            let service = node.service_builder(&name).publish_subscribe::<[u64; RECORD_WORDS]>();
            service.open_or_create().map_err(|error| anyhow!("{error:?}"))
        };
        let (out, back) = if is_echo { (open("back")?, open("there")?) } else { (open("there")?, open("back")?) };
        let publisher = out.publisher_builder().create().map_err(|error| anyhow!("{error:?}"))?;
        let subscriber = back.subscriber_builder().create().map_err(|error| anyhow!("{error:?}"))?;
        // A publisher's first records reach only those who are there.
        let start = Instant::now();
        while out.dynamic_config().number_of_subscribers() == 0 {
            anyhow::ensure!(start.elapsed() < Duration::from_secs(10), "the other end does not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(Ice { out: publisher, back: subscriber })
    }
}

impl End for Ice {
    fn send(&mut self, payload: &Payload) -> anyhow::Result<()> {
        let mut record = [0; RECORD_WORDS];
        record[1..].copy_from_slice(payload);
        let sample = self.out.loan_uninit().map_err(|error| anyhow!("{error:?}"))?;
        sample.write_payload(record).send().map_err(|error| anyhow!("{error:?}"))?;
        Ok(())
    }

    fn look(&mut self) -> anyhow::Result<Option<Payload>> {
        let sample = self.back.receive().map_err(|error| anyhow!("{error:?}"))?;
        Ok(sample.map(|sample| {
            let [_, payload @ ..] = *sample;
            payload
        }))
    }
}

/// On the core at first, then behind others.
fn rest(looks: &mut u32) {
    *looks = looks.saturating_add(1);
    if *looks < 4096 { std::hint::spin_loop() } else { std::thread::yield_now() }
}

/// The other thread of a throughput: numbers, as soon as each has a place.
fn produce(count: u64, mut push: impl FnMut(u64) -> bool) {
    let _ = pin(1);
    for number in 0..count {
        let mut looks = 0;
        while !push(number) {
            rest(&mut looks);
        }
    }
}

/// Millions of records a second, one way, through the ring between two threads.
pub fn ring_throughput(count: u64) -> anyhow::Result<u64> {
    let path = format!("/dev/shm/riposte-bench-{}-throughput", std::process::id());
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(&path)?;
    file.set_len(ring_words(SLOTS) as u64 * 8)?;
    let memory = Shared::map(&file)?;
    let mut out = Producer::attach(memory.clone(), SLOTS)?;
    let mut back = Consumer::attach(memory, SLOTS)?;
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || produce(count, |number| out.push(&[number; PAYLOAD_WORDS]).is_ok()));
        let (mut read, mut looks) = (0, 0);
        while read < count {
            match back.read().context("a whole ring")? {
                Some(_) => {
                    (read, looks) = (read + 1, 0);
                    // The line that the producer polls is not written for each record.
                    if read % (SLOTS as u64 / 4) == 0 {
                        back.release();
                    }
                }
                None => {
                    back.release();
                    rest(&mut looks);
                }
            }
        }
        anyhow::Ok(())
    })?;
    Ok(count / start.elapsed().as_micros().max(1) as u64)
}

/// The same through rtrb.
pub fn rtrb_throughput(count: u64) -> anyhow::Result<u64> {
    let (mut out, mut back) = rtrb::RingBuffer::<[u64; RECORD_WORDS]>::new(SLOTS);
    let start = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || produce(count, |number| out.push([number; RECORD_WORDS]).is_ok()));
        let (mut read, mut looks) = (0, 0);
        while read < count {
            match back.pop() {
                Ok(_) => (read, looks) = (read + 1, 0),
                Err(_) => rest(&mut looks),
            }
        }
    });
    Ok(count / start.elapsed().as_micros().max(1) as u64)
}
