//! The host's TCP under a venue, a card and a user that do anything at any time, as the bytes say.
//!
//! Holds of every run: what is sent at a sequence number is always the same byte, nothing is sent beyond the furthest window, the
//! window that we announce never moves back, and each turn's frames are few.
use riposte_tcp::{Config, Connection, FRAME_BYTES_MAX, State, Times};
use std::net::{Ipv4Addr, SocketAddrV4};

const OWN: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 2), 40_001);
const VENUE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 1), 7_001);
const OWN_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;
/// More than a window and all answers of a turn.
const FRAMES_MAX: usize = 1_200;

fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

fn checksum(mut sum: u32) -> [u8; 2] {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    (!(sum as u16)).to_be_bytes()
}

/// A frame of the venue, with good checksums.
fn frame(sequence: u32, acknowledgement: u32, flags: u8, window: u16, options: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut tcp = [VENUE.port().to_be_bytes(), OWN.port().to_be_bytes()].concat();
    tcp.extend(sequence.to_be_bytes());
    tcp.extend(acknowledgement.to_be_bytes());
    tcp.extend([(5 + options.len() as u8 / 4) << 4, flags]);
    tcp.extend(window.to_be_bytes());
    tcp.extend([0; 4]);
    tcp.extend(options);
    tcp.extend(payload);
    let addresses = [VENUE.ip().octets(), OWN.ip().octets()].concat();
    let check = checksum(sum(&addresses) + 6 + tcp.len() as u32 + sum(&tcp));
    tcp[16..18].copy_from_slice(&check);
    let mut ip = vec![0x45, 0];
    ip.extend((20 + tcp.len() as u16).to_be_bytes());
    ip.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    ip.extend(addresses);
    let check = checksum(sum(&ip));
    ip[10..12].copy_from_slice(&check);
    [&OWN_MAC[..], &[2, 0, 0, 0, 0, 1, 8, 0], &ip, &tcp].concat()
}

/// What our stream has at a sequence number.
fn byte(sequence: u32) -> u8 {
    (sequence.wrapping_mul(0x9e37_79b1) >> 24) as u8
}

fn bytes(sequence: u32, count: usize) -> Vec<u8> {
    (0..count as u32).map(|at| byte(sequence.wrapping_add(at))).collect()
}

fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

struct Run {
    connection: Connection,
    now_ns: u64,
    /// Where our stream ends, as far as written or sent by the card.
    written: u32,
    /// What we have acknowledged last, and the right edge of our window.
    acknowledged: u32,
    edge: Option<u32>,
    /// Behind the last byte that we have sent.
    sent: u32,
}

impl Run {
    fn open(&mut self, initial: u32) {
        self.connection.open(self.now_ns, initial);
        (self.written, self.sent, self.edge) = (initial.wrapping_add(1), initial.wrapping_add(1), None);
    }

    /// Takes all frames, as the venue sees them.
    fn drain(&mut self) {
        let mut out = [0; FRAME_BYTES_MAX];
        for count in 0.. {
            let Some(frame) = self.connection.poll(self.now_ns, &mut out) else { break };
            assert!(count < FRAMES_MAX, "frames without end");
            if frame[12..14] == [8, 0] {
                let frame = frame.to_vec();
                self.look(&frame);
            }
        }
    }

    fn look(&mut self, frame: &[u8]) {
        let number = |at: usize| frame[at..at + 4].iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
        let (sequence, flags, payload) = (number(38), frame[47], &frame[34 + usize::from(frame[46] >> 4) * 4..]);
        if flags & RST != 0 {
            return;
        }
        assert!(payload.iter().zip(0..).all(|(&one, at)| one == byte(sequence.wrapping_add(at))), "another byte at the same place");
        let end = sequence.wrapping_add(payload.len() as u32);
        assert!(payload.is_empty() || !is_before(self.written, end), "nobody has written this");
        if is_before(self.sent, end) {
            self.sent = end;
        }
        if flags & (SYN | ACK) == ACK {
            self.acknowledged = number(42);
            let edge = self.acknowledged.wrapping_add(u32::from(frame[48]) << 8 | u32::from(frame[49]));
            assert!(self.edge.is_none_or(|before| !is_before(edge, before)), "the window moves back");
            self.edge = Some(edge);
        }
    }

