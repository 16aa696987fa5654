//! The thread beside the engine's: the mirror and all that it leads to, and the look after the card.
//!
//! In: durable inputs. Out: alarms to the voice, proposals and sets to the engine, snapshots to the journal.
use super::Shared;
use super::calls::Calls;
use super::cards::Cards;
use super::clock::Clock;
use super::desk_socket::Socket;
use super::mirror::{Mirror, alarms};
use super::opening::Opening;
use super::voice::Voice;
use riposte_engine::{Body, Engine};
use riposte_journal::{State, Watch};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How long this thread sleeps when there is nothing to do.
const REST: Duration = Duration::from_micros(500);

pub struct Deskside {
    pub mirror: Mirror,
    pub cards: Cards,
    pub opening: Opening,
    pub calls: Calls,
    pub socket: Socket,
    pub inputs: rtrb::Producer<Body>,
    /// What found no room in `inputs` yet.
    pub outgoing: VecDeque<Body>,
    pub watch: Watch,
    pub clock: Clock,
    pub shared: Arc<Shared>,
    pub voice: Voice,
    pub is_halted: bool,
}

impl Deskside {
    /// Runs until the engine's thread has ended and everything that it did was taken; gives the mirror's engine.
    pub fn run(mut self) -> Engine {
        while !self.mirror.is_done() {
            if !self.turn() {
                std::thread::sleep(REST);
            }
        }
        self.mirror.engine
    }

    /// One round; whether anything happened in it.
    fn turn(&mut self) -> bool {
        let now_ns = self.clock.now_ns();
        let mut any = false;
        while let Some((input, out)) = self.mirror.next() {
            any = true;
            self.calls.hear(out);
            for alarm in alarms(out) {
                self.voice.say(format!("alarm: {alarm:?}"));
            }
            if matches!(input.body, Body::CardUp { .. } | Body::Restarted) {
                let waiting = self.opening.begin(&self.mirror.engine, &mut self.outgoing);
                if waiting > 0 {
                    self.voice.say(format!("{waiting} proposals wait for a second person: `riposte approve --all`"));
                }
            }
        }
        if !self.shared.is_stopping() {
            self.opening.go_on(&self.mirror.engine, now_ns, &mut self.outgoing);
            self.cards.look(now_ns);
        }
        while let Ok(call) = self.socket.calls.try_recv() {
            any = true;
            self.calls.take(call, &self.mirror.engine, &mut self.outgoing);
        }
        while let Some(body) = self.outgoing.pop_front() {
            if self.inputs.push(body).is_err() {
                self.outgoing.push_front(body);
                break;
            }
            any = true;
        }
        self.tell_journal();
        any
    }

    /// Says when the journal halts, and when it goes on.
    fn tell_journal(&mut self) {
        if self.watch.is_halted() == self.is_halted {
            return;
        }
        self.is_halted = !self.is_halted;
        match self.watch.state() {
            State::Running => self.voice.say("the journal goes on"),
            State::Halted { reason } => {
                self.voice.say(format!("alarm: the journal has halted ({reason}): the card is silenced by its watchdog"));
            }
        }
    }
}
