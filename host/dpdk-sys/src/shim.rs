//! The functions of `shim.c`, and the structures that both sides know.
use std::ffi::{c_char, c_int, c_uint};

/// As `BURST` in `shim.c`.
pub const BURST: usize = 32;
/// As `NAME_BYTES` in `shim.c`.
pub const NAME_BYTES: usize = 64;

/// A started device; only C knows what is in it.
#[repr(C)]
pub struct Handle {
    _opaque: [u8; 0],
}

/// Bytes that stay where they are until the next receive on the same device.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct RawFrame {
    pub bytes: *const u8,
    pub length: u32,
    pub whole_length: u32,
}

#[repr(C)]
#[derive(Default)]
pub struct RawCounts {
    pub missed: u64,
    pub bad: u64,
    pub unsent: u64,
}

unsafe extern "C" {
    pub fn riposte_dpdk_init(argc: c_int, argv: *mut *mut c_char) -> c_int;
    pub fn riposte_dpdk_cleanup();
    pub fn riposte_dpdk_runtime_folder() -> *const c_char;
    pub fn riposte_dpdk_device(at: c_uint, number: *mut u16, name: *mut c_char) -> c_uint;
    pub fn riposte_dpdk_open(number: u16, error: *mut c_int) -> *mut Handle;
    pub fn riposte_dpdk_receive(port: *mut Handle, frames: *mut RawFrame) -> c_uint;
    pub fn riposte_dpdk_transmit(port: *mut Handle, bytes: *const u8, length: u16) -> c_int;
    pub fn riposte_dpdk_counts(port: *mut Handle, counts: *mut RawCounts) -> c_int;
    pub fn riposte_dpdk_close(port: *mut Handle);
}
