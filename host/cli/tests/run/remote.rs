//! Control over mutual TLS, as people meet it: certificates of an authority, `--host`, and everybody who is refused.
use super::support::LIMIT;
use super::{Folder, Process, riposte, wait_for};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber, date_time_ymd,
};
use riposte_control::{Answer, LINE_BYTES_MAX, Request, line};
use riposte_engine::{Body, Change};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who signs certificates, and their files in a folder.
struct Authority<'a> {
    folder: &'a Folder,
    issuer: Issuer<'static, KeyPair>,
}

/// What a certificate is to say.
#[derive(Clone)]
struct Wanted {
    name: SanType,
    purpose: ExtendedKeyUsagePurpose,
    /// First and last year.
    years: [i32; 2],
    serial: u64,
}

fn uri(name: &str) -> SanType {
    SanType::URI(name.try_into().expect("ASCII"))
}

fn person(name: &str) -> Wanted {
    Wanted { name: uri(name), purpose: ExtendedKeyUsagePurpose::ClientAuth, years: [2020, 2100], serial: 7 }
}

fn dns(name: &str) -> SanType {
    SanType::DnsName(name.try_into().expect("ASCII"))
}

impl Authority<'_> {
    fn new<'a>(folder: &'a Folder, name: &str) -> Authority<'a> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "desk authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate().expect("a key");
        folder.write(&format!("{name}.pem"), params.self_signed(&key).expect("a certificate").pem());
        Authority { folder, issuer: Issuer::new(params, key) }
    }

    /// Makes NAME.pem and NAME.key.
    fn signs(&self, name: &str, wanted: Wanted) {
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![wanted.name];
        params.extended_key_usages = vec![wanted.purpose];
        params.not_before = date_time_ymd(wanted.years[0], 1, 1);
        params.not_after = date_time_ymd(wanted.years[1], 12, 31);
        params.serial_number = Some(SerialNumber::from(wanted.serial));
        let key = KeyPair::generate().expect("a key");
        self.folder.write(&format!("{name}.pem"), params.signed_by(&key, &self.issuer).expect("a certificate").pem());
        self.folder.write(&format!("{name}.key"), key.serialize_pem());
        self.folder.rights(&format!("{name}.key"), 0o600);
    }

    /// Writes the list of those whose certificates are of no more use; whole, as somebody who cares does.
    fn revokes(&self, serials: &[u64], number: u64) {
        self.revokes_until(serials, number, 4_102_444_800);
    }

    /// The same, by a list that counts until so many seconds after 1970.
    fn revokes_until(&self, serials: &[u64], number: u64, until_s: u64) {
        let now = date_time_ymd(2020, 1, 1);
        let revoked_certs = serials.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial), revocation_time: now, reason_code: None, invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: now,
            next_update: date_time_ymd(1970, 1, 1) + Duration::from_secs(until_s),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: revoked_certs.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let list = params.signed_by(&self.issuer).expect("a list").pem().expect("PEM");
        self.folder.write("next.pem", list);
        std::fs::rename(self.folder.path("next.pem"), self.folder.path("revoked.pem")).expect("a list");
    }
}

const PEOPLE: [(&str, &str); 3] = [("ann", "risk"), ("bob", "risk"), ("vic", "viewer")];

/// A desk with people who come in over TLS, of whom the first is who runs the test too; where it will listen.
fn desk(folder: &Folder, more: &str) -> SocketAddr {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|one| one.local_addr()).expect("a port");
    let desk = std::fs::read_to_string(folder.path("desk.toml")).expect("a desk");
    let trusted = folder.trust("sid");
    let person = |(name, role): (&str, &str)| {
        let uid = if name == "ann" { format!("uid = {}\n", folder.uid()) } else { String::new() };
        format!("[[person]]\nname = \"{name}\"\n{uid}certificate = \"riposte:{name}\"\nrole = \"{role}\"\n")
    };
    let remote = format!(
        "[remote]\nlisten = \"{address}\"\ncertificate = \"host.pem\"\nkey = \"host.key\"\nauthority = \"ca.pem\"\n{more}{}",
        PEOPLE.map(person).concat()
    );
    folder.write("desk.toml", format!("{desk}control = \"control.sock\"\n{trusted}{remote}"));
    folder.sign("desk.toml", 1, "sid");
    address
}

