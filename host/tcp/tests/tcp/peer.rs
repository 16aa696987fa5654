//! The venue's side of a script: segments as fields, and as frames by a second reading of RFC 791, 793 and 826.
use riposte_tcp::{Config, Connection, FRAME_BYTES_MAX, State, Times};
use std::net::{Ipv4Addr, SocketAddrV4};

pub const FIN: u8 = 1;
pub const SYN: u8 = 2;
pub const RST: u8 = 4;
pub const PSH: u8 = 8;
pub const ACK: u8 = 16;
pub const MS: u64 = 1_000_000;
pub const OWN: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 2), 40_001);
pub const VENUE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 1), 7_001);
pub const OWN_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
pub const VENUE_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

pub fn config() -> Config {
    Config { own_mac: OWN_MAC, venue_mac: VENUE_MAC, own: OWN, venue: VENUE, times: Times::default() }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Segment {
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub window: u16,
    pub options: Vec<u8>,
    pub payload: Vec<u8>,
}

pub fn seg(flags: u8, sequence: u32, acknowledgement: u32, payload: &[u8]) -> Segment {
    Segment { sequence, acknowledgement, flags, window: 65_535, options: Vec::new(), payload: payload.to_vec() }
}

impl Segment {
    pub fn window(self, window: u16) -> Segment {
        Segment { window, ..self }
    }
}

pub fn sum(bytes: &[u8]) -> u32 {
    bytes.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0))).sum()
}

pub fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn pseudo(from: Ipv4Addr, to: Ipv4Addr, length: usize) -> u32 {
    sum(&from.octets()) + sum(&to.octets()) + 6 + length as u32
}

/// A frame between two ends.
pub fn frame(macs: ([u8; 6], [u8; 6]), from: SocketAddrV4, to: SocketAddrV4, segment: &Segment) -> Vec<u8> {
    let mut tcp = [from.port().to_be_bytes(), to.port().to_be_bytes()].concat();
    tcp.extend(segment.sequence.to_be_bytes());
    tcp.extend(segment.acknowledgement.to_be_bytes());
    tcp.extend([((20 + segment.options.len()) / 4 * 16) as u8, segment.flags]);
    tcp.extend(segment.window.to_be_bytes());
    tcp.extend([0; 4]);
    tcp.extend(&segment.options);
    tcp.extend(&segment.payload);
    let check = checksum(pseudo(*from.ip(), *to.ip(), tcp.len()) + sum(&tcp));
    tcp[16..18].copy_from_slice(&check.to_be_bytes());
    let mut ip = vec![0x45, 0];
    ip.extend((20 + tcp.len() as u16).to_be_bytes());
    ip.extend([0, 7, 0x40, 0, 60, 6, 0, 0]);
    ip.extend(from.ip().octets());
    ip.extend(to.ip().octets());
    let check = checksum(sum(&ip));
    ip[10..12].copy_from_slice(&check.to_be_bytes());
    let mut frame = [macs.1, macs.0].concat();
    frame.extend([8, 0]);
    frame.extend(ip);
    frame.extend(tcp);
    frame
}

/// Frame of the venue.
pub fn venue_frame(segment: &Segment) -> Vec<u8> {
    frame((VENUE_MAC, OWN_MAC), VENUE, OWN, segment)
}

/// A frame that was sent to the venue, whole and with good checksums.
pub fn parse(frame: &[u8]) -> Segment {
    let number = |at: usize, bytes: usize| frame[at..at + bytes].iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte));
    assert_eq!((&frame[..6], &frame[6..12], &frame[12..15]), (&VENUE_MAC[..], &OWN_MAC[..], &[8, 0, 0x45][..]));
    assert_eq!((number(16, 2) as usize, frame[23]), (frame.len() - 14, 6));
    assert_eq!((&frame[26..30], &frame[30..34]), (&OWN.ip().octets()[..], &VENUE.ip().octets()[..]));
    assert_eq!(checksum(sum(&frame[14..34])), 0, "of IPv4");
    assert_eq!(checksum(pseudo(*OWN.ip(), *VENUE.ip(), frame.len() - 34) + sum(&frame[34..])), 0, "of TCP");
    assert_eq!((number(34, 2), number(36, 2)), (OWN.port().into(), VENUE.port().into()));
    let header = 34 + usize::from(frame[46] >> 4) * 4;
    Segment {
        sequence: number(38, 4),
        acknowledgement: number(42, 4),
        flags: frame[47],
        window: number(48, 2) as u16,
        options: frame[54..header].to_vec(),
        payload: frame[header..].to_vec(),
    }
}

