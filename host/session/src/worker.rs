//! The thread of a session: its queues, its connection and the clock.
//!
//! Why no poll of the system: the pinned core makes no system call, so nothing could wake a thread that sleeps in one. The
//! thread looks at its queues and its line in turns, at first on its core, then behind others, then with short sleeps.
use crate::card_line::{CardLine, Wire};
use crate::client::{Client, Close, Retry};
use crate::config::{Config, Times};
use crate::line::{KernelLine, Line};
use crate::payload::PAYLOAD_BYTES_MAX;
use crate::runner::{Notice, Outgoing, Shared, Told};
use riposte_engine::Body;
use rtrb::{Consumer, Producer};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, Release};
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

/// To and from the pinned core, and whoever looks after the session.
pub(crate) struct Ways {
    pub orders: Consumer<Outgoing>,
    pub told: Consumer<Told>,
    pub to_core: Producer<Body>,
    pub plugged: Receiver<Option<Box<dyn Wire>>>,
    pub tell: SyncSender<Notice>,
    pub shared: Arc<Shared>,
}

/// How far a connection is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Apart,
    Opening,
    Connected,
}

/// The thread's state.
pub(crate) struct Worker {
    client: Client,
    config: Config,
    ways: Ways,
    start: Instant,
    line: Box<dyn Line>,
    stage: Stage,
    /// The connection has ended; what came of it is still to be read.
    lost: Option<Close>,
    retry_at: Instant,
    retry_after: Duration,
}

impl Worker {
    pub fn new(client: Client, config: &Config, ways: Ways) -> Worker {
        let connect = config.times.connect;
        let line: Box<dyn Line> = match &config.card {
            Some(card) => Box::new(CardLine::new(card, connect)),
            None => Box::new(KernelLine::new(config.address, connect)),
        };
        let now = Instant::now();
        Worker {
            client,
            config: config.clone(),
            ways,
            start: now,
            line,
            stage: Stage::Apart,
            lost: None,
            retry_at: now,
            retry_after: config.times.retry_min,
        }
    }

    pub fn run(mut self) {
        let mut waits = 0;
        let mut is_over = false;
        while !is_over {
            let is_stopping = self.ways.shared.stop.load(Relaxed);
            if is_stopping {
                self.client.close(Close::Stopped);
            } else if self.ways.shared.reread.swap(false, Relaxed) {
                self.client.close(Close::Reread);
            }
            while let Ok(wire) = self.ways.plugged.try_recv() {
                self.line.plug(wire);
            }
            let mut any = self.hand_over();
            any |= self.take_orders();
            is_over = match self.stage {
                Stage::Connected => {
                    any |= self.exchange();
                    self.end()
                }
                _ if is_stopping || self.ways.shared.is_over.load(Relaxed) => is_stopping,
                Stage::Opening => {
                    any |= self.connect();
                    false
                }
                Stage::Apart => {
                    any |= self.open();
                    false
                }
            };
            if self.ways.shared.leaves.load(Relaxed) {
                self.ways.shared.is_back.store(self.line.leave(), Relaxed);
            }
            self.count();
            waits = if any { 0 } else { waits + 1 };
            pause(waits);
        }
        self.hand_over();
        self.count();
    }

    fn now_ns(&self) -> u64 {
        since(self.start)
    }

    /// Gives the engine what it has room for. What it has none for stays in the client, and then in the socket.
    fn hand_over(&mut self) -> bool {
        let now_ns = self.now_ns();
        let (mut any, was_current) = (false, self.client.is_current());
        while !self.ways.to_core.is_full()
            && let Some(body) = self.client.next(now_ns)
        {
            any |= self.ways.to_core.push(body).is_ok();
        }
        if self.client.is_current() && !was_current {
            self.retry_after = self.config.times.retry_min;
            self.notice(Notice::Current);
        }
        if let Some((number, why)) = self.client.take_unreadable() {
            self.notice(Notice::Unreadable { number, why });
        }
        any
    }

