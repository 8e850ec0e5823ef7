//! `closewait gate`: exit codes, baselines, and files that are whole or not there.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use libtest_mimic::Trial;

use super::super::support::{check_in, closewait, folder, said};

const SCENARIO: &str = "half-close/fin-while-idle";

pub(super) fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("gate::cli::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("same_is_0", same_is_0),
        trial("regressed_is_1", regressed_is_1),
        trial("denied_drift_is_3", denied_drift_is_3),
        trial("a_trade_is_0_and_denied_3", a_trade_is_0_and_denied_3),
        trial("an_allowed_regression_is_0_and_says_why", an_allowed_regression_is_0),
        trial("stale_rules_are_told", stale_rules_are_told),
        trial("a_revision_is_a_baseline", a_revision_is_a_baseline),
        trial("broken_baselines_are_2", broken_baselines_are_2),
        trial("other_files_of_ours_are_2", other_files_of_ours_are_2),
        trial("snapshots_without_facts_are_2", snapshots_without_facts_are_2),
        trial("broken_rules_are_2", broken_rules_are_2),
        trial("no_file_is_written_twice_or_over_what_is_read", no_file_is_written_twice),
        trial("nothing_is_overwritten_by_half", nothing_is_overwritten_by_half),
        trial("links_and_pipes_are_written_to_not_replaced", links_and_pipes_stay),
        trial("annotations_follow_the_environment", annotations_follow_the_environment),
        trial("help_has_exit_codes_and_examples", help_has_exit_codes_and_examples),
    ]
}

fn closewait_in(folder: &Path) -> Command {
    let mut command = closewait();
    command.current_dir(folder);
    command
}

/// A folder with one scenario, accepted for hyper-util, and its results file.
fn project(name: &str) -> PathBuf {
    let folder = folder("gate", name);
    fs::create_dir_all(folder.join("scenarios/half-close")).expect("the folder of the tests can be made");
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(SCENARIO).with_extension("toml");
    fs::copy(source, folder.join("scenarios").join(SCENARIO).with_extension("toml"))
        .expect("it can be copied");
    let arguments = ["run", "--client", "hyper-util", "--accept", "--out", "results.json"];
    check_in(&folder, &arguments, 0, &["accepted "]);
    folder
}

const GATE: [&str; 3] = ["gate", "--client", "hyper-util"];

fn gate(folder: &Path, more: &[&str], code: i32, words: &[&str]) -> Output {
    check_in(folder, &[&GATE[..], more].concat(), code, words)
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains(from), "{text}");
    fs::write(path, text.replace(from, to)).expect("it can be written");
}

/// A snapshot as an earlier closewait wrote it is accepted once again.
fn snapshots_without_facts_are_2() {
    let folder = project("without-facts");
    let path = folder.join(snapshot());
    let whole = fs::read_to_string(&path).expect("it is there");
    let lines = whole.lines().filter(|line| !line.starts_with("info: "));
    fs::write(&path, lines.map(|line| format!("{line}\n")).collect::<String>()).expect("it can be written");
    gate(&folder, &[], 2, &[&snapshot(), "accept it once again: `closewait run --accept`"]);
    check_in(&folder, &["run", "--client", "hyper-util"], 0, &["everything is as accepted"]);
    check_in(&folder, &["run", "--client", "hyper-util", "--accept"], 0, &["accepted the facts in "]);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), whole);
    gate(&folder, &[], 0, &[]);
}

fn snapshot() -> String {
    format!("snapshots/hyper-util/{SCENARIO}.snap")
}

/// Before, the oracle held; now, says this results file, it is violated.
fn worse(folder: &Path) {
    let path = folder.join("results.json");
    let text = fs::read_to_string(&path).expect("it is there");
    let mut document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    document["cells"][0]["run"]["findings"][0]["verdict"] = serde_json::json!({
        "verdict": "violated",
        "violations": [{
            "severity": "stale-reuse",
            "message": "b was written on connection 1, 2 000 ms after its FIN was delivered (W0)",
            "evidence": [3]
        }]
    });
    fs::write(path, document.to_string()).expect("it can be written");
}

