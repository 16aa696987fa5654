//! Who waits for what became of a request.
//!
//! Holds: an act is answered when its record is durable; if it gives the card a command, when the card has said that it carried
//! it out, or is gone, or has said nothing for so long that the person has to know. What nobody waits for is dropped.
use super::calls::why_text;
use riposte_control::{Answer, Card};
use riposte_engine::{Body, Input, Output, Outputs, Record};
use riposte_map::shm::{Event, EventKind, Opcode};
use std::sync::mpsc::SyncSender;

/// Calls that wait; more are refused.
const CALLS: usize = 256;
/// How long a card may take for a command before the person is told that it is silent.
pub const CARD_PATIENCE_NS: u64 = 5_000_000_000;

/// How far the card is, by its own status: it had published so many events by this cycle.
#[derive(Clone, Copy, Debug, Default)]
pub struct CardClock {
    pub is_there: bool,
    pub events: u64,
    pub cycle: u64,
}

/// One request of a call.
#[derive(Debug)]
struct Part {
    request: u64,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Asked,
    /// The card has this command, or will; the event that answers it, if it was told.
    Commanded { command: u64, event: Option<u64>, until_ns: u64 },
    Over(Answer),
}

/// Makes one answer of those of all requests of a call.
type Compose = Box<dyn FnOnce(Vec<Answer>) -> Answer + Send>;

struct Call {
    parts: Vec<Part>,
    compose: Compose,
    answer: SyncSender<Answer>,
}

#[derive(Default)]
pub struct Waiting(Vec<Call>);

impl Waiting {
    /// The answer if nothing more can wait.
    pub fn is_full(&self) -> Option<Answer> {
        let why = "too many requests wait for the engine; try again";
        (self.0.len() >= CALLS).then(|| Answer::Refused { why: why.to_owned() })
    }

    /// The call is answered when all of these requests are; refused at once if too many wait.
    pub fn push(&mut self, requests: &[u64], answer: &SyncSender<Answer>, compose: Compose) -> Option<Answer> {
        let full = self.is_full();
        if full.is_some() {
            return full;
        }
        let parts = requests.iter().map(|request| Part { request: *request, stage: Stage::Asked }).collect();
        self.0.push(Call { parts, compose, answer: answer.clone() });
        None
    }

    /// An input that is durable, and what came of it.
    pub fn hear(&mut self, input: &Input, out: &Outputs, now_ns: u64) {
        match input.body {
            Body::Propose { request, .. } | Body::Approve { request, .. } => {
                // The same number may be asked twice; what was answered stays as it is.
                let is_asked = |part: &&mut Part| part.request == request && matches!(part.stage, Stage::Asked);
                self.parts().filter(is_asked).for_each(|part| part.stage = outcome(request, out.iter(), now_ns));
            }
            Body::Card { event } if event.kind() == Some(EventKind::Command) => {
                self.parts().for_each(|part| acknowledge(part, &event));
            }
            Body::CardLost => self.parts().filter(|part| matches!(part.stage, Stage::Commanded { .. })).for_each(Part::be_absent),
            _ => {}
        }
    }

    fn parts(&mut self) -> impl Iterator<Item = &mut Part> {
        self.0.iter_mut().flat_map(|call| &mut call.parts)
    }

    /// Answers every call of which all is known by now.
    pub fn settle(&mut self, now_ns: u64, card: CardClock) {
        self.parts().for_each(|part| part.settle(now_ns, card));
        let is_over = |call: &mut Call| call.parts.iter().all(|part| matches!(part.stage, Stage::Over(_)));
        for call in self.0.extract_if(.., is_over) {
            let answers = call.parts.into_iter().filter_map(|part| if let Stage::Over(answer) = part.stage { Some(answer) } else { None });
            let _ = call.answer.try_send((call.compose)(answers.collect()));
        }
    }
}

impl Part {
    fn be_absent(&mut self) {
        self.stage = Stage::Over(Answer::Done { request: self.request, card: Some(Card::Absent {}) });
    }

