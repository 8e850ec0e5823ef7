//! From recorded segments to records in plain text, as a packet analyser with a key log would read them.

use std::collections::BTreeMap;

use bytes::Bytes;
use closewait_trace::{Direction, Event, Secret, TlsContent, TlsRecord, What, sent_bytes};
use rustls::crypto::cipher::{AeadKey, InboundOpaqueMessage, Iv, OutboundChunks, OutboundPlainMessage};
use rustls::crypto::tls13::OkmBlock;
use rustls::{ContentType, ProtocolVersion};

use super::record::{
    ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, alert_name, handshake_name, length,
};
use super::settings::suite;

/// Reads every record that was put on the wire, in the order of connections, directions and offsets.
pub fn unseal(events: &[Event], secrets: &[Secret]) -> Vec<TlsRecord> {
    let streams: BTreeMap<(u32, Direction), Vec<u8>> = sent_bytes(events);
    let mut records = Vec::new();
    for ((connection, direction), bytes) in &streams {
        let own: Vec<&Secret> = secrets.iter().filter(|secret| secret.connection == *connection).collect();
        let reader =
            Reader { connection: *connection, direction: *direction, keys: Keys::of(*direction, &own) };
        records.extend(reader.read(bytes));
    }
    records
}

/// Puts zeros in place of all payload: what is there differs from run to run, how long it is does not.
pub fn mask(events: &mut [Event]) {
    for event in events {
        if let What::Segment { segment, .. } = &mut event.what {
            segment.payload = Bytes::from(vec![0; segment.payload.len()]);
        }
    }
}

struct Reader {
    connection: u32,
    direction: Direction,
    keys: Keys,
}

impl Reader {
    fn read(mut self, bytes: &[u8]) -> Vec<TlsRecord> {
        let mut records = Vec::new();
        let mut offset = 0;
        while offset < bytes.len() {
            let rest = &bytes[offset..];
            let whole = length(rest).filter(|length| *length <= rest.len());
            let (len, content) = match whole {
                Some(len) => (len, self.content(&rest[..len])),
                None => (
                    length(rest).unwrap_or(HEADER),
                    TlsContent::Incomplete { plaintext: self.keys.peek(rest) },
                ),
            };
            let Self { connection, direction, .. } = self;
            records.push(TlsRecord { connection, direction, offset, len, content });
            offset += len;
        }
        records
    }

    fn content(&mut self, record: &[u8]) -> TlsContent {
        match record[0] {
            CHANGE_CIPHER_SPEC => TlsContent::ChangeCipherSpec,
            APPLICATION_DATA => match self.keys.open(record) {
                Some((kind, plain)) => content(kind, &plain),
                None => TlsContent::Unreadable,
            },
            kind => content(kind, &record[HEADER..]),
        }
    }
}

fn content(kind: u8, plain: &[u8]) -> TlsContent {
    match (kind, plain) {
        (APPLICATION_DATA, _) => TlsContent::ApplicationData { plaintext: Bytes::copy_from_slice(plain) },
        (HANDSHAKE, _) => TlsContent::Handshake { messages: messages(plain), alpn: alpn(plain) },
        (ALERT, [_, code]) => TlsContent::Alert { description: alert_name(*code) },
        _ => TlsContent::Unreadable,
    }
}

/// Handshake messages: a type, a length of three bytes, and as much content.
fn split(plain: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = plain;
    std::iter::from_fn(move || {
        let header = rest.get(..4)?;
        let length = u32::from_be_bytes([0, header[1], header[2], header[3]]) as usize;
        let end = rest.len().min(4 + length);
        let message = (header[0], &rest[4..end]);
        rest = &rest[end..];
        Some(message)
    })
}

fn messages(plain: &[u8]) -> Vec<String> {
    split(plain).map(|(kind, _)| handshake_name(kind)).collect()
}

const ENCRYPTED_EXTENSIONS: u8 = 8;
const ALPN: u16 = 16;

/// The protocol that the origin chose, from its EncryptedExtensions (RFC 7301 section 3.1).
fn alpn(plain: &[u8]) -> Option<String> {
    let (_, extensions) = split(plain).find(|(kind, _)| *kind == ENCRYPTED_EXTENSIONS)?;
    let mut rest = extensions.get(2..)?;
    while let [kind_high, kind_low, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let value = tail.get(..length)?;
        if u16::from_be_bytes([*kind_high, *kind_low]) == ALPN {
            // A list of two bytes' length with one name of one byte's length.
            return value.get(3..).map(|name| String::from_utf8_lossy(name).into_owned());
        }
        rest = &tail[length..];
    }
    None
}

