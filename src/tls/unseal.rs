//! From recorded segments to records in plain text, as a packet analyser with a key log would read them.

use std::collections::BTreeMap;

use bytes::Bytes;
use rustls::crypto::cipher::{AeadKey, InboundOpaqueMessage, Iv, MessageDecrypter};
use rustls::crypto::tls13::OkmBlock;
use rustls::{ContentType, ProtocolVersion};

use super::record::{
    ALERT, APPLICATION_DATA, CHANGE_CIPHER_SPEC, HANDSHAKE, HEADER, alert_name, handshake_name, length,
};
use super::settings::suite;
use crate::trace::{Direction, Event, Secret, TlsContent, TlsRecord, What, sent_bytes};

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
                None => (length(rest).unwrap_or(HEADER), TlsContent::Incomplete),
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
}

struct Key {
    decrypter: Box<dyn MessageDecrypter>,
    sequence: u64,
}

impl Keys {
    fn of(direction: Direction, secrets: &[&Secret]) -> Self {
        let (handshake, application) = match direction {
            Direction::ToOrigin => ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"),
            Direction::ToClient => ("SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"),
        };
        let key =
            |label: &str| secrets.iter().find(|secret| secret.label == label).map(|secret| Key::of(secret));
        Self { current: key(handshake), next: key(application) }
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let opened = self.current.as_mut()?.open(record)?;
        let finished = opened.0 == HANDSHAKE && messages(&opened.1).iter().any(|name| name == "Finished");
        if finished && let Some(next) = self.next.take() {
            self.current = Some(next);
        }
        Some(opened)
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
        Self { decrypter: suite().aead_alg.decrypter(AeadKey::from(key), Iv::from(iv)), sequence: 0 }
    }

    fn open(&mut self, record: &[u8]) -> Option<(u8, Vec<u8>)> {
        let mut sealed = record[HEADER..].to_vec();
        let message =
            InboundOpaqueMessage::new(ContentType::ApplicationData, ProtocolVersion::TLSv1_2, &mut sealed);
        let plain = self.decrypter.decrypt(message, self.sequence).ok()?;
        self.sequence += 1;
        Some((u8::from(plain.typ), plain.payload.to_vec()))
    }
}

/// HKDF-Expand-Label without a context (RFC 8446 section 7.1).
fn expand_label(label: &str, length: usize) -> Vec<u8> {
    let label = format!("tls13 {label}");
    let [high, low] = u16::try_from(length).expect("a key is short").to_be_bytes();
    let label_length = u8::try_from(label.len()).expect("a label is short");
    [&[high, low, label_length], label.as_bytes(), &[0]].concat()
}
