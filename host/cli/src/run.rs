//! `riposte run`: the live host. Joins a card, keeps the journal, runs the engine on a processor of its own.
//!
//! | thread | does |
//! |---|---|
//! | engine | `pinned`: the only writer of the card's command ring and of the journal |
//! | journal | makes records durable (`riposte_journal`) |
//! | deskside | `deskside`: the mirror, the look after the card, proposals |
//! | snapshots | writes the mirror's state beside the journal |
//! | control, control-remote | hear people (`desk_socket`, `remote`), whom the deskside answers (`calls`) |
//! | restoring | fetches books that the card has lost (`restoring`) |
//! | models | `modelling`: bands and hedges from the tops of the books |
//! | metrics | answers Prometheus (`scrape`), from what the deskside tells |
//! | voice | prints |
pub mod admission;
mod alarms;
mod calibration;
mod calls;
mod card_wire;
mod cards;
pub mod chase;
mod clock;
mod conversation;
mod counting;
mod desk_socket;
mod deskside;
pub mod engine_config;
mod exposition;
mod hedger;
mod joined;
mod listening;
mod mirror;
mod modelling;
mod noted;
mod opening;
mod overview;
mod pinned;
mod place;
mod recovery;
pub mod remote;
mod restoring;
mod risk;
mod sessions;
mod scrape;
mod service;
mod set_calls;
mod sets;
mod snapshots;
mod stages;
mod stall;
mod statements;
#[cfg(test)]
mod tests;
mod voice;
mod waiting;
mod wording;

use crate::journal::KeyArgs;
use crate::output::{Outcome, Output};
use crate::{params, replay, rules};
use anyhow::Context;
use pinned::{Ended, Pinned};
use riposte_desk::{Desk, Host};
use riposte_device::link::HostEnd;
use riposte_engine::{Body, Deployment, Engine};
use riposte_journal::{Entry, Note, Options, hex};
use riposte_map::identity::TABLE_HASH;
use sha2::{Digest, Sha256};
use signal_hook::consts::{SIGINT, SIGTERM};
use snapshots::Snapshots;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;
use voice::Voice;

const EXAMPLES: &str = "\
The host waits for a card, and for the next one when a card is gone. Nothing trades until the desk's limits and
parameter set are approved by a second person and the card is armed; --rehearse does all that by itself, on a
simulated card only. Ctrl-C and SIGTERM disarm the card and end the host in order; a host that is killed gets its
card silenced by the card's watchdog, and the next one goes on where the journal ends.

Examples:
  riposte card serve --port pcap:day.pcap --paced --link desk-1
  riposte run -c desk.toml --link desk-1 --journal day.journal --directory day.pcap
  riposte run -c desk.toml --link desk-1 --journal day.journal --rehearse --json

Exit codes: 0 ended in order · 1 configuration, journal or link cannot be used · 2 usage · 3 the engine and its mirror differ";

/// Persons that are none: the host for itself, and the second person of a rehearsal.
const HOST: u16 = u16::MAX;
const REHEARSAL: u16 = u16::MAX - 1;
/// Inputs of other threads that wait for the engine: more than a parameter set has rows.
const INPUTS: usize = 1 << 12;
/// Notes that wait for the journal.
const NOTES: usize = 1 << 6;
/// Inputs that the mirror may be behind.
const MIRROR: usize = 1 << 15;

#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Configuration of the desk, TOML.
    #[arg(short, long, value_name = "FILE")]
    config: PathBuf,
    /// Name in /dev/shm, or path, of the card's link.
    #[arg(long, value_name = "NAME", default_value = "riposte")]
    link: String,
    /// Folder of the journal; made if it is not there, continued if it is.
    #[arg(long, value_name = "DIR")]
    journal: PathBuf,
    /// Capture or raw ITCH whose messages tell the locate codes that the configuration leaves open.
    #[arg(long, value_name = "FILE")]
    directory: Option<PathBuf>,
    /// Signature of the configuration's parameter set, as `riposte params sign` makes it; FILE.signature if not named.
    #[arg(long, value_name = "FILE")]
    signature: Option<PathBuf>,
    /// SHA-256 of the approved configuration, as `riposte config check` prints it; another one is not armed.
    #[arg(long, value_name = "SHA256", value_parser = digest)]
    approved: Option<[u8; 32]>,
    /// On a simulated card: the host approves and arms by itself.
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    key: KeyArgs,
}

