//! The harness as another crate uses it: a test binary with `harness = false`, in a folder of its own.

mod fixtures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use libtest_mimic::Trial;

pub use fixtures::{FIXTURE, play as play_fixture};

const SCENARIO: &str = "half-close/fin-while-idle";

/// `harness::<what>`.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn(Crate)| {
        let folder = Crate::new(name);
        Trial::test(format!("harness::{name}"), move || {
            test(folder.clone());
            Ok(())
        })
    };
    vec![
        trial("lists-one-trial-per-scenario", lists_one_trial_per_scenario),
        trial("accepts-what-is-new", accepts_what_is_new),
        trial("accepts-nothing-in-ci", accepts_nothing_in_ci),
        trial("fails-when-behaviour-changes", fails_when_behaviour_changes),
        trial("passes-where-only-words-differ", passes_where_only_words_differ),
        trial("accepts-no-stopped-run-by-itself", accepts_no_stopped_run_by_itself),
        trial("accepts-on-request", accepts_on_request),
        trial("accepts-facts-once-again", accepts_facts_once_again),
        trial("finds-snapshots-without-a-scenario", finds_snapshots_without_a_scenario),
        trial("reads-the-version-from-the-lock", reads_the_version_from_the_lock),
        trial("says-why-a-scenario-is-unsupported", says_why_a_scenario_is_unsupported),
        trial("keeps-fixed-settings", keeps_fixed_settings),
        trial("judges-retries-by-the-budget", judges_retries_by_the_budget),
        trial("plays-scenarios-of-the-crate", plays_scenarios_of_the_crate),
        trial("refuses-bad-suites", refuses_bad_suites),
        trial("plays-before-an-axum-application", plays_before_an_axum_application),
        trial("repeats-before-an-axum-application", repeats_before_an_axum_application),
        trial("plays-a-bridged-client", plays_a_bridged_client),
        trial("plays-chance-the-same-each-time", plays_chance_the_same_each_time),
        trial("survives-a-client-that-aborts", survives_a_client_that_aborts),
        trial("writes-results", writes_results),
    ]
}

/// A folder that stands for another crate.
#[derive(Clone)]
struct Crate(PathBuf);

impl Crate {
    fn new(name: &str) -> Self {
        Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join("harness").join(name))
    }

    fn empty(self) -> Self {
        if self.0.exists() {
            fs::remove_dir_all(&self.0).expect("the folder of the tests can be emptied");
        }
        fs::create_dir_all(&self.0).expect("the folder of the tests can be made");
        self
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().expect("it is in the crate")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    }

    fn snapshot(&self, client: &str) -> String {
        let path = format!("tests/closewait-snapshots/{client}/{SCENARIO}.snap");
        fs::read_to_string(self.0.join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Exit code, and words that the test must say.
    fn check(
        &self,
        fixture: &str,
        arguments: &[&str],
        variables: &[(&str, &str)],
        code: i32,
        words: &[&str],
    ) -> String {
        let Output { status, stdout, stderr } = self.run(fixture, arguments, variables);
        let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(code), "{fixture} {arguments:?} {variables:?}\n{said}");
        for word in words {
            assert!(
                said.contains(word),
                "{fixture} {arguments:?} {variables:?} does not say `{word}`:\n{said}"
            );
        }
        said
    }

    fn run(&self, fixture: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        let this = std::env::current_exe().expect("a test knows its binary");
        let mut command = Command::new(this);
        for name in ["CI", "NEXTEST", "CLOSEWAIT_ACCEPT", "CLOSEWAIT_RESULTS", "CLOSEWAIT_PCAP"] {
            command.env_remove(name);
        }
        command.current_dir(&self.0).env("CARGO_MANIFEST_DIR", &self.0).env(FIXTURE, fixture);
        command.args(arguments).envs(variables.iter().copied()).output().expect("the binary runs")
    }
}

const CI: [(&str, &str); 1] = [("CI", "true")];
const ACCEPT: [(&str, &str); 1] = [("CLOSEWAIT_ACCEPT", "1")];

