//! The engine's thread on its processor: pinned, in memory, first in line; what is not allowed is said, not fatal.
use nix::sys::signal::{SigSet, Signal};
use riposte_desk::Host;
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::thread::{CpuSet, sched_setaffinity};
use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use thread_priority::{ThreadPriority, ThreadPriorityValue};

/// Above ordinary work, below the kernel's own threads.
const PRIORITY: u8 = 10;

/// Takes the place that the desk asks for, for the calling thread; gives what was refused, for a person.
pub fn take(host: &Host) -> Vec<String> {
    let mut refused = Vec::new();
    // Others hear what the process is told: a signal here would be a pause in trading, and a system call at its end.
    let told: SigSet = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2].into_iter().collect();
    if let Err(error) = told.thread_block() {
        refused.push(format!("signals cannot be kept away ({error}): one may make the engine pause"));
    }
    if let Some(core) = host.core {
        let mut set = CpuSet::new();
        set.set(core as usize);
        if let Err(error) = sched_setaffinity(None, &set) {
            refused.push(format!("core {core} cannot be had ({error}): the engine shares its processor"));
        }
        // What is mapped now, and what comes: a page fault on this thread would be a pause in trading.
        if let Err(error) = mlockall(MlockAllFlags::CURRENT | MlockAllFlags::FUTURE) {
            refused.push(format!("memory cannot be locked ({error}; raise `ulimit -l`): pages may be swapped out"));
        }
    }
    if host.realtime {
        let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
        let value = ThreadPriorityValue::try_from(PRIORITY).map(ThreadPriority::Crossplatform);
        let taken = value.map_err(|error| error.to_string()).and_then(|priority| {
            set_thread_priority_and_policy(thread_native_id(), priority, policy).map_err(|error| format!("{error:?}"))
        });
        if let Err(error) = taken {
            refused.push(format!("real-time priority is refused ({error}; it needs CAP_SYS_NICE): others may go first"));
        }
    }
    refused
}
