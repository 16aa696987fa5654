//! Ports of a served card: pace, faults, what is sent.
use super::port::{DpdkPort, PortName, Received, open};
use super::sent::SentFile;
use riposte_capture::{PcapWriter, Record};
use riposte_device::Transmitted;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
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

/// Of the system's clock.
fn now_ns() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64
}

fn frame(position: u8, time_ns: u64) -> Received {
    Received::Frame(Record { time_ns, bytes: vec![position], original_length: 1 })
}

#[test]
fn a_paced_port_shows_each_frame_when_it_is_due_and_not_before() {
    let folder = Folder::new("paced");
    let mut port = open(&folder.capture(&[1_000, 1_500, 1_400, 9_000]), None, true).unwrap();
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
    let mut port = open(&folder.capture(&[1_000, u64::from(u32::MAX)]), None, false).unwrap();
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
    let path = name.file().unwrap();
    let length = std::fs::metadata(path).unwrap().len();
    std::fs::File::options().write(true).open(path).and_then(|file| file.set_len(length - 1)).unwrap();
    let mut port = open(&name, None, false).unwrap();
    assert_eq!(port.receive(0).unwrap(), frame(0, 1));
    assert!(port.receive(0).is_err());
}

#[test]
fn a_port_is_named_by_its_kind_and_never_writes_over_what_it_reads() {
    let name = |text: &str| text.parse::<PortName>();
    assert_eq!(name("pcap:a:b.pcap"), Ok(PortName::Capture("a:b.pcap".into())));
    for wrong in ["", "pcap", "pcap:", "day.pcap", "tape:0", "live", "live:"] {
        assert!(name(wrong).is_err_and(|told| told.contains("pcap:FILE")), "{wrong}");
    }
    let folder = Folder::new("same");
    let name = folder.capture(&[1]);
    let told = SentFile::create(name.file().unwrap(), name.file()).err().expect("it would be lost");
    assert!(told.to_string().contains("another file"), "{told}");
    assert!(SentFile::create(Path::new("/nowhere/out.pcap"), name.file()).is_err());
}

/// A packet of the feed without messages.
fn packet(sequence: u64) -> Vec<u8> {
    [&b"VENUE00001"[..], &sequence.to_be_bytes(), &[0, 0]].concat()
}

/// A live port of lines A and B on this machine, and where they are.
fn live() -> (Box<dyn super::port::Port>, [SocketAddrV4; 2]) {
    let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").unwrap());
    let lines = sockets.map(|socket| SocketAddrV4::new(Ipv4Addr::LOCALHOST, socket.local_addr().unwrap().port()));
    let name: PortName = format!("udp:{},{}", lines[0], lines[1]).parse().unwrap();
    (open(&name, None, false).unwrap(), lines)
}

#[test]
fn a_datagram_becomes_the_frame_that_the_card_expects() {
    let (mut port, lines) = live();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    assert_eq!(port.receive(0).unwrap(), Received::Nothing);
    for (at, payload) in [packet(7), b"x".to_vec(), vec![9; 1472]].into_iter().enumerate() {
        let line = lines[at % 2];
        sender.send_to(&payload, line).unwrap();
        let (Received::Frame(record) | Received::FrameB(record)) = port.receive(0).unwrap() else { panic!("no frame") };
        let datagram = riposte_capture::wire::datagram(&record.bytes).expect("a datagram");
        assert_eq!((datagram.group, datagram.port, datagram.payload), (*line.ip(), line.port(), &payload[..]));
        assert_eq!((datagram.source, record.original_length as usize), (Ipv4Addr::LOCALHOST, record.bytes.len()));
        // RFC 1071: the sum over a header with its checksum is all ones.
        let sum: u32 = record.bytes[14..34].chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
        assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff);
        let now_ns = now_ns();
        assert!(record.time_ns <= now_ns && now_ns - record.time_ns < 3_600_000_000_000, "the time of day");
    }
    // Longer than a frame: it would have come in fragments.
    sender.send_to(&[9; 1473], lines[0]).unwrap();
    sender.send_to(&packet(8), lines[0]).unwrap();
    assert!(matches!(port.receive(0).unwrap(), Received::Frame(record) if record.bytes.len() == 62));
    assert_eq!(port.lost().unwrap(), 1);
    assert!(port.transmit(&Transmitted { cycle: 1, time_ns: 1, bytes: vec![1; 60] }).is_ok(), "it goes nowhere");
}