fn lists_one_trial_per_scenario(folder: Crate) {
    let folder = folder.empty();
    let said = folder.check("plain", &["--list"], &[], 0, &["plain::half-close/fin-while-idle: test\n"]);
    let listed = said.lines().filter(|line| line.ends_with(": test")).count();
    let http1 = |scenario: &&closewait::scenario::Scenario| {
        scenario.protocol == closewait::scenario::Protocol::Http1 && scenario.family() == "half-close"
    };
    let catalogue = closewait::scenario::catalogue();
    assert_eq!(listed, catalogue.iter().filter(http1).count() + 1, "{said}");
    let exact = ["--list", "--exact", "plain::half-close/fin-while-idle"];
    assert_eq!(
        folder.check("plain", &exact, &[], 0, &[]).lines().filter(|l| l.ends_with(": test")).count(),
        1
    );
    folder.check("ignoring", &["fin-while-idle"], &CI, 0, &["fin-while-idle ... ignored"]);
    folder.check("ignoring", &["--ignored"], &[], 0, &["fin-while-idle ... ok"]);
}

fn accepts_what_is_new(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &["fin-while-idle"], &[], 0, &["plain 1.2.3: ", "✓"]);
    let snapshot = folder.snapshot("plain");
    assert!(
        snapshot.starts_with("---\nsource: closewait::harness\ndescription: plain 1.2.3\ninfo: \"{"),
        "{snapshot}"
    );
    folder.check("plain", &["fin-while-idle"], &CI, 0, &[]);
}

fn accepts_nothing_in_ci(folder: Crate) {
    let folder = folder.empty();
    let words =
        ["no snapshot is accepted yet", "CLOSEWAIT_ACCEPT=1 cargo test --test suite -- --exact 'plain::"];
    folder.check("plain", &["fin-while-idle"], &CI, 101, &words);
    assert!(!folder.0.join("tests").exists());
}

fn fails_when_behaviour_changes(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &[], &[], 0, &[]);
    // The planted regression: under the same name, a client that sends every request again that failed.
    let said = folder.check(
        "retrying",
        &["fin-in-flight-post"],
        &[],
        101,
        &[
            "regressed: race-outcome: holds → violated: b (POST) was executed 2 times (FIN of connection 1",
            "\n  at-most-once: holds → violated: b (POST)",
        ],
    );
    assert!(said.contains("-     5 050 ms  b: error") && said.contains("+"), "{said}");
    folder.check("retrying", &["fin-while-idle"], &CI, 0, &[]);
}

fn passes_where_only_words_differ(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &[], &[], 0, &[]);
    let line = "only times or words differ from the snapshot of half-close/";
    for variables in [&CI[..], &[]] {
        let said =
            folder.check("rewording", &[], variables, 0, &[line, "; CLOSEWAIT_ACCEPT=1 writes it anew"]);
        assert_eq!(said.matches("only times or words").count(), 1, "{said}");
    }
    // What is accepted stays until somebody says so.
    let said = folder.check("plain", &[], &CI, 0, &[]);
    assert!(!said.contains("only times or words"), "{said}");
    folder.check("rewording", &[], &ACCEPT, 0, &[]);
    let said = folder.check("rewording", &[], &CI, 0, &[]);
    assert!(!said.contains("only times or words"), "{said}");
}

fn accepts_no_stopped_run_by_itself(folder: Crate) {
    let folder = folder.empty();
    let words = [
        "the run was stopped, and no snapshot is accepted yet",
        "run stopped, panic in the client: cannot send /a",
        "CLOSEWAIT_ACCEPT=1 cargo test --test suite -- --exact 'plain::half-close/fin-while-idle'",
    ];
    for variables in [&[][..], &CI] {
        folder.check("panicking", &["fin-while-idle"], variables, 101, &words);
        assert!(!folder.0.join("tests").exists());
    }
    // Whoever says so has it: from then on it is known.
    folder.check("panicking", &["fin-while-idle"], &ACCEPT, 0, &["! half-close/fin-while-idle"]);
    folder.check("panicking", &["fin-while-idle"], &CI, 0, &[]);
    folder.check("plain", &["fin-while-idle"], &CI, 101, &["fixed: ", "the run is no longer stopped"]);
}

fn accepts_on_request(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &[], &[], 0, &[]);
    folder.check(
        "retrying",
        &[],
        &ACCEPT,
        0,
        &["✗ half-close/fin-in-flight-post  race-outcome, at-most-once"],
    );
    folder.check("retrying", &[], &CI, 0, &[]);
    folder.check("plain", &["fin-in-flight-post"], &CI, 101, &["fixed: ", "at-most-once: violated → holds"]);
}

