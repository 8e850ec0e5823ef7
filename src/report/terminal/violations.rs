//! What is violated, most severe first, with the events that prove it.

use super::page::heading;
use super::style::{ADVICE, BAD, FAINT, HEADING, paint};
use crate::oracle::{Finding, Level, Severity, Verdict};
use crate::report::results::{Entry, Results};
use crate::report::transcript::Transcript;
use crate::suite::CellResult;
use crate::trace::{End, Trace};

/// At most this many lines of proof for one violation.
const PROOF: usize = 12;

/// In which run something is violated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Only with the fault.
    Run,
    /// Only without it.
    Control,
    /// With and without it.
    Both,
}

/// One violation, and every client that shows it in just the same way.
#[derive(PartialEq)]
struct Item<'a> {
    level: Level,
    severity: Severity,
    oracle: &'a str,
    scenario: &'a str,
    place: Place,
    message: String,
    proof: Vec<String>,
    clients: Vec<&'static str>,
}

/// The violations: required ones in full, advice in a line each unless `verbose`.
pub fn section(results: &Results<'_>, verbose: bool) -> String {
    let mut items = merged(results.entries.iter().flat_map(of_entry));
    items.sort_by_key(|item| (item.level, item.severity));
    let (required, advised): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| item.level == Level::Required);
    let mut text = stopped(results);
    if !required.is_empty() {
        text += &heading("Violations, most severe first");
        text.extend(required.iter().map(in_full));
    }
    if !advised.is_empty() {
        text += &heading(if verbose { "Advice" } else { "Advice (-v shows the events)" });
        text.extend(advised.iter().map(if verbose { in_full } else { in_short }));
    }
    text
}

fn of_entry<'a>(entry: &'a Entry<'_>) -> Vec<Item<'a>> {
    let CellResult::Ran { trace, findings, control } = &entry.cell.result else { return Vec::new() };
    let mut items = of_run(entry, Place::Run, findings, &Transcript::of(entry.scenario, trace));
    if let Some(control) = control {
        let quiet = entry.scenario.control();
        let transcript = Transcript::of(quiet.as_ref().unwrap_or(entry.scenario), &control.trace);
        for item in of_run(entry, Place::Control, &control.findings, &transcript) {
            let same = |other: &&mut Item<'_>| (other.oracle, &other.message) == (item.oracle, &item.message);
            match items.iter_mut().find(same) {
                Some(other) => other.place = Place::Both,
                None => items.push(item),
            }
        }
    }
    items
}

fn of_run<'a>(
    entry: &'a Entry<'_>,
    place: Place,
    findings: &'a [Finding],
    transcript: &Transcript,
) -> Vec<Item<'a>> {
    let mut items = Vec::new();
    for finding in findings {
        let Verdict::Violated { violations } = &finding.verdict else { continue };
        for violation in violations {
            items.push(Item {
                level: finding.level,
                severity: violation.severity,
                oracle: finding.oracle,
                scenario: &entry.scenario.id,
                place,
                message: violation.message.clone(),
                proof: transcript.evidence(&violation.evidence).iter().map(ToString::to_string).collect(),
                clients: vec![entry.cell.client],
            });
        }
    }
    items
}

/// Clients that behave alike share an item.
fn merged<'a>(items: impl Iterator<Item = Item<'a>>) -> Vec<Item<'a>> {
    let mut merged: Vec<Item<'_>> = Vec::new();
    for mut item in items {
        let clients = std::mem::take(&mut item.clients);
        let alike = merged.iter_mut().find(|other| {
            (other.oracle, other.scenario, other.place) == (item.oracle, item.scenario, item.place)
                && other.message == item.message
                && other.proof == item.proof
        });
        match alike {
            Some(other) => other.clients.extend(clients),
            None => merged.push(Item { clients, ..item }),
        }
    }
    merged
}

fn in_full(item: &Item<'_>) -> String {
    let colour = if item.level == Level::Required { BAD } else { ADVICE };
    let mut text = format!(
        "\n  {}  {}  {}{}\n    {}\n",
        paint(colour, kind(item.severity)),
        paint(HEADING, item.scenario),
        paint(FAINT, item.clients.join(", ")),
        paint(FAINT, place(item)),
        item.message,
    );
    for line in item.proof.iter().take(PROOF) {
        text += &format!("    {line}\n");
    }
    if item.proof.len() > PROOF {
        text += &format!("    {}\n", paint(FAINT, format!("… and {} more lines", item.proof.len() - PROOF)));
    }
    text
}

fn in_short(item: &Item<'_>) -> String {
    format!(
        "  {}  {}  {}{}\n    {}\n",
        paint(ADVICE, kind(item.severity)),
        item.scenario,
        paint(FAINT, item.clients.join(", ")),
        paint(FAINT, place(item)),
        item.message
    )
}

fn place(item: &Item<'_>) -> String {
    let where_else = match item.place {
        Place::Run => "",
        Place::Control => ", in the control, without the fault",
        Place::Both => ", also in the control, without the fault",
    };
    format!("  [{}{where_else}]", item.oracle)
}

fn kind(severity: Severity) -> &'static str {
    match severity {
        Severity::WrongResponse => "wrong response",
        Severity::UnsafeDuplicate => "unsafe duplicate",
        Severity::SilentTruncation => "silent truncation",
        Severity::StaleReuse => "stale reuse",
        Severity::HangOrLeak => "hang or leak",
        Severity::AvoidableFailure => "avoidable failure",
        Severity::RetryStorm => "retry storm",
        Severity::NeedlessConnections => "needless connections",
    }
}

/// Runs that a watchdog stopped: their last lines.
fn stopped(results: &Results<'_>) -> String {
    const TAIL: usize = 6;
    let mut text = String::new();
    for entry in &results.entries {
        let CellResult::Ran { trace, control, .. } = &entry.cell.result else { continue };
        let quiet = entry.scenario.control();
        let runs = [Some((entry.scenario, trace)), quiet.as_ref().zip(control.as_ref().map(|c| &c.trace))];
        for (scenario, trace) in runs.into_iter().flatten() {
            if !ended_badly(trace) {
                continue;
            }
            let transcript = Transcript::of(scenario, trace);
            let tail = transcript.lines().len().saturating_sub(TAIL);
            text +=
                &format!("\n  {}  {}\n", paint(BAD, entry.cell.client), paint(HEADING, &entry.scenario.id));
            for line in &transcript.lines()[tail..] {
                text += &format!("    {line}\n");
            }
        }
    }
    if text.is_empty() { text } else { heading("Stopped by a watchdog") + &text }
}

fn ended_badly(trace: &Trace) -> bool {
    trace.end != End::Completed
}