/// All that a host and its people need.
fn certified(authority: &Authority) {
    authority.signs("host", Wanted { name: dns("localhost"), purpose: ExtendedKeyUsagePurpose::ServerAuth, ..person("riposte:host") });
    for (serial, (name, _)) in (10..).zip(PEOPLE) {
        authority.signs(name, Wanted { serial, ..person(&format!("riposte:{name}")) });
    }
}

impl Folder {
    fn rights(&self, name: &str, mode: u32) {
        std::fs::set_permissions(self.path(name), std::fs::Permissions::from_mode(mode)).expect("rights");
    }

    /// Says something over TLS, with the certificate of this name.
    fn remotely(&self, address: SocketAddr, name: &str, args: &[&str]) -> Output {
        let (host, cert, key) = (format!("localhost:{}", address.port()), format!("{name}.pem"), format!("{name}.key"));
        self.run(&[args, &["--host", &host, "--tls-ca", "ca.pem", "--tls-cert", &cert, "--tls-key", &key]].concat())
    }

    /// As `remotely`, for a machine: exit code and answer.
    fn answered(&self, address: SocketAddr, name: &str, args: &[&str]) -> (Option<i32>, Value) {
        let output = self.remotely(address, name, &[args, &["--json"]].concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_default())
    }

    /// Connections that the host has refused so far, for this reason.
    fn refused(&self, word: &str) -> u64 {
        let overview: Value = super::support::json(&self.run(&["top", "--json", "--control", "control.sock"]));
        overview["connection_refusals"][word].as_u64().unwrap_or(0)
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn people_come_in_over_tls_as_whom_their_certificate_names_and_two_loosen() {
    let folder = super::folder("tls", 20_000);
    let authority = Authority::new(&folder, "ca");
    certified(&authority);
    let address = desk(&folder, "");
    let (_card, mut host) = (folder.card(), folder.host_with(&[]));
    wait_for("proposals, as a viewer sees them", || {
        let (code, status) = folder.answered(address, "vic", &["status"]);
        (code == Some(0) && status["value"]["proposals"] == 4).then_some(())
    });
    for command in [&["disarm"][..], &["kill"], &["arm"], &["approve", "--all"], &["limit", "set", "loss", "1"], &["lift", "--instruments", "1"]] {
        let (code, refused) = folder.answered(address, "vic", command);
        assert_eq!((code, &refused["answer"]), (Some(3), &"refused".into()), "{command:?}: {refused}");
        assert!(refused["why"].as_str().is_some_and(|why| why.starts_with("vic is viewer; this needs the role ")), "{refused}");
    }
    // Ann started the host as a user of this machine: by her certificate she is no second person.
    let (code, refused) = folder.answered(address, "ann", &["approve", "--all"]);
    assert_eq!((code, &refused["answer"]), (Some(3), &"refused".into()), "{refused}");
    assert!(refused["why"].as_str().is_some_and(|why| why.contains("the same person twice")), "{refused}");
    assert_eq!(folder.told(&["status"])["proposals"], 4);
    assert_eq!(folder.answered(address, "bob", &["approve", "--all", "--dry-run"]).0, Some(0));
    assert_eq!(folder.told(&["status"])["proposals"], 4);
    let (code, done) = folder.answered(address, "bob", &["approve", "--all"]);
    assert_eq!((code, &done["answer"]), (Some(0), &"done".into()), "{done}");
    for command in [&["orders"][..], &["positions"], &["params", "show"], &["revert", "status"], &["top", "--once"]] {
        let output = folder.remotely(address, "vic", command);
        assert!(output.status.success() && !output.stdout.is_empty(), "{command:?}: {}", said(&output));
    }
    let (code, done) = folder.answered(address, "bob", &["limit", "set", "loss", "20000"]);
    assert_eq!((code, &done["answer"]), (Some(0), &"done".into()), "one person tightens: {done}");
    let (code, proposed) = folder.answered(address, "bob", &["limit", "set", "loss", "21000"]);
    assert_eq!((code, &proposed["answer"]), (Some(0), &"proposed".into()), "{proposed}");
    let number = proposed["request"].to_string();
    assert_eq!(folder.answered(address, "bob", &["approve", &number]).0, Some(3));
    assert_eq!(folder.answered(address, "ann", &["approve", &number]).1["answer"], "done", "two loosen");
    let (code, refused) = folder.answered(address, "ann", &["kill", "--why", &"é".repeat(129)]);
    assert_eq!((code, &refused["why"]), (Some(3), &"a reason of 258 bytes, and there is room for 256".into()));
    assert_eq!(folder.answered(address, "ann", &["kill", "--why", "only asked", "--dry-run"]).0, Some(0));
    let (code, killed) = folder.answered(address, "ann", &["kill", "--why", "the market has \"closed\""]);
    assert_eq!((code, &killed["card"]["card"]), (Some(0), &"carried-out".into()), "{killed}");
    assert_eq!(folder.told(&["status"])["killed"], true);
    assert_eq!(folder.told(&["disarm"]), Value::Null);
    host.end();
    let found = folder.journaled();
    found.check();
    // Who, from where and why stand in front of what the engine was asked for.
    let acts = ["approve", "limit", "limit", "approve", "kill", "disarm"];
    let notes: Vec<_> = found.notes.iter().filter(|note| acts.contains(&note.act.as_str())).collect();
    assert_eq!(notes.iter().map(|note| note.act.as_str()).collect::<Vec<_>>(), ["approve", "approve", "limit", "limit", "approve", "approve", "kill", "disarm"]);
    for (note, (who, from, why)) in notes.iter().zip([
        ("ann", "as riposte:ann at 127.0.0.1:", ": no reason was given"), ("bob", "as riposte:bob at 127.0.0.1:", ": no reason was given"), ("bob", "as riposte:bob at 127.0.0.1:", ": no reason was given"),
        ("bob", "as riposte:bob at 127.0.0.1:", ": no reason was given"), ("bob", "as riposte:bob at 127.0.0.1:", ": no reason was given"),
        ("ann", "as riposte:ann at 127.0.0.1:", ": no reason was given"),
        ("ann", "as riposte:ann at 127.0.0.1:", ": the market has \"closed\""), ("ann", "as user ", " of this machine: no reason was given"),
    ]) {
        assert!(note.who == who && note.why.starts_with(from) && note.why.ends_with(why), "{note:?}");
    }
    let behind = |change: Change| found.inputs[notes[6].behind..].iter().take(1).any(|one| matches!(one.body, Body::Propose { change: of, .. } if of == change));
    assert!(behind(Change::Kill), "{:?}", found.inputs[notes[6].behind]);
    let by = |wanted: &dyn Fn(&Body) -> Option<u16>| found.inputs.iter().filter_map(|input| wanted(&input.body)).last();
    assert_eq!(by(&|body| match body { Body::Propose { by, change: Change::Kill, .. } => Some(*by), _ => None }), Some(1), "by ann");
    let request: u64 = number.parse().expect("a number");
    assert_eq!(by(&|body| match body { Body::Propose { by, request: of, .. } if *of == request => Some(*by), _ => None }), Some(2), "by bob");
    assert_eq!(by(&|body| match body { Body::Approve { by, request: of } if *of == request => Some(*by), _ => None }), Some(1), "by ann");
}

#[test]
fn who_is_not_known_is_refused_with_the_reason_and_changes_nothing() {
    let folder = super::folder("tls-strangers", 2_000);
    let (authority, other) = (Authority::new(&folder, "ca"), Authority::new(&folder, "other"));
    certified(&authority);
    let ann = person("riposte:ann");
    authority.signs("expired", Wanted { years: [2020, 2021], ..ann.clone() });
    authority.signs("early", Wanted { years: [2098, 2099], ..ann.clone() });
    authority.signs("server", Wanted { purpose: ExtendedKeyUsagePurpose::ServerAuth, ..ann.clone() });
    authority.signs("nobody", person("riposte:eve"));
    authority.signs("nameless", Wanted { name: dns("ann"), ..ann.clone() });
    other.signs("foreign", ann);
    let address = desk(&folder, "");
    let mut host = folder.host_with(&[]);
    wait_for("the host", || folder.asked(&["status"]));
    let mut wanted = 0;
    for (name, code, counted, says) in [
        ("expired", 1, "expired", "refused there: our certificate has expired"),
        ("early", 1, "not-valid-yet", "refused there: our certificate has expired, or is not valid yet"),
        ("server", 1, "another-purpose", "refused there: our certificate is for another purpose"),
        ("foreign", 1, "unknown-authority", "refused there: our certificate is of another authority"),
        ("nobody", 3, "stranger", "the certificate names `riposte:eve`, which is nobody of this desk"),
        ("nameless", 3, "stranger", "the certificate has no URI among the subject's alternative names"),
    ] {
        let output = folder.remotely(address, name, &["kill"]);
        assert_eq!(output.status.code(), Some(code), "{name}: {}", said(&output));
        assert!(said(&output).contains(says), "{name}: {}", said(&output));
        wanted += u64::from(counted == "stranger");
        assert_eq!(folder.refused(counted), if counted == "stranger" { wanted } else { 1 }, "{name} as {counted}");
    }
    let (host_of, say) = (format!("localhost:{}", address.port()), ["kill", "--tls-cert", "ann.pem", "--tls-key", "ann.key", "--host"]);
    for (more, says) in [
        (&["--tls-ca", "other.pem"][..], "its certificate is of another authority than the one believed here"),
        (&["--tls-ca", "ca.pem", "--tls-name", "elsewhere"], "its certificate is for another name"),
        (&[], "--tls-ca is wanted too"),
        (&["--tls-ca", "ca.pem", "--control", "control.sock"], "two hosts are named"),
    ] {
        let output = folder.run(&[&say[..], &[host_of.as_str()], more].concat());
        assert!(output.status.code() == Some(1) && said(&output).contains(says), "{more:?}: {}", said(&output));
    }
    assert!(folder.refused("refused-there") >= 2, "the host counts who does not believe it");
    let nameless = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let nameless = nameless.with_safe_default_protocol_versions().expect("TLS 1.3").with_root_certificates(roots(&folder)).with_no_client_auth();
    let error = spoken(connection(address, nameless), &line(&kill())).expect_err("no certificate");
    assert!(error.to_string().contains("CertificateRequired"), "{error}");
    assert_eq!(folder.refused("no-certificate"), 1);
    for plain in [&line(&kill())[..], b"GET / HTTP/1.1\r\n\r\n"] {
        let answer: Answer = spoken(TcpStream::connect(address).expect("a port"), plain).expect("an answer");
        assert!(matches!(&answer, Answer::Refused { why } if why.contains("--tls-cert")), "{answer:?}");
    }
    assert_eq!(folder.refused("not-tls"), 2);
    // A record of a handshake that is none.
    let mut stream = TcpStream::connect(address).expect("a port");
    stream.write_all(&[22, 3, 1, 0, 4, 1, 2, 3, 4]).expect("somebody listens");
    assert!(stream.read_to_end(&mut Vec::new()).is_ok());
    wait_for("a count", || (folder.refused("not-tls") == 3 || folder.refused("broken") > 0).then_some(()));
    assert_eq!(folder.told(&["status"])["killed"], false);
    assert_eq!(folder.answered(address, "ann", &["status"]).0, Some(0), "who is known is heard");
    host.end();
    assert!(folder.journaled().inputs.iter().all(|input| !matches!(input.body, Body::Propose { change: Change::Kill, .. })));
}

fn kill() -> Request {
    Request::Wish { wish: riposte_control::Wish::Kill, request: None, dry_run: false, why: String::new() }
}

fn roots(folder: &Folder) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.path("ca.pem")).expect("a certificate")).expect("an authority");
    roots
}

