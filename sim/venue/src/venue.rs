//! The whole venue without its sockets: exchange, order session, drop copy, feed on two lines, snapshots, faults.
//!
//! In: connections and their bytes, requests for lost messages, the time. Out: bytes for connections, packets for the
//! lines (`output`), and when it wants to be called again at the latest (`due_ns`).
//!
//! Why: what a peer, a network and an exchange do to a desk is then a function of a seed and of calls, and every test
//! of it is exact. Holds: the same configuration and calls give the same output; the drop copy says what the order
//! session says, message for message, whatever happens to either. Not here: clocks, sockets, threads.

mod report;
mod sessions;

use std::collections::{BTreeMap, VecDeque};

pub use report::{FaultCounts, Report, SessionCounts};
use thiserror::Error;

use crate::{
    Config, ConfigError, Exchange, Market,
    exchange::ACCOUNTS,
    faults::{Dose, Fault},
    feed::{Feed, RequestError},
    ledger::Ledger,
    line::Line,
    ouch::Outbound,
    random::Random,
    soup::{Stream, Terms},
};
use sessions::Client;

const SECOND_NS: u64 = 1_000_000_000;
/// The feed says that it lives after this long without a packet.
const FEED_HEARTBEAT_NS: u64 = SECOND_NS;
/// Packets that end the feed, and the time between two of them: the last chance to ask for what was lost.
const END_PACKETS: u32 = 4;
const END_INTERVAL_NS: u64 = 50_000_000;
/// Clients that do not take the end of their session within this time are cut off.
const END_NS_MAX: u64 = 3 * SECOND_NS;
/// Messages of the market published in one go, so that clients are served in between.
const BURST_MAX: u64 = 2_000;
/// A broken trade is told this long after it.
const BUST_DELAY_NS: u64 = 20_000_000;
/// Draws of faults are not those of the market.
const FAULT_SEED: u64 = 0x6661_756c_7473;

/// What a venue is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    pub market: Config,
    /// ITCH messages that are published instead of a generated market.
    pub recording: Option<Vec<Vec<u8>>>,
    /// Messages of the market a second. At 0 the market stands still, and only clients move it.
    pub rate: u64,
    /// Whether the market waits for the first login of an order session.
    pub waits_for_login: bool,
    /// Of each [`Port`].
    pub terms: [Terms; PORTS],
    /// Faults with the time since the start from which they are in force, in that order.
    pub script: Vec<(u64, Fault)>,
}

impl Setup {
    /// A venue whose session has the number of its seed, without faults.
    pub fn new(market: Config, rate: u64, username: &str, password: &str) -> Setup {
        let session = session(market.seed);
        let terms = [false, true, false, true, true].map(|read_only| Terms::new(session, username, password, read_only));
        Setup { market, recording: None, rate, waits_for_login: false, terms, script: Vec::new() }
    }
}

/// The name of the sessions of a seed: ten characters.
fn session(seed: u64) -> [u8; 10] {
    let mut name = *b"VENUE00000";
    name[5..].copy_from_slice(format!("{:05}", seed % 100_000).as_bytes());
    name
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SetupError {
    #[error(transparent)]
    Market(#[from] ConfigError),
    #[error("user names have 1 to 6 characters, passwords 1 to 10")]
    Login,
    #[error("a rate of {0} messages a second where at most a million can be")]
    Rate(u64),
}

/// What a connection is for: orders of an account, a copy of what they led to, or the books as they are (GLIMPSE 5.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Port {
    Orders,
    DropCopy,
    SecondOrders,
    SecondDropCopy,
    Snapshot,
}

/// Two an account, and that of snapshots.
pub(crate) const PORTS: usize = 2 * ACCOUNTS + 1;

impl Port {
    pub(crate) fn account(self) -> usize {
        self as usize / 2
    }

    pub(crate) fn is_drop_copy(self) -> bool {
        matches!(self, Port::DropCopy | Port::SecondDropCopy)
    }
}

/// What is to be done in the world outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A UDP payload on line 0 (A) or 1 (B).
    Packet { line: usize, bytes: Vec<u8> },
    /// Bytes to a client, in order.
    Bytes { client: u64, bytes: Vec<u8> },
    /// The connection is to be closed when everything before was written.
    Close { client: u64 },
}

