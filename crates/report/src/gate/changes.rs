//! What the gate says of one scenario whose snapshot is not the accepted one.

use closewait_oracle::gate::{CellFacts, Rules, compare, decide};

use super::escape::one_line;
use crate::snapshot::Snapshot;

/// `regressed: ` or what else became of it, the most important change, and the others below. Empty if the two mean the
/// same: their lines are then all there is to see.
///
/// # Errors
/// If the accepted snapshot has no facts, or is none, in words.
pub fn changes(accepted: &Snapshot, found: &CellFacts) -> Result<String, &'static str> {
    let outcome =
        accepted.facts()?.ok_or("an earlier closewait wrote the accepted snapshot, without its facts")?;
    let accepted = CellFacts { outcome, ..found.clone() };
    let verdict = decide(compare(&[accepted], std::slice::from_ref(found)), &Rules::default(), false);
    let mut text = String::new();
    for cell in verdict.changed() {
        let headline = cell.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
        text += &format!("{}: {headline}\n", cell.cell.state.name());
        for change in cell.others() {
            text += &format!("  {}\n", one_line(&change.sentence));
        }
    }
    Ok(text)
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
        let found = CellFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome };
        assert_eq!(changes(accepted, &found).as_deref(), Ok(expected));
    }

    #[test]
    fn what_matters_is_said_first() {
        let sound = snapshot("holds · no socket was left", 1);
        let leaks = snapshot("VIOLATED · connection 1 was left in CLOSE_WAIT after the client was closed", 1);
        let moved = snapshot("holds · no socket was left", 2);
        check(
            &sound,
            &leaks,
            "regressed: no-leak: holds → violated: connection 1 was left in CLOSE_WAIT after the client was closed — request a\n",
        );
        check(
            &leaks,
            &sound,
            "fixed: no-leak: violated → holds (before: connection 1 was left in CLOSE_WAIT after the client was closed)\n",
        );
        check(&sound, &moved, "drifted: request a moved from a new connection 1 to a new connection 2\n");
        check(&sound, &sound, "");
    }

    #[test]
    fn a_snapshot_without_facts_says_so() {
        let sound = snapshot("holds · no socket was left", 1);
        let outcome = sound.facts().expect("a snapshot").expect("facts");
        let found = CellFacts { scenario: "family/name".to_owned(), client: "mine".to_owned(), outcome };
        let old = Snapshot { record: None, ..sound };
        assert_eq!(
            changes(&old, &found),
            Err("an earlier closewait wrote the accepted snapshot, without its facts")
        );
    }
}
