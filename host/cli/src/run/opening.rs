//! What a host proposes by itself: the desk's limits and parameter set, for people to approve.
//!
//! Holds: nothing is in force by being in a file. The host proposes what was signed, in the name of who started it, and a
//! second person approves; in a rehearsal on a simulated card the host is both, arms, and lifts what the card's watchdog did.
//! A card that has lost its set gets the newest that was in force, not the one that the host was started with.
use super::admission::{Admission, Admitted};
use super::calibration::mandate;
use super::voice::Voice;
use super::{HOST, REHEARSAL};
use riposte_desk::{Desk, Session};
use riposte_engine::{Body, Change, Engine, Limit, Refusal};
use riposte_map::limits::INSTRUMENTS;
use riposte_signature::SignedSet;
use std::collections::VecDeque;

/// The engine's number of the session whose orders the card makes.
const CARD_SESSION: u8 = 0;
/// Between two attempts of a rehearsal to arm.
const AGAIN_NS: u64 = 200_000_000;

pub struct Opening {
    /// The desk's, if it was signed.
    set: Option<SignedSet>,
    /// Content of the set that is to be in force.
    wanted: Option<[u8; 32]>,
    limits: Vec<(Limit, u8, u64)>,
    /// Mandates of the desk's models.
    mandates: Vec<Change>,
    /// What the card is told when the session is current; where it goes over the card's wire, that is said when the card may send.
    session: Option<Session>,
    instruments: u16,
    /// In whose name.
    by: u16,
    rehearses: bool,
    /// Of the requests that this process made.
    next_request: u64,
    /// The set's number when it was last proposed.
    proposed: Option<u32>,
    armed_ns: u64,
    /// A rehearsal has armed this card once; from then on people decide.
    is_over: bool,
}

impl Opening {
    /// Nothing of a desk that was not signed is proposed, its limits neither.
    pub fn new(desk: &Desk, set: Option<SignedSet>, by: Option<u16>, rehearses: bool, first_request: u64) -> Opening {
        let limits = &desk.limits;
        let mut wanted = vec![
            (Limit::Loss, 0, limits.loss_e4), (Limit::Drawdown, 0, limits.drawdown_e4), (Limit::Delta, 0, limits.delta_e4),
            (Limit::Gamma, 0, limits.gamma_e4), (Limit::Vega, 0, limits.vega_e4), (Limit::Theta, 0, limits.theta_e4),
            (Limit::ScenarioLoss, 0, limits.scenario_loss_e4), (Limit::ProtectionNet, 0, limits.protection_net_e4),
        ];
        if desk.sessions.is_some() {
            let used = 0..desk.instruments.len().min(INSTRUMENTS) as u8;
            wanted.extend(used.flat_map(|at| {
                [(Limit::InstrumentLoss, at, limits.instrument_loss_e4), (Limit::ProtectionPieces, at, limits.protection_pieces)]
            }));
            wanted.extend([
                (Limit::Exposure, 0, limits.exposure_e4),
                (Limit::Collateral, 0, limits.collateral_e4),
                (Limit::Counterparty, 0, limits.counterparty_e4),
                (Limit::FreeMessages, 0, limits.free_messages),
                (Limit::MessagesPerTrade, 0, limits.messages_per_trade),
            ]);
        }
        let legs = desk.hedge.iter().flat_map(|hedge| &hedge.legs);
        wanted.extend(legs.map(|leg| (Limit::Hedge, leg.instrument, leg.position.into())));
        wanted.retain(|(_, _, value)| *value != 0 && set.is_some());
        let models = if set.is_some() { &desk.models[..] } else { &[] };
        let session = (!desk.sessions.as_ref().is_some_and(|one| one.over_card)).then(|| desk.session.clone());
        Opening {
            set,
            wanted: None,
            limits: wanted,
            mandates: (0..).zip(models).map(|(number, model)| mandate(number, model)).collect(),
            session,
            instruments: desk.mask() as u16,
            by: by.unwrap_or(HOST),
            rehearses,
            next_request: first_request,
            proposed: None,
            armed_ns: 0,
            is_over: false,
        }
    }

