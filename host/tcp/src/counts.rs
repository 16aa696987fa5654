//! What a connection has seen and done, since it was made.

/// Frames, segments and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that came.
    pub frames: u64,
    /// Of these, segments of the connection.
    pub segments: u64,
    pub ignored: Ignored,
    /// Requests for our address that were answered.
    pub answered: u64,
    /// Segments that brought nothing but bytes or a FIN that we had.
    pub duplicates: u64,
    /// Segments that came before what belongs in front of them.
    pub out_of_order: u64,
    /// Segments of which something was dropped for want of room: it lay behind our window, or would have made one piece too many.
    pub no_room: u64,
    /// Segments whose acknowledgement or flags cannot be of this connection, an old one's among them.
    pub unacceptable: u64,
    /// Segments that were sent again, for any reason.
    pub retransmissions: u64,
    /// Of these, those that three duplicate acknowledgements asked for.
    pub fast_retransmissions: u64,
    /// Questions whether the venue's window is still closed.
    pub probes: u64,
    /// Answers that were not given, since there were too many.
    pub unanswered: u64,
}

/// Frames that were not looked at any further, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ignored {
    /// Not for our MAC address.
    pub other_mac: u64,
    /// Neither IPv4 nor a question for our address.
    pub other_protocol: u64,
    /// IPv4 or TCP between others: addresses, protocol or ports.
    pub other_addresses: u64,
    /// Lengths that contradict each other.
    pub malformed: u64,
    /// IPv4 with options.
    pub options: u64,
    pub fragments: u64,
    /// A checksum of IPv4 or TCP.
    pub bad_checksums: u64,
}
