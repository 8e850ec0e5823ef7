//! Which segments are lost, late, or doubled.

use std::collections::BTreeSet;
use std::time::Duration;

use closewait_scenario::{NetworkAction, Path};
use closewait_trace::Millis;

use super::Direction;

/// The rules in force. They are asked once for every segment that leaves a host.
#[derive(Debug, Default)]
pub(super) struct Faults {
    rules: Vec<Rule>,
    /// The steps that no segment has met yet.
    unmet: BTreeSet<usize>,
}

#[derive(Debug)]
struct Rule {
    path: Path,
    /// Healed since: narrower than `path`.
    healed: Vec<Path>,
    effect: Effect,
    /// How many more segments it concerns; `None` is until healed.
    left: Option<u32>,
    /// Index of its step.
    step: usize,
}

#[derive(Debug, Clone, Copy)]
enum Effect {
    Drop,
    Delay(Millis),
    Duplicate(Millis),
}

/// What becomes of one segment.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Treatment {
    pub dropped: bool,
    /// Latency beyond the wire's own.
    pub late: Millis,
    /// How much later than the original each copy arrives.
    pub copies: Vec<Millis>,
}

impl Faults {
    /// Takes on a fault that concerns segments one by one; `false` for every other action.
    pub fn apply(&mut self, action: &NetworkAction, step: usize) -> bool {
        let (path, effect, left) = match *action {
            NetworkAction::Drop { path, packets } => (path, Effect::Drop, packets),
            NetworkAction::Delay { path, by, packets } => (path, Effect::Delay(millis(by)), packets),
            NetworkAction::Duplicate { path, by, packets } => {
                (path, Effect::Duplicate(millis(by)), Some(packets))
            }
            NetworkAction::Heal { path } => {
                self.rules.retain(|rule| !covers(path, rule.path));
                self.rules.iter_mut().for_each(|rule| rule.healed.push(path));
                return true;
            }
            NetworkAction::Forget { .. } | NetworkAction::Rst { .. } => return false,
        };
        self.rules.push(Rule { path, healed: Vec::new(), effect, left, step });
        self.unmet.insert(step);
        true
    }

    /// A fault of a whole connection begins: see [`Faults::met`].
    pub fn expect(&mut self, step: usize) {
        self.unmet.insert(step);
    }

    /// A segment has met the fault of this step.
    pub fn met(&mut self, step: usize) {
        self.unmet.remove(&step);
    }

    /// The steps that no segment has met yet.
    pub fn unmet(&self) -> &BTreeSet<usize> {
        &self.unmet
    }

    /// Decides about one segment. `solid`: it carries data, SYN or FIN; only such segments are duplicated.
    pub fn decide(&mut self, connection: u32, direction: Direction, solid: bool) -> Treatment {
        let mut treatment = Treatment::default();
        for rule in &mut self.rules {
            let duplicates = matches!(rule.effect, Effect::Duplicate(_));
            if !rule.concerns(connection, direction) || (duplicates && !solid) || treatment.dropped {
                continue;
            }
            match rule.effect {
                Effect::Drop => treatment.dropped = true,
                Effect::Delay(by) => treatment.late += by,
                Effect::Duplicate(by) => treatment.copies.push(by),
            }
            rule.left = rule.left.map(|left| left - 1);
            self.unmet.remove(&rule.step);
        }
        self.rules.retain(|rule| rule.left != Some(0));
        treatment
    }
}

impl Rule {
    fn concerns(&self, connection: u32, direction: Direction) -> bool {
        let healed = self.healed.iter().any(|path| concerns(*path, connection, direction));
        concerns(self.path, connection, direction) && !healed
    }
}

fn millis(duration: Duration) -> Millis {
    duration.as_millis() as Millis
}

fn concerns(path: Path, connection: u32, direction: Direction) -> bool {
    path.connection.is_none_or(|wanted| wanted == connection)
        && path.direction.is_none_or(|wanted| wanted == direction)
}