/// The keys of one direction: those of the handshake until its Finished, then those of the application.
struct Keys {
    current: Option<Key>,
    next: Option<Key>,
    is_handshake_over: bool,
}

struct Key {
    key: [u8; 32],
    iv: [u8; 12],
    sequence: u64,
}

/// How much longer a record is than its content: the content type, and the tag of the cipher (RFC 8446 section 5.2).
const OVERHEAD: usize = 1 + 16;

/// An alert is as short as this, and data of HTTP is longer.
const ALERT_CONTENT: usize = 2;

impl Keys {
    fn of(direction: Direction, secrets: &[&Secret]) -> Self {
        let (handshake, application) = match direction {
            Direction::ToOrigin => ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"),
            Direction::ToClient => ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"),
        };
        let key =
            |label: &str| secrets.iter().find(|secret| secret.label == label).map(|secret| Key::of(secret));
        Self { current: key(handshake), next: key(application), is_handshake_over: false }
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let opened = self.current.as_mut()?.open(record)?;
        let finished = opened.0 == HANDSHAKE && messages(&opened.1).iter().any(|name| name == "Finished");
        if finished && let Some(next) = self.next.take() {
            (self.current, self.is_handshake_over) = (Some(next), true);
        }
        Some(opened)
    }

    /// What a record without its end carries: the content of the application, or nothing that can be told.
    fn peek(&self, record: &[u8]) -> Bytes {
        let is_data = record[0] == APPLICATION_DATA && self.is_handshake_over;
        let sealed = length(record).and_then(|whole| whole.checked_sub(HEADER + OVERHEAD));
        match (&self.current, sealed) {
            (Some(key), Some(content)) if is_data && content > ALERT_CONTENT => {
                // Not its last byte: nobody has that before the record is whole.
                let most = record.len().min(HEADER + content - 1);
                Bytes::from(key.peek(&record[HEADER..most]))
            }
            _ => Bytes::new(),
        }
    }
}

impl Key {
    fn of(secret: &Secret) -> Self {
        let expander = suite().hkdf_provider.expander_for_okm(&OkmBlock::new(&secret.secret));
        let expand = |label: &str, output: &mut [u8]| {
            let info = expand_label(label, output.len());
            expander.expand_slice(&[&info], output).expect("a key is shorter than 255 hashes");
        };
        let (mut key, mut iv) = ([0; 32], [0; 12]);
        expand("key", &mut key);
        expand("iv", &mut iv);
        Self { key, iv, sequence: 0 }
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let mut sealed = record[HEADER..].to_vec();
        let message =
            InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut sealed);
        let mut decrypter = suite().aead_alg.decrypter(AeadKey::from(self.key), Iv::from(self.iv));
        let plain = decrypter.decrypt(message, self.sequence).ok()?;
        self.sequence += 1;
        Some((u8::from(plain.typ), plain.payload.to_vec()))
    }

    /// The start of the next record. GCM is a counter mode: to seal once more what was sealed opens it, and only the tag,
    /// which is not there, would tell whether it is genuine.
    fn peek(&self, sealed: &[u8]) -> Vec<u8> {
        let mut encrypter = suite().aead_alg.encrypter(AeadKey::from(self.key), Iv::from(self.iv));
        let message = OutboundPlainMessage {
            typ: ContentType::ApplicationData,
            version: ProtocolVersion::TLSv1_2,
            payload: OutboundChunks::Single(sealed),
        };
        let Ok(opened) = encrypter.encrypt(message, self.sequence) else { return Vec::new() };
        opened.encode().into_iter().skip(HEADER).take(sealed.len()).collect()
    }
}