/// How far the end has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Not ended.
    Open,
    /// The feed told its end so many times, the next time then; the rest is over by `until_ns`.
    Feed {
        told: u32,
        next_ns: u64,
        until_ns: u64,
    },
    Over,
}

/// The venue.
#[derive(Clone, Debug)]
pub struct Venue {
    exchange: Exchange,
    feed: Feed,
    ledger: Ledger,
    lines: [Line; 2],
    terms: [Terms; PORTS],
    streams: [Stream; PORTS],
    clients: BTreeMap<u64, Client>,
    clients_ever: u64,
    rate: u64,
    /// When the market began, and messages that it has published since.
    began_ns: Option<u64>,
    paced: u64,
    told_ns: u64,
    script: VecDeque<(u64, Fault)>,
    random: Random,
    slow_ack: (u64, Dose),
    reject: Dose,
    disconnect: Dose,
    partial: Dose,
    bust: Dose,
    /// Trades to be broken, with their times.
    busts: VecDeque<(u64, u64)>,
    outputs: VecDeque<Output>,
    faults: FaultCounts,
    sessions: SessionCounts,
    ending: Ending,
}

impl Venue {
    /// A venue that starts at time 0.
    pub fn new(setup: Setup) -> Result<Venue, SetupError> {
        let fits = |terms: &Terms| (1..=6).contains(&terms.username.len()) && (1..=10).contains(&terms.password.len());
        if !setup.terms.iter().all(fits) {
            return Err(SetupError::Login);
        }
        if setup.rate > 1_000_000 {
            return Err(SetupError::Rate(setup.rate));
        }
        let market = match setup.recording {
            Some(recording) => Market::replay(setup.market.seed, recording)?,
            None => Market::new(setup.market)?,
        };
        let mut venue = Venue {
            exchange: Exchange::of(market),
            feed: Feed::new(setup.terms[0].session),
            ledger: Ledger::default(),
            lines: Default::default(),
            terms: setup.terms,
            streams: Default::default(),
            clients: BTreeMap::new(),
            clients_ever: 0,
            rate: setup.rate,
            began_ns: (!setup.waits_for_login).then_some(0),
            paced: 0,
            told_ns: 0,
            script: setup.script.into(),
            random: Random::new(setup.market.seed ^ FAULT_SEED),
            slow_ack: Default::default(),
            reject: Dose::default(),
            disconnect: Dose::default(),
            partial: Dose::default(),
            bust: Dose::default(),
            busts: VecDeque::new(),
            outputs: VecDeque::new(),
            faults: FaultCounts::default(),
            sessions: SessionCounts::default(),
            ending: Ending::Open,
        };
        venue.tell_clients(0);
        Ok(venue)
    }

    pub fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// The next thing to do outside.
    pub fn output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether the session has ended and everybody was told.
    pub fn is_over(&self) -> bool {
        self.ending == Ending::Over
    }

    /// Answers a request for messages that were lost.
    pub fn request(&mut self, request: &[u8]) -> Result<Vec<u8>, RequestError> {
        let answer = self.feed.answer(request);
        let count = if answer.is_ok() { &mut self.sessions.requests } else { &mut self.sessions.requests_refused };
        *count += 1;
        answer
    }

    /// Lets time pass: script, market, sessions.
    pub fn advance(&mut self, now_ns: u64) {
        while let Some((time_ns, fault)) = self.script.front().copied()
            && time_ns <= now_ns
        {
            self.script.pop_front();
            self.order(now_ns, fault);
        }
        while let Some((due_ns, match_number)) = self.busts.front().copied()
            && due_ns <= now_ns
        {
            self.busts.pop_front();
            self.break_trade(now_ns, Some(match_number));
        }
        self.pace(now_ns);
        self.carry(now_ns);
        self.serve(now_ns);
        self.finish(now_ns);
    }

