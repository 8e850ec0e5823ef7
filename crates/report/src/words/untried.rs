//! Why a step of a script had no effect.

use closewait_scenario::{Action, Direction, NetworkAction, OriginAction, Scenario, When};
use closewait_trace::{Untried, WhyUntried};

use super::{grouped, span, step};

/// What a step was to do, and why nothing came of it.
pub fn untried(scenario: &Scenario, Untried { step, why }: &Untried) -> String {
    let Some(fault) = scenario.script.get(*step) else { return String::new() };
    let now = closewait_scenario::Step { when: When::Now, ..fault.clone() };
    format!("{}: {}", self::step(&now), reason(&fault.action, &fault.when, *why))
}

fn reason(action: &Action, when: &When, why: WhyUntried) -> String {
    match (why, when) {
        (WhyUntried::NoSuchSegment { carried }, When::Packet { n, connection, direction }) => {
            let to = match direction {
                Direction::ToOrigin => "to the origin",
                Direction::ToClient => "to the client",
            };
            let segments = if carried == 1 { "segment" } else { "segments" };
            let carried = match carried {
                0 => "no".to_owned(),
                some => grouped(some.into()),
            };
            let waits = format!("the fault waits for the {}", ordinal(*n));
            format!("connection {connection} carried {carried} {segments} {to}; {waits}")
        }
        (_, When::After(delay)) if why == WhyUntried::TooLate => {
            format!("the script was over before the {} of the fault were", span(*delay))
        }
        (WhyUntried::NotThere, _) => "there was no such connection, or no such stream".to_owned(),
        _ => unmet(action).to_owned(),
    }
}

/// What did not come for a step that was carried out.
fn unmet(action: &Action) -> &'static str {
    match action {
        Action::Network(NetworkAction::Drop { .. }) => "nothing was lost",
        Action::Network(NetworkAction::Delay { .. }) => "nothing was late",
        Action::Network(NetworkAction::Duplicate { .. }) => "nothing was doubled",
        Action::Network(NetworkAction::Forget { .. }) => "no segment came after that",
        Action::Origin(OriginAction::Reply(_)) => "nobody asked for it",
        Action::Origin(OriginAction::Hold { .. }) => "nothing was held",
        Action::Origin(OriginAction::ResetStream { .. }) => "nothing was reset",
        _ => "nothing came of it",
    }
}

/// `1st`, `2nd`, `50th`.
fn ordinal(n: u32) -> String {
    let ending = match (n % 10, n % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{}{ending}", grouped(n.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_a_row_are_named() {
        let named = [1, 2, 3, 4, 11, 12, 13, 21, 50, 112, 1_003].map(ordinal);
        assert_eq!(
            named,
            ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "50th", "112th", "1 003rd"]
        );
    }
}
