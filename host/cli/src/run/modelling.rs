//! The thread of the models: tops of book in, bands and hedges out. Floats live here and in `riposte_models` alone.
//!
//! Holds: nobody waits for it. What finds no room in its queue is dropped and counted; a model that misses a top takes the
//! next one. What it finds is a wish: the engine decides.
use super::Shared;
use riposte_desk::Desk;
use riposte_map::limits::INSTRUMENTS;
use riposte_models::{Band, Child, Covariance, HedgeTerms, Holding, Pair, PairTerms, Refused, Top, Unhedged, hedge};
use rtrb::{Consumer, Producer, RingBuffer};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// Tops that wait for the models.
const NEWS: usize = 1 << 12;
/// Results that wait for the deskside.
const FOUND: usize = 1 << 8;
const REST: Duration = Duration::from_micros(500);
/// Of the solver; a hedge takes a dozen.
const ITERATIONS: u32 = 100;

/// Of one instrument when a hedge is wanted: its position with what is open of hedges, and where it may end.
pub type Wanted = [(i64, Option<(i64, i64)>); INSTRUMENTS];

/// What the models are told.
pub enum News {
    /// The market's time, and a book that is valid.
    Top { time_ns: u64, instrument: u8, top: Top },
    /// A book that is not to be believed.
    Invalid { instrument: u8 },
    Hedge(Box<Wanted>),
}

/// What models have found.
pub enum Found {
    Band { model: usize, band: Band },
    /// Another reason than the last time.
    Refused { model: usize, why: Refused },
    Hedge(Result<Vec<Child>, Unhedged>),
}

/// The other end of the thread's queues.
pub struct Models {
    news: Producer<News>,
    pub found: Consumer<Found>,
    dropped: Arc<AtomicU64>,
}

impl Models {
    /// Tells the models; what finds no room is dropped and counted.
    pub fn tell(&mut self, news: News) {
        if self.news.push(news).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    /// News that found no room, and results that found none.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Relaxed)
    }
}

/// Starts the thread; it ends when the host stops or the other end is gone.
pub fn start(desk: &Desk, shared: Arc<Shared>) -> std::io::Result<Models> {
    let (news, to_models) = RingBuffer::new(NEWS);
    let (from_models, found) = RingBuffer::new(FOUND);
    let dropped = Arc::new(AtomicU64::new(0));
    let mut models = Thread::new(desk, from_models, Arc::clone(&dropped));
    std::thread::Builder::new().name("models".to_owned()).spawn(move || models.run(to_models, &shared))?;
    Ok(Models { news, found, dropped })
}

struct PairModel {
    given: usize,
    leg: usize,
    pair: Pair,
    refused: Option<Refused>,
}

struct Hedging {
    covariance: Covariance,
    sample_ns: u64,
    sampled_ns: Option<u64>,
    desk: riposte_desk::Hedge,
}

struct Thread {
    tops: [Option<Top>; INSTRUMENTS],
    /// Instruments of the desk.
    count: usize,
    pairs: Vec<PairModel>,
    hedging: Option<Hedging>,
    found: Producer<Found>,
    dropped: Arc<AtomicU64>,
}

impl Thread {
    fn new(desk: &Desk, found: Producer<Found>, dropped: Arc<AtomicU64>) -> Thread {
        let count = desk.instruments.len().min(INSTRUMENTS);
        let pair = |one: &riposte_desk::Model| PairModel {
            given: one.given.into(),
            leg: one.leg.into(),
            pair: Pair::new(PairTerms {
                ratio_half_life_ns: one.ratio_half_life_ns,
                spread_half_life_ns: one.spread_half_life_ns,
                z_hundredths: one.z_hundredths,
                sample_ns: one.sample_ns,
                gap_ns: one.gap_ns,
                warm: one.warm,
            }),
            refused: None,
        };
        let hedging = desk.hedge.clone().map(|desk| Hedging {
            covariance: Covariance::new(count, desk.half_life_ns, desk.gap_ns),
            sample_ns: desk.sample_ns,
            sampled_ns: None,
            desk,
        });
        let pairs = desk.models.iter().map(pair).collect();
        Thread { tops: [None; INSTRUMENTS], count, pairs, hedging, found, dropped }
    }