/// What an earlier closewait accepted stays accepted, and gets its facts where everything is accepted.
fn accepts_facts_once_again(folder: Crate) {
    let folder = folder.empty();
    let file = format!("tests/closewait-snapshots/plain/{SCENARIO}.snap");
    folder.check("plain", &["fin-while-idle"], &[], 0, &[]);
    let whole = folder.snapshot("plain");
    let lines = whole.lines().filter(|line| !line.starts_with("info: "));
    let old: String = lines.map(|line| format!("{line}\n")).collect();
    folder.write(&file, &old);
    folder.check("plain", &["fin-while-idle"], &CI, 0, &[]);
    folder.write(&file, &old.replace("b: GET /b", "b: GET /c"));
    let words =
        ["an earlier closewait wrote the accepted snapshot, without its facts", "-     1 061 ms  b: GET /c"];
    folder.check("plain", &["fin-while-idle"], &CI, 101, &words);
    folder.write(&file, &old);
    folder.check("plain", &["fin-while-idle"], &ACCEPT, 0, &[]);
    assert_eq!(folder.snapshot("plain"), whole);
}

fn finds_snapshots_without_a_scenario(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &[], &[], 0, &[]);
    folder.write("tests/closewait-snapshots/plain/half-close/renamed.snap", "---\n---\nx\n");
    let words = ["snapshots without a scenario", "half-close/renamed.snap"];
    folder.check("plain", &["every-snapshot"], &[], 101, &words);
    folder.check("plain", &["every-snapshot"], &ACCEPT, 0, &[]);
    folder.check("plain", &["every-snapshot"], &CI, 0, &[]);
}

fn reads_the_version_from_the_lock(folder: Crate) {
    let folder = folder.empty();
    folder.write("Cargo.lock", "version = 4\n\n[[package]]\nname = \"hyper-util\"\nversion = \"0.9.8\"\n");
    folder.check("locked", &["fin-while-idle"], &[], 0, &["plain (hyper-util 0.9.8): "]);
    // Another version with the same behaviour is no difference.
    folder.check("plain", &["fin-while-idle"], &CI, 0, &["plain 1.2.3: "]);
}

fn says_why_a_scenario_is_unsupported(folder: Crate) {
    let folder = folder.empty();
    let words = ["ignored (unsupported: plain has no idle timeout", "ignored (unsupported: not on a Sunday"];
    folder.check("incapable", &[], &[], 0, &words);
}

fn keeps_fixed_settings(folder: Crate) {
    let folder = folder.empty();
    let words = ["ignored (unsupported: the scenario needs idle_timeout = ", "this client's is 5s"];
    folder.check("fixed", &[], &[], 0, &words);
}

/// The same client, with a budget that its test says, and without one.
fn judges_retries_by_the_budget(folder: Crate) {
    let folder = folder.empty();
    let check = |fixture, verdict: &str| {
        folder.check(fixture, &["every-connection-dies"], &ACCEPT, 0, &[]);
        let file = "tests/closewait-snapshots/storm/retry/every-connection-dies.snap";
        let snapshot = fs::read_to_string(folder.0.join(file)).expect("it was accepted");
        let finding = format!("bounded-retries          {verdict}\n");
        assert!(snapshot.contains(&finding), "{fixture}: no `{verdict}` in\n{snapshot}");
    };
    check("storm", "not exercised · not judged: the client's retry budget is not known");
    check("storm-of-three", "holds · a: 4 attempts");
    check("storm-of-two", "VIOLATED · a was written 4 times; the budget is 3");
}

fn plays_scenarios_of_the_crate(folder: Crate) {
    let folder = folder.empty();
    let source =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(SCENARIO).with_extension("toml");
    let text = fs::read_to_string(source).expect("the scenario is there");
    folder.write("tests/scenarios/ours/fin.toml", &text);
    folder.check("own-only", &[], &[], 0, &["1 scenario: ✓ 1 holds"]);
    folder.check("own", &[], &[], 0, &["plain::ours/fin"]);
    folder.check("own", &["--list"], &[], 0, &["plain::half-close/fin-while-idle: test\n"]);
    // An id that is taken.
    folder.write("tests/scenarios/half-close/fin-while-idle.toml", &text);
    folder.check("own", &[], &[], 2, &["there are two scenarios `half-close/fin-while-idle`"]);
}

