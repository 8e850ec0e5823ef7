//! What random schedules have found, and what they have reached.

use std::fmt::Write;
use std::path::PathBuf;

use anstyle::Style;
use closewait_explore::circumstance_in_words;
use closewait_explore::random::{
    ClientState, Coverage, Exploration, Explored, Sighting, Situation, Unmasked,
};
use closewait_explore::shrink::Found;
use closewait_oracle::{Level, ORACLES, Oracle};
use closewait_reference::Defect;
use closewait_scenario::Protocol;
use serde_json::{Value, json};

const NAME: Style = Style::new().bold();
const QUIET: Style = Style::new().dimmed();

/// One client, explored.
pub struct Report {
    /// What was explored.
    pub exploration: Exploration,
    /// What came out.
    pub explored: Explored,
    /// The findings.
    pub rows: Vec<Row>,
    /// How many kinds of violations were not shrunk, because their oracle had enough findings.
    pub not_shrunk: usize,
}

/// One finding.
pub struct Row {
    /// What was found, and how often.
    pub sighting: Sighting,
    /// The id of the scenario that shows it already.
    pub known: Option<String>,
    /// The file that it was saved to.
    pub saved: Option<PathBuf>,
    /// Why it was not saved, although it was to be.
    pub unsaved: Option<String>,
}

/// For people, with ANSI styles. `verbose` lists every combination that was never reached.
pub fn text(reports: &[Report], verbose: bool) -> String {
    let mut page = String::new();
    for report in reports {
        let Exploration { client, protocol, seed, .. } = &report.exploration;
        let name = client.name();
        let runs = report.explored.runs;
        let many = count(report.rows.len(), "finding");
        let _ = writeln!(
            page,
            "{NAME}{name}{NAME:#}, {}, seed {seed}: {runs} schedules, {many}",
            protocol.word()
        );
        if report.explored.unsupported > 0 {
            let _ = writeln!(page, "  {QUIET}{} more cannot be played{QUIET:#}", report.explored.unsupported);
        }
        report.rows.iter().for_each(|row| finding(row, &mut page));
        if report.not_shrunk > 0 {
            let more = count(report.not_shrunk, "suspect");
            let _ = writeln!(page, "\n  {more} not shrunk: the oracle has findings enough to begin with");
        }
        coverage(report, verbose, &mut page);
    }
    page
}

fn finding(row: &Row, page: &mut String) {
    let found = &row.sighting.found;
    let sign = if found.level == Level::Required { '✗' } else { '~' };
    let faults = through(found);
    let _ = writeln!(page, "\n  {sign} {NAME}{}{NAME:#}  {faults}", found.oracle);
    let _ = writeln!(page, "      {}", found.message);
    let _ = writeln!(
        page,
        "      {}, first after {}; shrunk to {} and {}",
        count(usize::try_from(row.sighting.times).unwrap_or(usize::MAX), "schedule"),
        row.sighting.after,
        count(found.weight.requests, "request"),
        count(found.weight.faults, "fault"),
    );
    let point = match (&row.saved, &row.known, &row.unsaved) {
        (Some(path), _, _) => format!("saved as {}", path.display()),
        (None, Some(id), _) => format!("the same rule and faults as {id}"),
        (None, None, Some(problem)) => format!("new, and not saved: {problem}"),
        (None, None, None) => "new: --save makes it a scenario".to_owned(),
    };
    let _ = writeln!(page, "      {QUIET}{point}{QUIET:#}");
}

/// The kinds of faults; without one, what else may be the reason.
fn through(found: &Found) -> String {
    if !found.faults.is_empty() {
        return found.faults.join(", ");
    }
    let words = found.circumstances.iter().map(|circumstance| circumstance_in_words(circumstance));
    let words: Vec<&str> = words.collect();
    if words.is_empty() {
        "no fault".to_owned()
    } else {
        format!("no fault, through {}", words.join(" and "))
    }
}

fn coverage(report: &Report, verbose: bool, page: &mut String) {
    let protocols = [report.exploration.protocol];
    let coverage = &report.explored.coverage;
    let (reached, all) = coverage.reached(&protocols);
    let _ = writeln!(
        page,
        "\n  {NAME}coverage{NAME:#}: {reached} of {all} combinations of oracle, protocol, fault and client state"
    );
    let _ = writeln!(
        page,
        "  {QUIET}how many of {} oracles had something to judge when the fault struck{QUIET:#}",
        Coverage::oracles(report.exploration.protocol).count()
    );
    let universe = Coverage::universe(&protocols);
    let _ = write!(page, "  {:<24}", "");
    for state in ClientState::ALL {
        let _ = write!(page, "{state:>14}");
    }
    page.push('\n');
    let mut faults: Vec<&str> = universe.iter().map(|situation| situation.fault.as_str()).collect();
    faults.dedup();
    for fault in faults {
        let _ = write!(page, "  {fault:<24}");
        for state in ClientState::ALL {
            let situation = universe.iter().find(|s| s.fault == fault && s.state == state);
            let result = situation.map(|situation| oracles(coverage, situation));
            let _ = write!(page, "{:>14}", result.map_or(String::new(), |many| many.to_string()));
        }
        page.push('\n');
    }
    if verbose {
        never(report.exploration.protocol, coverage, &universe, page);
    }
    page.push('\n');
}

