//! Collects what an oracle saw into its verdict.

use super::{Severity, Verdict, Violation};

#[derive(Debug, Default)]
pub(super) struct Checks {
    violations: Vec<Violation>,
    notes: Vec<String>,
}

impl Checks {
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
