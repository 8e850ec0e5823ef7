//! Bytes that look random and follow from a seed.

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014). Keys that TLS makes of it protect
/// nothing: both ends are in this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entropy(u64);

impl Entropy {
    /// Another seed, other bytes (FNV-1a).
    pub fn of(seed: &[u8]) -> Self {
        let mix = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        Self(seed.iter().fold(0xcbf2_9ce4_8422_2325, mix))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Eight bytes at a time.
    #[allow(dead_code, reason = "not every platform has something taken over")]
    pub fn bytes(&mut self, length: usize) -> impl Iterator<Item = u8> {
        let words = std::iter::repeat_with(|| self.next());
        words.flat_map(u64::to_le_bytes).take(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_reference_implementation() {
        // Of `splitmix64.c` by Sebastiano Vigna, from the state 1234567.
        let mut entropy = Entropy(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| entropy.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn another_seed_gives_other_bytes() {
        let bytes = |seed: &[u8], length| Entropy::of(seed).bytes(length).collect::<Vec<u8>>();
        assert_eq!(bytes(b"a", 13), bytes(b"a", 13));
        assert_ne!(bytes(b"a", 13), bytes(b"b", 13));
        assert_eq!(bytes(b"a", 13), bytes(b"a", 32)[..13]);
    }
}