    /// When `advance` has something to do at the latest.
    pub fn due_ns(&self) -> u64 {
        let script = self.script.front().map(|(time_ns, _)| *time_ns);
        let bust = self.busts.front().map(|(due_ns, _)| *due_ns);
        let market = self.began_ns.filter(|_| self.rate > 0 && self.ending == Ending::Open);
        let market = market.map(|began_ns| {
            let passed_ns = (u128::from(self.paced + 1) * u128::from(SECOND_NS)).div_ceil(self.rate.into());
            began_ns.saturating_add(passed_ns as u64)
        });
        let end = match self.ending {
            Ending::Open => Some(self.told_ns + FEED_HEARTBEAT_NS),
            Ending::Feed { .. } if self.is_told() => Some(0),
            Ending::Feed { told, next_ns, until_ns } => Some(if told < END_PACKETS { next_ns } else { until_ns }),
            Ending::Over => None,
        };
        let lines = self.lines.iter().filter_map(Line::due_ns).min();
        let clients = self.clients.values().filter_map(|client| client.due_ns(&self.terms, &self.streams)).min();
        [script, bust, market, end, lines, clients].into_iter().flatten().min().unwrap_or(u64::MAX)
    }

    /// Puts a fault in force.
    pub fn order(&mut self, now_ns: u64, fault: Fault) {
        if self.ending != Ending::Open {
            self.faults.without_effect += 1;
            return;
        }
        let lines = self.lines.iter_mut().enumerate();
        match fault {
            Fault::Loss(on, dose) => lines.filter(|(at, _)| on.has(*at)).for_each(|(_, line)| line.loss = dose),
            Fault::Duplicate(on, dose) => lines.filter(|(at, _)| on.has(*at)).for_each(|(_, line)| line.duplicate = dose),
            Fault::Reorder(on, dose) => lines.filter(|(at, _)| on.has(*at)).for_each(|(_, line)| line.reorder = dose),
            Fault::Skew(on, skew_ns) => lines.filter(|(at, _)| on.has(*at)).for_each(|(_, line)| line.skew_ns = skew_ns),
            Fault::SlowAck(delay_ns, dose) => self.slow_ack = (delay_ns, dose),
            Fault::Reject(dose) => self.reject = dose,
            Fault::Disconnect(dose) => self.disconnect = dose,
            Fault::Partial(dose) => self.partial = dose,
            Fault::Bust(dose) => self.bust = dose,
            Fault::BustNewest => self.break_trade(now_ns, None),
            Fault::Halt(symbol) => {
                let did = self.exchange.halt(&symbol);
                self.count_once(did, |faults| &mut faults.halts);
                self.settle(now_ns);
            }
            Fault::Resume(symbol) => {
                let did = self.exchange.resume(&symbol);
                self.count_once(did, |faults| &mut faults.resumes);
            }
            Fault::End => {
                self.faults.ends += 1;
                self.end(now_ns);
            }
        }
    }

    /// Ends the session: the market closes, everybody is told, and then the venue is over.
    pub fn end(&mut self, now_ns: u64) {
        if self.ending != Ending::Open {
            return;
        }
        self.exchange.close();
        while let Some(message) = self.exchange.next_message() {
            self.tell(&message);
        }
        self.settle(now_ns);
        self.streams.iter_mut().for_each(Stream::end);
        self.clients.values_mut().for_each(Client::end);
        self.ending = Ending::Feed { told: 0, next_ns: now_ns, until_ns: now_ns + END_NS_MAX };
    }

    /// Everything that was counted.
    pub fn report(&self) -> Report {
        Report {
            session: self.terms[0].session,
            published: self.feed.len() as u64,
            lines: [self.lines[0].counts, self.lines[1].counts],
            orders: self.exchange.counts(),
            sequenced: self.streams[0].len() as u64,
            open_orders: self.exchange.open_orders().count() as u64,
            positions: self.exchange.positions(),
            sessions: self.sessions.clone(),
            faults: self.faults,
        }
    }

    fn count_once(&mut self, did: bool, which: impl Fn(&mut FaultCounts) -> &mut u64) {
        let count = if did { which(&mut self.faults) } else { &mut self.faults.without_effect };
        *count += 1;
    }

