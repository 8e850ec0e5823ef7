//! From what came of one scenario and one client to its entry in the results file.

use closewait_oracle::{Finding, RunOutcome, RunResult as Judged, Verdict};
use closewait_scenario::Scenario;
use closewait_trace::{BodyEnd, Outcome, Trace, Views};

use super::model::{Line, Request, Run, RunResult, UntriedStep};
use crate::facts::{bytes, opened, requests};
use crate::ladder::Ladder;
use crate::transcript::Transcript;

/// One result in the form that is written, without its diagram.
pub fn of_result(scenario: &Scenario, result: &Judged) -> RunResult {
    form(scenario, result, false)
}

pub(super) fn form(scenario: &Scenario, result: &Judged, is_drawn: bool) -> RunResult {
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

fn run(scenario: &Scenario, trace: &Trace, views: &Views, findings: &[Finding]) -> Run {
    let transcript = Transcript::of_connections(scenario, trace, &views.connections);
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
    let untried = trace.untried.iter().map(|untried| UntriedStep {
        step: untried.step + 1,
        reason: crate::words::untried(scenario, untried),
    });
    Run {
        end: trace.end.clone(),
        findings: findings.iter().map(Finding::owned).collect(),
        untried: untried.collect(),
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
fn evidence(findings: &[Finding]) -> Vec<usize> {
    let violations = findings.iter().filter_map(|finding| match &finding.verdict {
        Verdict::Violated { violations } => Some(violations),
        _ => None,
    });
    violations.flatten().flat_map(|violation| violation.evidence.iter().copied()).collect()
}
