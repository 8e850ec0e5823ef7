//! The keys of one table, checked against the grammar.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problems::Problems;
use super::value::{FromValue, Value};
use super::values;
use crate::When;
use crate::field::{Field, Kind, Need};
use crate::grammar::{TOP, WHEN_AFTER, WHEN_PACKET};
use crate::nearest::{nearest, quoted};

/// A TOML table whose keys were checked, and whose plain values were read.
pub(super) struct Record<'t> {
    /// Where the table is.
    pub span: Range<usize>,
    entries: BTreeMap<&'static str, Entry<'t>>,
}

struct Entry<'t> {
    value: Option<Value>,
    /// `None` for a default.
    raw: Option<&'t Spanned<DeValue<'t>>>,
}

/// The grammar of a table, and what messages call the table.
pub(super) struct Form<'a> {
    pub name: &'a str,
    pub fields: &'static [Field],
    /// A key that was dealt with before: the actor of a step.
    pub known: Option<&'static str>,
}

impl<'t> Record<'t> {
    /// Reads what can be read. What cannot is reported, and stands in with a harmless value where there is one,
    /// so that the rest of the file can still be judged.
    pub fn read(form: &Form, table: &'t DeTable<'t>, span: Range<usize>, problems: &mut Problems) -> Self {
        let mut record = Record { span, entries: BTreeMap::new() };
        let mut unknown = Vec::new();
        for (key, value) in table {
            match form.fields.iter().find(|field| field.name == key.get_ref().as_ref()) {
                Some(field) => record.take(field, value, problems),
                None if form.known == Some(key.get_ref().as_ref()) => {}
                None => unknown.push((key, value)),
            }
        }
        for (key, value) in unknown {
            let meant = form.report_unknown(key, problems);
            if let Some(field) = meant.filter(|field| !record.entries.contains_key(field.name)) {
                record.take(field, value, problems);
            }
        }
        for field in form.fields {
            record.fill_in(field, misplaced(field, form, table), problems);
        }
        record
    }

    fn take(&mut self, field: &'static Field, raw: &'t Spanned<DeValue<'t>>, problems: &mut Problems) {
        let read = match (field.kind, raw.get_ref()) {
            (Kind::When, DeValue::Table(table)) => read_when(table, raw.span(), problems),
            _ => values::read(field, raw, problems),
        };
        let value = read.or_else(|| values::stand_in(field.kind));
        self.entries.insert(field.name, Entry { value, raw: Some(raw) });
    }

    fn fill_in(&mut self, field: &'static Field, misplaced: bool, problems: &mut Problems) {
        if self.entries.contains_key(field.name) {
            return;
        }
        let value = match field.need {
            Need::Optional => return,
            Need::Default(text) => values::read_default(field, text),
            Need::Required if misplaced => None,
            Need::Required => {
                problems.add(self.span.clone(), format!("missing key `{}`", field.name)).help(format!(
                    "`{}` takes {}: {}",
                    field.name,
                    field.kind.expected(),
                    uncapitalized(field.doc)
                ));
                values::stand_in(field.kind)
            }
        };
        self.entries.insert(field.name, Entry { value, raw: None });
    }

    /// The value of a key. `None` if it is absent, or could not be read and nothing can stand in.
    pub fn get<T: FromValue>(&self, name: &str) -> Option<T> {
        self.entries.get(name)?.value.clone().and_then(T::from_value)
    }

    /// Whether the file names this key.
    pub fn says(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// The value as TOML has it, if the file names this key.
    pub fn raw(&self, name: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.entries.get(name)?.raw
    }

    /// Where the value of a key is; the whole table if the file does not name it.
    pub fn span_of(&self, name: &str) -> Range<usize> {
        self.raw(name).map_or(self.span.clone(), Spanned::span)
    }

    /// Where each value is that the file names.
    pub fn spans(&self) -> BTreeMap<&'static str, Range<usize>> {
        self.entries.iter().filter_map(|(name, entry)| Some((*name, entry.raw?.span()))).collect()
    }
}

/// A step is put off by a time, or until a packet.
fn read_when(table: &DeTable<'_>, span: Range<usize>, problems: &mut Problems) -> Option<Value> {
    let names = || std::iter::once("after").chain(WHEN_PACKET.fields.iter().map(|field| field.name));
    let is_after = |key: &str| nearest(key, names()) == Some("after");
    let after = table.keys().any(|key| is_after(key.get_ref()));
    if after && table.keys().any(|key| key.get_ref() == "packet") {
        problems
            .add(span, "a step happens after a time or at a packet, not both")
            .help("keep one of `after` and `packet`");
        return None;
    }
    if table.is_empty() {
        problems.add(span, "this `when` says nothing").help("leave it out, or write { after = \"5ms\" }");
        return None;
    }
    let form = if after { &WHEN_AFTER } else { &WHEN_PACKET };
    let form = Form { name: "`when`", fields: form.fields, known: None };
    let record = Record::read(&form, table, span, problems);
    let when = if after {
        When::After(record.get("after")?)
    } else {
        When::Packet {
            n: record.get("packet")?,
            connection: record.get("connection")?,
            direction: record.get("direction")?,
        }
    };
    Some(Value::When(when))
}

impl Form<'_> {
    /// Returns the field that was most likely meant.
    fn report_unknown(
        &self,
        key: &Spanned<impl AsRef<str>>,
        problems: &mut Problems,
    ) -> Option<&'static Field> {
        let word = key.get_ref().as_ref();
        let names = || self.fields.iter().map(|field| field.name);
        let meant = nearest(word, names());
        let help = if let Some(meant) = meant {
            format!("did you mean `{meant}`?")
        } else if self.name != TOP.name && TOP.fields.iter().any(|field| field.name == word) {
            format!("`{word}` belongs at the top level: move it above the first [section]")
        } else if word == "when" {
            "only a step of the origin or the network can be put off; a client's step happens in its turn"
                .to_owned()
        } else if self.fields.iter().all(|field| self.name == format!("`{}`", field.name)) {
            format!("{} takes no other key", self.name)
        } else {
            format!("{} takes {}", self.name, names().collect::<Vec<_>>().join(", "))
        };
        problems.add(key.span(), format!("unknown key {}", quoted(word))).help(help);
        meant.and_then(|meant| self.fields.iter().find(|field| field.name == meant))
    }
}

/// Whether a key of the top level is in a section below it: the section reports it.
fn misplaced(field: &Field, form: &Form, table: &DeTable<'_>) -> bool {
    let has_it = |value: &Spanned<DeValue<'_>>| match value.get_ref() {
        DeValue::Table(section) => section.contains_key(field.name),
        _ => false,
    };
    form.name == TOP.name && table.values().any(has_it)
}

/// A sentence of the grammar as part of a message.
pub(super) fn uncapitalized(doc: &str) -> String {
    let mut chars = doc.trim_end_matches('.').chars();
    match (chars.next(), chars.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => {
            first.to_lowercase().chain(chars).collect()
        }
        _ => doc.to_owned(),
    }
}
