//! Disks that fill, fail and lose their power.
use crate::{Folder, clear, records, wait, with_entry, write};
use riposte_journal::{Disk, End, Entry, Error, Files, Options, SegmentFile, State, create, open};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What is wrong with a disk, changed while it is used.
#[derive(Default)]
pub struct Faults {
    /// Bytes that still fit; none is no limit.
    pub room: Option<u64>,
    pub sync_fails: bool,
    /// Every operation, for who wants to play them again.
    pub log: Vec<Operation>,
}

#[derive(Clone)]
pub enum Operation {
    Create { path: PathBuf, header: Vec<u8> },
    Write { path: PathBuf, offset: u64, bytes: Vec<u8> },
    Sync { path: PathBuf },
    Cut { path: PathBuf, length: u64 },
}

impl Faults {
    pub fn shared() -> Arc<Mutex<Faults>> {
        Arc::default()
    }

    /// How much of `wanted` still fits.
    fn take(&mut self, wanted: u64) -> u64 {
        let Some(room) = &mut self.room else { return wanted };
        let taken = wanted.min(*room);
        *room -= taken;
        taken
    }
}

pub struct Faulty(Arc<Mutex<Faults>>);

impl Faulty {
    pub fn boxed(faults: &Arc<Mutex<Faults>>) -> Box<dyn Disk> {
        Box::new(Faulty(faults.clone()))
    }
}

fn no_space() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

impl Disk for Faulty {
    fn create(&mut self, path: &Path, header: &[u8]) -> io::Result<Box<dyn SegmentFile>> {
        let mut faults = self.0.lock().unwrap();
        if faults.take(header.len() as u64) < header.len() as u64 {
            return Err(no_space());
        }
        faults.log.push(Operation::Create { path: path.to_owned(), header: header.to_owned() });
        let file = Files.create(path, header)?;
        Ok(Box::new(FaultyFile { file, path: path.to_owned(), length: header.len() as u64, faults: self.0.clone() }))
    }

    fn now_unix_ns(&mut self) -> u64 {
        1_000
    }

    fn random(&mut self) -> io::Result<[u8; 16]> {
        Files.random()
    }
}

struct FaultyFile {
    file: Box<dyn SegmentFile>,
    path: PathBuf,
    length: u64,
    faults: Arc<Mutex<Faults>>,
}

