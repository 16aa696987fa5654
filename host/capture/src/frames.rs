//! Frames of pcap (micro- and nanoseconds, both byte orders) and pcapng (several sections and
//! interfaces, each with its own time resolution).
//!
//! This file frames the records, so that every fault has its exact offset and a length is checked
//! before it is believed; the crate `pcap-parser` reads their fields.

use pcap_parser::{Block, Linktype, OptionCode, PcapHeader};

use crate::{
    Error, Place, Record,
    error::link_type_name,
    input::{Input, Progress},
};

/// Largest captured packet that libpcap writes.
const PACKET_BYTES_MAX: u64 = 262_144;
/// Largest pcapng block that libpcap reads.
const BLOCK_BYTES_MAX: u64 = 16 << 20;
const PCAP_HEADER_BYTES: usize = 24;
const RECORD_HEADER_BYTES: usize = 16;
const BLOCK_HEADER_BYTES: usize = 8;
const SECTION_HEADER: [u8; 4] = [0x0a, 0x0d, 0x0d, 0x0a];
const BYTE_ORDER_BIG: [u8; 4] = [0x1a, 0x2b, 0x3c, 0x4d];
const OBSOLETE_PACKET_BLOCK: u32 = 2;
const SIMPLE_PACKET_BLOCK: u32 = 3;
const NS_PER_S: u64 = 1_000_000_000;

/// The frames of a capture file. Nothing follows an error.
pub struct Frames {
    input: Input,
    /// Packets (pcap) or blocks (pcapng) read so far.
    record: u64,
    kind: Kind,
    done: bool,
}

enum Kind {
    Pcap { big_endian: bool, ns_per_fraction: u64 },
    PcapNg { big_endian: bool, interfaces: Vec<Interface> },
}

#[derive(Clone, Copy)]
struct Interface {
    link_type: Linktype,
    units_per_s: u64,
    offset_s: i64,
}

impl Frames {
    /// Whether a file that begins so is pcap or pcapng.
    pub(crate) fn knows(first: &[u8]) -> bool {
        matches!(
            first,
            [0xa1, 0xb2, 0xc3, 0xd4, ..]
                | [0xd4, 0xc3, 0xb2, 0xa1, ..]
                | [0xa1, 0xb2, 0x3c, 0x4d, ..]
                | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        ) || first.starts_with(&SECTION_HEADER)
    }

    /// Reads the file header of a file that begins with `first`, for which `knows` is true.
    pub(crate) fn new(mut input: Input, first: &[u8]) -> Result<Frames, Error> {
        if first.starts_with(&SECTION_HEADER) {
            // A section header is a block like the others: the first one is read with the first packet.
            let kind = Kind::PcapNg { big_endian: false, interfaces: Vec::new() };
            return Ok(Frames { input, record: 0, kind, done: false });
        }
        let mut bytes = [0; PCAP_HEADER_BYTES];
        let found = input.read(0, &mut bytes)?;
        let place = Place::new(&input.path, 0, 0);
        if found < PCAP_HEADER_BYTES {
            let (wanted, found) = (PCAP_HEADER_BYTES as u64, found as u64);
            return Err(Error::Cut { place, wanted, found });
        }
        let header = match pcap_parser::parse_pcap_header(&bytes) {
            Ok((_, header)) => header,
            Err(e) => return Err(Error::Block { place, detail: e.to_string() }),
        };
        ethernet(&place, link_type(&header))?;
        let ns_per_fraction = if header.is_nanosecond_precision() { 1 } else { 1000 };
        let kind = Kind::Pcap { big_endian: header.is_bigendian(), ns_per_fraction };
        Ok(Frames { input, record: 0, kind, done: false })
    }

    pub fn progress(&self) -> Progress {
        self.input.progress.clone()
    }

    fn read(&mut self) -> Result<Option<Record>, Error> {
        match self.kind {
            Kind::Pcap { big_endian, ns_per_fraction } => {
                self.read_record(big_endian, ns_per_fraction)
            }
            Kind::PcapNg { .. } => loop {
                match self.read_block()? {
                    None => return Ok(None),
                    Some(bytes) => {
                        if let Some(record) = self.packet_of_block(&bytes)? {
                            return Ok(Some(record));
                        }
                    }
                }
            },
        }
    }

    fn read_record(&mut self, big: bool, ns_per_fraction: u64) -> Result<Option<Record>, Error> {
        self.record += 1;
        let place = Place::new(&self.input.path, self.record, self.input.offset);
        let mut header = [0; RECORD_HEADER_BYTES];
        match self.input.read(self.record, &mut header)? {
            0 => return Ok(None),
            RECORD_HEADER_BYTES => {}
            found => return Err(Error::Trailing { place, bytes: found as u64 }),
        }
        let word = |at: usize| word_at(&header, at, big);
        let length = u64::from(word(8));
        if length > PACKET_BYTES_MAX {
            return Err(Error::Length { place, length, limit: PACKET_BYTES_MAX });
        }
        let time_ns = u64::from(word(0)) * NS_PER_S + u64::from(word(4)) * ns_per_fraction;
        let mut bytes = vec![0; length as usize];
        let found = self.input.read(self.record, &mut bytes)? as u64;
        if found < length {
            return Err(Error::Cut { place, wanted: length, found });
        }
        Ok(Some(Record { time_ns, bytes, original_length: word(12) }))
    }

