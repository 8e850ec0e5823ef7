//! What every form of the report is made of.

use closewait_oracle::gate::{DecidedResult, GateVerdict, State};

use crate::document::{Document, RunResult, ScenarioInfo};

/// Results, and what the gate says of them.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What came out.
    pub document: &'a Document,
    /// What the gate says.
    pub verdict: &'a GateVerdict,
    /// What was compared with, as the user named it.
    pub baseline: &'a str,
    /// Of `run`, to which every difference counts: how many results are not as accepted. `None` of the gate, which has rules.
    pub unlike: Option<usize>,
    /// Whether that is what was accepted, snapshots here or of a revision; otherwise it is the results of another run.
    pub is_accepted: bool,
    /// The file of the rules, as the user named it.
    pub rules: &'a str,
}

/// A place in a scenario file.
pub(super) struct At<'a> {
    pub file: &'a str,
    pub line: usize,
}

impl<'a> Input<'a> {
    pub(super) fn scenario(&self, result: &DecidedResult) -> Option<&'a ScenarioInfo> {
        self.document.scenario(&result.result.scenario)
    }

    pub(super) fn played(&self, result: &DecidedResult) -> Option<&'a RunResult> {
        self.document.result(&result.result.scenario, &result.result.client)
    }

    /// The line that sends the request which `sentence` names first; else the beginning of the file.
    pub(super) fn place(&self, result: &DecidedResult, sentence: &str) -> Option<At<'a>> {
        let scenario = self.scenario(result)?;
        let file = scenario.file.as_deref()?;
        let words = sentence.split(|char: char| !char.is_ascii_alphanumeric() && char != '-');
        let line = words.into_iter().find_map(|word| scenario.lines.get(word)).copied().unwrap_or(1);
        Some(At { file, line })
    }

    /// `name version` of a client.
    pub(super) fn client(&self, name: &str) -> String {
        let version = self.document.clients.iter().find(|client| client.name == name);
        version.map_or(name.to_owned(), |client| format!("{name} {}", client.version))
    }

    /// `3 regressed, 1 drifted, 140 same`; states that do not occur are left out.
    pub(super) fn counts(&self) -> String {
        let violated = self.verdict.changed().filter(|result| result.result.state == State::New);
        let is_violated = |result: &&DecidedResult| {
            self.played(result).is_some_and(|result| matches!(result.mark.as_str(), "stopped" | "violated"))
        };
        let violated = violated.filter(is_violated).count();
        counted(|state| self.verdict.count(state)).replace(
            " new",
            &match violated {
                0 => " new".to_owned(),
                n => format!(" new ({n} of them violated)"),
            },
        )
    }

    /// What became of the control, in one line, if anything did.
    pub(super) fn control(&self) -> Option<String> {
        let first = self.verdict.changed_control().next()?;
        let as_well = if self.verdict.changed().next().is_some() { " as well" } else { "" };
        let counts = counted(|state| {
            self.verdict.changed_control().filter(|result| result.result.state == state).count()
        });
        Some(format!(
            "the {} client, built on the same hyper, changes{as_well}: {counts}; it is the control and closes no gate",
            first.result.client
        ))
    }

    /// Why the gate is open.
    pub(super) fn open(&self) -> &'static str {
        match self.verdict.count(State::Trade) {
            0 => "nothing is worse than what is accepted",
            _ => "only advice is worse than what is accepted, where something required is repaired",
        }
    }

    /// What panicked in tasks of the client, each once, with how often.
    pub(super) fn panics(&self, result: &DecidedResult) -> Vec<String> {
        let run = self.played(result).and_then(|result| result.run.as_ref());
        let mut panics: Vec<(&str, usize)> = Vec::new();
        for panic in run.iter().flat_map(|run| &run.panics) {
            match panics.iter_mut().find(|(known, _)| known == panic) {
                Some((_, times)) => *times += 1,
                None => panics.push((panic, 1)),
            }
        }
        let words = |(panic, times): (&str, usize)| match times {
            1 => format!("a task of the client panics meanwhile: {panic}"),
            times => format!("tasks of the client panic meanwhile, {times} times: {panic}"),
        };
        panics.into_iter().map(words).collect()
    }

    /// How to see it happen.
    pub(super) fn replay(&self, result: &DecidedResult) -> String {
        let (scenario, client) = (&result.result.scenario, &result.result.client);
        match &self.document.test {
            Some(test) => format!("cargo test --test {test} -- --exact '{client}::{scenario}'"),
            None => format!("closewait run {scenario} --client {client} --transcript"),
        }
    }

    /// How to make what changed the accepted state: nothing, if nothing changed, or accepting would not change the baseline.
    pub(super) fn accept(&self) -> Option<String> {
        self.verdict.changed().next()?;
        match &self.document.test {
            Some(test) => Some(format!("CLOSEWAIT_ACCEPT=1 cargo test --test {test}")),
            None => self.is_accepted.then(|| "closewait run --accept".to_owned()),
        }
    }
}

fn counted(count: impl Fn(State) -> usize) -> String {
    let counts = State::ALL.iter().map(|state| (count(*state), state.name()));
    let told: Vec<String> =
        counts.filter(|(count, _)| *count > 0).map(|(count, name)| format!("{count} {name}")).collect();
    if told.is_empty() { "nothing to compare".to_owned() } else { told.join(", ") }
}
