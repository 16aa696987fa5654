//! What the card was granted and what it has sent, both counted since reset and wrapping.
//!
//! In: grants from the host, orders that passed. Out: what is left of each grant. Why: a grant names a total and not an
//! addition, so that one that is told twice grants once, and one that is lost is made good by the next.
use crate::bank::{self, Template};
use riposte_map::{
    limits::{INSTRUMENTS, RULES},
    shm::{Command, Opcode},
};

/// A granted total and a sent one.
#[derive(Clone, Copy, Debug, Default)]
struct Account<T> {
    granted: T,
    sent: T,
}

impl Account<u32> {
    /// What may still be sent: 0 if more was sent than is granted.
    fn left(self) -> u32 {
        let left = self.granted.wrapping_sub(self.sent);
        if left >> 31 == 0 { left } else { 0 }
    }

    fn send(&mut self, more: u32) {
        self.sent = self.sent.wrapping_add(more);
    }
}

impl Account<u64> {
    fn left(self) -> u64 {
        let left = self.granted.wrapping_sub(self.sent);
        if left >> 63 == 0 { left } else { 0 }
    }

    fn send(&mut self, more: u64) {
        self.sent = self.sent.wrapping_add(more);
    }
}

/// What is left for one order; 0 is none.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    /// Orders of its rule.
    pub repeats: u32,
    /// Quantity on its side of its instrument.
    pub quantity: u32,
    pub value: u64,
    pub open_orders: u32,
    pub unacknowledged: u32,
}

#[derive(Clone, Debug, Default)]
pub struct Grants {
    repeats: [[Account<u32>; RULES]; INSTRUMENTS],
    /// Buys, and everything else.
    quantities: [[Account<u32>; 2]; INSTRUMENTS],
    value: Account<u64>,
    open_orders: Account<u32>,
    unacknowledged: Account<u32>,
}

fn side_index(template: &Template) -> usize {
    usize::from(template.side != b'B')
}

impl Grants {
    /// Takes Lease, Credit or Repeat.
    pub fn grant(&mut self, opcode: Opcode, command: &Command) {
        let [instrument, rule, _] = bank::place(command);
        let args = command.args;
        match opcode {
            Opcode::Lease => {
                let [buys, sells] = bank::halves(args[0]);
                self.quantities[instrument][0].granted = buys;
                self.quantities[instrument][1].granted = sells;
            }
            Opcode::Credit => {
                self.value.granted = args[0];
                [self.open_orders.granted, self.unacknowledged.granted] = bank::halves(args[1]);
            }
            Opcode::Repeat => self.repeats[instrument][rule].granted = command.value,
            _ => unreachable!("{opcode:?} grants nothing"),
        }
    }

    pub fn left(&self, instrument: usize, rule: usize, template: &Template) -> Left {
        Left {
            repeats: self.repeats[instrument][rule].left(),
            quantity: self.quantities[instrument][side_index(template)].left(),
            value: self.value.left(),
            open_orders: self.open_orders.left(),
            unacknowledged: self.unacknowledged.left(),
        }
    }

    /// Notes what passed. A mass cancel is no order: only its rule has sent it.
    pub fn send(&mut self, instrument: usize, rule: usize, template: &Template) {
        self.repeats[instrument][rule].send(1);
        if template.is_cancel {
            return;
        }
        self.quantities[instrument][side_index(template)].send(template.quantity);
        self.value.send(template.value());
        self.open_orders.send(1);
        self.unacknowledged.send(1);
    }
}
