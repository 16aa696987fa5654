//! Events of the channel that no frame brings, in rust-hdl's simulation: a sound card never breaks, so no traffic of a whole card
//! brings them together. Oracle: the order of rank in hdl/README.md.
use riposte_blocks::channel::Channel;
use riposte_map::reason::Reason;
use rust_hdl::prelude::*;

struct Simulation(Box<Channel>);

/// What a cycle shows.
#[derive(Clone, Copy, Default)]
struct Shown {
    system: bool,
    quiet: bool,
    broken: bool,
    silence: bool,
    cleared: bool,
}

impl Simulation {
    fn new() -> Simulation {
        let mut channel = Box::new(Channel::default());
        channel.connect_all();
        let mut one = Simulation(channel);
        one.0.reset.next = true;
        one.cycle(Shown::default());
        one.0.reset.next = false;
        one
    }

    /// The reason that is told in this cycle; a system event's is none.
    fn cycle(&mut self, shown: Shown) -> Option<Reason> {
        let channel = self.0.as_mut();
        channel.clock.next = false.into();
        (channel.system.next, channel.broken.next) = (shown.system, shown.broken);
        channel.quiet.next = shown.quiet;
        (channel.silence.next, channel.cleared.next) = (shown.silence, shown.cleared);
        assert!(simulate(channel, 100));
        assert_eq!(channel.invalidate.val(), shown.quiet, "books are wrong only where the feed is silent");
        let told = channel.noted.val().then(|| channel.note.val().reason.index() as u8);
        channel.clock.next = true.into();
        assert!(simulate(channel, 100));
        told.map(|code| Reason::from_code(code).expect("a reason"))
    }
}

#[test]
fn what_comes_together_or_while_another_waits_is_told_once_each_by_rank() {
    let system = Shown { system: true, ..Shown::default() };
    let all = Shown { system: true, quiet: true, broken: true, silence: true, cleared: true };
    let by_rank = [Reason::FeedSilent, Reason::WireParity, Reason::HostSilent, Reason::Cleared];
    let mut apart = [system; 4];
    (apart[0].quiet, apart[1].broken, apart[2].silence, apart[3].cleared) = (true, true, true, true);
    let mut turned = [system; 4];
    (turned[0].cleared, turned[1].silence, turned[2].broken, turned[3].quiet) = (true, true, true, true);
    for shown in [&[all][..], &[all, system], &apart, &turned] {
        let mut simulation = Simulation::new();
        let cycles = shown.iter().copied().chain([Shown::default(); 10]);
        let told: Vec<Reason> = cycles.filter_map(|shown| simulation.cycle(shown)).collect();
        let systems = std::iter::repeat_n(Reason::None, shown.len());
        assert!(told.iter().copied().eq(systems.chain(by_rank)), "{told:?}");
    }
}
