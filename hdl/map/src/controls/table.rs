//! The table of the controls, by number; nothing but its rows.
use super::{
    Control,
    Place::{Card, Host},
    State,
};
use crate::reason::Reason;

const fn unbuilt(id: &'static str, name: &'static str, rule: &'static str) -> Control {
    Control { id, name, rule, place: Card, state: State::NotBuilt, reasons: &[], shows: "", trips: &[], passes: &[] }
}

/// One of the gate that is in force, which shows by its refusals; `trips` and `passes` as in [`Control`].
const fn gate(
    id: &'static str, name: &'static str, rule: &'static str, reasons: &'static [Reason], trips: &'static [&'static str],
    passes: &'static [&'static str],
) -> Control {
    Control { id, name, rule, place: Card, state: State::InForce, reasons, shows: "OrderRefused", trips, passes }
}

/// One of the host that is in force; `trips` and `passes` as in [`Control`].
const fn host(
    id: &'static str, name: &'static str, rule: &'static str, shows: &'static str, trips: &'static [&'static str],
    passes: &'static [&'static str],
) -> Control {
    Control { id, name, rule, place: Host, state: State::InForce, reasons: &[], shows, trips, passes }
}

/// All controls, by number.
pub const CONTROLS: [Control; 40] = [
    gate(
        "C01", "maximum quantity", "an order's quantity is at least 1 and at most the instrument's maximum", &[Reason::Quantity],
        &["limits_hold_to_the_last_share_and_tick"],
        &["limits_hold_to_the_last_share_and_tick"],
    ),
    gate(
        "C02", "maximum value", "price times quantity, in 64 bits, is at most the instrument's maximum value", &[Reason::Value],
        &["a_value_one_unit_above_its_maximum_is_refused"],
        &["a_value_one_unit_above_its_maximum_is_refused"],
    ),
    gate(
        "C03", "static collar", "an order's price lies within the instrument's fixed lower and upper price", &[Reason::Collar],
        &["limits_hold_to_the_last_share_and_tick"],
        &["limits_hold_to_the_last_share_and_tick"],
    ),
    gate(
        "C04", "live collar",
        "an order's price lies no further beyond the other side's top, as it was at the decision, than the instrument's reach, and that top is there",
        &[Reason::LiveCollar],
        &["a_price_one_tick_beyond_the_live_collar_is_refused"],
        &["a_price_one_tick_beyond_the_live_collar_is_refused"],
    ),
    Control {
        id: "C05",
        name: "data validity and age",
        rule: "no rule fires and no order leaves on a book that may be wrong or is too old",
        place: Card,
        state: State::InForce,
        reasons: &[
            Reason::BookInvalid, Reason::Gap, Reason::SessionChange, Reason::EndOfSession, Reason::MalformedBlock,
            Reason::BadLength, Reason::BadFrame, Reason::Truncated, Reason::Overload, Reason::UnknownReference,
            Reason::DuplicateReference, Reason::OrderOverflow, Reason::OverExecution, Reason::BadOrder,
            Reason::LevelOverflow, Reason::Crossed, Reason::Host, Reason::BookNotClean, Reason::Cleared,
            Reason::Restoring, Reason::NotCleared, Reason::TooSoon, Reason::Elsewhere, Reason::FeedSilent, Reason::Age,
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
            "a_decision_one_cycle_too_old_is_refused", "the_feed_s_messages_are_dropped_while_books_are_restored",
            "books_are_valid_only_where_the_feed_is", "no_packet_falls_between_the_rows_and_the_feed",
            "a_feed_is_silent_a_cycle_behind_the_last_in_which_a_packet_had_to_come", "a_feed_that_may_be_silent_for_ever_sends_nothing",
            "a_book_that_was_restored_wrong_is_not_declared_valid", "commands_out_of_turn_are_refused",
        ],
        passes: &[
            "a_book_that_was_lost_is_restored_and_trades", "an_invalidation_stops_an_order_up_to_the_gates_cycle", "an_invalidation_of_another_book_stops_nothing",
            "a_fault_of_one_instrument_leaves_the_others_valid", "a_duplicate_is_dropped_and_counted",
            "an_overlap_delivers_what_is_new", "a_heartbeat_is_counted_and_one_that_is_ahead_shows_a_gap",
            "an_unknown_type_is_passed_over", "a_bad_fcs_of_another_frame_is_counted_only",
            "a_crossed_book_closes_the_instrument_and_a_locked_one_does_not", "a_decision_one_cycle_too_old_is_refused",
            "a_feed_is_silent_a_cycle_behind_the_last_in_which_a_packet_had_to_come",
        ],
    },
    gate(
        "C06", "message throttle",
        "what the card sends comes no faster than one in an interval, and those that may be saved up, of which some are kept for cancels",
        &[Reason::Throttle],
        &[
            "the_throttle_lets_pass_as_many_as_it_has_saved",
            "a_throttle_without_an_interval_never_lets_pass",
            "a_token_comes_in_its_cycle_and_not_one_before",
            "another_interval_begins_behind_the_wait_of_the_old_one", "room_in_the_throttle_is_kept_for_mass_cancels",
        ],
        &[
            "the_throttle_lets_pass_as_many_as_it_has_saved", "room_in_the_throttle_is_kept_for_mass_cancels",
            "a_token_comes_in_its_cycle_and_not_one_before",
            "another_interval_begins_behind_the_wait_of_the_old_one",
        ],
    ),
    gate(
        "C07", "repeated execution", "a rule that has sent as many orders as it was granted sends none until more are granted",
        &[Reason::Repeated],
        &[
            "a_rule_sends_as_many_orders_as_it_was_granted",
            "a_repeat_stops_an_order_up_to_two_cycles_before_the_gates",
        ],
        &[
            "a_rule_sends_as_many_orders_as_it_was_granted",
            "a_repeat_stops_an_order_up_to_two_cycles_before_the_gates",
        ],
    ),
    Control {
        id: "C08",
        name: "duplicate order or trigger",
        rule: "the same order, or the same trigger, does not act twice",
        place: Card,
        state: State::InPart("a rule does not send again within its cool-down; two rules that send the same order are not found"),
        reasons: &[Reason::CoolDown],
        shows: "OrderRefused",
        trips: &["a_rule_cools_down_to_the_last_cycle"],
        passes: &["a_rule_cools_down_to_the_last_cycle"],
    },
    Control {
        id: "C09",
        name: "worst-case position",
        rule: "what an instrument has sent on a side, filled or open, stays within the quantity that was leased for it",
        place: Card,
        state: State::InPart("what is cancelled or rejected is given back by the host alone"),
        reasons: &[Reason::Position],
        shows: "OrderRefused",
        trips: &[
            "a_lease_holds_to_the_last_share_of_its_side",
            "leases_wrap",
            "a_lease_stops_an_order_up_to_two_cycles_before_the_gates",
        ],
        passes: &[
            "a_lease_holds_to_the_last_share_of_its_side",
            "leases_wrap",
            "a_lease_stops_an_order_up_to_two_cycles_before_the_gates",
        ],
    },
    Control {
        id: "C10",
        name: "exposure lease",
        rule: "the value of all orders stays within the exposure that the host has lent, and nothing of it is left when the host falls silent",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Exposure, Reason::HostSilent],
        shows: "OrderRefused",
        trips: &[
            "value_holds_to_the_last_unit_that_was_lent_and_wraps",
            "a_credit_stops_an_order_up_to_two_cycles_before_the_gates",
            "a_silent_host_stops_orders_from_its_cycle_on",
        ],
        passes: &[
            "value_holds_to_the_last_unit_that_was_lent_and_wraps",
            "a_credit_stops_an_order_up_to_two_cycles_before_the_gates",
            "a_silent_host_stops_orders_from_its_cycle_on",
        ],
    },
    gate(
        "C11", "open-order cap", "the number of orders sent stays below what the host grants as far as it sees them closed",
        &[Reason::OpenOrders],
        &["open_orders_are_capped"],
        &["open_orders_are_capped"],
    ),
    gate(
        "C12", "unacknowledged cap",
        "the number of orders sent stays below what the host grants as far as it hears the venue answer",
        &[Reason::Unacknowledged],
        &["unacknowledged_orders_are_capped"],
        &["unacknowledged_orders_are_capped"],
    ),
    gate(
        "C13", "self-match", "no order reaches the price of one of ours that may rest, whoever made that", &[Reason::SelfMatch],
        &[
            "an_order_may_come_within_a_tick_of_an_own_one", "a_card_that_was_told_of_no_orders_sends_none",
            "what_the_card_has_sent_rests_until_the_host_has_heard_of_it",
            "an_own_order_stops_an_order_up_to_two_cycles_before_the_gates",
            "no_order_meets_one_of_ours_whatever_comes_late_or_is_lost",
        ],
        &[
            "an_order_may_come_within_a_tick_of_an_own_one", "the_card_is_told_of_the_nearest_of_what_rests",
            "the_nearest_of_what_was_sent_counts_and_what_is_immediate_never_rests",
        ],
    ),
    Control {
        id: "C14",
        name: "permission",
        rule: "instrument, side, order type, venue and short sale are permitted",
        place: Card,
        state: State::InPart("type and venue are those of the image, which is not read"),
        reasons: &[Reason::InstrumentDisabled, Reason::Side],
        shows: "OrderRefused",
        trips: &["limits_hold_to_the_last_share_and_tick", "a_side_that_is_not_permitted_is_refused"],
        passes: &["limits_hold_to_the_last_share_and_tick", "a_side_that_is_not_permitted_is_refused"],
    },
    Control {
        id: "C15",
        name: "field sanity",
        rule: "tick, lot and range of every field are those of the venue, and the order has a whole template that has not expired",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::TemplateUnset, Reason::Expired, Reason::Increment],
        shows: "OrderRefused",
        trips: &[
            "a_template_must_be_set_and_have_a_shape",
            "a_template_expires_to_the_last_cycle",
            "a_price_is_whole_ticks_and_a_quantity_whole_lots",
        ],
        passes: &[
            "a_template_must_be_set_and_have_a_shape",
            "a_template_expires_to_the_last_cycle",
            "a_price_is_whole_ticks_and_a_quantity_whole_lots",
        ],
    },
    gate(
        "C16", "trading phase", "the venue's last word on the instrument is that it trades", &[Reason::NotTrading],
        &["an_instrument_must_trade"],
        &["an_instrument_must_trade"],
    ),
    Control {
        id: "C17",
        name: "market-maker protection",
        rule: "quantity and delta executed in a window stay within limits",
        place: Card,
        state: State::InPart("the host counts, from the venue's word; options and their vega are not traded"),
        reasons: &[],
        shows: "alarm and record Tripped(Protection); Fence and cancels",
        trips: &["more_than_may_trade_in_a_window_fences_one_piece_beyond", "a_book_that_is_run_over_is_fenced_whole"],
        passes: &["more_than_may_trade_in_a_window_fences_one_piece_beyond", "a_book_that_is_run_over_is_fenced_whole"],
    },
    Control {
        id: "C18",
        name: "mass cancel",
        rule: "one message cancels every open order of a scope, whatever stops orders there",
        place: Card,
        state: State::InPart("rules of the card ask for it; what people ask for the host cancels order by order"),
        reasons: &[],
        shows: "OrderSent of side C; alarm MassCancel",
        trips: &[
            "what_stops_an_order_alone_stops_no_mass_cancel", "a_rule_that_halts_and_one_that_cancels_fire_in_the_same_verdict",
            "a_mass_cancel_that_the_gate_refuses_is_carried_out_by_the_host",
        ],
        passes: &["what_stops_the_card_stops_a_mass_cancel", "an_order_of_the_host_is_no_mass_cancel_and_none_goes_out_as_one"],
    },
    Control {
        id: "C19",
        name: "reduce-only",
        rule: "an order of a reduce-only scope makes its position smaller and never turns it",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Position],
        shows: "OrderRefused",
        trips: &["leases_make_an_instrument_reduce_only", "a_reduce_only_instrument_is_lent_what_closes_it_and_no_more"],
        passes: &["leases_make_an_instrument_reduce_only", "a_reduce_only_instrument_opens_nothing_until_two_people_let_it"],
    },
    host(
        "C20", "loss and drawdown", "loss and drawdown, on confirmed marks, stay within limits",
        "alarm and record Tripped(Loss); Kill or Invalidate",
        &[
            "a_loss_kills_one_unit_beyond_its_limit", "an_instruments_loss_fences_it_one_unit_beyond_its_limit", "a_drawdown_kills_one_unit_beyond_its_limit",
        ],
        &[
            "a_loss_kills_one_unit_beyond_its_limit", "a_loss_counts_only_on_marks_that_lasted_a_window",
        ],
    ),
    host(
        "C21", "greek limits", "delta, gamma, vega and theta of a portfolio stay within limits",
        "alarm and record Tripped(Greeks); Disarm",
        &[
            "delta_holds_to_the_last_unit_and_nothing_offsets_across_underlyings", "what_is_sold_counts_as_what_is_bought",
            "gamma_vega_and_theta_hold_to_the_last_unit_and_none_is_permitted_by_itself", "greeks_that_are_too_old_disarm",
        ],
        &[
            "delta_holds_to_the_last_unit_and_nothing_offsets_across_underlyings",
            "gamma_vega_and_theta_hold_to_the_last_unit_and_none_is_permitted_by_itself", "greeks_that_are_too_old_disarm",
        ],
    ),
    host(
        "C22", "margin and liquidation distance", "margin used and the distance to liquidation stay within limits",
        "alarm and record Tripped(Margin); Disarm; order refused",
        &[
            "margin_holds_to_the_last_unit_of_collateral_and_result", "the_distance_to_liquidation_holds_to_the_last_basis_point",
            "an_order_that_its_margin_cannot_carry_is_refused",
        ],
        &[
            "margin_holds_to_the_last_unit_of_collateral_and_result", "the_distance_to_liquidation_holds_to_the_last_basis_point",
            "an_order_that_its_margin_cannot_carry_is_refused",
        ],
    ),
    host(
        "C23", "scenario limit", "the worst loss of the scenario grid stays within a limit",
        "alarm and record Tripped(Scenario); Disarm",
        &["the_worst_scenario_holds_to_the_last_unit"],
        &["the_worst_scenario_holds_to_the_last_unit"],
    ),
    host(
        "C24", "venue and counterparty cap", "exposure to a venue and to a counterparty stays within limits",
        "alarm and record Tripped(VenueCap); Disarm; order refused",
        &["the_venue_cap_holds_to_the_last_unit", "what_a_venue_may_owe_holds_to_the_last_unit"],
        &["the_venue_cap_holds_to_the_last_unit", "what_a_venue_may_owe_holds_to_the_last_unit"],
    ),
    host(
        "C25", "order-to-trade ratio", "orders for each trade stay below the venue's ratio",
        "alarm and record Tripped(OrderToTrade); Disarm; order refused",
        &["messages_stay_within_what_trades_earn"],
        &["messages_stay_within_what_trades_earn"],
    ),
    host(
        "C26", "cancel on disconnect", "orders of a lost session are cancelled, proven after the reconnect",
        "alarm and record Tripped(CancelOnDisconnect), cancels; record DisconnectProven",
        &["an_order_that_survives_its_disconnect_trips_and_is_cancelled"],
        &["orders_that_the_venue_cancelled_on_disconnect_are_proven_gone"],
    ),
    host(
        "C27", "dead-man timer", "the venue cancels when the host no longer renews its timer",
        "alarm and record Tripped(DeadManTimer); arming refused",
        &["a_timer_that_ran_out_makes_its_orders_unknown_at_that_nanosecond"],
        &["the_venues_timer_is_renewed_and_needed_to_arm"],
    ),
    Control {
        id: "C28",
        name: "host watchdog",
        rule: "the card stops new risk in the cycle in which the host is no longer heard, and stays disarmed",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::HostSilent],
        shows: "OrderRefused, Channel; counter host_silences",
        trips: &[
            "a_silent_host_stops_orders_from_its_cycle_on",
            "a_silent_host_disarms_until_the_card_is_armed_again",
        ],
        passes: &[
            "a_silent_host_stops_orders_from_its_cycle_on",
            "a_silent_host_disarms_until_the_card_is_armed_again",
        ],
    },
    Control {
        id: "C29",
        name: "kill by scope",
        rule: "a kill, a disarm or a fence stops every order of its scope within a fixed number of cycles",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Killed, Reason::Disarmed, Reason::Fenced],
        shows: "OrderRefused",
        trips: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_is_not_armed_sends_nothing",
            "a_kill_stops_an_order_up_to_the_gates_cycle", "a_disarm_stops_an_order_up_to_the_gates_cycle",
            "a_fence_stops_an_order_up_to_the_gates_cycle", "a_fence_stops_its_instruments_and_no_other",
            "a_fence_of_a_side_or_of_a_rule_stops_that_alone",
        ],
        passes: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_is_not_armed_sends_nothing",
            "a_kill_stops_an_order_up_to_the_gates_cycle", "a_disarm_stops_an_order_up_to_the_gates_cycle",
            "a_fence_stops_an_order_up_to_the_gates_cycle", "a_fence_stops_its_instruments_and_no_other",
            "a_fence_of_a_side_or_of_a_rule_stops_that_alone",
        ],
    },
    Control {
        id: "C30",
        name: "lockout latch",
        rule: "what has locked the card stays locked until a person releases it",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::Killed, Reason::Disarmed, Reason::Fenced, Reason::Repeated],
        shows: "OrderRefused until ClearKill, Arm, Lift or Repeat",
        trips: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_would_lose_an_event_kills_itself",
            "a_silent_host_disarms_until_the_card_is_armed_again", "a_fence_stops_its_instruments_and_no_other",
            "a_rule_sends_as_many_orders_as_it_was_granted",
        ],
        passes: &[
            "kill_blocks_until_it_is_cleared", "a_card_that_would_lose_an_event_kills_itself",
            "a_silent_host_disarms_until_the_card_is_armed_again", "a_fence_stops_its_instruments_and_no_other",
            "a_rule_sends_as_many_orders_as_it_was_granted",
        ],
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
        state: State::InForce,
        reasons: &[Reason::StaleGeneration, Reason::OldGeneration, Reason::BadOpcode],
        shows: "OrderRefused, Command; records Proposed, Done, Refused",
        trips: &[
            "a_commit_stops_an_older_order_up_to_the_gates_cycle", "commands_are_refused_for_their_reason",
            "one_person_tightens_and_two_loosen", "a_set_that_permits_less_needs_one_person_and_any_other_two",
            "a_proposal_waits_to_its_last_nanosecond", "people_of_the_desk_are_heard_each_in_their_role_and_two_loosen",
        ],
        passes: &[
            "a_commit_stops_an_older_order_up_to_the_gates_cycle",
            "a_commit_between_two_messages_gives_the_old_or_the_new_generation_whole",
            "one_person_tightens_and_two_loosen", "a_set_that_permits_less_needs_one_person_and_any_other_two",
            "a_proposal_waits_to_its_last_nanosecond",
        ],
    },
    Control {
        id: "C33",
        name: "wire parity counter",
        rule: "orders seen on the wire are as many as orders that passed the gate",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::WireParity],
        shows: "counters orders_on_the_wire, wire_mismatches; Channel; the card is killed",
        trips: &["an_order_on_the_wire_that_did_not_pass_kills_the_card_and_is_told"],
        passes: &["the_sound_card_equals_the_model_and_sends_orders"],
    },
    host(
        "C34", "drop-copy reconciliation", "the venue's drop copy equals our own record of orders and fills",
        "alarms ExecutionMissing, ExecutionDiffers, PositionDiffers; Disarm",
        &[
            "an_execution_that_only_one_side_tells_trips_when_its_time_is_over", "another_position_than_the_venues_trips_and_two_adopt_it",
        ],
        &[
            "an_execution_that_only_one_side_tells_trips_when_its_time_is_over", "another_position_than_the_venues_trips_and_two_adopt_it",
        ],
    ),
    unbuilt("C35", "clock health", "the card's clock agrees with its reference, or time-based controls block"),
    host(
        "C36", "deployment guard", "only the gateware, tables and configuration that were approved run together",
        "alarm and record Tripped(Deployment); arming refused",
        &["only_the_approved_parts_run_together"],
        &["the_approved_parts_are_taken"],
    ),
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
    host(
        "C38", "bust window", "positions from executions that the venue may still break are kept apart",
        "alarm Broken, record Tripped(Bust) behind the window; provisional position",
        &["a_bust_behind_its_window_is_mirrored_and_trips"],
        &[
            "a_trade_is_provisional_until_its_bust_window_ends", "a_bust_behind_its_window_is_mirrored_and_trips",
        ],
    ),
    host(
        "C39", "erroneous-trade response", "a claim is filed within the venue's window when an execution is erroneous",
        "record Claim, alarms ClaimDue and ClaimMissed; Disarm; `riposte claims`",
        &["an_erroneous_price_is_claimed_and_one_tick_less_is_not"],
        &["an_erroneous_price_is_claimed_and_one_tick_less_is_not", "a_claim_that_is_due_is_told_and_filed_once"],
    ),
    Control {
        id: "C40",
        name: "unset is blocked",
        rule: "a limit, template, session, generation or place for orders of the host that nobody has set lets nothing pass",
        place: Card,
        state: State::InForce,
        reasons: &[Reason::NoGeneration, Reason::SessionUnset, Reason::NoPlace],
        shows: "OrderRefused; silence after reset",
        trips: &["a_reset_card_sends_nothing", "rows_of_zeros_send_nothing", "a_session_must_be_set", "it_has_a_place_of_its_own_and_never_a_rules"],
        passes: &["a_reset_card_sends_nothing", "a_session_must_be_set", "limits_hold_to_the_last_share_and_tick"],
    },
];
