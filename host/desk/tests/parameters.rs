//! A desk's commands hold what the card needs, and the frames they prepare are what the exchange expects.
//!
//! The gate's patching is written here a second time, byte by byte, so that the image and its prepared
//! checksum are checked by another route than the one that made them.
use riposte_desk::{Desk, check};
use riposte_map::limits::TERMS;
use riposte_map::shm::{Command, Opcode};
use std::path::PathBuf;
use std::process::Command as Process;

fn desk(text: &str) -> Desk {
    check(text).desk.expect("the test's configuration is right")
}

fn good() -> Desk {
    desk(include_str!("desk.toml"))
}

/// Real Enter Order of a member firm: T 225 CVLT at 63.02, UserRefNum 0x71, Firm LIME.
const ENTER_ORDER: &str = "0036554f0000007154000000e143564c54202020200000000000099db8\
                           3059414e4e4838465542384956202020202020000605024c494d45";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// What a card sends for (instrument, rule): read back from the commands, patched as the card does it.
fn sent(commands: &[Command], instrument: u8, rule: u8, tcp: [u32; 2], user_ref: u32) -> Vec<u8> {
    let of = |opcode: Opcode| {
        commands.iter().filter(move |c| c.opcode == opcode as u8 && c.instrument == instrument && c.rule == rule)
    };
    let template = of(Opcode::WriteTemplate).next().expect("one per rule");
    let (words, last) = ((template.args[1] >> 8 & 0x1f) as usize, (template.args[1] >> 16 & 0xf) as usize);
    let mut frame = vec![0; words * 8];
    let mut written = 0;
    for image in of(Opcode::WriteImage) {
        frame[image.index as usize * 8..][..8].copy_from_slice(&image.args[0].to_le_bytes());
        written += 1;
    }
    assert_eq!(written, words, "every word once");
    assert!(frame[(words - 1) * 8 + last..].iter().all(|&byte| byte == 0), "nothing behind the end");
    frame.truncate((words - 1) * 8 + last);
    assert_eq!((template.args[1] >> 24 & 0xff) as usize, frame.len() - 54);
    for patched in [38..46, 50..52, 58..67, 75..83] {
        assert!(frame[patched].iter().all(|&byte| byte == 0), "the gate's fields are zero in the image");
    }

    frame[38..42].copy_from_slice(&tcp[0].to_be_bytes());
    frame[42..46].copy_from_slice(&tcp[1].to_be_bytes());
    frame[58..62].copy_from_slice(&user_ref.to_be_bytes());
    frame[62] = template.args[1] as u8;
    frame[63..67].copy_from_slice(&(template.args[0] as u32).to_be_bytes());
    frame[79..83].copy_from_slice(&((template.args[0] >> 32) as u32).to_be_bytes());
    // Only what was overwritten, each byte in the half of its 16-bit word.
    let mut sum = template.args[1] >> 32 & 0xffff;
    for at in (38..46).chain(58..67).chain(75..83) {
        sum += u64::from(frame[at]) << if at % 2 == 0 { 8 } else { 0 };
    }
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    frame[50..52].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    frame
}

/// RFC 1071 over the whole, which must give 0xffff with the checksum in it.
fn checksum_holds(parts: &[&[u8]]) -> bool {
    let whole: Vec<u8> = parts.concat();
    let mut sum: u32 = whole.chunks(2).map(|pair| u32::from(pair[0]) * 256 + u32::from(*pair.get(1).unwrap_or(&0))).sum();
    while sum > 0xffff {
        sum = (sum >> 16) + (sum & 0xffff);
    }
    sum == 0xffff
}

fn checksums_hold(frame: &[u8]) -> bool {
    let tcp_bytes = (frame.len() - 34) as u16;
    let pseudo = [&frame[26..34], &[0, 6], &tcp_bytes.to_be_bytes()].concat();
    checksum_holds(&[&frame[14..34]]) && checksum_holds(&[&pseudo, &frame[34..]])
}

#[test]
fn the_prepared_order_equals_the_golden_enter_order() {
    let frame = sent(&good().commands(1, 1), 0, 0, [1000, 7], 0x71);
    assert_eq!(frame[54..], bytes(ENTER_ORDER));
    assert!(checksums_hold(&frame));
}

