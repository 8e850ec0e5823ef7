//! Files that somebody, or a disk, has damaged: every reader says what is wrong, in few words, or reads them. None panics.
//!
//! `CLOSEWAIT_MUTATIONS=1000000 cargo test --test suite mutations::` plays as many of each kind.

use std::fs;
use std::path::Path;

use closewait::gate::{Known, parse as parse_rules};
use closewait::report::document;
use closewait::report::snapshot::Snapshot;
use closewait::scenario::{Catalogue, parse, utf8};
use libtest_mimic::Trial;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::played::{self, client, reference, selected};

/// One way to damage a text, bytes.
#[derive(Debug, Clone)]
enum Damage {
    Byte(Index, u8),
    Cut(Index, Index),
    Doubled(Index, Index),
    Inserted(Index, &'static str),
    /// A part of another file of the kind.
    Grafted(Index, Index, Index, Index),
}

/// What files of these kinds are made of, and what no file is.
const WORDS: [&str; 28] = [
    "\"",
    "'''",
    "\n",
    "[",
    "]",
    "[[rule]]",
    "{",
    "}",
    "=",
    ",",
    "-1",
    "0",
    "18446744073709551616",
    "1e999",
    "null",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{feff}",
    "\u{0}",
    "24h",
    "99999999999999999999s",
    "GET /",
    "*",
    "#",
    "client = \"send\"",
    "connection = 0",
    "body = 9223372036854775807",
];

fn damage() -> impl Strategy<Value = Damage> {
    let place = any::<Index>;
    let graft = (place(), place(), place(), place());
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (place(), place()).prop_map(|(from, to)| Damage::Cut(from, to)),
        (place(), place()).prop_map(|(from, to)| Damage::Doubled(from, to)),
        (place(), prop::sample::select(&WORDS[..])).prop_map(|(at, word)| Damage::Inserted(at, word)),
        graft.prop_map(|(at, file, from, to)| Damage::Grafted(at, file, from, to)),
    ]
}

/// Short, so that much of the rest stays what it was.
const LONGEST_PART: usize = 200;

fn part(text: &[u8], from: &Index, to: &Index) -> std::ops::Range<usize> {
    let from = from.index(text.len() + 1);
    from..(from + to.index(LONGEST_PART)).min(text.len())
}

fn damaged(corpus: &[Vec<u8>], file: &Index, damages: &[Damage]) -> Vec<u8> {
    let mut text = corpus[file.index(corpus.len())].clone();
    for damage in damages {
        match damage {
            Damage::Byte(at, byte) => {
                let at = at.index(text.len() + 1);
                text.splice(at..(at + 1).min(text.len()), [*byte]);
            }
            Damage::Cut(from, to) => drop(text.drain(part(&text, from, to))),
            Damage::Doubled(from, to) => {
                let part = part(&text, from, to);
                let (end, copy) = (part.end, text[part].to_vec());
                text.splice(end..end, copy);
            }
            Damage::Inserted(at, word) => {
                let at = at.index(text.len() + 1);
                text.splice(at..at, word.bytes());
            }
            Damage::Grafted(at, file, from, to) => {
                let other = &corpus[file.index(corpus.len())];
                let graft = other[part(other, from, to)].to_vec();
                let at = at.index(text.len() + 1);
                text.splice(at..at, graft);
            }
        }
    }
    text
}

/// Damages files of a corpus, and reads them. What is said then is not long.
fn check(corpus: &[Vec<u8>], read: fn(&str) -> Result<(), String>) {
    const LONGEST_MESSAGE: usize = 64 * 1024;
    let asked = std::env::var("CLOSEWAIT_MUTATIONS").ok().and_then(|cases| cases.parse().ok());
    let config = Config { cases: asked.unwrap_or(1_000), failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let result = runner.run(&(any::<Index>(), vec(damage(), 1..6)), |(file, damages)| {
        // What is no text at all is refused before anybody parses it.
        let Ok(text) = utf8(damaged(corpus, &file, &damages)) else { return Ok(()) };
        if let Err(said) = read(&text) {
            prop_assert!(!said.is_empty() && said.len() < LONGEST_MESSAGE, "{} bytes are said", said.len());
        }
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("mutations::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("of_scenarios", of_scenarios),
        trial("of_rules", of_rules),
        trial("of_results", of_results),
        trial("of_snapshots", of_snapshots),
    ]
}

/// Every file below a folder of the project with this extension.
fn files(folder: &str, extension: &str) -> Vec<Vec<u8>> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(folder).expect("it is there").flatten();
        let mut entries: Vec<_> = entries.map(|entry| entry.path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(fs::read(path).expect("it can be read"));
            }
        }
    }
    assert!(!found.is_empty(), "nothing is in {folder}");
    found
}

fn of_scenarios() {
    let mut corpus = files("scenarios", "toml");
    corpus.extend(files("tests/bad-scenarios", "toml"));
    check(&corpus, |text| {
        let scenario = parse("family/name", "name.toml", text).map_err(|invalid| invalid.to_string())?;
        // What is read can be written, made quiet, and looked for.
        let _ = (closewait::scenario::write(&scenario), scenario.control());
        let catalogue: Catalogue = std::iter::once(scenario).collect();
        let _ = catalogue.search("connection reset");
        Ok(())
    });
}

fn of_rules() {
    let rule = "[[rule]]\nlevel = \"allow\"\nreason = \"see #1\"\noracle = \"no-stale-reuse\"\n\
                scenario = \"half-close/*\"\nclient = \"mine\"\nchange = \"regressed\"\n";
    let corpus = [rule.repeat(3).into_bytes(), rule.replace("allow", "deny").into_bytes()];
    check(&corpus, |text| {
        let known = Known { scenarios: vec!["half-close/fin-while-idle"], clients: vec!["mine"] };
        parse_rules("closewait.toml", text, &known).map(drop).map_err(|invalid| invalid.to_string())
    });
}

fn of_results() {
    let all = played::catalogue().iter();
    let few: Vec<_> = all.filter(|scenario| scenario.family() == "reset").take(2).collect();
    let results = selected(&few, &[reference(), client("tonic")]);
    let text = played::document(&results).to_json().expect("it is JSON");
    check(&[text.into_bytes()], |text| {
        let read = document::read("results.json", text).map_err(|error| error.to_string())?;
        drop(read.facts());
        Ok(())
    });
}

fn of_snapshots() {
    check(&files("snapshots/reference/reset", "snap"), |text| {
        let snapshot = Snapshot::parse(text).map_err(str::to_owned)?;
        snapshot.facts().map(drop).map_err(str::to_owned)
    });
}
