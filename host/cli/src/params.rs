//! `riposte params keygen | sign | verify | token`: who stands for a parameter set, without a host.
//!
//! In: a configuration, a key. Out: files beside it, which `riposte run` and `riposte params push` read.
use crate::output::{Outcome, Output};
use crate::run::admission::{read_signature, trusted};
use crate::{replay, rules};
use anyhow::Context;
use riposte_desk::Desk;
use riposte_journal::hex;
use riposte_signature::{PrivateKey, Set, Signature, Token, digits};
use serde::Serialize;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
#[command(after_help = "Example:\n  riposte params keygen ann.key\n\n\
    The private key stays with its owner; the public key, which is printed, goes into `trusted` of the desk's [host].")]
pub struct Keygen {
    /// File of the private key; one that is there is never replaced.
    file: PathBuf,
}

#[derive(clap::Args)]
#[command(after_help = "Examples:\n  riposte params sign desk.toml --generation 3 --key ann.key\n  \
    riposte params sign desk.toml --generation 2026112101 --key ann.key --directory day.pcap\n\n\
    The generation must be above that in force (`riposte status`) when the set is pushed; it may leave some out.")]
pub struct Sign {
    /// Configuration of the desk, TOML.
    file: PathBuf,
    /// Number of the set.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    generation: u32,
    /// File with the private key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Capture or raw ITCH whose messages tell the locate codes that the configuration leaves open, as for `riposte run`.
    #[arg(long, value_name = "FILE")]
    directory: Option<PathBuf>,
    /// Where the signature goes; FILE.signature if not named.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(clap::Args)]
#[command(after_help = "Example:\n  riposte params verify desk.toml\n\n\
    The keys are those that the configuration itself trusts, or the one given.\n\
    Exit codes: 0 signed and unaltered · 1 a file cannot be read · 2 usage · 3 not by somebody trusted, or altered")]
pub struct Verify {
    /// Configuration of the desk, TOML.
    file: PathBuf,
    /// Signature of its set; FILE.signature if not named.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// As it was signed with.
    #[arg(long, value_name = "FILE")]
    directory: Option<PathBuf>,
    /// The only public key to be trusted.
    #[arg(long, value_name = "KEY", value_parser = bytes)]
    trusted: Option<[u8; 32]>,
}

#[derive(clap::Args)]
#[command(after_help = "Example:\n  riposte params token --generation 1 \
    --content 9f2b0cba3ad0c5b3ee3d8f2c3ad1b0e7b1a4b5d0f6a5c4e3d2c1b0a998877665 --key ann.key --out back.token\n\n\
    `riposte params rollback N --dry-run` tells the content of a generation. A token is good for one use.")]
pub struct TokenArgs {
    /// The generation that may come back.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    generation: u32,
    /// Its content.
    #[arg(long, value_name = "SHA256", value_parser = bytes)]
    content: [u8; 32],
    /// File with the private key.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// File of the token; one that is there is not replaced.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// 32 bytes.
fn bytes(text: &str) -> Result<[u8; 32], String> {
    digits(text).ok_or_else(|| "64 hexadecimal digits".to_owned())
}

/// Where the signature of a configuration is, unless it is named.
pub fn beside(configuration: &Path) -> PathBuf {
    let mut name = configuration.as_os_str().to_owned();
    name.push(".signature");
    name.into()
}

/// The signature to push a configuration with; one that is not named may be missing, and the host says what it thinks of that.
pub fn signature(configuration: &Path, named: Option<&Path>) -> anyhow::Result<Option<Signature>> {
    let beside = beside(configuration);
    match named {
        Some(path) => read_signature(path).map(Some),
        None if beside.exists() => read_signature(&beside).map(Some),
        None => Ok(None),
    }
}

pub fn read_token(path: &Path) -> anyhow::Result<Token> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: the token cannot be read", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{}: is no token as `riposte params token` writes it", path.display()))
}

