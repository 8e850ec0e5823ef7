//! Collects what an oracle saw into its verdict.

use std::collections::BTreeMap;
use std::panic::Location;

use super::words::{MOST, few};
use super::{Severity, Verdict, Violation};

#[derive(Debug, Default)]
pub(super) struct Checks {
    violations: Vec<Violation>,
    /// Where in `violations` a cause is told.
    causes: BTreeMap<(Kind, String), Cause>,
    notes: Vec<Note>,
}

/// What one line of an oracle says is of one kind, whatever the names and numbers in it.
type Kind = &'static Location<'static>;

#[derive(Debug)]
struct Note {
    kind: Kind,
    text: String,
    /// The same with all of its names, if `text` has not.
    full: Option<String>,
}

/// A violation that several requests show.
#[derive(Debug)]
struct Cause {
    violation: usize,
    /// The sentence for the first of them.
    message: String,
    requests: Vec<String>,
}

impl Checks {
    pub fn violated(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        evidence: impl IntoIterator<Item = usize>,
    ) {
        let evidence = sorted(evidence.into_iter().collect());
        self.violations.push(Violation { severity, message: message.into(), evidence, requests: Vec::new() });
    }

    /// One violation for many requests, which the message has to cut short.
    pub fn violated_by_many(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        evidence: impl IntoIterator<Item = usize>,
        requests: &[&str],
    ) {
        self.violated(severity, message, evidence);
        if let Some(last) = self.violations.last_mut().filter(|_| requests.len() > MOST) {
            last.requests = requests.iter().map(|&request| request.to_owned()).collect();
        }
    }

    /// A violation for one request. What has the same cause is one violation, however many requests show it.
    #[track_caller]
    pub fn violated_for(
        &mut self,
        (request, cause): (&str, String),
        severity: Severity,
        message: String,
        evidence: impl IntoIterator<Item = usize>,
    ) {
        let key = (Location::caller(), cause);
        let Some(known) = self.causes.get_mut(&key) else {
            let known = Cause {
                violation: self.violations.len(),
                message: message.clone(),
                requests: vec![request.to_owned()],
            };
            self.causes.insert(key, known);
            return self.violated(severity, message, evidence);
        };
        let violation = &mut self.violations[known.violation];
        if known.requests.last().is_none_or(|last| last != request) {
            known.requests.push(request.to_owned());
        }
        if let [_, others @ ..] = &known.requests[..] {
            violation.message = format!("{}; likewise {}", known.message, few(others));
            violation.requests.clone_from(&known.requests);
        }
        violation.evidence.extend(evidence);
    }

    #[track_caller]
    pub fn holds(&mut self, note: impl Into<String>) {
        self.notes.push(Note { kind: Location::caller(), text: note.into(), full: None });
    }

    /// A note that is cut short, and the whole of it.
    #[track_caller]
    pub fn holds_of_many(&mut self, note: String, full: String) {
        let full = (full != note).then_some(full);
        self.notes.push(Note { kind: Location::caller(), text: note, full });
    }

    pub fn verdict(mut self, not_exercised: &str) -> Verdict {
        if !self.violations.is_empty() {
            for violation in &mut self.violations {
                violation.evidence = sorted(std::mem::take(&mut violation.evidence));
            }
            self.violations.sort_by_key(|violation| violation.evidence.last().copied());
            Verdict::Violated { violations: self.violations }
        } else if self.notes.is_empty() {
            Verdict::NotExercised { reason: not_exercised.to_owned() }
        } else {
            holds(self.notes)
        }
    }
}

/// The first notes of each kind, and how many more there are.
fn holds(notes: Vec<Note>) -> Verdict {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for note in &notes {
        *counts.entry(note.kind).or_default() += 1;
    }
    let is_cut = counts.values().any(|count| *count > MOST) || notes.iter().any(|note| note.full.is_some());
    let mut told: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut parts: Vec<String> = Vec::new();
    for note in &notes {
        let told = told.entry(note.kind).or_default();
        *told += 1;
        match counts[&note.kind].checked_sub(MOST).filter(|more| *more > 0) {
            Some(more) if *told == MOST => parts.push(format!("{}; and {more} more", note.text)),
            Some(_) if *told > MOST => {}
            _ => parts.push(note.text.clone()),
        }
    }
    let all = notes.into_iter().map(|note| note.full.unwrap_or(note.text));
    Verdict::Holds { note: parts.join("; "), notes: if is_cut { all.collect() } else { Vec::new() } }
}

fn sorted(mut evidence: Vec<usize>) -> Vec<usize> {
    evidence.sort_unstable();
    evidence.dedup();
    evidence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_a_sentence_and_all_of_it_is_there() {
        let mut checks = Checks::default();
        checks.holds("1 request ended in time");
        for id in 0..90 {
            checks.holds(format!("r{id}: 1 attempt"));
        }
        let Verdict::Holds { note, notes } = checks.verdict("") else { panic!("nothing is violated") };
        assert_eq!(note, "1 request ended in time; r0: 1 attempt; r1: 1 attempt; r2: 1 attempt; and 87 more");
        assert_eq!((notes.len(), notes[90].as_str()), (91, "r89: 1 attempt"));
    }

    #[test]
    fn what_is_short_is_said_as_it_is() {
        let mut checks = Checks::default();
        for id in ["a", "b", "c"] {
            checks.holds(format!("{id}: 1 attempt"));
        }
        let note = "a: 1 attempt; b: 1 attempt; c: 1 attempt".to_owned();
        assert_eq!(checks.verdict(""), Verdict::Holds { note, notes: Vec::new() });
    }

    #[test]
    fn one_cause_is_one_violation() {
        let mut checks = Checks::default();
        for (event, id) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
            let (severity, cause) = (Severity::StaleReuse, "connection 1".to_owned());
            checks.violated_for((id, cause), severity, format!("{id} was written"), [9, event]);
        }
        let other = ("g", "connection 2".to_owned());
        for _ in 0..1 {
            checks.violated_for(other.clone(), Severity::StaleReuse, "g was written".to_owned(), [10]);
        }
        let Verdict::Violated { violations } = checks.verdict("") else { panic!("something is violated") };
        let [first, second] = &violations[..] else { panic!("two causes: {violations:?}") };
        assert_eq!(first.message, "a was written; likewise b, c, d and 2 more");
        assert_eq!(first.requests, ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(first.evidence, [0, 1, 2, 3, 4, 5, 9]);
        assert_eq!((second.message.as_str(), second.requests.len()), ("g was written", 0));
    }
}
