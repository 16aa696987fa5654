//! What both ends of control over TLS have in common: their files, what is asked of the other end, what an error means.
//!
//! Holds: TLS 1.3 and nothing older; both ends show a certificate, and each believes only the authority that it was told;
//! no session is resumed, so every connection shows its certificate anew. A revocation list that is out of date lets nobody in:
//! whoever was revoked since may not be on it.
mod revocation;

use crate::secret;
use anyhow::{Context, anyhow, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore, ServerConfig};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const BYTES_MAX: u64 = 1 << 20;

/// Names of an end's files, all PEM.
#[derive(Clone, Debug)]
pub struct Files {
    /// Whose certificates are believed.
    pub authority: PathBuf,
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Revocation lists of the authority.
    pub revoked: Option<PathBuf>,
}

/// What is in them.
#[derive(PartialEq, Eq)]
pub struct Content {
    authority: Vec<u8>,
    certificate: Vec<u8>,
    key: Vec<u8>,
    revoked: Option<Vec<u8>>,
}

impl Files {
    pub fn read(&self) -> anyhow::Result<Content> {
        Ok(Content {
            authority: read(&self.authority)?,
            certificate: read(&self.certificate)?,
            key: secret::read(&self.key, "the private key")?,
            revoked: self.revoked.as_deref().map(read).transpose()?,
        })
    }

    /// The host's end.
    pub fn server(&self, content: &Content) -> anyhow::Result<Arc<ServerConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(self.roots(content)?), Arc::clone(&provider));
        if let (Some(path), Some(bytes)) = (&self.revoked, &content.revoked) {
            let lists: Vec<CertificateRevocationListDer> = items(path, bytes, "revocation list")?;
            verifier = verifier.with_crls(lists).enforce_revocation_expiration();
        }
        let verifier = verifier.build().map_err(|error| anyhow!("{}: {error}", self.revoked.as_ref().unwrap_or(&self.authority).display()))?;
        let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
        let (chain, key) = self.identity(content)?;
        let config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, key);
        let mut config = config.map_err(|error| self.mismatch(&error))?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(Arc::new(config))
    }

    /// From when on, in seconds since 1970, a revocation list is out of date, and which file it is in; of several the first.
    pub fn revoked_until_s(&self, content: &Content) -> anyhow::Result<Option<(u64, &Path)>> {
        let (Some(path), Some(bytes)) = (&self.revoked, &content.revoked) else { return Ok(None) };
        let lists: Vec<CertificateRevocationListDer> = items(path, bytes, "revocation list")?;
        let until = |list: &CertificateRevocationListDer| revocation::next_update_s(list);
        let until = lists.iter().map(until).collect::<Option<Vec<u64>>>().and_then(|all| all.into_iter().min());
        let until = until.with_context(|| format!("{}: a revocation list does not say until when it counts (nextUpdate)", path.display()))?;
        Ok(Some((until, path)))
    }

    /// A person's end.
    pub fn client(&self, content: &Content) -> anyhow::Result<Arc<ClientConfig>> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13])?;
        let (chain, key) = self.identity(content)?;
        let config = builder.with_root_certificates(self.roots(content)?).with_client_auth_cert(chain, key);
        let mut config = config.map_err(|error| self.mismatch(&error))?;
        config.resumption = rustls::client::Resumption::disabled();
        Ok(Arc::new(config))
    }

    fn roots(&self, content: &Content) -> anyhow::Result<RootCertStore> {
        let mut roots = RootCertStore::empty();
        for certificate in items::<CertificateDer>(&self.authority, &content.authority, "certificate")? {
            roots.add(certificate).map_err(|error| anyhow!("{}: no certificate of an authority: {error}", self.authority.display()))?;
        }
        Ok(roots)
    }

    fn identity(&self, content: &Content) -> anyhow::Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let chain = items(&self.certificate, &content.certificate, "certificate")?;
        let key = PrivateKeyDer::from_pem_slice(&content.key);
        Ok((chain, key.map_err(|error| anyhow!("{}: no private key in PEM without a passphrase: {error}", self.key.display()))?))
    }

    fn mismatch(&self, error: &Error) -> anyhow::Error {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        match error {
            Error::InconsistentKeys(_) => anyhow!("{key}: is not the key of the certificate in {certificate}"),
            error => anyhow!("{certificate} and {key} cannot be used: {error}"),
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let failed = || format!("{}: cannot be read", path.display());
    let bytes = std::fs::metadata(path).with_context(failed)?.len();
    ensure!(bytes <= BYTES_MAX, "{}: has {bytes} bytes, and a file of certificates at most {BYTES_MAX}", path.display());
    std::fs::read(path).with_context(failed)
}

/// At least one of a kind.
fn items<T: PemObject>(path: &Path, bytes: &[u8], what: &str) -> anyhow::Result<Vec<T>> {
    let found = T::pem_slice_iter(bytes).collect::<Result<Vec<T>, _>>();
    let found = found.map_err(|error| anyhow!("{}: is no PEM: {error}", path.display()))?;
    ensure!(!found.is_empty(), "{}: no {what} in PEM is in it (`-----BEGIN …`)", path.display());
    Ok(found)
}

/// What ended a connection: a word to count it by, and why, for people who look at this end of it.
pub fn cause(error: &std::io::Error) -> (&'static str, String) {
    let Some(error) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) else {
        return match error.kind() {
            ErrorKind::TimedOut => ("late", "it did not come in time".to_owned()),
            ErrorKind::UnexpectedEof => ("broken", "the other end has closed the connection".to_owned()),
            _ => ("broken", error.to_string()),
        };
    };
    match error {
        Error::NoCertificatesPresented => ("no-certificate", "no certificate was shown".to_owned()),
        Error::InvalidCertificate(why) => certificate_cause(why),
        Error::PeerIncompatible(why) => ("not-tls-1.3", format!("it does not speak TLS 1.3 as we do: {why:?}")),
        Error::InvalidMessage(_) => ("not-tls", "it does not speak TLS".to_owned()),
        Error::AlertReceived(alert) => ("refused-there", there(*alert)),
        error => ("broken", error.to_string()),
    }
}