    fn take_orders(&mut self) -> bool {
        let now_ns = self.now_ns();
        let mut any = false;
        // Of another connection, what the venue took of it is said when this one is current.
        while let Ok(told) = self.ways.told.pop() {
            any = true;
            match told {
                Told::Sent { epoch, sequence, length, bytes } if self.client.is_of(epoch) => {
                    self.client.spoke(now_ns);
                    self.line.heard(now_ns, sequence, &bytes[..usize::from(length)]);
                    self.ways.shared.sent.fetch_add(1, Relaxed);
                }
                Told::Sent { .. } => self.client.forget(),
                Told::Reclaimed { epoch, orders } if self.client.is_of(epoch) => self.line.reclaimed(orders),
                Told::Reclaimed { .. } => {}
            }
        }
        // Also without a connection, so that nothing stale waits for the next one.
        while self.client.send_room() >= PAYLOAD_BYTES_MAX
            && let Ok(Outgoing { epoch, length, bytes }) = self.ways.orders.pop()
        {
            any = true;
            let before = self.client.unsent();
            let sent = self.client.send(now_ns, epoch, &bytes[..usize::from(length)]).is_ok();
            self.ways.shared.sent.fetch_add(u64::from(sent && self.client.unsent() == before), Relaxed);
        }
        any
    }

    /// Begins a connection when it is time. Whether one was begun.
    fn open(&mut self) -> bool {
        if Instant::now() < self.retry_at {
            return false;
        }
        match self.line.open(self.now_ns()) {
            Ok(false) => return false,
            Ok(true) => self.stage = Stage::Opening,
            Err(why) => self.over(why),
        }
        true
    }

    /// Waits for a connection that was begun. Whether it is there, or will not be.
    fn connect(&mut self) -> bool {
        match self.line.is_open(self.now_ns()) {
            Ok(false) => return false,
            Ok(true) => {
                self.ways.shared.connections.fetch_add(1, Relaxed);
                self.stage = Stage::Connected;
                self.client.connected(self.now_ns());
            }
            Err(why) => {
                self.stage = Stage::Apart;
                self.over(why);
            }
        }
        true
    }

    /// Writes and reads what can be, now. Whether anything went either way.
    fn exchange(&mut self) -> bool {
        let now_ns = self.now_ns();
        self.client.tick(now_ns);
        if self.lost.is_some() {
            return false;
        }
        self.line.exchange(now_ns, &mut self.client).unwrap_or_else(|why| {
            self.lost = Some(why);
            true
        })
    }

    /// Ends a connection that is over, once everything that came of it is handed over. Whether the thread is to end.
    fn end(&mut self) -> bool {
        if self.lost.is_some() {
            self.hand_over();
        }
        // Bytes that are left now wait for room in the engine's queue.
        let why = match (self.client.closing(), &self.lost) {
            (Some(why), _) => why.clone(),
            (None, Some(why)) if !self.ways.to_core.is_full() => why.clone(),
            _ => return false,
        };
        let output = if self.lost.is_none() { self.client.output() } else { &[] };
        let start = self.start;
        self.line.close(output, &|| since(start));
        (self.stage, self.lost) = (Stage::Apart, None);
        self.client.disconnected();
        let is_stopped = why == Close::Stopped;
        self.over(why);
        self.hand_over();
        is_stopped
    }

    /// Decides what comes behind a connection that was none or has ended. Who finds that it is over finds why.
    fn over(&mut self, why: Close) {
        let retry = why.retry();
        if why != Close::Probed {
            self.notice(Notice::Closed { why, retry });
        }
        match retry {
            Retry::Now => self.retry_at = Instant::now(),
            Retry::Later => {
                let Times { retry_min, retry_max, .. } = self.config.times;
                self.retry_at = Instant::now() + self.retry_after;
                self.retry_after = (self.retry_after * 2).clamp(retry_min, retry_max.max(retry_min));
            }
            Retry::Never => self.ways.shared.is_over.store(true, Release),
        }
    }

    fn notice(&self, notice: Notice) {
        // Who does not read them does not miss them: the counts tell.
        let _ = self.ways.tell.try_send(notice);
    }

    fn count(&self) {
        self.ways.shared.messages.store(self.client.messages(), Relaxed);
        self.ways.shared.unreadable.store(self.client.unreadable(), Relaxed);
        self.ways.shared.unsent.store(self.client.unsent(), Relaxed);
    }
}

/// Nanoseconds.
fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

fn pause(rounds: u32) {
    match rounds {
        0 => {}
        1..=64 => std::hint::spin_loop(),
        65..=1024 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(50)),
    }
}
