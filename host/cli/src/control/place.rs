//! Where a host is, and the way to it: its control socket on this machine, or mutual TLS to another one.
use crate::bounded::Bounded;
use crate::tls::{Files, cause};
use anyhow::{Context, anyhow, bail};
use riposte_control::{Answer, Lines, Request, line};
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longer than the host waits for its engine.
const PATIENCE: Duration = Duration::from_secs(40);
/// To be connected.
const CONNECT: Duration = Duration::from_secs(10);
/// The socket of a desk that names none, for those who are where the host is.
const SOCKET: &str = "control.sock";

/// Where the host listens.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Where the host is")]
pub struct Place {
    /// The host's control socket: `control` in its desk, or `control.sock` in its journal [default: control.sock].
    #[arg(long, value_name = "PATH", env = "RIPOSTE_CONTROL", global = true)]
    control: Option<PathBuf>,
    /// A host on another machine, over TLS: `listen` of [remote] in its desk, by the name in its certificate.
    #[arg(long, value_name = "NAME:PORT", env = "RIPOSTE_HOST", global = true)]
    host: Option<String>,
    /// Certificate of the authority that the host's own is believed for, PEM.
    #[arg(long, value_name = "FILE", env = "RIPOSTE_TLS_CA", global = true)]
    tls_ca: Option<PathBuf>,
    /// Your certificate, PEM.
    #[arg(long, value_name = "FILE", env = "RIPOSTE_TLS_CERT", global = true)]
    tls_cert: Option<PathBuf>,
    /// Its private key, PEM, which nobody else may read.
    #[arg(long, value_name = "FILE", env = "RIPOSTE_TLS_KEY", global = true)]
    tls_key: Option<PathBuf>,
    /// Name in the host's certificate, if it is another one than in --host.
    #[arg(long, value_name = "NAME", env = "RIPOSTE_TLS_NAME", global = true)]
    tls_name: Option<String>,
}

/// What the host answers.
pub fn ask(place: &Place, request: &Request) -> anyhow::Result<Answer> {
    match (&place.host, &place.control) {
        (Some(host), Some(control)) => bail!(
            "two hosts are named, {host} and {}: give one of --host and --control (RIPOSTE_HOST, RIPOSTE_CONTROL)", control.display()
        ),
        (Some(host), None) => ask_remote(place, host, request),
        (None, control) => ask_here(control.as_deref().unwrap_or(Path::new(SOCKET)), request),
    }
}

fn ask_here(path: &Path, request: &Request) -> anyhow::Result<Answer> {
    // As text: a closed pipe is no reader that has seen enough, as it is on standard output.
    let failed = |error: std::io::Error| {
        let path = path.display();
        anyhow!("{path}: no host answers here ({error}); name its socket with --control or RIPOSTE_CONTROL")
    };
    let stream = UnixStream::connect(path).map_err(failed)?;
    say(&mut Bounded::new(stream, PATIENCE), request, &path.display(), failed)
}

fn ask_remote(place: &Place, host: &str, request: &Request) -> anyhow::Result<Answer> {
    let wanted = |one: &Option<PathBuf>, flag: &str| {
        one.clone().with_context(|| format!("{host}: --{flag} is wanted too: over TLS both ends show a certificate"))
    };
    let files = Files {
        authority: wanted(&place.tls_ca, "tls-ca")?,
        certificate: wanted(&place.tls_cert, "tls-cert")?,
        key: wanted(&place.tls_key, "tls-key")?,
        revoked: None,
    };
    let config = files.client(&files.read()?)?;
    let name = match &place.tls_name {
        Some(name) => name.clone(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']).to_owned(),
    };
    let name = ServerName::try_from(name.clone()).map_err(|_| anyhow!("`{name}` is no name that a certificate could have"))?;
    let stream = connect(host)?;
    let connection = ClientConnection::new(config, name).with_context(|| format!("{host}: no connection over TLS"))?;
    // As text here too; and with what the other end has said of it.
    let failed = |error: std::io::Error| anyhow!("{host}: no host answers here over TLS ({})", cause(&error).1);
    say(&mut StreamOwned::new(connection, Bounded::new(stream, PATIENCE)), request, &host, failed)
}

/// The first of its addresses that answers.
fn connect(host: &str) -> anyhow::Result<TcpStream> {
    let addresses = host.to_socket_addrs().map_err(|error| anyhow!("{host}: is no NAME:PORT of a host ({error})"))?;
    let mut why = "the name has no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => return Ok(stream),
            Err(error) => why = format!("{address}: {error}"),
        }
    }
    bail!("{host}: no host answers here ({why}); `listen` of [remote] in its desk is where it does")
}

fn say(
    stream: &mut (impl Read + Write), request: &Request, place: &dyn std::fmt::Display, failed: impl Fn(std::io::Error) -> anyhow::Error,
) -> anyhow::Result<Answer> {
    // Whoever is refused at once may not be read to the end; why is in the answer.
    let unsaid = stream.write_all(&line(request)).and_then(|()| stream.flush()).err();
    let (mut lines, mut bytes) = (Lines::default(), [0; 4096]);
    loop {
        if let Some(answer) = lines.take()? {
            return Ok(answer);
        }
        match stream.read(&mut bytes) {
            Ok(0) => bail!("{place}: the host has closed the connection without an answer; ask for its status"),
            Ok(count) => lines.push(&bytes[..count]),
            // Without a word from there, the first error says more.
            Err(error) => return Err(failed(unsaid.unwrap_or(error))),
        }
    }
}
