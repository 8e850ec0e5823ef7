//! What is violated, most severe first, with the events that prove it.

use std::collections::{BTreeMap, BTreeSet};

use closewait_oracle::{Finding, Level, Mark, RunOutcome, Severity, Verdict, Violation};
use closewait_trace::{End, Trace};

use super::style::{ADVICE, BAD, FAINT, HEADING, heading, paint};
use crate::results::{Entry, Results};
use crate::transcript::{Line, Transcript};

/// At most this many lines of proof for one violation.
const PROOF: usize = 12;

/// The oracle of what a scenario expects.
const EXPECTATIONS: &str = "as-expected";

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

/// What is violated in one scenario, and every client that shows it in just the same way.
struct Item<'a> {
    level: Level,
    severity: Severity,
    scenario: &'a str,
    place: Place,
    /// Oracle and message.
    messages: Vec<(&'a str, String)>,
    proof: Vec<Line>,
    clients: Vec<&'static str>,
}

/// Where one kind of violation is seen.
#[derive(Default)]
struct Kind<'a> {
    scenarios: BTreeSet<&'a str>,
    clients: BTreeSet<&'static str>,
}

/// The violations: required ones in full, advice without its proof unless `verbose`.
pub fn section(results: &Results<'_>, verbose: bool) -> String {
    let mut items = shared(results.entries.iter().flat_map(of_entry));
    items.sort_by_key(|item| (item.level, item.severity));
    let (required, advised): (Vec<_>, Vec<_>) =
        items.into_iter().partition(|item| item.level == Level::Required);
    let mut text = stopped(results);
    if !required.is_empty() {
        text += &heading("Violations, most severe first");
        text.extend(required.iter().map(|item| show(item, true)));
    }
    if !advised.is_empty() {
        text += &heading(if verbose { "Advice" } else { "Advice (-v shows the events)" });
        text.extend(advised.iter().map(|item| show(item, verbose)));
    }
    text
}

/// One line for each kind of violation: which rule, in how many scenarios, on which clients.
pub fn brief(results: &Results<'_>) -> String {
    let mut kinds: BTreeMap<(Level, Severity, &str), Kind> = BTreeMap::new();
    for item in results.entries.iter().flat_map(of_entry) {
        // What follows from the first is in its shadow.
        let Some((oracle, _)) = item.messages.first() else { continue };
        let kind = kinds.entry((item.level, item.severity, *oracle)).or_default();
        kind.scenarios.insert(item.scenario);
        kind.clients.extend(item.clients);
    }
    if kinds.is_empty() {
        return String::new();
    }
    let mut text = stopped(results)
        + &heading("Violations by kind (-v shows each, and what is not exercised or unsupported)");
    for ((level, severity, oracle), Kind { scenarios, clients }) in kinds {
        let colour = if level == Level::Required { BAD } else { ADVICE };
        let sign = if level == Level::Required { Mark::Violated.sign() } else { Mark::Advised.sign() };
        let clients: Vec<&str> = clients.into_iter().collect();
        let row = format!("{sign} {:3} {:<20} {oracle:<23}", scenarios.len(), kind(severity));
        text += &format!("  {} {}\n", paint(colour, row), paint(FAINT, clients.join(", ")));
    }
    text
}

