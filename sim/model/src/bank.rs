//! Parameter banks: feed, gate, instruments, rules and order templates, as the write commands fill them.
use crate::frame::Feed;
use riposte_map::{
    limits::{HOST_RULE, IMAGE_WORDS, INSTRUMENTS, RULES, TERMS},
    shm::{Action, Command, Condition, Opcode},
};

/// What the whole card may do in a time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gate {
    /// Cycles for one order of the throttle; 0: unset, none is ever let pass.
    pub interval_cycles: u32,
    /// Orders that the throttle may save up.
    pub saved_max: u16,
    /// Of these, how many are for mass cancels alone.
    pub kept: u16,
    /// Greatest age of a decision; 0: unset.
    pub age_cycles_max: u16,
}

/// Limits of one instrument.
#[derive(Clone, Copy, Debug, Default)]
pub struct Instrument {
    pub enabled: bool,
    /// Sides that are permitted.
    pub buying: bool,
    pub selling: bool,
    pub selling_short: bool,
    pub cancelling: bool,
    pub quantity_max: u32,
    pub collar_low_e4: u32,
    /// 0: unset.
    pub collar_high_e4: u32,
    /// How far a price may lie beyond the other side's top; 0: unset.
    pub reach_e4: u32,
    /// Price times quantity; 0: unset.
    pub value_max: u64,
    /// Tick size and lot; 0: unset.
    pub tick_e4: u32,
    pub lot: u32,
}

impl Instrument {
    fn of(args: [u64; 6]) -> Instrument {
        let [quantity_max, collar_low_e4] = halves(args[1]);
        let [collar_high_e4, reach_e4] = halves(args[2]);
        let [tick_e4, lot] = halves(args[5]);
        let permitted = |bit: u32| args[0] >> bit & 1 == 1;
        Instrument {
            enabled: permitted(16),
            buying: permitted(17),
            selling: permitted(18),
            selling_short: permitted(19),
            cancelling: permitted(20),
            quantity_max,
            collar_low_e4,
            collar_high_e4,
            reach_e4,
            value_max: args[3],
            tick_e4,
            lot,
        }
    }

    /// Whether this price is so many ticks and this quantity so many lots.
    fn counts(&self, price_e4: u32, quantity: u32, [ticks, lots]: [u32; 2]) -> bool {
        let is = |whole: u32, unit: u32, count: u32| unit != 0 && u64::from(unit) * u64::from(count) == u64::from(whole);
        is(price_e4, self.tick_e4, ticks) && is(quantity, self.lot, lots)
    }
}

/// One instrument's rules, rule r at r of each; a condition is a code of `Condition`, 0: no such term.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules {
    pub terms: [Terms; TERMS],
    /// Masks of those that have no order, and of those that halt the instrument.
    pub silent: u8,
    pub halting: u8,
    /// Cycles of the window of the metrics over time; 0: there is none.
    pub window: u32,
}

/// One term of each rule.
#[derive(Clone, Copy, Debug, Default)]
pub struct Terms {
    pub conditions: [u8; RULES],
    pub thresholds: [u32; RULES],
}

/// An order or a mass cancel prepared in advance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Template {
    pub quantity: u32,
    pub price_e4: u32,
    pub side: u8,
    /// As it was written; an order of the host makes no mass cancel of it, and of a mass cancel none of its own.
    pub is_cancel: bool,
    /// What of it does not trade at once never rests.
    pub is_immediate: bool,
    /// Price and quantity were whole ticks and lots when it was written, and the instrument was not written since.
    pub is_whole: bool,
    /// Words of the image; 0: unset.
    pub words: u8,
    /// Bytes of the last word.
    pub last_bytes: u8,
    pub payload_bytes: u8,
    /// One's complement sum of what the TCP checksum covers, without the fields that the card fills.
    pub partial_checksum: u16,
    /// Cycles between two orders of the rule; 0: unset.
    pub cool_down_cycles: u64,
    /// Cycles behind the commit of its set for which it may be sent; 0: unset.
    pub lifetime_cycles: u64,
    /// Byte 0 of the wire in bits 7:0.
    pub image: [u64; IMAGE_WORDS],
}

impl Template {
    /// Quantity and price, which these ticks and lots are said to be.
    pub fn set_terms(&mut self, instrument: &Instrument, [quantity, price_e4]: [u32; 2], counts: [u32; 2]) {
        (self.quantity, self.price_e4) = (quantity, price_e4);
        self.is_whole = instrument.counts(price_e4, quantity, counts);
    }

    /// Price times quantity.
    pub fn value(&self) -> u64 {
        u64::from(self.price_e4) * u64::from(self.quantity)
    }
}

