//! The controls: what must hold before an order leaves, by number, with the tests that show it.
//!
//! One table. `riposte controls` prints it as the control matrix, and a test checks that every test named here exists
//! and that every reason of the gate belongs to a control. A control that is not built says so; a rule of which a part
//! is in force says which part is not.
use crate::reason::Reason;

/// Who enforces a control.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Card,
    Host,
}

impl Place {
    pub const fn text(self) -> &'static str {
        match self {
            Place::Card => "card",
            Place::Host => "host",
        }
    }
}

/// How much of a control's rule holds today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    InForce,
    /// What of the rule is not built.
    InPart(&'static str),
    NotBuilt,
}

impl State {
    pub const fn text(self) -> &'static str {
        match self {
            State::InForce => "in force",
            State::InPart(_) => "in part",
            State::NotBuilt => "not yet built",
        }
    }

    /// What is missing; empty if nothing is.
    pub const fn missing(self) -> &'static str {
        match self {
            State::InForce => "",
            State::InPart(missing) => missing,
            State::NotBuilt => "all of it",
        }
    }
}

/// One control.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// `C01` to `C40`; never reused.
    pub id: &'static str,
    pub name: &'static str,
    /// What must hold.
    pub rule: &'static str,
    pub place: Place,
    pub state: State,
    /// Reasons of events by which it shows.
    pub reasons: &'static [Reason],
    /// By what else it shows: events, counters, silence.
    pub shows: &'static str,
    /// Test functions that trip it.
    pub trips: &'static [&'static str],
    /// Test functions in which it just does not trip.
    pub passes: &'static [&'static str],
}

const fn unbuilt(id: &'static str, place: Place, name: &'static str, rule: &'static str) -> Control {
    Control { id, name, rule, place, state: State::NotBuilt, reasons: &[], shows: "", trips: &[], passes: &[] }
}

use Place::{Card, Host};

