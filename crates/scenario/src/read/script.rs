//! The steps of a script, one by one.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::build;
use super::keys::{Form, Record};
use super::problems::Problems;
use super::protocol;
use super::values::type_name;
use crate::field::{Verb, one_of};
use crate::grammar::{ACTORS, VERBS, WAIT};
use crate::nearest::{nearest, quoted};
use crate::{Action, Protocol, Step, When};

/// More steps than anybody reads.
const MOST_STEPS: usize = 1000;

/// A step, and where in the text it and its values are.
pub(super) struct Scripted {
    pub action: Action,
    pub when: When,
    pub may_miss: bool,
    pub line: usize,
    span: Range<usize>,
    spans: BTreeMap<&'static str, Range<usize>>,
}

impl Scripted {
    /// Where the value of this key is, or the whole step.
    pub fn span_of(&self, key: &str) -> Range<usize> {
        self.spans.get(key).unwrap_or(&self.span).clone()
    }

    /// Whether the file names this key.
    pub fn says(&self, key: &str) -> bool {
        self.spans.contains_key(key)
    }

    pub fn into_step(self) -> Step {
        let Self { action, when, may_miss, line, .. } = self;
        Step { action, when, may_miss, line }
    }
}

/// Reads every step; `None` if one of them cannot be made sense of.
pub(super) fn read(
    raw: &Spanned<DeValue<'_>>,
    text: &str,
    protocol: Protocol,
    problems: &mut Problems,
) -> Option<Vec<Scripted>> {
    let DeValue::Array(entries) = raw.get_ref() else { return None };
    if entries.len() > MOST_STEPS {
        problems
            .add(raw.span(), format!("the script has {} steps; at most {MOST_STEPS} are read", entries.len()))
            .help("a scenario is one situation: split it into several files");
        return None;
    }
    let lines = Lines::of(text);
    let steps: Vec<_> = entries.iter().map(|entry| read_step(entry, &lines, protocol, problems)).collect();
    steps.into_iter().collect()
}

fn read_step(
    raw: &Spanned<DeValue<'_>>,
    lines: &Lines,
    protocol: Protocol,
    problems: &mut Problems,
) -> Option<Scripted> {
    let DeValue::Table(table) = raw.get_ref() else {
        problems
            .add(raw.span(), format!("a step is a table, not {}", type_name(raw.get_ref())))
            .help("write e.g. { client = \"send\", id = \"a\", request = \"GET /a\" }");
        return None;
    };
    let actor = actor(table, raw.span(), problems)?;
    let (action, record) = if actor == "wait" {
        let form = Form { name: "`wait`", fields: std::slice::from_ref(&WAIT), known: None };
        let record = Record::read(&form, table, raw.span(), problems);
        (record.get("wait").map(Action::Wait), record)
    } else {
        let verb = verb(actor, table, problems)?;
        let name = format!("{actor} = \"{}\"", verb.word);
        let form = Form { name: &name, fields: verb.fields, known: Some(actor) };
        let record = Record::read(&form, table, raw.span(), problems);
        let place = table.get(actor).map_or(raw.span(), Spanned::span);
        protocol::check_step(verb, place, &record, protocol, problems);
        (build::action(verb, &record, problems), record)
    };
    Some(Scripted {
        action: action?,
        when: record.get("when").unwrap_or(When::Now),
        may_miss: record.get("may_miss").unwrap_or(false),
        line: lines.number(raw.span().start),
        span: raw.span(),
        spans: record.spans().into_iter().chain(table.get(actor).map(|raw| (actor, raw.span()))).collect(),
    })
}

/// Which of the actor keys the step has: exactly one.
fn actor(table: &DeTable<'_>, span: Range<usize>, problems: &mut Problems) -> Option<&'static str> {
    let named: Vec<&'static str> =
        ACTORS.iter().copied().filter(|actor| table.contains_key(*actor)).collect();
    match named.as_slice() {
        [actor] => Some(actor),
        [first, second, ..] => {
            problems
                .add(span, format!("a step has one actor, this one has `{first}` and `{second}`"))
                .help("write one step after the other");
            None
        }
        [] => {
            let typo =
                table.keys().find_map(|key| Some((key, nearest(key.get_ref(), ACTORS.iter().copied())?)));
            match typo {
                Some((key, meant)) => problems
                    .add(key.span(), format!("unknown key {}", quoted(key.get_ref())))
                    .help(format!("did you mean `{meant}`?")),
                None => problems
                    .add(span, "this step does not say who does what")
                    .help(format!("a step has one of the keys {}", ACTORS.join(", "))),
            }
            None
        }
    }
}

/// What the actor does. A word that is nearly right is reported, and taken for what was meant.
fn verb(actor: &'static str, table: &DeTable<'_>, problems: &mut Problems) -> Option<&'static Verb> {
    let raw = table.get(actor)?;
    let words = || VERBS.iter().filter(move |verb| verb.actor == actor);
    let takes = || one_of(&words().map(|verb| verb.word).collect::<Vec<_>>());
    let DeValue::String(word) = raw.get_ref() else {
        problems
            .add(raw.span(), format!("`{actor}` takes a word, not {}", type_name(raw.get_ref())))
            .help(format!("it takes {}", takes()));
        return None;
    };
    if let Some(verb) = words().find(|verb| verb.word == word.as_ref()) {
        return Some(verb);
    }
    let elsewhere = VERBS.iter().find(|verb| verb.word == word.as_ref());
    let meant = nearest(word, words().map(|verb| verb.word));
    let help = match (elsewhere, meant) {
        (Some(verb), _) => format!("did you mean `{} = \"{}\"`?", verb.actor, verb.word),
        (None, Some(meant)) => format!("did you mean \"{meant}\"?"),
        (None, None) => format!("it takes {}", takes()),
    };
    problems.add(raw.span(), format!("`{actor}` cannot be {}", quoted(word))).help(help);
    words().find(|verb| Some(verb.word) == meant)
}

/// Where the lines of a text start.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub fn of(text: &str) -> Self {
        Lines(text.match_indices('\n').map(|(offset, _)| offset).collect())
    }

    /// The line of an offset, from 1.
    pub fn number(&self, offset: usize) -> usize {
        self.0.partition_point(|newline| *newline < offset) + 1
    }
}
