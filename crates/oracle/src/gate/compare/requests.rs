//! What became of each request before, and what becomes of it now.

use closewait_trace::Millis;

use crate::Severity;
use crate::gate::change::{Change, Kind};
use crate::gate::facts::{Attempt, RequestFacts, RunFacts};

/// An outcome that comes earlier or later by less than this is no change: nobody notices, and the order of events is
/// compared anyway.
const NOTICED: Millis = 1000;
/// Between two attempts a client waits as long as it draws by chance: so much longer or shorter is no change.
const BY_CHANCE: Millis = 4;

/// Changes in the life of requests.
pub fn changes(before: &RunFacts, now: &RunFacts) -> Vec<Change> {
    let mut changes = Vec::new();
    for new in &now.requests {
        match before.request(&new.id) {
            Some(old) => changes.extend(request(old, new)),
            None => changes.push(Change::drifted(format!("request {} is new in the script", new.id))),
        }
    }
    let gone = before.requests.iter().filter(|old| now.request(&old.id).is_none());
    changes.extend(gone.map(|old| Change::drifted(format!("request {} is no longer in the script", old.id))));
    changes
}

fn request(before: &RequestFacts, now: &RequestFacts) -> Vec<Change> {
    let drifted = |words: Option<String>| words.map(Change::drifted);
    let told = [
        drifted(outcome(before, now)),
        drifted(attempts(before, now)),
        executed(before, now),
        drifted(duration(before, now)),
    ];
    told.into_iter().flatten().collect()
}

fn outcome(before: &RequestFacts, now: &RequestFacts) -> Option<String> {
    let id = &now.id;
    if before.outcome == now.outcome {
        return match (&before.error, &now.error) {
            (Some(old), Some(new)) if old != new => {
                Some(format!("the error of request {id} changed from {old} to {new}"))
            }
            (None, Some(new)) => Some(format!("request {id} now ends with an error in the body: {new}")),
            (Some(old), None) => Some(format!("request {id} no longer ends with an error ({old})")),
            _ => None,
        };
    }
    Some(format!("the outcome of request {id} changed from {} to {}", ending(before), ending(now)))
}

fn ending(request: &RequestFacts) -> String {
    let outcome = request.outcome.as_deref().unwrap_or("none");
    match &request.error {
        Some(error) => format!("{outcome} ({error})"),
        None => outcome.to_owned(),
    }
}

fn attempts(before: &RequestFacts, now: &RequestFacts) -> Option<String> {
    let id = &now.id;
    let (old, new) = (&before.attempts, &now.attempts);
    match (old.as_slice(), new.as_slice()) {
        (old, new) if old == new => None,
        ([], new) => Some(format!("request {id} is now written on {}; before it never was", places(new))),
        (old, []) => Some(format!("request {id} is no longer written; before it was, on {}", places(old))),
        (old, new) if new.len() > old.len() => {
            let more = new.len() - old.len();
            let tail = places(&new[old.len()..]);
            Some(format!("{} of request {id}, on {tail}", counted(more, "more attempt")))
        }
        (old, new) if new.len() < old.len() => {
            let less = old.len() - new.len();
            Some(format!(
                "{} of request {id}: it is written on {}",
                counted(less, "attempt less",),
                places(new)
            ))
        }
        (old, new) => {
            old.iter().zip(new).find(|(old, new)| old != new).map(|(old, new)| moved(id, *old, *new))
        }
    }
}

fn moved(id: &str, before: Attempt, now: Attempt) -> String {
    if before.connection != now.connection {
        format!("request {id} moved from {} to {}", place(before), place(now))
    } else if before.fresh != now.fresh {
        let order = if now.fresh { "is now the first request" } else { "is no longer the first request" };
        format!("request {id} {order} on connection {}", now.connection)
    } else {
        let stream =
            |attempt: Attempt| attempt.stream.map_or("no stream".to_owned(), |n| format!("stream {n}"));
        format!(
            "request {id} moved from {} to {} of connection {}",
            stream(before),
            stream(now),
            now.connection
        )
    }
}

fn place(attempt: Attempt) -> String {
    let Attempt { connection, stream, fresh } = attempt;
    let stream = stream.map_or(String::new(), |stream| format!(", stream {stream}"));
    if fresh {
        format!("a new connection {connection}{stream}")
    } else {
        format!("connection {connection}{stream}")
    }
}

fn places(attempts: &[Attempt]) -> String {
    const SHOWN: usize = 4;
    let mut words: Vec<String> = attempts.iter().take(SHOWN).map(|attempt| place(*attempt)).collect();
    if attempts.len() > SHOWN {
        words.push(format!("{} more", attempts.len() - SHOWN));
    }
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// `one more attempt`, `3 more attempts`, `2 attempts less`.
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("one {what}") } else { format!("{n} {}", what.replacen("attempt", "attempts", 1)) }
}

/// How often the origin carries it out. A request that the application has taken back and that must not be repeated is no
/// drift: whoever cancels and sends again has it done twice.
fn executed(before: &RequestFacts, now: &RequestFacts) -> Option<Change> {
    let times = |n: u32| match n {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    };
    if before.executed == now.executed {
        return None;
    }
    let words = format!(
        "the origin executes request {} {}, before {}",
        now.id,
        times(now.executed),
        times(before.executed)
    );
    if !is_taken_back(before) || !is_taken_back(now) {
        return Some(Change::drifted(words));
    }
    let method = now.method.as_deref().unwrap_or_default();
    let words = format!("{words}, although the application cancels it ({method})");
    Some(match now.executed > before.executed {
        true => Change { severity: Some(Severity::UnsafeDuplicate), ..Change::of(Kind::Regressed, words) },
        false => Change::of(Kind::Fixed, words),
    })
}

/// A request that the application cancels, and that must not be carried out twice.
fn is_taken_back(request: &RequestFacts) -> bool {
    request.outcome.as_deref() == Some("cancelled") && request.is_unsafe_to_repeat()
}

/// Another duration, and why it cannot be chance: other attempts, or a wait for another timer.
fn duration(before: &RequestFacts, now: &RequestFacts) -> Option<String> {
    let (old, new) = (before.took_ms?, now.took_ms?);
    let attempts = |request: &RequestFacts| request.attempts.len();
    let (less, more) = (old.min(new), old.max(new));
    let why = if attempts(now) > attempts(before) {
        counted(attempts(now) - attempts(before), "more attempt")
    } else if attempts(now) < attempts(before) {
        counted(attempts(before) - attempts(now), "attempt less")
    } else if attempts(now) > 1 && more < less.saturating_mul(BY_CHANCE) {
        return None;
    } else {
        "another timer".to_owned()
    };
    (more - less >= NOTICED).then(|| format!("request {} takes {new} ms, before {old} ms: {why}", now.id))
}
