//! The command line: exit codes, and what is said when something is wrong.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use closewait::client;
use libtest_mimic::Trial;

use super::played::scenarios;
use super::support::{check, check_in, closewait, folder, text, utf8};

const SCENARIO: &str = "half-close/fin-while-idle";

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("cli::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("as_accepted_is_0", as_accepted_is_0),
        trial("without_a_snapshot_is_1", without_a_snapshot_is_1),
        trial("a_changed_snapshot_is_1_and_shown", a_changed_snapshot_is_1_and_shown),
        trial("accept_makes_it_0", accept_makes_it_0),
        trial("a_gone_scenario_is_1", a_gone_scenario_is_1),
        trial("repeat_is_0", repeat_is_0),
        trial("bad_usage_is_2", bad_usage_is_2),
        trial("bad_files_are_2", bad_files_are_2),
        trial("no_subcommand_is_run", no_subcommand_is_run),
        trial("help_documents_the_exit_codes", help_documents_the_exit_codes),
        trial("json_is_versioned", json_is_versioned),
        trial("list_names_every_scenario", list_names_every_scenario),
        trial("show_is_a_card", show_is_a_card),
        trial("search_finds_by_signature", search_finds_by_signature),
        trial("search_reads_standard_input", search_reads_standard_input),
        trial("search_without_a_hit_is_1", search_without_a_hit_is_1),
        trial("schema_is_json", schema_is_json),
        trial("an_empty_folder_has_the_built_in_catalogue", an_empty_folder_has_the_built_in_catalogue),
        trial(
            "a_folder_of_scenarios_comes_before_the_built_in",
            a_folder_of_scenarios_comes_before_the_built_in,
        ),
        trial("a_scenario_can_be_named_by_its_file", a_scenario_can_be_named_by_its_file),
        trial("completions_are_for_each_shell", completions_are_for_each_shell),
        trial("names_are_completed", names_are_completed),
        trial("a_scenario_of_another_folder_is_told", a_scenario_of_another_folder_is_told),
        trial("man_is_a_page_for_each_subcommand", man_is_a_page_for_each_subcommand),
        trial("no_escape_codes_in_a_pipe", no_escape_codes_in_a_pipe),
        trial("a_closed_pipe_is_no_panic", a_closed_pipe_is_no_panic),
    ]
}

/// A folder of snapshots in which the one of [`SCENARIO`] on hyper-util is accepted.
fn accepted(name: &str) -> PathBuf {
    let snapshots = folder("cli", name);
    check(
        &["run", SCENARIO, "--client", "hyper-util", "--accept", "--snapshots", utf8(&snapshots)],
        0,
        &["accepted "],
    );
    snapshots
}

/// [`SCENARIO`] as a file of another folder of scenarios.
fn copy_scenario(to: &Path) {
    let source = scenarios().join(SCENARIO).with_extension("toml");
    fs::create_dir_all(to.parent().expect("it is in a family")).expect("a folder can be made");
    fs::copy(source, to).expect("a scenario can be copied");
}

fn as_accepted_is_0() {
    let arguments = ["run", SCENARIO, "--client", "hyper-util"];
    check(&arguments, 0, &["hyper-util", "everything is as accepted"]);
}

fn without_a_snapshot_is_1() {
    let snapshots = folder("cli", "empty");
    let results = format!("{} results have no snapshot yet", client::built_in().len());
    check(&["run", SCENARIO, "--snapshots", utf8(&snapshots)], 1, &[&results]);
    check(&["run", SCENARIO, "--no-snapshots"], 0, &["not compared"]);
}

fn a_changed_snapshot_is_1_and_shown() {
    let snapshots = accepted("changed");
    let file = snapshots.join("hyper-util").join(SCENARIO).with_extension("snap");
    let changed =
        fs::read_to_string(&file).expect("it was accepted").replace("a: GET /a", "a: GET /elsewhere");
    fs::write(&file, changed).expect("it can be written");
    let arguments = ["run", SCENARIO, "--client", "hyper-util", "--snapshots", utf8(&snapshots)];
    check(
        &arguments,
        1,
        &["changed", "-          0 ms  a: GET /elsewhere", "+          0 ms  a: GET /a", "1 result is not"],
    );
}

