//! Writes frames as a pcap file with nanoseconds (libpcap format 2.4, little-endian, Ethernet).

use std::io::{self, Write};

use crate::Record;

const MAGIC_NANOSECONDS: u32 = 0xa1b2_3c4d;
const SNAP_BYTES: u32 = 262_144;
const LINK_TYPE_ETHERNET: u32 = 1;
const NS_PER_S: u64 = 1_000_000_000;

/// A pcap file that is being written. Give it a `BufWriter`; `finish` flushes it.
pub struct PcapWriter<W: Write> {
    out: W,
}

impl<W: Write> PcapWriter<W> {
    /// Writes the file header.
    pub fn new(mut out: W) -> io::Result<PcapWriter<W>> {
        out.write_all(&MAGIC_NANOSECONDS.to_le_bytes())?;
        out.write_all(&2u16.to_le_bytes())?;
        out.write_all(&4u16.to_le_bytes())?;
        out.write_all(&[0; 8])?;
        out.write_all(&SNAP_BYTES.to_le_bytes())?;
        out.write_all(&LINK_TYPE_ETHERNET.to_le_bytes())?;
        Ok(PcapWriter { out })
    }

    /// Writes one frame, Ethernet header to last payload byte, with its time in nanoseconds since 1970.
    /// Fails if it is longer than a pcap file can say, or the time later than 2106.
    pub fn write(&mut self, time_ns: u64, bytes: &[u8]) -> io::Result<()> {
        self.write_cut(time_ns, bytes, bytes.len())
    }

    /// As `write`, of a record with the length that it had on the wire.
    pub fn write_record(&mut self, record: &Record) -> io::Result<()> {
        self.write_cut(record.time_ns, &record.bytes, record.original_length as usize)
    }

    fn write_cut(&mut self, time_ns: u64, bytes: &[u8], original: usize) -> io::Result<()> {
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
        let seconds = u32::try_from(time_ns / NS_PER_S)
            .map_err(|_| invalid("a pcap file holds no time after the year 2106"))?;
        if bytes.len() > SNAP_BYTES as usize {
            return Err(invalid("a pcap file holds no frame above 262,144 bytes"));
        }
        let original = u32::try_from(original).map_err(|_| invalid("frame length"))?;
        self.out.write_all(&seconds.to_le_bytes())?;
        self.out.write_all(&((time_ns % NS_PER_S) as u32).to_le_bytes())?;
        self.out.write_all(&(bytes.len() as u32).to_le_bytes())?;
        self.out.write_all(&original.to_le_bytes())?;
        self.out.write_all(bytes)
    }

    /// Hands on what a buffer still holds.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    /// Flushes and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}
