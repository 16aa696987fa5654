//! What people want of parameter sets: to push one, to have an earlier one back.
use super::admission::Admission;
use super::calls::{Calls, again, why_text};
use super::conversation::Call;
use anyhow::bail;
use riposte_control::{Answer, Request};
use riposte_engine::{Body, Change, Engine};
use riposte_signature::{Set, Signature, SignedSet, Token};
use serde_json::json;
use std::collections::VecDeque;

impl Calls {
    /// Takes a call about sets; its answer comes at once or with the engine's.
    pub fn take_set(
        &mut self, call: &Call, engine: &Engine, admission: &mut Admission, to: &mut VecDeque<Body>,
    ) -> Option<Answer> {
        let taken = match &call.request {
            Request::Push { configuration, signature, token, dry_run, .. } => {
                let pushed = self.signed(configuration, *signature);
                pushed.and_then(|signed| self.push(&signed, token.as_ref(), *dry_run, call, engine, admission, to))
            }
            Request::Rollback { generation, token, request, dry_run: true, .. } => {
                self.preview_rollback(*generation, token.as_ref(), *request, engine, admission)
            }
            Request::Rollback { request: Some(id), .. } if engine.knows(*id) => Ok(Some(again(*id, engine))),
            Request::Rollback { .. } => self.roll_back(call, engine, admission, to),
            _ => return None,
        };
        taken.unwrap_or_else(|error| Some(Answer::Refused { why: format!("{error:#}") }))
    }

    /// The set of a configuration, with its signature.
    fn signed(&self, configuration: &str, signature: Option<Signature>) -> anyhow::Result<SignedSet> {
        let check = riposte_desk::check(configuration);
        let Some(mut desk) = check.desk else {
            let errors: Vec<_> = check.problems.iter().map(ToString::to_string).collect();
            bail!("the configuration cannot be used: {}", errors.join("; "));
        };
        let known = self.instruments_of_desk();
        desk.resolve(|symbol| known.iter().find(|one| one.symbol == symbol).and_then(|one| one.locate));
        let Some(signature) = signature else {
            bail!("the parameter set is not signed: `riposte params sign`, then push it with its signature");
        };
        Ok(SignedSet { set: Set::of(&desk, signature.generation), signature })
    }

    #[expect(clippy::too_many_arguments, reason = "what is wanted, and what it is judged by")]
    fn push(
        &mut self, signed: &SignedSet, token: Option<&Token>, dry_run: bool, call: &Call, engine: &Engine, admission: &mut Admission,
        to: &mut VecDeque<Body>,
    ) -> anyhow::Result<Option<Answer>> {
        if dry_run {
            let admitted = admission.check(signed, engine, token)?;
            let content = riposte_journal::hex(&admitted.content);
            return Ok(Some(Answer::Told { value: json!({ "generation": admitted.generation, "content": content }) }));
        }
        if let Some(full) = self.waiting.is_full() {
            return Ok(Some(full));
        }
        let admitted = admission.take(signed, engine, token, &format!("pushed by {}", self.name(call.by)))?;
        to.push_back(Body::BeginSet);
        to.extend(admitted.rows.into_iter().map(|command| Body::Row { command }));
        let change = Change::Commit { generation: admitted.generation, content: admitted.content };
        Ok(self.propose(None, call.by, change, &call.answer, to))
    }

    fn roll_back(
        &mut self, call: &Call, engine: &Engine, admission: &mut Admission, to: &mut VecDeque<Body>,
    ) -> anyhow::Result<Option<Answer>> {
        let Request::Rollback { generation, token, request, .. } = &call.request else { return Ok(None) };
        let change = Change::RevertParameters { target: *generation };
        // A token is not spent on what the engine would refuse.
        if let Err(why) = engine.preview(&change) {
            bail!(why_text(why));
        }
        if let Some(full) = self.waiting.is_full() {
            return Ok(Some(full));
        }
        let why = format!("asked for by {}", self.name(call.by));
        admission.take_back(engine, *generation, token.as_ref(), Some(&why))?;
        Ok(self.propose(*request, call.by, change, &call.answer, to))
    }

    fn preview_rollback(
        &self, generation: u32, token: Option<&Token>, request: Option<u64>, engine: &Engine, admission: &mut Admission,
    ) -> anyhow::Result<Option<Answer>> {
        let mut seen = self.preview(engine, &Change::RevertParameters { target: generation }, request);
        match (&mut seen, token) {
            (Answer::Told { value }, None) => {
                value["needs_token_for"] = engine.content_of(generation).map(|content| riposte_journal::hex(&content)).into();
            }
            (Answer::Told { .. }, Some(_)) => admission.take_back(engine, generation, token, None)?,
            _ => {}
        }
        Ok(Some(seen))
    }
}
