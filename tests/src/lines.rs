//! Line B of a feed: the frames of line A sent to another group, lost, damaged, early and late.
use crate::{
    lockstep::Lockstep,
    parameters::{GROUP_B, PORT_B},
    random::Random,
    traffic::Piece,
};
use riposte_map::shm::{Command, Opcode};
use std::collections::VecDeque;

const WINDOW_MAX: u64 = 3_000;

/// Where the bytes of a frame say its destination, with a tag or without.
pub fn to_line_b(frame: &[u8]) -> Vec<u8> {
    let mut bytes = frame.to_vec();
    let shift = if bytes.get(12..14) == Some(&[0x81, 0]) { 4 } else { 0 };
    for (at, byte) in GROUP_B.to_be_bytes().into_iter().enumerate() {
        if let Some(place) = bytes.get_mut(30 + shift + at) {
            *place = byte;
        }
    }
    for (at, byte) in PORT_B.to_be_bytes().into_iter().enumerate() {
        if let Some(place) = bytes.get_mut(36 + shift + at) {
            *place = byte;
        }
    }
    bytes
}

/// The feed's row of a parameter set, with a line B most of the time, and any window.
pub fn with_line_b(random: &mut Random, set: &mut [Command]) {
    for row in set.iter_mut().filter(|row| row.opcode == Opcode::WriteFeed as u8) {
        if !random.once_in(8) {
            row.args[1] = u64::from(GROUP_B) | u64::from(PORT_B) << 32;
        }
        row.args[2] = random.pick(&[0, 1, 7, 30, 150, 600, WINDOW_MAX, WINDOW_MAX]);
    }
}

/// What comes over both lines.
#[derive(Default)]
pub struct TwoLines {
    /// Frames that line A has yet to show, of which it keeps so many back.
    late: VecDeque<Piece>,
    keeps: usize,
    /// First cycle in which line B may begin a frame.
    free: u64,
    /// A frame is lost once in so many on this line, if not 0.
    lost: [u64; 2],
    last: Option<Vec<u8>>,
}

impl TwoLines {
    /// A piece on both lines.
    pub fn piece(&mut self, lockstep: &mut Lockstep, random: &mut Random, piece: Piece) {
        if random.once_in(20) {
            self.keeps = random.pick(&[0, 0, 0, 1, 2, 5]);
            self.lost = [0, 0].map(|_: u64| random.pick(&[0, 0, 12, 4]));
            if random.once_in(12) {
                self.lost = [1, 3];
            }
        }
        if random.once_in(40) {
            lockstep.idle(random.pick(&[20, 200, 800]));
        }
        if self.lost[1] == 0 || !random.once_in(self.lost[1]) {
            self.show(lockstep, random, &piece);
        }
        self.late.push_back(piece);
        while self.late.len() > self.keeps {
            let Some(piece) = self.late.pop_front() else { break };
            if self.lost[0] == 0 || !random.once_in(self.lost[0]) {
                lockstep.piece(&piece);
            } else {
                lockstep.idle(piece.gap + piece.bytes.len() as u64 / 8);
            }
        }
    }

    /// Lets line B come to its end, and every window run out.
    pub fn end(&self, lockstep: &mut Lockstep) {
        if self.free != 0 {
            lockstep.idle(self.free.saturating_sub(lockstep.cycle()) + 2 * WINDOW_MAX);
        }
    }

    fn show(&mut self, lockstep: &mut Lockstep, random: &mut Random, piece: &Piece) {
        let mut copy = Piece { bytes: to_line_b(&piece.bytes), time_ns: piece.time_ns + 3, ..piece.clone() };
        if random.once_in(20) {
            copy.fcs_good = false;
        }
        if random.once_in(30) {
            copy.bytes.truncate(1 + random.below(copy.bytes.len() as u64) as usize);
        }
        if random.once_in(30) {
            copy.bytes.resize(copy.bytes.len() + random.below(2_000) as usize, 0);
        }
        if random.once_in(40)
            && let Some(byte) = copy.bytes.get_mut(20)
        {
            *byte ^= 0x20;
        }
        if random.once_in(4) {
            copy.stalls = random.draw() & random.draw();
        }
        let again = self.last.replace(copy.bytes.clone()).filter(|_| random.once_in(30));
        let frames = again.map(|bytes| Piece { bytes, ..copy.clone() }).into_iter().chain([copy]);
        for frame in frames {
            let behind = random.pick(&[0, 0, 0, 1, 2, 3, 4, 6, 9, 12, 40, 150]);
            let cycle = (lockstep.cycle() + behind).max(self.free);
            self.free = lockstep.frame_b(cycle, &frame) + if random.once_in(2) { 1 } else { 1 + random.below(5) };
        }
    }
}
