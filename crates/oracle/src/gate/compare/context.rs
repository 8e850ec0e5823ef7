//! What the sentence of a regression does not say of request, connection and cause.

use std::collections::BTreeSet;

use crate::gate::change::Change;
use crate::gate::facts::RunFacts;

/// No more of a kind are named.
const SHOWN: usize = 3;

/// Oracles whose sentences say why by themselves: after which signal, or against which limit.
const SAY_WHY: [&str; 8] = [
    "no-stale-reuse",
    "race-outcome",
    "bounded-wait",
    "no-leak",
    "reuses-when-healthy",
    "prompt-close",
    "cancel-is-told",
    "no-silent-truncation",
];

/// What the sentence leaves open, from what is known of the run; `None` if that is nothing. Of a control it is not known what was
/// written where.
pub fn of(change: &Change, now: &RunFacts, is_control: bool) -> Option<String> {
    let words = Words::of(&change.sentence);
    let requests: Vec<&str> =
        now.requests.iter().map(|request| request.id.as_str()).filter(|id| words.has_request(id)).collect();
    let place = match (requests.is_empty(), words.connections.is_empty()) {
        (false, false) => String::new(),
        (false, true) if is_control => String::new(),
        (false, true) => match connections(now, |id| requests.contains(&id)) {
            none if none.is_empty() => "never written".to_owned(),
            some => named("connection", &some),
        },
        (true, false) => {
            let on = carried(now, |connection| words.connections.contains(&connection));
            named("request", &if on.is_empty() { every(now) } else { on })
        }
        (true, true) => {
            let all = [named("request", &every(now)), named("connection", &connections(now, |_| true))];
            joined(all, " on ")
        }
    };
    let says_why =
        change.oracle.as_deref().is_some_and(|oracle| SAY_WHY.contains(&oracle)) || words.has_window;
    let causes: Vec<&str> = if says_why { Vec::new() } else { causes(now, &words) };
    let cause = if causes.is_empty() { String::new() } else { format!("cause: {}", causes.join(", and ")) };
    Some(joined([place, cause], "; ")).filter(|context| !context.is_empty())
}

fn joined(parts: [String; 2], between: &str) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(between)
}

/// What a sentence names.
struct Words<'a> {
    words: Vec<&'a str>,
    connections: BTreeSet<u32>,
    /// It says what the client could know, as in `(FIN of connection 1 in flight when it was written, W5)`.
    has_window: bool,
}

impl<'a> Words<'a> {
    fn of(sentence: &'a str) -> Self {
        let words: Vec<&str> = sentence.split_whitespace().collect();
        let after_connection = |pair: &[&str]| match pair {
            [word, number] if *word == "connection" => bare(number).parse().ok(),
            _ => None,
        };
        let connections = words.windows(2).filter_map(after_connection).collect();
        let has_window = words.last().is_some_and(|word| word.starts_with('W') && word.ends_with(')'));
        Self { words, connections, has_window }
    }

    /// Whether a word is this id. `a` is an article too, and an id only where no noun can follow.
    fn has_request(&self, id: &str) -> bool {
        let is_article = |place: usize| {
            let begins = place == 0 || self.words[place - 1].ends_with(':');
            id == "a"
                && !begins
                && self.words[place] == "a"
                && self.words.get(place + 1).is_some_and(|next| *next != "and")
        };
        self.words.iter().enumerate().any(|(place, word)| bare(word) == id && !is_article(place))
    }
}

fn bare(word: &str) -> &str {
    word.trim_matches(|char: char| !char.is_alphanumeric() && char != '-')
}

fn every(now: &RunFacts) -> Vec<&str> {
    now.requests.iter().map(|request| request.id.as_str()).collect()
}

/// The connections on which these requests were written.
fn connections(now: &RunFacts, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let requests = now.requests.iter().filter(|request| wanted(&request.id));
    let numbers: BTreeSet<u32> =
        requests.flat_map(|r| &r.attempts).map(|attempt| attempt.connection).collect();
    numbers.iter().map(u32::to_string).collect()
}

/// The requests that were written on these connections.
fn carried(now: &RunFacts, wanted: impl Fn(u32) -> bool) -> Vec<&str> {
    let on = |request: &&crate::gate::facts::RequestFacts| {
        request.attempts.iter().any(|attempt| wanted(attempt.connection))
    };
    now.requests.iter().filter(on).map(|request| request.id.as_str()).collect()
}

