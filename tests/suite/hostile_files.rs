//! Files that nobody should wait for, or believe: pipes, devices, bytes that are no text, errors without number.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use super::support::{check_in, folder, said};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("hostile_files::{name}"), move || {
            test();
            Ok(())
        })
    };
    vec![
        trial("only_plain_files_are_read", only_plain_files_are_read),
        trial("what_is_no_text_has_its_place", what_is_no_text_has_its_place),
        trial("many_errors_are_counted", many_errors_are_counted),
        trial("repetition_has_details_and_json", repetition_has_details_and_json),
        trial(
            "markdown_of_a_run_says_what_its_exit_code_says",
            markdown_of_a_run_says_what_its_exit_code_says,
        ),
        trial("two_results_files_are_not_accepted", two_results_files_are_not_accepted),
        trial("a_revision_is_found_from_a_folder_below", a_revision_is_found_from_a_folder_below),
    ]
}

const SCENARIO: &str = "half-close/fin-while-idle";

fn catalogue() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios"))
}

fn project(name: &str) -> std::path::PathBuf {
    let place = folder("hostile_files", name);
    fs::create_dir_all(place.join("scenarios/half-close")).expect("a folder can be made");
    let file = format!("{SCENARIO}.toml");
    fs::copy(catalogue().join(&file), place.join("scenarios").join(&file)).expect("it can be copied");
    place
}

fn only_plain_files_are_read() {
    let place = project("plain");
    let began = Instant::now();
    let named = |name: &str| place.join("scenarios/half-close").join(name);
    let made = Command::new("mkfifo").arg(named("pipe.toml")).status().expect("there is mkfifo");
    assert!(made.success());
    std::os::unix::fs::symlink("/dev/zero", named("zero.toml")).expect("a link can be made");
    fs::File::create(named("long.toml")).and_then(|file| file.set_len(1 << 40)).expect("holes take no room");
    let words =
        ["pipe.toml: it is no plain file", "zero.toml: it is no plain file", "long.toml: it is longer than"];
    check_in(&place, &["list"], 2, &words);
    for file in ["pipe.toml", "zero.toml", "long.toml"] {
        let file = format!("scenarios/half-close/{file}");
        check_in(&place, &["run", &file], 2, &["it is"]);
        check_in(&place, &["explore", "--shrink", &file], 2, &["it is"]);
        let gate = ["gate", "--scenarios", "built-in", "--snapshots", "accepted", "--config", &file];
        accept(&place);
        check_in(&place, &gate, 2, &["it is"]);
    }
    for flag in ["--current", "--baseline"] {
        check_in(&place, &["gate", "--scenarios", "built-in", flag, "/dev/zero"], 2, &[]);
    }
    assert!(began.elapsed() < Duration::from_secs(120), "nobody waits for a pipe");
}

fn accept(place: &Path) {
    let run =
        ["run", SCENARIO, "--scenarios", "built-in", "--client", "hyper-util", "--snapshots", "accepted"];
    check_in(place, &[&run[..], &["--accept"]].concat(), 0, &[]);
}

fn what_is_no_text_has_its_place() {
    let place = project("text");
    fs::write(place.join("scenarios/half-close/two.toml"), b"title = 'a'\nabout = '\xff'\n")
        .expect("it can be written");
    check_in(&place, &["list"], 2, &["two.toml", "not UTF-8 text: line 2, column 10"]);
    fs::write(place.join("results.json"), b"{\n\n \xc3").expect("it can be written");
    check_in(
        &place,
        &["report", "results.json", "--html", "a.html"],
        2,
        &["results.json", "line 3, column 2"],
    );
}

fn many_errors_are_counted() {
    let place = folder("hostile_files", "many");
    fs::create_dir_all(place.join("scenarios/family")).expect("a folder can be made");
    let text: String = (0..500).map(|n| format!("key{n} = 1\n")).collect();
    for n in 0..100 {
        fs::write(place.join(format!("scenarios/family/n{n}.toml")), &text).expect("it can be written");
    }
    let output = check_in(&place, &["list"], 2, &["more in scenarios/family/n0.toml", "88 more files"]);
    assert!(said(&output).len() < 64 * 1024, "{} bytes are printed", said(&output).len());
}

