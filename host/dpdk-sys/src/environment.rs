//! DPDK's environment: one a process, with the devices that it has found.
use crate::shim::{NAME_BYTES, riposte_dpdk_cleanup, riposte_dpdk_device, riposte_dpdk_init, riposte_dpdk_runtime_folder};
use crate::{Error, Port, checked};
use std::ffi::{CStr, CString, OsStr, c_char, c_int};
use std::marker::PhantomData;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// DPDK can be started once in the life of a process.
static IS_STARTED: AtomicBool = AtomicBool::new(false);

/// A device that can be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    pub number: u16,
    /// A place on the bus, or the name of a virtual device.
    pub name: String,
}

/// DPDK, started. It belongs to the thread that started it, as do its ports.
pub struct Environment {
    _of_one_thread: PhantomData<*mut ()>,
}

impl Environment {
    /// Starts DPDK with its own arguments, without the program's name. What it has to say is on standard error.
    ///
    /// Fails if it was started before in this process, or does not like its arguments or the machine.
    pub fn start<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Result<Environment, Error> {
        let what = || "DPDK does not start (what it says is above)".to_owned();
        let of = |kind: std::io::ErrorKind| Error { what: what(), source: kind.into() };
        if IS_STARTED.swap(true, Ordering::Relaxed) {
            return Err(of(std::io::ErrorKind::AlreadyExists));
        }
        let arguments = ["riposte-dpdk-port"].into_iter().chain(arguments);
        let arguments: Vec<CString> =
            arguments.map(CString::new).collect::<Result<_, _>>().map_err(|_| of(std::io::ErrorKind::InvalidInput))?;
        // DPDK keeps some of them for as long as the process lives, and changes the order of the list.
        let mut list: Vec<*mut c_char> = arguments.into_iter().map(CString::into_raw).collect();
        let count = list.len() as c_int;
        list.push(std::ptr::null_mut());
        // SAFETY: `list` holds `count` strings that end with a zero, were allocated by this process, belong to nobody else and are
        // never freed, and behind them a null pointer, as `main` gets it; it outlives the call, behind which DPDK has no use for it.
        let number = unsafe { riposte_dpdk_init(count, list.as_mut_ptr()) };
        checked(number, what)?;
        Ok(Environment { _of_one_thread: PhantomData })
    }

    /// Devices that can be opened.
    pub fn devices(&self) -> Vec<Device> {
        let mut found = Vec::new();
        loop {
            let (mut number, mut name) = (0, [0; NAME_BYTES]);
            // SAFETY: DPDK is started (`self`); both point to what is ours, and `name` has as many bytes as the shim writes at most.
            let count = unsafe { riposte_dpdk_device(found.len() as u32, &mut number, name.as_mut_ptr()) };
            if found.len() >= count as usize {
                return found;
            }
            let bytes: Vec<u8> = name.iter().map(|&byte| byte as u8).take_while(|&byte| byte != 0).collect();
            found.push(Device { number, name: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }

    /// Starts a device with one queue each way.
    pub fn open(&self, device: &Device) -> Result<Port<'_>, Error> {
        Port::open(device)
    }

    /// Where DPDK keeps files of this process.
    pub fn runtime_folder(&self) -> PathBuf {
        // SAFETY: DPDK is started (`self`), so the string is there, ends with a zero and does not change any more.
        let folder = unsafe { CStr::from_ptr(riposte_dpdk_runtime_folder()) };
        OsStr::from_bytes(folder.to_bytes()).into()
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        // SAFETY: DPDK is started, and no port is open any more: each borrows `self`.
        unsafe { riposte_dpdk_cleanup() };
    }
}