/// Those about a connection that the sentence names, if there are any.
fn causes<'a>(now: &'a RunFacts, words: &Words<'_>) -> Vec<&'a str> {
    const CAUSES: usize = 2;
    let about = |cause: &&String| !Words::of(cause).connections.is_disjoint(&words.connections);
    let near: Vec<&str> = now.causes.iter().filter(about).map(String::as_str).collect();
    let mut causes = if near.is_empty() { now.causes.iter().map(String::as_str).collect() } else { near };
    causes.truncate(CAUSES);
    causes
}

/// `connections 1, 2 and 3`; empty if there is none.
fn named(what: &str, names: &[impl AsRef<str>]) -> String {
    let mut shown: Vec<String> = names.iter().take(SHOWN).map(|name| name.as_ref().to_owned()).collect();
    if names.len() > SHOWN {
        shown.push(format!("{} more", names.len() - SHOWN));
    }
    match shown.as_slice() {
        [] => String::new(),
        [one] => format!("{what} {one}"),
        [rest @ .., last] => format!("{what}s {} and {last}", rest.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::facts::{Attempt, RequestFacts};

    fn request(id: &str, connections: &[u32]) -> RequestFacts {
        let on = |connection: &u32| Attempt { connection: *connection, stream: None, fresh: true };
        RequestFacts {
            id: id.to_owned(),
            method: None,
            outcome: None,
            error: None,
            attempts: connections.iter().map(on).collect(),
            executed: 0,
            took_ms: None,
        }
    }

    fn check(oracle: &str, message: &str, expected: Option<&str>) {
        let run = RunFacts {
            requests: vec![request("a", &[1]), request("b", &[1, 2])],
            causes: ["the origin half-closes connection 1 (FIN)", "the application cancels b"]
                .map(str::to_owned)
                .into(),
            ..RunFacts::default()
        };
        let sentence = format!("{oracle}: holds → violated: {message}");
        let change = Change::drifted(sentence).by(oracle);
        assert_eq!(of(&change, &run, false).as_deref(), expected, "{message}");
    }

    #[test]
    fn what_is_said_is_not_said_again() {
        check("no-stale-reuse", "b was written on connection 1, 1 ms after its FIN was delivered (W0)", None);
        check("no-cross-talk", "b got a 200 (unsolicited bytes on connection 1 in flight, W5)", None);
        check(
            "no-leak",
            "connection 2 was left in CLOSE_WAIT after the client was closed",
            Some("request b"),
        );
        check(
            "no-leak",
            "3 open connections at 20 ms; the limit is 2",
            Some("requests a and b on connections 1 and 2"),
        );
    }

    #[test]
    fn what_is_not_said_comes_from_the_run() {
        check(
            "as-expected",
            "b was \"200\", expected \"error\"",
            Some(
                "connections 1 and 2; cause: the origin half-closes connection 1 (FIN), and the application cancels b",
            ),
        );
        check(
            "at-most-once",
            "b (POST) was executed 2 times: on connection 1 at 30 ms and on connection 2 at 70 ms",
            Some("cause: the origin half-closes connection 1 (FIN)"),
        );
        check(
            "recovers",
            "connection 1, dead since 5 ms, cost 2 requests: a and b",
            Some("cause: the origin half-closes connection 1 (FIN)"),
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        let change = |message: &str| Change::drifted(format!("bounded-wait: holds → violated: {message}"));
        let never = RunFacts { requests: vec![request("a", &[1]), request("b", &[])], ..RunFacts::default() };
        let late = change("b waited for its deadline");
        assert_eq!(of(&late, &never, false).as_deref(), Some("never written"));
        assert_eq!(of(&late, &never, true), None);
        assert_eq!(of(&change("a was late"), &never, false).as_deref(), Some("connection 1"));
    }

    #[test]
    fn the_article_is_no_request() {
        check("no-leak", "b got a 200 on connection 1", None);
        check("no-leak", "a got 10 bytes on connection 1", None);
        check("no-leak", "connection 1 has a socket", Some("requests a and b"));
        check("no-leak", "connection 1 was opened for a", None);
    }
}
