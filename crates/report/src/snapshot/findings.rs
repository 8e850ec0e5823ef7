//! The table of findings: oracle, verdict and words in columns.

use std::fmt::Write;

use closewait_oracle::gate::{FindingFacts, VerdictFacts, ViolationFacts};
use closewait_oracle::{Finding, Verdict};

const HOLDS: &str = "holds";
const NOT_EXERCISED: &str = "not exercised";
const VIOLATED: &str = "VIOLATED";

/// One finding in one line, or one line for each violation.
pub fn lines(finding: &Finding) -> String {
    let mut text = String::new();
    let mut row = |verdict: &str, words: &str| {
        let _ = writeln!(text, "  {:<24} {verdict} · {words}", finding.oracle);
    };
    match &finding.verdict {
        Verdict::Holds { note, .. } => row(HOLDS, note),
        Verdict::NotExercised { reason } => row(NOT_EXERCISED, reason),
        Verdict::Violated { violations } => violations.iter().for_each(|v| row(VIOLATED, &v.message)),
    }
    text
}

/// Reads the table back. Words may have several lines.
///
/// # Errors
/// If words are nobody's, as a fragment of a sentence.
pub fn read(lines: &[&str]) -> Result<Vec<FindingFacts>, &'static str> {
    let mut findings: Vec<FindingFacts> = Vec::new();
    for line in lines.iter().filter(|line| !line.is_empty()) {
        match row(line) {
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

fn row(line: &str) -> Option<(&str, VerdictFacts)> {
    let (oracle, rest) = line.strip_prefix("  ")?.split_once(' ')?;
    let (verdict, words) = rest.trim_start().split_once(" · ")?;
    let verdict = match verdict {
        HOLDS => VerdictFacts::Holds,
        NOT_EXERCISED => VerdictFacts::NotExercised { reason: words.to_owned() },
        VIOLATED => {
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