/// At most one item for each level and place.
fn of_entry<'a>(entry: &'a Entry<'_>) -> Vec<Item<'a>> {
    let RunOutcome::Ran { trace, findings, control } = &entry.result.outcome else { return Vec::new() };
    let mut items = of_run(entry, Place::Run, findings, &Transcript::of(entry.scenario, trace));
    if let Some(control) = control {
        let quiet = entry.scenario.control();
        let transcript = Transcript::of(quiet.as_ref().unwrap_or(entry.scenario), &control.trace);
        for item in of_run(entry, Place::Control, &control.findings, &transcript) {
            match items.iter_mut().find(|other| other.messages == item.messages) {
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
    // The harm that a rule of its own says, advice too: what is expected only guesses it.
    let rules = findings.iter().filter(|finding| finding.oracle != EXPECTATIONS);
    let said = rules.flat_map(violations).map(|violation| violation.severity).min();
    let of_level = |level| {
        let mut violations: Vec<_> = findings
            .iter()
            .filter(|finding| finding.level == level)
            .flat_map(|finding| violations(finding).map(move |violation| (finding.oracle, violation)))
            .collect();
        // What the scenario's author expected says less of the harm than any rule that it breaks.
        violations.sort_by_key(|(oracle, violation)| (*oracle == EXPECTATIONS, violation.severity));
        let (first, violation) = violations.first()?;
        let severity =
            if *first == EXPECTATIONS { said.unwrap_or(violation.severity) } else { violation.severity };
        let evidence: Vec<usize> =
            violations.iter().flat_map(|(_, violation)| violation.evidence.clone()).collect();
        Some(Item {
            level,
            severity,
            scenario: &entry.scenario.id,
            place,
            messages: violations.iter().map(|(oracle, v)| (*oracle, v.message.clone())).collect(),
            proof: transcript.evidence(&evidence).into_iter().cloned().collect(),
            clients: vec![entry.result.client],
        })
    };
    [Level::Required, Level::Advised].into_iter().filter_map(of_level).collect()
}

fn violations(finding: &Finding) -> impl Iterator<Item = &Violation> {
    match &finding.verdict {
        Verdict::Violated { violations } => violations.as_slice(),
        Verdict::Holds { .. } | Verdict::NotExercised { .. } => &[],
    }
    .iter()
}

/// Clients that behave alike share an item.
fn shared<'a>(items: impl Iterator<Item = Item<'a>>) -> Vec<Item<'a>> {
    let mut shared: Vec<Item<'_>> = Vec::new();
    for mut item in items {
        let clients = std::mem::take(&mut item.clients);
        match shared.iter_mut().find(|other| alike(other, &item)) {
            Some(other) => other.clients.extend(clients),
            None => shared.push(Item { clients, ..item }),
        }
    }
    shared
}

fn alike(one: &Item<'_>, other: &Item<'_>) -> bool {
    let proof = |item: &Item<'_>| item.proof.iter().map(ToString::to_string).collect::<Vec<_>>();
    (one.level, one.scenario, one.place) == (other.level, other.scenario, other.place)
        && one.messages == other.messages
        && proof(one) == proof(other)
}

fn show(item: &Item<'_>, with_proof: bool) -> String {
    let colour = if item.level == Level::Required { BAD } else { ADVICE };
    let title = format!("{} · {}", kind(item.severity), item.scenario);
    let whose = format!("{}{}", item.clients.join(", "), place(item.place));
    let mut text = format!("\n  {}  {}\n", paint(colour, title), paint(FAINT, whose));
    for (oracle, message) in &item.messages {
        text += &wrapped(&format!("{oracle}: {message}"));
    }
    if !with_proof {
        return text;
    }
    for line in item.proof.iter().take(PROOF) {
        text += &format!("    {line}\n");
    }
    if item.proof.len() > PROOF {
        text += &format!("    {}\n", paint(FAINT, format!("… and {} more lines", item.proof.len() - PROOF)));
    }
    text
}

/// Indented by four, continuation lines by six, not wider than a hundred columns.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 100;
    let mut lines = "   ".to_owned();
    let mut column = lines.len();
    for word in text.split(' ') {
        let width = word.chars().count() + 1;
        if column + width > WIDTH {
            lines += "\n     ";
            column = 5;
        }
        lines += " ";
        lines += word;
        column += width;
    }
    lines + "\n"
}

fn place(place: Place) -> &'static str {
    match place {
        Place::Run => "",
        Place::Control => "; in the control, without the fault",
        Place::Both => "; also in the control, without the fault",
    }
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
        let RunOutcome::Ran { trace, control, .. } = &entry.result.outcome else { continue };
        let quiet = entry.scenario.control();
        let runs = [Some((entry.scenario, trace)), quiet.as_ref().zip(control.as_ref().map(|c| &c.trace))];
        for (scenario, trace) in runs.into_iter().flatten() {
            if !ended_badly(trace) {
                continue;
            }
            let transcript = Transcript::of(scenario, trace);
            let tail = transcript.lines().len().saturating_sub(TAIL);
            text +=
                &format!("\n  {}  {}\n", paint(BAD, entry.result.client), paint(HEADING, &entry.scenario.id));
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
