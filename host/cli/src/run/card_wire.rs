//! The joined card's wire, for the order session's thread.
use riposte_device::link::{Exceptions, PublishError};
use riposte_session::{WIRE_BYTES_MAX, Wire};

pub struct CardWire(pub Exceptions);

impl Wire for CardWire {
    fn receive(&mut self, into: &mut [u8; WIRE_BYTES_MAX]) -> Result<usize, String> {
        let Some(frame) = self.0.frame().map_err(|error| error.to_string())? else { return Ok(0) };
        let bytes = frame.bytes.len().min(into.len());
        into[..bytes].copy_from_slice(&frame.bytes[..bytes]);
        self.0.release();
        Ok(bytes)
    }

    fn send(&mut self, frame: &[u8]) -> Result<bool, String> {
        match self.0.send(frame) {
            Ok(()) => Ok(true),
            Err(PublishError::Full) => Ok(false),
            Err(error) => Err(error.to_string()),
        }
    }
}
