//! What a segment does to a connection, and which frame comes next.
use crate::config::nanoseconds;
use crate::congestion::Acknowledged;
use crate::connection::{Connection, End, Phase};
use crate::incoming::Taken;
use crate::outgoing::Piece;
use crate::sequence::{after, is_before};
use crate::wire::{FRAME_BYTES_MAX, Flags, Outgoing, Segment, answer_frame, payload_mut, segment_frame};

/// So many answers a second to segments that cannot be of this connection (RFC 5961 7), so that two ends that disagree are quiet.
const CHALLENGES_MAX: u32 = 10;
const SECOND_NS: u64 = 1_000_000_000;
/// Acknowledgements of segments out of order that wait to be sent.
const ACKNOWLEDGEMENTS_MAX: u8 = 16;

impl Connection {
    pub(crate) fn segment(&mut self, now_ns: u64, segment: &Segment) {
        match self.phase {
            Phase::Closed => self.refuse(segment),
            Phase::Connecting => self.connecting(now_ns, segment),
            Phase::Synchronised | Phase::Lingering => self.synchronised(now_ns, segment),
        }
    }

    /// RFC 9293 3.10.7.1: nothing is here that it could be for.
    fn refuse(&mut self, segment: &Segment) {
        self.counts.unacceptable += 1;
        if !segment.rst {
            let end = after(segment.sequence, segment.payload.len() + usize::from(segment.syn) + usize::from(segment.fin));
            self.reset = Some(segment.acknowledgement.map_or((0, Some(end)), |number| (number, None)));
        }
    }

    /// RFC 9293 3.10.7.3.
    fn connecting(&mut self, now_ns: u64, segment: &Segment) {
        let first = after(self.initial, 1);
        match segment.acknowledgement {
            Some(number) if number == first && segment.rst => self.over(End::Refused),
            Some(number) if number == first && segment.syn => {
                self.phase = Phase::Synchronised;
                self.incoming.start(after(segment.sequence, 1));
                self.outgoing.start(first, segment.segment_bytes, segment.sequence, segment.window);
                self.timer.acknowledged(now_ns, first);
                self.timer.stop();
                (self.attempts, self.acknowledgements, self.syn_due) = (0, 1, false);
            }
            // The venue still has a connection between the same two ends: it goes, and ours is asked for again.
            Some(number) if number != first && !segment.rst => {
                self.counts.unacceptable += 1;
                self.reset = Some((number, None));
                // Once at once; if that does not help, when the wait is over.
                self.syn_due |= self.attempts == 0;
                self.attempts += 1;
            }
            _ => self.counts.unacceptable += 1,
        }
    }

    /// RFC 9293 3.10.7.4, in its order.
    fn synchronised(&mut self, now_ns: u64, segment: &Segment) {
        let next = self.incoming.next();
        if !self.is_in_window(now_ns, segment) {
            return;
        }
        // RFC 5961 3 and 4: only the exact number resets, and no SYN does.
        if segment.rst || segment.syn {
            if segment.rst && segment.sequence == next {
                self.over(End::Reset);
            } else {
                self.counts.unacceptable += 1;
                self.challenge(now_ns);
            }
            return;
        }
        if !self.acknowledged(now_ns, segment) {
            return;
        }
        if !segment.payload.is_empty() || segment.fin {
            self.take(now_ns, segment);
        }
        if self.phase == Phase::Synchronised && self.outgoing.is_finished() && self.incoming.is_finished() {
            if self.peer_was_first {
                self.over(End::Peer);
            } else {
                (self.phase, self.end) = (Phase::Lingering, Some(End::Closed));
                self.linger(now_ns);
            }
        }
    }

    fn linger(&mut self, now_ns: u64) {
        self.timer.stop();
        self.deadline_ns = now_ns.saturating_add(nanoseconds(self.config.times.linger));
    }

