//! The desk's order session, which is the card's, and its drop copy, started.
use anyhow::Context;
use riposte_desk::Desk;
use riposte_engine::Stream;
use riposte_session::{Card, Config, Runner, Session, start};
use std::time::Duration;

/// The engine's number of the card's session.
pub const CARD: u8 = 0;

/// Of the engine's thread, and of those who look after it; the order session is the first.
pub type Sessions = (Vec<Session>, Vec<(Stream, Runner)>);

/// None if the desk has no venue.
pub fn open(desk: &Desk, password: Option<&str>) -> anyhow::Result<Sessions> {
    let (mut ends, mut runners) = (Vec::new(), Vec::new());
    let Some((rule, password)) = desk.sessions.as_ref().zip(password) else { return Ok((ends, runners)) };
    for (stream, address) in [(Stream::Session, Some(rule.orders)), (Stream::DropCopy, rule.drop_copy)] {
        let Some(address) = address else { continue };
        let mut config = Config { session: CARD, stream, orders: desk.host.orders, ..Config::new(address, &rule.username, password) };
        config.card = (rule.over_card && stream == Stream::Session).then(|| card(&desk.session));
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

/// The connection that the card's frames are of.
fn card(session: &riposte_desk::Session) -> Card {
    Card {
        own_mac: session.source_mac,
        venue_mac: session.destination_mac,
        own: session.source,
        venue: session.destination,
        first_user_ref: session.first_user_ref,
    }
}

/// Of the desk's sessions, if it has a venue.
pub fn password_of(desk: &Desk) -> anyhow::Result<Option<String>> {
    let Some(rule) = &desk.sessions else { return Ok(None) };
    let path = &rule.password_file;
    let text = String::from_utf8(crate::secret::read(path, "the venue's password")?);
    let text = text.with_context(|| format!("{}: the venue's password is no text", path.display()))?;
    Ok(Some(text.trim_end().to_owned()))
}

