//! What a terminal gets: as wide as it is, with the colours that it has, and nothing that an adversary's file could say to it.

use std::fs;
use std::process::Command;

use libtest_mimic::{Completion, Trial};

use super::support::{check_in, closewait, folder, text};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("terminal::{name}"), move || {
            test();
            Ok(())
        })
    };
    let real = |name: &str, test: fn() -> Completion| {
        Trial::ignorable_test(format!("terminal::{name}"), move || Ok(test()))
    };
    vec![
        trial("a_newcomer_sees_one_screen", a_newcomer_sees_one_screen),
        trial("colours_are_as_asked_for", colours_are_as_asked_for),
        trial("a_title_moves_no_cursor", a_title_moves_no_cursor),
        real("progress_is_as_wide_as_the_terminal", progress_is_as_wide_as_the_terminal),
        real("a_dumb_terminal_gets_plain_text", a_dumb_terminal_gets_plain_text),
    ]
}

fn a_newcomer_sees_one_screen() {
    let place = folder("terminal", "newcomer");
    for (columns, most) in [(80, 40), (60, 70), (200, 40)] {
        let output = closewait().current_dir(&place).env("COLUMNS", columns.to_string()).output();
        let output = output.expect("the binary runs");
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(1), ""));
        let page = text(&output.stdout);
        assert!(page.lines().count() <= most, "{} lines at {columns}:\n{page}", page.lines().count());
        let wide = page.lines().find(|line| line.chars().count() > columns);
        assert!(wide.is_none(), "wider than {columns}: {wide:?}\n{page}");
        for words in ["scenarios", "hyper-util", "reference", "Violations by kind", "no snapshot yet"] {
            assert!(page.contains(words), "`{words}` is not said at {columns}:\n{page}");
        }
    }
}

fn colours_are_as_asked_for() {
    let place = folder("terminal", "colours");
    let has_colours = |arguments: &[&str]| {
        let arguments = [&["run", "half-close/fin-while-idle", "--no-snapshots"], arguments].concat();
        text(&check_in(&place, &arguments, 0, &[]).stdout).contains("\u{1b}[")
    };
    assert!(!has_colours(&[]) && !has_colours(&["--color", "auto"]), "a pipe has none");
    assert!(has_colours(&["--color", "always"]) && !has_colours(&["--color", "never"]));
    check_in(&place, &["--color", "sometimes"], 2, &["always"]);
}

fn a_title_moves_no_cursor() {
    let place = folder("terminal", "title");
    fs::create_dir_all(place.join("scenarios/family")).expect("a folder can be made");
    let scenario = r#"
        title = "one\nFORGED \u001b[2J\u001b]0;x\u0007\u202Edne"
        about = "About \u2066 it."
        sources = ["RFC 9112"]
        script = [{ client = "send", id = "a", request = "GET /a" }]
    "#;
    fs::write(place.join("scenarios/family/name.toml"), scenario).expect("it can be written");
    let commands: [&[&str]; 4] = [
        &["list"],
        &["show", "family/name"],
        &["search", "FORGED"],
        &["run", "--transcript", "--no-snapshots", "--client", "hyper-util"],
    ];
    for command in commands {
        let said =
            text(&check_in(&place, &[command, &["--color", "always"]].concat(), 0, &["FORGED"]).stdout);
        let harmful = ["\u{1b}[2J", "\u{1b}]", "\u{7}", "\u{202e}", "\u{2066}", "\nFORGED"];
        for harmful in harmful {
            assert!(!said.contains(harmful), "{command:?} writes {harmful:?}:\n{said}");
        }
    }
}

/// Runs the command on a terminal of its own; `None` where util-linux's `script` is not there.
fn on_a_terminal(term: &str, columns: u16, arguments: &str) -> Option<String> {
    let place = folder("terminal", &format!("{term}-{columns}"));
    let line = format!("stty rows 24 cols {columns}; {} {arguments}", env!("CARGO_BIN_EXE_closewait"));
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(place);
    command.env("TERM", term).env_remove("COLUMNS").env_remove("NO_COLOR");
    let output = command.output().ok()?;
    output.status.success().then(|| text(&output.stdout))
}

const RUN: &str = "run 'half-close/*' --client reference --no-snapshots";

fn progress_is_as_wide_as_the_terminal() -> Completion {
    let Some(written) = on_a_terminal("xterm", 30, RUN) else { return ignored() };
    let (progress, _) = written.split_once("scenarios").expect("the matrix begins so");
    assert!(progress.contains("/9"), "there is progress: {progress:?}");
    for line in progress.split(['\r', '\n']) {
        let width = columns(line);
        assert!(width <= 30, "{width} columns: {line:?}");
    }
    Completion::Completed
}

fn a_dumb_terminal_gets_plain_text() -> Completion {
    let Some(written) = on_a_terminal("dumb", 80, RUN) else { return ignored() };
    assert!(written.starts_with("scenarios"), "no progress: {written:?}");
    assert!(!written.contains('\u{1b}'), "{written:?}");
    Completion::Completed
}

fn ignored() -> Completion {
    Completion::ignored_with("there is no `script` of util-linux")
}

/// How many columns a text takes, escape codes left out.
fn columns(text: &str) -> usize {
    let mut parts = text.split('\u{1b}');
    let first = parts.next().unwrap_or_default().chars().count();
    let code = |part: &str| part.find(|c: char| c.is_ascii_alphabetic()).map_or(0, |end| end + 1);
    first + parts.map(|part| part[code(part)..].chars().count()).sum::<usize>()
}
