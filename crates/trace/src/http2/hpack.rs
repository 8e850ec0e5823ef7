//! Header blocks (RFC 7541). Lenient where a reader may be: the limit of the dynamic table is the encoder's own.

use std::collections::VecDeque;

use super::huffman;
use super::static_table::STATIC_TABLE;

/// A header field. The name of a pseudo-header field begins with a colon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was sent: in lower case, if the sender follows RFC 9113 section 8.2.1.
    pub name: Vec<u8>,
    /// As it was sent.
    pub value: Vec<u8>,
}

/// Decodes the header blocks of one direction of a connection: all of them, in order.
#[derive(Debug, Clone)]
pub struct Decoder {
    /// The newest first.
    dynamic: VecDeque<Field>,
    size: usize,
    max_size: usize,
}

impl Default for Decoder {
    fn default() -> Self {
        Self { dynamic: VecDeque::new(), size: 0, max_size: 4096 }
    }
}

impl Decoder {
    /// The fields of one whole block; `None` for a compression error, after which nothing can be decoded any more.
    pub fn decode(&mut self, block: &[u8]) -> Option<Vec<Field>> {
        let mut rest = block;
        let mut fields = Vec::new();
        while let Some(first) = rest.first() {
            match first {
                0x80.. => fields.push(self.field(integer(&mut rest, 7)?)?),
                0x40.. => {
                    let field = self.literal(&mut rest, 6)?;
                    self.insert(field.clone());
                    fields.push(field);
                }
                0x20.. => {
                    self.max_size = integer(&mut rest, 5)?;
                    self.evict();
                }
                _ => fields.push(self.literal(&mut rest, 4)?),
            }
        }
        Some(fields)
    }

    fn literal(&self, rest: &mut &[u8], prefix: u8) -> Option<Field> {
        let name = match integer(rest, prefix)? {
            0 => string(rest)?,
            index => self.field(index)?.name,
        };
        Some(Field { name, value: string(rest)? })
    }

    fn field(&self, index: usize) -> Option<Field> {
        let index = index.checked_sub(1)?;
        match STATIC_TABLE.get(index) {
            Some((name, value)) => Some(Field { name: (*name).into(), value: (*value).into() }),
            None => self.dynamic.get(index - STATIC_TABLE.len()).cloned(),
        }
    }

    fn insert(&mut self, field: Field) {
        self.size += size(&field);
        self.dynamic.push_front(field);
        self.evict();
    }

    fn evict(&mut self) {
        while self.size > self.max_size
            && let Some(oldest) = self.dynamic.pop_back()
        {
            self.size -= size(&oldest);
        }
    }
}

fn size(field: &Field) -> usize {
    field.name.len() + field.value.len() + 32
}

/// An integer whose first byte has a prefix of so many bits (RFC 7541 section 5.1), up to 2^28 and a little.
fn integer(rest: &mut &[u8], prefix: u8) -> Option<usize> {
    let mask = u8::MAX >> (8 - prefix);
    let mut value = usize::from(take(rest)? & mask);
    if value < usize::from(mask) {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = take(rest)?;
        value += usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn string(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let huffman = rest.first()? & 0x80 != 0;
    let len = integer(rest, 7)?;
    let (text, after) = rest.split_at_checked(len)?;
    *rest = after;
    if huffman { huffman::decode(text) } else { Some(text.to_vec()) }
}

fn take(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u32> = hex.chars().filter_map(|digit| digit.to_digit(16)).collect();
        digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).unwrap()).collect()
    }

    #[track_caller]
    fn check(decoder: &mut Decoder, hex: &str, fields: &[(&str, &str)], size: usize) {
        let decoded = decoder.decode(&bytes(hex)).expect("a header block");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let decoded: Vec<_> =
            decoded.into_iter().map(|field| (text(field.name), text(field.value))).collect();
        let decoded: Vec<_> = decoded.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((decoded.as_slice(), decoder.size), (fields, size));
    }

    #[test]
    fn integers_of_appendix_c_1() {
        let check = |bytes: &[u8], prefix, value| assert_eq!(integer(&mut &bytes[..], prefix), value);
        check(&[0b0000_1010], 5, Some(10));
        check(&[0b0001_1111, 0b1001_1010, 0b0000_1010], 5, Some(1337));
        check(&[42], 8, Some(42));
        check(&[0xff, 0xff, 0xff, 0xff, 0x7f], 7, Some(127 + (1 << 28) - 1));
        check(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], 7, None);
        check(&[0xff, 0x80], 7, None);
        check(&[], 7, None);
    }

    #[test]
    fn single_fields_of_appendix_c_2() {
        let check = |hex, field, size| check(&mut Decoder::default(), hex, &[field], size);
        let literal = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
        check(literal, ("custom-key", "custom-header"), 55);
        check("040c 2f73 616d 706c 652f 7061 7468", (":path", "/sample/path"), 0);
        check("1008 7061 7373 776f 7264 0673 6563 7265 74", ("password", "secret"), 0);
        check("82", (":method", "GET"), 0);
    }

    const FIRST: [(&str, &str); 4] =
        [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];

    fn requests(blocks: [&str; 3]) {
        let mut decoder = Decoder::default();
        check(&mut decoder, blocks[0], &FIRST, 57);
        let second = [&FIRST[..], &[("cache-control", "no-cache")]].concat();
        check(&mut decoder, blocks[1], &second, 110);
        let third = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ];
        check(&mut decoder, blocks[2], &third, 164);
    }

    #[test]
    fn requests_of_appendix_c_3() {
        requests([
            "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
            "8286 84be 5808 6e6f 2d63 6163 6865",
            "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
        ]);
    }

    #[test]
    fn requests_of_appendix_c_4() {
        requests([
            "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
            "8286 84be 5886 a8eb 1064 9cbf",
            "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
        ]);
    }

    #[test]
    fn responses_of_appendix_c_6() {
        let mut decoder = Decoder { max_size: 256, ..Decoder::default() };
        let date = ("date", "Mon, 21 Oct 2013 20:13:21 GMT");
        let place = ("location", "https://www.example.com");
        let first = "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e \
                     919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3";
        check(&mut decoder, first, &[(":status", "302"), ("cache-control", "private"), date, place], 222);
        let second = "4883 640e ffc1 c0bf";
        check(&mut decoder, second, &[(":status", "307"), ("cache-control", "private"), date, place], 222);
        let third = "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 \
                     821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed \
                     4ee5 b106 3d50 07";
        let cookie = ("set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1");
        let fields = [
            (":status", "200"),
            ("cache-control", "private"),
            ("date", "Mon, 21 Oct 2013 20:13:22 GMT"),
            place,
            ("content-encoding", "gzip"),
            cookie,
        ];
        check(&mut decoder, third, &fields, 215);
    }

    #[test]
    fn what_is_no_header_block() {
        let check = |hex| assert_eq!(Decoder::default().decode(&bytes(hex)), None);
        check("80");
        check("be");
        check("ffff ffff ffff");
        check("40");
        check("4003 61");
        check("0481 ff00");
        check("0481");
        check("3f");
    }

    #[test]
    fn a_smaller_table_forgets() {
        let mut decoder = Decoder::default();
        decoder.decode(&bytes("400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572")).unwrap();
        check(&mut decoder, "20", &[], 0);
        assert_eq!(decoder.decode(&[0xbe]), None);
        check(&mut decoder, "4001 6101 62", &[("a", "b")], 0);
    }
}
