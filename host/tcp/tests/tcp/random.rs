//! Both streams of a connection to smoltcp's own socket, over a wire that does everything a wire can.
use crate::lossy::{Lossy, Plan, Random, bytes, check};
use crate::peer::{MS, VENUE, VENUE_MAC, config};
use crate::side::{OURS, Side, THEIRS};
use riposte_tcp::{Counts, End, State};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State as Theirs};
use smoltcp::time::Instant;
use smoltcp::wire::{EthernetAddress, IpCidr};
use std::collections::VecDeque;

/// The wire as smoltcp has it.
#[derive(Default)]
struct Ends {
    coming: VecDeque<Vec<u8>>,
    leaving: Vec<Vec<u8>>,
}

struct Coming(Vec<u8>);
struct Leaving<'a>(&'a mut Vec<Vec<u8>>);

impl RxToken for Coming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, make: F) -> R {
        let mut frame = vec![0; length];
        let made = make(&mut frame);
        self.0.push(frame);
        made
    }
}

impl Device for Ends {
    type RxToken<'a> = Coming;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Coming, Leaving<'_>)> {
        Some((Coming(self.coming.pop_front()?), Leaving(&mut self.leaving)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(&mut self.leaving))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        (capabilities.medium, capabilities.max_transmission_unit) = (Medium::Ethernet, 1_514);
        capabilities
    }
}

/// A venue that is smoltcp's.
struct Venue {
    ends: Ends,
    interface: Interface,
    sockets: SocketSet<'static>,
    handle: SocketHandle,
    total: usize,
    written: usize,
    read: usize,
    reads_at_ns: u64,
    seed: u64,
}

fn instant(now_ns: u64) -> Instant {
    Instant::from_micros((now_ns / 1_000) as i64)
}

impl Venue {
    fn new(total: usize, random: &mut Random, seed: u64) -> Venue {
        let mut ends = Ends::default();
        let mut setting = Config::new(EthernetAddress(VENUE_MAC).into());
        setting.random_seed = seed;
        let mut interface = Interface::new(setting, &mut ends, instant(0));
        interface.update_ip_addrs(|addresses| addresses.push(IpCidr::new((*VENUE.ip()).into(), 24)).expect("room"));
        let mut buffer = || SocketBuffer::new(vec![0; 1_000 + random.below(60_000) as usize]);
        let mut socket = Socket::new(buffer(), buffer());
        socket.listen(VENUE.port()).expect("a port");
        let mut sockets = SocketSet::new(Vec::new());
        let handle = sockets.add(socket);
        Venue { ends, interface, sockets, handle, total, written: 0, read: 0, reads_at_ns: 0, seed }
    }

    fn step(&mut self, now_ns: u64, wire: &mut Lossy) {
        self.interface.poll(instant(now_ns), &mut self.ends, &mut self.sockets);
        let socket = self.sockets.get_mut::<Socket>(self.handle);
        if now_ns >= self.reads_at_ns && socket.can_recv() {
            if wire.random.below(200) == 0 {
                self.reads_at_ns = now_ns + wire.random.below(1_500_000_000);
            }
            let mut into = vec![0; 1 + wire.random.below(3_000) as usize];
            let count = socket.recv_slice(&mut into).expect("it can");
            self.read = check(OURS, self.read, &into[..count], &format!("seed {}, our stream", self.seed));
        }
        if socket.can_send() && self.written < self.total {
            let count = (wire.random.below(3_000) as usize).min(self.total - self.written);
            self.written += socket.send_slice(&bytes(THEIRS, self.written, count)).expect("it can");
        }
        // With a FIN behind bytes that a closed window holds back, smoltcp 0.14 takes all for sent and goes to sleep.
        if self.written == self.total && socket.may_send() && socket.send_queue() == 0 {
            socket.close();
        }
        self.interface.poll(instant(now_ns), &mut self.ends, &mut self.sockets);
        for frame in self.ends.leaving.drain(..) {
            wire.push(now_ns, &frame);
        }
    }

