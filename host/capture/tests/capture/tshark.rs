//! tshark, where it is installed, reads what we write.

use std::{collections::BTreeSet, process::Command};

use riposte_capture::{Channel, Packetiser, PcapWriter};
use riposte_venue::{Config, Market};

use crate::file;

#[test]
fn tshark_reads_every_message_and_finds_no_bad_checksum() {
    if Command::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark is not installed");
        return;
    }
    let messages = 3_000;
    for (name, vlan) in [("plain.pcap", None), ("vlan.pcap", Some(141))] {
        let market = Market::new(Config { messages, ..Config::default() }).unwrap();
        let mut packetiser = Packetiser::new(Channel { vlan, ..Channel::default() }).unwrap();
        let (mut frames, mut writer) = (Vec::new(), PcapWriter::new(Vec::new()).unwrap());
        for message in market {
            packetiser.push(&message, &mut frames).unwrap();
        }
        frames.extend(packetiser.finish());
        for frame in &frames {
            writer.write_record(frame).unwrap();
        }
        let path = file(name, &writer.finish().unwrap());
        let output = Command::new("tshark")
            .args(["-d", "udp.port==26477,moldudp64", "-o", "ip.check_checksum:TRUE", "-r"])
            .arg(&path)
            .args(["-T", "fields", "-E", "separator=;"])
            .args(["-e", "ip.checksum.status", "-e", "moldudp64.msgseq", "-e", "_ws.malformed"])
            .args(["-e", "moldudp64.msglen.invalid", "-e", "moldudp64.count.invalid"])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let mut sequences = BTreeSet::new();
        for line in text.lines() {
            let fields: Vec<_> = line.split(';').collect();
            assert_eq!(fields[0], "1", "IPv4 checksum: {line}");
            assert!(fields[2..].iter().all(|fault| fault.is_empty()), "{line}");
            sequences.extend(fields[1].split(',').map(|one| one.parse::<u64>().unwrap()));
        }
        assert_eq!(text.lines().count(), frames.len());
        assert!(sequences.into_iter().eq(1..=messages), "{name}");
    }
}
