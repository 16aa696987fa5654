//! A BPF filter before a port: the card sees what it lets through. In the language of `pcap-filter(7)`, compiled by libpcap.
use super::{Port, Received};
use anyhow::Context;
use pcap::{BpfProgram, Capture, Linktype};
use riposte_device::Transmitted;

/// So many frames are passed over before the card is looked after again.
const PASSED_OVER_MAX: u32 = 1 << 16;

pub struct Filtered {
    port: Box<dyn Port>,
    program: BpfProgram,
}

impl Filtered {
    pub fn new(port: Box<dyn Port>, filter: &str) -> anyhow::Result<Filtered> {
        let program = Capture::dead(Linktype::ETHERNET).and_then(|capture| capture.compile(filter, true));
        Ok(Filtered { port, program: program.with_context(|| no_filter(filter))? })
    }
}

/// What a filter that libpcap does not understand is told.
pub fn no_filter(filter: &str) -> String {
    format!("--filter: {filter:?} is no filter of pcap-filter(7), such as 'udp dst port 26477'")
}

impl Port for Filtered {
    fn receive(&mut self, now_ns: u64) -> anyhow::Result<Received> {
        for _ in 0..PASSED_OVER_MAX {
            match self.port.receive(now_ns)? {
                Received::Frame(record) | Received::FrameB(record) if !self.program.filter(&record.bytes) => {}
                received => return Ok(received),
            }
        }
        Ok(Received::Nothing)
    }

    fn transmit(&mut self, frame: &Transmitted) -> anyhow::Result<()> {
        self.port.transmit(frame)
    }

    fn lost(&mut self) -> anyhow::Result<u64> {
        self.port.lost()
    }
}