#[test]
fn the_prepared_order_equals_the_captured_one() {
    let root = std::env::var_os("RIPOSTE_DATA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"));
    let Ok(capture) = std::fs::read(root.join("ouch50/EnterOrderMessage.pcap")) else {
        println!("skipped: the_prepared_order_equals_the_captured_one: no {}", root.display());
        return;
    };
    let frame = sent(&good().commands(1, 1), 0, 0, [1000, 7], 0x71);
    // Headers of file and packet, Ethernet with a VLAN tag, IPv4, TCP.
    assert_eq!(frame[54..], capture[24 + 16 + 18 + 20 + 20..]);
}

#[test]
fn checksums_hold_for_every_value_that_the_gate_fills_in() {
    let text = include_str!("desk.toml");
    for (desk, rules) in [(good(), 2), (desk(&text.replace("firm = \"LIME\"", "")), 2)] {
        let commands = desk.commands(1, 1);
        for rule in 0..rules {
            for value in [0, 1, 0xff, 0x100, 0xffff, 0x1_0000, 0x1234_5678, u32::MAX] {
                assert!(checksums_hold(&sent(&commands, 0, rule, [value, !value], value.wrapping_mul(3))));
            }
        }
    }
    let mut broken = sent(&good().commands(1, 1), 0, 0, [1, 1], 1);
    broken[63] ^= 1;
    assert!(!checksums_hold(&broken), "the check can fail");
}

#[test]
fn a_set_writes_every_row_and_ends_with_its_commit() {
    let commands = good().commands(5, 100);
    let count = |opcode: Opcode| commands.iter().filter(|c| c.opcode == opcode as u8).count();
    assert_eq!((count(Opcode::WriteFeed), count(Opcode::WriteGate), count(Opcode::WriteInstrument)), (1, 1, 16));
    assert_eq!((count(Opcode::WriteRules), count(Opcode::WriteTemplate)), (16 * TERMS, 64));
    assert_eq!(count(Opcode::WriteImage), 14 * 2, "110 bytes each: 14 words");
    assert_eq!(count(Opcode::Commit), 1);
    let last = commands.last().unwrap();
    assert_eq!((last.opcode, last.value), (Opcode::Commit as u8, 5));
    assert!(commands.iter().zip(100..).all(|(command, sequence)| command.sequence == sequence));
    let mut rows: Vec<_> = commands.iter().map(|c| (c.opcode, c.instrument, c.rule, c.index)).collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), commands.len(), "no row twice");
}

#[test]
fn each_term_of_a_rule_has_its_row() {
    let text = include_str!("desk.toml").replacen("bid >= 63.02", "bid >= 63.02 and ask_size <= 400  and trade_size >= 7", 1);
    let commands = check(&text).desk.expect("a right configuration").commands(1, 1);
    let row = |index| commands.iter().find(|c| c.opcode == Opcode::WriteRules as u8 && c.index == index).expect("a row").args;
    // Conditions 1, 20 and 23 in the first place; the second rule of the instrument has one term.
    assert_eq!(row(0)[..3], [0x0601, 100 << 32 | 630_200, 0]);
    assert_eq!(row(1)[..3], [0x14, 400, 0]);
    assert_eq!(row(2)[..3], [0x17, 7, 0]);
}

/// `desk.toml` whose second rule has another action instead of its order.
fn second_does(action: &str) -> String {
    let text = include_str!("desk.toml");
    let at = text.find("order = { side = \"buy\"").expect("the second rule's order");
    let end = at + text[at..].find('\n').expect("its end");
    format!("{}action = \"{action}\"{}", &text[..at], &text[end..])
}

#[test]
fn a_rule_without_an_order_has_its_action_and_no_template() {
    for (word, code) in [("notify", 1), ("halt", 2)] {
        let commands = desk(&second_does(word)).commands(1, 1);
        let row = |opcode: Opcode, rule| commands.iter().find(|c| c.opcode == opcode as u8 && c.instrument == 0 && c.rule == rule).expect("a row").args;
        assert_eq!(row(Opcode::WriteRules, 0)[..4], [0x0601, 100 << 32 | 630_200, 0, code << 8]);
        assert_eq!(row(Opcode::WriteTemplate, 1), [0; 6], "no order");
        assert!(!commands.iter().any(|c| c.opcode == Opcode::WriteImage as u8 && c.rule == 1));
        assert_ne!(row(Opcode::WriteTemplate, 0), [0; 6]);
    }
}

/// `desk.toml` whose second rule cancels, in an instrument that permits it.
fn cancelling(firm: &str) -> Desk {
    let text = second_does("cancel");
    desk(&text.replacen("\"short\"]", "\"short\", \"cancel\"]", 1).replacen("burst = 8", "burst = 8\ncancel_reserve = 2", 1).replacen("firm = \"LIME\"", firm, 1))
}