const CURRENT: [&str; 2] = ["--current", "results.json"];

fn same_is_0() {
    let folder = project("same");
    gate(&folder, &[], 0, &["1 same", "the gate is open"]);
    gate(&folder, &CURRENT, 0, &["1 same"]);
    gate(&folder, &["--baseline", "results.json"], 0, &["compared with results.json: 1 same"]);
}

fn regressed_is_1() {
    let folder = project("regressed");
    worse(&folder);
    let words = [
        "regressed",
        "no-stale-reuse: holds → violated: b was written on connection 1, 2 000 ms after its FIN was delivered",
        "client",
        "origin",
        "closewait run half-close/fin-while-idle --client hyper-util --transcript",
    ];
    for baseline in [&["--baseline", "snapshots"][..], &[]] {
        gate(&folder, &[&CURRENT[..], baseline].concat(), 1, &words);
    }
    // The other way round it is fixed.
    gate(&folder, &["--baseline", "results.json"], 0, &["fixed", "violated → holds"]);
}

fn denied_drift_is_3() {
    let folder = project("drift");
    edit(&folder, &snapshot(), r#"\"connection\":2,\"fresh\":true"#, r#"\"connection\":1,\"fresh\":false"#);
    let moved = "request b moved from connection 1 to a new connection 2";
    gate(&folder, &[], 0, &["drifted", moved]);
    let rule = "[[rule]]\nlevel = \"deny\"\nchange = \"drifted\"\nreason = \"every change is looked at\"\n";
    fs::write(folder.join("closewait.toml"), rule).expect("it can be written");
    gate(&folder, &[], 3, &["drifted", moved, "every change is looked at", "the gate is closed"]);
}

fn a_trade_is_0_and_denied_3() {
    let folder = project("trade");
    let text = fs::read_to_string(folder.join("results.json")).expect("it is there");
    let violated = |name: &str, oracle: &str| {
        let mut document: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
        let findings = document["cells"][0]["run"]["findings"].as_array_mut().expect("findings");
        let finding = findings.iter_mut().find(|finding| finding["oracle"] == oracle).expect("it is judged");
        let violation =
            serde_json::json!({ "severity": "retry-storm", "message": "b, 9 times", "evidence": [3] });
        finding["verdict"] = serde_json::json!({ "verdict": "violated", "violations": [violation] });
        fs::write(folder.join(name), document.to_string()).expect("it can be written");
    };
    violated("before.json", "bounded-retries");
    violated("after.json", "unsent-is-free");
    let arguments = ["--baseline", "before.json", "--current", "after.json"];
    gate(&folder, &arguments, 0, &["trade", "bounded-retries: violated → ", "1 trade", "the gate is open"]);
    let rule = "[[rule]]\nlevel = \"deny\"\nchange = \"trade\"\nreason = \"each is looked at\"\n";
    fs::write(folder.join("closewait.toml"), rule).expect("it can be written");
    gate(&folder, &arguments, 3, &["trade", "unsent-is-free: ", "each is looked at", "the gate is closed"]);
    let back = ["--baseline", "after.json", "--current", "before.json"];
    gate(&folder, &back, 1, &["regressed", "bounded-retries: "]);
}

fn an_allowed_regression_is_0() {
    let folder = project("allowed");
    worse(&folder);
    let rule = "[[rule]]\nlevel = \"allow\"\noracle = \"no-stale-reuse\"\nscenario = \"half-close/*\"\n\
                client = \"hyper-util\"\nreason = \"hyper-util#133, we retry above it\"\n";
    fs::write(folder.join("rules.toml"), rule).expect("it can be written");
    let arguments = [&CURRENT[..], &["--config", "rules.toml"]].concat();
    gate(&folder, &arguments, 0, &["regressed, allowed", "rules.toml:1: hyper-util#133, we retry above it"]);
}

fn stale_rules_are_told() {
    let folder = project("stale");
    let rule = "[[rule]]\nlevel = \"allow\"\noracle = \"no-leak\"\nreason = \"once\"\n";
    fs::write(folder.join("closewait.toml"), rule).expect("it can be written");
    let whole = ["gate", "--current", "results.json"];
    check_in(&folder, &whole, 0, &["stale rule", "closewait.toml:1", "no-leak matches nothing any more"]);
    let part = gate(&folder, &[], 0, &[]);
    assert!(!said(&part).contains("stale rule"), "not everything was played: {}", said(&part));
}

fn a_revision_is_a_baseline() {
    let folder = project("revision");
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(&folder)
            .args(["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{}", said(&output));
    };
    git(&["init", "-q", "-b", "trunk"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "accepted"]);
    let answered = r#"\"id\":\"b\",\"method\":\"GET\",\"outcome\":\"200\",\"attempts\""#;
    edit(&folder, &snapshot(), answered, &answered.replace("200", "cancelled"));
    gate(&folder, &["--baseline", "trunk"], 0, &["1 same"]);
    gate(&folder, &["--baseline", "trunk:snapshots/"], 0, &["1 same"]);
    gate(&folder, &["--baseline", "HEAD:results.json"], 0, &["1 same"]);
    gate(&folder, &[], 0, &["drifted", "the outcome of request b changed from cancelled to 200"]);
    gate(
        &folder,
        &["--baseline", "no-such-branch"],
        2,
        &["there is no baseline `no-such-branch`", "REVISION"],
    );
    gate(&folder, &["--baseline", "trunk:elsewhere"], 2, &["holds no accepted result"]);
    gate(&folder, &["--baseline=--output=x"], 2, &["there is no baseline"]);
    // From a folder below, paths are as one sees them there.
    let below = folder.join("below");
    fs::create_dir(&below).expect("a folder can be made");
    let arguments =
        ["gate", "--client", "hyper-util", "--scenarios", "../scenarios", "--snapshots", "../snapshots"];
    check_in(&below, &[&arguments[..], &["--baseline", "trunk:../snapshots"]].concat(), 0, &["1 same"]);
}

fn broken_baselines_are_2() {
    let folder = project("broken");
    fs::create_dir(folder.join("empty")).expect("a folder can be made");
    gate(&folder, &["--baseline", "empty"], 2, &["holds no accepted result", "closewait run --accept"]);
    let text = fs::read_to_string(folder.join("results.json")).expect("it is there");
    let cases = [
        ("half.json", text[..text.len() / 2].to_owned(), "half-written"),
        ("foreign.json", "{\"results\": []}".to_owned(), "no results file of closewait"),
        ("newer.json", text.replace("\"version\": 1,", "\"version\": 7,"), "version 7"),
        ("text.json", "not json".to_owned(), "text.json:1:"),
        ("damaged.json", text.replace("\"mark\"", "\"march\""), "missing field `mark`"),
    ];
    for (name, text, words) in cases {
        fs::write(folder.join(name), text).expect("it can be written");
        gate(&folder, &["--baseline", name], 2, &[name, words, "closewait run --out"]);
        gate(&folder, &["--current", name], 2, &[name, words]);
    }
    gate(&folder, &["--current", "absent.json"], 2, &["absent.json"]);
    fs::write(folder.join(snapshot()), "no header").expect("it can be written");
    gate(&folder, &[], 2, &["not a snapshot", ".snap"]);
    fs::write(folder.join(snapshot()), "---\ninfo: \"{\\\"run\\\":{}}\"\n---\ntitle\n")
        .expect("it can be written");
    gate(&folder, &[], 2, &["not a snapshot", "`findings`"]);
}

/// Whatever else closewait writes: the name of the file, what it is, and what to do.
fn other_files_of_ours_are_2() {
    let folder = project("ours");
    let keep = |arguments: &[&str], file: &str| {
        let output = closewait_in(&folder).args(arguments).output().expect("the binary runs");
        fs::write(folder.join(file), output.stdout).expect("it can be written");
    };
    let sweep = ["sweep", "keep-alive", "--client", "reference", "--fault", "fin", "--budget", "9"];
    keep(&[&sweep[..], &["--results", "runs.jsonl", "--out", "strips.json"]].concat(), "sweep.txt");
    keep(&[&sweep[..], &["--format", "json"]].concat(), "sweep.json");
    keep(&["explore", "--client", "reference", "--runs", "1", "--format", "json"], "explore.json");
    keep(&["list", "--json"], "list.json");
    keep(&["schema"], "schema.json");
    let all = ["--junit", "junit.xml", "--sarif", "log.sarif", "--markdown", "s.md", "--html", "r.html"];
    gate(&folder, &[&CURRENT[..], &all].concat(), 0, &[]);
    fs::copy(folder.join(snapshot()), folder.join("one.snap")).expect("it can be copied");
    fs::write(folder.join("kept.md"), "old").expect("it can be written");
    let cases = [
        ("runs.jsonl", "`closewait sweep --accepted FILE`"),
        ("strips.json", "`closewait sweep --accepted FILE`"),
        ("sweep.json", "`closewait sweep --accepted FILE`"),
        ("sweep.txt", "not JSON"),
        ("explore.json", "`closewait explore --format json`"),
        ("list.json", "`closewait list --json`"),
        ("schema.json", "a JSON Schema"),
        ("junit.xml", "JUnit"),
        ("log.sarif", "a SARIF log"),
        ("s.md", "not JSON"),
        ("r.html", "HTML"),
        ("one.snap", "a snapshot"),
    ];
    for (name, words) in cases {
        for side in ["--baseline", "--current"] {
            let arguments = [side, name, "--markdown", "kept.md"];
            let output = gate(&folder, &arguments, 2, &[name, words, "closewait run --out FILE"]);
            assert!(said(&output).starts_with(&format!("error: {name}")), "{}", said(&output));
        }
    }
    assert_eq!(fs::read_to_string(folder.join("kept.md")).expect("it is there"), "old");
    // The other way round: a sweep has played nothing and overwritten nothing when it refuses.
    let before = fs::read(folder.join("runs.jsonl")).expect("it is there");
    let wrong = [&sweep[..], &["--accepted", "results.json", "--results", "runs.jsonl"]].concat();
    let output = check_in(&folder, &wrong, 2, &["results.json", "closewait sweep --results"]);
    assert!(!said(&output).contains("runs at"), "{}", said(&output));
    assert_eq!(fs::read(folder.join("runs.jsonl")).expect("it is there"), before);
}

fn no_file_is_written_twice() {
    let folder = project("twice");
    fs::write(folder.join("kept.md"), "old").expect("it can be written");
    let before = fs::read(folder.join("results.json")).expect("it is there");
    let gate = |more: &[&str], code, words: &[&str]| {
        gate(&folder, &[&CURRENT[..], more].concat(), code, words);
    };
    gate(&["--out", "results.json"], 2, &["results.json", "not written over"]);
    gate(&["--markdown", "kept.md", "--html", "./kept.md"], 2, &["cannot share the file kept.md"]);
    gate(&["--markdown", "scenarios/../results.json"], 2, &["results.json", "not written over"]);
    gate(&["--baseline", "results.json", "--sarif", "results.json"], 2, &["results.json"]);
    gate(&["--markdown", "closewait.toml"], 2, &["closewait.toml"]);
    check_in(&folder, &["report", "results.json", "--html", "results.json"], 2, &["results.json"]);
    let pcap = ["run", "--client", "hyper-util", "--pcap", "p", "--html", "p"];
    check_in(&folder, &pcap, 2, &["cannot share the file p"]);
    assert_eq!(fs::read_to_string(folder.join("kept.md")).expect("it is there"), "old");
    assert_eq!(fs::read(folder.join("results.json")).expect("it is there"), before);
}

fn broken_rules_are_2() {
    let folder = project("rules");
    let rules = |text: &str, words: &[&str]| {
        fs::write(folder.join("closewait.toml"), text).expect("it can be written");
        gate(&folder, &[], 2, words);
    };
    rules(
        "[[rule]]\nlevle = \"deny\"\nreason = \"x\"\n",
        &["closewait.toml:2:1", "^^^^^", "did you mean `level`?"],
    );
    rules("[[rule]]\nlevel = \"deny\"\nreason = \"x\"\noracle = \"no-stale-use\"\n", &["no-stale-reuse"]);
    rules("[[rule]]\nlevel = \"deny\"\nreason = \"x\"\nscenario = \"half-closed/*\"\n", &["half-close/*"]);
    rules("[[rule]\n", &["this is not TOML"]);
    gate(&folder, &["--config", "absent.toml"], 2, &["cannot read the rules absent.toml"]);
}

fn nothing_is_overwritten_by_half() {
    let folder = project("whole");
    fs::write(folder.join("kept.md"), "old").expect("it can be written");
    let arguments = ["--markdown", "kept.md", "--junit", "no/such/folder/junit.xml"];
    gate(&folder, &arguments, 2, &["cannot write no/such/folder/junit.xml", "nothing was overwritten"]);
    gate(&folder, &["--markdown", "kept.md", "--sarif", "scenarios"], 2, &["cannot write scenarios"]);
    assert_eq!(fs::read_to_string(folder.join("kept.md")).expect("it is there"), "old");
    let left = |folder: &Path| {
        let names =
            fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".tmp")).count()
    };
    assert_eq!(left(&folder), 0);
    let all = ["--markdown", "kept.md", "--junit", "j.xml", "--sarif", "s.sarif", "--json", "r.json"];
    gate(&folder, &all, 0, &[]);
    for file in ["kept.md", "j.xml", "s.sarif", "r.json"] {
        assert!(fs::metadata(folder.join(file)).expect("it is there").len() > 100, "{file}");
    }
    assert_eq!(left(&folder), 0);
    let output = gate(&folder, &["--markdown", "-"], 0, &[]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("## "), "{}", said(&output));
    gate(&folder, &["--markdown", "-", "--junit", "-"], 2, &["cannot share stdout"]);
    let output = check_in(&folder, &["run", "--client", "hyper-util", "--junit", "-"], 0, &[]);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("<?xml"), "{}", said(&output));
}