/// A connection and its venue. Sequence numbers are told from the first byte of each side on, wherever that lies.
pub struct Bench {
    pub connection: Connection,
    pub now_ns: u64,
    own: u32,
    venue: u32,
}

impl Bench {
    pub fn new(own: u32, venue: u32) -> Bench {
        Bench { connection: Connection::new(&config()), now_ns: 5_000 * MS, own, venue }
    }

    pub fn open(&mut self) {
        self.connection.open(self.now_ns, self.own.wrapping_sub(1));
    }

    /// What is sent now.
    pub fn sent(&mut self) -> Vec<Segment> {
        let mut out = [0; FRAME_BYTES_MAX];
        let mut sent = Vec::new();
        while let Some(frame) = self.connection.poll(self.now_ns, &mut out) {
            let mut segment = parse(frame);
            segment.sequence = segment.sequence.wrapping_sub(self.own);
            if segment.flags & ACK != 0 {
                segment.acknowledgement = segment.acknowledgement.wrapping_sub(self.venue);
            }
            sent.push(segment);
            assert!(sent.len() < 1_000, "no end: {:?}", sent.last());
        }
        sent
    }

    /// What is sent now, but for windows.
    pub fn said(&mut self) -> Vec<(u8, u32, u32, Vec<u8>)> {
        self.sent().into_iter().map(|one| (one.flags, one.sequence, one.acknowledgement, one.payload)).collect()
    }

    pub fn quiet(&mut self) {
        assert_eq!(self.said(), []);
    }

    pub fn put(&mut self, segment: Segment) {
        let frame = venue_frame(&self.absolute(segment));
        self.connection.frame(self.now_ns, &frame);
    }

    pub fn absolute(&self, segment: Segment) -> Segment {
        Segment {
            sequence: segment.sequence.wrapping_add(self.venue),
            acknowledgement: if segment.flags & ACK != 0 { segment.acknowledgement.wrapping_add(self.own) } else { 0 },
            ..segment
        }
    }

    pub fn after(&mut self, ms: u64) {
        self.now_ns += ms * MS;
    }

    /// The card has sent.
    pub fn card(&mut self, sequence: u32, payload: &[u8]) -> Result<(), riposte_tcp::NotNext> {
        self.connection.sent(self.now_ns, sequence.wrapping_add(self.own), payload)
    }

    pub fn read(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 100_000];
        let count = self.connection.read(&mut bytes);
        bytes.truncate(count);
        bytes
    }

    pub fn lend(&mut self) -> Option<(u32, u32, u32)> {
        let lent = self.connection.lend()?;
        Some((lent.sequence.wrapping_sub(self.own), lent.acknowledgement.wrapping_sub(self.venue), lent.window))
    }
}

/// An open connection, both streams at their first byte, after a round trip of a millisecond.
pub fn connected(own: u32, venue: u32) -> Bench {
    let mut bench = Bench::new(own, venue);
    bench.open();
    assert_eq!(bench.said(), [(SYN, u32::MAX, 0, vec![])]);
    bench.after(1);
    bench.put(Segment { options: vec![2, 4, 5, 180], ..seg(SYN | ACK, u32::MAX, 0, b"") });
    assert_eq!(bench.said(), [(ACK, 0, 0, vec![])]);
    assert_eq!(bench.connection.state(), State::Open);
    bench
}

/// A script, with the numbers at their ends and in the middle.
pub fn everywhere(script: impl Fn(Bench)) {
    for (own, venue) in [(1, 1), (1_000, 5_000), (0, 0), (u32::MAX, u32::MAX), (u32::MAX - 3, 0x7fff_fff0), (0x7fff_fffe, u32::MAX - 5)] {
        script(connected(own, venue));
    }
}