impl SegmentFile for FaultyFile {
    fn write(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut faults = self.faults.lock().unwrap();
        let taken = faults.take(bytes.len() as u64) as usize;
        let written = &bytes[..taken];
        faults.log.push(Operation::Write { path: self.path.clone(), offset, bytes: written.to_owned() });
        self.file.write(offset, written)?;
        self.length = offset + taken as u64;
        if taken < bytes.len() { Err(no_space()) } else { Ok(()) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut faults = self.faults.lock().unwrap();
        if faults.sync_fails {
            return Err(io::Error::other("the device does not answer"));
        }
        faults.log.push(Operation::Sync { path: self.path.clone() });
        self.file.sync()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        let mut faults = self.faults.lock().unwrap();
        faults.log.push(Operation::Cut { path: self.path.clone(), length });
        if let Some(room) = &mut faults.room {
            *room += self.length - length;
        }
        self.length = length;
        self.file.cut(length)
    }
}

#[test]
fn a_full_disk_halts_keeps_what_is_durable_and_goes_on_when_there_is_room() {
    let whole = Folder::new("enough-room");
    let wanted = write(whole.options(), 1, 300);
    // Room that ends in a header of a record, in a payload, in a chain, and in a segment's header.
    for room in [0, 1, 31, 40, 500, 1000, 1001, 1100, 2500, 2900, 3000] {
        let folder = Folder::new("no-room");
        let faults = Faults::shared();
        let options = Options { segment_bytes: 1500, ..folder.options() };
        let recovery = open(options).unwrap();
        let (mut appender, journal) = recovery.start_on(Faulty::boxed(&faults)).unwrap();
        faults.lock().unwrap().room = Some(room);
        let watch = journal.watch();
        for number in 1..=300 {
            with_entry(number, |entry| appender.append(number * 10, entry)).expect("the queue has room");
        }
        wait(|| watch.is_halted());
        let State::Halted { reason } = watch.state() else { panic!("halted") };
        assert!(reason.contains("space"), "{reason}");
        let durable = watch.durable();
        assert!(durable < 300 && watch.halts() == 1);
        // Whoever reads meanwhile sees what is durable, and perhaps a tail that is not.
        if durable > 0 {
            let mut reader = riposte_journal::Reader::open(&folder.0, clear()).unwrap();
            let mut seen = 0;
            while let Some(record) = reader.next_record().expect("no damage") {
                seen = record.position;
            }
            assert!(seen >= durable);
        }
        faults.lock().unwrap().room = None;
        wait(|| watch.durable() == 300);
        assert_eq!(watch.state(), State::Running);
        assert_eq!(journal.finish(appender).unwrap(), wanted, "room {room}");
        assert_eq!(records(&folder.0, clear()).len(), 301);
    }
}

#[test]
fn a_disk_that_stays_full_ends_with_an_error_and_a_whole_prefix() {
    let folder = Folder::new("stays-full");
    let faults = Faults::shared();
    let (mut appender, journal) = open(folder.options()).unwrap().start_on(Faulty::boxed(&faults)).unwrap();
    faults.lock().unwrap().room = Some(2000);
    let watch = journal.watch();
    for number in 1..=100 {
        with_entry(number, |entry| appender.append(number * 10, entry)).unwrap();
        // The second half comes when the writer takes nothing from its queue any more.
        wait(|| number != 50 || watch.is_halted());
    }
    let Err(Error::Halted { waiting, .. }) = journal.finish(appender) else { panic!("there is no room for all") };
    assert_eq!(waiting, 100 - watch.durable(), "each record that is not durable is counted");
    let recovery = open(folder.options()).unwrap();
    assert!(recovery.found().end.position >= watch.durable());
}

#[test]
fn a_failed_sync_is_not_believed_the_next_time() {
    let folder = Folder::new("sync-fails");
    let faults = Faults::shared();
    faults.lock().unwrap().sync_fails = true;
    let (mut appender, journal) = open(folder.options()).unwrap().start_on(Faulty::boxed(&faults)).unwrap();
    appender.append(1, &Entry::HostOrder { order: 1, bytes: b"x" }).unwrap();
    wait(|| journal.watch().is_halted());
    faults.lock().unwrap().sync_fails = false;
    wait(|| journal.watch().durable() == 1);
    journal.finish(appender).unwrap();
    let log = &faults.lock().unwrap().log;
    let synced = log.iter().position(|operation| matches!(operation, Operation::Sync { .. })).expect("synced");
    let before = &log[synced - 2..synced];
    let again = matches!(before, [Operation::Cut { length: 128, .. }, Operation::Write { offset: 128, .. }]);
    assert!(again, "cut and written again before the sync that counts");
}

/// What a power cut leaves after the first `count` operations: all that was synced, and of what was not any
/// sectors and any length.
fn image(log: &[Operation], random: &mut u64) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<(PathBuf, Vec<u8>, Vec<u8>)> = Vec::new();
    for operation in log {
        let find = |files: &mut Vec<(PathBuf, Vec<u8>, Vec<u8>)>, path: &Path| files.iter().position(|file| file.0 == path).unwrap();
        match operation {
            Operation::Create { path, header } => {
                files.retain(|file| file.0 != *path);
                files.push((path.clone(), header.clone(), header.clone()));
            }
            Operation::Write { path, offset, bytes } => {
                let at = find(&mut files, path);
                let file = &mut files[at].2;
                file.resize((*offset as usize + bytes.len()).max(file.len()), 0);
                file[*offset as usize..][..bytes.len()].copy_from_slice(bytes);
            }
            Operation::Sync { path } => {
                let at = find(&mut files, path);
                files[at].1 = files[at].2.clone();
            }
            Operation::Cut { path, length } => {
                let at = find(&mut files, path);
                files[at].2.truncate(*length as usize);
            }
        }
    }
    let merge = |(path, synced, written): (PathBuf, Vec<u8>, Vec<u8>)| {
        let mut content = synced.clone();
        if written.len() > synced.len() {
            let more = written.len() - synced.len();
            let is_whole = next(random).is_multiple_of(4);
            let kept = if is_whole { more } else { next(random) as usize % (more + 1) };
            content.resize(synced.len() + kept, 0);
            for at in synced.len()..content.len() {
                // The sector of the file decides whether its bytes arrived.
                if is_whole || !(at as u64 / 64).wrapping_mul(0x9e37_79b9).wrapping_add(*random).is_multiple_of(3) {
                    content[at] = written[at];
                }
            }
        }
        (path, content)
    };
    files.into_iter().map(merge).collect()
}

fn next(random: &mut u64) -> u64 {
    *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *random >> 33
}

