//! The heart of a replay's host: heard in the card's own time, however long the replay is.
//!
//! Beats fall into cycles that the first one decides, so they depend neither on the clock nor on the card.
use riposte_desk::heartbeat;
use riposte_map::shm::Command;

pub struct Pulse {
    /// For which one beat vouches; 0 is none.
    cycles: u64,
    next_cycle: u64,
    /// Beats behind the first, as they were given.
    given: Vec<Command>,
    next_sequence: u64,
}

impl Pulse {
    /// The first beat, for so many cycles, was shown in `first_cycle`; the next one has this number.
    pub fn new(cycles: u64, first_cycle: u64, next_sequence: u64) -> Pulse {
        Pulse { cycles, next_cycle: first_cycle + cycles / 2, given: Vec::new(), next_sequence }
    }

    /// The next beat and its cycle, if that is not behind `until`.
    pub fn beat(&mut self, until: u64) -> Option<(u64, Command)> {
        if self.cycles == 0 || self.next_cycle > until {
            return None;
        }
        let (cycle, command) = (self.next_cycle, heartbeat(self.next_sequence, self.cycles));
        self.next_cycle += self.cycles / 2;
        self.next_sequence += 1;
        self.given.push(command);
        Some((cycle, command))
    }

    pub fn given(self) -> Vec<Command> {
        self.given
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_comes_twice_in_the_time_for_which_one_vouches() {
        let mut pulse = Pulse::new(1000, 70, 9);
        assert_eq!(pulse.beat(569), None);
        assert_eq!(pulse.beat(570), Some((570, heartbeat(9, 1000))));
        assert_eq!(pulse.beat(570), None);
        assert_eq!(pulse.beat(5000).map(|(cycle, _)| cycle), Some(1070));
        assert_eq!(pulse.given(), [heartbeat(9, 1000), heartbeat(10, 1000)]);
        assert_eq!(Pulse::new(0, 0, 1).beat(u64::MAX), None, "unset is silent");
    }
}