fn never(protocol: Protocol, coverage: &Coverage, universe: &[Situation], page: &mut String) {
    let oracles: Vec<&Oracle> = Coverage::oracles(protocol).collect();
    let _ = writeln!(page, "\n  {NAME}never reached{NAME:#}");
    for situation in universe {
        let missing: Vec<&str> = oracles
            .iter()
            .map(|oracle| oracle.name)
            .filter(|oracle| coverage.times(oracle, situation) == 0)
            .collect();
        if !missing.is_empty() {
            let Situation { fault, state, .. } = situation;
            let what = if missing.len() == oracles.len() { "all".to_owned() } else { missing.join(", ") };
            let _ = writeln!(page, "  {fault:<24} {state:<14} {what}");
        }
    }
}

fn oracles(coverage: &Coverage, situation: &Situation) -> usize {
    ORACLES.iter().filter(|oracle| coverage.times(oracle.name, situation) > 0).count()
}

/// For machines: a JSON document with a version, indented; ends with a line break.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn json(reports: &[Report]) -> serde_json::Result<String> {
    let clients: Vec<Value> = reports.iter().map(client).collect();
    Ok(serde_json::to_string_pretty(&json!({ "version": 1, "clients": clients }))? + "\n")
}

fn client(report: &Report) -> Value {
    let Exploration { client, protocol, seed, .. } = &report.exploration;
    let combination = |situation: &Situation| {
        let oracle = |oracle: &Oracle| {
            (oracle.name.to_owned(), Value::from(report.explored.coverage.times(oracle.name, situation)))
        };
        json!({
            "protocol": situation.protocol,
            "fault": situation.fault,
            "state": situation.state.to_string(),
            "oracles": Coverage::oracles(*protocol).map(oracle).collect::<serde_json::Map<_, _>>(),
        })
    };
    let universe = Coverage::universe(&[*protocol]);
    json!({
        "client": client.name(),
        "client_version": client.version(),
        "protocol": protocol.word(),
        "seed": seed,
        "schedules": report.explored.runs,
        "unsupported": report.explored.unsupported,
        "not_shrunk": report.not_shrunk,
        "findings": report.rows.iter().map(row).collect::<Vec<_>>(),
        "coverage": universe.iter().map(combination).collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    let found = &row.sighting.found;
    json!({
        "oracle": found.oracle,
        "level": found.level,
        "severity": found.severity,
        "faults": found.faults,
        "circumstances": found.circumstances,
        "message": found.message,
        "schedules": row.sighting.times,
        "first_after": row.sighting.after,
        "requests": found.weight.requests,
        "known": row.known,
        "saved": row.saved,
        "unsaved": row.unsaved,
        "scenario": closewait_scenario::write(&found.scenario).ok(),
    })
}

/// A line for each planted bug.
pub fn planted(results: &[(Defect, Option<Unmasked>)]) -> String {
    let mut page = format!(
        "{:<24} {:>10} {:>9} {:>7} {:>9} {:>7}  {}\n",
        "planted bug", "schedules", "protocol", "run", "requests", "faults", "oracle"
    );
    for (defect, unmasked) in results {
        let name = defect.to_string();
        let _ = match unmasked {
            None => writeln!(page, "{name:<24} {:>10}", "not found"),
            Some(Unmasked { runs, protocol, draw, found }) => writeln!(
                page,
                "{name:<24} {runs:>10} {:>9} {:>7} {:>9} {:>7}  {}",
                protocol.word(),
                draw.run,
                found.weight.requests,
                found.weight.faults,
                found.oracle
            ),
        };
    }
    let found = results.iter().filter(|(_, unmasked)| unmasked.is_some()).count();
    page + &format!("{found} of {} found\n", results.len())
}

/// As [`planted`], for machines.
///
/// # Errors
/// Never in practice: every key is a string.
pub fn planted_json(results: &[(Defect, Option<Unmasked>)]) -> serde_json::Result<String> {
    let bug = |(defect, unmasked): &(Defect, Option<Unmasked>)| match unmasked {
        None => json!({ "bug": defect.to_string(), "found": false }),
        Some(Unmasked { runs, protocol, draw, found }) => json!({
            "protocol": protocol.word(),
            "bug": defect.to_string(),
            "found": true,
            "schedules": runs,
            "seed": draw.seed,
            "run": draw.run,
            "oracle": found.oracle,
            "requests": found.weight.requests,
            "faults": found.weight.faults,
            "scenario": closewait_scenario::write(&found.scenario).ok(),
        }),
    };
    let bugs: Vec<Value> = results.iter().map(bug).collect();
    Ok(serde_json::to_string_pretty(&json!({ "version": 1, "planted": bugs }))? + "\n")
}

fn count(many: usize, noun: &str) -> String {
    if many == 1 { format!("1 {noun}") } else { format!("{many} {noun}s") }
}
