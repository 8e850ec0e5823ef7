//! Sequence numbers, which wrap around.

/// `a <= b` in sequence space (RFC 9293 section 3.4).
pub(super) fn precedes_or_equals(a: u32, b: u32) -> bool {
    b.wrapping_sub(a) < 1 << 31
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequence_numbers_wrap() {
        assert!(precedes_or_equals(u32::MAX, 1));
        assert!(!precedes_or_equals(1, u32::MAX));
    }
}
