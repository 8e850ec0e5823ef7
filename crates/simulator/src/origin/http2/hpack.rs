//! Header blocks as bytes (RFC 7541): every field a literal, nothing indexed, no Huffman coding. Longer than need be, and
//! the same whatever came before on the connection.

/// A header block of these fields, in this order.
pub(super) fn encode<'f>(fields: impl IntoIterator<Item = (&'f str, &'f str)>) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        // A literal without indexing whose name is new (RFC 7541 section 6.2.2).
        block.push(0);
        string(&mut block, &name.to_ascii_lowercase());
        string(&mut block, value);
    }
    block
}

fn string(block: &mut Vec<u8>, text: &str) {
    integer(block, text.len());
    block.extend_from_slice(text.as_bytes());
}

/// An integer with a prefix of seven bits (RFC 7541 section 5.1).
fn integer(block: &mut Vec<u8>, number: usize) {
    const PREFIX: usize = 127;
    if number < PREFIX {
        block.push(number as u8);
        return;
    }
    block.push(PREFIX as u8);
    let mut rest = number - PREFIX;
    while rest >= 128 {
        block.push((rest % 128) as u8 | 128);
        rest /= 128;
    }
    block.push(rest as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use closewait_trace::http2::Decoder;

    fn check(fields: &[(&str, &str)]) {
        let block = encode(fields.iter().copied());
        let decoded = Decoder::default().decode(&block).expect("it is a header block");
        let decoded: Vec<(String, String)> = decoded
            .into_iter()
            .map(|field| [field.name, field.value].map(|text| String::from_utf8(text).unwrap()).into())
            .collect();
        let expected: Vec<(String, String)> =
            fields.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned())).collect();
        assert_eq!(decoded, expected);
    }

    #[test]
    fn what_is_encoded_can_be_decoded() {
        check(&[]);
        check(&[(":status", "200"), ("X-One", "1"), ("empty", "")]);
        for length in [126, 127, 128, 254, 255, 256, 20_000] {
            check(&[("long", &"v".repeat(length))]);
        }
    }
}
