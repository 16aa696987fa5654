//! The control socket: who speaks on it is the user that the kernel names.
//!
//! Holds: only people of the desk are heard, a bounded number of connections at a time.
use super::conversation::{Hall, refuse};
use super::listening::listen;
use crate::bounded::Bounded;
use anyhow::Context;
use rustix::net::sockopt::socket_peercred;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const CONNECTIONS: usize = 16;
/// For somebody who is told that there is no place.
const FULL: Duration = Duration::from_secs(1);

/// A bound socket; its file goes when it is dropped.
pub struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Binds `path` and begins to listen. What is left of a host that was killed is replaced: the journal's lock says that
/// there is none.
pub fn open(path: &Path, hall: Arc<Hall>) -> anyhow::Result<Socket> {
    let what = || format!("{}: no control socket can be here", path.display());
    if std::fs::symlink_metadata(path).is_ok() {
        anyhow::ensure!(UnixStream::connect(path).is_err(), "{}: somebody listens here; name another `control`", path.display());
        std::fs::remove_file(path).with_context(what)?;
    }
    let own = rustix::process::geteuid().as_raw();
    // Bound under a name that nobody knows, so that its rights are right before anybody can connect.
    let unready = path.with_extension("unready");
    let _ = std::fs::remove_file(&unready);
    let listener = UnixListener::bind(&unready).with_context(what)?;
    // Other users can only be heard if they can connect; each is asked for by the kernel's word.
    let mode = if hall.people().iter().all(|person| person.uid.is_none_or(|uid| uid == own)) { 0o600 } else { 0o666 };
    std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(mode)).with_context(what)?;
    std::fs::rename(&unready, path).with_context(what)?;
    let told = Arc::clone(&hall);
    let full = move |stream| {
        told.count("busy", || format!("{CONNECTIONS} connections of this machine are open already"));
        refuse(&mut Bounded::new(stream, FULL), format!("{CONNECTIONS} connections are open already"));
    };
    let accept = move || listener.accept().map(|(stream, _)| stream);
    listen("control", CONNECTIONS, accept, move |stream, _guest| serve(stream, &hall), full)?;
    Ok(Socket(path.to_owned()))
}

/// One connection, to its end.
fn serve(stream: UnixStream, hall: &Hall) {
    let Ok(peer) = socket_peercred(&stream) else { return };
    let mut stream = Bounded::new(stream, FULL);
    let uid = peer.uid.as_raw();
    match hall.people().iter().position(|person| person.uid == Some(uid)) {
        Some(at) => hall.converse(&mut stream, at, &format!("as user {uid} of this machine")),
        None => {
            hall.count("stranger", || format!("user {uid} is nobody of this desk"));
            refuse(&mut stream, format!("user {uid} is nobody of this desk: a [[person]] with this uid is needed"));
        }
    }
}
