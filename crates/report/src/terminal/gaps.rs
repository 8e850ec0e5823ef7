//! What was not looked at: oracles that were not exercised, scenarios that clients cannot play.

use closewait_oracle::RunOutcome;
use closewait_oracle::Verdict;

use super::style::{FAINT, HEADING, heading, paint};
use crate::results::Results;
use crate::words;

/// The gaps; `verbose` lists what each scenario leaves unexercised.
pub fn section(results: &Results<'_>, verbose: bool) -> String {
    let mut text = coverage(results);
    if verbose {
        text += &by_scenario(results);
    }
    text + &untried(results) + &unsupported(results, verbose)
}

/// Where a step had no effect, and why; one line where clients agree.
pub fn untried(results: &Results<'_>) -> String {
    let mut rows: Vec<(&str, Vec<&str>, String)> = Vec::new();
    for entry in &results.entries {
        let RunOutcome::Ran { trace, .. } = &entry.result.outcome else { continue };
        let id = entry.scenario.id.as_str();
        for reason in trace.untried.iter().map(|untried| words::untried(entry.scenario, untried)) {
            match rows.iter_mut().find(|(scenario, _, known)| *scenario == id && *known == reason) {
                Some((_, clients, _)) => clients.push(entry.result.client),
                None => rows.push((id, vec![entry.result.client], reason)),
            }
        }
    }
    let rows = rows.into_iter().map(|(scenario, clients, reason)| {
        format!("  {}  {}\n    {reason}\n", paint(HEADING, scenario), paint(FAINT, clients.join(", ")))
    });
    let text: String = rows.collect();
    if text.is_empty() { text } else { heading("Not tried: a step had no effect") + &text }
}

/// How many runs exercised each oracle, for each client.
fn coverage(results: &Results<'_>) -> String {
    let oracles = oracles(results);
    if oracles.is_empty() {
        return String::new();
    }
    let mut text =
        heading("Exercised: in how many scenarios, controls included, each oracle had something to judge");
    text += &format!("  {:<26}", "");
    for client in &results.clients {
        text += &format!("{:<16}", client.name);
    }
    text = text.trim_end().to_owned() + "\n";
    for oracle in oracles {
        let mut row = format!("  {oracle:<26}");
        for client in &results.clients {
            row += &count(results, oracle, client.name);
        }
        text += row.trim_end();
        text += "\n";
    }
    text
}

fn count(results: &Results<'_>, oracle: &str, client: &str) -> String {
    let of_client = results.entries.iter().filter(|entry| entry.result.client == client);
    let ran: Vec<_> =
        of_client.filter(|entry| matches!(entry.result.outcome, RunOutcome::Ran { .. })).collect();
    let exercised = ran.iter().filter(|entry| exercises(&entry.result.outcome, oracle)).count();
    if ran.is_empty() {
        "–".to_owned() + &" ".repeat(15)
    } else if exercised == 0 {
        format!("{:<16}", "not exercised")
    } else {
        format!("{:<16}", format!("{exercised} of {}", ran.len()))
    }
}

fn exercises(outcome: &RunOutcome, oracle: &str) -> bool {
    let RunOutcome::Ran { findings, control, .. } = outcome else { return false };
    let controlled = control.iter().flat_map(|control| &control.findings);
    findings
        .iter()
        .chain(controlled)
        .any(|f| f.oracle == oracle && !matches!(f.verdict, Verdict::NotExercised { .. }))
}

/// For each scenario, what it does not exercise; one line where clients agree.
fn by_scenario(results: &Results<'_>) -> String {
    let mut rows: Vec<(&str, Vec<&str>, Vec<&str>)> = Vec::new();
    for entry in &results.entries {
        let RunOutcome::Ran { findings, .. } = &entry.result.outcome else { continue };
        let idle: Vec<&str> = findings
            .iter()
            .filter(|f| matches!(f.verdict, Verdict::NotExercised { .. }))
            .map(|f| f.oracle)
            .collect();
        if idle.is_empty() {
            continue;
        }
        let id = entry.scenario.id.as_str();
        match rows.iter_mut().find(|(scenario, _, oracles)| *scenario == id && *oracles == idle) {
            Some((_, clients, _)) => clients.push(entry.result.client),
            None => rows.push((id, vec![entry.result.client], idle)),
        }
    }
    let mut text = if rows.is_empty() { String::new() } else { heading("Not exercised") };
    for (scenario, clients, oracles) in rows {
        text += &format!("  {scenario}  {}\n    {}\n", paint(FAINT, clients.join(", ")), oracles.join(", "));
    }
    text
}

/// By client and reason, with how many scenarios; `verbose` names them, and says a reason that several have one after the other once,
/// below them.
fn unsupported(results: &Results<'_>, verbose: bool) -> String {
    if !verbose {
        return unsupported_by_reason(results);
    }
    let mut text = String::new();
    let unsupported = results.entries.iter().filter_map(|entry| match &entry.result.outcome {
        RunOutcome::Unsupported { reason } => Some((entry, reason)),
        RunOutcome::Ran { .. } => None,
    });
    let mut unsupported = unsupported.peekable();
    while let Some((entry, reason)) = unsupported.next() {
        let id = paint(HEADING, &entry.scenario.id);
        text += &format!("  {id}  {}\n", paint(FAINT, entry.result.client));
        if unsupported.peek().is_none_or(|(_, next)| *next != reason) {
            text += &format!("    {reason}\n");
        }
    }
    if text.is_empty() { text } else { heading("Unsupported") + &text }
}

fn unsupported_by_reason(results: &Results<'_>) -> String {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    for entry in &results.entries {
        let RunOutcome::Unsupported { reason } = &entry.result.outcome else { continue };
        let client = entry.result.client;
        match reasons.iter_mut().find(|(other, known, _)| (*other, *known) == (client, reason)) {
            Some((.., count)) => *count += 1,
            None => reasons.push((client, reason, 1)),
        }
    }
    // The sort is stable: clients stay in their order.
    reasons.sort_by_key(|(client, _, count)| {
        (results.clients.iter().position(|known| known.name == *client), std::cmp::Reverse(*count))
    });
    let rows = reasons.iter().map(|(client, reason, count)| format!("  {count:4}  {client:<12}  {reason}\n"));
    let text: String = rows.collect();
    if text.is_empty() { text } else { heading("Unsupported, by reason (-v names the scenarios)") + &text }
}

fn oracles<'a>(results: &'a Results<'_>) -> Vec<&'a str> {
    let mut oracles = Vec::new();
    for entry in &results.entries {
        let RunOutcome::Ran { findings, .. } = &entry.result.outcome else { continue };
        for finding in findings {
            if !oracles.contains(&finding.oracle) {
                oracles.push(finding.oracle);
            }
        }
    }
    oracles
}
