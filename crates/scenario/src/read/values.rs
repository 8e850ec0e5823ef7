//! Single values: from TOML to what the model holds.

use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::problems::Problems;
use super::refusal::{Refusal, refuse};
use super::value::Value;
use super::{duration, http};
use crate::field::{Field, Kind, one_of};
use crate::nearest::{nearest, quoted};
use crate::{LastStream, When};

/// Reads the value of a key; reports why it cannot.
pub(super) fn read(field: &Field, raw: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Value> {
    let read = match (field.kind, raw.get_ref()) {
        (Kind::Sources | Kind::Headers, DeValue::Array(_))
        | (Kind::Outcomes | Kind::Texts, DeValue::Array(_) | DeValue::String(_)) => {
            return read_list(field, raw, problems);
        }
        (Kind::Script, DeValue::Array(_)) | (Kind::Section(_) | Kind::Expectations, DeValue::Table(_)) => {
            return Some(Value::Nested);
        }
        (Kind::Flag, DeValue::Boolean(flag)) => return Some(Value::Flag(*flag)),
        (Kind::LastStream, DeValue::Integer(number)) => read_stream_number(number.as_str()),
        (kind, DeValue::Integer(number)) if kind.range().is_some() => {
            let digits = number.as_str().trim_start_matches('+');
            read_number(field, u64::from_str_radix(digits, number.radix()).ok())
        }
        (_, DeValue::String(text)) => read_string(field, text),
        _ => Err(wrong_type(field, raw.get_ref())),
    };
    read.map_err(|refusal| report(refusal, raw, problems)).ok()
}

/// Reads a default of the grammar.
pub(crate) fn read_default(field: &Field, text: &str) -> Option<Value> {
    let raw = DeValue::parse(text).ok()?;
    read(field, &raw, &mut Problems::default())
}

/// What stands in for a value that could not be read, so that other problems can still be found.
pub(super) fn stand_in(kind: Kind) -> Option<Value> {
    match kind {
        Kind::Text | Kind::Body | Kind::Bytes => Some(Value::Text("?".into())),
        Kind::Time { .. } => Some(Value::Time(Duration::from_millis(1))),
        Kind::Count { most, .. } => Some(Value::Count(most)),
        Kind::Request => Some(Value::Pair("GET".into(), "/".into())),
        Kind::Word(words) => words.first().map(|word| Value::Word(word)),
        Kind::Flag => Some(Value::Flag(true)),
        Kind::Headers => Some(Value::Pairs(Vec::new())),
        Kind::When => Some(Value::When(When::After(Duration::from_millis(1)))),
        _ => None,
    }
}

fn read_number(field: &Field, number: Option<u64>) -> Result<Value, Refusal> {
    let (least, most) = field.kind.range().unwrap_or_default();
    match number.and_then(|number| u32::try_from(number).ok()) {
        Some(number) if (least..=most).contains(&number) => Ok(Value::Count(number)),
        Some(0) if matches!(field.kind, Kind::Connection) => {
            refuse("there is no connection 0", "connections are numbered from 1, in the order of their SYNs")
        }
        _ => refuse(format!("`{}` must be {}", field.name, field.kind.expected()), ""),
    }
}

fn read_stream_number(digits: &str) -> Result<Value, Refusal> {
    match digits.parse::<u32>() {
        Ok(number) if number <= 0x7fff_ffff => Ok(Value::LastStream(LastStream::Number(number))),
        _ => refuse("`last_stream` must be a whole number from 0 to 2147483647", ""),
    }
}

fn read_last_stream(text: &str) -> Result<Value, Refusal> {
    Ok(Value::LastStream(match text {
        "seen" => LastStream::Seen,
        "all" => LastStream::All,
        "none" => LastStream::None,
        id => LastStream::Request(http::id(id)?),
    }))
}

fn read_string(field: &Field, text: &str) -> Result<Value, Refusal> {
    match field.kind {
        Kind::Text if text.trim().is_empty() => refuse(format!("`{}` is empty", field.name), ""),
        Kind::Bytes if text.is_empty() => {
            refuse(format!("`{}` is empty", field.name), "leave the key out to write nothing")
        }
        Kind::Text | Kind::Body | Kind::Bytes => Ok(Value::Text(text.to_owned())),
        Kind::Time { zero } => duration::read(field.name, text, zero).map(Value::Time),
        Kind::Word(words) => read_word(field, words, text),
        Kind::Request => http::request(text).map(|(method, path)| Value::Pair(method, path)),
        Kind::NewId | Kind::Id => http::id(text).map(Value::Text),
        Kind::Cut => http::cut(text).map(Value::Cut),
        Kind::LastStream => read_last_stream(text),
        _ => Err(wrong_type(field, &DeValue::String(text.into()))),
    }
}

fn read_word(field: &Field, words: &'static [&'static str], text: &str) -> Result<Value, Refusal> {
    if let Some(word) = words.iter().find(|word| **word == text) {
        return Ok(Value::Word(word));
    }
    let help = match nearest(text, words.iter().copied()) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => format!("it takes {}", one_of(words)),
    };
    refuse(format!("`{}` cannot be {}", field.name, quoted(text)), help)
}

