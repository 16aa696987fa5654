//! What may leave beside the card's orders, and what may not.
use super::*;
use riposte_venue::ouch::Inbound;

const HOST: [u8; 4] = [10, 0, 0, 3];
const VENUE: [u8; 4] = [10, 0, 0, 1];
/// Four bytes before the numbers wrap.
const FIRST: u32 = u32::MAX - 3;

/// A segment between ports 40000 and 26400 without sums, as RFC 791 and RFC 9293 lay it out.
fn tcp(from: [u8; 4], to: [u8; 4], sequence: u32, acknowledgement: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((40 + payload.len() as u16).to_be_bytes());
    frame.extend([0, 0, 0x40, 0, 64, 6, 0, 0]);
    frame.extend(from.iter().chain(&to));
    let ports = if from == HOST { [40_000u16, 26_400] } else { [26_400, 40_000] };
    frame.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
    frame.extend(sequence.to_be_bytes().iter().chain(&acknowledgement.to_be_bytes()));
    frame.extend([0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    frame.extend(payload);
    frame
}

fn ours(sequence: u32, payload: &[u8]) -> Vec<u8> {
    tcp(HOST, VENUE, sequence, 1, 0x18, payload)
}

fn packet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = (payload.len() as u16 + 1).to_be_bytes().to_vec();
    packet.push(kind);
    packet.extend(payload);
    packet
}

fn login() -> Vec<u8> {
    packet(b'L', &[b' '; 46])
}

fn heartbeat() -> Vec<u8> {
    packet(b'R', &[])
}

fn order() -> Vec<u8> {
    let mut enter = [b'0'; 47];
    enter[0] = b'O';
    packet(b'U', &enter)
}

fn answer(acknowledgement: u32) -> Vec<u8> {
    tcp(VENUE, HOST, 77, acknowledgement, 0x12, &[])
}

/// A connection whose next byte is `FIRST`.
fn open() -> Passage {
    let mut passage = Passage::default();
    assert_eq!(passage.host(&tcp(HOST, VENUE, FIRST.wrapping_sub(1), 0, 2, &[])), Ok(()));
    passage.came(&answer(FIRST));
    passage
}

fn behind(bytes: usize) -> u32 {
    FIRST.wrapping_add(bytes as u32)
}

#[test]
fn what_is_no_order_leaves_in_its_order() {
    let mut passage = open();
    assert_eq!(passage.host(&ours(FIRST, &login())), Ok(()));
    assert_eq!(passage.order(&ours(behind(49), &order())), Ok(()));
    let next = behind(49 + 50);
    let rest = [packet(b'U', &[b'X', 0, 0, 0, 7, 0, 0, 0, 0]), packet(b'U', b"Q"), heartbeat(), packet(b'O', &[])].concat();
    assert_eq!(passage.host(&ours(next, &rest)), Ok(()));
    // Cut anywhere, also within a head.
    for cut in 1..rest.len() {
        let mut passage = open();
        let (front, back) = rest.split_at(cut);
        assert_eq!(passage.host(&ours(FIRST, front)), Ok(()), "{cut}");
        assert_eq!(passage.host(&ours(behind(cut), back)), Ok(()), "{cut}");
    }
    for flags in [0x10, 0x11, 0x14] {
        assert_eq!(passage.host(&tcp(HOST, VENUE, next, 9, flags, &[])), Ok(()), "no payload");
    }
    let mut arp = vec![0; 42];
    arp[12..14].copy_from_slice(&[8, 6]);
    assert_eq!(passage.host(&arp), Ok(()));
}

#[test]
fn an_order_of_the_host_does_not_leave_however_it_is_cut_or_hidden() {
    let bad = [
        order(), packet(b'U', b"U0"), packet(b'U', b"M0"), packet(b'U', b"E0"), packet(b'S', b"x"), vec![0, 0, b'R'], vec![0, 2, b'R', 0],
        vec![0, 1, b'U', b'O'], packet(b'U', b"QQ"), vec![1, 0], packet(b'L', &[b' '; 45]),
    ];
    for bytes in &bad {
        for begin in [vec![], heartbeat(), login()] {
            let all = [begin, bytes.clone()].concat();
            assert!(matches!(open().host(&ours(FIRST, &all)), Err(Withheld::Packet(_))), "{all:?}");
            for cut in 1..all.len() {
                let mut passage = open();
                let (front, back) = all.split_at(cut);
                let left = [passage.host(&ours(FIRST, front)), passage.host(&ours(behind(cut), back))];
                assert!(left.iter().any(Result::is_err), "{all:?} cut at {cut}");
            }
        }
    }
    // In another connection, behind a hole, in a SYN; in a fragment, behind an option of IPv4, over UDP, cut off.
    let mut elsewhere = ours(FIRST, &heartbeat());
    elsewhere[37] ^= 1;
    assert_eq!(open().host(&elsewhere), Err(Withheld::Connection));
    assert_eq!(open().host(&ours(behind(1), &heartbeat())), Err(Withheld::Sequence { wanted: FIRST, found: behind(1) }));
    assert_eq!(open().host(&tcp(HOST, VENUE, 1, 0, 2, &order())), Err(Withheld::SynPayload));
    for (at, byte) in [(12, 9), (14, 0x46), (14, 0x65), (20, 0x20), (21, 1), (23, 17), (16, 0xff), (46, 0x40)] {
        let mut frame = ours(FIRST, &heartbeat());
        frame[at] = byte;
        assert_eq!(open().host(&frame), Err(Withheld::Headers), "byte {at}");
    }
    (0..54).for_each(|length| assert!(open().host(&ours(FIRST, &[])[..length]).is_err(), "{length}"));
}

#[test]
fn what_is_sent_again_are_the_bytes_that_left() {
    let mut passage = open();
    passage.order(&ours(FIRST, &order())).expect("an order of the card");
    let next = behind(order().len());
    passage.host(&ours(next, &heartbeat())).expect("a heartbeat");
    let all = [order(), heartbeat()].concat();
    for from in 0..all.len() {
        for to in from + 1..=all.len() {
            assert_eq!(passage.host(&ours(behind(from), &all[from..to])), Ok(()), "{from}..{to}");
        }
    }
    for at in 0..all.len() {
        let mut changed = all.clone();
        changed[at] ^= 1;
        assert_eq!(passage.host(&ours(FIRST, &changed)), Err(Withheld::Changed(FIRST)), "byte {at}");
    }
    assert_eq!(passage.host(&ours(FIRST, &[all, heartbeat()].concat())), Err(Withheld::Changed(FIRST)), "partly new");
    let before = FIRST.wrapping_sub(1);
    assert_eq!(passage.host(&ours(before, &[b'x', 0])), Err(Withheld::Changed(before)), "never left");
    for sequence in [FIRST, next, next.wrapping_add(4)] {
        assert!(matches!(passage.order(&ours(sequence, &order())), Err(Withheld::Sequence { .. })), "an old one, or one ahead");
    }
    let mut next = next.wrapping_add(3);
    for _ in 0..SENT_BYTES / order().len() + 1 {
        assert_eq!(passage.order(&ours(next, &order())), Ok(()));
        next = next.wrapping_add(order().len() as u32);
    }
    assert!(passage.connection.as_ref().is_some_and(|one| one.sent.len() == SENT_BYTES), "bounded");
    assert!(passage.host(&ours(FIRST, &order())).is_err(), "too old");
}

#[test]
fn an_order_leaves_only_between_packets_of_a_connection_that_is_there() {
    let mut none = Passage::default();
    assert_eq!(none.order(&ours(FIRST, &order())), Err(Withheld::Connection));
    assert_eq!(none.host(&ours(FIRST, &heartbeat())), Err(Withheld::Connection));
    for cut in 1..login().len() {
        let mut passage = open();
        passage.host(&ours(FIRST, &login()[..cut])).expect("a part");
        assert_eq!(passage.order(&ours(behind(cut), &order())), Err(Withheld::Middle), "{cut}");
    }
    assert_eq!(open().order(&ours(FIRST, &login())), Err(Withheld::NotAnOrder(NotAnOrder::Packet)));
    let mass_cancel = packet(b'U', b"C\0\0\0\x07LIMECVLT    ");
    for ours_alone in [order(), mass_cancel] {
        assert_eq!(open().order(&ours(FIRST, &ours_alone)), Ok(()));
        assert!(open().host(&ours(FIRST, &ours_alone)).is_err(), "it is the card's to send");
    }
}

/// Otherwise a packet whose head the venue has read already could put an order where its payload was.
#[test]
fn numbers_move_only_where_the_venue_opens_a_connection() {
    let mut passage = open();
    passage.host(&ours(FIRST, &heartbeat())).expect("a heartbeat");
    let next = behind(3);
    let back = FIRST.wrapping_sub(40);
    assert_eq!(passage.host(&tcp(HOST, VENUE, back.wrapping_sub(1), 0, 2, &[])), Ok(()), "the venue will say what it thinks of it");
    assert!(passage.host(&ours(back, &login())).is_err());
    let challenge = tcp(VENUE, HOST, 78, next, 0x10, &[]);
    let foreign = tcp(HOST, VENUE, 77, back, 0x12, &[]);
    for came in [challenge, foreign, answer(back.wrapping_add(1)), answer(FIRST)] {
        passage.came(&came);
        assert_eq!(passage.connection.as_ref().map(|one| one.next), Some(next));
    }
    passage.came(&answer(back));
    assert_eq!(passage.order(&ours(back, &order())), Ok(()));
    passage.came(&answer(back));
    assert!(passage.order(&ours(back, &order())).is_err(), "the same answer again moves nothing");
}

/// The stream as a venue's TCP puts it together, of every segment that left since its answer to a SYN.
#[derive(Default)]
struct Venue {
    next: u32,
    stream: Vec<u8>,
}

impl Venue {
    /// What of a segment is new goes behind what there was; what begins further on waits for what never comes.
    fn take(&mut self, sequence: u32, payload: &[u8]) {
        let known = self.next.wrapping_sub(sequence) as usize;
        if let Some(new) = payload.get(known..) {
            self.stream.extend(new);
            self.next = self.next.wrapping_add(new.len() as u32);
        }
    }

    /// Orders in the stream, as the simulated exchange reads it.
    fn orders(&self) -> usize {
        let mut framer = riposte_venue::soup::Framer::default();
        framer.push(&self.stream);
        let messages = std::iter::from_fn(|| framer.packet().expect("packets"));
        let messages = messages.filter(|packet| packet.kind == b'U').map(|packet| Inbound::decode(&packet.payload));
        messages.filter(|message| !matches!(message, Ok(Inbound::CancelOrder(_) | Inbound::AccountQuery(_)))).count()
    }
}

/// Oracle: the reader of the simulated exchange, behind a TCP that takes each byte once.
#[test]
fn whatever_a_host_tries_the_venue_reads_no_order_but_the_cards() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut below = |limit: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % limit
    };
    let (mut left, mut tried, mut by_card) = (0, 0, 0);
    for _ in 0..200 {
        let (mut passage, mut venue, mut orders) = (open(), Venue { next: FIRST, stream: Vec::new() }, 0);
        for _ in 0..300 {
            let next = venue.next;
            let sequence = match below(8) {
                0 => next.wrapping_sub(below(100) as u32),
                1 => next.wrapping_add(below(4) as u32),
                _ => next,
            };
            if below(4) == 0 {
                if passage.order(&ours(sequence, &order())).is_ok() {
                    venue.take(sequence, &order());
                    orders += 1;
                }
                continue;
            }
            // Packets of all kinds, whole or in part, and what has left, changed or not.
            let mut bytes: Vec<u8> = (0..=below(2)).flat_map(|_| match below(7) {
                0 => order(),
                1 => login(),
                2 => packet(b'U', b"Q"),
                3 => packet(b'U', &[b'X', 0, 0, 0, 7, 0, 0, 0, 0]),
                4 => packet(below(256) as u8, &[b'O'; 5]),
                5 => venue.stream.iter().copied().skip(venue.stream.len().saturating_sub(next.wrapping_sub(sequence) as usize)).collect(),
                _ => heartbeat(),
            }).collect();
            bytes.truncate(1 + below(120) as usize);
            if below(16) == 0 && let Some(byte) = bytes.first_mut() {
                *byte ^= 1 << below(8);
            }
            tried += 1;
            if passage.host(&ours(sequence, &bytes)).is_ok() {
                venue.take(sequence, &bytes);
                left += 1;
            }
            if below(32) == 0 {
                let back = next.wrapping_sub(below(200) as u32);
                let _ = passage.host(&tcp(HOST, VENUE, back.wrapping_sub(1), 0, 2, &[]));
                // A venue that has a connection answers with where it is, not with another one.
                passage.came(&tcp(VENUE, HOST, 78, next, 0x10, &[]));
            }
        }
        assert_eq!(venue.orders(), orders);
        by_card += orders;
    }
    assert!(left > 1000 && tried > 2 * left && by_card > 1000, "{left} of {tried} segments left, {by_card} orders");
}