/// A connection of this person.
fn as_person(folder: &Folder, address: SocketAddr, name: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let chain = vec![CertificateDer::from_pem_file(folder.path(&format!("{name}.pem"))).expect("a certificate")];
    let key = PrivateKeyDer::from_pem_file(folder.path(&format!("{name}.key"))).expect("a key");
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().expect("TLS 1.3").with_root_certificates(roots(folder));
    connection(address, config.with_client_auth_cert(chain, key).expect("a key that fits"))
}

fn connection(address: SocketAddr, config: ClientConfig) -> StreamOwned<ClientConnection, TcpStream> {
    let stream = TcpStream::connect(address).expect("a port");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    StreamOwned::new(ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").expect("a name")).expect("TLS"), stream)
}

/// Says something; the first line of what comes.
fn spoken(mut stream: impl Read + Write, bytes: &[u8]) -> std::io::Result<Answer> {
    stream.write_all(bytes)?;
    stream.flush()?;
    heard(stream)
}

fn heard(stream: impl Read) -> std::io::Result<Answer> {
    let mut text = String::new();
    BufReader::new(stream).read_line(&mut text)?;
    serde_json::from_str(&text).map_err(std::io::Error::other)
}

#[test]
fn who_is_silent_or_says_too_much_keeps_nobody_out() {
    let folder = super::folder("tls-crowd", 2_000);
    let authority = Authority::new(&folder, "ca");
    certified(&authority);
    let address = desk(&folder, "");
    let mut host = folder.host_with(&[]);
    wait_for("the host", || folder.answered(address, "ann", &["status"]).0.filter(|code| *code == 0));
    // Nobody knows who they are, and they say nothing.
    let silent: Vec<TcpStream> = (0..40).map(|_| TcpStream::connect(address).expect("a port")).collect();
    wait_for("a full room", || (folder.refused("busy") >= 1).then_some(()));
    assert_eq!(folder.told(&["status"])["killed"], false, "people of this machine have their own way in");
    wait_for("their end", || (folder.refused("late") >= 16).then_some(()));
    assert_eq!(folder.refused("late") + folder.refused("busy"), 40);
    drop(silent);
    assert_eq!(folder.answered(address, "ann", &["status"]).0, Some(0));
    // One who is known has four places, and nobody else's.
    let status = line(&Request::Status {});
    let talk = |mut stream: StreamOwned<ClientConnection, TcpStream>| {
        stream.write_all(&status).and_then(|()| stream.flush()).expect("said");
        let mut first = [0];
        stream.read_exact(&mut first).expect("an answer");
        stream
    };
    let open: Vec<_> = (0..4).map(|_| talk(as_person(&folder, address, "vic"))).collect();
    let answer = spoken(as_person(&folder, address, "vic"), &status).expect("an answer");
    assert!(matches!(&answer, Answer::Refused { why } if why == "4 connections of vic are open already"), "{answer:?}");
    assert_eq!(folder.answered(address, "bob", &["status"]).0, Some(0));
    drop(open);
    wait_for("a place", || folder.answered(address, "vic", &["status"]).0.filter(|code| *code == 0));
    // As much as there is room for, and no end.
    let mut long = as_person(&folder, address, "ann");
    let _ = long.write_all(&vec![b' '; LINE_BYTES_MAX + 4096]).and_then(|()| long.flush());
    let answer = heard(long).expect("an answer");
    assert!(matches!(&answer, Answer::Refused { why } if why.starts_with("a line of more than")), "{answer:?}");
    assert_eq!(folder.answered(address, "ann", &["status"]).0, Some(0));
    host.end();
}

#[test]
fn certificates_are_renewed_and_revoked_while_the_host_runs() {
    let folder = super::folder("tls-revoked", 2_000);
    let (authority, other) = (Authority::new(&folder, "ca"), Authority::new(&folder, "other"));
    certified(&authority);
    authority.revokes(&[99], 1);
    let address = desk(&folder, "revoked = \"revoked.pem\"\n");
    let mut host = folder.host_with(&[]);
    wait_for("the host", || folder.answered(address, "bob", &["status"]).0.filter(|code| *code == 0));
    authority.revokes(&[99, 11], 2);
    let output = folder.remotely(address, "bob", &["status"]);
    assert!(output.status.code() == Some(1) && said(&output).contains("our certificate was revoked"), "{}", said(&output));
    assert_eq!((folder.refused("revoked"), folder.answered(address, "ann", &["status"]).0), (1, Some(0)));
    // What cannot be used changes nothing: neither is everybody let in, nor nobody.
    folder.write("revoked.pem", "no list");
    assert_eq!(folder.remotely(address, "bob", &["status"]).status.code(), Some(1));
    assert_eq!(folder.answered(address, "ann", &["status"]).0, Some(0));
    // Another certificate for the host, of an authority that people do not believe.
    other.signs("host", Wanted { name: dns("localhost"), purpose: ExtendedKeyUsagePurpose::ServerAuth, ..person("riposte:host") });
    authority.revokes(&[], 3);
    let output = folder.remotely(address, "bob", &["status"]);
    assert!(said(&output).contains("its certificate is of another authority"), "{}", said(&output));
    certified(&authority);
    assert_eq!(folder.answered(address, "bob", &["status"]).0, Some(0));
    host.end();
}

#[test]
fn a_revocation_list_that_is_out_of_date_lets_nobody_in_and_says_so() {
    let folder = super::folder("tls-outdated", 2_000);
    let authority = Authority::new(&folder, "ca");
    certified(&authority);
    authority.revokes_until(&[99], 1, 1_767_225_600);
    let address = desk(&folder, "revoked = \"revoked.pem\"\n");
    let outdated = "revoked.pem: the revocation list is out of date since 2026-01-01T00:00:00.000000000Z; nobody is let in until there is a newer one";
    assert_eq!(super::support::json(&folder.run(&["config", "check", "desk.toml", "--json"]))["remote"]["problem"], outdated);
    let mut command = folder.host_command(&[]);
    command.stderr(std::fs::File::create(folder.path("host.log")).expect("a file"));
    let mut host = Process::start(command);
    let alarms = || {
        let log = std::fs::read_to_string(folder.path("host.log")).expect("what it said");
        log.lines().filter(|line| line.starts_with("riposte: alarm: control over TLS: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let first = wait_for("the alarm, before anybody came", || alarms().first().cloned());
    assert_eq!(first, format!("riposte: alarm: control over TLS: {outdated}; people of this machine still have the socket"));
    wait_for("the host, for people of this machine", || folder.asked(&["status"]));
    for (count, name) in [(1, "ann"), (2, "bob")] {
        let output = folder.remotely(address, name, &["kill"]);
        assert!(output.status.code() == Some(1) && said(&output).contains("revocation list is missing there or out of date"), "{}", said(&output));
        assert_eq!(folder.refused("outdated-revocation"), count);
    }
    assert_eq!((&folder.told(&["status"])["killed"], alarms().len()), (&false.into(), 1), "said once");
    // A newer one is enough, until it runs out; then it is told, whether or not somebody comes.
    authority.revokes(&[99, 11], 2);
    assert_eq!((folder.answered(address, "ann", &["status"]).0, folder.answered(address, "bob", &["status"]).0), (Some(0), Some(1)));
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    authority.revokes_until(&[99], 3, now_s + 12);
    wait_for("the next alarm", || (alarms().len() == 2).then_some(()));
    assert!(alarms()[1].contains("revoked.pem: the revocation list is out of date since 20") && alarms()[1] != first, "{:?}", alarms());
    assert_eq!(folder.answered(address, "ann", &["status"]).0, Some(1));
    assert_eq!(folder.refused("outdated-revocation"), 3);
    host.end();
}

#[test]
fn files_that_cannot_be_used_are_named_by_the_check_and_refused_by_the_host() {
    let folder = super::folder("tls-files", 2_000);
    let authority = Authority::new(&folder, "ca");
    certified(&authority);
    desk(&folder, "revoked = \"revoked.pem\"\n");
    authority.revokes(&[], 1);
    let checked = || super::support::json(&folder.run(&["config", "check", "desk.toml", "--json"]))["remote"]["problem"].take();
    assert_eq!(checked(), Value::Null);
    let (key, list) = (std::fs::read(folder.path("host.key")).expect("a key"), std::fs::read(folder.path("revoked.pem")).expect("a list"));
    let certificate = std::fs::read(folder.path("host.pem")).expect("a certificate");
    let broken: [(&str, &dyn Fn(), &str); 6] = [
        ("host.key", &|| folder.rights("host.key", 0o640), "host.key: has rights 640, so others can read the private key; `chmod 600` it"),
        ("host.key", &|| folder.write("host.key", &certificate), "host.key: no private key in PEM without a passphrase"),
        ("host.key", &|| folder.write("host.key", std::fs::read(folder.path("ann.key")).expect("a key")), "host.key: is not the key of the certificate in host.pem"),
        ("host.pem", &|| folder.write("host.pem", "none"), "host.pem: no certificate in PEM is in it"),
        ("host.pem", &|| std::fs::remove_file(folder.path("host.pem")).expect("a file"), "host.pem: cannot be read"),
        ("revoked.pem", &|| folder.write("revoked.pem", &certificate), "revoked.pem: no revocation list in PEM is in it"),
    ];
    for (file, spoil, says) in broken {
        spoil();
        let problem = checked();
        assert!(problem.as_str().is_some_and(|why| why.starts_with(says)), "{says}: {problem}");
        let mut refused = Process::start(riposte(&folder.0, &["run", "-c", "desk.toml", "--link", "./link", "--journal", "journal", "--directory", "market.pcap"]));
        let output = refused.ended();
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("[remote] cannot be served: ") && said(&output).contains(says), "{says}: {}", said(&output));
        for (name, bytes) in [("host.key", &key), ("host.pem", &certificate), ("revoked.pem", &list)] {
            folder.write(name, bytes);
        }
        folder.rights("host.key", 0o600);
        assert_eq!(checked(), Value::Null, "{file} is put right");
    }
}

/// Commands of a section of the page, for a shell.
fn commands(heading: &str) -> String {
    let page = include_str!("../../../../docs/operate.md");
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).expect("the heading");
    let section = section.split("\n## ").next().expect("a section");
    section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().expect("an end")).collect()
}

#[test]
fn the_page_makes_certificates_that_work() {
    if !std::process::Command::new("openssl").arg("version").output().is_ok_and(|found| String::from_utf8_lossy(&found.stdout).starts_with("OpenSSL 3")) {
        println!("skipped: the_page_makes_certificates_that_work: there is no OpenSSL 3");
        return;
    }
    let folder = super::folder("tls-page", 2_000);
    let all = commands("From another machine").replace("desk.example", "localhost").replace("10.0.0.1", "127.0.0.1");
    let (make, rest) = all.split_once("riposte status").expect("what is made, then used");
    let revoke = rest.split_once("riposte top\n").expect("what is used, then revoked").1;
    let shell = |commands: &str| {
        let output = std::process::Command::new("sh").args(["-ec", commands]).current_dir(&folder.0).output().expect("a shell");
        assert!(output.status.success(), "{commands}\n{}", said(&output));
    };
    shell(make);
    let address = desk(&folder, "revoked = \"revoked.pem\"\n");
    assert_eq!(super::support::json(&folder.run(&["config", "check", "desk.toml", "--json"]))["remote"]["problem"], Value::Null);
    let mut host = folder.host_with(&[]);
    wait_for("the host", || folder.asked(&["status"]));
    for host_of in ["localhost", "127.0.0.1"] {
        let host_of = format!("{host_of}:{}", address.port());
        let say = ["status", "--host", &host_of, "--tls-ca", "ca.pem", "--tls-cert", "ann.pem", "--tls-key", "ann-tls.key"];
        let output = folder.run(&say);
        assert!(output.status.success(), "{}", said(&output));
    }
    shell(revoke);
    std::fs::rename(folder.path("ann-tls.key"), folder.path("ann.key")).expect("a key");
    let output = folder.remotely(address, "ann", &["status"]);
    assert!(said(&output).contains("our certificate was revoked"), "{}", said(&output));
    host.end();
}
