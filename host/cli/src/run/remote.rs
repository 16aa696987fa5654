//! Control from other machines, over mutual TLS: who speaks is named by the certificate.
//!
//! Holds: nobody is heard who does not show, and prove to have the key of, a certificate of the desk's authority that is valid
//! now, was not revoked by a list that still counts, and names exactly one person of the desk. Those who are not known yet have a bounded number of
//! places and a bounded time; each person has places of their own, so that nobody keeps another one out.
use super::conversation::{Hall, Talk, refuse};
use super::listening::{Guest, Room, listen};
use super::voice::time;
use crate::bounded::Bounded;
use crate::tls::{Content, Files, cause};
use anyhow::{Context, anyhow};
use riposte_desk::Remote;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Connections of whom nobody knows yet who they are.
const HANDSHAKES: usize = 16;
/// For each of them.
const HANDSHAKE: Duration = Duration::from_secs(5);
const CONNECTIONS_OF_A_PERSON: usize = 4;
/// For what is still on its way when a connection ends: what was said last would be lost with it.
const PARTING: Duration = Duration::from_secs(2);
/// Between two looks at the files while nobody comes: a list that runs out is told before somebody needs it.
const LOOK: Duration = Duration::from_secs(5);
/// First byte of a TLS connection: the record type of a handshake (RFC 8446, section 5.1).
const HANDSHAKE_RECORD: u8 = 22;

type Stream = StreamOwned<ServerConnection, Bounded<TcpStream>>;

impl Talk for Stream {
    fn allow(&mut self, time: Duration) {
        self.sock.allow(time);
    }
}

/// The files, as they were when they could last be used.
struct Credentials {
    files: Files,
    newest: Mutex<Newest>,
}

struct Newest {
    content: Content,
    config: Arc<ServerConfig>,
    /// What is wrong with the files since.
    problem: Option<String>,
    /// It was said that the revocation list is out of date.
    is_told: bool,
}

/// What forbids to serve it; a socket is not needed for that.
pub fn check(remote: &Remote) -> anyhow::Result<()> {
    let Credentials { files, newest } = Credentials::read(remote)?;
    let newest = newest.into_inner().unwrap_or_else(PoisonError::into_inner);
    outdated(&files, &newest.content, now_s())?.map_or(Ok(()), |why| Err(anyhow!("{why}")))
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Why nobody is let in, if the revocation list is out of date; the list of this second is, too.
fn outdated(files: &Files, content: &Content, now_s: u64) -> anyhow::Result<Option<String>> {
    let is_over = files.revoked_until_s(content)?.filter(|(until_s, _)| now_s >= *until_s);
    Ok(is_over.map(|(until_s, path)| {
        let since = time(until_s.saturating_mul(1_000_000_000));
        format!("{}: the revocation list is out of date since {since}; nobody is let in until there is a newer one", path.display())
    }))
}

fn files(remote: &Remote) -> Files {
    let Remote { certificate, key, authority, revoked, .. } = remote.clone();
    Files { authority, certificate, key, revoked }
}

impl Credentials {
    fn read(remote: &Remote) -> anyhow::Result<Credentials> {
        let files = files(remote);
        let content = files.read()?;
        let config = files.server(&content)?;
        files.revoked_until_s(&content)?;
        Ok(Credentials { files, newest: Mutex::new(Newest { content, config, problem: None, is_told: false }) })
    }

    /// As the files are now: certificates are renewed and revoked while the host runs. Files that cannot be used change nothing.
    fn newest(&self, hall: &Hall) -> Arc<ServerConfig> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let read = self.files.read().and_then(|content| {
            let config = if content == newest.content { None } else { Some(self.files.server(&content)?) };
            self.files.revoked_until_s(&content)?;
            Ok((content, config))
        });
        match read {
            Ok((_, None)) => newest.problem = None,
            Ok((content, Some(config))) => {
                *newest = Newest { content, config, problem: None, ..*newest };
                hall.voice().say("control-certificates", "control over TLS: the certificates were read anew");
            }
            Err(error) => {
                let problem = format!("{error:#}");
                if newest.problem.as_ref() != Some(&problem) {
                    hall.voice().warn("control-certificates", format!("control over TLS goes on with the files as they were: {problem}"));
                    newest.problem = Some(problem);
                }
            }
        }
        // Read without an error before.
        let outdated = outdated(&self.files, &newest.content, now_s()).ok().flatten();
        if let Some(why) = outdated.as_ref().filter(|_| !newest.is_told) {
            hall.voice().alarm("control-revocation", format!("control over TLS: {why}; people of this machine still have the socket"));
        }
        newest.is_told = outdated.is_some();
        Arc::clone(&newest.config)
    }
}

/// Begins to listen; nobody is served if a file cannot be used. A list that is out of date is no reason not to start: a host
/// that comes back at night is needed, and lets nobody in from elsewhere.
pub fn open(remote: &Remote, hall: &Arc<Hall>) -> anyhow::Result<()> {
    let credentials = Arc::new(Credentials::read(remote).context("[remote] cannot be served")?);
    let address = remote.listen;
    let listener = TcpListener::bind(address).with_context(|| format!("{address}: [remote] cannot be served here"))?;
    hall.voice().say("control-remote", format!("control over TLS at {}", listener.local_addr().unwrap_or(address)));
    let rooms: Vec<Arc<Room>> = hall.people().iter().map(|_| Room::new(CONNECTIONS_OF_A_PERSON)).collect();
    let (inside, told) = (Arc::clone(hall), Arc::clone(hall));
    let (looked, looking) = (Arc::clone(&credentials), Arc::clone(hall));
    std::thread::Builder::new().name("control-remote".to_owned()).spawn(move || {
        loop {
            looked.newest(&looking);
            std::thread::sleep(LOOK);
        }
    })?;
    let serve = move |(stream, from), guest| serve(stream, from, guest, &credentials, &inside, &rooms);
    let full = move |(_, from): (TcpStream, SocketAddr)| {
        told.count("busy", || format!("{from}: {HANDSHAKES} connections are waiting to be known already"));
    };
    listen("control-remote", HANDSHAKES, move || listener.accept(), serve, full)?;
    Ok(())
}