/// 64 hexadecimal digits.
fn digest(text: &str) -> Result<[u8; 32], String> {
    let byte = |at: usize| text.get(2 * at..2 * at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
    bytes.filter(|_| text.len() == 64).and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| "64 hexadecimal digits".to_owned())
}

/// What the threads tell each other beside their queues.
#[derive(Default)]
pub struct Shared {
    stop: Arc<AtomicBool>,
    card: AtomicU8,
    /// Commands that did not get the number which the engine knows them by: none, if all is well.
    misnumbered: AtomicU64,
    /// Records have waited too long to become durable.
    is_stalled: AtomicBool,
    /// Frames of the card that were no order.
    unsent: AtomicU64,
    gauges: overview::Gauges,
    stages: stages::Stages,
}

const NO_CARD: u8 = 0;
const CARD: u8 = 1;
const LOST_CARD: u8 = 2;

impl Shared {
    fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn has_no_card(&self) -> bool {
        self.card.load(Ordering::Acquire) == NO_CARD
    }

    /// Acquire pairs with the Release in `lose_card`: what the card had put into the ring before is seen.
    fn is_card_lost(&self) -> bool {
        self.card.load(Ordering::Acquire) == LOST_CARD
    }

    fn find_card(&self) {
        self.card.store(CARD, Ordering::Release);
    }

    fn lose_card(&self) {
        self.card.store(LOST_CARD, Ordering::Release);
    }

    fn forget_card(&self) {
        self.card.store(NO_CARD, Ordering::Release);
    }
}

pub fn run(args: Args, output: &Output) -> anyhow::Result<Outcome> {
    let shared = Arc::new(Shared::default());
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&shared.stop)).context("signals cannot be handled")?;
    }
    let (mut desk, text, warnings) = rules::load_quietly(&args.config)?;
    let (voice, _speaking) = Voice::start(desk.host.log).context("no thread for what the host says")?;
    warnings.iter().for_each(|warning| {
        let text = format!("{}:{}:{}: {}", args.config.display(), warning.line, warning.column, warning.text);
        voice.warn("configuration", text);
    });
    if let Some(directory) = &args.directory {
        replay::resolve(&mut desk, directory)?;
    }
    for one in desk.instruments.iter().filter(|one| one.locate.is_none()) {
        let text = format!("{} has no locate, so the card does not watch it; set it, or name a --directory", one.symbol);
        voice.warn("no-locate", text);
    }
    let configuration: [u8; 32] = Sha256::digest(&text).into();
    let ended = live(&args, &desk, configuration, &shared, voice, drive)?;
    let is_equal = ended.digest == ended.mirror_digest;
    let misnumbered = shared.misnumbered.load(Ordering::Relaxed);
    if output.is_json() {
        output.print_json(&serde_json::json!({
            "journal": args.journal, "position": ended.position, "head": ended.head, "recovered_inputs": ended.recovered,
            "inputs": ended.inputs, "digest": hex(&ended.digest), "mirror_digest": hex(&ended.mirror_digest),
            "misnumbered": misnumbered, "unsent": shared.unsent.load(Ordering::Relaxed),
        }))?;
    } else {
        output.print(format!(
            "{}: {} inputs after {} recovered, {} records, head {}\nengine {}", args.journal.display(), ended.inputs,
            ended.recovered, ended.position, ended.head, hex(&ended.digest)
        ))?;
    }
    if !is_equal || misnumbered > 0 {
        let what = format!("the engine and its mirror differ, or {misnumbered} commands had other numbers");
        eprintln!("riposte: {what}: keep the journal and report it");
        return Ok(Outcome::CheckFailed);
    }
    Ok(Outcome::Done)
}