#[test]
fn each_line_comes_as_itself_the_older_of_what_waits_on_both_first() {
    let (mut port, lines) = live();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for (line, sequences) in lines.iter().zip([&[1, 4, 5][..], &[1, 2, 3, 5]]) {
        sequences.iter().for_each(|&sequence| _ = sender.send_to(&packet(sequence), line).unwrap());
    }
    let sequence = |record: Record| u64::from_be_bytes(record.bytes[52..60].try_into().unwrap());
    let came = std::iter::from_fn(|| match port.receive(0).unwrap() {
        Received::Frame(record) => Some(('A', sequence(record))),
        Received::FrameB(record) => Some(('B', sequence(record))),
        _ => None,
    });
    assert_eq!(came.collect::<Vec<_>>(), [('A', 1), ('B', 1), ('B', 2), ('B', 3), ('A', 4), ('A', 5), ('B', 5)]);
}

#[test]
fn a_group_is_joined_on_the_interface_that_is_named() {
    let group = Ipv4Addr::new(233, 54, 12, 120);
    let taken = UdpSocket::bind((group, 0)).unwrap();
    if let Err(error) = taken.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST) {
        println!("skipped: a_group_is_joined_on_the_interface_that_is_named: the loopback interface takes no group: {error}");
        return;
    }
    let to = SocketAddrV4::new(group, taken.local_addr().unwrap().port());
    drop(taken);
    let name: PortName = format!("udp:{to}@127.0.0.1").parse().unwrap();
    let (mut port, mut other) = (open(&name, None, false).unwrap(), open(&name, None, false).unwrap());
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    sender.send_to(&packet(3), to).unwrap();
    for port in [&mut port, &mut other] {
        assert!(matches!(port.receive(0).unwrap(), Received::Frame(_)), "each listener has it");
    }
    let elsewhere: PortName = format!("udp:{to}@192.0.2.1").parse().unwrap();
    let told = open(&elsewhere, None, false).err().expect("no such address here");
    assert!(told.to_string().contains("an own address"), "{told}");
}

#[test]
fn a_live_port_is_named_by_its_lines_and_has_no_pace() {
    let name = |text: &str| text.parse::<PortName>();
    for (wrong, says) in [
        ("udp:", "is no address with a port"),
        ("udp:233.54.12.111", "is no address with a port"),
        ("udp:233.54.12.111:1@eth0", "is no address of this machine"),
        ("udp:1.2.3.4:1,1.2.3.4:2,1.2.3.4:3", "3 lines"),
    ] {
        assert!(name(wrong).is_err_and(|told| told.contains(says)), "{wrong}");
    }
    let told = open(&name("udp:127.0.0.1:0").unwrap(), None, true).err().expect("a wire has no pace");
    assert!(told.to_string().contains("--paced"), "{told}");
}

/// Runs a test in a network of its own with two interfaces that are joined, `rip0` and `rip1`; says so where that is not permitted.
fn in_a_network(test: &str) -> bool {
    if std::env::var_os("RIPOSTE_NETWORK").is_some() {
        return true;
    }
    let script = "ip link add rip0 type veth peer name rip1 && ip link set rip0 up && ip link set rip1 up || exit 77; \
                  exec \"$0\" --exact \"$1\" --nocapture";
    let mut command = std::process::Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "sh", "-c", script]).arg(std::env::current_exe().unwrap()).arg(test);
    match command.env("RIPOSTE_NETWORK", "1").output() {
        Ok(output) if output.status.success() => {
            assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{test} is a test of this name");
        }
        Ok(output) if output.status.code() != Some(77) && !output.stdout.is_empty() => {
            panic!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
        }
        _ => println!("skipped: {test}: no network of its own can be made here"),
    }
    false
}

/// The next frame of which `is_wanted` says so: an interface that comes up says many things.
fn next_frame(port: &mut dyn super::port::Port, is_wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    loop {
        let Record { bytes, .. } = next_record(port);
        if is_wanted(&bytes) {
            return bytes;
        }
    }
}

fn next_record(port: &mut dyn super::port::Port) -> Record {
    let start = std::time::Instant::now();
    loop {
        if let Received::Frame(record) = port.receive(0).unwrap() {
            return record;
        }
        assert!(start.elapsed().as_secs() < 60, "the frame does not come");
        std::thread::yield_now();
    }
}

fn sent(bytes: Vec<u8>) -> Transmitted {
    Transmitted { cycle: 1, time_ns: 1, bytes }
}

