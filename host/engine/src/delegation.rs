//! Who sends in the connection of the card's orders: the host, which owns it, or the card, to which it has delegated that.
//!
//! In: [`Body::Delegate`](crate::Body::Delegate) with where the connection stands, [`Body::Reclaim`](crate::Body::Reclaim) when the host
//! has bytes of its own to send. Out: the card's numbers; [`Output::Reclaimed`], behind the last order that the card has sent.
//!
//! Why two commands to reclaim: an order that passed the gate before the first of them may be told of behind its answer, by a few
//! cycles, and is told of before that of the second, which is sent when the first is answered.
//!
//! Holds: a card sends only while the session is current. A card or a session that is gone has sent its last order; whoever looks
//! after the connection knows of both by itself.
use crate::card::CARD;
use crate::engine::Engine;
use crate::lending::words;
use crate::message::messages;
use crate::output::{Output, Outputs};
use crate::session::Standing;
use riposte_map::shm::Opcode;

messages! {
    /// Who may send.
    Sender {
        Host = 1;
        /// The card; it has sent so many orders since it may.
        Card = 2 { orders: u32 };
        /// Nobody: the card was told to stop by this command, for the first time or again.
        Leaving = 3 { orders: u32, command: u64, is_again: bool };
    }
}

impl Sender {
    /// The card has sent an order.
    pub fn count(&mut self) {
        if let Sender::Card { orders } | Sender::Leaving { orders, .. } = self {
            *orders += 1;
        }
    }
}

impl Engine {
    /// The card's next order has this TCP sequence number and acknowledgement, and at least this UserRefNum.
    pub(crate) fn on_delegate(&mut self, session: u8, numbers: [u32; 2], user_ref: u32, out: &mut Outputs) {
        let one = &self.sessions[usize::from(CARD)];
        if session != CARD || one.standing != Standing::Current || self.card.sender != Sender::Host {
            return;
        }
        let user_ref = one.next_user_ref.max(user_ref);
        self.card.sender = Sender::Card { orders: 0 };
        self.command(Opcode::Session, 0, [words(numbers), user_ref.into()], out);
    }

    pub(crate) fn on_reclaim(&mut self, session: u8, out: &mut Outputs) {
        match self.card.sender {
            _ if session != CARD => {}
            Sender::Host => out.push(Output::Reclaimed { session, orders: 0 }),
            Sender::Card { orders } => self.take_numbers(orders, false, out),
            Sender::Leaving { .. } => {}
        }
    }

    /// Without a UserRefNum no order passes the gate.
    fn take_numbers(&mut self, orders: u32, is_again: bool, out: &mut Outputs) {
        let command = self.command(Opcode::Session, 0, [0; 2], out);
        self.card.sender = Sender::Leaving { orders, command, is_again };
    }

    /// The card has answered a command that gave or took its numbers.
    pub(crate) fn on_numbers(&mut self, answered: u64, out: &mut Outputs) {
        match self.card.sender {
            Sender::Leaving { orders, command, is_again: false } if command == answered => self.take_numbers(orders, true, out),
            Sender::Leaving { orders, command, .. } if command == answered => {
                self.card.sender = Sender::Host;
                out.push(Output::Reclaimed { session: CARD, orders });
            }
            _ => {}
        }
    }

    /// The connection is gone: what the card would send in it goes nowhere.
    pub(crate) fn end_delegation(&mut self, out: &mut Outputs) {
        if std::mem::replace(&mut self.card.sender, Sender::Host) != Sender::Host {
            self.command(Opcode::Session, 0, [0; 2], out);
        }
    }
}