    /// Whether some of a segment is in our window. If not, the venue is told where we are, unless it resets.
    fn is_in_window(&mut self, now_ns: u64, segment: &Segment) -> bool {
        let next = self.incoming.next();
        let edge = after(next, self.incoming.known_window());
        let length = segment.payload.len() + usize::from(segment.syn) + usize::from(segment.fin);
        let end = after(segment.sequence, length);
        // A shut window has no place for bytes, but for what else is in a segment that has the right number.
        let is_next = segment.sequence == next;
        let is_new = length == 0 && !is_before(segment.sequence, next) || is_before(next, end);
        if is_next || is_new && is_before(segment.sequence, edge) {
            return true;
        }
        if segment.rst {
            self.counts.unacceptable += 1;
        } else if length == 0 {
            self.counts.unacceptable += 1;
            self.challenge(now_ns);
        } else if is_new {
            self.counts.no_room += 1;
            self.challenge(now_ns);
        } else {
            // Our acknowledgement was lost, or is on its way.
            self.counts.duplicates += 1;
            self.acknowledgements = self.acknowledgements.max(1);
            if self.phase == Phase::Lingering && segment.fin {
                self.linger(now_ns);
            }
        }
        false
    }

    /// Takes the acknowledgement of a segment; false if the segment is none of ours.
    fn acknowledged(&mut self, now_ns: u64, segment: &Segment) -> bool {
        let Some(number) = segment.acknowledgement else {
            self.counts.unacceptable += 1;
            return false;
        };
        if !self.outgoing.may_be_acknowledged(number, self.is_lent) || self.outgoing.is_too_old(number) {
            self.counts.unacceptable += 1;
            self.challenge(now_ns);
            return false;
        }
        let was_blocked = self.outgoing.is_blocked(self.is_lent);
        let is_bare = segment.payload.is_empty() && !segment.fin;
        match self.outgoing.acknowledge(number, segment.sequence, segment.window, is_bare) {
            Acknowledged::New => {
                self.attempts = 0;
                self.timer.acknowledged(now_ns, self.outgoing.unacknowledged());
                self.timer.stop();
                if self.outgoing.in_flight() > 0 {
                    self.timer.start(now_ns);
                }
            }
            Acknowledged::Asks => {
                self.counts.fast_retransmissions += 1;
                self.timer.start(now_ns);
            }
            Acknowledged::Nothing => {}
        }
        // Who has no room but answers is there (RFC 9293 3.8.6.1).
        if was_blocked || self.outgoing.is_shut() {
            self.attempts = 0;
        }
        true
    }

    fn take(&mut self, now_ns: u64, segment: &Segment) {
        let (taken, is_cut) = self.incoming.take(segment.sequence, segment.payload, segment.fin);
        self.counts.no_room += u64::from(is_cut);
        match taken {
            Taken::InOrder => {
                self.acknowledgements = 1;
                self.is_unsure = self.is_lent;
            }
            Taken::Ahead => {
                self.counts.out_of_order += 1;
                self.acknowledgements = (self.acknowledgements + 1).min(ACKNOWLEDGEMENTS_MAX);
            }
            // Bytes behind a FIN.
            Taken::Nothing => {
                self.counts.unacceptable += 1;
                self.challenge(now_ns);
            }
        }
        if self.incoming.is_finished() && !self.is_closing {
            self.peer_was_first = true;
        }
    }

    /// Tells the venue where we are, if we have not just done so too often.
    fn challenge(&mut self, now_ns: u64) {
        let (since_ns, given) = &mut self.challenges;
        if now_ns.saturating_sub(*since_ns) >= SECOND_NS {
            (*since_ns, *given) = (now_ns, 0);
        }
        if *given < CHALLENGES_MAX {
            *given += 1;
            self.acknowledgements = self.acknowledgements.max(1);
        } else {
            self.counts.unanswered += 1;
        }
    }

    /// Writes the next frame to send and gives its length.
    pub(crate) fn next_frame(&mut self, now_ns: u64, out: &mut [u8; FRAME_BYTES_MAX]) -> Option<usize> {
        if let Some((sequence, acknowledgement)) = self.reset.take() {
            let reset = Outgoing { sequence, acknowledgement, window: 0, flags: Flags::Rst, bytes: 0 };
            return Some(segment_frame(&self.config, &reset, out));
        }
        if let Some(asker) = self.asker.take() {
            self.counts.answered += 1;
            return Some(answer_frame(&self.config, &asker, out));
        }
        match self.phase {
            Phase::Closed => None,
            Phase::Connecting => self.next_syn(now_ns, out),
            Phase::Synchronised => self.next_segment(now_ns, out),
            Phase::Lingering if now_ns >= self.deadline_ns => {
                self.over(End::Closed);
                None
            }
            Phase::Lingering => self.next_acknowledgement(out),
        }
    }

