//! Records as bytes (RFC 8446 section 5), and the names of what is in them.

use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::{ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConnection};

use super::settings::suite;

/// Type, legacy version and length.
pub(super) const HEADER: usize = 5;

/// Content types (RFC 8446 section 5.1).
pub(super) const CHANGE_CIPHER_SPEC: u8 = 20;
pub(super) const ALERT: u8 = 21;
pub(super) const HANDSHAKE: u8 = 22;
pub(super) const APPLICATION_DATA: u8 = 23;

const FATAL: u8 = 2;

/// The alerts of RFC 8446 section 6 that a scenario can have sent.
const ALERTS: [(u8, &str); 12] = [
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (40, "handshake_failure"),
    (42, "bad_certificate"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (80, "internal_error"),
    (112, "unrecognized_name"),
    (120, "no_application_protocol"),
];

pub(super) fn alert_name(code: u8) -> String {
    match ALERTS.iter().find(|(known, _)| *known == code) {
        _ if code == 0 => "close_notify".to_owned(),
        _ if code == 90 => "user_canceled".to_owned(),
        Some((_, name)) => (*name).to_owned(),
        None => format!("alert {code}"),
    }
}

/// The record of a fatal alert, after which a sender sends no more. `None` while the handshake is under way, or
/// if no scenario knows the name.
pub fn alert(session: ServerConnection, name: &str) -> Option<Vec<u8>> {
    let code = ALERTS.iter().find(|(_, known)| *known == name)?.0;
    // Without it rustls asks for what a kernel would do for us: this end sends one more record, and that is all.
    #[allow(deprecated, reason = "its successor hands out session tickets, of which there are none")]
    let (sequence, secrets) = session.dangerous_extract_secrets().ok()?.tx;
    let ConnectionTrafficSecrets::Aes256Gcm { key, iv } = secrets else { return None };
    let payload = [FATAL, code];
    let message = OutboundPlainMessage {
        typ: ContentType::Alert,
        version: ProtocolVersion::TLSv1_2,
        payload: OutboundChunks::Single(&payload),
    };
    let sealed = suite().aead_alg.encrypter(key, iv).encrypt(message, sequence).ok()?;
    Some(sealed.encode())
}

/// The record of a fatal alert before there are keys.
pub fn early_alert(name: &str) -> Option<Vec<u8>> {
    let code = ALERTS.iter().find(|(_, known)| *known == name)?.0;
    Some(vec![ALERT, 3, 3, 0, 2, FATAL, code])
}

/// The name of a handshake message (RFC 8446 section 4).
pub(super) fn handshake_name(kind: u8) -> String {
    let name = match kind {
        1 => "ClientHello",
        2 => "ServerHello",
        4 => "NewSessionTicket",
        8 => "EncryptedExtensions",
        11 => "Certificate",
        13 => "CertificateRequest",
        15 => "CertificateVerify",
        20 => "Finished",
        24 => "KeyUpdate",
        other => return format!("handshake message {other}"),
    };
    name.to_owned()
}

/// The record at the front of `bytes`: its length with the header, if that much is there.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let header = bytes.get(..HEADER)?;
    Some(HEADER + usize::from(u16::from_be_bytes([header[3], header[4]])))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alert_of_a_scenario_has_its_code() {
        for name in closewait_scenario::ALERTS {
            let record = early_alert(name).unwrap_or_else(|| panic!("{name} has no code"));
            assert_eq!((length(&record), alert_name(record[6]).as_str()), (Some(record.len()), *name));
        }
    }
}
