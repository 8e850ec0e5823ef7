//! What the gate says of one scenario whose snapshot is not the accepted one.

use closewait_oracle::gate::{Rules, compare, decide};

use super::escape::one_line;
use crate::facts::of_snapshot;

/// What the difference between two texts means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Only times or words differ.
    Same,
    /// The behaviour differs: `regressed: ` or what else became of it, the most important change, and the others below.
    Changed(String),
    /// One of them is no snapshot: their lines are all there is to see.
    Unknown,
}

/// Compares what is accepted with what was found, as the gate does.
pub fn meaning(client: &str, scenario: &str, accepted: &str, found: &str) -> Meaning {
    let facts = |body| of_snapshot(client, scenario, body);
    let (Ok(accepted), Ok(found)) = (facts(accepted), facts(found)) else { return Meaning::Unknown };
    let verdict = decide(compare(&[accepted], &[found]), &Rules::default(), false);
    let mut text = String::new();
    for cell in verdict.changed() {
        let headline = cell.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
        text += &format!("{}: {headline}\n", cell.cell.state.name());
        for change in cell.others() {
            text += &format!("  {}\n", one_line(&change.sentence));
        }
    }
    if text.is_empty() { Meaning::Same } else { Meaning::Changed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(accepted: &str, found: &str, expected: &str) {
        let expected = Meaning::Changed(expected.to_owned());
        assert_eq!(meaning("mine", "family/name", accepted, found), expected);
    }

    #[test]
    fn what_matters_is_said_first() {
        let snapshot = |finding: &str, line: &str| {
            format!(
                "title\n\n         0 ms  a: GET /a\n        20 ms  {line}\n\nfindings\n  no-leak  {finding}\n"
            )
        };
        let sound = snapshot("holds · no socket was left", "a: written on connection 1 (fresh)");
        let leaks = snapshot(
            "VIOLATED · connection 1 was left in CLOSE_WAIT after the client was closed",
            "a: written on connection 1 (fresh)",
        );
        let moved = snapshot("holds · no socket was left", "a: written on connection 2 (fresh)");
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
        let later = sound.replace("20 ms", "21 ms").replace("no socket was left", "nothing was left");
        assert_eq!(meaning("mine", "family/name", &sound, &later), Meaning::Same);
        assert_eq!(meaning("mine", "family/name", "no snapshot", "at all"), Meaning::Unknown);
    }
}