/// All controls, by number.
pub const CONTROLS: [Control; 40] = [
    Control {
        id: "C01",
        name: "maximum quantity",
        rule: "an order's quantity is at least 1 and at most the instrument's maximum",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Quantity],
        shows: "OrderRefused",
        trips: &["limits_hold_to_the_last_share_and_tick"],
        passes: &["limits_hold_to_the_last_share_and_tick"],
    },
    unbuilt("C02", Card, "maximum value", "price times quantity, saturating, is at most the instrument's maximum value"),
    Control {
        id: "C03",
        name: "static collar",
        rule: "an order's price lies within the instrument's fixed lower and upper price",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Collar],
        shows: "OrderRefused",
        trips: &["limits_hold_to_the_last_share_and_tick"],
        passes: &["limits_hold_to_the_last_share_and_tick"],
    },
    unbuilt("C04", Card, "live collar", "an order's price lies within a distance of the live top of book"),
    Control {
        id: "C05",
        name: "data validity and age",
        rule: "no rule fires and no order leaves on a book that may be wrong or is too old",
        place: Card,
        state: State::InPart("the age of a book is not checked"),
        reasons: &[
            Reason::BookInvalid, Reason::Gap, Reason::SessionChange, Reason::EndOfSession, Reason::MalformedBlock,
            Reason::BadLength, Reason::BadFrame, Reason::Truncated, Reason::Overload, Reason::UnknownReference,
            Reason::DuplicateReference, Reason::OrderOverflow, Reason::OverExecution, Reason::BadOrder,
            Reason::LevelOverflow, Reason::Crossed, Reason::Host, Reason::BookNotClean,
        ],
        shows: "OrderRefused, Invalid, Channel, Command",
        trips: &[
            "an_invalidation_stops_an_order_up_to_the_gates_cycle", "a_gap_closes_the_channel_in_the_packet_that_shows_it",
            "another_session_closes_the_channel_and_its_messages_are_dropped", "the_end_of_the_session_closes_the_channel",
            "a_block_longer_than_its_packet_closes_the_channel", "a_known_type_of_a_wrong_length_closes_the_channel",
            "a_bad_fcs_closes_the_channel", "a_truncated_frame_closes_the_channel",
            "a_delete_of_an_unknown_order_closes_the_instrument", "a_duplicate_reference_closes_the_instrument",
            "a_full_order_table_closes_the_instrument_and_says_so", "more_shares_than_the_order_has_close_the_instrument",
            "an_order_without_shares_or_side_closes_the_instrument", "a_full_level_table_closes_the_instrument_and_says_so",
            "a_crossed_book_closes_the_instrument_and_a_locked_one_does_not", "commands_are_refused_for_their_reason",
        ],
        passes: &[
            "an_invalidation_stops_an_order_up_to_the_gates_cycle", "an_invalidation_of_another_book_stops_nothing",
            "a_fault_of_one_instrument_leaves_the_others_valid", "a_duplicate_is_dropped_and_counted",
            "an_overlap_delivers_what_is_new", "a_heartbeat_is_counted_and_one_that_is_ahead_shows_a_gap",
            "an_unknown_type_is_passed_over", "a_bad_fcs_of_another_frame_is_counted_only",
            "a_crossed_book_closes_the_instrument_and_a_locked_one_does_not",
        ],
    },
    unbuilt("C06", Card, "message throttle", "messages in a window stay below a limit that leaves room for cancels"),
    unbuilt("C07", Card, "repeated execution", "a rule that keeps executing is latched until a person releases it"),
    unbuilt("C08", Card, "duplicate order or trigger", "the same order, or the same trigger, does not act twice"),
    unbuilt("C09", Card, "worst-case position", "position plus all that is open stays within the limit that was leased"),
    unbuilt("C10", Card, "exposure lease", "an order fits into the exposure that the host has lent, until the lease expires"),
    unbuilt("C11", Card, "open-order cap", "the number of open orders stays below a limit"),
    unbuilt("C12", Card, "unacknowledged cap", "the number of orders that the venue has not answered stays below a limit"),
    unbuilt("C13", Card, "self-match", "an order does not meet our own resting order"),
    Control {
        id: "C14",
        name: "permission",
        rule: "instrument, side, order type, venue and short sale are permitted",
        place: Card,
        state: State::InPart("only the instrument is checked; side, type, venue and short sale are not"),
        reasons: &[Reason::InstrumentDisabled],
        shows: "OrderRefused",
        trips: &["limits_hold_to_the_last_share_and_tick"],
        passes: &["limits_hold_to_the_last_share_and_tick"],
    },
    Control {
        id: "C15",
        name: "field sanity",
        rule: "tick, lot and range of every field are those of the venue, and the order has a whole template",
        place: Card,
        state: State::InPart("tick and lot are not checked"),
        reasons: &[Reason::TemplateUnset],
        shows: "OrderRefused",
        trips: &["a_template_must_be_set_and_have_a_shape"],
        passes: &["a_template_must_be_set_and_have_a_shape"],
    },
    Control {
        id: "C16",
        name: "trading phase",
        rule: "the venue's last word on the instrument is that it trades",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::NotTrading],
        shows: "OrderRefused",
        trips: &["an_instrument_must_trade"],
        passes: &["an_instrument_must_trade"],
    },
    unbuilt("C17", Card, "market-maker protection", "quantity and delta executed in a window stay within the venue's limits"),
    unbuilt("C18", Card, "mass cancel", "one command cancels every open order of a scope"),
    unbuilt("C19", Card, "reduce-only", "an order of a reduce-only scope makes its position smaller and never turns it"),
    Control {
        id: "C20",
        name: "loss and drawdown",
        rule: "loss and drawdown, on confirmed marks, stay within limits",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm and record Tripped(Loss); Kill or Invalidate",
        trips: &[
            "a_loss_kills_one_unit_beyond_its_limit", "an_instruments_loss_fences_it_one_unit_beyond_its_limit", "a_drawdown_kills_one_unit_beyond_its_limit",
        ],
        passes: &[
            "a_loss_kills_one_unit_beyond_its_limit", "a_loss_counts_only_on_marks_that_lasted_a_window",
        ],
    },
    unbuilt("C21", Host, "greek limits", "delta, gamma, vega and theta of a portfolio stay within limits"),
    unbuilt("C22", Host, "margin and liquidation distance", "margin used and the distance to liquidation stay within limits"),
    unbuilt("C23", Host, "scenario limit", "the worst loss of the scenario grid stays within a limit"),
    Control {
        id: "C24",
        name: "venue and counterparty cap",
        rule: "exposure to a venue and to a counterparty stays within limits",
        place: Host,
        state: State::InPart("a counterparty is its venue; it has no cap of its own"),
        reasons: &[],
        shows: "alarm and record Tripped(VenueCap); Disarm; order refused",
        trips: &["the_venue_cap_holds_to_the_last_unit"],
        passes: &["the_venue_cap_holds_to_the_last_unit"],
    },
    Control {
        id: "C25",
        name: "order-to-trade ratio",
        rule: "orders for each trade stay below the venue's ratio",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm and record Tripped(OrderToTrade); Disarm; order refused",
        trips: &["messages_stay_within_what_trades_earn"],
        passes: &["messages_stay_within_what_trades_earn"],
    },
    Control {
        id: "C26",
        name: "cancel on disconnect",
        rule: "orders of a lost session are cancelled, proven after the reconnect",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm and record Tripped(CancelOnDisconnect), cancels; record DisconnectProven",
        trips: &["an_order_that_survives_its_disconnect_trips_and_is_cancelled"],
        passes: &["orders_that_the_venue_cancelled_on_disconnect_are_proven_gone"],
    },
    Control {
        id: "C27",
        name: "dead-man timer",
        rule: "the venue cancels when the host no longer renews its timer",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm and record Tripped(DeadManTimer); arming refused",
        trips: &["a_timer_that_ran_out_makes_its_orders_unknown_at_that_nanosecond"],
        passes: &["the_venues_timer_is_renewed_and_needed_to_arm"],
    },
    unbuilt("C28", Card, "host watchdog", "the card stops new risk when the host no longer writes to it"),
    Control {
        id: "C29",
        name: "kill by scope",
        rule: "a kill, or a disarm, stops every order of its scope within a fixed number of cycles",
        place: Card,
        state: State::InPart("the only scope is the whole card"),
        reasons: &[Reason::Killed, Reason::Disarmed],
        shows: "OrderRefused",
        trips: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_is_not_armed_sends_nothing",
            "a_kill_stops_an_order_up_to_the_gates_cycle", "a_disarm_stops_an_order_up_to_the_gates_cycle",
        ],
        passes: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_is_not_armed_sends_nothing",
            "a_kill_stops_an_order_up_to_the_gates_cycle", "a_disarm_stops_an_order_up_to_the_gates_cycle",
        ],
    },
    Control {
        id: "C30",
        name: "lockout latch",
        rule: "what has locked the card stays locked until a person releases it",
        place: Card,
        state: State::InPart("a kill and a lost event lock; no other control does"),
        reasons: &[Reason::Killed],
        shows: "OrderRefused until ClearKill",
        trips: &["kill_blocks_until_it_is_cleared", "a_card_that_would_lose_an_event_kills_itself"],
        passes: &["kill_blocks_until_it_is_cleared", "a_card_that_would_lose_an_event_kills_itself"],
    },
    Control {
        id: "C31",
        name: "no speculative transmission",
        rule: "an order leaves whole and only with the gate's pass for exactly that order, or not at all",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::QueueFull],
        shows: "OrderRefused; counter decisions_dropped; no byte on the wire",
        trips: &[
            "what_changes_while_an_order_waits_still_stops_it", "a_decision_that_finds_the_queue_full_is_refused_whole",
            "a_gate_that_ignores_kill_is_found",
        ],
        passes: &["what_changes_while_an_order_waits_still_stops_it", "as_many_decisions_as_the_queue_holds_are_all_sent"],
    },
    Control {
        id: "C32",
        name: "parameter change control",
        rule: "parameters change as one whole generation, by whoever may change them, and upwards only",
        place: Host,
        state: State::InPart("who a person is, and the role, is not checked yet"),
        reasons: &[Reason::StaleGeneration, Reason::OldGeneration, Reason::BadOpcode],
        shows: "OrderRefused, Command; records Proposed, Done, Refused",
        trips: &[
            "a_commit_stops_an_older_order_up_to_the_gates_cycle", "commands_are_refused_for_their_reason",
            "one_person_tightens_and_two_loosen", "a_set_that_permits_less_needs_one_person_and_any_other_two",
            "a_proposal_waits_to_its_last_nanosecond",
        ],
        passes: &[
            "a_commit_stops_an_older_order_up_to_the_gates_cycle",
            "a_commit_between_two_messages_gives_the_old_or_the_new_generation_whole",
            "one_person_tightens_and_two_loosen", "a_set_that_permits_less_needs_one_person_and_any_other_two",
            "a_proposal_waits_to_its_last_nanosecond",
        ],
    },
    unbuilt("C33", Card, "wire parity counter", "orders seen on the wire are as many as orders that passed the gate"),
    Control {
        id: "C34",
        name: "drop-copy reconciliation",
        rule: "the venue's drop copy equals our own record of orders and fills",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarms ExecutionMissing, ExecutionDiffers, PositionDiffers; Disarm",
        trips: &[
            "an_execution_that_only_one_side_tells_trips_when_its_time_is_over", "another_position_than_the_venues_trips_and_two_adopt_it",
        ],
        passes: &[
            "an_execution_that_only_one_side_tells_trips_when_its_time_is_over", "another_position_than_the_venues_trips_and_two_adopt_it",
        ],
    },
    unbuilt("C35", Card, "clock health", "the card's clock agrees with its reference, or time-based controls block"),
    Control {
        id: "C36",
        name: "deployment guard",
        rule: "only the gateware, tables and configuration that were approved run together",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm and record Tripped(Deployment); arming refused",
        trips: &["only_the_approved_parts_run_together"],
        passes: &["the_approved_parts_are_taken"],
    },
    Control {
        id: "C37",
        name: "audit",
        rule: "every order, refusal and invalidation is told; the card halts new risk when an event would be lost",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Killed],
        shows: "counter events_lost; OrderRefused",
        trips: &["a_card_that_would_lose_an_event_kills_itself", "one_event_more_than_the_queues_hold_kills_the_card"],
        passes: &["one_event_more_than_the_queues_hold_kills_the_card"],
    },
    Control {
        id: "C38",
        name: "bust window",
        rule: "positions from executions that the venue may still break are kept apart",
        place: Host,
        state: State::InForce,
        reasons: &[],
        shows: "alarm Broken, record Tripped(Bust) behind the window; provisional position",
        trips: &["a_bust_behind_its_window_is_mirrored_and_trips"],
        passes: &[
            "a_trade_is_provisional_until_its_bust_window_ends", "a_bust_behind_its_window_is_mirrored_and_trips",
        ],
    },
    Control {
        id: "C39",
        name: "erroneous-trade response",
        rule: "a claim is filed within the venue's window when an execution is erroneous",
        place: Host,
        state: State::InPart("the claim is demanded in time; no adapter files it yet"),
        reasons: &[],
        shows: "record Claim, alarms ClaimDue and ClaimMissed; Disarm",
        trips: &["an_erroneous_price_is_claimed_and_one_tick_less_is_not"],
        passes: &["an_erroneous_price_is_claimed_and_one_tick_less_is_not"],
    },
    Control {
        id: "C40",
        name: "unset is blocked",
        rule: "a limit, template, session or generation that nobody has set lets nothing pass",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::NoGeneration, Reason::SessionUnset],
        shows: "OrderRefused; silence after reset",
        trips: &["a_reset_card_sends_nothing", "rows_of_zeros_send_nothing", "a_session_must_be_set"],
        passes: &["a_reset_card_sends_nothing", "a_session_must_be_set", "limits_hold_to_the_last_share_and_tick"],
    },
];

const fn number(id: &str) -> usize {
    let id = id.as_bytes();
    assert!(id.len() == 3 && id[0] == b'C');
    (id[1] - b'0') as usize * 10 + (id[2] - b'0') as usize
}

const _: () = {
    let mut at = 0;
    while at < CONTROLS.len() {
        let control = &CONTROLS[at];
        assert!(number(control.id) == at + 1, "controls stand by number, without holes");
        let claims = !control.trips.is_empty() && !control.passes.is_empty() && !control.shows.is_empty();
        match control.state {
            State::NotBuilt => assert!(!claims && control.reasons.is_empty(), "what is not built claims nothing"),
            _ => assert!(claims, "what is in force has tests that trip it and that just do not"),
        }
        at += 1;
    }
};
