//! The same run again and again: every trace must be the same, byte for byte.

use std::fmt;
use std::sync::Arc;

use closewait_scenario::Scenario;
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};
use closewait_trace::Trace;

/// The first difference between two runs of the same scenario against the same client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// Scenario id.
    pub scenario: String,
    /// Client name.
    pub client: &'static str,
    /// Which run differs from the first, from 2.
    pub run: u32,
    /// Index of the first event that differs; `None` if the traces differ only after their last event.
    pub event: Option<usize>,
    /// The event (or the rest of the trace) in the first run, as JSON.
    pub first: String,
    /// The same place in the other run.
    pub other: String,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scenario, client, run, event, first, other } = self;
        let place = event.map_or("after the last event".to_owned(), |index| format!("at event {index}"));
        writeln!(f, "{scenario} on {client}: run {run} differs from run 1 {place}")?;
        writeln!(f, "  run 1: {first}")?;
        write!(f, "  run {run}: {other}")
    }
}

/// Runs a scenario `runs` times, and its control as often; the first trace that differs from the first run's.
pub fn repeat(
    scenario: &Scenario,
    client: &'static dyn UnderTest,
    limits: &Limits,
    runs: u32,
) -> Option<Divergence> {
    if client.unsupported(scenario).is_some() {
        return None;
    }
    let scenarios = [Some(scenario.clone()), scenario.control()];
    scenarios
        .into_iter()
        .flatten()
        .find_map(|scenario| first_divergence(&Arc::new(scenario), client, limits, runs))
}

fn first_divergence(
    scenario: &Arc<Scenario>,
    client: &'static dyn UnderTest,
    limits: &Limits,
    runs: u32,
) -> Option<Divergence> {
    let plays = (0..runs).map(|_| (scenario.clone(), client));
    let mut traces = lab::run_all(plays, limits);
    // A run that the client could not really play is not judged, so it need not be the same either.
    let first = traces.next().filter(|trace| trace.unsupported.is_none())?;
    (2..).zip(traces).find_map(|(run, other)| {
        if other == first {
            return None;
        }
        let (event, first, other) = difference(&first, &other);
        Some(Divergence { scenario: scenario.id.clone(), client: client.name(), run, event, first, other })
    })
}

/// The first place at which two traces differ.
fn difference(first: &Trace, other: &Trace) -> (Option<usize>, String, String) {
    let length = first.events.len().max(other.events.len());
    let event = |trace: &Trace, index| trace.events.get(index).map_or("no such event".to_owned(), json);
    for index in 0..length {
        let (one, two) = (event(first, index), event(other, index));
        if one != two {
            return (Some(index), one, two);
        }
    }
    let rest = |trace: &Trace| json(&(&trace.end, &trace.sockets, &trace.unsupported));
    (None, rest(first), rest(other))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("a trace has only string keys, so it is JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use closewait_trace::{End, Event, What};

    fn trace(at: &[u64], end: End) -> Trace {
        let events = at.iter().map(|at| Event { at: *at, what: What::ClientClosing }).collect();
        Trace {
            events,
            records: Vec::new(),
            end,
            sockets: Vec::new(),
            panics: Vec::new(),
            retries: None,
            untried: Vec::new(),
            unsupported: None,
        }
    }

    #[test]
    fn the_first_difference_is_found() {
        let check = |first: &[u64], other: &[u64], place| {
            let (event, one, two) = difference(&trace(first, End::Completed), &trace(other, End::Completed));
            assert_eq!(event, place);
            assert_ne!(one, two);
        };
        check(&[1, 2, 3], &[1, 4, 3], Some(1));
        check(&[1, 2], &[1, 2, 3], Some(2));
        check(&[1, 2], &[1], Some(1));
    }

    #[test]
    fn a_different_end_is_a_difference() {
        let (event, one, two) = difference(&trace(&[1], End::Completed), &trace(&[1], End::Stall));
        assert_eq!(event, None);
        assert!(one.contains("completed") && two.contains("stall"), "{one} {two}");
    }
}
