//! The card that the engine's thread has joined, and how far it has read and told.
use super::Shared;
use super::chase::{Counted, Ring};
use riposte_device::link::HostEnd;
use riposte_map::shm::{Command, Opcode};
use std::sync::atomic::Ordering::Relaxed;

/// The card that is there.
pub struct Joined {
    pub link: HostEnd,
    /// Highest numbers of a command that was sent and makes an event, and of one that the card has answered.
    pub sent: u64,
    pub answered: u64,
    /// The newest event taken, and the newest released.
    pub newest: u64,
    pub released: u64,
    /// Position behind which events up to the second number may be released.
    pub releasing: Option<(u64, u64)>,
}

impl Joined {
    pub fn new(link: HostEnd) -> Joined {
        Joined { link, sent: 0, answered: 0, newest: 0, released: 0, releasing: None }
    }

    /// Its command ring, which counts what the card will tell of.
    pub fn ring<'a>(&'a mut self, shared: &'a Shared) -> impl Ring + 'a {
        let Joined { link, sent, .. } = self;
        let count = |number: u64, command: &Command, expected: u64| {
            // The others make no event that tells that the card has them.
            if Opcode::from_code(command.opcode).is_some_and(Opcode::is_told) {
                *sent = number;
            }
            shared.misnumbered.fetch_add(u64::from(number != expected), Relaxed);
        };
        Counted { link, count }
    }
}
