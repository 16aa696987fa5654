//! A visit to the card: what goes, in which place, and what is told of it.
use super::*;
use riposte_map::reason::Reason;
use riposte_map::shm::EventKind;

/// A ring of a few places that numbers what it takes.
struct Places {
    taken: Vec<Command>,
    next: u64,
    room: usize,
}

impl Ring for Places {
    fn send(&mut self, command: &Command, expected: u64) -> Option<u64> {
        if self.room == 0 {
            return None;
        }
        assert_eq!(expected, self.next, "the engine knows it by this number");
        self.room -= 1;
        self.next += 1;
        self.taken.push(*command);
        Some(self.next - 1)
    }
}

struct World {
    chase: Chase,
    fed: rtrb::Producer<Fed>,
    ring: Places,
    now_ns: u64,
}

impl World {
    fn new() -> World {
        let (fed, out) = rtrb::RingBuffer::new(256);
        World { chase: Chase::new(out), fed, ring: Places { taken: Vec::new(), next: 50, room: 1000 }, now_ns: 0 }
    }

    fn row(&mut self, number: u64, reference: u64) {
        let command = Command { opcode: Opcode::Row as u8, args: [reference, 0, 0, 0, 0, 0], ..Command::default() };
        self.fed.push(Fed::Row(number, command)).expect("room");
    }

    fn mark(&mut self, number: u64, sequence: u64) {
        self.fed.push(Fed::Mark(number, Mark { sequence, rows: sequence as u32, digest: [sequence as u8; 32] })).expect("room");
    }

    fn go(&mut self) -> Vec<(Option<Opcode>, u64)> {
        self.chase.go(self.now_ns, &mut self.ring);
        self.taken()
    }

    /// What has gone since: opcode, and reference or message.
    fn taken(&mut self) -> Vec<(Option<Opcode>, u64)> {
        let what = |one: &Command| (Opcode::from_code(one.opcode), one.args[usize::from(one.opcode == Opcode::Resume as u8)]);
        std::mem::take(&mut self.ring.taken).iter().map(what).collect()
    }

    /// The card's answer to the newest command.
    fn answer(&mut self, reason: Reason) {
        self.answer_to(self.ring.next - 1, reason);
    }

    fn answer_to(&mut self, feed_sequence: u64, reason: Reason) {
        let kind = EventKind::Command as u8;
        self.chase.answered(&Event { kind, feed_sequence, reason: reason as u8, ..Event::default() });
    }
}

const ROW: Option<Opcode> = Some(Opcode::Row);
const RESUME: Option<Opcode> = Some(Opcode::Resume);
const HEARTBEAT: Option<Opcode> = Some(Opcode::Heartbeat);

fn chased(number: u64, sequence: u64) -> Option<Body> {
    Some(Body::Chased { number, sequence, rows: sequence as u32, digest: [sequence as u8; 32] })
}

#[test]
fn rows_go_and_then_the_end_where_they_stand_until_it_meets_the_feed() {
    let mut world = World::new();
    [1, 2].into_iter().for_each(|reference| world.row(7, reference));
    assert_eq!(world.go(), [], "nobody has asked for them");
    world.chase.begin(7, 0b11, 50, 2);
    assert_eq!(world.go(), [(ROW, 1), (ROW, 2)], "they stand nowhere yet");
    world.mark(7, 100);
    assert_eq!(world.go(), [(RESUME, 100)]);
    world.mark(7, 101);
    assert_eq!(world.go(), [], "one at a time");
    world.answer(Reason::Elsewhere);
    world.row(7, 3);
    assert_eq!(world.go(), [(ROW, 3)], "not between two messages");
    world.mark(7, 102);
    world.mark(7, 104);
    assert_eq!(world.go(), [(RESUME, 104)], "the newest");
    world.answer(Reason::Elsewhere);
    assert_eq!(world.go(), [], "not the same at once");
    world.now_ns += AGAIN_NS;
    assert_eq!(world.go(), [(RESUME, 104)], "the card may have come there since");
    assert_eq!(world.chase.told(), None);
    let resumed = world.ring.next - 1;
    world.row(7, 4);
    world.mark(7, 105);
    assert_eq!(world.go(), [(ROW, 4)], "it may be refused");
    world.answer_to(resumed, Reason::None);
    assert_eq!((world.chase.told(), world.chase.told()), (chased(7, 104), None), "where it was taken, whatever went since");
    world.row(7, 5);
    assert_eq!(world.go(), [], "it is over");
}

