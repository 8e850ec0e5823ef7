//! From what a user has seen to the scenarios that produce it.

use super::nearest::alike;
use super::{Catalogue, Scenario};

/// A scenario that fits a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit<'c> {
    /// The scenario.
    pub scenario: &'c Scenario,
    /// How well it fits, from 1 to 1000.
    pub score: u32,
    /// The signature that fits; `None` if it is the id, title or about.
    pub signature: Option<&'c str>,
}

/// Scores of the ways in which a text can fit, each at its best. They do not overlap: a signature that is
/// there word for word says more than a part of one, and that more than words of a description.
mod best {
    pub const CONTAINED: u32 = 1000;
    pub const PART_OF_SIGNATURE: u32 = 800;
    pub const SHARED_WORDS: u32 = 600;
    pub const TITLE: u32 = 400;
    pub const ABOUT: u32 = 200;
}

/// The widest that a score is away from the best of its kind.
const SPREAD: u32 = 179;

/// Of a signature, or of what was asked for, so much must be there if not all of it is: percent.
const ENOUGH: usize = 65;

impl Catalogue {
    /// The scenarios that fit a text, the best first: a line of a log, or words that describe the trouble.
    ///
    /// Signatures come first, whole ones before parts, long ones before short ones; then ids and titles; then abouts.
    /// Case, white space and punctuation do not count. Empty if nothing fits.
    pub fn search(&self, text: &str) -> Vec<Hit<'_>> {
        let text = words(text);
        let mut hits: Vec<Hit> = self.iter().filter_map(|scenario| fit(scenario, &text)).collect();
        // Stable: the order of the ids decides between equals.
        hits.sort_by_key(|hit| std::cmp::Reverse(hit.score));
        hits
    }
}

fn fit<'c>(scenario: &'c Scenario, text: &[String]) -> Option<Hit<'c>> {
    let title = words(&format!("{} {}", scenario.id, scenario.title));
    let title = small(text.iter().filter(|word| is_telling(word) && has(&title, word)).count());
    let signatures = scenario.signatures.iter().enumerate();
    let by_signature = signatures
        .filter_map(|(place, signature)| {
            // What is named first is what this scenario is known by.
            let score = signature_score(&words(signature), text)? + title - small(place);
            Some(Hit { scenario, score, signature: Some(signature) })
        })
        .max_by_key(|hit| hit.score);
    by_signature.or_else(|| {
        let score = description_score(scenario, text)?;
        Some(Hit { scenario, score, signature: None })
    })
}

/// What decides between scenarios that have the same signature, and nothing else.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX).min(9)
}

fn signature_score(signature: &[String], text: &[String]) -> Option<u32> {
    if contains(text, signature) {
        // The longer, the less by chance.
        return Some(best::CONTAINED - (SPREAD - 10 * length(signature).min(15)));
    }
    let telling: Vec<&String> = text.iter().filter(|word| is_telling(word)).collect();
    if !telling.is_empty() && contains(signature, text) {
        return Some(best::PART_OF_SIGNATURE - (SPREAD - share(text.len(), signature.len())));
    }
    let wanted: Vec<&String> = signature.iter().filter(|word| is_telling(word)).collect();
    let found = wanted.iter().filter(|word| has(text, word)).count();
    let enough = found >= 2 && found * 100 >= wanted.len() * ENOUGH;
    enough.then(|| best::SHARED_WORDS - (SPREAD - share(found, wanted.len())))
}

fn description_score(scenario: &Scenario, text: &[String]) -> Option<u32> {
    let asked: Vec<&String> = text.iter().filter(|word| is_telling(word)).collect();
    let score = |best: u32, place: &str| {
        let place = words(place);
        let found = asked.iter().filter(|word| has(&place, word)).count();
        let enough = found > 0 && found * 100 >= asked.len() * ENOUGH;
        enough.then(|| best - (SPREAD - share(found, asked.len())))
    };
    let title = format!("{} {}", scenario.id, scenario.title);
    let all = || format!("{title} {} {}", scenario.about, scenario.signatures.join(" "));
    score(best::TITLE, &title).or_else(|| score(best::ABOUT, &all()))
}

/// Lower-case letters and digits, without what stands between them.
fn words(text: &str) -> Vec<String> {
    let split = text.split(|char: char| !char.is_alphanumeric());
    split.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}