/// One whole set of parameters.
#[derive(Clone, Debug)]
pub struct Bank {
    /// Of line A and of line B.
    pub feeds: [Feed; 2],
    /// Cycles that a packet of the feed may wait for one that comes before it.
    pub window: u32,
    /// Cycles without a packet behind which the feed is silent; 0: it never is.
    pub silence_cycles: u32,
    pub gate: Gate,
    locates: [u16; INSTRUMENTS],
    pub instruments: [Instrument; INSTRUMENTS],
    pub rules: [Rules; INSTRUMENTS],
    pub templates: [[Template; RULES]; INSTRUMENTS],
}

impl Default for Bank {
    fn default() -> Bank {
        Bank {
            feeds: Default::default(),
            window: 0,
            silence_cycles: 0,
            gate: Gate::default(),
            locates: [0; INSTRUMENTS],
            instruments: Default::default(),
            rules: Default::default(),
            templates: [[Template::default(); RULES]; INSTRUMENTS],
        }
    }
}

/// Low and high half of an argument.
pub fn halves(argument: u64) -> [u32; 2] {
    [argument as u32, (argument >> 32) as u32]
}

/// The low 48 bits, which is what a number of cycles has.
pub fn cycles48(argument: u64) -> u64 {
    argument & ((1 << 48) - 1)
}

/// Instrument, rule and image word that a write is for. An index beyond its table is cut to its bits.
pub fn place(command: &Command) -> [usize; 3] {
    [
        usize::from(command.instrument) % INSTRUMENTS,
        usize::from(command.rule) % RULES,
        usize::from(command.index) % IMAGE_WORDS,
    ]
}

impl Bank {
    /// Whether the instrument has a place for orders of the host.
    pub fn has_place(&self, instrument: usize) -> bool {
        self.rules[instrument].terms[0].conditions[HOST_RULE] == Condition::Host as u8
    }

    /// Instrument with this stock locate, the lowest if several have it.
    #[inline]
    pub fn find(&self, locate: u16) -> Option<usize> {
        if locate == 0 {
            return None;
        }
        // One comparison of all sixteen, which compiles to vector instructions.
        let mut found = 0_u32;
        for (index, &watched) in self.locates.iter().enumerate() {
            found |= u32::from(watched == locate) << index;
        }
        (found != 0).then_some(found.trailing_zeros() as usize)
    }

    /// Carries out a write.
    pub fn write(&mut self, opcode: Opcode, command: &Command) {
        let [instrument, rule, word] = place(command);
        let args = command.args;
        match opcode {
            Opcode::WriteFeed => {
                self.feeds = [args[0], args[1]].map(|line| Feed { address: line as u32, port: (line >> 32) as u16 });
                (self.window, self.silence_cycles) = (args[2] as u32, args[3] as u32);
            }
            Opcode::WriteInstrument => {
                self.locates[instrument] = args[0] as u16;
                self.instruments[instrument] = Instrument::of(args);
                self.templates[instrument].iter_mut().for_each(|template| template.is_whole = false);
                self.rules[instrument].window = args[4] as u32;
            }
            Opcode::WriteRules => {
                let ([a, b], [c, d]) = (halves(args[1]), halves(args[2]));
                let conditions = (args[0] as u32).to_le_bytes();
                let rules = &mut self.rules[instrument];
                // Two bits say which term; there is no fourth.
                let term = usize::from(command.index % 4);
                if let Some(terms) = rules.terms.get_mut(term) {
                    *terms = Terms { conditions, thresholds: [a, b, c, d] };
                }
                if term == 0 {
                    let actions = (args[3] as u32).to_le_bytes();
                    let mask = |is_one: fn(u8) -> bool| (0..RULES).fold(0, |mask, at| mask | u8::from(is_one(actions[at])) << at);
                    rules.silent = mask(|action| action != Action::Order as u8);
                    rules.halting = mask(|action| action == Action::Halt as u8);
                }
            }
            Opcode::WriteTemplate => {
                let template = &mut self.templates[instrument][rule];
                template.set_terms(&self.instruments[instrument], halves(args[0]), halves(args[4]));
                template.side = args[1] as u8;
                template.is_cancel = template.side == b'C';
                template.words = (args[1] >> 8 & 0x1f) as u8;
                template.last_bytes = (args[1] >> 16 & 0xf) as u8;
                template.payload_bytes = (args[1] >> 24) as u8;
                template.partial_checksum = (args[1] >> 32) as u16;
                template.is_immediate = args[1] >> 48 & 1 == 1;
                template.cool_down_cycles = cycles48(args[2]);
                template.lifetime_cycles = cycles48(args[3]);
            }
            Opcode::WriteImage => self.templates[instrument][rule].image[word] = args[0],
            Opcode::WriteGate => {
                self.gate = Gate {
                    interval_cycles: args[0] as u32,
                    saved_max: (args[0] >> 32) as u16,
                    kept: args[1] as u16,
                    age_cycles_max: (args[0] >> 48) as u16,
                };
            }
            _ => unreachable!("{opcode:?} is not a write"),
        }
    }
}
