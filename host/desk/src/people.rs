//! Who may speak to the host, what each may say, and how they come in: as users of this machine, or from another one.
use crate::field::{Section, choice, code, once, parsed, text, whole};
use crate::host::path;
use crate::problem::Log;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use toml::de::DeValue;

/// Longest name of a certificate.
const CERTIFICATE_NAME_MAX: usize = 255;

/// What a person may do; each may also do what those before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Sees everything.
    Viewer,
    /// Trades: arms, proposes, takes risk away.
    Operator,
    /// Also proposes limits and reversions, and approves.
    Risk,
}

impl Role {
    pub fn text(self) -> &'static str {
        ["viewer", "operator", "risk"][self as usize]
    }
}

/// Somebody who may speak to the host. Who has both ways in is one person by either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    /// On the control socket: the user that the kernel names.
    pub uid: Option<u32>,
    /// Over TLS: the URI among the subject's alternative names of the certificate, to the letter.
    pub certificate: Option<String>,
    pub role: Role,
}

/// Control over mutual TLS. The files are PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    pub listen: SocketAddr,
    /// The host's own, with what leads to its authority.
    pub certificate: PathBuf,
    /// Of that certificate; readable by its owner only.
    pub key: PathBuf,
    /// Whose certificates of people are believed.
    pub authority: PathBuf,
    /// Revocation lists of that authority.
    pub revoked: Option<PathBuf>,
}

pub(crate) fn read_people(root: &mut Section, log: &mut Log) -> Vec<Person> {
    let (mut people, mut names, mut uids, mut certificates) = (Vec::new(), HashMap::new(), HashMap::new(), HashMap::new());
    for mut section in root.sections(log, "person") {
        let name = section.required(log, "name", code(32));
        let has_certificate = section.has("certificate");
        let certificate = section.optional(log, "certificate", certificate_name);
        let uid = if has_certificate {
            section.optional(log, "uid", whole(0, u32::MAX))
        } else {
            section.required(log, "uid", whole(0, u32::MAX))
        };
        let role = section.required(log, "role", choice(&[("viewer", 0), ("operator", 1), ("risk", 2)]));
        section.finish(log);
        name.iter().for_each(|one| once(log, &mut names, one, &format!("person `{}`", one.value)));
        uid.iter().for_each(|one| once(log, &mut uids, one, &format!("two people need two users: uid {}", one.value)));
        certificate.iter().for_each(|one| {
            once(log, &mut certificates, one, &format!("two people need two certificates: `{}`", one.value));
        });
        let (Some(name), Some(role)) = (name, role) else { continue };
        let role = [Role::Viewer, Role::Operator, Role::Risk][usize::from(role.value)];
        let (uid, certificate) = (uid.map(|one| one.value), certificate.map(|one| one.value));
        people.push(Person { name: name.value, uid, certificate, role });
    }
    people
}

/// As RFC 3986 begins a URI: a scheme, a colon, something.
fn certificate_name(value: &DeValue) -> Result<String, String> {
    let found = text(value)?;
    let (scheme, rest) = found.split_once(':').unwrap_or_default();
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !is_scheme || rest.is_empty() || found.len() > CERTIFICATE_NAME_MAX || !found.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "`{found}` is no URI such as riposte:ann, as it stands in the certificate's subject alternative name (at most \
             {CERTIFICATE_NAME_MAX} ASCII characters without spaces)"
        ));
    }
    Ok(found)
}

pub(crate) fn read_remote(root: &mut Section, log: &mut Log, people: &[Person]) -> Option<Remote> {
    let is_any = people.iter().any(|person| person.certificate.is_some());
    let Some(mut section) = root.section(log, "remote") else {
        if is_any {
            log.warning(&(0..0), "a [[person]] has a `certificate`, but without [remote] nobody comes in by one");
        }
        return None;
    };
    if !is_any {
        log.warning(&section.span, "`remote`: no [[person]] has a `certificate`: nobody can come in here");
    }
    let listen = section.required(log, "listen", parsed("an address with a port, such as 10.0.0.1:7443"));
    let [certificate, key, authority] = ["certificate", "key", "authority"].map(|field| section.required(log, field, path));
    let revoked = section.optional(log, "revoked", path);
    section.finish(log);
    Some(Remote {
        listen: listen?.value,
        certificate: certificate?.value,
        key: key?.value,
        authority: authority?.value,
        revoked: revoked.map(|one| one.value),
    })
}