/// A list of strings, or one string in its place. Every bad entry is reported.
fn read_list(field: &Field, raw: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Value> {
    let entries = match raw.get_ref() {
        DeValue::Array(entries) => entries.iter().collect(),
        _ => vec![raw],
    };
    let mut texts = Vec::new();
    let mut pairs = Vec::new();
    let mut good = true;
    for entry in entries.iter().copied() {
        let read = match (field.kind, entry.get_ref()) {
            (Kind::Sources, DeValue::String(text)) => {
                http::source(text).map(|()| texts.push(text.to_string()))
            }
            (Kind::Outcomes, DeValue::String(text)) => {
                http::outcome(text).map(|()| texts.push(text.to_string()))
            }
            (Kind::Texts, DeValue::String(text)) if text.trim().is_empty() => {
                refuse(format!("`{}` is empty", field.name), "")
            }
            (Kind::Texts, DeValue::String(text)) => {
                texts.push(text.to_string());
                Ok(())
            }
            (Kind::Headers, DeValue::String(text)) => http::header(text).map(|pair| pairs.push(pair)),
            (_, other) => Err(wrong_type(field, other)),
        };
        good &= read.map_err(|refusal| report(refusal, entry, problems)).is_ok();
    }
    if entries.is_empty() && !matches!(field.kind, Kind::Headers) {
        problems.add(raw.span(), format!("`{}` is empty", field.name)).help(match field.kind {
            Kind::Sources => "name the issue (a URL) or the RFC section that this scenario stands for",
            Kind::Texts => "leave the key out to say nothing",
            _ => "leave the key out to permit any",
        });
        good = false;
    }
    good.then_some(if matches!(field.kind, Kind::Headers) {
        Value::Pairs(pairs)
    } else {
        Value::Texts(texts)
    })
}

fn report(refusal: Refusal, raw: &Spanned<DeValue<'_>>, problems: &mut Problems) {
    let problem = problems.add(raw.span(), refusal.message);
    if let Some(help) = refusal.help {
        problem.help(help);
    }
}

fn wrong_type(field: &Field, found: &DeValue<'_>) -> Refusal {
    let help = match (field.kind, found) {
        (Kind::Time { .. }, DeValue::Integer(number)) => {
            format!("say the unit: \"{number}ms\" or \"{number}s\"")
        }
        (Kind::Outcomes, DeValue::Integer(number)) => format!("write it as a string: \"{number}\""),
        (Kind::Body, DeValue::Integer(_)) => {
            "the body of a reply is its text; only that of a request is a length".into()
        }
        (Kind::Sources | Kind::Headers, DeValue::String(_)) => "put it into a list: [\"…\"]".into(),
        (Kind::Flag, DeValue::String(word)) if matches!(word.as_ref(), "true" | "false") => {
            format!("write it without quotes: {word}")
        }
        (kind, DeValue::String(digits)) if kind.range().is_some() && digits.parse::<u32>().is_ok() => {
            format!("write it without quotes: {digits}")
        }
        _ => String::new(),
    };
    let message = format!("`{}` takes {}, not {}", field.name, field.kind.expected(), type_name(found));
    Refusal { message, help: Some(help).filter(|help| !help.is_empty()) }
}

/// What TOML calls a value, with its article.
pub fn type_name(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NetworkSettings;
    use crate::field::Need;
    use crate::grammar::{CLIENT, EXPECTATION, NETWORK, ORIGIN, TOP, VERBS};

    #[test]
    fn every_default_of_the_grammar_can_be_read() {
        let tables = [&TOP, &CLIENT, &ORIGIN, &NETWORK, &EXPECTATION].map(|table| table.fields);
        for field in tables.into_iter().chain(VERBS.iter().map(|verb| verb.fields)).flatten() {
            if let Need::Default(text) = field.need {
                assert!(read_default(field, text).is_some(), "{} = {text}", field.name);
            }
        }
    }

    #[test]
    fn the_network_of_the_grammar_is_that_of_the_model() {
        let model = NetworkSettings::default();
        for (name, bytes) in [("send_buffer", model.send_buffer), ("receive_buffer", model.receive_buffer)] {
            let field = NETWORK.fields.iter().find(|field| field.name == name).expect("the field is there");
            let Need::Default(text) = field.need else { panic!("{name} has a default") };
            assert_eq!(read_default(field, text), Some(Value::Count(bytes)));
        }
        assert_eq!(model.latency_to_origin, Duration::from_millis(10));
        assert_eq!(model.latency_to_client, Duration::from_millis(10));
    }
}