    /// The next pcapng block, whole.
    fn read_block(&mut self) -> Result<Option<Vec<u8>>, Error> {
        self.record += 1;
        let place = Place::new(&self.input.path, self.record, self.input.offset);
        let mut bytes = vec![0; BLOCK_HEADER_BYTES];
        match self.input.read(self.record, &mut bytes)? {
            0 => return Ok(None),
            BLOCK_HEADER_BYTES => {}
            found => return Err(Error::Trailing { place, bytes: found as u64 }),
        }
        // Of a section header the byte order is known only from the word behind the length.
        let is_section = bytes[..4] == SECTION_HEADER;
        if is_section {
            bytes.resize(BLOCK_HEADER_BYTES + 4, 0);
            let found = self.input.read(self.record, &mut bytes[BLOCK_HEADER_BYTES..])?;
            if found < 4 {
                let found = (BLOCK_HEADER_BYTES + found) as u64;
                return Err(Error::Cut { place, wanted: 28, found });
            }
        }
        let Kind::PcapNg { big_endian, interfaces } = &mut self.kind else { return Ok(None) };
        if is_section {
            *big_endian = bytes[8..12] == BYTE_ORDER_BIG;
            interfaces.clear();
        }
        let length = u64::from(word_at(&bytes, 4, *big_endian));
        let limit = BLOCK_BYTES_MAX;
        let shortest = bytes.len() as u64 + 4;
        if length > limit || length < shortest || !length.is_multiple_of(4) {
            return Err(Error::Length { place, length, limit });
        }
        let start = bytes.len();
        bytes.resize(length as usize, 0);
        let found = (start + self.input.read(self.record, &mut bytes[start..])?) as u64;
        if found < length {
            return Err(Error::Cut { place, wanted: length, found });
        }
        Ok(Some(bytes))
    }

    /// The packet of a block; `None` if the block is none, for which what it says is noted.
    fn packet_of_block(&mut self, bytes: &[u8]) -> Result<Option<Record>, Error> {
        let place =
            Place::new(&self.input.path, self.record, self.input.offset - bytes.len() as u64);
        let Kind::PcapNg { big_endian, interfaces } = &mut self.kind else { return Ok(None) };
        let parsed = if *big_endian {
            pcap_parser::pcapng::parse_block_be(bytes)
        } else {
            pcap_parser::pcapng::parse_block_le(bytes)
        };
        let block = match parsed {
            Ok((_, block)) => block,
            Err(e) => return Err(Error::Block { place, detail: e.to_string() }),
        };
        match block {
            Block::InterfaceDescription(description) => {
                let Some(units_per_s) = units_per_s(description.if_tsresol) else {
                    return Err(Error::Block { place, detail: "time resolution".to_owned() });
                };
                let offset =
                    description.options.iter().find(|one| one.code == OptionCode::IfTsoffset);
                let offset = offset.and_then(|one| one.value.first_chunk()).copied();
                let order = if *big_endian { i64::from_be_bytes } else { i64::from_le_bytes };
                let (link_type, offset_s) = (description.linktype, offset.map_or(0, order));
                interfaces.push(Interface { link_type, units_per_s, offset_s });
                Ok(None)
            }
            Block::EnhancedPacket(packet) => {
                let interface = interfaces.get(packet.if_id as usize).copied();
                let Some(interface) = interface else {
                    return Err(Error::Interface { place, interface: packet.if_id });
                };
                ethernet(&place, interface.link_type)?;
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let Some(time_ns) = interface.time_ns(units) else {
                    return Err(Error::Time { place });
                };
                let Some(bytes) = packet.data.get(..packet.caplen as usize) else {
                    return Err(Error::Block { place, detail: "captured length".to_owned() });
                };
                let bytes = bytes.to_vec();
                Ok(Some(Record { time_ns, bytes, original_length: packet.origlen }))
            }
            _ => match word_at(bytes, 0, *big_endian) {
                block_type @ (SIMPLE_PACKET_BLOCK | OBSOLETE_PACKET_BLOCK) => {
                    Err(Error::NoTime { place, block_type })
                }
                _ => Ok(None),
            },
        }
    }
}

impl Interface {
    fn time_ns(&self, units: u64) -> Option<u64> {
        let per_s = u128::from(self.units_per_s);
        let ns = u128::from(units) * u128::from(NS_PER_S) / per_s;
        let offset_ns = i128::from(self.offset_s) * i128::from(NS_PER_S);
        u64::try_from(i128::try_from(ns).ok()?.checked_add(offset_ns)?).ok()
    }
}

impl Iterator for Frames {
    type Item = Result<Record, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let next = self.read().transpose();
        self.done = !matches!(next, Some(Ok(_)));
        next
    }
}

/// Option if_tsresol: a power of ten, or of two if the top bit is set. `None` if 64 bits do not hold it.
/// (`pcap-parser` 0.17 refuses all powers of two and reads if_tsoffset in one byte order only.)
fn units_per_s(resolution: u8) -> Option<u64> {
    let power = u32::from(resolution & 0x7f);
    if resolution & 0x80 == 0 { 10u64.checked_pow(power) } else { 1u64.checked_shl(power) }
}

/// The upper bits of the field say whether frames carry their FCS; the type is in the lower 16.
fn link_type(header: &PcapHeader) -> Linktype {
    Linktype(header.network.0 & 0xffff)
}

fn ethernet(place: &Place, link_type: Linktype) -> Result<(), Error> {
    if link_type == Linktype::ETHERNET {
        return Ok(());
    }
    let (place, link_type) = (place.clone(), link_type.0);
    Err(Error::LinkType { place, link_type, name: link_type_name(link_type) })
}

fn word_at(bytes: &[u8], at: usize, big_endian: bool) -> u32 {
    let word = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
    if big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
}
