//! Collects what an oracle saw into its verdict.

use closewait_trace::Millis;

use super::{Severity, Verdict, Violation};

#[derive(Debug, Default)]
pub(super) struct Tally {
    violations: Vec<Violation>,
    notes: Vec<String>,
}

impl Tally {
    pub fn violated(
        &mut self,
        severity: Severity,
        message: impl Into<String>,
        evidence: impl IntoIterator<Item = usize>,
    ) {
        let mut evidence: Vec<usize> = evidence.into_iter().collect();
        evidence.sort_unstable();
        evidence.dedup();
        self.violations.push(Violation { severity, message: message.into(), evidence });
    }

    pub fn holds(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }

    pub fn verdict(mut self, not_exercised: &str) -> Verdict {
        if !self.violations.is_empty() {
            self.violations.sort_by_key(|violation| violation.evidence.last().copied());
            Verdict::Violated { violations: self.violations }
        } else if self.notes.is_empty() {
            Verdict::NotExercised { reason: not_exercised.to_owned() }
        } else {
            Verdict::Holds { note: self.notes.join("; ") }
        }
    }
}

/// Milliseconds as a message says them: `1 000 ms`.
pub(super) fn ms(millis: Millis) -> String {
    let digits = millis.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text + " ms"
}

/// `1 request`, `2 requests`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn list(names: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}
