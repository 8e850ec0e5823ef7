//! The Huffman code of header strings (RFC 7541 section 5.2 and appendix B).

/// Decodes a string; `None` if it holds the end-of-string symbol, or is padded with anything but up to 7 ones.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(bytes.len() * 8 / 5);
    let (mut code, mut len) = (0u32, 0usize);
    for bit in bytes.iter().flat_map(|byte| (0..8).rev().map(move |shift| u32::from(byte >> shift & 1))) {
        (code, len) = (code << 1 | bit, len + 1);
        if let Some(symbol) = TABLE.symbol(code, len) {
            text.push(u8::try_from(symbol).ok()?);
            (code, len) = (0, 0);
        }
    }
    (len < 8 && code == (1 << len) - 1).then_some(text)
}

/// The code is canonical: codes of one length are consecutive in the order of their symbols, and the shorter ones
/// come first. So the lengths tell everything.
struct Table {
    /// First code of each length.
    first: [u32; LONGEST + 1],
    /// Where the symbols of each length begin.
    start: [usize; LONGEST + 2],
    /// By length, then by value.
    symbols: [u16; 257],
}

const LONGEST: usize = 30;

const TABLE: &Table = &Table::new();

impl Table {
    const fn new() -> Self {
        let mut table = Self { first: [0; LONGEST + 1], start: [0; LONGEST + 2], symbols: [0; 257] };
        let (mut code, mut filled, mut len) = (0, 0, 1);
        while len <= LONGEST {
            table.first[len] = code;
            table.start[len] = filled;
            let mut symbol = 0;
            while symbol < LENGTHS.len() {
                if LENGTHS[symbol] as usize == len {
                    table.symbols[filled] = symbol as u16;
                    (filled, code) = (filled + 1, code + 1);
                }
                symbol += 1;
            }
            code <<= 1;
            len += 1;
        }
        table.start[LONGEST + 1] = filled;
        table
    }

    fn symbol(&self, code: u32, len: usize) -> Option<u16> {
        let symbols = &self.symbols[self.start[len]..self.start[len + 1]];
        symbols.get(usize::try_from(code.checked_sub(self.first[len])?).ok()?).copied()
    }
}

/// Bits of the code of each byte; the last one is the end of the string.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The code of a symbol, by the canonical rule read the other way.
    fn code_of(symbol: usize) -> (u32, usize) {
        let len = usize::from(LENGTHS[symbol]);
        let rank = LENGTHS[..symbol].iter().filter(|other| usize::from(**other) == len).count();
        (TABLE.first[len] + u32::try_from(rank).unwrap(), len)
    }

    fn encode(text: &[u8]) -> Vec<u8> {
        let bits = text.iter().flat_map(|byte| {
            let (code, len) = code_of(usize::from(*byte));
            (0..len).rev().map(move |shift| code >> shift & 1 == 1)
        });
        let bits: Vec<bool> = bits.collect();
        let byte =
            |bits: &[bool]| (0..8).fold(0, |byte, at| byte << 1 | u8::from(*bits.get(at).unwrap_or(&true)));
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn codes_are_those_of_the_appendix() {
        let check = |symbol, code, len| assert_eq!(code_of(symbol), (code, len));
        check(0, 0x1ff8, 13);
        check(10, 0x3fff_fffc, 30);
        check(48, 0x0, 5);
        check(97, 0x3, 5);
        check(126, 0x1ffd, 13);
        check(255, 0x3ff_ffee, 26);
        check(256, 0x3fff_ffff, 30);
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&all)), Some(all));
        assert_eq!(decode(b""), Some(Vec::new()));
    }

    #[test]
    fn wrong_endings_are_errors() {
        let check = |bytes: &[u8]| assert_eq!(decode(bytes), None);
        check(&[0xff]);
        check(&[0xff; 4]);
        check(&[0x00]);
        check(&[0x07, 0xff]);
    }
}
