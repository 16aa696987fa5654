//! `riposte-dpdk-port ARGS`: the one DPDK device that these arguments of DPDK leave, as the wire of the card whose process
//! started this one. `riposte card serve --port dpdk:ARGS` does.
//!
//! Holds: it lives as long as its card's process, and ends when that asks, dies or is killed; signals that a terminal or a service
//! manager sends to both are for the card alone, so that what it has sent still leaves.
#![forbid(unsafe_code)]

use anyhow::{Context, bail, ensure};
use dpdk_sys::{BURST, Device, Environment, Port, Unsent};
use riposte_device::pause;
use riposte_device::wire::{PortSide, PortState};
use riposte_dpdk_port::{Copier, DeviceCounts, Sent};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

const USAGE: &str = "this program is started by `riposte card serve --port dpdk:ARGS`, which gives it memory as its standard input";
/// Behind it, the number of a process.
const PREFIX: &str = "riposte-";
/// Between two looks at the card's process and the device's counts.
const LOOK: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("riposte-dpdk-port: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        // Nobody asks the flag.
        signal_hook::flag::register(signal, Arc::default()).context("signals cannot be handled")?;
    }
    let file = File::from(std::io::stdin().as_fd().try_clone_to_owned().context(USAGE)?);
    let side = PortSide::join(&file).context(USAGE)?;
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // One process a prefix; several cards may be on a machine.
    let has_prefix = arguments.iter().any(|one| one.starts_with("--file-prefix") || one.starts_with("--in-memory"));
    if !has_prefix {
        arguments.push(format!("--file-prefix={PREFIX}{}", std::process::id()));
    }
    let environment = Environment::start(arguments.iter().map(String::as_str))?;
    let folder = environment.runtime_folder();
    remove_left(&folder);
    let result = serve(&environment, side);
    drop(environment);
    if !has_prefix {
        // Named for one process, so nobody else will use it.
        let _ = std::fs::remove_dir_all(folder);
    }
    result
}

/// Removes what ports left beside `folder` that were killed: memory of the machine, which nobody else would free.
fn remove_left(folder: &Path) {
    for entry in folder.parent().and_then(|parent| parent.read_dir().ok()).into_iter().flatten().flatten() {
        let process = entry.file_name().to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// The one device that the arguments leave.
fn chosen(environment: &Environment) -> anyhow::Result<Device> {
    let mut devices = environment.devices();
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    ensure!(
        !names.is_empty(),
        "these arguments leave no device, or none that works (then it is said above): `dpdk-devbind.py --status` lists those of the machine, `-a PLACE` takes one, `--vdev=NAME` \
         makes a virtual one"
    );
    ensure!(names.len() == 1, "these arguments leave {} devices ({}), and a card has one wire: take one with `-a`", names.len(), names.join(", "));
    Ok(devices.remove(0))
}

fn serve(environment: &Environment, side: PortSide) -> anyhow::Result<()> {
    let device = chosen(environment)?;
    let card_process = side.card_process();
    let port = environment.open(&device).context("the device")?;
    eprintln!("riposte-dpdk-port: {}", device.name);
    let mut copier = Copier::new(Opened(port), side);
    copier.side().tell(PortState::Open);
    let (mut waits, mut looked) = (0, Instant::now());
    loop {
        // Asked before the turn: what was sent before it wanted the end is in the ring.
        let is_closing = copier.side().is_closing();
        waits = if copier.turn()? { 0 } else { waits + 1 };
        if looked.elapsed() >= LOOK || is_closing {
            looked = Instant::now();
            copier.count()?;
            let parent = rustix::process::getppid().map_or(0, |parent| parent.as_raw_nonzero().get());
            if parent as u32 != card_process {
                bail!("the card's process {card_process} is gone");
            }
        }
        if is_closing {
            break;
        }
        pause(waits);
    }
    copier.side().tell(PortState::Closed);
    Ok(())
}

/// A device of DPDK.
struct Opened<'e>(Port<'e>);

impl riposte_dpdk_port::Device for Opened<'_> {
    const BURST: u64 = BURST as u64;

    fn receive(&mut self, mut each: impl FnMut(&[u8], bool)) -> usize {
        self.0.receive(|frame| each(frame.bytes, frame.is_whole))
    }

    fn transmit(&mut self, bytes: &[u8]) -> Sent {
        match self.0.transmit(bytes) {
            Ok(()) => Sent::Taken,
            Err(Unsent::Full) => Sent::Full,
            Err(Unsent::TooLong) => Sent::TooLong,
        }
    }

    fn counts(&mut self) -> anyhow::Result<DeviceCounts> {
        let dpdk_sys::Counts { missed, bad, unsent } = self.0.counts()?;
        Ok(DeviceCounts { missed, bad, unsent })
    }
}
