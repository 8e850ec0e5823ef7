//! `{ origin = "reply" }`: what its other keys imply is left out.

use super::Unwritable;
use super::keys::Keys;
use super::step::text;
use crate::scenario::read::{Value, implied_after, implied_framing};
use crate::scenario::{AfterReply, Framing, HttpVersion, Reply};

pub(super) fn keys(reply: &Reply) -> Result<Keys, Unwritable> {
    let Reply { id, times, status, version, headers, body, framing, early, delay, cut, then, surplus } =
        reply;
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
    };
    let surplus = (!surplus.is_empty()).then(|| text("surplus", surplus)).transpose()?;
    Ok(vec![
        ("id", Some(Value::Text(id.clone()))),
        ("times", Some(Value::Count(*times))),
        ("status", Some(Value::Count(u32::from(*status)))),
        ("version", Some(Value::Word(if *version == HttpVersion::Http10 { "1.0" } else { "1.1" }))),
        ("headers", Some(Value::Pairs(headers.clone()))),
        ("body", body.clone().map(Value::Text)),
        ("framing", (*framing != implied_framing(*status)).then_some(Value::Word(framing_word))),
        ("early", Some(Value::Flag(*early))),
        ("delay", Some(Value::Time(*delay))),
        ("cut", cut.map(Value::Cut)),
        ("then", (*then != implied_after(*framing)).then_some(Value::Word(then_word))),
        ("surplus", surplus),
    ])
}