#[test]
fn places_that_are_left_are_filled_with_what_was_vouched_before_another_command_goes() {
    let mut world = World::new();
    let vouched = Command { opcode: Opcode::Heartbeat as u8, args: [77, 0, 0, 0, 0, 0], ..Command::default() };
    world.chase.hear(&vouched);
    world.chase.begin(7, 1, 50, 1);
    world.row(7, 1);
    world.mark(7, 9);
    assert_eq!(world.go(), [(ROW, 1), (RESUME, 9)]);
    world.ring.room = 10;
    assert!(!world.chase.close(&mut world.ring), "the ring is full");
    world.ring.room = 1000;
    assert!(world.chase.close(&mut world.ring));
    assert_eq!(world.taken(), vec![(HEARTBEAT, 77); PLACES as usize - 1]);
    assert_eq!(world.ring.next, 50 + 1 + u64::from(PLACES));
    assert_eq!(world.chase.told(), None, "the card has not answered");
    world.answer_to(51, Reason::None);
    assert_eq!(world.chase.told(), chased(7, 9));
    assert!(world.chase.close(&mut world.ring) && world.taken().is_empty(), "once");
    // On a card that was told nothing, nothing is vouched.
    world.chase.forget();
    world.chase.begin(7, 1, world.ring.next, 0);
    world.chase.close(&mut world.ring);
    assert_eq!(world.taken()[0], (HEARTBEAT, 0));
}

#[test]
fn rows_that_had_to_go_go_before_another_command() {
    let mut world = World::new();
    world.chase.begin(7, 1, 50, 3);
    (1..=3).for_each(|reference| world.row(7, reference));
    world.ring.room = 2;
    assert!(!world.chase.close(&mut world.ring));
    world.ring.room = 1000;
    assert!(world.chase.close(&mut world.ring));
    assert_eq!(world.taken()[..4], [(ROW, 1), (ROW, 2), (ROW, 3), (HEARTBEAT, 0)]);
}

#[test]
fn what_places_do_not_suffice_for_goes_with_the_next_visit_and_what_is_of_another_restoration_never() {
    let mut world = World::new();
    world.chase.begin(7, 1, 50, 0);
    let more = u64::from(PLACES) + 5;
    (1..=more).for_each(|reference| world.row(7, reference));
    world.mark(7, 300);
    assert_eq!(world.go().len(), PLACES as usize);
    assert_eq!(world.chase.told(), Some(Body::Chased { number: 7, sequence: 0, rows: 0, digest: [0; 32] }));
    world.chase.begin(7, 1, world.ring.next, 0);
    let went = world.go();
    assert_eq!((went.len(), went[4], went[5]), (6, (ROW, more), (RESUME, 300)));
    world.answer(Reason::BookNotClean);
    assert_eq!(world.chase.told(), chased(7, 300));
    world.row(7, 1);
    world.row(8, 2);
    world.mark(8, 400);
    world.row(9, 3);
    world.chase.close(&mut world.ring);
    world.taken();
    world.chase.begin(8, 1, world.ring.next, 1);
    assert_eq!(world.go(), [(ROW, 2), (RESUME, 400)]);
    world.chase.hear(&Command { opcode: Opcode::Clear as u8, ..Command::default() });
    assert_eq!(world.fed.slots(), 256, "what a restoration has left goes when the next begins");
}
