//! What carries a session's bytes: the kernel's TCP here, the card's own wire in `card_line`.
use crate::card_line::Wire;
use crate::client::{Client, Close};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

const READ_BYTES: usize = 16 * 1024;
/// How long the venue has for the last bytes of a connection that ends in order.
const FLUSH: Duration = Duration::from_millis(200);

/// One connection after another.
pub(crate) trait Line: Send {
    /// Begins a connection. False if there is nothing to begin it on.
    fn open(&mut self, now_ns: u64) -> Result<bool, Close>;

    /// Whether the connection that was begun is there.
    fn is_open(&mut self, now_ns: u64) -> Result<bool, Close>;

    /// Moves bytes both ways, as many as can be now; whether there were any. An error once the connection is over and all of it read.
    fn exchange(&mut self, now_ns: u64, client: &mut Client) -> Result<bool, Close>;

    /// Ends the connection, behind these bytes if it is ours to say them.
    fn close(&mut self, output: &[u8], clock: &dyn Fn() -> u64);

    /// The card has sent an order itself, or has sent so many and sends no more.
    fn heard(&mut self, _now_ns: u64, _sequence: u32, _order: &[u8]) {}

    fn reclaimed(&mut self, _orders: u32) {}

    /// The host leaves: from now on it lends the connection to nobody. Whether nobody has it.
    fn leave(&mut self) -> bool {
        true
    }

    /// There is a card's wire, or none any more.
    fn plug(&mut self, _wire: Option<Box<dyn Wire>>) {}
}

/// A connection of the kernel's.
pub(crate) struct KernelLine {
    address: SocketAddr,
    connect: Duration,
    socket: Option<TcpStream>,
}

impl KernelLine {
    pub fn new(address: SocketAddr, connect: Duration) -> KernelLine {
        KernelLine { address, connect, socket: None }
    }
}

impl Line for KernelLine {
    fn open(&mut self, _: u64) -> Result<bool, Close> {
        let ready = TcpStream::connect_timeout(&self.address, self.connect).and_then(|socket| {
            socket.set_nodelay(true)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        self.socket = Some(ready.map_err(|error| Close::Unreachable(error.to_string()))?);
        Ok(true)
    }

    fn is_open(&mut self, _: u64) -> Result<bool, Close> {
        Ok(true)
    }

    fn exchange(&mut self, now_ns: u64, client: &mut Client) -> Result<bool, Close> {
        let Some(socket) = &mut self.socket else { return Ok(false) };
        let mut any = false;
        while !client.output().is_empty() {
            match socket.write(client.output()) {
                Ok(count) => {
                    client.written(count);
                    any = true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => {
                    // What the venue has said before is still to be read; the read tells why it ended.
                    let rest = client.output().len();
                    client.written(rest);
                }
            }
        }
        let mut bytes = [0; READ_BYTES];
        let room = client.room().min(READ_BYTES);
        if room == 0 {
            return Ok(any);
        }
        match socket.read(&mut bytes[..room]) {
            Ok(0) => Err(Close::Peer),
            Ok(count) => {
                client.receive(now_ns, &bytes[..count]);
                Ok(true)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Ok(any),
            Err(error) => Err(Close::Broken(error.to_string())),
        }
    }

    fn close(&mut self, output: &[u8], _: &dyn Fn() -> u64) {
        let Some(mut socket) = self.socket.take() else { return };
        if !output.is_empty() {
            let _ = socket.set_nonblocking(false);
            let _ = socket.set_write_timeout(Some(FLUSH));
            let _ = socket.write_all(output);
        }
        let _ = socket.shutdown(std::net::Shutdown::Both);
    }
}
