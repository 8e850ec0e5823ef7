//! Commands that pages show are run, and the output that a page shows under one is its output.
//!
//! In an `sh` block each line is a command; in a `console` block those after `$ `, and the rest is output,
//! where a line `…` stands for any lines. A comment `# exit 1` says with what a command ends, if not with 0.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::{Failed, Trial};

use super::pages::{Page, blocks, pages, root};

/// One trial for each page that shows a command: `docs::commands::<page>`.
pub(super) fn trials() -> Vec<Trial> {
    let pages = pages().expect("the pages can be read");
    let with_commands =
        pages.into_iter().map(|page| (shown(&page), page.name)).filter(|(shown, _)| !shown.is_empty());
    with_commands
        .map(|(shown, name)| {
            Trial::test(format!("docs::commands::{name}"), move || check_page(&name, &shown))
        })
        .collect()
}

/// A command as a page shows it.
struct Shown {
    command: String,
    exit: i32,
    output: Vec<String>,
}

fn shown(page: &Page) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    for (language, lines) in blocks(page) {
        match language {
            "sh" => commands.extend(lines.into_iter().filter(|line| !line.is_empty()).map(command)),
            "console" => commands.extend(session(&lines)),
            _ => {}
        }
    }
    commands
}

fn session(lines: &[&str]) -> Vec<Shown> {
    let mut commands: Vec<Shown> = Vec::new();
    for line in lines {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(line), _) => commands.push(command(line)),
            (None, Some(last)) => last.output.push((*line).to_owned()),
            (None, None) => panic!("a page shows output before any command: {line}"),
        }
    }
    commands
}

fn command(line: &str) -> Shown {
    let (command, comment) = line.split_once('#').unwrap_or((line, ""));
    let exit = comment.trim().strip_prefix("exit ").and_then(|rest| rest.get(..1)?.parse().ok());
    Shown { command: command.trim().to_owned(), exit: exit.unwrap_or(0), output: Vec::new() }
}

fn check_page(name: &str, commands: &[Shown]) -> Result<(), Failed> {
    let folder = sandbox(name, commands)?;
    for shown in commands {
        let words = words(&shown.command);
        match arguments(&words) {
            Some(arguments) => check(&folder, shown, &arguments)?,
            None => check_not_run(&words, &shown.command)?,
        }
    }
    Ok(())
}

/// A folder with scenarios and snapshots: copies where a page shows what may write into them, else links.
fn sandbox(name: &str, commands: &[Shown]) -> Result<PathBuf, Failed> {
    let writes = ["--accept", "--save"];
    let writes = |shown: &Shown| writes.iter().any(|option| shown.command.contains(option));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs").join(name.replace('/', "-"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for part in ["scenarios", "snapshots"] {
        let (whole, here) = (root().join(part), folder.join(part));
        if commands.iter().any(writes) { copy(&whole, &here)? } else { symlink(&whole, &here)? }
    }
    Ok(folder)
}

fn copy(from: &Path, to: &Path) -> Result<(), Failed> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The words of a command; single quotes keep one together.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

/// What closewait is given, if it is closewait that the command runs.
fn arguments(words: &[String]) -> Option<Vec<String>> {
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["closewait", ..] => Some(words[1..].to_vec()),
        ["cargo", "run", ..] => {
            Some(words.iter().skip_while(|word| *word != "--").skip(1).cloned().collect())
        }
        _ => None,
    }
}

fn check(folder: &Path, shown: &Shown, arguments: &[String]) -> Result<(), Failed> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_closewait")).current_dir(folder).args(arguments).output()?;
    let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
    if output.status.code() != Some(shown.exit) {
        return Err(format!(
            "`{}` ends with {}, not with {}\n{said}",
            shown.command, output.status, shown.exit
        )
        .into());
    }
    if is_shown_of(&shown.output, &said) {
        return Ok(());
    }
    Err(format!(
        "`{}` says something else\nshown:\n{}\nsaid:\n{said}",
        shown.command,
        shown.output.join("\n")
    )
    .into())
}

