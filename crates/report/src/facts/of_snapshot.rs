//! Facts of an accepted snapshot: the way back from the text that `report::snapshot` writes. A trial holds the two
//! against each other for every scenario and client.

use std::collections::BTreeSet;

use closewait_oracle::gate::{
    Attempt, CellFacts, CellOutcome, FindingFacts, RequestFacts, RunFacts, VerdictFacts, ViolationFacts,
};
use closewait_trace::Millis;

use super::lines::Told;

const UNSUPPORTED: &str = "unsupported: ";
const FINDINGS: &str = "findings";
const CONTROL: &str = "control: the same script without its faults";
const QUIET: &str = "all oracles that are exercised hold";

/// Reads the body of a snapshot.
///
/// # Errors
/// What is missing, as a fragment of a sentence.
pub fn of_snapshot(client: &str, scenario: &str, body: &str) -> Result<CellFacts, &'static str> {
    let outcome = outcome(body)?;
    Ok(CellFacts { scenario: scenario.to_owned(), client: client.to_owned(), outcome })
}

fn outcome(body: &str) -> Result<CellOutcome, &'static str> {
    let lines: Vec<&str> = body.lines().collect();
    if let Some(reason) = lines.get(2).and_then(|line| line.strip_prefix(UNSUPPORTED)) {
        let rest = lines[3..].iter().fold(reason.to_owned(), |text, line| text + "\n" + line);
        return Ok(CellOutcome::Unsupported { reason: rest });
    }
    let findings = lines.iter().position(|line| *line == FINDINGS).ok_or("it has no line `findings`")?;
    let control = lines.iter().rposition(|line| *line == CONTROL);
    let end = control.unwrap_or(lines.len());
    let transcript = stamped(lines.get(2..findings).unwrap_or_default())?;
    let findings = read_findings(lines.get(findings + 1..end).unwrap_or_default())?;
    let control = match control {
        Some(start) => Some(Box::new(read_control(&lines[start + 1..])?)),
        None => None,
    };
    Ok(CellOutcome::Ran { run: Box::new(read_run(&transcript, findings)), control })
}

/// A line of a transcript: when, and what.
struct Stamped {
    at: Millis,
    text: String,
}

/// What carries no time belongs to the line before it: a client's words may have several lines.
fn stamped(lines: &[&str]) -> Result<Vec<Stamped>, &'static str> {
    let mut stamped: Vec<Stamped> = Vec::new();
    for line in lines {
        match (stamp(line), stamped.last_mut()) {
            (Some(line), _) => stamped.push(line),
            (None, Some(last)) if !line.is_empty() => last.text = format!("{}\n{line}", last.text),
            (None, None) if !line.is_empty() => return Err("its transcript does not begin with a time"),
            _ => {}
        }
    }
    Ok(stamped)
}

fn stamp(line: &str) -> Option<Stamped> {
    let (time, text) = line.split_once(" ms  ")?;
    let digits: String = time.chars().filter(|char| *char != ' ').collect();
    Some(Stamped { at: digits.parse().ok()?, text: text.to_owned() })
}

fn read_run(lines: &[Stamped], findings: Vec<FindingFacts>) -> RunFacts {
    let mut requests: Vec<Reading> = Vec::new();
    let mut opened = BTreeSet::new();
    for Stamped { at, text } in lines {
        let Some((subject, words)) = text.split_once(": ") else { continue };
        if let Some(connection) = subject.strip_prefix("connection ") {
            if words == "opening" {
                opened.insert(connection.to_owned());
            }
        } else if let Some(reading) = requests.iter_mut().find(|reading| reading.facts.id == subject) {
            reading.learn(*at, words);
        } else if !ACTORS.contains(&subject) {
            requests.push(Reading::new(subject, words.split(' ').next(), *at));
        }
    }
    let Told { stopped, sockets, lines, causes } = Told::of(lines.iter().map(|line| line.text.as_str()));
    RunFacts {
        stopped,
        requests: requests.into_iter().map(|reading| reading.facts).collect(),
        opened: u32::try_from(opened.len()).unwrap_or(u32::MAX),
        bytes: None,
        sockets,
        findings,
        lines,
        causes,
    }
}

/// Subjects of lines that are no requests.
const ACTORS: [&str; 4] = ["origin", "network", "application", "client"];

/// A request whose lines are being read. The first line is `GET /a`.
struct Reading {
    facts: RequestFacts,
    started: Millis,
}

impl Reading {
    fn new(id: &str, method: Option<&str>, started: Millis) -> Self {
        let facts = RequestFacts {
            id: id.to_owned(),
            method: method.map(str::to_owned),
            outcome: None,
            error: None,
            attempts: Vec::new(),
            executed: 0,
            took_ms: None,
        };
        Self { facts, started }
    }

    fn learn(&mut self, at: Millis, words: &str) {
        if let Some(attempt) = written(words) {
            self.facts.attempts.push(attempt);
        } else if words.starts_with("executed by the origin") {
            self.facts.executed += 1;
        } else if let Some((outcome, error)) = finished(words) {
            self.facts.outcome = Some(outcome);
            self.facts.error = error;
            self.facts.took_ms = Some(at - self.started);
        }
    }
}

/// `written again on connection 2, stream 5 (fresh)`
fn written(words: &str) -> Option<Attempt> {
    let rest = words.strip_prefix("written ")?;
    let rest = rest.strip_prefix("again ").unwrap_or(rest).strip_prefix("on connection ")?;
    let (place, kind) = rest.split_once(" (")?;
    let (connection, stream) = match place.split_once(", stream ") {
        Some((connection, stream)) => (connection, Some(stream.parse().ok()?)),
        None => (place, None),
    };
    Some(Attempt { connection: connection.parse().ok()?, stream, fresh: kind.starts_with("fresh") })
}

