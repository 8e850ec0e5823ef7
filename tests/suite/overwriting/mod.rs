//! No output takes the place of a file that its command reads: every command, every flag that names an output, every file, and links to it.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::support::{check_in, folder, said};

/// A command with what it reads named.
struct Case {
    name: &'static str,
    arguments: &'static [&'static str],
    /// Below the folder of the trial.
    reads: &'static [&'static str],
}

const SCENARIO: &str = "scenarios/half-close/one.toml";
const SNAPSHOT: &str = "snapshots/hyper-util/half-close/one.snap";

const CASES: [Case; 5] = [
    Case {
        name: "run",
        arguments: &["run", "--client", "hyper-util"],
        reads: &[SCENARIO, SNAPSHOT, "closewait.toml"],
    },
    Case {
        name: "run-of-a-file",
        arguments: &["run", "other.toml", "--client", "hyper-util"],
        reads: &["other.toml", SNAPSHOT],
    },
    Case {
        name: "gate",
        arguments: &["gate", "--baseline", "before.json", "--current", "after.json"],
        reads: &["before.json", "after.json", "closewait.toml", SCENARIO],
    },
    Case {
        name: "report",
        arguments: &["report", "before.json", "after.json"],
        reads: &["before.json", "after.json"],
    },
    Case {
        name: "sweep",
        arguments: &["sweep", "--merge", "runs.jsonl", "--accepted", "accepted.jsonl"],
        reads: &["runs.jsonl", "accepted.jsonl"],
    },
];

/// `overwriting::<case>`.
pub fn trials() -> Vec<Trial> {
    let trial = |case: &'static Case| {
        Trial::test(format!("overwriting::{}", case.name), move || {
            check(case);
            Ok(())
        })
    };
    let other = |name: &str, test: fn()| {
        Trial::test(format!("overwriting::{name}"), move || {
            test();
            Ok(())
        })
    };
    let others = [
        other("manual_pages_are_only_that", manual_pages_are_only_that),
        other("saved_scenarios_are_kept", saved_scenarios_are_kept),
    ];
    CASES.iter().map(trial).chain(others).collect()
}

fn check(case: &Case) {
    let folder = project(case.name);
    // Folders may be links as well, also back to where they are.
    let (client, elsewhere) = (folder.join("snapshots/hyper-util"), folder.join("elsewhere"));
    fs::rename(&client, &elsewhere).expect("it can be moved");
    std::os::unix::fs::symlink(&elsewhere, &client).expect("a link can be made");
    std::os::unix::fs::symlink(&folder, elsewhere.join("back")).expect("a link can be made");
    let flags = outputs(case.arguments[0]);
    assert!(!flags.is_empty(), "{} has no output", case.name);
    for read in case.reads {
        let before = fs::read(folder.join(read)).expect("it is read");
        for output in names(&folder, read) {
            for flag in &flags {
                let arguments = [case.arguments, &[flag, &output]].concat();
                let output = check_in(&folder, &arguments, 2, &[]);
                let kept = fs::read(folder.join(read)).is_ok_and(|now| now == before);
                assert!(kept, "{arguments:?} changes {read}");
                assert!(said(&output).contains("not written over"), "{arguments:?}: {}", said(&output));
            }
        }
    }
}

/// A file by its name, by a longer one, by a symbolic link and by a hard one.
fn names(folder: &Path, file: &str) -> Vec<String> {
    let place = folder.join(file);
    let links = ["soft", "hard"].map(|kind| format!("{kind}-{}", file.replace('/', "-")));
    std::os::unix::fs::symlink(&place, folder.join(&links[0])).expect("a link can be made");
    fs::hard_link(&place, folder.join(&links[1])).expect("a link can be made");
    [file.to_owned(), format!("scenarios/../{file}")].into_iter().chain(links).collect()
}

/// Every path that a command takes, and what it does with it. A unit test of the command compares with what clap knows.
const PATHS: &str = include_str!("paths.txt");

/// The flags of a command that name a file which it writes.
fn outputs(command: &str) -> Vec<&'static str> {
    let path = |line: &'static str| {
        let [of, flag, kind] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        (of == command && kind == "writes").then_some(flag)
    };
    PATHS.lines().filter_map(path).collect()
}

/// Manual pages take the place of nothing but manual pages: not of the rules, by whatever link.
fn manual_pages_are_only_that() {
    let folder = project("man");
    let rules = folder.join("closewait.toml");
    std::os::unix::fs::symlink(&rules, folder.join("closewait-run.1")).expect("a link can be made");
    check_in(&folder, &["man", "--to", "."], 2, &["not written over"]);
    assert_eq!(fs::read(&rules).expect("it is there"), b"");
    assert!(!folder.join("closewait.1").exists(), "all of them, or none");
    fs::remove_file(folder.join("closewait-run.1")).expect("it is a link");
    check_in(&folder, &["man", "--to", "."], 0, &[]);
    assert!(folder.join("closewait.1").exists() && folder.join("closewait-run.1").exists());
}

/// What somebody has made of a scenario that a sweep or an exploration saved is not lost.
fn saved_scenarios_are_kept() {
    let folder = project("saved");
    let show = ["sweep", "--show", "keep-alive", "fin/1@45ms", "hyper-util", "--save", "scenarios"];
    let saved = folder.join("scenarios/sweep/keep-alive-fin-1-45ms.toml");
    check_in(&folder, &show, 0, &["wrote "]);
    check_in(&folder, &show, 0, &["wrote "]);
    let edited = fs::read_to_string(&saved).expect("it was written") + "# edited\n";
    fs::write(&saved, &edited).expect("it can be written");
    check_in(&folder, &show, 2, &["is there already"]);
    assert_eq!(fs::read_to_string(&saved).expect("it is there"), edited);

    let explore = ["explore", "--protocol", "h2", "--runs", "1", "--client", "hyper-util", "--save"];
    let found = folder.join("scenarios/found/recovers-network-forget.toml");
    fs::create_dir_all(folder.join("scenarios/found")).expect("a folder can be made");
    fs::copy(folder.join(SCENARIO), &found).expect("it can be copied");
    let before = fs::read(&found).expect("it is there");
    check_in(&folder, &explore, 1, &["recovers-network-forget-2.toml"]);
    assert_eq!(fs::read(&found).expect("it is there"), before);
}

fn project(name: &str) -> PathBuf {
    let folder = folder("overwriting", name);
    let scenario =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/half-close/fin-while-idle.toml"));
    let scenario = scenario.expect("it is in the catalogue");
    fs::create_dir_all(folder.join("scenarios/half-close")).expect("a folder can be made");
    for file in [SCENARIO, "other.toml"] {
        fs::write(folder.join(file), &scenario).expect("it can be written");
    }
    fs::write(folder.join("closewait.toml"), "").expect("it can be written");
    check_in(&folder, &["run", "--client", "hyper-util", "--accept"], 0, &[]);
    for results in ["before.json", "after.json"] {
        check_in(&folder, &["run", "--client", "hyper-util", "--out", results], 0, &[]);
    }
    if name == "sweep" {
        for results in ["runs.jsonl", "accepted.jsonl"] {
            let sweep = ["sweep", "keep-alive", "--client", "reference", "--fault", "fin", "--budget", "9"];
            check_in(&folder, &[&sweep[..], &["--results", results]].concat(), 0, &[]);
        }
    }
    folder
}