    fn break_trade(&mut self, now_ns: u64, match_number: Option<u64>) {
        let did = self.ending == Ending::Open && self.exchange.bust(match_number).is_some();
        self.count_once(did, |faults| &mut faults.busts);
        self.settle(now_ns);
    }

    /// The feed's next message.
    fn tell(&mut self, message: &[u8]) {
        self.feed.push(message);
        self.ledger.publish(message);
    }

    /// Publishes what the market has to say by now.
    fn pace(&mut self, now_ns: u64) {
        let Some(began_ns) = self.began_ns.filter(|_| self.ending == Ending::Open) else { return };
        let passed_ns = u128::from(now_ns.saturating_sub(began_ns));
        let wanted = (passed_ns * u128::from(self.rate) / u128::from(SECOND_NS)) as u64;
        for _ in 0..wanted.saturating_sub(self.paced).min(BURST_MAX) {
            self.paced += 1;
            match self.exchange.next_message() {
                Some(message) => self.tell(&message),
                None => return self.end(now_ns),
            }
        }
        self.tell_clients(now_ns);
        self.send_packets(now_ns);
    }

    /// Publishes what clients and faults have caused, without waiting for its turn, and tells clients of it.
    fn settle(&mut self, now_ns: u64) {
        while let Some(message) = self.exchange.written_message() {
            self.tell(&message);
        }
        self.tell_clients(now_ns);
        self.send_packets(now_ns);
    }

    /// Moves what the exchange has to say to its clients to their sessions.
    fn tell_clients(&mut self, now_ns: u64) {
        (0..ACCOUNTS).for_each(|account| self.tell_account(now_ns, account));
    }

    fn tell_account(&mut self, now_ns: u64, account: usize) {
        while let Some(message) = self.exchange.account(account).outbound() {
            if let Outbound::Executed(executed) = &message
                && self.bust.strikes(&mut self.random)
            {
                self.busts.push_back((now_ns + BUST_DELAY_NS, executed.match_number));
            }
            let (delay_ns, dose) = &mut self.slow_ack;
            let is_slow = dose.strikes(&mut self.random);
            self.faults.slow_acks += u64::from(is_slow);
            let release_ns = if is_slow { now_ns + *delay_ns } else { now_ns };
            let bytes = message.encode();
            self.streams[2 * account].push(bytes.clone(), release_ns);
            self.streams[2 * account + 1].push(bytes, now_ns);
        }
    }

    fn send_packets(&mut self, now_ns: u64) {
        if self.began_ns.is_some() {
            while let Some(packet) = self.feed.packet() {
                self.publish(now_ns, &packet);
            }
        }
    }

    fn publish(&mut self, now_ns: u64, packet: &[u8]) {
        self.told_ns = now_ns;
        for line in &mut self.lines {
            line.offer(now_ns, packet, &mut self.random);
        }
    }

    /// Hands out what arrives on the lines, and signs of life.
    fn carry(&mut self, now_ns: u64) {
        if self.ending == Ending::Open && now_ns.saturating_sub(self.told_ns) >= FEED_HEARTBEAT_NS {
            self.publish(now_ns, &self.feed.heartbeat());
        }
        for (at, line) in self.lines.iter_mut().enumerate() {
            while let Some(bytes) = line.arrive(now_ns) {
                self.outputs.push_back(Output::Packet { line: at, bytes });
            }
        }
    }

    /// Steps of the end.
    fn finish(&mut self, now_ns: u64) {
        let Ending::Feed { told, next_ns, until_ns } = self.ending else { return };
        if told < END_PACKETS && next_ns <= now_ns {
            self.publish(now_ns, &self.feed.end_of_session());
            self.carry(now_ns);
            self.ending = Ending::Feed { told: told + 1, next_ns: now_ns + END_INTERVAL_NS, until_ns };
        }
        if self.is_told() || until_ns <= now_ns {
            self.cut_off_all();
            self.ending = Ending::Over;
        }
    }

    /// Whether the end was told to everybody who is there.
    fn is_told(&self) -> bool {
        let feed = matches!(self.ending, Ending::Feed { told: END_PACKETS, .. });
        feed && self.clients.is_empty() && self.lines.iter().all(|line| line.due_ns().is_none())
    }
}
