//! Facts of an accepted snapshot: its record, and what stands in columns in its text: lines and findings.

use closewait_oracle::gate::{OutcomeFacts, RunFacts};

use super::behaviour::behaviour;
use super::record::{Record, RunRecord};
use crate::snapshot::{CONTROL, FINDINGS, read_findings};

impl Record {
    /// The facts of the snapshot with this text.
    ///
    /// # Errors
    /// What is missing in the text, as a fragment of a sentence.
    pub fn facts(&self, body: &str) -> Result<OutcomeFacts, &'static str> {
        let Some(run) = &self.run else {
            return Ok(OutcomeFacts::Unsupported { reason: self.unsupported.clone().unwrap_or_default() });
        };
        let lines: Vec<&str> = body.lines().collect();
        let findings = lines.iter().position(|line| *line == FINDINGS).ok_or("it has no line `findings`")?;
        let control = lines.iter().rposition(|line| *line == CONTROL);
        let told = stamped(lines.get(2..findings.saturating_sub(1)).unwrap_or_default())?;
        let table = lines.get(findings + 1..control.unwrap_or(lines.len())).unwrap_or_default();
        let facts = RunFacts { findings: read_findings(table)?, lines: lines_of(run, &told), ..run.facts() };
        let control = match &self.control {
            Some(record) => {
                let table = lines.get(control.map_or(lines.len(), |start| start + 1)..).unwrap_or_default();
                let facts = RunFacts { findings: read_findings(rows(table))?, ..record.facts() };
                Some(Box::new(facts.of_control()))
            }
            None => None,
        };
        Ok(OutcomeFacts::Ran { run: Box::new(facts), control })
    }
}

/// What follows the outcomes of a control.
fn rows<'a>(lines: &'a [&'a str]) -> &'a [&'a str] {
    let is_row = |line: &&str| read_findings(std::slice::from_ref(line)).is_ok_and(|found| !found.is_empty());
    lines.iter().position(is_row).map_or(&[], |first| &lines[first..])
}

fn lines_of(run: &RunRecord, told: &[String]) -> Vec<String> {
    let events = &told[..told.len().saturating_sub(run.endings())];
    behaviour(events.iter().map(String::as_str), &run.wordings())
}

/// The texts of the lines. What carries no time belongs to the line before it: a client's words may have several lines.
fn stamped(lines: &[&str]) -> Result<Vec<String>, &'static str> {
    let mut stamped: Vec<String> = Vec::new();
    for line in lines {
        match (stamp(line), stamped.last_mut()) {
            (Some(text), _) => stamped.push(text.to_owned()),
            (None, Some(last)) => *last = format!("{last}\n{line}"),
            (None, None) => return Err("its transcript does not begin with a time"),
        }
    }
    Ok(stamped)
}

/// What follows the time column.
fn stamp(line: &str) -> Option<&str> {
    let (time, text) = line.split_once(" ms  ")?;
    let is_time = time.chars().all(|char| char == ' ' || char.is_ascii_digit()) && !time.trim().is_empty();
    is_time.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_snapshot_is_refused() {
        let record = Record { run: Some(RunRecord::default()), ..Record::default() };
        let check = |body, problem| assert_eq!(record.facts(body), Err(problem), "{body}");
        check("title", "it has no line `findings`");
        check("title\n\nno time\n\nfindings\n", "its transcript does not begin with a time");
        check("title\n\n   0 ms  a: GET /a\n\nfindings\nx", "a line of its findings names no oracle");
    }
}