#[test]
fn an_interface_is_a_wire_both_ways_and_the_card_does_not_hear_itself() {
    if !in_a_network("card::tests::an_interface_is_a_wire_both_ways_and_the_card_does_not_hear_itself") {
        return;
    }
    let wire = |name: &str| open(&name.parse().unwrap(), None, false).unwrap();
    let (mut one, mut other) = (wire("af_packet:rip0"), wire("af_packet:rip1"));
    let frame = |mark: u8| [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x88, 0xb5][..], &[mark; 100]].concat();
    let is_ours = |bytes: &[u8]| bytes.get(12..14) == Some(&[0x88, 0xb5]);
    for mark in 1..=5 {
        one.transmit(&sent(frame(mark))).unwrap();
        assert_eq!(next_frame(&mut *other, is_ours), frame(mark));
    }
    other.transmit(&sent(frame(9))).unwrap();
    assert_eq!(next_frame(&mut *one, is_ours), frame(9), "and none of its own before");
    let told = open(&"af_packet:none0".parse().unwrap(), None, false).err().expect("no such interface");
    assert!(told.to_string().contains("ip link"), "{told}");
    assert!(one.transmit(&sent(vec![0; 5000])).is_err(), "what cannot leave is told");
}

/// A frame of a type that nobody else here speaks, behind this tag.
fn marked(tag: &[u8], mark: u8) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8][..], tag, &[0x88, 0xb5], &[mark; 100]].concat()
}

#[test]
fn a_live_capture_is_a_wire_both_ways_and_keeps_nanoseconds_and_tags() {
    if !in_a_network("card::tests::a_live_capture_is_a_wire_both_ways_and_keeps_nanoseconds_and_tags") {
        return;
    }
    let filter = Some("ether proto 0x88b5 or (vlan 7 and ether proto 0x88b5)");
    let mut live = open(&"live:rip0".parse().unwrap(), filter, false).unwrap();
    let mut other = open(&"af_packet:rip1".parse().unwrap(), None, false).unwrap();
    // Another program of this machine, that sends on the same interface.
    let mut beside = open(&"af_packet:rip0".parse().unwrap(), None, false).unwrap();
    let mut times_ns = Vec::new();
    for mark in 1..=50 {
        let frame = marked(if mark % 2 == 0 { &[0x81, 0, 0, 7] } else { &[] }, mark);
        // What the filter leaves out, in front of each.
        other.transmit(&sent([&frame[..12], &[0x88, 0xb6], &[mark; 100]].concat())).unwrap();
        beside.transmit(&sent(marked(&[], 200))).unwrap();
        let before_ns = now_ns();
        other.transmit(&sent(frame.clone())).unwrap();
        let record = next_record(&mut *live);
        assert!((before_ns..=now_ns()).contains(&record.time_ns), "{before_ns} {}", record.time_ns);
        assert_eq!((record.original_length as usize, &record.bytes), (frame.len(), &frame));
        times_ns.push(record.time_ns);
        live.transmit(&sent(marked(&[], 100 + mark))).unwrap();
        next_frame(&mut *other, |bytes| bytes == marked(&[], 100 + mark));
    }
    assert!(times_ns.iter().any(|time_ns| time_ns % 1_000 != 0), "{times_ns:?}");
    assert_eq!((live.receive(0).unwrap(), live.lost().unwrap()), (Received::Nothing, 0), "none that left from here");
    assert!(live.transmit(&sent(vec![0; 5000])).is_err(), "what cannot leave is told");
    for (name, filter, says) in [("live:none0", None, "ip link"), ("live:rip0", Some("udp port of call"), "pcap-filter(7)")] {
        let told = open(&name.parse().unwrap(), filter, false).err().expect("it is wrong");
        assert!(format!("{told:#}").contains(says), "{told:#}");
    }
}

#[test]
fn a_live_capture_counts_each_frame_that_found_no_room_or_is_too_long() {
    const FRAMES: u64 = 40_000;
    if !in_a_network("card::tests::a_live_capture_counts_each_frame_that_found_no_room_or_is_too_long") {
        return;
    }
    for end in ["rip0", "rip1"] {
        assert!(std::process::Command::new("ip").args(["link", "set", end, "mtu", "9000"]).status().unwrap().success());
    }
    let mut live = open(&"live:rip0".parse().unwrap(), Some("ether proto 0x88b5"), false).unwrap();
    let mut other = open(&"af_packet:rip1".parse().unwrap(), None, false).unwrap();
    let long = [&marked(&[], 1)[..], &[0; 5000]].concat();
    other.transmit(&sent(long)).unwrap();
    other.transmit(&sent(marked(&[], 2))).unwrap();
    assert_eq!(next_record(&mut *live).bytes, marked(&[], 2));
    assert_eq!(live.lost().unwrap(), 1, "the long one");
    // More than there is room for, and nobody reads meanwhile.
    (0..FRAMES).for_each(|_| other.transmit(&sent(marked(&[], 3))).unwrap());
    let start = std::time::Instant::now();
    let mut received = 0;
    while received + live.lost().unwrap() < FRAMES + 1 {
        received += u64::from(matches!(live.receive(0).unwrap(), Received::Frame(_)));
        assert!(start.elapsed().as_secs() < 60, "{received} frames received, {} lost", live.lost().unwrap());
    }
    assert!(received > 1_000 && received < FRAMES, "{received}");
    assert_eq!((live.receive(0).unwrap(), received + live.lost().unwrap()), (Received::Nothing, FRAMES + 1));
}

