//! A started device: frames in, frames out, what it counts.
use crate::shim::{
    BURST as RAW_BURST, Handle, RawCounts, RawFrame, riposte_dpdk_close, riposte_dpdk_counts, riposte_dpdk_open, riposte_dpdk_receive,
    riposte_dpdk_transmit,
};
use crate::{Device, Environment, Error, checked};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::slice;

/// Frames that one receive gives at most.
pub const BURST: usize = RAW_BURST;
const EAGAIN: i32 = 11;

/// A frame that has come, in the device's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Of a frame in pieces, the first.
    pub bytes: &'a [u8],
    pub is_whole: bool,
}

/// What a device has counted since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that found no room, or no memory.
    pub missed: u64,
    /// Frames that were bad.
    pub bad: u64,
    /// Frames that it took and did not send.
    pub unsent: u64,
}

/// Why a frame did not leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsent {
    /// The device has no room now.
    Full,
    /// It is longer than a frame can be.
    TooLong,
}

/// A started device. Dropping it stops it.
pub struct Port<'e> {
    handle: NonNull<Handle>,
    _environment: PhantomData<&'e Environment>,
}

impl<'e> Port<'e> {
    pub(crate) fn open(device: &Device) -> Result<Port<'e>, Error> {
        let mut number = 0;
        // SAFETY: DPDK is started, since who calls this borrows an environment for 'e; `number` is ours to write. A number of no
        // device is refused.
        let handle = unsafe { riposte_dpdk_open(device.number, &mut number) };
        checked(number, || format!("{}: cannot be opened", device.name))?;
        let handle = NonNull::new(handle).expect("a handle or an error");
        Ok(Port { handle, _environment: PhantomData })
    }

    /// Gives every frame that has come, at most [`BURST`], to `each`; how many there were.
    pub fn receive(&mut self, mut each: impl FnMut(Frame)) -> usize {
        let mut frames = [RawFrame { bytes: std::ptr::null(), length: 0, whole_length: 0 }; BURST];
        // SAFETY: the handle is open until `self` is dropped and in use by this call alone (`&mut`); `frames` has room for as many
        // frames as the shim writes at most. Frames of the call before are freed by it, and nobody can have kept one: `each` gets
        // it for no longer than it runs.
        let count = unsafe { riposte_dpdk_receive(self.handle.as_ptr(), frames.as_mut_ptr()) } as usize;
        for frame in &frames[..count] {
            // SAFETY: the shim has told that many bytes at a pointer that is never null, in a buffer that it holds, and nobody writes,
            // until the next receive, which needs `&mut self`, or until the port is closed.
            let bytes = unsafe { slice::from_raw_parts(frame.bytes, frame.length as usize) };
            each(Frame { bytes, is_whole: frame.length == frame.whole_length });
        }
        count
    }

    /// Gives the device a copy of a frame to send.
    pub fn transmit(&mut self, bytes: &[u8]) -> Result<(), Unsent> {
        let length = u16::try_from(bytes.len()).map_err(|_| Unsent::TooLong)?;
        // SAFETY: the handle is open and in use by this call alone; `bytes` has `length` bytes, which are read during the call only.
        match unsafe { riposte_dpdk_transmit(self.handle.as_ptr(), bytes.as_ptr(), length) } {
            0 => Ok(()),
            EAGAIN => Err(Unsent::Full),
            _ => Err(Unsent::TooLong),
        }
    }

    pub fn counts(&mut self) -> Result<Counts, Error> {
        let mut counts = RawCounts::default();
        // SAFETY: the handle is open and in use by this call alone; `counts` is ours to write and laid out as in the shim.
        let number = unsafe { riposte_dpdk_counts(self.handle.as_ptr(), &mut counts) };
        checked(number, || "the device does not tell what it has counted".to_owned())?;
        let RawCounts { missed, bad, unsent } = counts;
        Ok(Counts { missed, bad, unsent })
    }
}

impl Drop for Port<'_> {
    fn drop(&mut self) {
        // SAFETY: the handle is open, and this is its last use.
        unsafe { riposte_dpdk_close(self.handle.as_ptr()) };
    }
}