    fn run(&mut self, mut news: Consumer<News>, shared: &Shared) {
        while !(shared.is_stopping() || news.is_abandoned() && news.is_empty()) {
            match news.pop() {
                Ok(one) => self.take(one),
                Err(_) => std::thread::sleep(REST),
            }
        }
    }

    fn take(&mut self, news: News) {
        match news {
            News::Top { time_ns, instrument, top } => self.on_top(time_ns, instrument.into(), top),
            News::Invalid { instrument } => {
                if let Some(top) = self.tops.get_mut(usize::from(instrument)) {
                    *top = None;
                }
            }
            News::Hedge(wanted) => {
                let found = self.hedge(&wanted);
                self.tell(Found::Hedge(found));
            }
        }
    }

    fn tell(&mut self, found: Found) {
        if self.found.push(found).is_err() {
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    fn on_top(&mut self, time_ns: u64, instrument: usize, top: Top) {
        let Some(place) = self.tops.get_mut(instrument) else { return };
        *place = Some(top);
        self.sample(time_ns);
        for model in 0..self.pairs.len() {
            let one = &mut self.pairs[model];
            if instrument != one.given && instrument != one.leg {
                continue;
            }
            let (Some(given), Some(leg)) = (self.tops[one.given], self.tops[one.leg]) else { continue };
            let found = match one.pair.update(time_ns, given, leg) {
                Ok(band) => {
                    one.refused = None;
                    band.map(|band| Found::Band { model, band })
                }
                Err(why) => {
                    let is_new = one.refused.replace(why).is_none_or(|last| !is_like(last, why));
                    is_new.then_some(Found::Refused { model, why })
                }
            };
            if let Some(found) = found {
                self.tell(found);
            }
        }
    }

    /// Gives the books of all instruments to the covariance, once they are there and it is time.
    fn sample(&mut self, time_ns: u64) {
        let Some(one) = &mut self.hedging else { return };
        if one.sampled_ns.is_some_and(|last_ns| time_ns >= last_ns && time_ns - last_ns < one.sample_ns) {
            return;
        }
        let tops: Vec<Top> = self.tops.iter().take(self.count).flatten().copied().collect();
        if tops.len() < self.count {
            return;
        }
        // What it refuses it does not know: a hedge then tells that too little is known.
        if !matches!(one.covariance.update(time_ns, &tops), Err(Refused::Time { .. })) {
            one.sampled_ns = Some(time_ns);
        }
    }

    fn hedge(&self, wanted: &Wanted) -> Result<Vec<Child>, Unhedged> {
        let one = self.hedging.as_ref().ok_or(Unhedged::Covariance)?;
        let covariance = one.covariance.a_second().ok_or(Unhedged::Covariance)?;
        let holding = |at: usize| {
            let leg = one.desk.legs.iter().find(|leg| usize::from(leg.instrument) == at);
            let (position, bounds) = wanted[at];
            Holding {
                position,
                top: self.tops[at].unwrap_or_default(),
                bounds: bounds.filter(|_| leg.is_some()),
                lot: leg.map_or(1, |leg| leg.lot),
                order_max: leg.map_or(0, |leg| leg.order),
                fee_e4: one.desk.fee_e4,
            }
        };
        let book: Vec<Holding> = (0..self.count).map(holding).collect();
        let terms = HedgeTerms {
            horizon_ns: one.desk.horizon_ns,
            aversion_e6: one.desk.aversion_e6,
            through_e4: one.desk.through_e4,
            iterations_max: ITERATIONS,
        };
        hedge(&book, &covariance, &terms)
    }
}

/// The same reason, whatever its figures.
fn is_like(one: Refused, other: Refused) -> bool {
    std::mem::discriminant(&one) == std::mem::discriminant(&other)
}
