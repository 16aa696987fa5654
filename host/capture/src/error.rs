//! What can be wrong with a market data file: each case says where it is and what to do about it.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// A place in a file. In a gzip file the offset is that of the unpacked bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: PathBuf,
    /// Number of the record (packet, block or message), from 1; 0 is the file header.
    pub record: u64,
    /// First byte of the record.
    pub offset: u64,
}

impl Place {
    pub(crate) fn new(path: &Path, record: u64, offset: u64) -> Place {
        Place { path: path.to_owned(), record, offset }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.record {
            0 => write!(f, "{}: file header at byte {}", self.path.display(), self.offset),
            n => write!(f, "{}: record {n} at byte {}", self.path.display(), self.offset),
        }
    }
}

/// Why a file cannot be read, or not further.
#[derive(Debug, Error)]
pub enum Error {
    #[error("{}: cannot be read", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error(
        "{place}: the gzip stream is damaged or cut; what is before it was read. Copy the file \
         again, or check it with `gzip -t`"
    )]
    Gzip { place: Place, source: io::Error },
    #[error("{}: the file is empty; a capture or an ITCH file was expected", path.display())]
    Empty { path: PathBuf },
    #[error(
        "{}: neither pcap, pcapng nor length-prefixed ITCH 5.0 (it begins with {first}); convert \
         it with `editcap -F nsecpcap`",
        path.display()
    )]
    UnknownFormat { path: PathBuf, first: String },
    #[error(
        "{place}: link type {link_type} ({name}) where Ethernet (1) is needed; capture on an \
         Ethernet interface (not on `any`)"
    )]
    LinkType { place: Place, link_type: i32, name: &'static str },
    #[error(
        "{place}: cut in the middle, {found} of {wanted} bytes are there; what is before it was \
         read. Copy the file again or let the capture finish"
    )]
    Cut { place: Place, wanted: u64, found: u64 },
    #[error(
        "{place}: a length of {length} bytes where at most {limit} can be; the file is damaged \
         or out of step here"
    )]
    Length { place: Place, length: u64, limit: u64 },
    #[error(
        "{place}: {bytes} bytes trail the last whole record; what is before them was read. The \
         file was cut or something was appended"
    )]
    Trailing { place: Place, bytes: u64 },
    #[error("{place}: the block is not valid pcapng ({detail}); repair the file with `editcap`")]
    Block { place: Place, detail: String },
    #[error("{place}: the packet names interface {interface}, which no block before it describes")]
    Interface { place: Place, interface: u32 },
    #[error(
        "{place}: a packet block without a time (simple or obsolete block type {block_type}); a \
         replay needs times, capture again with `dumpcap`"
    )]
    NoTime { place: Place, block_type: u32 },
    #[error("{place}: cannot be sent in a MoldUDP64 packet")]
    Packetise { place: Place, source: crate::PacketiseError },
    #[error("{place}: the packet's time does not fit 64 bits of nanoseconds since 1970")]
    Time { place: Place },
}

/// Names of the link types that people meet when they capture on the wrong interface.
pub(crate) fn link_type_name(link_type: i32) -> &'static str {
    match link_type {
        0 => "BSD loopback",
        101 => "raw IP",
        105 => "IEEE 802.11",
        113 => "Linux cooked capture",
        127 => "IEEE 802.11 with radiotap",
        147..=162 => "user-defined",
        228 => "raw IPv4",
        276 => "Linux cooked capture v2",
        _ => "not Ethernet",
    }
}