/// Whether all of `path` lies on the healed path.
fn covers(healed: Path, path: Path) -> bool {
    (healed.connection.is_none() || healed.connection == path.connection)
        && (healed.direction.is_none() || healed.direction == path.direction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: Path = Path { connection: None, direction: None };
    const FIRST_OUT: Path = Path { connection: Some(1), direction: Some(Direction::ToOrigin) };

    fn check(faults: &[NetworkAction], connection: u32, direction: Direction, fates: &[Treatment]) {
        let mut rules = Faults::default();
        for fault in faults {
            assert!(rules.apply(fault, 0));
        }
        for (n, fate) in fates.iter().enumerate() {
            assert_eq!(rules.decide(connection, direction, true), *fate, "segment {}", n + 1);
        }
    }

    fn dropped() -> Treatment {
        Treatment { dropped: true, ..Treatment::default() }
    }

    fn late(late: Millis) -> Treatment {
        Treatment { late, ..Treatment::default() }
    }

    #[test]
    fn a_drop_without_a_count_goes_on() {
        let drop = NetworkAction::Drop { path: BOTH, packets: None };
        check(&[drop], 3, Direction::ToClient, &[dropped(), dropped(), dropped()]);
    }

    #[test]
    fn a_drop_with_a_count_ends() {
        let drop = NetworkAction::Drop { path: FIRST_OUT, packets: Some(2) };
        check(&[drop], 1, Direction::ToOrigin, &[dropped(), dropped(), Treatment::default()]);
    }

    #[test]
    fn a_rule_minds_connection_and_direction() {
        let drop = NetworkAction::Drop { path: FIRST_OUT, packets: None };
        check(std::slice::from_ref(&drop), 1, Direction::ToClient, &[Treatment::default()]);
        check(&[drop], 2, Direction::ToOrigin, &[Treatment::default()]);
    }

    #[test]
    fn healing_everything_ends_every_rule() {
        let drop = NetworkAction::Drop { path: FIRST_OUT, packets: None };
        let heal = NetworkAction::Heal { path: BOTH };
        check(&[drop, heal], 1, Direction::ToOrigin, &[Treatment::default()]);
    }

    #[test]
    fn healing_a_part_leaves_the_rest() {
        let drop = |path| NetworkAction::Drop { path, packets: None };
        let heal = |path| NetworkAction::Heal { path };
        let to_origin = Path { connection: None, direction: Some(Direction::ToOrigin) };
        let to_client = Path { connection: None, direction: Some(Direction::ToClient) };
        let healed = [Treatment::default()];
        check(&[drop(BOTH), heal(FIRST_OUT)], 1, Direction::ToOrigin, &healed);
        check(&[drop(BOTH), heal(FIRST_OUT)], 1, Direction::ToClient, &[dropped()]);
        check(&[drop(BOTH), heal(FIRST_OUT)], 2, Direction::ToOrigin, &[dropped()]);
        check(&[drop(BOTH), heal(to_origin)], 1, Direction::ToOrigin, &healed);
        check(&[drop(BOTH), heal(to_origin)], 1, Direction::ToClient, &[dropped()]);
        check(&[drop(to_origin), heal(to_client)], 1, Direction::ToOrigin, &[dropped()]);
        check(&[drop(to_origin), heal(to_origin)], 1, Direction::ToOrigin, &healed);
        check(&[heal(BOTH), drop(to_origin)], 1, Direction::ToOrigin, &[dropped()]);
    }

    #[test]
    fn what_was_healed_before_a_segment_came_was_not_met() {
        let mut faults = Faults::default();
        faults.apply(&NetworkAction::Drop { path: FIRST_OUT, packets: None }, 1);
        faults.apply(&NetworkAction::Drop { path: BOTH, packets: None }, 2);
        faults.apply(&NetworkAction::Heal { path: FIRST_OUT }, 3);
        assert!(faults.decide(1, Direction::ToClient, true).dropped);
        assert_eq!(faults.unmet(), &BTreeSet::from([1]));
    }

    #[test]
    fn delays_add_up() {
        let delay = NetworkAction::Delay { path: BOTH, by: Duration::from_millis(5), packets: None };
        check(&[delay.clone(), delay], 1, Direction::ToOrigin, &[late(10)]);
    }

    #[test]
    fn a_duplicate_leaves_bare_acks_alone() {
        let mut faults = Faults::default();
        faults.apply(&NetworkAction::Duplicate { path: BOTH, by: Duration::from_millis(3), packets: 1 }, 4);
        assert_eq!(faults.decide(1, Direction::ToOrigin, false), Treatment::default());
        assert_eq!(faults.unmet(), &BTreeSet::from([4]));
        assert_eq!(faults.decide(1, Direction::ToOrigin, true).copies, [3]);
        assert_eq!(faults.unmet(), &BTreeSet::new());
        assert_eq!(faults.decide(1, Direction::ToOrigin, true), Treatment::default());
    }
}