/// An outcome, and the kind of error.
fn finished(words: &str) -> Option<(String, Option<String>)> {
    let kind = |text: &str| Some(text.split_once(':').map_or(text, |(kind, _)| kind).to_owned());
    if let Some(rest) = words.strip_prefix("error, ") {
        return Some(("error".to_owned(), kind(rest)));
    }
    if words.starts_with("no outcome; the application's deadline") {
        return Some(("deadline".to_owned(), None));
    }
    if words == "cancelled by the application" {
        return Some(("cancelled".to_owned(), None));
    }
    let (status, rest) = words.split_at_checked(3)?;
    let answered = rest.starts_with(" from connection ") || rest.starts_with(" for a request that was never");
    if !answered || !status.chars().all(|char| char.is_ascii_digit()) {
        return None;
    }
    let error = rest.split_once(", then an error in the body, ").and_then(|(_, rest)| kind(rest));
    Some((status.to_owned(), error))
}

/// `  no-stale-reuse           VIOLATED · b was written …`
fn read_findings(lines: &[&str]) -> Result<Vec<FindingFacts>, &'static str> {
    let mut findings: Vec<FindingFacts> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        match finding(line) {
            Some((oracle, verdict)) => add(&mut findings, oracle, verdict),
            None => match findings.last_mut().map(|finding| &mut finding.verdict) {
                Some(VerdictFacts::Violated(violations)) => {
                    if let Some(last) = violations.last_mut() {
                        last.message = format!("{}\n{line}", last.message);
                    }
                }
                Some(VerdictFacts::NotExercised { reason }) => *reason = format!("{reason}\n{line}"),
                Some(VerdictFacts::Holds) => {}
                None => return Err("a line of its findings names no oracle"),
            },
        }
    }
    Ok(findings)
}

fn finding(line: &str) -> Option<(&str, VerdictFacts)> {
    let (oracle, rest) = line.strip_prefix("  ")?.split_once(' ')?;
    let (word, words) = rest.trim_start().split_once(" · ")?;
    let verdict = match word {
        "holds" => VerdictFacts::Holds,
        "not exercised" => VerdictFacts::NotExercised { reason: words.to_owned() },
        "VIOLATED" => {
            VerdictFacts::Violated(vec![ViolationFacts { message: words.to_owned(), severity: None }])
        }
        _ => return None,
    };
    Some((oracle, verdict))
}

fn add(findings: &mut Vec<FindingFacts>, oracle: &str, verdict: VerdictFacts) {
    let last = findings.last_mut().filter(|last| last.oracle == oracle).map(|last| &mut last.verdict);
    match (last, verdict) {
        (Some(VerdictFacts::Violated(all)), VerdictFacts::Violated(more)) => all.extend(more),
        (_, verdict) => findings.push(FindingFacts { oracle: oracle.to_owned(), verdict }),
    }
}

/// Outcomes, how it ended, and what is violated, each line indented by two.
fn read_control(lines: &[&str]) -> Result<RunFacts, &'static str> {
    let mut texts: Vec<String> = Vec::new();
    let mut findings = Vec::new();
    for line in lines {
        let text = line.strip_prefix("  ");
        match (finding(line), text, texts.last_mut()) {
            (Some((oracle, verdict)), ..) => add(&mut findings, oracle, verdict),
            (None, Some(text), _) if text != QUIET => texts.push(text.to_owned()),
            (None, None, Some(last)) => *last = format!("{last}\n{line}"),
            (None, None, None) => return Err("a line of its control is not indented"),
            _ => {}
        }
    }
    let mut requests = Vec::new();
    for text in &texts {
        let Some((id, words)) = text.split_once(": ") else { continue };
        if finished(words).is_some() {
            let mut reading = Reading::new(id, None, 0);
            reading.learn(0, words);
            requests.push(reading.facts);
        }
    }
    let Told { stopped, sockets, .. } = Told::of(texts.iter().map(String::as_str));
    Ok(RunFacts { stopped, requests, sockets, findings, ..RunFacts::default() }.of_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        let attempt = |connection, stream, fresh| Some(Attempt { connection, stream, fresh });
        assert_eq!(written("written on connection 1 (fresh)"), attempt(1, None, true));
        assert_eq!(written("written again on connection 12 (reused)"), attempt(12, None, false));
        assert_eq!(written("written on connection 1, stream 3 (reused)"), attempt(1, Some(3), false));
        assert_eq!(written("executed by the origin"), None);
        let check = |words, outcome: Option<(&str, Option<&str>)>| {
            let outcome = outcome.map(|(outcome, error)| (outcome.to_owned(), error.map(str::to_owned)));
            assert_eq!(finished(words), outcome, "{words}");
        };
        check("200 from connection 1", Some(("200", None)));
        check("200 from connection 1, then an error in the body, other: x: y", Some(("200", Some("other"))));
        check("error, connection closed: x", Some(("error", Some("connection closed"))));
        check("no outcome; the application's deadline passed", Some(("deadline", None)));
        check("cancelled by the application", Some(("cancelled", None)));
        check("answered 200", None);
        check("answer delivered to the client", None);
    }

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let check = |body, problem| assert_eq!(outcome(body), Err(problem), "{body}");
        check("title", "it has no line `findings`");
        check("title\n\nno time\n\nfindings\n", "its transcript does not begin with a time");
        check("title\n\n   0 ms  a: GET /a\n\nfindings\nx", "a line of its findings names no oracle");
    }
}