fn links_and_pipes_stay() {
    let folder = project("streams");
    let (target, link, pipe) = (folder.join("target.md"), folder.join("link.md"), folder.join("pipe"));
    fs::write(&target, "old").expect("it can be written");
    symlink(&target, &link).expect("it can be linked");
    assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo is there").success());
    let reader = thread::spawn({
        let pipe = pipe.clone();
        move || fs::read_to_string(pipe).expect("it is a pipe with text")
    });
    gate(&folder, &["--markdown", "link.md", "--junit", "pipe"], 0, &[]);
    assert!(reader.join().expect("it has read").starts_with("<?xml"));
    assert!(fs::symlink_metadata(&link).expect("it is there").is_symlink());
    assert!(fs::read_to_string(&target).expect("it is there").starts_with("## "));
    assert!(fs::metadata(&pipe).expect("it is there").file_type().is_fifo());
}

fn annotations_follow_the_environment() {
    let folder = project("annotations");
    worse(&folder);
    let run = |on: Option<&str>, more: &[&str]| {
        let mut command = closewait_in(&folder);
        if let Some(value) = on {
            command.env("GITHUB_ACTIONS", value);
        }
        said(&command.args(GATE).args(CURRENT).args(more).output().expect("the binary runs"))
    };
    let error = "\n::error file=scenarios/half-close/fin-while-idle.toml,line=";
    assert!(run(Some("true"), &[]).contains(error), "{}", run(Some("true"), &[]));
    assert!(run(Some("true"), &[]).starts_with("::stop-commands::"));
    assert!(!run(None, &[]).contains("::error") && !run(Some("false"), &[]).contains("::error"));
    assert!(run(None, &["--annotations", "always"]).contains(error));
    assert!(!run(Some("true"), &["--annotations", "never"]).contains("::error"));
}

fn help_has_exit_codes_and_examples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    check_in(
        root,
        &["gate", "--help"],
        0,
        &["Examples:", "Exit codes:", "  0  ", "  1  ", "  2  ", "  3  ", "--baseline"],
    );
    check_in(root, &["run", "--help"], 0, &["--markdown", "--junit", "--sarif", "--out", "--json"]);
}
