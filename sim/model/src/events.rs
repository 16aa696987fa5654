//! The four event queues and the arbiter that shows one event a cycle.
use riposte_map::shm::Event;
use std::collections::VecDeque;

/// Events that one queue holds.
pub const QUEUE_EVENTS: usize = 16;
/// Cycles from the arbiter's choice to the event on the bus.
const SHOWN_AFTER: u64 = 2;

/// The queues, first to be served first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    Channel,
    Command,
    Order,
    Verdict,
}

/// An event and the cycle from which it is in its queue or, once served, in which it is shown.
type Timed = (u64, Event);

#[derive(Clone, Debug, Default)]
pub struct Events {
    queues: [VecDeque<Timed>; 4],
    shown: VecDeque<Timed>,
    /// First cycle that the arbiter has not decided yet.
    cycle: u64,
    served: u64,
}

impl Events {
    /// Puts an event into a queue in cycle `enters - 1`; `false` when it is lost, the queue being full
    /// in that cycle. Calls come in the order of time.
    pub fn push(&mut self, queue: Queue, enters: u64, event: Event) -> bool {
        self.serve_before(enters - 1);
        let queue = &mut self.queues[queue as usize];
        let kept = queue.len() < QUEUE_EVENTS;
        if kept {
            queue.push_back((enters, event));
        }
        kept
    }

    /// Lets the arbiter decide every cycle before `limit`.
    fn serve_before(&mut self, limit: u64) {
        while self.cycle < limit {
            let cycle = self.cycle;
            let waiting =
                |queue: &&mut VecDeque<Timed>| queue.front().is_some_and(|head| head.0 <= cycle);
            if let Some((_, mut event)) =
                self.queues.iter_mut().find(waiting).and_then(VecDeque::pop_front)
            {
                self.served += 1;
                event.sequence = self.served;
                self.shown.push_back((cycle + SHOWN_AFTER, event));
                self.cycle += 1;
            } else {
                let heads = self.queues.iter().filter_map(|queue| queue.front());
                self.cycle = heads.map(|head| head.0).min().unwrap_or(limit).min(limit);
            }
        }
    }

    /// Moves what is shown before cycle `now` to `output`.
    pub fn drain(&mut self, now: u64, output: &mut Vec<Event>) {
        self.serve_before(now.saturating_sub(SHOWN_AFTER));
        while let Some((_, event)) = self.shown.pop_front_if(|shown| shown.0 < now) {
            output.push(event);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(detail: u16) -> Event {
        Event { detail, ..Event::default() }
    }

    #[test]
    fn queues_are_served_by_priority_one_a_cycle() {
        let mut events = Events::default();
        for (queue, detail) in
            [(Queue::Verdict, 4), (Queue::Order, 3), (Queue::Command, 2), (Queue::Channel, 1)]
        {
            assert!(events.push(queue, 11, event(detail)));
        }
        let mut output = Vec::new();
        events.drain(12, &mut output);
        assert!(output.is_empty(), "served in 11, shown in 12");
        events.drain(14, &mut output);
        events.drain(100, &mut output);
        let seen: Vec<_> = output.iter().map(|e| (e.sequence, e.detail)).collect();
        assert_eq!(seen, [(1, 1), (2, 2), (3, 3), (4, 4)]);
    }

    #[test]
    fn the_seventeenth_waiting_event_is_lost() {
        let mut events = Events::default();
        // Commands keep the arbiter busy from cycle 10 on, so that no verdict is served.
        for cycle in 10..30 {
            assert!(events.push(Queue::Command, cycle, event(0)));
            assert_eq!(events.push(Queue::Verdict, cycle, event(1)), cycle < 26, "cycle {cycle}");
        }
    }

    #[test]
    fn a_queue_is_full_also_in_the_cycle_that_serves_one_of_its_events() {
        let mut events = Events::default();
        for _ in 0..QUEUE_EVENTS {
            assert!(events.push(Queue::Order, 10, event(0)));
        }
        assert!(!events.push(Queue::Order, 11, event(1)), "pushed in 10, as the first is served");
        assert!(events.push(Queue::Order, 12, event(2)), "pushed in 11: 15 are left");
        assert!(!events.push(Queue::Order, 12, event(3)));
    }
}
