//! Sequence numbers: 32 bits that wrap round (RFC 9293 3.4). Two are compared by the shorter way between them.

/// Whether `a` is before `b`.
pub fn is_before(a: u32, b: u32) -> bool {
    (a.wrapping_sub(b) as i32) < 0
}

/// Bytes from `from` to `to`, which is not before it.
pub fn distance(from: u32, to: u32) -> usize {
    to.wrapping_sub(from) as usize
}

/// `from` and `bytes` more.
pub fn after(from: u32, bytes: usize) -> u32 {
    from.wrapping_add(bytes as u32)
}

/// The later of two.
pub fn later(a: u32, b: u32) -> u32 {
    if is_before(a, b) { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shorter_way_round_decides() {
        for base in [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
            let next = after(base, 70_000);
            assert!(is_before(base, next) && !is_before(next, base) && !is_before(base, base));
            assert_eq!((distance(base, next), later(base, next), later(next, base)), (70_000, next, next));
        }
    }
}
