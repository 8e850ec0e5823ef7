//! `{ origin = "reply" }`: what its other keys imply is left out.

use super::Unwritable;
use super::keys::{Keys, bytes};
use crate::read::{Value, filler, implied_after, implied_framing};
use crate::{AfterReply, Framing, HttpVersion, Reply};

/// A filler that is longer is written by its length.
const LONGEST_TEXT: usize = 80;

pub(super) fn keys(reply: &Reply) -> Result<Keys, Unwritable> {
    let Reply {
        id,
        times,
        status,
        version,
        headers,
        body,
        framing,
        trailers,
        early,
        delay,
        cut,
        then,
        surplus,
    } = reply;
    let framing_word = match framing {
        Framing::Length => "length",
        Framing::Chunked => "chunked",
        Framing::Close => "close",
        Framing::None => "none",
    };
    let then_word = match then {
        AfterReply::Keep => "keep",
        AfterReply::Fin => "fin",
        AfterReply::Rst => "rst",
        AfterReply::Close => "close",
        AfterReply::CloseNotify => "close-notify",
        AfterReply::Goaway(_) => "goaway",
        AfterReply::ResetStream(_) => "reset-stream",
    };
    let error = match then {
        AfterReply::Goaway(error) | AfterReply::ResetStream(error) => Some(Value::Word(error.word())),
        _ => None,
    };
    let is_filler = |body: &String| body.len() > LONGEST_TEXT && *body == filler(id, body.len());
    let (length, body) = match body {
        Some(body) if is_filler(body) => (u32::try_from(body.len()).ok(), None),
        body => (None, body.clone()),
    };
    let surplus = (!surplus.is_empty()).then(|| bytes("surplus", surplus)).transpose()?;
    Ok(vec![
        ("id", Some(Value::Text(id.clone()))),
        ("times", Some(Value::Count(*times))),
        ("status", Some(Value::Count(u32::from(*status)))),
        ("version", Some(Value::Word(if *version == HttpVersion::Http10 { "1.0" } else { "1.1" }))),
        ("headers", Some(Value::Pairs(headers.clone()))),
        ("body", body.map(Value::Text)),
        ("body_length", length.map(Value::Count)),
        ("trailers", Some(Value::Pairs(trailers.clone()))),
        ("framing", (*framing != implied_framing(*status)).then_some(Value::Word(framing_word))),
        ("early", Some(Value::Flag(*early))),
        ("delay", Some(Value::Time(*delay))),
        ("cut", cut.map(Value::Cut)),
        ("then", (*then != implied_after(*framing)).then_some(Value::Word(then_word))),
        ("error", error),
        ("surplus", surplus),
    ])
}
