//! `{ origin = "reply" }`: what its keys leave open, and what they cannot mean together.

use super::keys::Record;
use super::problems::Problems;
use crate::{AfterReply, Cut, ErrorCode, Framing, HttpVersion, Reply};

/// Reads a reply and judges it by itself, without the rest of the script.
pub(super) fn read(record: &Record, problems: &mut Problems) -> Option<Reply> {
    let status = u16::try_from(record.get::<u32>("status")?).ok()?;
    let framing = framing(record, status);
    let reply = Reply {
        id: record.get("id")?,
        times: record.get("times")?,
        status,
        version: if record.get("version") == Some("1.0") { HttpVersion::Http10 } else { HttpVersion::Http11 },
        headers: record.get("headers")?,
        body: body(record, problems),
        framing,
        trailers: record.get("trailers")?,
        early: record.get("early")?,
        delay: record.get("delay")?,
        cut: record.get("cut"),
        then: after(record, framing, problems),
        surplus: record.get("surplus").map(String::into_bytes).unwrap_or_default(),
    };
    check_body(&reply, record, problems);
    check_cut(&reply, record, problems);
    Some(reply)
}

/// Statuses whose responses end with the head (RFC 9110 section 6.4.1).
pub(super) fn has_no_body(status: u16) -> bool {
    matches!(status, 100..200 | 204 | 304)
}

fn framing(record: &Record, status: u16) -> Framing {
    match record.get("framing") {
        Some("length") => Framing::Length,
        Some("chunked") => Framing::Chunked,
        Some("close") => Framing::Close,
        Some(_) => Framing::None,
        None => implied_framing(status),
    }
}

/// How the length of a body is given if the file does not say.
pub(crate) fn implied_framing(status: u16) -> Framing {
    if has_no_body(status) { Framing::None } else { Framing::Length }
}

fn body(record: &Record, problems: &mut Problems) -> Option<String> {
    let Some(length) = record.get::<u32>("body_length") else { return record.get("body") };
    if record.says("body") {
        problems
            .add(record.span_of("body_length"), "`body` has said what the body is")
            .help("keep `body`, or `body_length`");
    }
    let id: String = record.get("id")?;
    Some(filler(&id, length as usize))
}

/// The body that `body_length` stands for.
pub fn filler(id: &str, length: usize) -> String {
    format!("{id} ").chars().cycle().take(length).collect()
}

fn after(record: &Record, framing: Framing, problems: &mut Problems) -> AfterReply {
    let error: ErrorCode = record.get("error").unwrap_or(ErrorCode::NoError);
    let word = record.get("then");
    if record.says("error") && !matches!(word, Some("goaway" | "reset-stream")) {
        problems
            .add(record.span_of("error"), "nothing carries this error code")
            .help("add then = \"reset-stream\" or then = \"goaway\", or remove `error`");
    }
    match word {
        Some("goaway") => AfterReply::Goaway(error),
        Some("reset-stream") => AfterReply::ResetStream(error),
        Some("fin") => AfterReply::Fin,
        Some("rst") => AfterReply::Rst,
        Some("close") => AfterReply::Close,
        Some("close-notify") => AfterReply::CloseNotify,
        Some(_) => AfterReply::Keep,
        None => implied_after(framing),
    }
}

/// What the origin does after a reply if the file does not say.
pub(crate) fn implied_after(framing: Framing) -> AfterReply {
    if framing == Framing::Close { AfterReply::Close } else { AfterReply::Keep }
}

fn check_body(reply: &Reply, record: &Record, problems: &mut Problems) {
    let bodyless = reply.framing == Framing::None;
    if !bodyless || reply.body.as_deref().is_none_or(str::is_empty) {
        return;
    }
    if record.says("framing") {
        problems
            .add(record.span_of("body"), "with `framing = \"none\"` nothing tells that there is a body")
            .help("send bytes that belong to no message as `surplus`, or choose another framing");
    } else {
        problems
            .add(record.span_of("body"), format!("a response with status {} has no body", reply.status))
            .help("if the origin is to break that rule, say how: framing = \"length\"");
    }
}

fn check_cut(reply: &Reply, record: &Record, problems: &mut Problems) {
    let Some(cut) = reply.cut else { return };
    let span = record.span_of("cut");
    if !reply.surplus.is_empty() {
        problems
            .add(record.span_of("surplus"), "nothing can follow a message that is cut short")
            .help("remove `surplus` or `cut`");
    }
    match cut {
        Cut::Header(n) if n as usize > reply.header_lines() => problems
            .add(span, format!("the reply has no header line {n}; it has {}", reply.header_lines()))
            .help("the lines of `headers` count, and after them the one that tells the length of the body"),
        Cut::LastChunk if reply.framing != Framing::Chunked => problems
            .add(span, "only a chunked body has a last chunk")
            .help("add framing = \"chunked\", or cut at a place that the message has: head, body N, byte N"),
        Cut::Head | Cut::Body(_) if reply.framing == Framing::None => problems
            .add(span, "the message ends with its head, so nothing is cut off there")
            .help("cut at a place before that: status-line, header N, byte N"),
        Cut::Head if reply.body.as_deref() == Some("") && reply.framing != Framing::Chunked => problems
            .add(span, "the body is empty, so nothing is cut off after the head")
            .help("give the reply a body, or cut at a place before: status-line, header N, byte N"),
        Cut::Body(n) if reply.body.as_ref().is_some_and(|body| !leaves_a_rest(n, body, reply.framing)) => {
            problems
                .add(
                    span,
                    format!("the body is {} bytes long, so nothing is cut off there", body_length(reply)),
                )
                .help("cut after fewer bytes")
        }
        _ => {}
    }
}

/// A chunked body that was written whole still lacks its last chunk.
fn leaves_a_rest(n: u32, body: &str, framing: Framing) -> bool {
    let n = n as usize;
    n < body.len() || (framing == Framing::Chunked && n == body.len())
}

fn body_length(reply: &Reply) -> usize {
    reply.body.as_ref().map_or(0, String::len)
}