fn contains(text: &[String], part: &[String]) -> bool {
    !part.is_empty() && text.windows(part.len()).any(|window| window == part)
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|other| alike(other, word))
}

/// Whether a word says anything about the trouble.
fn is_telling(word: &str) -> bool {
    const SILENT: [&str; 24] = [
        "a", "an", "and", "at", "before", "by", "client", "error", "failed", "for", "from", "http", "in",
        "is", "it", "not", "of", "on", "or", "request", "that", "the", "to", "with",
    ];
    word.len() > 1 && !SILENT.contains(&word)
}

/// How much of `all` is there, from 0 to 100.
fn share(part: usize, all: usize) -> u32 {
    u32::try_from(part * 100 / all.max(1)).unwrap_or(100).min(100)
}

fn length(words: &[String]) -> u32 {
    u32::try_from(words.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;

    fn catalogue() -> Catalogue {
        let scenario = |id: &str, title: &str, about: &str, signatures: &str| {
            let text = format!(
                "title = {title:?}\nabout = {about:?}\nsources = [\"RFC 9112\"]\nsignature = [{signatures}]\n\
                 script = [{{ client = \"send\", id = \"a\", request = \"GET /a\" }}]\n"
            );
            parse(id, id, &text).expect("the scenario is valid")
        };
        [
            scenario(
                "close/crossing",
                "A FIN crosses a GET",
                "Timers.",
                r#""connection closed before message completed", "socket hang up""#,
            ),
            scenario(
                "close/idle",
                "A FIN while idle",
                "The pool has not looked.",
                r#""Server disconnected", "connection closed before message completed""#,
            ),
            scenario(
                "reset/idle",
                "A RST while idle",
                "A middlebox forgot.",
                r#""Connection reset by peer""#,
            ),
            scenario(
                "silent/nat",
                "A NAT forgets the connection",
                "A firewall in the cloud drops it.",
                r#""operation timed out""#,
            ),
        ]
        .into_iter()
        .collect()
    }

    /// The ids that are found, the best first.
    fn check(text: &str, expected: &[&str]) {
        let catalogue = catalogue();
        let hits = catalogue.search(text);
        assert_eq!(hits.iter().map(|hit| hit.scenario.id.as_str()).collect::<Vec<_>>(), expected, "{text:?}");
        assert!(hits.iter().all(|hit| (1..=1000).contains(&hit.score)), "{hits:?}");
        assert!(hits.is_sorted_by(|one, next| one.score >= next.score), "{hits:?}");
    }

    #[test]
    fn signatures_are_found_in_logs() {
        let closed = ["close/crossing", "close/idle"];
        check("connection closed before message completed", &closed);
        check("CONNECTION\tclosed\n  before message   completed", &closed);
        check(
            "2026-01-01T00:00:00Z ERROR reqwest::Error { kind: Request, source: hyper::Error(IncompleteMessage, \"connection closed before message completed\") }",
            &closed,
        );
        check("Error: socket hang up (code: 'ECONNRESET')", &["close/crossing"]);
        check("Connection reset by peer (os error 104)", &["reset/idle"]);
    }

    #[test]
    fn the_more_of_a_signature_the_better() {
        check("operation timed out: NAT", &["silent/nat"]);
        check("connection closed before message completed while idle", &["close/idle", "close/crossing"]);
        check("Server disconnected; connection reset by peer", &["reset/idle", "close/idle"]);
        check("reset by peer", &["reset/idle"]);
        check("peer has reset connection", &["reset/idle"]);
        check("message not completed, connection was closed", &["close/crossing", "close/idle"]);
        check("the operation has timed out", &["silent/nat"]);
    }

    #[test]
    fn descriptions_are_searched_too() {
        check("idle", &["close/idle", "reset/idle"]);
        check("FIN", &["close/crossing", "close/idle"]);
        check("firewall cloud", &["silent/nat"]);
        check("forgotten by a middlebox", &["reset/idle"]);
        check("crosing", &["close/crossing"]);
    }

    #[test]
    fn noise_finds_nothing() {
        check("", &[]);
        check("  \n ", &[]);
        check("?!", &[]);
        check("the request is not for it", &[]);
        check("out of memory: killed process 4711", &[]);
        check("connection established", &[]);
    }
}
