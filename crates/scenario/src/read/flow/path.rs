//! Faults of the wire: only what was broken can be healed.

use super::{Problems, Scripted};
use crate::{Action, NetworkAction, Path};

pub(super) fn check(script: &[Scripted], problems: &mut Problems) {
    let mut broken: Vec<Path> = Vec::new();
    for step in script {
        match &step.action {
            Action::Network(NetworkAction::Drop { path, .. } | NetworkAction::Delay { path, .. }) => {
                broken.push(*path)
            }
            Action::Network(NetworkAction::Heal { .. }) if broken.is_empty() => {
                problems
                    .add(
                        step.span_of("network"),
                        "nothing was dropped or delayed before, so nothing can be healed",
                    )
                    .help("move this step below the `drop` or `delay` that it ends");
            }
            Action::Network(NetworkAction::Heal { path })
                if !broken.iter().any(|fault| overlap(fault, path)) =>
            {
                problems
                    .add(
                        step.span_of("network"),
                        "no `drop` or `delay` before concerns this connection and direction",
                    )
                    .help("heal the path that was broken; `heal` alone heals every path");
            }
            _ => {}
        }
    }
}

fn overlap(one: &Path, other: &Path) -> bool {
    fn meet<T: PartialEq>(one: Option<T>, other: Option<T>) -> bool {
        one.is_none() || other.is_none() || one == other
    }
    meet(one.connection, other.connection) && meet(one.direction, other.direction)
}
