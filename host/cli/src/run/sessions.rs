//! The desk's order session and drop copy, started.
use anyhow::{Context, ensure};
use riposte_desk::Desk;
use riposte_engine::Stream;
use riposte_session::{Config, Runner, Session, start};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// Of the engine's thread, and of those who look after it; the order session is the first.
pub type Sessions = (Vec<Session>, Vec<(Stream, Runner)>);

/// None if the desk has no venue.
pub fn open(desk: &Desk) -> anyhow::Result<Sessions> {
    let (mut ends, mut runners) = (Vec::new(), Vec::new());
    let Some(rule) = &desk.sessions else { return Ok((ends, runners)) };
    let password = password(&rule.password_file)?;
    let streams = [(Stream::Session, Some(rule.orders)), (Stream::DropCopy, rule.drop_copy)];
    for (stream, address) in streams {
        let Some(address) = address else { continue };
        let mut config = Config { stream, orders: desk.host.orders, ..Config::new(address, &rule.username, &password) };
        for (symbol, instrument) in config.symbols.iter_mut().zip(&desk.instruments) {
            symbol.clone_from(&instrument.symbol);
        }
        config.times.silence = Duration::from_nanos(desk.host.times.silence_ns);
        let (end, runner) = start(&config).context("the order session cannot be started")?;
        ends.push(end);
        runners.push((stream, runner));
    }
    Ok((ends, runners))
}

fn password(path: &Path) -> anyhow::Result<String> {
    let what = || format!("{}: the venue's password cannot be read", path.display());
    let mode = std::fs::metadata(path).with_context(what)?.mode() & 0o777;
    ensure!(mode & 0o077 == 0, "{}: has rights {mode:03o}, so others can read the password; `chmod 600` it", path.display());
    Ok(std::fs::read_to_string(path).with_context(what)?.trim_end().to_owned())
}