    fn settle(&mut self, now_ns: u64, card: CardClock) {
        let Stage::Commanded { command, event, until_ns } = self.stage else { return };
        let request = self.request;
        match event {
            // A status that counts the event was written behind the command.
            Some(event) if card.events >= event => {
                let card = Some(Card::CarriedOut { command, event, cycle: card.cycle });
                self.stage = Stage::Over(Answer::Done { request, card });
            }
            None if !card.is_there => self.be_absent(),
            _ if now_ns >= until_ns => {
                let why = format!(
                    "it is journaled and commanded, but the card has not said within {} s that it carried out command {command}: \
                     take it that it has not; its watchdog silences it if it is cut off, and `riposte status` tells when it is back",
                    CARD_PATIENCE_NS / 1_000_000_000
                );
                self.stage = Stage::Over(Answer::Silent { request, command, why });
            }
            _ => {}
        }
    }
}

/// What the engine made of a request: its last word on it, and the last command that this caused and that the card tells of.
fn outcome<'a>(request: u64, said: impl Iterator<Item = &'a Output>, now_ns: u64) -> Stage {
    // Neither done nor refused: the number was decided before.
    let mut stage = Stage::Over(Answer::Refused { why: "it was decided before, by this number: nothing was done".to_owned() });
    for one in said {
        let Output::Record(record) = one else { continue };
        stage = match *record {
            Record::Proposed { request: id, .. } if id == request => Stage::Over(Answer::Proposed { request }),
            Record::Done { request: id, .. } if id == request => Stage::Over(Answer::Done { request, card: None }),
            Record::Refused { request: id, why } if id == request => {
                Stage::Over(Answer::Refused { why: why_text(why).to_owned() })
            }
            Record::Commanding { command } if Opcode::from_code(command.opcode).is_some_and(Opcode::is_told) => match stage {
                Stage::Over(Answer::Done { .. }) | Stage::Commanded { .. } => {
                    let until_ns = now_ns.saturating_add(CARD_PATIENCE_NS);
                    Stage::Commanded { command: command.sequence, event: None, until_ns }
                }
                other => other,
            },
            _ => continue,
        };
    }
    stage
}

fn acknowledge(part: &mut Part, event: &Event) {
    let Stage::Commanded { command, event: told, .. } = &mut part.stage else { return };
    if *command != event.feed_sequence {
        return;
    }
    if event.reason == 0 {
        *told = Some(event.sequence);
        return;
    }
    let opcode = u8::try_from(event.detail).ok().and_then(Opcode::from_code);
    let what = opcode.map_or_else(|| format!("command {command}"), |opcode| format!("{opcode:?}, command {command},"));
    let why = event.reason().map_or_else(|| format!("reason {}", event.reason), |reason| reason.text().to_owned());
    part.stage = Stage::Over(Answer::Refused { why: format!("the card has refused {what} since {why}") });
}

/// Of several requests: the first that was refused or is silent, with how many there were; else the last.
pub fn all_or_why(answers: Vec<Answer>) -> Answer {
    let count = answers.len();
    let refused: Vec<&str> = answers.iter().filter_map(|one| if let Answer::Refused { why } = one { Some(why.as_str()) } else { None }).collect();
    if count > 1 && !refused.is_empty() {
        return Answer::Refused { why: format!("{} of {count} were refused: {}", refused.len(), refused.join("; ")) };
    }
    let silent = answers.iter().position(|one| matches!(one, Answer::Silent { .. }));
    let at = silent.unwrap_or(count.saturating_sub(1));
    answers.into_iter().nth(at).unwrap_or_else(|| Answer::Refused { why: "nothing was asked for".to_owned() })
}


#[cfg(test)]
mod tests {
    use super::*;
    use riposte_engine::Change;
    use riposte_map::shm::Command;

    #[test]
    fn an_act_waits_for_the_last_command_that_the_card_answers() {
        let done = Output::Record(Record::Done { request: 7, by: 1, second: 0, change: Change::ReduceOnly { instruments: 1, ends: false } });
        let commands = |opcode: Opcode, sequence| Output::Record(Record::Commanding { command: Command { opcode: opcode as u8, sequence, ..Command::default() } });
        let [lease, beat] = [commands(Opcode::Lease, 5), commands(Opcode::Heartbeat, 6)];
        for (said, expected) in [(vec![done, lease, beat], Some(5)), (vec![done, beat, lease], Some(5)), (vec![done, beat], None), (vec![done], None)] {
            let command = match outcome(7, said.iter(), 0) {
                Stage::Commanded { command, .. } => Some(command),
                Stage::Over(Answer::Done { request: 7, card: None }) => None,
                other => panic!("{other:?}"),
            };
            assert_eq!(command, expected, "{said:?}");
        }
    }
}