/// Whether the lines between two `…` follow each other in what was said. No line shown is no claim.
fn is_shown_of(shown: &[String], said: &str) -> bool {
    let shown: Vec<String> = shown.iter().map(|line| comparable(line)).collect();
    let said: Vec<String> = said.trim_end().lines().map(comparable).collect();
    let mut from = 0;
    let mut pieces = shown.split(|line| line == "…").peekable();
    let mut anywhere = shown.is_empty();
    while let Some(piece) = pieces.next() {
        let is_last = pieces.peek().is_none();
        let places = from..(said.len() + 1).saturating_sub(piece.len());
        let here = |at: &usize| said[*at..*at + piece.len()] == *piece;
        let fits = |at: &usize| here(at) && (anywhere || *at == from);
        let ends = |at: &usize| !is_last || piece.is_empty() || *at + piece.len() == said.len();
        match places.into_iter().find(|at| fits(at) && ends(at)) {
            Some(at) => from = at + piece.len(),
            None => return false,
        }
        anywhere = true;
    }
    true
}

/// Without what a page need not repeat: the width of columns, and which version a client has.
fn comparable(line: &str) -> String {
    let is_version =
        |word: &str| word.split('.').count() == 3 && word.split('.').all(|n| n.parse::<u32>().is_ok());
    let words = line.split_whitespace().map(|word| if is_version(word) { "x.y.z" } else { word });
    words.collect::<Vec<_>>().join(" ")
}

/// What takes too long here, or is this very suite. Whatever is not on the list is a mistake of the page.
fn check_not_run(words: &[String], command: &str) -> Result<(), Failed> {
    const NOT_RUN: [&str; 14] = [
        "UPDATE_GENERATED=1 cargo test --test suite committed",
        "cargo bench --bench cost",
        "cargo insta review",
        "cargo install --path .",
        "cargo nextest run",
        "cargo test",
        "cargo test -p closewait-oracle",
        "cargo update -p reqwest",
        "ci/check.sh",
        // `ci/check.sh` runs these in examples/, `ci/test-gate-upgrade.sh` and `ci/upgrades.sh` the script.
        "cargo add --dev closewait --path ../closewait --no-default-features --features harness",
        "cargo test --test closewait",
        "CLOSEWAIT_ACCEPT=1 cargo test --test closewait",
        "ci/gate-upgrade.sh --crate examples/hyper-retry",
        "ci/gate-upgrade.sh --crate examples/hyper-retry --update hyper@1.12.0",
    ];
    let filter = match words {
        [cargo, test, filter] if (cargo.as_str(), test.as_str()) == ("cargo", "test") => Some(filter),
        _ => None,
    };
    let known = match filter {
        Some(filter) => super::super::trials().iter().any(|trial| trial.name().contains(filter.as_str())),
        None => NOT_RUN.contains(&command),
    };
    if known { Ok(()) } else { Err(format!("`{command}` is neither run nor known").into()) }
}

/// What the comparison lets pass, and what not.
pub(super) fn output_is_compared() -> Result<(), Failed> {
    let check = |shown: &[&str], passes: bool| {
        let shown: Vec<String> = shown.iter().map(ToString::to_string).collect();
        assert_eq!(is_shown_of(&shown, "one  1.2.3\ntwo\nthree\nfour\n"), passes, "{shown:?}");
    };
    check(&[], true);
    check(&["one 4.5.6", "two", "three", "four"], true);
    check(&["one 1.2.3", "…"], true);
    check(&["…", "four"], true);
    check(&["one 1.2.3", "…", "four"], true);
    check(&["…", "two", "three", "…"], true);
    check(&["one 1.2.3", "two"], false);
    check(&["two", "…"], false);
    check(&["…", "three"], false);
    check(&["…", "two", "four", "…"], false);
    check(&["…", "three", "…", "two", "…"], false);
    check(&["…", "tw", "…"], false);
    Ok(())
}