fn refuses_bad_suites(folder: Crate) {
    let folder = folder.empty();
    folder.check("misspelled", &[], &[], 2, &["no scenario matches `half-clos/*`", "did you mean"]);
    folder.check("own", &["--list"], &[], 2, &["there is no folder"]);
    folder.write("tests/scenarios/ours/bad.toml", "titel = \"x\"\n");
    folder.check("own", &[], &[], 2, &["bad.toml:1:1", "titel"]);
}

fn plays_before_an_axum_application(folder: Crate) {
    let folder = folder.empty();
    let words = ["ignored (unsupported: only the scripted origin can answer as the script says"];
    folder.check("axum", &[], &[], 0, &words);
    let snapshot = folder.snapshot("axum");
    // The application answered, over the simulated network, and the oracles saw it.
    assert!(snapshot.contains("a: executed by the origin, answered 200"), "{snapshot}");
    assert!(
        snapshot.contains("no-cross-talk            holds · 2 responses, each the right one"),
        "{snapshot}"
    );
    assert!(snapshot.contains("connection 1: FIN delivered to the client"), "{snapshot}");
    assert!(!snapshot.contains("VIOLATED"), "{snapshot}");
}

fn repeats_before_an_axum_application(folder: Crate) {
    let folder = folder.empty();
    folder.check("axum", &[], &[], 0, &[]);
    for _ in 0..3 {
        folder.check("axum", &[], &CI, 0, &[]);
    }
}

fn plays_a_bridged_client(folder: Crate) {
    let folder = folder.empty();
    folder.check("bridged", &[], &[], 0, &["bridged (reqwest "]);
    folder.check("bridged", &[], &CI, 0, &[]);
}

fn plays_chance_the_same_each_time(folder: Crate) {
    let folder = folder.empty();
    folder.check("chance", &[], &[], 0, &[]);
    let one = folder.snapshot("plain");
    for arguments in [&["--test-threads=1"], &["--test-threads=8"], &["fin"], &["fin-while-idle"]] {
        folder.check("chance", arguments, &CI, 0, &[]);
    }
    // It is chance: another scenario has other times, and in one process they follow from what went before.
    let other = folder.0.join("tests/closewait-snapshots/plain/half-close/fin-in-flight-post.snap");
    let other = fs::read_to_string(other).expect("it was accepted");
    let written =
        |snapshot: &str| snapshot.lines().find(|line| line.contains("a: written")).map(str::to_owned);
    assert_ne!(written(&one), written(&other));
    folder.check("chance", &[], &[CI[0], ("CLOSEWAIT_ONE_PROCESS", "1")], 101, &["not as accepted"]);
}

fn survives_a_client_that_aborts(folder: Crate) {
    let folder = folder.empty();
    folder.check("aborting", &["fin-while-idle"], &[], 101, &["the run was stopped", "! 1 stopped"]);
    let accept = [("CLOSEWAIT_ACCEPT", "1")];
    folder.check(
        "aborting",
        &["fin-while-idle"],
        &accept,
        0,
        &["! half-close/fin-while-idle", "! 1 stopped"],
    );
    let snapshot = folder.snapshot("plain");
    assert!(snapshot.contains("the process was ended by signal 6 (SIGABRT)"), "{snapshot}");
}

fn writes_results(folder: Crate) {
    let folder = folder.empty();
    folder.check("plain", &[], &[("CLOSEWAIT_RESULTS", "results.json")], 0, &[]);
    let text = fs::read_to_string(folder.0.join("results.json")).expect("it was written");
    let json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    assert_eq!(json["clients"][0]["name"], "plain");
    assert!(json["cells"].as_array().is_some_and(|results| results.len() > 3), "{text}");
    assert!(!folder.0.join("results.partial").exists());
    folder.check("plain", &[], &[("CLOSEWAIT_PCAP", "runs.pcapng")], 0, &[]);
    let capture = fs::read(folder.0.join("runs.pcapng")).expect("it was written");
    assert_eq!(capture[..4], [0x0a, 0x0d, 0x0d, 0x0a], "a section header block");
    folder.check("plain", &[], &[("CLOSEWAIT_RESULTS", "no/such/folder.json")], 2, &["cannot write no/such"]);
}