#[test]
fn a_device_of_dpdk_needs_its_program_and_ends_with_it() {
    assert_eq!("dpdk:-a 0000:01:00.0 -l 2".parse(), Ok(PortName::Dpdk("-a 0000:01:00.0 -l 2".to_owned())));
    for (program, says) in [
        ("no-such-program", "`make dpdk` builds it"),
        ("false", "the port has ended (exit status: 1)"),
        ("true", "the port has ended (exit status: 0)"),
        ("/dev/null", "cannot be started"),
    ] {
        let told = DpdkPort::start(Path::new(program), "--help").err().expect("it is no port");
        assert!(format!("{told:#}").contains(says), "{told:#}");
    }
}

#[test]
fn a_filter_leaves_a_port_what_it_names() {
    let folder = Folder::new("filter");
    let path = folder.0.join("in.pcap");
    let mut writer = PcapWriter::new(std::fs::File::create(&path).unwrap()).unwrap();
    let channel = |port| riposte_capture::Channel { port, ..Default::default() };
    let frames: Vec<_> = (0..200_000u32).map(|at| riposte_capture::frame_of(&channel(if at % 1000 == 3 { 7 } else { 8 }), at as u16, b"x")).collect();
    for (time_ns, frame) in (1..).zip(&frames) {
        writer.write(time_ns, frame).unwrap();
    }
    writer.finish().unwrap();
    let seen = |filter| {
        let mut port = open(&PortName::Capture(path.clone()), filter, false).unwrap();
        let mut seen = Vec::new();
        loop {
            match port.receive(0).unwrap() {
                Received::Frame(record) => seen.push((record.time_ns, record.bytes)),
                Received::FrameB(_) => panic!("a capture has one line"),
                Received::Nothing => {}
                Received::Ended => return seen,
            }
        }
    };
    let wanted = |port: u16| (1..).zip(frames.clone()).filter(move |(_, frame)| frame[36..38] == port.to_be_bytes()).collect::<Vec<_>>();
    assert!(seen(Some("udp dst port 7")) == wanted(7) && wanted(7).len() == 200);
    assert!(seen(Some("udp dst port 8")) == wanted(8));
    assert!(seen(None).len() == frames.len() && seen(Some("tcp")).is_empty());
    let told = open(&PortName::Capture(path.clone()), Some("udp dst port of call"), false).err().expect("no filter");
    assert!(format!("{told:#}").contains("pcap-filter(7)"), "{told:#}");
}

#[test]
fn a_tap_is_made_and_this_machines_network_is_behind_it() {
    if !in_a_network("card::tests::a_tap_is_made_and_this_machines_network_is_behind_it") {
        return;
    }
    let mut port = match open(&"tap:riptap".parse().unwrap(), None, false) {
        Ok(port) => port,
        Err(error) => return println!("skipped: a_tap_is_made_and_this_machines_network_is_behind_it: {error:#}"),
    };
    let ip = |args: &str| assert!(std::process::Command::new("ip").args(args.split(' ')).status().unwrap().success());
    ip("addr add 10.9.9.1/24 dev riptap");
    ip("neigh add 10.9.9.2 lladdr 02:00:00:00:00:02 dev riptap");
    let socket = UdpSocket::bind("10.9.9.1:0").unwrap();
    socket.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let own = socket.local_addr().unwrap().port();
    socket.send_to(b"to the card", "10.9.9.2:7777").unwrap();
    let is_ours = |bytes: &[u8]| riposte_capture::wire::datagram(bytes).is_ok_and(|datagram| datagram.port == 7777);
    let frame = next_frame(&mut *port, is_ours);
    assert_eq!(riposte_capture::wire::datagram(&frame).unwrap().payload, b"to the card");
    let channel = riposte_capture::Channel {
        source: Ipv4Addr::new(10, 9, 9, 2),
        group: Ipv4Addr::new(10, 9, 9, 1),
        port: own,
        ..Default::default()
    };
    port.transmit(&sent(riposte_capture::frame_of(&channel, 1, b"from the card"))).unwrap();
    let mut bytes = [0; 64];
    let (count, _) = socket.recv_from(&mut bytes).expect("the kernel has it");
    assert_eq!(&bytes[..count], b"from the card");
    assert!(open(&"tap:a-name-that-is-too-long".parse().unwrap(), None, false).is_err());
}
