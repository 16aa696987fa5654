//! Opens a market data file: unpacks gzip, tells the formats apart by their first bytes.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::MultiGzDecoder;

use crate::{Channel, Error, Frames, Messages, PacketiseError, Place, Record, packetise};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const BUFFER_BYTES: usize = 1 << 18;
/// Enough to tell the formats apart: some empty prefixes, then a message's prefix and type.
const PEEK_BYTES: usize = 64;

/// An open file.
pub enum Capture {
    /// pcap or pcapng.
    Frames(Frames),
    /// Raw ITCH, each message behind its length (u16, big-endian).
    Messages(Messages),
}

/// Opens `path`. The content decides the format, not the name.
pub fn open(path: impl AsRef<Path>) -> Result<Capture, Error> {
    let mut input = Input::open(path.as_ref())?;
    let first = input.peek()?;
    if first.is_empty() {
        return Err(Error::Empty { path: input.path });
    }
    if Frames::knows(&first) {
        return Ok(Capture::Frames(Frames::new(input, &first)?));
    }
    if Messages::knows(&first) {
        return Ok(Capture::Messages(Messages::new(input)));
    }
    let shown = first.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    Err(Error::UnknownFormat { path: input.path, first: shown.join(" ") })
}

impl Capture {
    /// All frames of the file; of raw ITCH, frames that carry its messages on `channel`.
    pub fn into_frames(
        self,
        channel: Channel,
    ) -> Result<Box<dyn Iterator<Item = Result<Record, Error>> + Send>, PacketiseError> {
        Ok(match self {
            Capture::Frames(frames) => Box::new(frames),
            Capture::Messages(messages) => Box::new(packetise(messages, channel)?),
        })
    }

    /// How far the file has been read.
    pub fn progress(&self) -> Progress {
        match self {
            Capture::Frames(frames) => frames.progress(),
            Capture::Messages(messages) => messages.progress(),
        }
    }
}

/// How far a file has been read, in bytes of the file as it lies on the disk. A clone stays current
/// while the iterator moves on.
#[derive(Clone, Debug)]
pub struct Progress {
    read: Arc<AtomicU64>,
    /// Size of the file; 0 for a pipe.
    pub file_bytes: u64,
}

impl Progress {
    pub fn read_bytes(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// The unpacked bytes of a file, with the offset of the next one.
pub(crate) struct Input {
    pub path: PathBuf,
    pub offset: u64,
    pub progress: Progress,
    gzip: bool,
    reader: Box<dyn Read + Send>,
}

impl Input {
    pub fn open(path: &Path) -> Result<Input, Error> {
        let io_error = |source| Error::Io { path: path.to_owned(), source };
        let file = File::open(path).map_err(io_error)?;
        let file_bytes = file.metadata().map_err(io_error)?.len();
        let read = Arc::new(AtomicU64::new(0));
        let mut file = BufReader::with_capacity(BUFFER_BYTES, Counted { file, read: read.clone() });
        let mut magic = [0; 2];
        let found = read_up_to(&mut file, &mut magic).map_err(io_error)?;
        let whole = io::Cursor::new(magic[..found].to_vec()).chain(file);
        let gzip = magic[..found] == GZIP_MAGIC;
        let reader: Box<dyn Read + Send> = if gzip {
            let unpacked = MultiGzDecoder::new(BufReader::with_capacity(BUFFER_BYTES, whole));
            Box::new(BufReader::with_capacity(BUFFER_BYTES, unpacked))
        } else {
            Box::new(whole)
        };
        let path = path.to_owned();
        let progress = Progress { read, file_bytes };
        Ok(Input { path, offset: 0, progress, gzip, reader })
    }

    /// The first bytes, fewer if the file is shorter; they stay to be read.
    fn peek(&mut self) -> Result<Vec<u8>, Error> {
        let mut bytes = [0; PEEK_BYTES];
        let found = read_up_to(&mut self.reader, &mut bytes).map_err(|e| self.fault(0, e))?;
        let first = bytes[..found].to_vec();
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(io::Cursor::new(first.clone()).chain(rest));
        Ok(first)
    }

    /// Fills `buffer` as far as the file reaches and says how far that was.
    pub fn read(&mut self, record: u64, buffer: &mut [u8]) -> Result<usize, Error> {
        let found = read_up_to(&mut self.reader, buffer).map_err(|e| self.fault(record, e))?;
        self.offset += found as u64;
        Ok(found)
    }

    fn fault(&self, record: u64, source: io::Error) -> Error {
        if self.gzip {
            Error::Gzip { place: Place::new(&self.path, record, self.offset), source }
        } else {
            Error::Io { path: self.path.clone(), source }
        }
    }
}

fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut found = 0;
    while found < buffer.len() {
        match reader.read(&mut buffer[found..]) {
            Ok(0) => break,
            Ok(count) => found += count,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(found)
}
