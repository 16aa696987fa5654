//! Round trips of a 64-byte record between two pinned processes: a bare cache line (the floor), the ring, rtrb (two
//! threads, since it knows no processes) and iceoryx2; all in turns in the same run, so that the ratios hold on a busy machine.
//!
//! In: two cores and `/dev/shm`. Out: a table in nanoseconds of this machine's clock, with ratios to the floor.
//! Why the waits yield after a while: where both ends get one core, a wait that only spins takes its whole slice.
mod ends;

use anyhow::{Context, ensure};
use ends::{Bare, End, Ice, Ring, echo};
use riposte_ring::{PAYLOAD_WORDS, Shared};
use rustix::thread::{CpuSet, sched_setaffinity};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

const TURNS: usize = 5;
const WARM_UP: usize = 20_000;
const SAMPLES: usize = 200_000;
const THROUGHPUT: u64 = 4_000_000;
/// Words of the file that two processes share.
pub const FILE_WORDS: usize = 1 << 15;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => compare(),
        ["echo", "bare", file] => echo(&mut Bare::new(map(file.as_ref())?, true)),
        ["echo", "ring", file] => echo(&mut Ring::new(map(file.as_ref())?, true)?),
        ["echo", "iceoryx2", name] => echo(&mut Ice::new(name, true)?),
        _ => anyhow::bail!("this takes no arguments"),
    }
}

fn map(path: &Path) -> anyhow::Result<Shared> {
    pin(1)?;
    let file = File::options().read(true).write(true).open(path)?;
    Shared::map(&file).context("the file cannot be mapped")
}

pub fn pin(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("core {core} cannot be had"))
}

/// A file in shared memory that goes with this value, and the process at the other end.
struct Peer {
    child: Child,
    path: PathBuf,
}

impl Peer {
    fn start(kind: &str) -> anyhow::Result<(Peer, Option<Shared>)> {
        let path = PathBuf::from(format!("/dev/shm/riposte-bench-{}-{kind}", std::process::id()));
        let file = File::options().read(true).write(true).create_new(true).open(&path)?;
        file.set_len(FILE_WORDS as u64 * 8)?;
        let child = Command::new(std::env::current_exe()?).args(["echo", kind]).arg(&path).spawn()?;
        Ok((Peer { child, path }, Some(Shared::map(&file)?)))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.path);
    }
}

fn compare() -> anyhow::Result<()> {
    ensure!(std::thread::available_parallelism()?.get() >= 2, "two cores are needed");
    pin(0)?;
    let (_bare, memory) = Peer::start("bare")?;
    let mut bare = Bare::new(memory.context("mapped")?, false);
    let (_ring, memory) = Peer::start("ring")?;
    let mut ring = Ring::new(memory.context("mapped")?, false)?;
    let (mut threads, _echo) = ends::threads()?;
    let (ice_peer, _) = Peer::start("iceoryx2")?;
    let mut ice = Ice::new(ice_peer.path.to_str().context("a name")?, false)?;
    let names = ["bare cache line", "riposte-ring", "rtrb (threads)", "iceoryx2"];
    let mut samples: [Vec<u32>; 4] = Default::default();
    for _ in 0..TURNS {
        turn(&mut bare, &mut samples[0])?;
        turn(&mut ring, &mut samples[1])?;
        turn(&mut threads, &mut samples[2])?;
        turn(&mut ice, &mut samples[3])?;
    }
    println!("round trip of a 64-byte record, cores 0 and 1, {TURNS} turns of {SAMPLES} each, nanoseconds");
    println!("{:16} {:>7} {:>7} {:>7} {:>7} {:>16}", "", "min", "p50", "p99", "p99.9", "p50 to the floor");
    samples.iter_mut().for_each(|one| one.sort_unstable());
    let at = |one: &[u32], thousandths: usize| one[(one.len() - 1) * thousandths / 1000];
    let floor = at(&samples[0], 500);
    for (name, one) in names.iter().zip(&samples) {
        let [min, median, p99, p999] = [0, 500, 990, 999].map(|thousandths| at(one, thousandths));
        let hundredths = u64::from(median) * 100 / u64::from(floor);
        println!("{name:16} {min:>7} {median:>7} {p99:>7} {p999:>7} {:>13}.{:02}", hundredths / 100, hundredths % 100);
    }
    let (mut ours, mut rtrb) = (0, 0);
    for _ in 0..TURNS {
        ours = ours.max(ends::ring_throughput(THROUGHPUT)?);
        rtrb = rtrb.max(ends::rtrb_throughput(THROUGHPUT)?);
    }
    println!("one way, the best of {TURNS} times {THROUGHPUT} records between two threads, millions a second: riposte-ring {ours}, rtrb {rtrb}");
    Ok(())
}

/// Some round trips, each timed.
fn turn(end: &mut impl End, samples: &mut Vec<u32>) -> anyhow::Result<()> {
    samples.reserve(SAMPLES);
    for number in 0..WARM_UP + SAMPLES {
        let start = Instant::now();
        end.send(&[number as u64; PAYLOAD_WORDS])?;
        let back = end.wait()?;
        let took_ns = start.elapsed().as_nanos();
        ensure!(back == [number as u64; PAYLOAD_WORDS], "what comes back is what was sent");
        if number >= WARM_UP {
            samples.push(u32::try_from(took_ns).unwrap_or(u32::MAX));
        }
    }
    Ok(())
}
