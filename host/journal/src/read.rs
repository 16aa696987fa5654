//! Reads a journal from its segments and proves every byte on the way.
//!
//! Holds: a record is given out only after its CRC, position and chain were checked. The last segment may end
//! in a torn tail: what a crash left behind the last durable record. Anything else that is broken is an error.
//! What is broken in the last segment counts as torn unless a record behind it was written when the broken
//! one had been durable.
use crate::entry::{Entry, Kind, PruneMark};
use crate::error::{Error, Fault, Place};
use crate::format::{
    Chain, FORMAT, PAYLOAD_BYTES_MAX, RECORD_HEADER_BYTES, RECORD_OVERHEAD_BYTES, RecordHeader, SEGMENT_HEADER_BYTES,
    SEGMENT_MAGIC, SegmentHeader, TAG_BYTES, segment_number, segment_path,
};
use crate::key::Key;
use crate::shared::End;
use crate::writer::io_error;
use riposte_map::identity;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use zerocopy::{FromBytes, IntoBytes};

/// How to read what is inside.
#[derive(Clone, Debug)]
pub enum Contents {
    /// Records in clear, of this contract, with the key if they are encrypted.
    Open(Option<Key>),
    /// Payloads as stored, of any contract; enough to prove the chain without the key.
    Sealed,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub position: u64,
    pub time_ns: u64,
    pub kind: Kind,
    payload: Vec<u8>,
    /// After this record.
    pub chain: Chain,
    pub segment: u32,
    /// Its first byte in the segment.
    pub offset: u64,
}

impl Record {
    /// `None` if the journal is read as `Contents::Sealed` and this is no payload in clear.
    pub fn entry(&self) -> Option<Entry<'_>> {
        Entry::decode(self.kind, &self.payload)
    }

    pub fn payload(&self) -> &[u8] {
        &self.payload
    }
}

/// What a crash left behind the last whole record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    pub path: PathBuf,
    /// Where it begins, and how long it is.
    pub offset: u64,
    pub bytes: u64,
    /// Whole records inside, none of which tells that the broken one had been durable.
    pub records: u64,
    pub fault: Fault,
}

/// A segment that was read to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub number: u32,
    pub path: PathBuf,
    /// Position of its first record, or of the next one if it has none.
    pub first: u64,
    /// Chain before that record.
    pub before: Chain,
    /// Position of the last record in it or before it.
    pub last: u64,
    /// Chain after that record.
    pub chain: Chain,
    pub created_unix_ns: u64,
    pub bytes: u64,
    pub is_encrypted: bool,
}

/// A stream of records, oldest first.
pub struct Reader {
    folder: PathBuf,
    contents: Contents,
    /// Not yet begun.
    segments: VecDeque<u32>,
    current: Option<Current>,
    parts: Vec<Part>,
    /// What the next header must continue; none before the first.
    end: Option<End>,
    torn: Option<Torn>,
    /// The newest record that told of removed segments.
    pruned: Option<PruneMark>,
}

struct Current {
    file: BufReader<File>,
    header: SegmentHeader,
    path: PathBuf,
    offset: u64,
    is_last: bool,
}

impl Reader {
    /// Reads from the first segment on.
    pub fn open(folder: &Path, contents: Contents) -> Result<Reader, Error> {
        let segments = list(folder)?;
        if segments.is_empty() {
            return Err(Error::NoJournal { folder: folder.to_owned() });
        }
        let folder = folder.to_owned();
        let (segments, parts) = (segments.into(), Vec::new());
        Ok(Reader { folder, contents, segments, current: None, parts, end: None, torn: None, pruned: None })
    }

    /// Skips whole segments as long as `position` is behind them. What is skipped is not proven.
    pub fn skip_to(&mut self, position: u64) -> Result<(), Error> {
        while let Some(&next) = self.segments.get(1) {
            if self.header(&segment_path(&self.folder, next), next)?.0.first.get() > position {
                break;
            }
            self.segments.pop_front();
        }
        Ok(())
    }

