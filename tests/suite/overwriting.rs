//! No output takes the place of a file that its command reads: every command, every flag that names an output, every file, and links to it.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::support::{check_in, folder, said, text};

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
    CASES.iter().map(trial).collect()
}

fn check(case: &Case) {
    let folder = project(case.name);
    // Folders may be links as well, also back to where they are.
    let (client, elsewhere) = (folder.join("snapshots/hyper-util"), folder.join("elsewhere"));
    fs::rename(&client, &elsewhere).expect("it can be moved");
    std::os::unix::fs::symlink(&elsewhere, &client).expect("a link can be made");
    std::os::unix::fs::symlink(&folder, elsewhere.join("back")).expect("a link can be made");
    let flags = outputs(&folder, case.arguments[0]);
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

/// The flags of a command that name a file which it writes, as its own help lists them.
fn outputs(folder: &Path, command: &str) -> Vec<String> {
    const READ: [&str; 6] = ["--current", "--config", "--merge", "--accepted", "--resume", "--shrink"];
    let help = check_in(folder, &[command, "--help"], 0, &[]);
    let help = text(&help.stdout);
    let flags = help.lines().filter_map(|line| {
        let (flag, value) = line.trim_start().split_once(' ')?;
        (flag.starts_with("--") && value.starts_with("<FILE>")).then(|| flag.to_owned())
    });
    flags.filter(|flag| !READ.contains(&flag.as_str())).collect()
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
