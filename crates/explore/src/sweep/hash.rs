//! A hash that is the same in every build: the standard one promises that of no two versions.

/// FNV-1a, 64 bits, in hexadecimal.
pub(super) fn of<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let text = |hash, text: T| text.as_ref().bytes().chain([0]).fold(hash, step);
    format!("{:016x}", texts.into_iter().fold(OFFSET, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_algorithm_is_fnv_1a() {
        assert_eq!(of::<&str>([]), "cbf29ce484222325");
        // Each text ends with a zero byte: `af63bd4c8601b7df` is the published hash of that byte.
        assert_eq!(of([""]), "af63bd4c8601b7df");
        assert_ne!(of(["a", "bc"]), of(["ab", "c"]));
    }
}