fn accept_makes_it_0() {
    let snapshots = accepted("accept");
    let arguments = ["run", SCENARIO, "--client", "hyper-util", "--snapshots", utf8(&snapshots)];
    check(&arguments, 0, &["everything is as accepted"]);
}

fn a_gone_scenario_is_1() {
    let snapshots = accepted("gone");
    let scenarios = folder("cli", "gone-scenarios");
    copy_scenario(&scenarios.join("family/renamed.toml"));
    let folders =
        ["--scenarios", utf8(&scenarios), "--snapshots", utf8(&snapshots), "--client", "hyper-util"];
    check(&[&["run"][..], &folders].concat(), 1, &["no snapshot yet", "no scenario any more", "2 results"]);
    check(&[&["run", "--accept"][..], &folders].concat(), 0, &["accepted "]);
    check(&[&["run"][..], &folders].concat(), 0, &["everything is as accepted"]);
}

fn repeat_is_0() {
    check(&["run", SCENARIO, "--repeat", "3"], 0, &["every trace is the same"]);
}

fn bad_usage_is_2() {
    check(&["run", "half-clos/fin-while-idle"], 2, &["did you mean `half-close/fin-while-idle`?"]);
    check(&["run", "nothing-of-the-kind/*"], 2, &["no scenario matches"]);
    check(&["run", "--client", "reqwst"], 2, &["did you mean `reqwest`?"]);
    check(&["run", "--repeat", "0"], 2, &["--repeat"]);
    check(&["run", "--accept", "--no-snapshots"], 2, &["cannot be used with"]);
    check(&["run", "--transcrip"], 2, &["--transcript"]);
    check(&["show", "half-close/fin-while-idel"], 2, &["did you mean `half-close/fin-while-idle`?"]);
    check(&["lst"], 2, &["list"]);
}

fn bad_files_are_2() {
    let scenarios = folder("cli", "bad-scenarios");
    fs::create_dir_all(scenarios.join("family")).expect("a folder can be made");
    fs::write(scenarios.join("family/bad.toml"), "titel = \"x\"\n").expect("a file can be written");
    check(&["list", "--scenarios", utf8(&scenarios)], 2, &["bad.toml:1:1", "titel", "title"]);
    check(&["run", "--scenarios", utf8(&scenarios.join("absent"))], 2, &["there is no folder", "absent"]);

    let snapshots = accepted("broken");
    let file = snapshots.join("hyper-util").join(SCENARIO).with_extension("snap");
    fs::write(file, "no header").expect("it can be written");
    let arguments = ["run", SCENARIO, "--client", "hyper-util", "--snapshots", utf8(&snapshots)];
    check(&arguments, 2, &["fin-while-idle.snap: not a snapshot", "--accept"]);
}

/// Of one scenario: the page README.md has a bare `closewait` play them all.
fn no_subcommand_is_run() {
    let here = folder("cli", "no-subcommand");
    copy_scenario(&here.join("scenarios/family/one.toml"));
    check_in(&here, &["run", "--accept"], 0, &["accepted "]);
    let bare = check_in(&here, &[], 0, &["✓ 1", "everything is as accepted"]);
    let run = check_in(&here, &["run"], 0, &[]);
    assert_eq!(text(&bare.stdout), text(&run.stdout));
}

fn help_documents_the_exit_codes() {
    check(&["--help"], 0, &["Exit codes:", "  0  ", "  1  ", "  2  ", "Examples:"]);
    check(&["run", "--help"], 0, &["--repeat <N>", "--accept", "--no-snapshots", "Exit codes:"]);
}