fn repetition_has_details_and_json() {
    let place = project("repeat");
    let repeat = ["run", "--repeat", "2", "--client", "reference", "--client", "tonic"];
    check_in(
        &place,
        &[&repeat[..], &["-v"]].concat(),
        0,
        &["fin-while-idle  reference  the same", "tonic  unsupported"],
    );
    let output = check_in(&place, &[&repeat[..], &["--format", "json"]].concat(), 0, &[]);
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!((&document["runs"], &document["differs"]), (&2.into(), &serde_json::Value::Null));
    assert_eq!(document["same"][0]["scenario"], SCENARIO);
}

fn markdown_of_a_run_says_what_its_exit_code_says() {
    let place = project("markdown");
    let run = |code, words: &[&str]| {
        check_in(&place, &["run", "--client", "hyper-util", "--markdown", "a.md"], code, &[]);
        let page = fs::read_to_string(place.join("a.md")).expect("it was written");
        for words in words {
            assert!(page.contains(words), "no `{words}` in {page}");
        }
        assert_eq!(code == 0, page.contains("nothing is worse"), "{page}");
    };
    run(1, &["1 result is not as accepted", "1 new"]);
    check_in(&place, &["run", "--client", "hyper-util", "--accept"], 0, &[]);
    run(0, &["nothing is worse than what is accepted"]);
    let planted = catalogue().join("found/body-cut-by-no-error.toml");
    fs::create_dir_all(place.join("scenarios/found")).expect("a folder can be made");
    fs::copy(planted, place.join("scenarios/found/body-cut-by-no-error.toml")).expect("it can be copied");
    run(1, &["1 result is not as accepted", "1 new (1 of them violated)"]);
}

/// They are as they are; the snapshots are something else.
fn two_results_files_are_not_accepted() {
    let place = project("two-files");
    let run = ["run", "--client", "hyper-util", "--no-snapshots", "--out"];
    check_in(&place, &[&run[..], &["before.json"]].concat(), 0, &[]);
    let other = "half-close/fin-in-flight-get.toml";
    fs::copy(catalogue().join(other), place.join("scenarios").join(other)).expect("it can be copied");
    check_in(&place, &[&run[..], &["after.json"]].concat(), 0, &[]);
    let gate = ["gate", "--baseline", "before.json", "--current", "after.json", "--markdown", "a.md"];
    let output = said(&check_in(&place, &gate, 0, &["1 new"]));
    let page = fs::read_to_string(place.join("a.md")).expect("it was written");
    assert!(!(output + &page).contains("--accept"), "there is nothing to accept");
}

fn a_revision_is_found_from_a_folder_below() {
    let place = project("revision");
    let below = place.join("crate");
    fs::create_dir_all(&below).expect("a folder can be made");
    fs::rename(place.join("scenarios"), below.join("scenarios")).expect("it can be moved");
    let run = ["run", "--client", "hyper-util", "--accept"];
    check_in(&below, &run, 0, &[]);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let done = Command::new("git").args(identity).args(arguments).current_dir(&place).output();
        let done = done.expect("git runs");
        assert!(done.status.success(), "git {arguments:?}: {}", said(&done));
    };
    git(&["init", "-q"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "one"]);
    let gate = ["gate", "--client", "hyper-util", "--baseline"];
    for baseline in ["HEAD", "HEAD:snapshots", "HEAD:./snapshots"] {
        check_in(&below, &[&gate[..], &[baseline]].concat(), 0, &["the gate is open"]);
    }
    let from_above = ["--scenarios", "crate/scenarios", "--snapshots", "crate/snapshots"];
    check_in(&place, &[&gate[..], &["HEAD"], &from_above[..]].concat(), 0, &["the gate is open"]);
    let elsewhere = below.join("scenarios");
    let absolute = below.join("snapshots").display().to_string();
    let from_below = ["--scenarios", "../scenarios", "--snapshots"];
    for snapshots in ["../snapshots", &absolute] {
        let gate = [&gate[..], &["HEAD"], &from_below[..], &[snapshots]].concat();
        check_in(&elsewhere, &gate, 0, &["the gate is open"]);
    }
}
