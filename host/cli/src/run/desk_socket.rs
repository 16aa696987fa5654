//! The control socket's side of the host: who is there, what they say, and their answers.
//!
//! Holds: who speaks is the user that the kernel names for the socket, and only people of the desk are heard. A bounded
//! number of connections, each with a line at a time and a limit on waiting; the engine's thread knows nothing of them.
use super::voice::Voice;
use anyhow::Context;
use riposte_control::{Answer, LINE_BYTES_MAX, Lines, Request, line};
use riposte_desk::Person;
use rustix::net::sockopt::socket_peercred;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

const CONNECTIONS: usize = 16;
/// Requests that wait for the host.
const REQUESTS: usize = 64;
/// For a line, and for the host's answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request that may be made, and where its answer goes.
pub struct Call {
    pub request: Request,
    /// Number of the person, from 1.
    pub by: u16,
    pub answer: SyncSender<Answer>,
}

/// A bound socket; its file goes when it is dropped.
pub struct Socket {
    path: PathBuf,
    pub calls: Receiver<Call>,
    /// For others who ask: the metrics.
    pub caller: SyncSender<Call>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Binds `path` and begins to listen. What is left of a host that was killed is replaced: the journal's lock says that
/// there is none.
pub fn open(path: &Path, people: Vec<Person>, voice: Voice) -> anyhow::Result<Socket> {
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
    let mode = if people.iter().all(|person| person.uid == own) { 0o600 } else { 0o666 };
    std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(mode)).with_context(what)?;
    std::fs::rename(&unready, path).with_context(what)?;
    let (sender, calls) = sync_channel(REQUESTS);
    let caller = sender.clone();
    let people = Arc::new(people);
    let connections = Arc::new(AtomicUsize::new(0));
    std::thread::Builder::new().name("control".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            if connections.fetch_add(1, Relaxed) >= CONNECTIONS {
                connections.fetch_sub(1, Relaxed);
                refuse(stream, format!("{CONNECTIONS} connections are open already"));
                continue;
            }
            let (people, sender, open, voice) = (people.clone(), sender.clone(), connections.clone(), voice.clone());
            let serve = move || {
                serve(stream, &people, &sender, &voice);
                open.fetch_sub(1, Relaxed);
            };
            if std::thread::Builder::new().name("control".to_owned()).spawn(serve).is_err() {
                connections.fetch_sub(1, Relaxed);
            }
        }
    })?;
    Ok(Socket { path: path.to_owned(), calls, caller })
}

fn refuse(mut stream: UnixStream, why: String) {
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let _ = stream.write_all(&line(&Answer::Refused { why }));
}

/// One connection, to its end.
fn serve(mut stream: UnixStream, people: &[Person], calls: &SyncSender<Call>, voice: &Voice) {
    let _ = stream.set_read_timeout(Some(PATIENCE)).and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    let Ok(peer) = socket_peercred(&stream) else { return };
    let uid = peer.uid.as_raw();
    let Some(at) = people.iter().position(|person| person.uid == uid) else {
        voice.warn("control-stranger", format!("control: user {uid} is nobody of this desk"));
        return refuse(stream, format!("user {uid} is nobody of this desk: a [[person]] with this uid is needed"));
    };
    let (person, by) = (&people[at], at as u16 + 1);
    let (mut lines, mut bytes) = (Lines::default(), [0; 4096]);
    loop {
        let answer = match lines.take::<Request>() {
            Ok(None) => match stream.read(&mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(count) => {
                    lines.push(&bytes[..count]);
                    continue;
                }
            },
            Err(error) => return refuse(stream, error.to_string()),
            Ok(Some(request)) => ask(request, person, by, calls),
        };
        let mut bytes = line(&answer);
        if bytes.len() > LINE_BYTES_MAX {
            let why = format!("the answer has {} bytes, and a line at most {LINE_BYTES_MAX}", bytes.len());
            bytes = line(&Answer::Refused { why });
        }
        if stream.write_all(&bytes).is_err() {
            return;
        }
    }
}

fn ask(request: Request, person: &Person, by: u16, calls: &SyncSender<Call>) -> Answer {
    if person.role < request.role() {
        let (name, role, needed) = (&person.name, person.role.text(), request.role().text());
        return Answer::Refused { why: format!("{name} is {role}; this needs the role {needed}") };
    }
    let (answer, answered) = sync_channel(1);
    if calls.try_send(Call { request, by, answer }).is_err() {
        return Answer::Refused { why: "the host is busy or ends; try again".to_owned() };
    }
    let why = "no answer yet: it is not known whether this was done; ask for the status".to_owned();
    answered.recv_timeout(PATIENCE).unwrap_or(Answer::Refused { why })
}