    fn segment(&mut self, with: &[u8; 9]) {
        let [flags, low, high, far, back, window, more, length, option] = *with;
        let nudge = |low: u8, far: u8| if far & 1 == 0 { (low as i8) as u32 } else { ((low as i8) as u32).wrapping_mul(1 + u32::from(far) * 97) };
        let sequence = self.acknowledged.wrapping_add(nudge(low, far));
        let acknowledgement = self.sent.wrapping_add(nudge(high, back));
        let options: &[u8] = if option & 1 == 0 { &[] } else { &[2, 4, window, more] };
        let payload = vec![0x55; usize::from(length) * if option & 2 == 0 { 1 } else { 5 }];
        let frame = frame(sequence, acknowledgement, flags & 0x3f, u16::from(window) << 8 | u16::from(more), options, &payload);
        self.connection.frame(self.now_ns, &frame);
    }

    /// What a venue would say: flags, its bytes, and all acknowledged.
    fn sound(&mut self, flags: u8, length: u8) {
        let payload = vec![0x55; usize::from(length)];
        let last = if flags & SYN != 0 { self.acknowledged.wrapping_sub(1) } else { self.acknowledged };
        self.connection.frame(self.now_ns, &frame(last, self.sent, ACK | flags, 50_000, &[], &payload));
    }

    fn write(&mut self, count: usize) {
        let taken = self.connection.write(&bytes(self.written, count));
        self.written = self.written.wrapping_add(taken as u32);
    }

    fn card(&mut self, count: usize) {
        let Some(lent) = self.connection.lent() else { return };
        if self.connection.sent(self.now_ns, lent.sequence, &bytes(lent.sequence, count)).is_ok() {
            self.written = lent.sequence.wrapping_add(count as u32);
            self.sent = self.written;
        }
        assert!(self.connection.sent(self.now_ns, lent.sequence.wrapping_sub(1), &[0]).is_err());
    }
}

pub fn tcp(input: &[u8]) {
    let times = Times::default();
    let config = Config { own_mac: OWN_MAC, venue_mac: [2, 0, 0, 0, 0, 1], own: OWN, venue: VENUE, times };
    let Some((start, mut rest)) = input.split_first_chunk::<4>() else { return };
    let mut run = Run { connection: Connection::new(&config), now_ns: 0, written: 0, acknowledged: 0x1234_5678, edge: None, sent: 0 };
    run.open(u32::from_be_bytes(*start));
    run.drain();
    while let Some((&[what, much], behind)) = rest.split_first_chunk::<2>() {
        rest = behind;
        match what % 12 {
            0 => run.now_ns += u64::from(much) << 22,
            1 => run.now_ns += u64::from(much) << 26,
            2 | 3 => {
                let Some((with, behind)) = rest.split_first_chunk::<9>() else { break };
                rest = behind;
                run.segment(with);
            }
            4 => run.sound(SYN, 0),
            5 => run.sound(0, much),
            6 => run.write(usize::from(much) * 20),
            7 => _ = run.connection.read(&mut vec![0; usize::from(much) * 100]),
            8 => _ = if much & 1 == 0 { run.connection.lend().is_some() } else { run.connection.give_back().is_ok() },
            9 => run.card(usize::from(much) + 1),
            10 => {
                let (raw, behind) = rest.split_at(rest.len().min(usize::from(much)));
                rest = behind;
                run.connection.frame(run.now_ns, raw);
            }
            _ => match much % 8 {
                0 => run.connection.abort(),
                1 => run.open(u32::from(much) << 24),
                2 | 3 => run.connection.close(),
                _ => run.sound(1, 0),
            },
        }
        run.drain();
        assert!(run.connection.state() != State::Closed || !run.connection.is_lent());
        let _ = (run.connection.ended(), run.connection.unsent() + run.connection.unacknowledged());
    }
}

/// A connection that is made, used both ways, lent, given back and closed, and one whose venue is odd.
pub fn seeds() -> Vec<Vec<u8>> {
    let start = [0xff, 0xff, 0xff, 0x80];
    let sound = [4, 0, 6, 9, 5, 30, 7, 3, 8, 0, 9, 70, 9, 40, 0, 60, 5, 0, 8, 1, 6, 1, 5, 3, 11, 2, 5, 0, 11, 4, 1, 255, 1, 255];
    let odd = [4, 0, 6, 200, 2, 0, ACK, 200, 200, 0, 0, 0, 0, 9, 0, 2, 0, ACK, 5, 0, 0, 0, 0, 0, 7, 0, 1, 9, 3, 0, RST, 3, 0, 0, 0, 1, 0, 0, 1, 1, 90, 1, 90];
    vec![[&start[..], &sound].concat(), [&start[..], &odd].concat()]
}