#[test]
fn whatever_a_power_cut_leaves_recovery_is_the_durable_prefix_of_the_uninterrupted_run() {
    let folder = Folder::new("power");
    let faults = Faults::shared();
    let options = Options { segment_bytes: 6000, ..folder.options() };
    let (mut appender, journal) = open(options.clone()).unwrap().start_on(Faulty::boxed(&faults)).unwrap();
    for number in 1..=400 {
        with_entry(number, |entry| appender.append_waiting(number * 10, entry)).unwrap();
        let lag = number % 23;
        wait(|| appender.watch().durable() + lag >= number);
    }
    journal.finish(appender).unwrap();
    let wanted = records(&folder.0, clear());
    let log = std::mem::take(&mut faults.lock().unwrap().log);
    let (mut torn, mut random) = (0, 17);
    for _ in 0..1000 {
        let count = 1 + next(&mut random) as usize % log.len();
        let cut = Folder::new("power-cut");
        for (path, content) in image(&log[..count], &mut random) {
            std::fs::write(cut.0.join(path.file_name().unwrap()), content).unwrap();
        }
        let durable = durable_after(&log[..count], &wanted);
        let recovery = open(Options { folder: cut.0.clone(), ..options.clone() }).expect("no crash is damage");
        let End { position, chain, .. } = recovery.found().end;
        assert!(position >= durable, "{position} of {durable} after {count} operations");
        assert!(position == 0 || wanted[position as usize - 1].chain == chain);
        torn += u64::from(recovery.found().torn.is_some());
        assert_eq!(recovery.records().unwrap(), wanted[..position as usize]);
        drop(recovery);
        open(Options { folder: cut.0.clone(), ..options.clone() }).map(|again| assert!(again.found().torn.is_none())).unwrap();
    }
    assert!(torn > 50, "{torn} tails were torn");
}

/// The last position in a write that was synced.
fn durable_after(log: &[Operation], wanted: &[riposte_journal::Record]) -> u64 {
    let synced = log.iter().rposition(|operation| matches!(operation, Operation::Sync { .. }));
    let mut writes = log[..synced.unwrap_or(0)].iter().filter_map(|operation| match operation {
        Operation::Write { path, offset, bytes } => Some((path, offset + bytes.len() as u64)),
        _ => None,
    });
    let Some((path, end)) = writes.next_back() else { return 0 };
    let name = path.file_name().unwrap().to_str().unwrap();
    let is_in = |record: &&riposte_journal::Record| name.contains(&format!("{:010}", record.segment)) && record.offset < end;
    wanted.iter().filter(is_in).map(|record| record.position).max().unwrap()
}

/// Runs the test named by its argument again, with a small file system of its own in `$RIPOSTE_SMALL_DISK`.
#[test]
fn a_real_full_disk_halts_and_goes_on_when_there_is_room() {
    const TEST: &str = "disks::a_real_full_disk_halts_and_goes_on_when_there_is_room";
    if let Some(disk) = std::env::var_os("RIPOSTE_SMALL_DISK") {
        return on_a_small_disk(Path::new(&disk));
    }
    let folder = Folder::new("small-disk");
    let script = "mount -t tmpfs -o size=512k small \"$RIPOSTE_SMALL_DISK\" || exit 77; exec \"$0\" --exact \"$1\" --nocapture";
    let exe = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(exe).arg(TEST);
    match command.env("RIPOSTE_SMALL_DISK", &folder.0).output() {
        Ok(output) if output.status.success() => {}
        Ok(output) if output.status.code() == Some(101) => panic!("{}", String::from_utf8_lossy(&output.stderr)),
        _ => println!("skipped: {TEST}: no file system of its own can be mounted here"),
    }
}

fn on_a_small_disk(disk: &Path) {
    let filler = disk.join("filler");
    std::fs::write(&filler, vec![1; 300 << 10]).unwrap();
    let options = Options { retry: std::time::Duration::from_millis(2), ..Options::new(disk.join("journal")) };
    let (mut appender, journal) = create(options.clone()).unwrap().start().unwrap();
    let watch = journal.watch();
    for number in 1..=3000 {
        with_entry(number, |entry| appender.append(number * 10, entry)).expect("the queue has room");
    }
    wait(|| watch.is_halted());
    let durable = watch.durable();
    assert!(durable < 3000);
    std::fs::remove_file(filler).unwrap();
    wait(|| watch.durable() == 3000);
    assert_eq!(watch.state(), State::Running);
    let end = journal.finish(appender).unwrap();
    assert_eq!(open(options).unwrap().found().end, end);
}
