//! Counters of the card: 32 bits each, wrapping, read by index.

macro_rules! counters {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Counter { $($name = $number),* }
        impl Counter {
            pub const ALL: &[Counter] = &[$(Counter::$name),*];
            pub const COUNT: usize = Self::ALL.len();
            /// Name as shown in reports and metrics.
            pub const fn text(self) -> &'static str { match self { $(Counter::$name => $text),* } }
        }
    };
}

counters! {
    Frames = 0, "frames";
    FramesOther = 1, "frames_other";
    FramesBad = 2, "frames_bad_fcs";
    FramesTruncated = 3, "frames_truncated";
    IpOptions = 4, "ip_options";
    IpFragments = 5, "ip_fragments";
    UdpLength = 6, "udp_length";
    Packets = 7, "packets";
    Heartbeats = 8, "heartbeats";
    EndsOfSession = 9, "ends_of_session";
    Gaps = 10, "gaps";
    Duplicates = 11, "duplicate_packets";
    Overlaps = 12, "overlapping_packets";
    SessionChanges = 13, "session_changes";
    MalformedBlocks = 14, "malformed_blocks";
    BadLengths = 15, "bad_lengths";
    UnknownTypes = 16, "unknown_types";
    OtherTypes = 17, "other_types";
    MessagesSystem = 18, "messages_S";
    MessagesAction = 19, "messages_H";
    MessagesAdd = 20, "messages_A";
    MessagesAddMpid = 21, "messages_F";
    MessagesExecuted = 22, "messages_E";
    MessagesExecutedPrice = 23, "messages_C";
    MessagesCancel = 24, "messages_X";
    MessagesDelete = 25, "messages_D";
    MessagesReplace = 26, "messages_U";
    MessagesTrade = 27, "messages_P";
    Unwatched = 28, "messages_unwatched";
    Invalidations = 29, "instruments_invalidated";
    Decisions = 30, "rules_fired";
    DecisionsDropped = 31, "decisions_dropped";
    OrdersSent = 32, "orders_sent";
    OrdersRefused = 33, "orders_refused";
    Commands = 34, "commands";
    CommandsRefused = 35, "commands_refused";
    EventsLost = 36, "events_lost";
    // What the gate refused, by reason, in the order in which it looks.
    RefusedNoGeneration = 37, "refused_no_generation";
    RefusedKilled = 38, "refused_killed";
    RefusedHostSilent = 39, "refused_host_silent";
    RefusedDisarmed = 40, "refused_disarmed";
    RefusedStaleGeneration = 41, "refused_stale_generation";
    RefusedFenced = 42, "refused_fenced";
    RefusedBookInvalid = 43, "refused_book_invalid";
    RefusedNotTrading = 44, "refused_not_trading";
    RefusedInstrumentDisabled = 45, "refused_instrument_disabled";
    RefusedSide = 46, "refused_side";
    RefusedQuantity = 47, "refused_quantity";
    RefusedValue = 48, "refused_value";
    RefusedCollar = 49, "refused_collar";
    RefusedLiveCollar = 50, "refused_live_collar";
    RefusedTemplateUnset = 51, "refused_template_unset";
    RefusedSessionUnset = 52, "refused_session_unset";
    RefusedAge = 53, "refused_age";
    RefusedCoolDown = 54, "refused_cool_down";
    RefusedRepeated = 55, "refused_repeated";
    RefusedThrottle = 56, "refused_throttle";
    RefusedPosition = 57, "refused_position";
    RefusedExposure = 58, "refused_exposure";
    RefusedOpenOrders = 59, "refused_open_orders";
    RefusedUnacknowledged = 60, "refused_unacknowledged";
    RefusedExpired = 61, "refused_expired";
    RefusedSelfMatch = 62, "refused_self_match";
    HostSilences = 63, "host_silences";
    // Of each line: frames; packets that went to the parser; those of the store: not new any more, to the parser from there, of
    // those the ones whose window ran out; no place in it; not ours, not whole or bad, and not to the parser.
    LineAFrames = 64, "line_a_frames";
    LineAUsed = 65, "line_a_packets_used";
    LineADuplicates = 66, "line_a_duplicates";
    LineAHeld = 67, "line_a_held";
    LineAGivenUp = 68, "line_a_given_up";
    LineAOverflows = 69, "line_a_overflows";
    LineADropped = 70, "line_a_dropped";
    LineBFrames = 71, "line_b_frames";
    LineBUsed = 72, "line_b_packets_used";
    LineBDuplicates = 73, "line_b_duplicates";
    LineBHeld = 74, "line_b_held";
    LineBGivenUp = 75, "line_b_given_up";
    LineBOverflows = 76, "line_b_overflows";
    LineBDropped = 77, "line_b_dropped";
    // C33, at the pins, apart from what sends: orders that began, and those of them and of `OrdersSent` that had no other.
    WireOrders = 78, "orders_on_the_wire";
    WireMismatches = 79, "wire_mismatches";
    FeedSilences = 80, "feed_silences";
    RefusedIncrement = 81, "refused_increment";
}

const _: () = {
    let mut i = 0;
    while i < Counter::COUNT {
        assert!(Counter::ALL[i] as usize == i, "counters are numbered without holes");
        i += 1;
    }
};
