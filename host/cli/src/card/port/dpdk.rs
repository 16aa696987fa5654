//! `dpdk:ARGS`: a device of DPDK as the card's wire, both ways, in a process of its own (`riposte-dpdk-port`), so that this one does
//! not link DPDK.
//!
//! Holds: a frame has left when this says so: the device has taken it. A port whose process ends takes its card with it, since
//! nothing can come or leave any more; the process ends with the card, however that ends.
use super::{Port, Received};
use anyhow::{Context, bail, ensure};
use riposte_capture::Record;
use riposte_device::wire::{CardSide, PortState, WireSizes};
use riposte_device::{TakenFrame, Transmitted, pause};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PROGRAM: &str = "riposte-dpdk-port";
/// DPDK may have to clear all of its memory first.
const START_PATIENCE: Duration = Duration::from_secs(120);
/// Longer than the port's own patience with its device, which then tells why.
const SEND_PATIENCE: Duration = Duration::from_secs(5);
const END_PATIENCE: Duration = Duration::from_secs(10);

pub struct DpdkPort {
    side: CardSide,
    process: Child,
}

impl DpdkPort {
    /// Starts the program with DPDK's own arguments, and waits until it has opened its device.
    pub fn open(arguments: &str) -> anyhow::Result<DpdkPort> {
        DpdkPort::start(&program(), arguments)
    }

    pub fn start(program: &Path, arguments: &str) -> anyhow::Result<DpdkPort> {
        let (side, region) = CardSide::make(WireSizes::default()).context("dpdk")?;
        let command = Command::new(program).args(arguments.split_whitespace()).stdin(region).stdout(Stdio::null()).spawn();
        let process = match command {
            Ok(process) => process,
            Err(error) if error.kind() == ErrorKind::NotFound => bail!(
                "dpdk: the program {PROGRAM} is neither beside this one nor in the search path; `make dpdk` builds it, and needs libdpdk-dev"
            ),
            Err(error) => return Err(error).with_context(|| format!("dpdk: {} cannot be started", program.display())),
        };
        let mut port = DpdkPort { side, process };
        let start = Instant::now();
        while port.side.state() == PortState::Opening {
            port.check()?;
            ensure!(start.elapsed() < START_PATIENCE, "dpdk: the port has not come in {} s", START_PATIENCE.as_secs());
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(port)
    }

    /// Fails if the port's process has ended.
    fn check(&mut self) -> anyhow::Result<()> {
        match self.process.try_wait().context("dpdk: the port cannot be looked after")? {
            Some(status) => bail!("dpdk: the port has ended ({status}); it has said why"),
            None => Ok(()),
        }
    }
}

/// Beside this program, else wherever the system finds it.
fn program() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name(PROGRAM));
    beside.filter(|program| program.exists()).unwrap_or_else(|| PROGRAM.into())
}

impl Port for DpdkPort {
    fn receive(&mut self, _: u64) -> anyhow::Result<Received> {
        let Some(frame) = self.side.receive().context("dpdk: the port's ring")? else { return Ok(Received::Nothing) };
        let record = Record { time_ns: frame.time_ns, original_length: frame.bytes.len() as u32, bytes: frame.bytes.to_vec() };
        self.side.release();
        Ok(Received::Frame(record))
    }

    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        let Transmitted { cycle, time_ns, ref bytes } = *frame;
        self.side.send(&TakenFrame { cycle, time_ns, bytes }).context("dpdk: a frame cannot leave")?;
        let (start, mut waits) = (Instant::now(), 0);
        while !self.side.has_left() {
            pause(waits);
            waits += 1;
            // Not in every round: looking is a call of the system.
            if waits % 1024 == 0 {
                self.check()?;
                ensure!(start.elapsed() < SEND_PATIENCE, "dpdk: a frame has not left in {} s", SEND_PATIENCE.as_secs());
            }
        }
        Ok(())
    }

    fn lost(&mut self) -> anyhow::Result<u64> {
        self.check()?;
        Ok(self.side.counts().lost())
    }
}

impl Drop for DpdkPort {
    fn drop(&mut self) {
        self.side.close();
        let start = Instant::now();
        while start.elapsed() < END_PATIENCE {
            if !matches!(self.process.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
