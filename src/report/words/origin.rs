//! What the origin does, in plain words.

use super::{grouped, span};
use crate::scenario::{
    AfterReply, Alpn, Certificate, Cut, Framing, Handshake, HttpVersion, OriginAction, Reply,
};

/// What a step of the origin does, for somebody who reads the script.
pub fn action(action: &OriginAction) -> String {
    match action {
        OriginAction::Reply(answer) => reply(answer),
        OriginAction::Hold { id } => format!("does not answer {id} yet"),
        OriginAction::Send { connection, bytes } => {
            format!("sends on connection {connection}, unasked: {}", first_line(bytes))
        }
        OriginAction::Fin { connection } => format!("half-closes connection {connection} (FIN)"),
        OriginAction::Rst { connection } => format!("resets connection {connection} (RST)"),
        OriginAction::Close { connection } => format!("closes connection {connection}"),
        OriginAction::CloseNotify { connection } => format!("sends close_notify on connection {connection}"),
        OriginAction::Alert { connection, description } => {
            format!("sends the alert {description} on connection {connection}")
        }
        OriginAction::Tls { certificate, alpn, handshake } => tls(*certificate, *alpn, *handshake),
        OriginAction::StopListening => "stops listening".to_owned(),
        OriginAction::Listen => "listens again".to_owned(),
        OriginAction::Crash => "crashes, silently".to_owned(),
        OriginAction::Restart => "restarts, with no memory of its connections".to_owned(),
    }
}

/// The same for a transcript: replies show when they are written, not when they are arranged.
pub fn fault(step: &OriginAction) -> Option<String> {
    match step {
        OriginAction::Reply(_) | OriginAction::Hold { .. } => None,
        other => Some(action(other)),
    }
}

fn reply(reply: &Reply) -> String {
    let Reply { id, status, .. } = reply;
    let mut words = format!("answers {id} with {status}");
    if reply.version == HttpVersion::Http10 {
        words += " in HTTP/1.0";
    }
    if reply.times != 1 {
        words += &format!(" ({} times)", reply.times);
    }
    for (name, value) in &reply.headers {
        words += &format!(", {name}: {value}");
    }
    words += framing(reply.framing);
    if reply.early {
        words += ", before the body of the request";
    }
    if !reply.delay.is_zero() {
        words += &format!(", after {}", span(reply.delay));
    }
    if let Some(place) = reply.cut {
        words += &format!(", cut short {}", cut(place));
    }
    if !reply.surplus.is_empty() {
        words += &format!(", followed in the same write by: {}", first_line(&reply.surplus));
    }
    words + then(reply.then)
}

fn framing(framing: Framing) -> &'static str {
    match framing {
        Framing::Length => "",
        Framing::Chunked => ", chunked",
        Framing::Close => ", its length told by the close",
        Framing::None => ", without a body",
    }
}

fn cut(cut: Cut) -> String {
    match cut {
        Cut::Byte(n) => format!("after {} bytes", grouped(n.into())),
        Cut::StatusLine => "after the status line".to_owned(),
        Cut::Header(n) => format!("inside header {n}"),
        Cut::Head => "after the head".to_owned(),
        Cut::Body(n) => format!("after {} bytes of the body", grouped(n.into())),
        Cut::LastChunk => "before the last chunk".to_owned(),
        Cut::Record(n) => format!("after {} bytes of its record", grouped(n.into())),
    }
}

fn then(then: AfterReply) -> &'static str {
    match then {
        AfterReply::Keep => "",
        AfterReply::Fin => ", then half-closes (FIN)",
        AfterReply::Rst => ", then resets (RST)",
        AfterReply::Close => ", then closes",
        AfterReply::CloseNotify => ", then sends close_notify",
    }
}

fn tls(certificate: Option<Certificate>, alpn: Option<Alpn>, handshake: Option<Handshake>) -> String {
    let certificate = certificate.map(|certificate| match certificate {
        Certificate::Sound => "shows a sound certificate".to_owned(),
        Certificate::Expired => "shows an expired certificate".to_owned(),
        Certificate::WrongHost => "shows the certificate of another host".to_owned(),
        Certificate::UnknownAuthority => "shows a certificate of an unknown authority".to_owned(),
    });
    let alpn = alpn.map(|alpn| match alpn.names() {
        [] => "knows no ALPN".to_owned(),
        names => format!("offers {} by ALPN", names.join(" and ")),
    });
    let handshake = handshake.map(|handshake| match handshake {
        Handshake::Answer => "answers handshakes".to_owned(),
        Handshake::Stall => "leaves handshakes without an answer".to_owned(),
    });
    let parts: Vec<String> = certificate.into_iter().chain(alpn).chain(handshake).collect();
    format!("from now on {}", parts.join(", "))
}

/// The first line of some bytes, with what cannot be printed escaped.
pub fn first_line(bytes: &[u8]) -> String {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() && !bytes.is_empty() {
        "an empty line".to_owned()
    } else {
        line.escape_ascii().to_string()
    }
}