fn certificate_cause(why: &CertificateError) -> (&'static str, String) {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => ("expired", "its certificate has expired".to_owned()),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            ("not-valid-yet", "its certificate is not valid yet: look at the clocks".to_owned())
        }
        CertificateError::Revoked => ("revoked", "its certificate was revoked".to_owned()),
        CertificateError::ExpiredRevocationList | CertificateError::ExpiredRevocationListContext { .. } => {
            ("outdated-revocation", "the revocation list of its authority is out of date here".to_owned())
        }
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            ("unknown-authority", "its certificate is of another authority than the one believed here".to_owned())
        }
        CertificateError::UnknownRevocationStatus => {
            ("unknown-revocation", "no revocation list is of the authority of its certificate".to_owned())
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            ("another-name", format!("its certificate is for another name: {why}"))
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            ("another-purpose", "its certificate is for another purpose (extended key usage)".to_owned())
        }
        why => ("bad-certificate", format!("its certificate cannot be used: {why}")),
    }
}

/// Why the other end refuses us.
fn there(alert: AlertDescription) -> String {
    let why = match alert {
        AlertDescription::CertificateRequired => "a certificate is wanted",
        AlertDescription::CertificateExpired => "our certificate has expired, or is not valid yet",
        AlertDescription::CertificateRevoked => "our certificate was revoked",
        AlertDescription::UnknownCA | AlertDescription::DecryptError => {
            "our certificate is of another authority than the one believed there, or of one whose revocation list is missing there or out of \
             date"
        }
        AlertDescription::UnsupportedCertificate => "our certificate is for another purpose (extended key usage)",
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => "our certificate cannot be used",
        AlertDescription::ProtocolVersion | AlertDescription::HandshakeFailure => "there is no version of TLS that both speak",
        other => return format!("refused there: {other:?}"),
    };
    format!("refused there: {why}")
}
