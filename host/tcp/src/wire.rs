//! Frames to segments and back, in smoltcp's types.
//!
//! Holds: nothing gets through but whole IPv4 without options or fragments, with both checksums right, between exactly the two
//! ends of a connection. Not here: padding of short frames, which the interface does.
use crate::config::Config;
use crate::counts::Ignored;
use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    ArpOperation, ArpPacket, ArpRepr, EthernetAddress, EthernetFrame, EthernetProtocol, EthernetRepr, IpProtocol, Ipv4Packet, Ipv4Repr,
    TcpControl, TcpOption, TcpPacket, TcpRepr, TcpSeqNumber,
};

/// The longest frame, without its check sequence.
pub const FRAME_BYTES_MAX: usize = 1514;
const ETHERNET_BYTES: usize = 14;
const HEADER_BYTES: usize = ETHERNET_BYTES + IP_BYTES + 20;
const IP_BYTES: usize = 20;
/// The longest payload that we take, and send.
pub const SEGMENT_BYTES_MAX: usize = FRAME_BYTES_MAX - HEADER_BYTES;
/// What a venue takes that does not say (RFC 9293 3.7.1).
const SEGMENT_BYTES_UNTOLD: usize = 536;
/// A venue that asks for less gets this: it would be one byte a frame.
const SEGMENT_BYTES_MIN: usize = 64;
const HOPS: u8 = 64;

/// A segment that came.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    pub sequence: u32,
    pub acknowledgement: Option<u32>,
    pub window: u32,
    pub syn: bool,
    pub fin: bool,
    pub rst: bool,
    /// What the venue takes in a segment.
    pub segment_bytes: usize,
    pub payload: &'a [u8],
}

/// What a frame is to us.
pub enum Received<'a> {
    Segment(Segment<'a>),
    /// Somebody asks for our address; the answer goes to whom.
    Question(Asker),
    Nothing,
}

/// Who asks for our address.
#[derive(Clone, Copy)]
pub struct Asker {
    mac: EthernetAddress,
    ip: smoltcp::wire::Ipv4Address,
}

/// Flags of a segment that we send.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flags {
    Syn,
    Rst,
    Fin,
    Push,
    None,
}

/// A segment to send; its payload lies in the frame already.
pub struct Outgoing {
    pub sequence: u32,
    pub acknowledgement: Option<u32>,
    pub window: u16,
    pub flags: Flags,
    pub bytes: usize,
}

/// Where the payload of a segment that is to be sent lies.
pub fn payload_mut(out: &mut [u8; FRAME_BYTES_MAX]) -> &mut [u8] {
    &mut out[HEADER_BYTES..]
}

pub fn receive<'a>(config: &Config, frame: &'a [u8], ignored: &mut Ignored) -> Received<'a> {
    match take(config, frame, ignored) {
        Ok(received) => received,
        Err(reason) => {
            *reason += 1;
            Received::Nothing
        }
    }
}

fn take<'a, 'b>(config: &Config, frame: &'a [u8], ignored: &'b mut Ignored) -> Result<Received<'a>, &'b mut u64> {
    let Ok(ethernet) = EthernetFrame::new_checked(frame) else { return Err(&mut ignored.malformed) };
    let is_ours = ethernet.dst_addr().0 == config.own_mac;
    match ethernet.ethertype() {
        EthernetProtocol::Arp if is_ours || ethernet.dst_addr().is_broadcast() => question(config, ethernet.payload(), ignored),
        EthernetProtocol::Ipv4 if is_ours => segment(config, ethernet.payload(), ignored),
        EthernetProtocol::Arp | EthernetProtocol::Ipv4 => Err(&mut ignored.other_mac),
        _ => Err(&mut ignored.other_protocol),
    }
}

fn question<'a, 'b>(config: &Config, packet: &[u8], ignored: &'b mut Ignored) -> Result<Received<'a>, &'b mut u64> {
    let parsed = ArpPacket::new_checked(packet).and_then(|packet| ArpRepr::parse(&packet));
    let Ok(ArpRepr::EthernetIpv4 { operation, source_hardware_addr: mac, source_protocol_addr: ip, target_protocol_addr, .. }) = parsed else {
        return Err(&mut ignored.malformed);
    };
    if operation != ArpOperation::Request || target_protocol_addr != *config.own.ip() || !mac.is_unicast() {
        return Err(&mut ignored.other_addresses);
    }
    Ok(Received::Question(Asker { mac, ip }))
}

