//! What makes the fields of a response malformed (RFC 9113 sections 8.1.1, 8.2 and 8.3).

use super::Field;
use crate::http1;

/// What is wrong with the fields of a response, interim or final.
pub(super) fn fault_of_response(fields: &[Field]) -> Option<&'static str> {
    let pseudo = fields.iter().take_while(|field| is_pseudo(field)).count();
    let statuses: Vec<&Field> = fields[..pseudo].iter().collect();
    match statuses[..] {
        [] if fields.iter().any(is_pseudo) => return Some("a pseudo-header field behind others"),
        [] => return Some("a response without a status"),
        [status] if status.name != b":status" => return Some("a pseudo-header field of requests"),
        [status] if !is_status(&status.value) => return Some("a status that is no number of three digits"),
        [_] => {}
        _ => return Some("more pseudo-header fields than :status"),
    }
    fault_of_fields(&fields[pseudo..])
}

/// What is wrong with the fields of a trailer section.
pub(super) fn fault_of_trailers(fields: &[Field]) -> Option<&'static str> {
    match fields.iter().any(is_pseudo) {
        true => Some("a pseudo-header field among trailers"),
        false => fault_of_fields(fields),
    }
}

/// How long the content is to be, if the fields say so; `Err` if they do not say it with a number, or say different ones.
pub(super) fn content_length(fields: &[Field]) -> Result<Option<u64>, &'static str> {
    let lines = fields.iter().filter(|field| field.name == b"content-length");
    http1::content_length(lines.map(|field| &field.value[..]))
}

fn fault_of_fields(fields: &[Field]) -> Option<&'static str> {
    fields.iter().find_map(|Field { name, value }| {
        if name.starts_with(b":") {
            Some("a pseudo-header field behind others")
        } else if name.iter().any(u8::is_ascii_uppercase) {
            Some("a field name in upper case")
        } else if name.is_empty() || name.iter().any(|byte| !byte.is_ascii_graphic() || *byte == b':') {
            Some("a field name that is none")
        } else if value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            Some("a field value with NUL, CR or LF")
        } else if CONNECTION_SPECIFIC.contains(&&name[..]) {
            Some("a connection-specific field")
        } else {
            None
        }
    })
}

/// RFC 9113 section 8.2.2.
const CONNECTION_SPECIFIC: [&[u8]; 5] =
    [b"connection", b"proxy-connection", b"keep-alive", b"transfer-encoding", b"upgrade"];

fn is_pseudo(field: &Field) -> bool {
    field.name.starts_with(b":")
}

fn is_status(value: &[u8]) -> bool {
    value.len() == 3 && value.iter().all(u8::is_ascii_digit)
}