    fn next_syn(&mut self, now_ns: u64, out: &mut [u8; FRAME_BYTES_MAX]) -> Option<usize> {
        if now_ns >= self.deadline_ns {
            self.over(End::TimeOut);
            return None;
        }
        let is_again = self.timer.is_over(now_ns);
        if !self.syn_due && !is_again {
            return None;
        }
        if self.attempts > 0 || is_again {
            self.counts.retransmissions += 1;
            self.timer.sent_again();
            self.timer.start(now_ns);
        } else {
            self.timer.sent(now_ns, after(self.initial, 1));
        }
        self.syn_due = false;
        let window = self.incoming.announce();
        let syn = Outgoing { sequence: self.initial, acknowledgement: None, window, flags: Flags::Syn, bytes: 0 };
        Some(segment_frame(&self.config, &syn, out))
    }

    fn next_segment(&mut self, now_ns: u64, out: &mut [u8; FRAME_BYTES_MAX]) -> Option<usize> {
        // Those that ask for what is missing carry nothing: the venue counts them.
        if self.incoming.has_gap() && self.acknowledgements > 0 {
            return self.next_acknowledgement(out);
        }
        let is_late = self.timer.is_over(now_ns);
        let asks = self.asks(now_ns);
        if is_late || asks {
            if self.attempts >= self.config.times.retransmissions {
                self.reset = Some((self.outgoing.front(), Some(self.incoming.next())));
                self.over(End::TimeOut);
                return self.next_frame(now_ns, out);
            }
            self.attempts += 1;
        }
        if is_late {
            self.outgoing.time_out();
        }
        if let Some(piece) = self.outgoing.again() {
            self.counts.retransmissions += 1;
            self.timer.sent_again();
            self.timer.start_if_stopped(now_ns);
            return Some(self.data(piece, out));
        }
        if !self.is_lent
            && let Some(piece) = self.outgoing.fresh(asks)
        {
            self.timer.sent(now_ns, piece.end());
            return Some(self.data(piece, out));
        }
        if asks {
            // An old number: the venue has to answer, and says how much it takes.
            self.counts.probes += 1;
            return Some(self.bare(self.outgoing.front().wrapping_sub(1), out));
        }
        self.next_acknowledgement(out)
    }

    /// Whether the venue is to be asked now how much it takes.
    fn asks(&mut self, now_ns: u64) -> bool {
        let is_blocked = self.outgoing.is_blocked(self.is_lent);
        if !is_blocked {
            self.probe.stop();
        }
        is_blocked && self.probe.is_due(now_ns, &self.timer)
    }

    fn next_acknowledgement(&mut self, out: &mut [u8; FRAME_BYTES_MAX]) -> Option<usize> {
        self.acknowledgements = self.acknowledgements.checked_sub(1)?;
        Some(self.bare(self.outgoing.front(), out))
    }

    fn bare(&mut self, sequence: u32, out: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        let (acknowledgement, window) = (Some(self.incoming.next()), self.incoming.announce());
        segment_frame(&self.config, &Outgoing { sequence, acknowledgement, window, flags: Flags::None, bytes: 0 }, out)
    }

    fn data(&mut self, piece: Piece, out: &mut [u8; FRAME_BYTES_MAX]) -> usize {
        self.acknowledgements = 0;
        let room = payload_mut(out);
        let count = piece.bytes.min(room.len());
        let bytes = self.outgoing.copy(piece.sequence, &mut room[..count]);
        let (acknowledgement, window) = (Some(self.incoming.next()), self.incoming.announce());
        let flags = if piece.fin { Flags::Fin } else { Flags::Push };
        segment_frame(&self.config, &Outgoing { sequence: piece.sequence, acknowledgement, window, flags, bytes }, out)
    }
}