/// HKDF-Expand-Label without a context (RFC 8446 section 7.1).
fn expand_label(label: &str, length: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let [high, low] = u16::try_from(length).expect("a key is short").to_be_bytes();
    let label_length = u8::try_from(label.len()).expect("a label is short");
    [&[high, low, label_length], label.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use rustls::{ClientConnection, ConnectionCommon, ServerConnection};

    use super::super::{KeyLogger, Offer, client_config, host, server_config};
    use super::*;
    use closewait_scenario::{Alpn, Certificate, Protocol};
    use closewait_trace::Recorder;

    /// What the client sends in a handshake, what it sends then, and the secrets of the connection.
    fn conversation(data: &[u8], close: bool) -> (Vec<u8>, Vec<u8>, Vec<Secret>) {
        let recorder = Recorder::default();
        let keys = KeyLogger::new(recorder.clone(), 1);
        let config = server_config(Certificate::Valid, Alpn::of(Protocol::Https1), keys);
        let mut server = ServerConnection::new(Arc::new(config)).expect("the settings are valid");
        let config = client_config(Offer::Of(Protocol::Https1));
        let mut client = ClientConnection::new(Arc::new(config), host()).expect("the settings are valid");
        let mut handshake = Vec::new();
        while client.is_handshaking() {
            let flight = to_send(&mut client);
            hear(&mut server, &flight);
            handshake.extend(flight);
            let answer = to_send(&mut server);
            hear(&mut client, &answer);
        }
        handshake.extend(to_send(&mut client));
        client.writer().write_all(data).expect("there is room");
        if close {
            client.send_close_notify();
        }
        (handshake, to_send(&mut client), recorder.secrets())
    }

    fn to_send<D>(end: &mut ConnectionCommon<D>) -> Vec<u8> {
        let mut bytes = Vec::new();
        while end.wants_write() {
            end.write_tls(&mut bytes).expect("a vector takes everything");
        }
        bytes
    }

    fn hear<D>(end: &mut ConnectionCommon<D>, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            end.read_tls(&mut bytes).expect("a slice can be read");
            end.process_new_packets().expect("both are of one kind");
        }
    }

    fn read(bytes: &[u8], secrets: &[Secret]) -> Option<TlsContent> {
        let secrets: Vec<&Secret> = secrets.iter().collect();
        let keys = Keys::of(Direction::ToOrigin, &secrets);
        let records = Reader { connection: 1, direction: Direction::ToOrigin, keys }.read(bytes);
        records.into_iter().last().map(|record| record.content)
    }

    /// What the last record is taken for of all that the client sends, `missing` bytes short of its end.
    #[track_caller]
    fn check(data: &[u8], close: bool, missing: usize, expected: &TlsContent) {
        let (mut bytes, sealed, secrets) = conversation(data, close);
        bytes.extend(&sealed[..sealed.len() - missing]);
        assert_eq!(read(&bytes, &secrets).as_ref(), Some(expected));
    }

    #[test]
    fn what_was_sent_of_a_record_is_read() {
        let data: Vec<u8> = (0..10_000_u32).map(|n| n.to_le_bytes()[0]).collect();
        let part =
            |length: usize| TlsContent::Incomplete { plaintext: Bytes::copy_from_slice(&data[..length]) };
        check(&data, false, 0, &TlsContent::ApplicationData { plaintext: Bytes::from(data.clone()) });
        // The tag, the content type and the last byte of data are what cannot be there.
        check(&data, false, 1, &part(9_999));
        check(&data, false, 16 + 1 + 1, &part(9_999));
        check(&data, false, 16 + 1 + 2, &part(9_998));
        check(&data, false, 16 + 1 + 9_999, &part(1));
        check(&data, false, 16 + 1 + 10_000, &part(0));
        check(&data, false, 16 + 1 + 10_000 + 4, &part(0));
        // The second record has a number of its own.
        let long: Vec<u8> = data.repeat(2);
        let rest = &long[16_384..];
        let part = TlsContent::Incomplete { plaintext: Bytes::copy_from_slice(&rest[..rest.len() - 1]) };
        check(&long, false, 10, &part);
    }

    #[test]
    fn what_was_sent_of_an_alert_is_no_data() {
        check(b"", true, 0, &TlsContent::Alert { description: "close_notify".to_owned() });
        check(b"", true, 1, &TlsContent::Incomplete { plaintext: Bytes::new() });
    }

    #[test]
    fn what_was_sent_of_a_handshake_is_no_data() {
        let (handshake, _, secrets) = conversation(b"", false);
        let part = &handshake[..handshake.len() - 1];
        let nothing = Some(TlsContent::Incomplete { plaintext: Bytes::new() });
        assert_eq!(read(part, &secrets), nothing);
        // An origin that never came to its Finished has no other keys.
        let early: Vec<Secret> =
            secrets.into_iter().filter(|secret| secret.label.contains("HANDSHAKE")).collect();
        assert_eq!(read(part, &early), nothing);
    }
}
