//! The desk's order sessions and drop copies, started: the card's, and the host's own for hedges.
use anyhow::Context;
use riposte_desk::Desk;
use riposte_engine::Stream;
use riposte_session::{Card, Config, EnterTerms, Runner, Session, start};
use std::time::Duration;

/// The engine's numbers of the card's session and of the host's own.
pub const CARD: u8 = 0;
pub const HEDGES: u8 = 1;
/// Immediate or cancel: what does not trade at once is hedged anew.
const AT_ONCE: u8 = b'3';

/// Of the engine's thread, and of those who look after it, with their numbers; the card's order session is the first.
pub type Sessions = (Vec<Session>, Vec<(u8, Stream, Runner)>);

/// None if the desk has no venue.
pub fn open(desk: &Desk, password: Option<&str>) -> anyhow::Result<Sessions> {
    let (mut ends, mut runners) = (Vec::new(), Vec::new());
    let Some((rule, password)) = desk.sessions.as_ref().zip(password) else { return Ok((ends, runners)) };
    let mut streams = vec![
        (CARD, &rule.username, Stream::Session, Some(rule.orders)), (CARD, &rule.username, Stream::DropCopy, rule.drop_copy),
    ];
    if let Some(hedges) = desk.hedge.as_ref().and_then(|hedge| hedge.session.as_ref()) {
        streams.push((HEDGES, &hedges.username, Stream::Session, Some(hedges.orders)));
        streams.push((HEDGES, &hedges.username, Stream::DropCopy, hedges.drop_copy));
    }
    for (session, username, stream, address) in streams {
        let Some(address) = address else { continue };
        let mut config = Config { session, stream, orders: desk.host.orders, ..Config::new(address, username, password) };
        let terms = EnterTerms { time_in_force: AT_ONCE, firm: desk.session.firm, ..EnterTerms::default() };
        config.card = (rule.over_card && (session, stream) == (CARD, Stream::Session)).then(|| card(&desk.session));
        config.enters = (session == HEDGES).then_some(terms);
        for (symbol, instrument) in config.symbols.iter_mut().zip(&desk.instruments) {
            symbol.clone_from(&instrument.symbol);
        }
        config.times.silence = Duration::from_nanos(desk.host.times.silence_ns);
        let (end, runner) = start(&config).context("the order session cannot be started")?;
        ends.push(end);
        runners.push((session, stream, runner));
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

