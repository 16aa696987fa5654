//! Ethernet II, 802.1Q, IPv4 without options, UDP, TCP without options: offsets from the first byte of
//! the frame, for an untagged frame; one VLAN tag shifts all behind byte 12 by `VLAN_BYTES`.
use super::Field;

pub const ETHERTYPE_IPV4: u64 = 0x0800;
pub const ETHERTYPE_VLAN: u64 = 0x8100;
pub const VLAN_BYTES: usize = 4;
pub const IP_PROTOCOL_TCP: u64 = 6;
pub const IP_PROTOCOL_UDP: u64 = 17;
/// Version 4, five 32-bit words of header.
pub const IP_VERSION_LENGTH: u64 = 0x45;

pub const ETHERTYPE: Field = Field::new("ethertype", 12, 2);
pub const IP_VERSION: Field = Field::new("version and header length", 14, 1);
pub const IP_TOTAL_LENGTH: Field = Field::new("total length", 16, 2);
/// Flags and fragment offset; a fragment has a non-zero low 14 bits.
pub const IP_FRAGMENT: Field = Field::new("flags and fragment offset", 20, 2);
pub const IP_PROTOCOL: Field = Field::new("protocol", 23, 1);
pub const IP_SOURCE: Field = Field::new("source address", 26, 4);
pub const IP_DESTINATION: Field = Field::new("destination address", 30, 4);
pub const UDP_PORT: Field = Field::new("destination port", 36, 2);
pub const UDP_LENGTH: Field = Field::new("UDP length", 38, 2);
pub const UDP_PAYLOAD: usize = 42;

pub const IP_HEADER_BYTES: usize = 20;
pub const UDP_HEADER_BYTES: usize = 8;

pub const TCP_SEQUENCE: Field = Field::new("sequence number", 38, 4);
pub const TCP_ACKNOWLEDGEMENT: Field = Field::new("acknowledgement number", 42, 4);
pub const TCP_CHECKSUM: Field = Field::new("TCP checksum", 50, 2);
pub const TCP_PAYLOAD: usize = 54;