fn segment<'a, 'b>(config: &Config, packet: &'a [u8], ignored: &'b mut Ignored) -> Result<Received<'a>, &'b mut u64> {
    let Ok(ip) = Ipv4Packet::new_checked(packet) else { return Err(&mut ignored.malformed) };
    if ip.version() != 4 {
        return Err(&mut ignored.malformed);
    }
    if !ip.verify_checksum() {
        return Err(&mut ignored.bad_checksums);
    }
    let (from, to) = (ip.src_addr(), ip.dst_addr());
    if from != *config.venue.ip() || to != *config.own.ip() || ip.next_header() != IpProtocol::Tcp {
        return Err(&mut ignored.other_addresses);
    }
    if usize::from(ip.header_len()) != IP_BYTES {
        return Err(&mut ignored.options);
    }
    if ip.more_frags() || ip.frag_offset() != 0 {
        return Err(&mut ignored.fragments);
    }
    let Ok(tcp) = TcpPacket::new_checked(ip.payload()) else { return Err(&mut ignored.malformed) };
    if !tcp.verify_checksum(&from.into(), &to.into()) {
        return Err(&mut ignored.bad_checksums);
    }
    if tcp.src_port() != config.venue.port() || tcp.dst_port() != config.own.port() {
        return Err(&mut ignored.other_addresses);
    }
    let told = if tcp.syn() { told_bytes(tcp.options()) } else { SEGMENT_BYTES_UNTOLD };
    Ok(Received::Segment(Segment {
        sequence: tcp.seq_number().0 as u32,
        acknowledgement: tcp.ack().then(|| tcp.ack_number().0 as u32),
        window: tcp.window_len().into(),
        syn: tcp.syn(),
        fin: tcp.fin(),
        rst: tcp.rst(),
        segment_bytes: told.clamp(SEGMENT_BYTES_MIN, SEGMENT_BYTES_MAX),
        payload: tcp.payload(),
    }))
}

/// The option of RFC 9293 3.7.1; options that cannot be read end the search.
fn told_bytes(mut options: &[u8]) -> usize {
    while let Ok((rest, option)) = TcpOption::parse(options) {
        match option {
            TcpOption::MaxSegmentSize(bytes) => return bytes.into(),
            TcpOption::EndOfList => break,
            _ => options = rest,
        }
    }
    SEGMENT_BYTES_UNTOLD
}

/// Writes the headers of a segment whose payload lies in `out`, and gives the frame's length.
pub fn segment_frame(config: &Config, segment: &Outgoing, out: &mut [u8; FRAME_BYTES_MAX]) -> usize {
    let is_syn = segment.flags == Flags::Syn;
    let tcp = TcpRepr {
        src_port: config.own.port(),
        dst_port: config.venue.port(),
        control: match segment.flags {
            Flags::Syn => TcpControl::Syn,
            Flags::Rst => TcpControl::Rst,
            Flags::Fin => TcpControl::Fin,
            Flags::Push => TcpControl::Psh,
            Flags::None => TcpControl::None,
        },
        seq_number: TcpSeqNumber(segment.sequence as i32),
        ack_number: segment.acknowledgement.map(|number| TcpSeqNumber(number as i32)),
        window_len: segment.window,
        window_scale: None,
        max_seg_size: is_syn.then_some(SEGMENT_BYTES_MAX as u16),
        sack_permitted: false,
        sack_ranges: [None; 3],
        timestamp: None,
        payload: &[],
    };
    let (header, checksums) = (tcp.header_len(), ChecksumCapabilities::default());
    let (from, to) = (*config.own.ip(), *config.venue.ip());
    let ip = Ipv4Repr { src_addr: from, dst_addr: to, next_header: IpProtocol::Tcp, payload_len: header + segment.bytes, hop_limit: HOPS };
    let bytes = ETHERNET_BYTES + ip.buffer_len() + header + segment.bytes;
    let mut ethernet = EthernetFrame::new_unchecked(&mut out[..bytes]);
    EthernetRepr { src_addr: EthernetAddress(config.own_mac), dst_addr: EthernetAddress(config.venue_mac), ethertype: EthernetProtocol::Ipv4 }
        .emit(&mut ethernet);
    let mut packet = Ipv4Packet::new_unchecked(ethernet.payload_mut());
    ip.emit(&mut packet, &checksums);
    let inside = packet.payload_mut();
    // smoltcp writes header and payload at once; the payload is here already, so its checksum comes behind.
    tcp.emit(&mut TcpPacket::new_unchecked(&mut inside[..header]), &from.into(), &to.into(), &ChecksumCapabilities::ignored());
    TcpPacket::new_unchecked(inside).fill_checksum(&from.into(), &to.into());
    bytes
}

/// Writes the answer to a question for our address, and gives the frame's length.
pub fn answer_frame(config: &Config, asker: &Asker, out: &mut [u8; FRAME_BYTES_MAX]) -> usize {
    let own_mac = EthernetAddress(config.own_mac);
    let answer = ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: own_mac,
        source_protocol_addr: *config.own.ip(),
        target_hardware_addr: asker.mac,
        target_protocol_addr: asker.ip,
    };
    let bytes = ETHERNET_BYTES + answer.buffer_len();
    let mut ethernet = EthernetFrame::new_unchecked(&mut out[..bytes]);
    EthernetRepr { src_addr: own_mac, dst_addr: asker.mac, ethertype: EthernetProtocol::Arp }.emit(&mut ethernet);
    answer.emit(&mut ArpPacket::new_unchecked(ethernet.payload_mut()));
    bytes
}