    fn propose(&mut self, change: Change, to: &mut VecDeque<Body>) {
        let request = self.next_request;
        self.next_request += 1;
        to.push_back(Body::Propose { request, by: self.by, change });
        if self.rehearses {
            to.push_back(Body::Approve { request, by: REHEARSAL });
        }
    }

    /// A card after reset is there, or the host has come back to one: proposes what is not in force. Gives how many
    /// proposals wait for a second person.
    pub fn begin(&mut self, engine: &Engine, admission: &mut Admission, voice: &Voice, to: &mut VecDeque<Body>) -> usize {
        let before = to.len();
        (self.proposed, self.is_over) = (None, false);
        for (limit, index, value) in self.limits.clone() {
            if engine.limit(limit, index) == Some(0) {
                self.propose(Change::SetLimit { limit, index, value }, to);
            }
        }
        self.wanted = engine.base();
        if engine.is_approved()
            && let Some(Admitted { generation, content, rows }) = self.choose(engine, admission, voice)
        {
            to.push_back(Body::BeginSet);
            to.extend(rows.into_iter().map(|command| Body::Row { command }));
            self.propose(Change::Commit { generation, content }, to);
            (self.proposed, self.wanted) = (Some(generation), Some(content));
            self.number(engine, to);
            self.propose(Change::Validate { instruments: self.instruments }, to);
        }
        for (model, change) in (0..).zip(self.mandates.clone()) {
            let is_there = engine.mandates().any(|(one, _)| one == model);
            if engine.is_approved() && !is_there {
                self.propose(change, to);
            }
        }
        let asked = to.iter().skip(before).filter(|body| matches!(body, Body::Propose { .. })).count();
        if self.rehearses { 0 } else { asked }
    }

    /// Tells the card the number of its next order: one that neither the venue nor we have seen.
    pub fn number(&self, engine: &Engine, to: &mut VecDeque<Body>) {
        if let Some(session) = self.session.as_ref().filter(|_| engine.is_approved()) {
            let Session { tcp_sequence: sequence, acknowledgement, first_user_ref, .. } = *session;
            let user_ref = engine.next_user_ref(CARD_SESSION).max(first_user_ref);
            to.push_back(Body::CardSession { sequence, acknowledgement, user_ref });
        }
    }

    /// The set that is to come into force, if another one is in force: the desk's if it is newer than all there were, or
    /// else the newest there was, if the card has none.
    fn choose(&self, engine: &Engine, admission: &mut Admission, voice: &Voice) -> Option<Admitted> {
        let newest = engine.newest_approved();
        let found = match &self.set {
            Some(set) if engine.base().is_some_and(|content| admission.is(set, &content)) => return None,
            Some(set) if set.set.generation > newest => admission.take(set, engine, None, "of the desk"),
            Some(set) if engine.generation() > 0 => {
                let (generation, now) = (set.set.generation, engine.generation());
                voice.warn("set-older", format!("the desk's set is signed as generation {generation}: generation {now} stays in force"));
                return None;
            }
            _ if engine.generation() == 0 && newest > 0 => admission.again(engine),
            _ => return None,
        };
        found.map(Some).unwrap_or_else(|error| {
            voice.alarm("set-refused", format!("no parameter set is proposed: {error:#}"));
            None
        })
    }

    /// A rehearsal arms once all is in force.
    pub fn go_on(&mut self, engine: &Engine, now_ns: u64, to: &mut VecDeque<Body>) {
        self.is_over |= engine.is_permitted();
        let is_ready = engine.is_approved() && self.wanted.is_some() && engine.base() == self.wanted;
        if !self.rehearses || self.is_over || !is_ready || now_ns.saturating_sub(self.armed_ns) < AGAIN_NS {
            return;
        }
        let change = match engine.arming() {
            Ok(()) => Change::Arm,
            Err(Refusal::Killed) => Change::ClearKill,
            // Not for the host to lift: what is unknown stays so until the venue speaks.
            Err(_) => return,
        };
        self.armed_ns = now_ns;
        self.propose(change, to);
    }
}