#[test]
fn a_rule_that_cancels_has_a_mass_cancel_of_its_firm_and_symbol() {
    for (firm, code) in [("firm = \"LIME\"", b"LIME"), ("", b"    ")] {
        let commands = cancelling(firm).commands(1, 1);
        let row = |opcode: Opcode, rule| commands.iter().find(|c| c.opcode == opcode as u8 && c.instrument == 0 && c.rule == rule).expect("a row").args;
        let template = row(Opcode::WriteTemplate, 1);
        assert_eq!((template[0], template[1] as u8), (0, b'C'), "no quantity, no price");
        assert_eq!(row(Opcode::WriteRules, 0)[3], 0, "it asks the gate");
        assert_eq!(row(Opcode::WriteInstrument, 0)[0], 0x1f << 16 | 13);
        assert_eq!(row(Opcode::WriteGate, 0)[1], 2);
        // The frame, with nothing filled in: 17 bytes of OUCH (PROTOCOLS.md, 5.0 of the later revision) in an unsequenced packet.
        let words = commands.iter().filter(|c| c.opcode == Opcode::WriteImage as u8 && c.rule == 1);
        let mut frame: Vec<u8> = words.flat_map(|word| word.args[0].to_le_bytes()).collect();
        frame.truncate(74);
        assert_eq!((template[1] >> 8 & 0x1f, template[1] >> 16 & 0xf, template[1] >> 24 & 0xff), (10, 2, 20));
        assert_eq!(frame[54..], [&[0, 18, b'U', b'C', 0, 0, 0, 0], &code[..], b"CVLT    "].concat());
        for value in [0, 1, 0xffff, 0x1_0000, u32::MAX] {
            let mut frame = frame.clone();
            let numbers = [value.to_be_bytes(), (!value).to_be_bytes()].concat();
            frame[38..46].copy_from_slice(&numbers);
            frame[58..62].copy_from_slice(&value.wrapping_mul(3).to_be_bytes());
            let mut sum = template[1] >> 32 & 0xffff;
            sum += frame[38..46].chunks(2).chain(frame[58..62].chunks(2)).map(|pair| u64::from(pair[0]) << 8 | u64::from(pair[1])).sum::<u64>();
            while sum > 0xffff {
                sum = (sum >> 16) + (sum & 0xffff);
            }
            frame[50..52].copy_from_slice(&(!(sum as u16)).to_be_bytes());
            assert!(checksums_hold(&frame), "{value}");
        }
    }
}

#[test]
fn rows_hold_the_configured_fields() {
    let commands = good().commands(1, 1);
    let row = |opcode: Opcode, instrument| {
        *commands.iter().find(|c| c.opcode == opcode as u8 && c.instrument == instrument).unwrap()
    };
    assert_eq!(row(Opcode::WriteFeed, 0).args[0], 26477 << 32 | 0xe936_0c6f);
    let instrument = row(Opcode::WriteInstrument, 0);
    // Enabled, and every side; the live collar over the upper price; 20,000 dollars; cents, and any quantity.
    assert_eq!(instrument.args, [0xf << 16 | 13, 600_000 << 32 | 500, 1000 << 32 | 700_000, 200_000_000, 0, 1 << 32 | 100]);
    let windowed = desk(&include_str!("desk.toml").replacen("enabled = true", "enabled = true\nwindow_us = 1000", 1));
    let of_window = |command: &Command| command.opcode == Opcode::WriteInstrument as u8 && command.instrument == 0;
    let windows: Vec<_> = windowed.commands(7, 100).iter().filter(|command| of_window(command)).map(|one| one.args[4]).collect();
    assert_eq!(windows, [156_250]);
    assert_eq!(row(Opcode::WriteGate, 0).args[..2], [390 << 48 | 8 << 32 | 15_625, 0]);
    // 20 us between orders, and for as long as the set is in force; the second rule's is immediate or cancel.
    let templates: Vec<_> = commands.iter().filter(|c| c.opcode == Opcode::WriteTemplate as u8 && c.instrument == 0).collect();
    assert!(templates[..2].iter().all(|template| template.args[2..4] == [3125, (1 << 48) - 1]));
    // 225 at 63.02, 100 at 62.50.
    assert_eq!([0, 1].map(|rule| templates[rule].args[4..6].to_vec()), [[225 << 32 | 6_302, 0], [100 << 32 | 6_250, 0]]);
    assert_eq!([0, 1].map(|rule| templates[rule].args[1] >> 48), [0, 1]);
    let brief = desk(&include_str!("desk.toml").replacen("cooldown_us = 20", "cooldown_us = 20\nlifetime_us = 1000", 1)).commands(1, 1);
    let template = brief.iter().find(|c| c.opcode == Opcode::WriteTemplate as u8).expect("a template");
    assert_eq!(template.args[3], 156_250);
    // Bid at least, spread at most.
    assert_eq!(row(Opcode::WriteRules, 0).args[..3], [0x0601, 100 << 32 | 630_200, 0]);
    assert_eq!(row(Opcode::WriteInstrument, 1).args, [0; 6], "unset is blocked");
    assert_eq!(row(Opcode::WriteRules, 15).args, [0; 6]);
    assert!(commands.iter().filter(|c| c.opcode == Opcode::WriteRules as u8 && c.index > 0).all(|c| c.args == [0; 6]));
    assert_eq!(row(Opcode::WriteTemplate, 15).args, [0; 6]);
}