struct Summary {
    recovered: u64,
    inputs: u64,
    position: u64,
    head: String,
    digest: [u8; 32],
    mirror_digest: [u8; 32],
}

/// How the engine's thread goes about its work; only a test has another way than `drive`.
type Drive = fn(Pinned, &Host, &Voice) -> Ended;

/// Takes the place that the desk asks for, and stays in the loop to the end.
fn drive(pinned: Pinned, host: &Host, voice: &Voice) -> Ended {
    place::take(host).into_iter().for_each(|refused| voice.warn("place-refused", refused));
    pinned.run(|idle| rest(host.core.is_some(), idle))
}

fn live(
    args: &Args, desk: &Desk, configuration: [u8; 32], shared: &Arc<Shared>, voice: Voice, drive: Drive,
) -> anyhow::Result<Summary> {
    let service = service::Service::from_environment()?;
    let announced = Deployment { gateware: [0; 32], configuration, tables: TABLE_HASH };
    let approved = Deployment { configuration: args.approved.unwrap_or(configuration), ..announced };
    let config = engine_config::of(desk, approved);
    let mut recovery = riposte_journal::open(Options { key: args.key.load()?, ..Options::new(&args.journal) })?;
    let recovered = recovery::recover(&mut recovery, config)?;
    let again = Engine::decode(&recovered.engine.encode()).context("the recovered engine cannot be copied")?;
    let (mut appender, journal) = recovery.start()?;
    let mut admission = admission::Admission::new(desk, &args.journal)?;
    let clock = clock::Clock::new(recovered.time_ns);
    if recovered.is_reconfigured {
        appender.append_waiting(clock.now_ns(), &Entry::Configuration(&recovered.engine.config().encode()))?;
    }
    let why = format!(
        "configuration {}, process {}, {} inputs recovered{}, engine {}", hex(&configuration), std::process::id(),
        recovered.inputs, recovered.behind.map_or(String::new(), |position| format!(" behind the snapshot at {position}")),
        hex(&recovered.engine.digest())
    );
    appender.append_waiting(clock.now_ns(), &Entry::Note(Note { who: "riposte run", act: "begin", why: &why }))?;

    let (inputs, inputs_out) = rtrb::RingBuffer::new(INPUTS);
    let (notes, notes_out) = rtrb::RingBuffer::new(NOTES);
    let password = sessions::password_of(desk)?;
    let (sessions, runners) = sessions::open(desk, password.as_deref())?;
    let (fed, fed_out) = rtrb::RingBuffer::new(chase::FED);
    let restoring = restoring::Restoring::start(desk, password.as_deref(), fed).context("no thread for the venue's snapshots")?;
    let chase = chase::Chase::new(fed_out);
    let (links, links_out) = rtrb::RingBuffer::new(1);
    let (left, left_out) = rtrb::RingBuffer::new(1);
    let (told, told_out) = rtrb::RingBuffer::new(MIRROR);
    let link = riposte_device::link::place(&args.link);
    let over_card = desk.sessions.as_ref().is_some_and(|one| one.over_card);
    let mut cards = cards::Cards::new(link.clone(), links, left_out, Arc::clone(shared), voice.clone(), [args.rehearse, over_card]);
    if !cards.join()? {
        voice.say("card-awaited", format!("waiting for a card at {}", link.display()));
    }
    let watch = appender.watch();
    let (snapshots, marks) = Snapshots::start(watch.clone(), desk.host.snapshot_inputs, voice.clone())?;
    let lines = pinned::Lines { inputs: inputs_out, notes: notes_out, sessions, chase, links: links_out, left, mirror: told, marks };
    let signature = args.signature.clone().unwrap_or_else(|| params::beside(&args.config));
    let set = admission.desk_set(desk, &signature, args.rehearse, again.newest_generation());
    let set = set.map_err(|error| voice.alarm("set-refused", format!("nothing of the desk is proposed: {error:#}"))).ok();
    // Models and hedges are part of what is signed: of another desk none runs.
    let is_signed = set.is_some();
    let (desk_models, desk_hedge) = if is_signed { (&desk.models[..], desk.hedge.as_ref()) } else { (&[][..], None) };
    let opening = opening::Opening::new(desk, set, by(desk), args.rehearse, clock.now_ns());
    // Above those that the opening gives, and never again after a restart, since the clock goes on.
    let calls = calls::Calls::new(desk, is_signed, clock.now_ns() + 1_000_000);
    let control = desk.host.control.clone().unwrap_or_else(|| args.journal.join("control.sock"));
    let (hall, asked) = conversation::Hall::new(desk.people.clone(), voice.clone());
    let hall = Arc::new(hall);
    let socket = desk_socket::open(&control, Arc::clone(&hall))?;
    if let Some(remote) = &desk.remote {
        remote::open(remote, &hall)?;
    }
    let models = modelling::start(desk, Arc::clone(shared)).context("no thread for the models")?;
    let (calibration, hedger) = (calibration::Calibration::new(desk_models), hedger::Hedger::new(desk_hedge));
    if let Some(address) = desk.host.metrics {
        scrape::open(address, hall.caller(), &voice)?;
    }
    let mirror = mirror::Mirror::new(again, told_out, watch.clone());
    let (rehearses, outgoing, wanted, counting) = (args.rehearse, Default::default(), Vec::new(), Default::default());
    let deskside = deskside::Deskside {
        mirror, snapshots, cards, opening, admission, calls, counting, hall, asked, service, runners, models, calibration, hedger, restoring, rehearses,
        notes, inputs, outgoing, watch, clock, shared: Arc::clone(shared), voice: voice.clone(), said: deskside::RUNNING.to_owned(), wanted,
        state_at_ns: 0, dropped: 0,
    };
    let card_up = Body::CardUp { deployment: announced };
    let terms = pinned::Terms { is_restart: recovered.is_restart(), card_up, clock, tick_ns: desk.host.tick_ns, sync_ns: desk.host.sync_ns };
    let pinned = Pinned::new(recovered.engine, appender, lines, terms, Arc::clone(shared));
    let beside = std::thread::Builder::new().name("deskside".to_owned()).spawn(move || deskside.run())?;
    let host = desk.host.clone();
    let told = voice.clone();
    let engine = std::thread::Builder::new().name("engine".to_owned()).spawn(move || drive(pinned, &host, &told))?;
    let ended = engine.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    let mut mirror = beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    // Nobody answers any more.
    drop(socket);
    let mut appender = ended.journal;
    if let Err(error) = snapshots::last(&mirror, &mut appender, clock.now_ns()) {
        voice.warn("no-snapshot", format!("no snapshot at the end, so the next start takes longer: {error:#}"));
    }
    let end = journal.finish(appender)?;
    // A disk that had no room until now: the mirror has what it waited for.
    while mirror.next().is_some() {}
    ended.link.into_iter().for_each(HostEnd::leave);
    Ok(Summary {
        recovered: recovered.inputs,
        inputs: ended.inputs,
        position: end.position,
        head: end.head(),
        digest: ended.engine.digest(),
        mirror_digest: mirror.engine.digest(),
    })
}

/// The person who started this process, if the desk knows one.
fn by(desk: &Desk) -> Option<u16> {
    let uid = rustix::process::geteuid().as_raw();
    desk.people.iter().position(|person| person.uid == Some(uid)).and_then(|at| u16::try_from(at + 1).ok())
}

/// A thread with a processor of its own never leaves it; another one makes room, the longer the less there is to do.
fn rest(has_core: bool, idle: u32) {
    match idle {
        0 => {}
        _ if has_core => std::hint::spin_loop(),
        1..=64 => std::hint::spin_loop(),
        65..=1024 => std::thread::yield_now(),
        _ => std::thread::sleep(Duration::from_micros(50)),
    }
}