    fn state(&self) -> Theirs {
        self.sockets.get::<Socket>(self.handle).state()
    }
}

/// What a run has met with.
struct Met {
    counts: Counts,
    orders: u64,
    lendings: u64,
    damaged: u64,
}

fn run(seed: u64) -> Met {
    let mut random = Random::new(seed);
    let mut chance = |most: u64| random.below(most + 1);
    let plan = Plan {
        lost: chance(12), twice: chance(8), damaged: chance(6), late: chance(30), delay_ns: chance(4) * MS, late_ns: chance(40) * MS,
    };
    let (ours, theirs) = (20_000 + random.below(100_000) as usize, 20_000 + random.below(100_000) as usize);
    let mut config = config();
    // A bad wire is no venue that is gone.
    config.times.retransmissions = 30;
    config.times.connect = std::time::Duration::from_secs(100);
    let mut side = Side::new(&config, ours, seed);
    let mut venue = Venue::new(theirs, &mut random, seed);
    let mut there = Lossy::new(plan, seed ^ 0x1111);
    let mut back = Lossy::new(plan, seed ^ 0x2222);
    let mut now_ns = 1_000 * MS;
    // Around the end of the numbers, in most runs.
    let initial = 0u32.wrapping_sub(random.below(120_000) as u32);
    side.connection.open(now_ns, initial);
    loop {
        while let Some(frame) = back.pop(now_ns) {
            side.connection.frame(now_ns, &frame);
        }
        side.step(now_ns, &mut there);
        while let Some(frame) = there.pop(now_ns) {
            venue.ends.coming.push_back(frame);
        }
        venue.step(now_ns, &mut back);
        let is_over = matches!(side.connection.state(), State::TimeWait | State::Closed);
        if is_over && side.read == theirs && venue.read == ours {
            break;
        }
        now_ns += MS / 4;
        let state = side.connection.state();
        assert!(
            now_ns < 3_000_000 * MS && (!is_over || side.read < theirs || venue.read < ours),
            "seed {seed}: {state:?} {:?} {:?}, ours {} of {ours} written, {} read, theirs {} written, {} of {theirs} read, {:?}",
            side.connection.ended(), venue.state(), side.written, venue.read, venue.written, side.read, side.connection.counts(),
        );
    }
    // If the last acknowledgements are lost again and again, the venue is gone before we know of it.
    let is_gone = venue.state() == Theirs::Closed && side.connection.ended() == Some(End::Reset);
    assert!(is_gone || matches!(side.connection.ended(), Some(End::Closed | End::Peer)), "seed {seed}: {:?}", side.connection.ended());
    Met { counts: side.connection.counts(), orders: side.orders, lendings: side.lendings, damaged: back.done.damaged }
}

/// More with `RIPOSTE_TCP_SEEDS`.
#[test]
fn both_streams_arrive_whole_over_a_bad_wire_with_the_card_sending_in_between() {
    let seeds = std::env::var("RIPOSTE_TCP_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(40);
    let met: Vec<Met> = (1..=seeds).map(run).collect();
    let sum = |of: fn(&Met) -> u64| met.iter().map(of).sum::<u64>();
    // A run that meets nothing shows nothing.
    for (what, count) in [
        ("orders", sum(|met| met.orders)), ("lendings", sum(|met| met.lendings)), ("sent again", sum(|met| met.counts.retransmissions)),
        ("asked for", sum(|met| met.counts.fast_retransmissions)), ("probes", sum(|met| met.counts.probes)),
        ("duplicates", sum(|met| met.counts.duplicates)), ("out of order", sum(|met| met.counts.out_of_order)),
        ("damaged", sum(|met| met.damaged)), ("bad checksums", sum(|met| met.counts.ignored.bad_checksums)),
    ] {
        println!("{what}: {count}");
        assert!(count > 0, "{what}");
    }
}
