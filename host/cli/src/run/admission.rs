//! Which parameter sets are taken: those that somebody whom the desk trusts has signed, and that are newer than all that people
//! had approved; an older one needs a token for exactly that one, which is spent by it.
//!
//! Holds: what is taken is kept with its signature before it is proposed, and who signed is noted in the journal in front
//! of the proposal. What is kept is verified again whenever it is loaded.
use super::noted::Noted;
use super::sets;
use anyhow::{Context, bail, ensure};
use riposte_desk::Desk;
use riposte_engine::Engine;
use riposte_journal::hex;
use riposte_map::shm::Command;
use riposte_signature::{PrivateKey, PublicKey, Set, Signature, SignedSet, Token};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The key that a rehearsal makes for itself if the desk trusts nobody; in the journal's folder.
const REHEARSAL_KEY: &str = "rehearsal.key";
const REHEARSAL_NAME: &str = "the rehearsal";
/// Numbers that models may take while a set is on its way to the engine.
const TAKEN: u32 = 16;

/// A set that may be proposed.
pub struct Admitted {
    /// The number that it gets on the card.
    pub generation: u32,
    pub content: [u8; 32],
    pub rows: Vec<Command>,
}

pub struct Admission {
    names: Vec<String>,
    keys: Vec<PublicKey>,
    symbols: Vec<[u8; 8]>,
    /// Of the journal.
    folder: PathBuf,
    /// For the journal, in front of what is proposed.
    pub notes: VecDeque<Noted>,
}

impl Admission {
    pub fn new(desk: &Desk, folder: &Path) -> anyhow::Result<Admission> {
        let (names, keys) = trusted(desk)?;
        let symbols = Set::of(desk, 0).symbols;
        Ok(Admission { names, keys, symbols, folder: folder.to_owned(), notes: VecDeque::new() })
    }

    /// Of the journal.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The desk's set as it was signed. A rehearsal signs it itself if the desk trusts nobody.
    pub fn desk_set(&mut self, desk: &Desk, signature: &Path, rehearses: bool, newest: u32) -> anyhow::Result<SignedSet> {
        if rehearses && self.keys.is_empty() {
            let path = self.folder.join(REHEARSAL_KEY);
            let key = if path.exists() { PrivateKey::from_file(&path)? } else { PrivateKey::create(&path)? };
            (self.names, self.keys) = (vec![REHEARSAL_NAME.to_owned()], vec![key.public()]);
            let set = Set::of(desk, newest.checked_add(1).context("there is no generation left")?);
            return Ok(SignedSet { signature: set.sign(&key), set });
        }
        let signature = read_signature(signature)?;
        let signed = SignedSet { set: Set::of(desk, signature.generation), signature };
        self.signer(&signed)?;
        Ok(signed)
    }

    /// Who has signed a set, by their place.
    fn signer(&self, signed: &SignedSet) -> anyhow::Result<usize> {
        if self.keys.is_empty() {
            bail!("this desk trusts nobody to sign parameter sets: `trusted` in [host] names those it does");
        }
        Ok(signed.verify(&self.keys)?)
    }

    fn token_signer(&self, token: &Token, generation: u32, content: &[u8; 32]) -> anyhow::Result<usize> {
        let at = token.verify(&self.keys).context("the rollback token is not taken")?;
        ensure!(
            token.generation == generation && token.content.0 == *content,
            "the rollback token is for generation {} with content {}: this is generation {generation} with content {}",
            token.generation, token.content, hex(content)
        );
        ensure!(!sets::is_spent(&self.folder, token)?, "the rollback token was used before: each is good for once");
        Ok(at)
    }

    /// What a set would be taken as; nothing is spent or kept.
    pub fn check(&self, signed: &SignedSet, engine: &Engine, token: Option<&Token>) -> anyhow::Result<Admitted> {
        self.signer(signed)?;
        ensure!(
            signed.set.symbols == self.symbols,
            "its instruments are others, or in another order: positions are kept by their place; start the host anew"
        );
        let (signed_as, newest, rows) = (signed.set.generation, engine.newest_approved(), signed.set.rows.clone());
        let content = riposte_engine::content(&rows).context("it makes no whole parameter set")?;
        let generation = match token {
            // Models may have numbered sets beyond it; that does not make it old.
            _ if signed_as > newest => signed_as.max(free(engine)?),
            Some(token) => {
                self.token_signer(token, signed_as, &content)?;
                free(engine)?
            }
            None => bail!(
                "it is signed as generation {signed_as}, which is not above {newest}, the newest of people: sign it again with a \
                 higher number, or bring a rollback token for it"
            ),
        };
        Ok(Admitted { generation, content, rows })
    }

    /// Takes a set: spends the token if it is needed, keeps the set, notes who signed. `why` says whence it comes.
    pub fn take(&mut self, signed: &SignedSet, engine: &Engine, token: Option<&Token>, why: &str) -> anyhow::Result<Admitted> {
        let admitted = self.check(signed, engine, token)?;
        sets::keep(&self.folder, &admitted.content, signed)?;
        if let Some(token) = token.filter(|_| signed.set.generation <= engine.newest_approved()) {
            self.spend(token, why)?;
        }
        self.note(signed, &admitted, why)?;
        Ok(admitted)
    }