    /// The next record, or none at the end of the log.
    pub fn next_record(&mut self) -> Result<Option<Record>, Error> {
        loop {
            if self.current.is_none() && !self.begin()? {
                return Ok(None);
            }
            if let Some(record) = self.read()? {
                return Ok(Some(record));
            }
            self.finish_part()?;
        }
    }

    /// After the last record that was read.
    pub fn end(&self) -> End {
        self.end.unwrap_or(End::NONE)
    }

    /// Known when the last record was read.
    pub fn torn(&self) -> Option<&Torn> {
        self.torn.as_ref()
    }

    /// The segments that were read to their end.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// That what is missing before the first segment was removed by `prune`. Call it at the end, having
    /// skipped nothing.
    pub fn prove_beginning(&self) -> Result<(), Error> {
        let Some(first) = self.parts.first().filter(|part| part.number > 1) else { return Ok(()) };
        let removed = first.number - 1;
        let before = (first.first - 1, first.before);
        // A crash in mid-prune leaves segments that the mark says are removed: then its end is among them.
        let is_told = self.pruned.is_some_and(|mark| {
            let end = (mark.position.get(), mark.chain);
            let left = self.parts.iter().find(|part| part.number == mark.segment.get());
            let reached = left.map_or(before, |part| (part.last, part.chain));
            mark.segment.get() >= removed && reached == end
        });
        if is_told { Ok(()) } else { Err(Error::Beheaded { path: first.path.clone(), removed }) }
    }

    /// Opens the next segment; false if there is none.
    fn begin(&mut self) -> Result<bool, Error> {
        let Some(number) = self.segments.pop_front() else { return Ok(false) };
        let path = segment_path(&self.folder, number);
        let (header, file) = self.header(&path, number)?;
        let first = End { position: header.first.get().saturating_sub(1), chain: header.chain, time_ns: 0 };
        match self.end {
            None => self.end = Some(first),
            Some(end) if (end.position, end.chain) == (first.position, first.chain) => {}
            Some(_) => return Err(Error::Discontinuous { path }),
        }
        let is_last = self.segments.is_empty();
        self.current = Some(Current { file, header, path, offset: SEGMENT_HEADER_BYTES as u64, is_last });
        Ok(true)
    }

    fn header(&self, path: &Path, number: u32) -> Result<(SegmentHeader, BufReader<File>), Error> {
        let wrong = |detail: &str| Error::Header { path: path.to_owned(), detail: detail.to_owned() };
        let mut file = BufReader::with_capacity(1 << 16, File::open(path).map_err(io_error(path))?);
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        if read_up_to(&mut file, &mut bytes).map_err(io_error(path))? < bytes.len() {
            return Err(wrong("the file ends inside the segment's header"));
        }
        let header = SegmentHeader::read_from_bytes(&bytes).map_err(|_| wrong("no segment's header"))?;
        if header.magic.get() != SEGMENT_MAGIC {
            return Err(wrong("is no segment of a journal (another magic)"));
        }
        if header.crc.get() != header.compute_crc() {
            return Err(wrong("the segment's header is broken: its CRC does not match"));
        }
        if header.format.get() != FORMAT {
            return Err(wrong(&format!("has format {}, this version reads {FORMAT}", header.format)));
        }
        // No log reaches half of all positions; beyond, counting could overflow.
        let is_position = (1..=u64::MAX / 2).contains(&header.first.get());
        if header.segment.get() != number || !is_position || header.reserved != [0; 12] {
            return Err(wrong("the segment's header says that it is another segment"));
        }
        if let Contents::Open(key) = &self.contents {
            check_contract(path, &header)?;
            check_key(path, &header, key.as_ref())?;
        }
        Ok((header, file))
    }

