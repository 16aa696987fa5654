//! The wire of the card's orders: what the card sends on it, and the host beside it.
//!
//! Holds: nothing leaves but what the passage lets through; what comes is the host's, and the ring that it finds no room in counts it.
use super::super::port::{Port, Received};
use anyhow::Context;
use riposte_device::Transmitted;
use riposte_device::link::{CardEnd, Status};
use riposte_session::Passage;

/// Frames between two looks at everything else.
const BATCH: usize = 64;

pub struct Wire {
    port: Box<dyn Port>,
    passage: Passage,
}

impl Wire {
    pub fn new(port: Box<dyn Port>) -> Wire {
        Wire { port, passage: Passage::default() }
    }

    /// Takes frames from both sides; whether there was any.
    pub fn exchange(&mut self, now_ns: u64, link: &mut CardEnd, status: &mut Status) -> anyhow::Result<bool> {
        let mut any = false;
        for _ in 0..BATCH {
            let Some(frame) = link.exception().context("what the host sends cannot be read")? else { break };
            match self.passage.host(frame.bytes) {
                Ok(()) => self.port.transmit(&Transmitted { cycle: 0, time_ns: now_ns, bytes: frame.bytes.to_vec() })?,
                Err(why) => withhold("the host", &why, status),
            }
            link.release_exceptions();
            any = true;
        }
        for _ in 0..BATCH {
            let Received::Frame(frame) = self.port.receive(now_ns)? else { break };
            self.passage.came(&frame.bytes);
            match link.give_exception(frame.time_ns, &frame.bytes) {
                Ok(()) => status.exceptions += 1,
                Err(_) => status.exceptions_lost += 1,
            }
            any = true;
        }
        Ok(any)
    }

    /// Sends an order of the card, if it may leave.
    pub fn order(&mut self, frame: &Transmitted, status: &mut Status) -> anyhow::Result<bool> {
        if let Err(why) = self.passage.order(&frame.bytes) {
            withhold("the card", &why, status);
            return Ok(false);
        }
        self.port.transmit(frame)?;
        Ok(true)
    }
}

fn withhold(whose: &str, why: &dyn std::fmt::Display, status: &mut Status) {
    status.withheld += 1;
    // Somebody else's lines need their place.
    if status.withheld == 1 || status.withheld.is_multiple_of(1000) {
        eprintln!("riposte: warning: a frame of {whose} is withheld ({} so far): {why}", status.withheld);
    }
}
