//! Ports of a served card: pace, faults, what is sent.
use super::port::{PortName, Received, open};
use super::sent::SentFile;
use riposte_capture::{PcapWriter, Record};
use riposte_device::Transmitted;
use std::path::{Path, PathBuf};

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("riposte-port-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for the test");
        Folder(path)
    }

    /// A capture of frames of these times, whose only byte is their position.
    fn capture(&self, times_ns: &[u64]) -> PortName {
        let path = self.0.join("in.pcap");
        let mut writer = PcapWriter::new(std::fs::File::create(&path).unwrap()).unwrap();
        for (&time_ns, position) in times_ns.iter().zip(0u8..) {
            writer.write(time_ns, &[position]).unwrap();
        }
        PortName::Capture(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn frame(position: u8, time_ns: u64) -> Received {
    Received::Frame(Record { time_ns, bytes: vec![position], original_length: 1 })
}

#[test]
fn a_paced_port_shows_each_frame_when_it_is_due_and_not_before() {
    let folder = Folder::new("paced");
    let mut port = open(&folder.capture(&[1_000, 1_500, 1_400, 9_000]), true).unwrap();
    let mut at = |now_ns| port.receive(now_ns).unwrap();
    // The first frame starts the clock, however late it is asked for.
    assert_eq!(at(70_000), frame(0, 1_000));
    assert_eq!((at(70_000), at(70_499)), (Received::Nothing, Received::Nothing));
    assert_eq!(at(70_500), frame(1, 1_500));
    assert_eq!(at(70_500), frame(2, 1_400), "one that is late is due");
    assert_eq!((at(77_999), at(78_000)), (Received::Nothing, frame(3, 9_000)));
    assert_eq!((at(78_000), at(u64::MAX)), (Received::Ended, Received::Ended));
}

#[test]
fn a_free_port_shows_frames_as_fast_as_they_are_taken() {
    let folder = Folder::new("free");
    let mut port = open(&folder.capture(&[1_000, u64::from(u32::MAX)]), false).unwrap();
    let mut next = || port.receive(0).unwrap();
    assert_eq!([next(), next(), next()], [frame(0, 1_000), frame(1, u32::MAX.into()), Received::Ended]);
}

#[test]
fn a_frame_that_was_sent_is_in_the_file_at_once() {
    let folder = Folder::new("sent");
    let path = folder.0.join("out.pcap");
    let mut file = SentFile::create(&path, None).unwrap();
    let read = || riposte_capture::open(&path).unwrap().into_frames(Default::default()).unwrap().map(Result::unwrap);
    assert_eq!(read().count(), 0, "a file without frames is one that can be read");
    for count in 1..=3 {
        file.write(&Transmitted { cycle: 5, time_ns: count, bytes: vec![7; 60] }).unwrap();
        assert_eq!(read().count() as u64, count);
        assert_eq!(read().last().map(|record| (record.time_ns, record.bytes)), Some((count, vec![7; 60])));
    }
}

#[test]
fn a_capture_that_is_cut_off_is_an_error_behind_its_whole_frames() {
    let folder = Folder::new("cut");
    let name = folder.capture(&[1, 2]);
    let PortName::Capture(path) = &name;
    let length = std::fs::metadata(path).unwrap().len();
    std::fs::File::options().write(true).open(path).and_then(|file| file.set_len(length - 1)).unwrap();
    let mut port = open(&name, false).unwrap();
    assert_eq!(port.receive(0).unwrap(), frame(0, 1));
    assert!(port.receive(0).is_err());
}

#[test]
fn a_port_is_named_by_its_kind_and_never_writes_over_what_it_reads() {
    let name = |text: &str| text.parse::<PortName>();
    assert_eq!(name("pcap:a:b.pcap"), Ok(PortName::Capture("a:b.pcap".into())));
    for wrong in ["", "pcap", "pcap:", "day.pcap", "tape:0"] {
        assert!(name(wrong).is_err_and(|told| told.contains("pcap:FILE")), "{wrong}");
    }
    let folder = Folder::new("same");
    let name = folder.capture(&[1]);
    let told = SentFile::create(name.file().unwrap(), name.file()).err().expect("it would be lost");
    assert!(told.to_string().contains("another file"), "{told}");
    assert!(SentFile::create(Path::new("/nowhere/out.pcap"), name.file()).is_err());
}