#[test]
fn grants_lend_what_the_limits_say_and_nothing_else() {
    let grants = good().grants(200);
    assert!(grants.iter().zip(200..).all(|(command, sequence)| command.sequence == sequence));
    let told: Vec<_> = grants.iter().map(|c| (c.opcode, c.instrument, c.rule, c.value, c.args)).collect();
    let of = |opcode: Opcode, instrument, rule, value, args: [u64; 2]| {
        (opcode as u8, instrument, rule, value, [args[0], args[1], 0, 0, 0, 0])
    };
    let mut wanted = Vec::new();
    for instrument in 0..16 {
        let lease = if instrument == 0 { 2000 << 32 | 1000 } else { 0 };
        wanted.push(of(Opcode::Lease, instrument, 0, 0, [lease, 0]));
        wanted.extend((0..4).map(|rule| of(Opcode::Repeat, instrument, rule, if (instrument, rule) < (0, 2) { 50 } else { 0 }, [0; 2])));
    }
    wanted.push(of(Opcode::Credit, 0, 0, 0, [10_000_000_000, 10 << 32 | 40]));
    wanted.push(of(Opcode::Heartbeat, 0, 0, 0, [15_625_000, 0]));
    assert_eq!(told, wanted);
}

#[test]
fn a_card_after_reset_is_told_that_nothing_rests() {
    let told: Vec<_> = good().nothing_rests(7).iter().map(|c| (c.sequence, c.opcode, c.instrument, c.args)).collect();
    assert_eq!(told, [(7, Opcode::Resting as u8, 0, [0xffff_ffff << 32, 0, 0, 0, 0, 0])]);
}

#[test]
fn start_commands_hold_the_session() {
    let desk = good();
    let session = desk.session_command(9);
    assert_eq!((session.sequence, session.opcode), (9, Opcode::Session as u8));
    assert_eq!(session.args[..2], [1 << 32 | 1000, 1]);
    assert_eq!(desk.mask(), 1);
    assert_eq!(riposte_desk::validate(3, desk.mask()).args[0], 1);
    assert_eq!((riposte_desk::trace(4, true).value, riposte_desk::trace(4, false).value), (1, 0));
}

/// One frame as a microsecond pcap.
fn pcap(frame: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, 1, 0, 0, frame.len() as u32, frame.len() as u32] {
        file.extend(word.to_le_bytes());
    }
    file.extend(frame);
    file
}

#[test]
fn tshark_accepts_the_frame() {
    if Process::new("tshark").arg("--version").output().is_err() {
        println!("skipped: tshark_accepts_the_frame: tshark is not installed");
        return;
    }
    let tshark = |frame: &[u8]| {
        let name = format!("riposte-desk-{}-{}.pcap", std::process::id(), frame[63]);
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, pcap(frame)).unwrap();
        let output = Process::new("tshark")
            .args(["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-d", "tcp.port==8003,soupbintcp"])
            .args(["-T", "fields", "-e", "ip.checksum.status", "-e", "tcp.checksum.status"])
            .args(["-e", "soupbintcp.packet_type", "-e", "soupbintcp.packet_length", "-r"])
            .arg(&path)
            .output()
            .unwrap();
        std::fs::remove_file(&path).unwrap();
        String::from_utf8(output.stdout).unwrap().replace('\'', "").trim().to_owned()
    };
    let mut frame = sent(&good().commands(1, 1), 0, 0, [1000, 7], 0x71);
    assert_eq!(tshark(&frame), "1\t1\tU\t54", "1 is a good checksum");
    frame[63] ^= 1;
    assert_eq!(tshark(&frame), "1\t0\tU\t54", "the check can fail");
}