    /// The next record of the current segment; none at its end.
    fn read(&mut self) -> Result<Option<Record>, Error> {
        let Some(current) = &mut self.current else { return Ok(None) };
        let end = self.end.unwrap_or(End::NONE);
        let mut bytes = vec![0; RECORD_HEADER_BYTES];
        let found = read_up_to(&mut current.file, &mut bytes).map_err(io_error(&current.path))?;
        if found == 0 {
            return Ok(None);
        }
        let header = RecordHeader::read_from_bytes(&bytes).unwrap_or_default();
        let length = header.length.get() as usize;
        let is_plausible = found == RECORD_HEADER_BYTES && length <= PAYLOAD_BYTES_MAX + TAG_BYTES;
        let mut whole = false;
        bytes.truncate(found);
        if is_plausible {
            bytes.resize(header.record_bytes(), 0);
            let behind = read_up_to(&mut current.file, &mut bytes[RECORD_HEADER_BYTES..]);
            let behind = behind.map_err(io_error(&current.path))?;
            whole = RECORD_HEADER_BYTES + behind == bytes.len();
            bytes.truncate(RECORD_HEADER_BYTES + behind);
        }
        if !whole || header.crc.get() != header.compute_crc(&bytes[RECORD_HEADER_BYTES..]) {
            let is_cut = found < RECORD_HEADER_BYTES || (is_plausible && !whole);
            let fault = if is_cut { Fault::Cut } else { Fault::Crc };
            return self.broken(bytes, end.position + 1, fault);
        }
        let offset = current.offset;
        current.offset += bytes.len() as u64;
        let place = || Place { path: current.path.clone(), offset };
        let broken = |fault| Error::Broken { place: place(), position: end.position + 1, fault };
        let record = self.contents.check(&header, bytes, end, &current.header, offset).map_err(broken)?;
        if let Some(Entry::Pruned(mark, _)) = record.entry().filter(|_| matches!(self.contents, Contents::Open(_))) {
            self.pruned = Some(mark);
        }
        self.end = Some(End { position: record.position, chain: record.chain, time_ns: record.time_ns });
        Ok(Some(record))
    }

    /// Tells a torn tail from damage. `read` is what was taken from the file since the last whole record.
    fn broken(&mut self, read: Vec<u8>, position: u64, fault: Fault) -> Result<Option<Record>, Error> {
        let Some(current) = &mut self.current else { return Ok(None) };
        let place = Place { path: current.path.clone(), offset: current.offset };
        if !current.is_last {
            return Err(Error::Broken { place, position, fault });
        }
        let mut tail = read;
        current.file.read_to_end(&mut tail).map_err(io_error(&current.path))?;
        let mut records = 0;
        // The broken record takes at least these bytes, and so does whatever is behind it.
        for at in RECORD_OVERHEAD_BYTES..tail.len().saturating_sub(RECORD_OVERHEAD_BYTES - 1) {
            let Some(header) = whole_record(&tail, at, position) else { continue };
            if header.durable() >= position {
                return Err(Error::Damaged { witness: place.offset + at as u64, place, position, fault });
            }
            records += 1;
        }
        let Place { path, offset } = place;
        self.torn = Some(Torn { path, offset, bytes: tail.len() as u64, records, fault });
        Ok(None)
    }

    fn finish_part(&mut self) -> Result<(), Error> {
        let Some(Current { header, path, offset, .. }) = self.current.take() else { return Ok(()) };
        let end = self.end();
        self.parts.push(Part {
            number: header.segment.get(),
            path,
            first: header.first.get(),
            before: header.chain,
            last: end.position,
            chain: end.chain,
            created_unix_ns: header.created_unix_ns.get(),
            bytes: offset,
            is_encrypted: header.is_encrypted(),
        });
        Ok(())
    }
}

