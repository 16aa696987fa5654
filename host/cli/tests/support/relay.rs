//! A relay between host and venue that keeps all that passed it: what a host sent and a venue told, whoever of them died.
use riposte_venue::ouch::{Inbound, Outbound};
use riposte_venue::soup::{Framer, kind};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Bytes of one connection, each way.
#[derive(Default)]
struct Kept {
    sent: Vec<u8>,
    told: Vec<u8>,
}

struct Shared {
    venue: Mutex<SocketAddr>,
    kept: Mutex<Vec<Arc<Mutex<Kept>>>>,
    /// Connections of which a side is still read.
    open: AtomicUsize,
}

/// Listens for a host for as long as the test lives.
pub struct Relay {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

/// An execution as the venue told it: its order, shares, price.
pub type Execution = (u32, u32, u64);

impl Relay {
    pub fn new(venue: SocketAddr) -> Relay {
        Relay::at("127.0.0.1:0".parse().expect("an address"), venue)
    }

    /// At an address of this machine.
    pub fn at(address: SocketAddr, venue: SocketAddr) -> Relay {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared { venue: Mutex::new(venue), kept: Mutex::default(), open: AtomicUsize::new(0) });
        let of_thread = Arc::clone(&shared);
        std::thread::spawn(move || listener.incoming().flatten().for_each(|host| join(&of_thread, host)));
        Relay { address, shared }
    }

    /// Where hosts that come from now on are led.
    pub fn lead_to(&self, venue: SocketAddr) {
        *self.shared.venue.lock().expect("a lock") = venue;
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.kept.lock().expect("a lock").len()
    }

    /// Everything that was told has been handed on, and both sides know of the end.
    pub fn is_quiet(&self) -> bool {
        self.shared.open.load(Ordering::SeqCst) == 0
    }

    /// Orders that went to the venue over connections from this one on, each as often as it went.
    pub fn orders(&self, first: usize) -> Vec<u32> {
        let entered = |kept: &Kept| {
            messages(&kept.sent, kind::UNSEQUENCED).filter_map(|message| match Inbound::decode(&message) {
                Ok(Inbound::EnterOrder(order)) => Some(order.user_ref),
                _ => None,
            }).collect::<Vec<_>>()
        };
        let kept = self.shared.kept.lock().expect("a lock");
        kept[first..].iter().flat_map(|one| entered(&one.lock().expect("a lock"))).collect()
    }

    /// Connections that a host has ended with a logout.
    pub fn logouts(&self) -> usize {
        let kept = self.shared.kept.lock().expect("a lock");
        kept.iter().filter(|one| messages(&one.lock().expect("a lock").sent, kind::LOGOUT).next().is_some()).count()
    }

    /// What the venue told of executions, by number of the match and order, once each however often it was told.
    pub fn executions(&self) -> BTreeMap<(u64, u32), Execution> {
        let kept = self.shared.kept.lock().expect("a lock");
        let told = kept.iter().flat_map(|one| messages(&one.lock().expect("a lock").told, kind::SEQUENCED).collect::<Vec<_>>());
        let executions = told.filter_map(|message| match Outbound::decode(&message) {
            Ok(Outbound::Executed(one)) => Some(((one.match_number, one.user_ref), (one.user_ref, one.quantity, one.price_e4))),
            _ => None,
        });
        executions.collect()
    }
}

/// Whole messages in packets of this kind.
fn messages(bytes: &[u8], wanted: u8) -> impl Iterator<Item = Vec<u8>> + use<> {
    let mut framer = Framer::default();
    framer.push(bytes);
    std::iter::from_fn(move || framer.packet().expect("packets")).filter(move |packet| packet.kind == wanted).map(|packet| packet.payload)
}

fn join(shared: &Arc<Shared>, host: TcpStream) {
    // A venue that is not there has a host hear of an end at once.
    let Ok(venue) = TcpStream::connect(*shared.venue.lock().expect("a lock")) else { return };
    let kept = Arc::new(Mutex::new(Kept::default()));
    shared.kept.lock().expect("a lock").push(Arc::clone(&kept));
    let ends = [(&host, &venue, true), (&venue, &host, false)];
    for (from, to, is_sent) in ends {
        let (mut from, mut to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
        let (shared, kept) = (Arc::clone(shared), Arc::clone(&kept));
        shared.open.fetch_add(1, Ordering::SeqCst);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut bytes) {
                let mut kept = kept.lock().expect("a lock");
                if is_sent { &mut kept.sent } else { &mut kept.told }.extend_from_slice(&bytes[..count]);
                drop(kept);
                // What cannot be handed on was told all the same: who told it has made it so.
                let _ = to.write_all(&bytes[..count]);
            }
            let _ = to.shutdown(Shutdown::Write);
            if !is_sent {
                // A venue that is gone takes nothing more. The host's side is read to its end: what it still says would have the kernel reset
                // the connection, and forget what a wire has lost of the venue's last words.
                let _ = from.shutdown(Shutdown::Both);
            }
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}
