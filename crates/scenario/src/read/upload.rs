//! How the body of a request is handed over: what its keys cannot mean together.

use std::time::Duration;

use super::keys::Record;
use super::problems::Problems;
use crate::{BodySource, SourceEnd};

const KEYS: [&str; 5] = ["piece", "pause", "content_length", "fails_after", "stalls_after"];

pub(super) fn source(record: &Record, problems: &mut Problems) -> Option<BodySource> {
    let length: u32 = record.get("body")?;
    let source = BodySource {
        piece: record.get("piece"),
        pause: record.get("pause").unwrap_or(Duration::ZERO),
        content_length: record.get("content_length")?,
        end: end(record, length, problems),
    };
    if let Some(key) = KEYS.into_iter().find(|key| length == 0 && record.says(key)) {
        problems
            .add(record.span_of(key), format!("there is no body that `{key}` could be said of"))
            .help(format!("give the request a `body`, or remove `{key}`"));
    }
    if record.says("pause") && source.piece.is_none_or(|piece| piece >= length) {
        problems
            .add(record.span_of("pause"), "there is one piece, so nothing to pause between")
            .help("say how long a `piece` is: shorter than the body");
    }
    Some(source)
}

fn end(record: &Record, length: u32, problems: &mut Problems) -> SourceEnd {
    let (fails, stalls) = (record.get("fails_after"), record.get("stalls_after"));
    if fails.is_some() && stalls.is_some() {
        problems
            .add(record.span_of("stalls_after"), "`fails_after` has said how the body ends")
            .help("keep `fails_after`, or `stalls_after`");
    }
    for (key, after) in [("fails_after", fails), ("stalls_after", stalls)] {
        if length > 0 && after.is_some_and(|after: u32| after > length) {
            problems
                .add(record.span_of(key), format!("the body has {length} bytes"))
                .help(format!("at most {length}; that is when the end alone is missing"));
        }
    }
    fails.map(SourceEnd::Fails).or(stalls.map(SourceEnd::Stalls)).unwrap_or(SourceEnd::Complete)
}
