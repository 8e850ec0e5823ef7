//! From a run to its results file.

use std::path::Path;

use closewait_oracle::RunOutcome;
use closewait_scenario::Scenario;
use closewait_trace::{BodyEnd, Outcome, Trace, Views};

use super::model::{
    Client, Differing, Document, FORMAT, Line, Request, Run, RunResult, ScenarioInfo, VERSION,
};
use crate::facts::{bytes, opened, requests};
use crate::ladder::Ladder;
use crate::results::{Difference, DifferenceKind, Entry, Results};
use crate::transcript::Transcript;

/// What a run was about.
#[derive(Debug, Clone, Copy, Default)]
pub struct About<'a> {
    /// The patterns that selected the scenarios; empty if all were played.
    pub selection: &'a [String],
    /// The folder of the scenario files, as reports shall name it.
    pub folder: Option<&'a Path>,
    /// The test of another crate that it was, if it was one.
    pub test: Option<&'a str>,
}

/// Brings the results of a run into the form that is written.
pub fn of_results(results: &Results<'_>, about: About<'_>) -> Document {
    let client =
        |c: &crate::results::ClientVersion| Client { name: c.name.into(), version: c.version.into() };
    let mut scenarios: Vec<ScenarioInfo> = Vec::new();
    for entry in &results.entries {
        // Scenarios come one after the other, each with all its clients.
        if scenarios.last().is_none_or(|last| last.id != entry.scenario.id) {
            scenarios.push(scenario(entry.scenario, about.folder));
        }
    }
    Document {
        format: FORMAT.to_owned(),
        version: VERSION,
        closewait: env!("CARGO_PKG_VERSION").to_owned(),
        test: about.test.map(str::to_owned),
        selection: about.selection.to_vec(),
        clients: results.clients.iter().map(client).collect(),
        scenarios,
        results: results.entries.iter().map(result).collect(),
        differences: results.differences.as_ref().map(|all| all.iter().map(differing).collect()),
        #[cfg(feature = "command")]
        timelines: Vec::new(),
    }
}

fn scenario(scenario: &Scenario, folder: Option<&Path>) -> ScenarioInfo {
    let line = |step: &closewait_scenario::Step| match &step.action {
        closewait_scenario::Action::Client(closewait_scenario::ClientAction::Send(send)) => {
            Some((send.id.clone(), step.line))
        }
        _ => None,
    };
    ScenarioInfo {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        about: scenario.about.trim().to_owned(),
        sources: scenario.sources.clone(),
        signatures: scenario.signatures.clone(),
        file: folder.map(|folder| format!("{}/{}.toml", folder.display(), scenario.id)),
        lines: scenario.script.iter().filter_map(line).collect(),
    }
}

fn result(Entry { scenario, result }: &Entry<'_>) -> RunResult {
    form(scenario, result, true)
}

/// One result in the form that is written, without its diagram.
pub fn of_result(scenario: &Scenario, result: &closewait_oracle::RunResult) -> RunResult {
    form(scenario, result, false)
}

fn form(scenario: &Scenario, result: &closewait_oracle::RunResult, is_drawn: bool) -> RunResult {
    let (unsupported, run, control) = match &result.outcome {
        RunOutcome::Unsupported { reason } => (Some(reason.clone()), None, None),
        RunOutcome::Ran { trace, findings, control } => {
            let quiet = scenario.control();
            let quiet = quiet.as_ref().unwrap_or(scenario);
            let control = control.as_ref().map(|control| {
                let views = Views::of(&control.trace, &quiet.client);
                let run = self::run(quiet, &control.trace, &views, &control.findings);
                Run { causes: Vec::new(), ..run }
            });
            let views = Views::of(trace, &scenario.client);
            let mut run = run(scenario, trace, &views, findings);
            run.ladder = is_drawn.then(|| Ladder::of(scenario, trace, &views, &evidence(findings)));
            (None, Some(run), control)
        }
    };
    RunResult {
        scenario: scenario.id.clone(),
        client: result.client.to_owned(),
        mark: result.mark().name().to_owned(),
        unsupported,
        run,
        control,
    }
}

fn run(scenario: &Scenario, trace: &Trace, views: &Views, findings: &[closewait_oracle::Finding]) -> Run {
    let transcript = Transcript::of(scenario, trace);
    let line = |line: &crate::transcript::Line| Line {
        at_ms: line.at,
        text: line.text.clone(),
        events: line.events.clone(),
    };
    let requests = requests(views).into_iter().map(|facts| Request {
        retries: facts.attempts.len().saturating_sub(1),
        message: views.requests.get(&facts.id).and_then(|request| message(request.outcome()?)),
        facts,
    });
    Run {
        end: trace.end.clone(),
        findings: findings.iter().map(closewait_oracle::Finding::owned).collect(),
        connections: opened(views),
        bytes: Some(bytes(trace)),
        requests: requests.collect(),
        transcript: transcript.lines().iter().map(line).collect(),
        causes: transcript.causes().to_vec(),
        sockets: trace.sockets.clone(),
        panics: trace.panics.clone(),
        ladder: None,
    }
}

fn message(outcome: &Outcome) -> Option<String> {
    match outcome {
        Outcome::Error { message, .. } | Outcome::Response { end: BodyEnd::Failed { message, .. }, .. } => {
            Some(message.clone())
        }
        _ => None,
    }
}

/// The events that prove what is violated.
fn evidence(findings: &[closewait_oracle::Finding]) -> Vec<usize> {
    let violations = findings.iter().filter_map(|finding| match &finding.verdict {
        closewait_oracle::Verdict::Violated { violations } => Some(violations),
        _ => None,
    });
    violations.flatten().flat_map(|violation| violation.evidence.iter().copied()).collect()
}

fn differing(difference: &Difference) -> Differing {
    let kind = match difference.kind {
        DifferenceKind::New { .. } => "new",
        DifferenceKind::Changed { .. } => "changed",
        DifferenceKind::Gone => "gone",
    };
    Differing {
        scenario: difference.scenario.clone(),
        client: difference.client.clone(),
        kind: kind.to_owned(),
    }
}