fn json_is_versioned() {
    let output = check(&["run", SCENARIO, "--format", "json"], 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(json["version"], 1);
    assert_eq!(json["cells"][0]["scenario"], SCENARIO);
    assert_eq!(json["cells"].as_array().map(Vec::len), Some(client::built_in().len()));
    assert_eq!(json["differences"], serde_json::json!([]));
    let again = check(&["run", SCENARIO, "--format", "json"], 0, &[]);
    assert_eq!(text(&output.stdout), text(&again.stdout));
}

fn list_names_every_scenario() {
    check(&["list"], 0, &[SCENARIO]);
    let output = check(&["list", "--json"], 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let ids: Vec<_> = json.as_array().expect("an array").iter().map(|item| item["id"].as_str()).collect();
    assert!(ids.contains(&Some(SCENARIO)) && ids.is_sorted(), "{ids:?}");
}

fn show_is_a_card() {
    let replay = format!("closewait run {SCENARIO} --transcript");
    check(
        &["show", SCENARIO],
        0,
        &[
            SCENARIO,
            "Who had it",
            "httpx ",
            "What the standard says",
            "Script",
            "A client that behaves",
            "b (GET /b) is answered with 200, on a connection that carried no request before",
            "hyper-util holds",
            "reqwest holds",
            &replay,
        ],
    );
}

fn search_finds_by_signature() {
    let line = "connection closed before message completed";
    check(
        &["search", line],
        0,
        &["half-close/fin-in-flight-get", line, "more: add `--limit 0`", "closewait show "],
    );
    check(&["search", "half-close", "post", "--limit", "0"], 0, &["half-close/fin-in-flight-post"]);
    let output = check(&["search", "--json", "--limit", "0", line], 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let hits = json.as_array().expect("an array");
    assert!(hits.iter().any(|hit| hit["id"] == "half-close/fin-in-flight-get" && hit["signature"] == line));
    assert!(hits.is_sorted_by(|one, next| one["score"].as_u64() >= next["score"].as_u64()), "{json}");
}

fn search_reads_standard_input() {
    let mut child = closewait()
        .args(["search", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let log = b"\xff 12:00:01 ERROR upstream: read ECONNRESET\n    at TCP.onStreamRead\n";
    child.stdin.take().expect("it is piped").write_all(log).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("reset/rst-while-idle"), "{}", text(&output.stdout));
}

fn search_without_a_hit_is_1() {
    check(&["search", "out of memory: killed process 4711"], 1, &["nothing is found", "try fewer words"]);
    let output = check(&["search", "--json", "zzz"], 1, &[]);
    assert_eq!(text(&output.stdout).trim(), "[]");
    check(&["search"], 2, &["TEXT"]);
    check(
        &["search", "--help"],
        0,
        &["Examples:", "Exit codes:", "connection closed before message completed"],
    );
}

fn schema_is_json() {
    let output = check(&["schema"], 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert!(json["properties"]["script"].is_object(), "{json}");
}

fn an_empty_folder_has_the_built_in_catalogue() {
    let empty = folder("cli", "nothing-here");
    let here = check(&["list"], 0, &[SCENARIO]);
    let there = check_in(&empty, &["list"], 0, &[]);
    assert_eq!(text(&here.stdout), text(&there.stdout));
    check_in(&empty, &["run", "half-close/*", "--no-snapshots"], 0, &["half-close", "not compared"]);
    check_in(&empty, &["show", SCENARIO], 0, &["Script"]);
    check_in(&empty, &["run", SCENARIO], 1, &["no snapshot yet"]);
    check(&["list", "--help"], 0, &["`built-in`", "if this folder"]);
}

fn a_folder_of_scenarios_comes_before_the_built_in() {
    let here = folder("cli", "scenarios-here");
    // A folder of that name with other things in it is somebody else's.
    fs::create_dir_all(here.join("scenarios/steps")).expect("a folder can be made");
    fs::write(here.join("scenarios/steps/login.feature"), "Feature: login\n").expect("a file can be written");
    check_in(&here, &["list"], 0, &[SCENARIO]);
    copy_scenario(&here.join("scenarios/steps/ours.toml"));
    let ours = check_in(&here, &["list"], 0, &["steps/ours"]);
    assert_eq!(text(&ours.stdout).lines().count(), 1);
    let built_in = check_in(&here, &["list", "--scenarios", "built-in"], 0, &[SCENARIO]);
    assert!(!text(&built_in.stdout).contains("steps/ours"));
    check_in(
        &here,
        &["list", "--scenarios", "elsewhere"],
        2,
        &["there is no folder `elsewhere`", "comes with"],
    );
}

fn completions_are_for_each_shell() {
    for (shell, word) in [
        ("bash", "complete -o nospace"),
        ("zsh", "#compdef closewait"),
        ("fish", "complete"),
        ("elvish", "edit:completion"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        check(&["completions", shell], 0, &[word, "closewait", "COMPLETE"]);
    }
    check(&["completions", "tcsh"], 2, &["bash", "zsh", "fish"]);
}

/// As the script of bash asks: the last word is the one to be completed.
fn names_are_completed() {
    let offered = |words: &[&str]| {
        let output = closewait()
            .env("COMPLETE", "bash")
            .env("_CLAP_IFS", "\n")
            .env("_CLAP_COMPLETE_INDEX", words.len().to_string())
            .args(["--", "closewait"])
            .args(words)
            .output();
        let output = output.expect("the binary runs");
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let offers = |words: &[&str], wanted: &str| {
        let offered = offered(words);
        assert!(offered.iter().any(|offer| offer == wanted), "{words:?} offers no {wanted}: {offered:?}");
    };
    for command in ["run", "gate", "list", "show"] {
        offers(&[command, "half-close/fin-w"], SCENARIO);
        assert!(offered(&[command, "half-close/fin-w"]).len() < 5);
    }
    offers(&["run", "half-clos"], "half-close/*");
    offers(&["run", "--client", "re"], "reference");
    offers(&["sweep", "keep"], "keep-alive");
    offers(&["sweep", "--fault", "fi"], "fin");
    offers(&["explore", "--planted", "NoSt"], "NoStaleCheck");
    offers(&["run", "--no-sn"], "--no-snapshots");
}

fn a_scenario_of_another_folder_is_told() {
    let scenarios = folder("cli", "elsewhere");
    copy_scenario(&scenarios.join("family/mine.toml"));
    let here = ["--scenarios", utf8(&scenarios)];
    let looked = format!("looked in {}", utf8(&scenarios));
    let words = [looked.as_str(), "`--scenarios built-in` has one"];
    check(&[&["run", SCENARIO][..], &here].concat(), 2, &words);
    check(&[&["show", SCENARIO][..], &here].concat(), 2, &words);
    check(&[&["run", "nothing/like-it"][..], &here].concat(), 2, &[&looked]);
}

fn man_is_a_page_for_each_subcommand() {
    check(&["man"], 0, &[".TH closewait 1", "Exit codes", "SUBCOMMANDS"]);
    let pages = folder("cli", "man").join("man1");
    check(&["man", "--to", utf8(&pages)], 0, &[]);
    for page in ["closewait.1", "closewait-run.1", "closewait-list.1", "closewait-completions.1"] {
        let page = fs::read_to_string(pages.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(page.contains(".TH closewait"), "{page}");
    }
    let run = fs::read_to_string(pages.join("closewait-run.1")).expect("it was written");
    assert!(run.contains("no\\-snapshots"), "{run}");
    let file = folder("cli", "man-over-a-file").join("file");
    fs::write(&file, "").expect("a file can be written");
    check(&["man", "--to", utf8(&file)], 2, &["cannot write manual pages to"]);
}

fn no_escape_codes_in_a_pipe() {
    let output = check(&["run", SCENARIO, "--transcript", "--verbose"], 0, &[]);
    assert!(!text(&output.stdout).contains('\u{1b}'));
    assert!(output.stderr.is_empty(), "progress is for terminals");
}

fn a_closed_pipe_is_no_panic() {
    let mut child = closewait()
        .args(["list", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
}

fn a_scenario_can_be_named_by_its_file() {
    let there = folder("cli", "by-file");
    let (mine, path) = (there.join("mine.toml"), format!("scenarios/{SCENARIO}.toml"));
    fs::copy(&path, &mine).expect("the scenario is copied");
    let only = ["--client", "hyper-util", "--no-snapshots"];
    check(&[&["run", utf8(&mine)], &only[..]].concat(), 0, &["by-file", "1 run"]);
    // The same scenario, so the same snapshot.
    check(&["run", &path, "--client", "hyper-util"], 0, &["as accepted"]);
    check(&["gate", &path, "--client", "hyper-util"], 0, &["1 same"]);
    check(&["list", utf8(&mine)], 0, &["by-file/mine"]);
    check(&["show", utf8(&mine)], 0, &["by-file/mine"]);
    check(&["run", "nowhere.toml"], 2, &["cannot read nowhere.toml"]);
    fs::copy(&path, there.join("Mine 2.toml")).expect("the scenario is copied");
    check(&["run", utf8(&there.join("Mine 2.toml"))], 2, &["lower-case words joined by hyphens"]);
}
