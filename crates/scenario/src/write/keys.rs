//! The keys of one table, in the order of the grammar.

use super::Unwritable;
use super::toml;
use crate::LastStream;
use crate::field::{Field, Need};
use crate::read::{Value, read_default};

/// What each key of a table is set to; `None` is left out.
pub(super) type Keys = Vec<(&'static str, Option<Value>)>;

/// Bytes as the text that they must be in a file.
pub(super) fn bytes(key: &str, bytes: &[u8]) -> Result<Value, Unwritable> {
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Unwritable::key("the script", key, "these bytes are no text"))?;
    Ok(Value::Text(text.to_owned()))
}

/// The keys that are written, with their text. Every key that the grammar has must be spoken of, and no other:
/// a key that somebody adds to the format and forgets here is an error, not a loss.
pub(super) fn written(
    table: &str,
    fields: &'static [Field],
    mut keys: Keys,
) -> Result<Vec<(&'static str, String)>, Unwritable> {
    let mut written = Vec::new();
    for field in fields {
        let Some(place) = keys.iter().position(|(name, _)| *name == field.name) else {
            return Err(Unwritable::key(table, field.name, "the writer does not know this key"));
        };
        let (_, value) = keys.swap_remove(place);
        if let Some(value) = value.filter(|value| !is_default(field, value)) {
            let text = text(&value)
                .ok_or_else(|| Unwritable::key(table, field.name, "the writer cannot write this value"))?;
            written.push((field.name, text));
        }
    }
    match keys.first() {
        Some((name, _)) => Err(Unwritable::key(table, name, "the grammar does not have this key")),
        None => Ok(written),
    }
}

fn is_default(field: &Field, value: &Value) -> bool {
    match field.need {
        Need::Default(text) => read_default(field, text).as_ref() == Some(value),
        Need::Required | Need::Optional => false,
    }
}

fn text(value: &Value) -> Option<String> {
    Some(match value {
        Value::Text(text) => toml::string(text),
        Value::Texts(texts) => match texts.as_slice() {
            [text] => toml::string(text),
            texts => toml::list(texts),
        },
        Value::Time(time) => toml::string(&toml::duration(*time)),
        Value::Count(count) => count.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Word(word) => toml::string(word),
        Value::Pair(first, second) => toml::string(&format!("{first} {second}")),
        Value::Pairs(pairs) => {
            let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}: {value}")).collect();
            toml::list(&lines)
        }
        Value::LastStream(last) => last_stream(last),
        Value::Cut(cut) => toml::string(&toml::cut(*cut)),
        Value::When(when) => toml::when(when)?,
        Value::Nested => return None,
    })
}

fn last_stream(last: &LastStream) -> String {
    match last {
        LastStream::Seen => toml::string("seen"),
        LastStream::All => toml::string("all"),
        LastStream::None => toml::string("none"),
        LastStream::Request(id) => toml::string(id),
        LastStream::Number(number) => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grammar::ORIGIN;

    #[test]
    fn a_key_that_is_forgotten_is_an_error() {
        let check = |keys: Keys, message: &str| {
            let error = written("[origin]", &ORIGIN.fields[..1], keys).expect_err("keys and grammar differ");
            assert_eq!(error.to_string(), message);
        };
        check(Vec::new(), "cannot write `idle_timeout` of [origin]: the writer does not know this key");
        check(
            vec![("idle_timeout", None), ("mood", None)],
            "cannot write `mood` of [origin]: the grammar does not have this key",
        );
        check(
            vec![("idle_timeout", Some(Value::Nested))],
            "cannot write `idle_timeout` of [origin]: the writer cannot write this value",
        );
    }
}
