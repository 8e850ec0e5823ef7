//! A violation that was found, shrunk, and made into a scenario that says what it is.

use std::collections::BTreeMap;

use closewait_oracle::{Level, ORACLES, Severity, Verdict};
use closewait_scenario::Scenario;

use super::reproducer::{Reproducer, shrink};
use super::weight::Weight;
use crate::kind::{circumstance_in_words, circumstances_of, faults_of};

/// A violation, and the smallest scenario that shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The name of the oracle.
    pub oracle: &'static str,
    /// Whether it is a defect or a weakness.
    pub level: Level,
    /// What kind of harm it does.
    pub severity: Severity,
    /// The name of the client.
    pub client: &'static str,
    /// The kinds of the faults that are left.
    pub faults: Vec<String>,
    /// If no fault is left: what else the origin does that may be the reason, such as an answer held back.
    pub circumstances: Vec<&'static str>,
    /// What the oracle says.
    pub message: String,
    /// The scenario, ready to be saved: `found/<name>`.
    pub scenario: Scenario,
    /// What it weighs.
    pub weight: Weight,
}

/// Shrinks a scenario and says what it shows; `None` if the witness sees no violation in it. `source` is where it
/// comes from: the command that finds it again.
pub fn found(scenario: &Scenario, reproducer: &Reproducer, source: &str) -> Option<Found> {
    let small = shrink(scenario, reproducer);
    let finding = reproducer.violation(&small)?;
    let Verdict::Violated { violations } = finding.verdict else { return None };
    let worst = violations.iter().min_by_key(|violation| violation.severity)?;
    let faults = faults_of(&small);
    let expect =
        if finding.oracle == EXPECTATIONS { reproducer.expectations(&small) } else { BTreeMap::new() };
    let small = Scenario { expect, ..small };
    let mut found = Found {
        oracle: finding.oracle,
        level: finding.level,
        severity: worst.severity,
        client: reproducer.client.name(),
        message: worst.message.clone(),
        weight: Weight::of(&small),
        circumstances: reasons(&small),
        scenario: small,
        faults,
    };
    describe(&mut found, scenario, source);
    Some(found)
}

/// The circumstances of a scenario without a fault; with one, the fault is reason enough.
pub(super) fn reasons(scenario: &Scenario) -> Vec<&'static str> {
    if faults_of(scenario).is_empty() { circumstances_of(scenario) } else { Vec::new() }
}

/// The oracle that asks for what a scenario itself expects.
pub(crate) const EXPECTATIONS: &str = "as-expected";

/// The folder of `scenarios/` in which findings are saved.
pub const FAMILY: &str = "found";

fn describe(found: &mut Found, original: &Scenario, source: &str) {
    let faults = in_words(&found.faults, &found.circumstances);
    let oracle = ORACLES.iter().find(|oracle| oracle.name == found.oracle);
    let (meaning, rule) = oracle.map_or(("", ""), |oracle| (oracle.meaning, oracle.source));
    let before = Weight::of(original);
    let about = format!(
        "{} violates {}: {}. The rule is violated when {meaning}. Seen first in a schedule with {} and {}, of which \
         this is what it takes.",
        found.client,
        found.oracle,
        found.message,
        count(before.requests, "request"),
        count(before.faults, "fault"),
    );
    let scenario = &mut found.scenario;
    scenario.id = format!("{FAMILY}/{}", name(found.oracle, &found.faults, &found.circumstances));
    scenario.title = format!("{} {faults}", sentence(found.oracle));
    scenario.about = wrapped(&about);
    scenario.sources = std::iter::once(source.to_owned()).chain(rfcs(rule)).collect();
    scenario.signatures.clear();
}

/// The file name: what is violated, and through what.
fn name(oracle: &str, faults: &[String], circumstances: &[&str]) -> String {
    if !faults.is_empty() {
        format!("{oracle}-{}", faults.join("-and-"))
    } else if !circumstances.is_empty() {
        format!("{oracle}-{}", circumstances.join("-and-"))
    } else {
        format!("{oracle}-without-a-fault")
    }
}

fn in_words(faults: &[String], circumstances: &[&str]) -> String {
    if !faults.is_empty() {
        return format!("through {}", faults.join(" and "));
    }
    if circumstances.is_empty() {
        return "without any fault".to_owned();
    }
    let words: Vec<&str> =
        circumstances.iter().map(|circumstance| circumstance_in_words(circumstance)).collect();
    format!("through {}", words.join(" and "))
}

fn sentence(oracle: &str) -> String {
    format!("A violation of {oracle}")
}

fn count(many: usize, noun: &str) -> String {
    if many == 1 { format!("1 {noun}") } else { format!("{many} {noun}s") }
}

/// The RFCs among the sources of an oracle, which are joined by commas; of several sections the RFC as a whole.
fn rfcs(sources: &str) -> impl Iterator<Item = String> {
    sources.split(", ").filter(|source| source.starts_with("RFC ")).map(|source| {
        let whole = source.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        if source.contains(" section ") { source.to_owned() } else { whole }
    })
}

/// Lines of a width that fits the files in `scenarios/`.
fn wrapped(text: &str) -> String {
    const WIDTH: usize = 110;
    let mut lines = String::new();
    let mut length = 0;
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if length > 0 && length + 1 + width > WIDTH {
            lines.push('\n');
            length = 0;
        } else if length > 0 {
            lines.push(' ');
            length += 1;
        }
        lines.push_str(word);
        length += width;
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_oracle_and_faults() {
        let check = |faults: &[&str], circumstances: &[&str], file: &str, words: &str| {
            let faults: Vec<String> = faults.iter().map(|fault| (*fault).to_owned()).collect();
            assert_eq!(name("no-leak", &faults, circumstances), file);
            assert_eq!(in_words(&faults, circumstances), words);
        };
        check(&[], &[], "no-leak-without-a-fault", "without any fault");
        check(&["origin-fin"], &[], "no-leak-origin-fin", "through origin-fin");
        check(
            &["network-drop", "reply-http-10"],
            &[],
            "no-leak-network-drop-and-reply-http-10",
            "through network-drop and reply-http-10",
        );
        check(&[], &["answer-held-back"], "no-leak-answer-held-back", "through an answer held back");
        check(
            &[],
            &["answer-held-back", "origin-idle-timeout"],
            "no-leak-answer-held-back-and-origin-idle-timeout",
            "through an answer held back and the origin's idle timeout",
        );
    }

    #[test]
    fn sources_are_such_as_a_file_may_have() {
        let read = |sources| rfcs(sources).collect::<Vec<_>>();
        assert_eq!(read("hyperium/hyper#1439, RFC 9112 section 9.5"), ["RFC 9112 section 9.5"]);
        assert_eq!(read("RFC 9112 sections 6.3, 8 and 9.2"), ["RFC 9112"]);
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        let text = wrapped(&"word ".repeat(100));
        assert!(text.lines().all(|line| line.len() <= 110 && !line.ends_with(' ')), "{text}");
        assert_eq!(text.split_whitespace().count(), 100);
    }
}