impl Contents {
    /// Proves a record whose CRC holds, and opens it.
    fn check(
        &self, header: &RecordHeader, mut bytes: Vec<u8>, before: End, segment: &SegmentHeader, offset: u64,
    ) -> Result<Record, Fault> {
        let (wanted, found) = (before.position + 1, header.position.get());
        if found != wanted {
            return Err(Fault::Position { wanted, found });
        }
        let chain = header.compute_chain(&before.chain, &bytes[RECORD_HEADER_BYTES..bytes.len() - size_of::<Chain>()]);
        if !bytes.ends_with(&chain) {
            return Err(Fault::Chain);
        }
        let kind = Kind::from_code(header.kind).filter(|_| header.reserved == [0; 3]).ok_or(Fault::Kind(header.kind))?;
        bytes.truncate(bytes.len() - size_of::<Chain>());
        bytes.drain(..RECORD_HEADER_BYTES);
        let mut payload = bytes;
        if let Contents::Open(key) = self {
            if let Some(key) = key {
                let at = payload.len().checked_sub(TAG_BYTES).ok_or(Fault::Seal)?;
                let tag = payload.split_off(at).try_into().map_err(|_| Fault::Seal)?;
                if !key.open(&segment.salt, found, header.lasting().as_bytes(), &mut payload, &tag) {
                    return Err(Fault::Seal);
                }
            }
            Entry::decode(kind, &payload).ok_or(Fault::Payload)?;
        }
        let (time_ns, segment) = (header.time_ns.get(), segment.segment.get());
        Ok(Record { position: found, time_ns, kind, payload, chain, segment, offset })
    }
}

/// The header of a record that is whole at byte `at` of a tail that begins with the broken `position`.
fn whole_record(tail: &[u8], at: usize, position: u64) -> Option<RecordHeader> {
    let (header, behind) = RecordHeader::read_from_prefix(&tail[at..]).ok()?;
    let farthest = position.saturating_add((at / RECORD_OVERHEAD_BYTES) as u64);
    if header.position.get() <= position || header.position.get() > farthest || Kind::from_code(header.kind).is_none() {
        return None;
    }
    let behind = behind.get(..header.record_bytes() - RECORD_HEADER_BYTES)?;
    (header.crc.get() == header.compute_crc(behind)).then_some(header)
}

fn check_contract(path: &Path, header: &SegmentHeader) -> Result<(), Error> {
    let found = (header.contract_version.get(), header.contract_hash.get());
    let wanted = (identity::VERSION, identity::TABLE_HASH);
    if found == wanted {
        return Ok(());
    }
    let text = |(version, hash): (u32, u64)| format!("{version}, {hash:016x}");
    Err(Error::Contract { path: path.to_owned(), found: text(found), wanted: text(wanted) })
}

fn check_key(path: &Path, header: &SegmentHeader, key: Option<&Key>) -> Result<(), Error> {
    let path = path.to_owned();
    match (header.is_encrypted(), key) {
        (false, None) => Ok(()),
        (true, None) => Err(Error::KeyNeeded { path }),
        (false, Some(_)) => Err(Error::KeyNotNeeded { path }),
        (true, Some(key)) if key.open(&header.salt, 0, header.sealed_bytes(), &mut [], &header.key_tag) => Ok(()),
        (true, Some(_)) => Err(Error::WrongKey { path }),
    }
}

/// Numbers of the segments in a folder, in order and without a hole.
pub(crate) fn list(folder: &Path) -> Result<Vec<u32>, Error> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io_error(folder))? {
        let entry = entry.map_err(io_error(folder))?;
        numbers.extend(entry.file_name().to_str().and_then(segment_number));
    }
    numbers.sort_unstable();
    for pair in numbers.windows(2) {
        if pair[1] != pair[0] + 1 {
            return Err(Error::Missing { folder: folder.to_owned(), first: pair[0] + 1, last: pair[1] - 1 });
        }
    }
    Ok(numbers)
}

/// As many bytes as the file has, up to all of `bytes`.
fn read_up_to(file: &mut impl Read, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
