//! What the gate says of one scenario whose snapshot is not the accepted one.

use closewait_oracle::gate::{ResultFacts, Rules, compare, decide};

use super::escape::one_line;
use crate::snapshot::Snapshot;

/// What the difference between two snapshots means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Only times or words differ.
    Same,
    /// The behaviour differs: `regressed: ` or what else became of it, the most important change, and the others below.
    Changed(String),
    /// The accepted snapshot has no facts, or is none, as the reason says: the lines of the two are all there is to see.
    Unknown(&'static str),
}

/// Compares what is accepted with what was found, as the gate does.
pub fn meaning(accepted: &Snapshot, found: &ResultFacts) -> Meaning {
    let outcome = match accepted.facts() {
        Ok(Some(outcome)) => outcome,
        Ok(None) => {
            return Meaning::Unknown("an earlier closewait wrote the accepted snapshot, without its facts");
        }
        Err(problem) => return Meaning::Unknown(problem),
    };
    let accepted = ResultFacts { outcome, ..found.clone() };
    let verdict = decide(compare(&[accepted], std::slice::from_ref(found)), &Rules::default(), false);
    let mut text = String::new();
    for result in verdict.changed() {
        let headline = result.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
        text += &format!("{}: {headline}\n", result.result.state.name());
        for change in result.others() {
            text += &format!("  {}\n", one_line(&change.sentence));
        }
    }
    if text.is_empty() { Meaning::Same } else { Meaning::Changed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A snapshot of one request.
    fn snapshot(finding: &str, connection: u32) -> Snapshot {
        let body = format!(
            "title\n\n         0 ms  a: GET /a\n        20 ms  a: written on connection {connection} (fresh)\n\n\
             findings\n  no-leak  {finding}\n"
        );
        let record = format!(
            r#"{{"run":{{"opened":1,"requests":[{{"id":"a","attempts":[{{"connection":{connection},"fresh":true}}]}}]}}}}"#
        );
        Snapshot { body, record: Some(serde_json::from_str(&record).expect("a record")) }
    }

    fn check(accepted: &Snapshot, found: &Snapshot, expected: &str) {
        let outcome = found.facts().expect("a snapshot").expect("facts");
        let found = ResultFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome };
        let expected =
            if expected.is_empty() { Meaning::Same } else { Meaning::Changed(expected.to_owned()) };
        assert_eq!(meaning(accepted, &found), expected);
    }

    #[test]
    fn what_matters_is_said_first() {
        let correct = snapshot("holds · no socket was left", 1);
        let leaks = snapshot("VIOLATED · connection 1 was left in CLOSE_WAIT after the client was closed", 1);
        let moved = snapshot("holds · no socket was left", 2);
        check(
            &correct,
            &leaks,
            "regressed: no-leak: holds → violated: connection 1 was left in CLOSE_WAIT after the client was closed — request a\n",
        );
        check(
            &leaks,
            &correct,
            "fixed: no-leak: violated → holds (before: connection 1 was left in CLOSE_WAIT after the client was closed)\n",
        );
        check(&correct, &moved, "drifted: request a moved from a new connection 1 to a new connection 2\n");
        check(&correct, &correct, "");
        let mut later = correct.clone();
        later.body = later.body.replace("20 ms", "21 ms").replace("no socket was left", "nothing was left");
        check(&correct, &later, "");
    }

    #[test]
    fn a_snapshot_without_facts_says_so() {
        let correct = snapshot("holds · no socket was left", 1);
        let outcome = correct.facts().expect("a snapshot").expect("facts");
        let found = ResultFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome };
        let old = Snapshot { record: None, ..correct };
        assert_eq!(
            meaning(&old, &found),
            Meaning::Unknown("an earlier closewait wrote the accepted snapshot, without its facts")
        );
    }
}