pub fn keygen(args: &Keygen, output: &Output) -> anyhow::Result<Outcome> {
    let public = PrivateKey::create(&args.file)?.public().digits();
    if output.is_json() {
        output.print_json(&json!({ "file": args.file, "public": public }))?;
    } else {
        output.print(public)?;
    }
    Ok(Outcome::Done)
}

pub fn sign(args: &Sign, output: &Output) -> anyhow::Result<Outcome> {
    let key = PrivateKey::from_file(&args.key)?;
    let (desk, content) = desk(&args.file, args.directory.as_deref())?;
    let signature = Set::of(&desk, args.generation).sign(&key);
    let out = args.out.clone().unwrap_or_else(|| beside(&args.file));
    // Replaced whole: a signature is made again for each generation.
    let partial = out.with_extension("partial");
    let _ = std::fs::remove_file(&partial);
    write_new(&partial, &signature)?;
    std::fs::rename(&partial, &out).with_context(|| format!("{}: cannot be written", out.display()))?;
    if output.is_json() {
        output.print_json(&json!({ "file": out, "generation": args.generation, "content": content, "key": signature.key }))?;
    } else {
        output.print(format!("{}: generation {}, content {content}, key {}", out.display(), args.generation, signature.key))?;
    }
    Ok(Outcome::Done)
}

pub fn verify(args: &Verify, output: &Output) -> anyhow::Result<Outcome> {
    let (desk, content) = desk(&args.file, args.directory.as_deref())?;
    let signature = read_signature(&args.signature.clone().unwrap_or_else(|| beside(&args.file)))?;
    let (names, keys) = match args.trusted {
        Some(key) => {
            let key = riposte_signature::PublicKey::from_bytes(&key).context("--trusted: is no public key")?;
            (vec!["the key given".to_owned()], vec![key])
        }
        None => trusted(&desk)?,
    };
    let verified = signature.verify(&Set::of(&desk, signature.generation), &keys);
    let signer = verified.map(|at| names[at].as_str());
    if output.is_json() {
        output.print_json(&json!({
            "file": args.file, "generation": signature.generation, "content": content, "key": signature.key,
            "signer": signer.ok(), "why": signer.err().map(|why| why.to_string()),
        }))?;
    }
    match signer {
        Err(why) => {
            eprintln!("riposte: {}: {why}", args.file.display());
            return Ok(Outcome::CheckFailed);
        }
        Ok(_) if output.is_json() => {}
        Ok(name) => {
            output.print(format!("{}: signed by {name} as generation {}, content {content}", args.file.display(), signature.generation))?;
        }
    }
    Ok(Outcome::Done)
}

pub fn token(args: &TokenArgs, output: &Output) -> anyhow::Result<Outcome> {
    let token = Token::sign(args.generation, args.content, &PrivateKey::from_file(&args.key)?)?;
    write_new(&args.out, &token)?;
    if output.is_json() {
        output.print_json(&token)?;
    } else {
        output.print(format!("{}: for one way back to generation {}, content {}", args.out.display(), token.generation, token.content))?;
    }
    Ok(Outcome::Done)
}

/// A desk with all its locate codes, and what its set is known by.
fn desk(file: &Path, directory: Option<&Path>) -> anyhow::Result<(Desk, String)> {
    let (mut desk, _) = rules::load(file)?;
    if let Some(directory) = directory {
        replay::resolve(&mut desk, directory)?;
    }
    let open: Vec<_> = desk.instruments.iter().filter(|one| one.locate.is_none()).map(|one| one.symbol.as_str()).collect();
    if !open.is_empty() {
        let open = open.join(", ");
        eprintln!("riposte: warning: no locate for {open}: what is signed does not watch it; if `run` has a --directory, name it here too");
    }
    let content = riposte_engine::content(&Set::of(&desk, 0).rows).context("the desk makes no whole parameter set")?;
    Ok((desk, hex(&content)))
}

fn write_new(path: &Path, one: &impl Serialize) -> anyhow::Result<()> {
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        file.write_all(format!("{}\n", serde_json::to_string(one)?).as_bytes())?;
        file.sync_all()
    };
    write().with_context(|| format!("{}: cannot be written", path.display()))
}