    /// The way back to a generation that was in force.
    pub fn take_back(&mut self, engine: &Engine, generation: u32, token: Option<&Token>, why: Option<&str>) -> anyhow::Result<()> {
        let content = engine.content_of(generation).context("no such generation is remembered")?;
        let Some(token) = token else {
            bail!(
                "the way back to an older set needs a rollback token: \
                 `riposte params token --generation {generation} --content {} --key KEY`", hex(&content)
            );
        };
        self.token_signer(token, generation, &content)?;
        self.load(&engine.recipe(&content).map_or(content, |(base, _)| base))?;
        if let Some(why) = why {
            self.spend(token, why)?;
        }
        Ok(())
    }

    fn spend(&mut self, token: &Token, why: &str) -> anyhow::Result<()> {
        let at = token.verify(&self.keys)?;
        ensure!(sets::spend(&self.folder, token)?, "the rollback token was used before: each is good for once");
        let text = format!("generation {}, content {}, token {}, key {}, {why}", token.generation, token.content, token.nonce, token.key);
        self.notes.push_back(Noted::new(&self.names[at], "rollback token", &text));
        Ok(())
    }

    fn note(&mut self, signed: &SignedSet, admitted: &Admitted, why: &str) -> anyhow::Result<()> {
        let at = self.signer(signed)?;
        let Signature { generation: signed_as, key, .. } = &signed.signature;
        let (generation, content) = (admitted.generation, hex(&admitted.content));
        let text = format!("generation {generation}, content {content}, signed as generation {signed_as}, key {key}, {why}");
        self.notes.push_back(Noted::new(&self.names[at], "parameter set", &text));
        Ok(())
    }

    /// A set that was taken before, if it is still trusted.
    fn load(&self, content: &[u8; 32]) -> anyhow::Result<SignedSet> {
        let signed = sets::load(&self.folder, content)?;
        self.signer(&signed).with_context(|| format!("content {}", hex(content)))?;
        Ok(signed)
    }

    /// The rows of a set that was taken before: a model moves thresholds in them.
    pub fn rows(&self, content: &[u8; 32]) -> anyhow::Result<Vec<Command>> {
        Ok(self.load(content)?.set.rows)
    }

    /// The rows of a set that a reversion brings back under a new number.
    pub fn reload(&mut self, generation: u32, content: &[u8; 32]) -> anyhow::Result<Vec<Command>> {
        let signed = self.load(content)?;
        let admitted = Admitted { generation, content: *content, rows: signed.set.rows.clone() };
        self.note(&signed, &admitted, "of a reversion")?;
        Ok(admitted.rows)
    }

    /// The newest set that was in force, for a card that has lost it.
    pub fn again(&mut self, engine: &Engine) -> anyhow::Result<Admitted> {
        let newest = engine.newest_approved();
        let content = engine.content_of(newest);
        let content = content.with_context(|| format!("generation {newest} is not remembered"))?;
        let signed = self.load(&content).with_context(|| format!("generation {newest} cannot be given to this card"))?;
        let admitted = Admitted { generation: free(engine)?, content, rows: signed.set.rows.clone() };
        self.note(&signed, &admitted, "for a card that has none")?;
        Ok(admitted)
    }

    /// Whether a set has this content.
    pub fn is(&self, signed: &SignedSet, content: &[u8; 32]) -> bool {
        riposte_engine::content(&signed.set.rows).as_ref() == Some(content)
    }
}

/// A number that no generation has, and that no model takes meanwhile.
fn free(engine: &Engine) -> anyhow::Result<u32> {
    let taken = if engine.mandates().next().is_some() { TAKEN } else { 0 };
    engine.newest_generation().checked_add(taken + 1).context("there is no generation left")
}

/// Names and keys of those whose sets a desk takes.
pub fn trusted(desk: &Desk) -> anyhow::Result<(Vec<String>, Vec<PublicKey>)> {
    let key = |bytes: &[u8; 32]| PublicKey::from_bytes(bytes);
    let one = |signer: &riposte_desk::Signer| {
        let wrong = || format!("`trusted`: the key of {} is none: `riposte params keygen` tells a right one", signer.name);
        Ok((signer.name.clone(), key(&signer.key).with_context(wrong)?))
    };
    desk.host.trusted.iter().map(one).collect()
}

/// A signature's file.
pub fn read_signature(path: &Path) -> anyhow::Result<Signature> {
    let what = || format!("{}: no signature of the parameter set can be read here; make one with `riposte params sign`", path.display());
    let text = std::fs::read_to_string(path).with_context(what)?;
    serde_json::from_str(&text).with_context(|| format!("{}: is no signature as `riposte params sign` writes it", path.display()))
}