/// One connection, to its end.
fn serve(stream: TcpStream, from: SocketAddr, guest: Guest, credentials: &Credentials, hall: &Hall, rooms: &[Arc<Room>]) {
    let stream = Bounded::new(stream, HANDSHAKE);
    let Some((mut stream, at)) = admit(stream, from, credentials, hall) else { return };
    match rooms[at].enter() {
        Some(_inside) => {
            drop(guest);
            let certificate = hall.people()[at].certificate.as_deref().unwrap_or_default();
            hall.converse(&mut stream, at, &format!("as {certificate} at {from}"));
            part(&mut stream);
        }
        None => {
            let name = &hall.people()[at].name;
            let why = format!("{CONNECTIONS_OF_A_PERSON} connections of {name} are open already");
            hall.count("busy", || format!("{from}: {why}"));
            refuse(&mut stream, why);
            part(&mut stream);
        }
    }
}

/// Who it is, by place in the desk; who is nobody is told why and gone.
fn admit(mut stream: Bounded<TcpStream>, from: SocketAddr, credentials: &Credentials, hall: &Hall) -> Option<(Stream, usize)> {
    let mut first = [0];
    // Looked at, not taken: somebody who speaks plainly can be answered plainly.
    let is_plain = stream.stream.set_read_timeout(Some(HANDSHAKE)).and_then(|()| stream.stream.peek(&mut first));
    if is_plain.is_ok_and(|count| count == 1) && first[0] != HANDSHAKE_RECORD {
        hall.count("not-tls", || format!("{from}: it does not speak TLS"));
        refuse(&mut stream, "here one speaks TLS 1.3 with a certificate: `--host`, `--tls-ca`, `--tls-cert` and `--tls-key`".to_owned());
        part_plainly(&mut stream);
        return None;
    }
    let connection = ServerConnection::new(credentials.newest(hall)).ok()?;
    let mut stream = StreamOwned::new(connection, stream);
    while stream.conn.is_handshaking() {
        if let Err(error) = stream.conn.complete_io(&mut stream.sock) {
            let (word, why) = cause(&error);
            hall.count(word, || format!("{from}: {why}"));
            stream.allow(PARTING);
            let _ = stream.conn.write_tls(&mut stream.sock);
            part_plainly(&mut stream.sock);
            return None;
        }
    }
    match person(&stream, hall) {
        Ok(at) => Some((stream, at)),
        Err(why) => {
            hall.count("stranger", || format!("{from}: {why}"));
            refuse(&mut stream, why);
            part(&mut stream);
            None
        }
    }
}

/// Whom the certificate names.
fn person(stream: &Stream, hall: &Hall) -> Result<usize, String> {
    let chain = stream.conn.peer_certificates().unwrap_or_default();
    let certificate = chain.first().and_then(|one| webpki::EndEntityCert::try_from(one).ok()).ok_or("the certificate cannot be read")?;
    let names: Vec<&str> = certificate.valid_uri_names().collect();
    named(&names, hall.people().iter().map(|person| person.certificate.as_deref()))
}

/// The one of the people who is named.
fn named<'a>(names: &[&str], people: impl Iterator<Item = Option<&'a str>>) -> Result<usize, String> {
    let known = people.enumerate().filter(|(_, name)| name.is_some_and(|name| names.contains(&name)));
    let told = names.iter().map(|name| format!("`{}`", name.escape_debug())).collect::<Vec<_>>().join(", ");
    match known.map(|(at, _)| at).collect::<Vec<_>>()[..] {
        [at] => Ok(at),
        [] if names.is_empty() => Err("the certificate has no URI among the subject's alternative names, which would say whose it is".to_owned()),
        [] => Err(format!("the certificate names {told}, which is nobody of this desk: a [[person]] with this `certificate` is needed")),
        _ => Err(format!("the certificate names {told}, which are several people of this desk: it has to be one")),
    }
}

/// Ends it so that what was said last is heard.
fn part(stream: &mut Stream) {
    stream.conn.send_close_notify();
    stream.allow(PARTING);
    let _ = stream.flush();
    part_plainly(&mut stream.sock);
}

/// A connection that is closed with something unread is torn off, and what is on its way to the other end is lost.
fn part_plainly(sock: &mut Bounded<TcpStream>) {
    sock.allow(PARTING);
    let (mut bytes, mut left) = ([0; 4096], riposte_control::LINE_BYTES_MAX);
    let _ = sock.stream.shutdown(Shutdown::Write);
    while let Ok(count) = sock.read(&mut bytes)
        && count > 0
        && left > 0
    {
        left = left.saturating_sub(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_names_exactly_one_person() {
        let people = [Some("riposte:ann"), None, Some("riposte:bob")];
        let of = |names: &[&str]| named(names, people.into_iter());
        assert_eq!(of(&["riposte:bob"]), Ok(2));
        assert_eq!(of(&["https://elsewhere/", "riposte:ann"]), Ok(0));
        for (names, why) in [
            (&[][..], "no URI"), (&["riposte:Ann"], "nobody"), (&["riposte:ann "], "nobody"), (&["riposte:an"], "nobody"), (&[""], "nobody"),
            (&["riposte:ann", "riposte:bob"], "several"),
        ] {
            assert!(of(names).is_err_and(|text| text.contains(why)), "{names:?}: {:?}", of(names));
        }
    }
}
