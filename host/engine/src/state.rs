//! The engine's whole state as bytes and back, so that a recovery need not begin at the first input.
//!
//! In: an engine. Out: bytes that are the same for the same state on every machine, with the configuration under which it
//! stands, closed by its digest and that of the bytes; and back an engine that goes on as the first one would.
//!
//! Holds: reading never panics. What another build wrote in another form is told, by its version or by its digest, and never
//! becomes a state.
use crate::config::{Config, ConfigError, SESSIONS};
use crate::engine::Engine;
use crate::execution::ADOPTED;
use crate::message::{Field, fields};
use crate::position::value;
use riposte_map::limits::INSTRUMENTS;
use sha2::{Digest, Sha256};
use thiserror::Error;

/// Counts up with every change of what is written.
const VERSION: u32 = 11;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum StateError {
    #[error("is a state of version {0}; this riposte reads {VERSION}")]
    Version(u32),
    #[error("is not the state of an engine")]
    Malformed,
    #[error("was altered, or is not whole")]
    Altered,
    #[error("is a state of another build: its digest is another")]
    Digest,
}

fields!(Engine {
    config, now_ns, sessions, orders, executions, holdings, traffic, limits, latches, claims, card, books, entry, lending, resting, requests, set, generations,
    reversion, models, greeks, bursts, cancels_due, best, window_ns, firm, matched, dirty, adopted,
});

impl Engine {
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        VERSION.put(&mut bytes);
        self.put(&mut bytes);
        self.digest().put(&mut bytes);
        let seal: [u8; 32] = Sha256::digest(&bytes).into();
        seal.put(&mut bytes);
        bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Engine, StateError> {
        let (mut rest, seal) = bytes.split_last_chunk::<32>().ok_or(StateError::Malformed)?;
        let is_whole = *seal == <[u8; 32]>::from(Sha256::digest(rest));
        let version = u32::get(&mut rest).ok_or(StateError::Malformed)?;
        if version != VERSION {
            return Err(StateError::Version(version));
        }
        if !is_whole {
            return Err(StateError::Altered);
        }
        let engine = Engine::get(&mut rest).filter(Engine::is_sound).ok_or(StateError::Malformed)?;
        // A build that reads other fields makes another digest of what it has read.
        if rest == engine.digest() { Ok(engine) } else { Err(StateError::Digest) }
    }

    /// Every index leads somewhere.
    fn is_sound(&self) -> bool {
        let executions = || self.executions.iter();
        self.config.check().is_ok()
            && self.orders.table.iter().all(|order| usize::from(order.session) < SESSIONS)
            && executions().all(|one| usize::from(one.instrument) < INSTRUMENTS)
            && executions().all(|one| usize::from(one.session) < SESSIONS || one.session == ADOPTED)
            && self.models.is_sound()
            && self.firm.max(self.matched) <= self.executions.len()
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Goes on under another configuration. What comes then depends on where this came among the inputs: whoever keeps them
    /// writes it down. Allocates.
    pub fn reconfigure(&mut self, config: Config) -> Result<(), ConfigError> {
        config.check()?;
        let held = [self.orders.table.len(), self.executions.len(), self.requests.len()];
        let room = [("orders", config.orders), ("executions", config.executions), ("requests", config.requests)];
        if let Some(((what, _), held)) = room.into_iter().zip(held).find(|((_, room), held)| room < held) {
            return Err(ConfigError::Fewer(what, held));
        }
        self.orders.resize(config.orders);
        self.executions.resize(config.executions);
        self.requests.resize(config.requests);
        self.config = config;
        // What is open weighs with the multiplier that is in force.
        self.holdings.iter_mut().for_each(|holding| holding.open_value = 0);
        for order in self.orders.open() {
            let at = usize::from(order.instrument);
            if let Some(holding) = self.holdings.get_mut(at) {
                holding.open_value += value(order.price.abs(), order.open().into(), self.config.instruments[at].multiplier);
            }
        }
        self.dirty = true;
        Ok(())
    }
}
