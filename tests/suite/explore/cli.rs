//! `closewait explore` as a user meets it: what is saved, what is known, what is refused.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::Duration;

use closewait::scenario::{self, Catalogue};
use libtest_mimic::{Failed, Trial};
use serde_json::Value;

use super::super::support::{check_in, folder, said, text};

pub fn trials() -> Vec<Trial> {
    let trial =
        |name: &str, test: fn() -> Result<(), Failed>| Trial::test(format!("explore::cli::{name}"), test);
    vec![
        trial("two_clients_save_into_an_empty_folder", two_clients_save_into_an_empty_folder),
        trial("a_name_that_is_taken_gets_a_number", a_name_that_is_taken_gets_a_number),
        trial("what_cannot_be_saved_is_told_before_playing", what_cannot_be_saved_is_told_before_playing),
        trial("a_report_comes_before_the_failure_to_save", a_report_comes_before_the_failure_to_save),
        trial("known_is_what_is_of_the_same_version_of_http", known_is_what_is_of_the_same_version_of_http),
        trial("a_circumstance_is_named", a_circumstance_is_named),
        trial("any_number_of_schedules_is_taken_or_refused", any_number_of_schedules_is_taken_or_refused),
        trial("shrinking_says_why_it_does_not", shrinking_says_why_it_does_not),
        trial("what_is_left_says_what_it_is", what_is_left_says_what_it_is),
        trial("nothing_played_is_2", nothing_played_is_2),
        trial("what_is_cut_short_is_saved_and_goes_on", what_is_cut_short_is_saved_and_goes_on),
        trial("an_exploration_goes_on_where_it_was", an_exploration_goes_on_where_it_was),
    ]
}

/// hyper-util and reqwest find the same thing, which the catalogue does not show: with this seed the 7th schedule does,
/// after those that always come first. Here are four times as many.
const BOTH: [&str; 9] =
    ["explore", "--seed", "28", "--runs", "28", "--client", "hyper-util", "--client", "reqwest"];

/// The schedules that always come first are enough for hyper-util to show something new over HTTP/2: the 7th does.
const ONE: [&str; 7] = ["explore", "--protocol", "h2", "--runs", "1", "--client", "hyper-util"];

/// The second time everything is known: the built-in catalogue is so also next to saved findings.
fn two_clients_save_into_an_empty_folder() -> Result<(), Failed> {
    let here = folder("explore", "two-clients");
    let save = [&BOTH[..], &["--save"]].concat();
    let first = check_in(&here, &save, 1, &["saved as", "hyper-util", "reqwest", "--scenarios built-in"]);
    let saved = Catalogue::load(&here.join("scenarios"))?;
    assert_eq!(saved.iter().count(), said(&first).matches("saved as").count(), "{}", said(&first));
    let again = text(&check_in(&here, &save, 0, &["the same rule and faults as"]).stdout);
    assert!(!again.contains("saved as") && !again.contains("new: "), "{again}");
    Ok(())
}

/// Killed, as by Ctrl-C or worse, in the middle of what would take hours.
fn what_is_cut_short_is_saved_and_goes_on() -> Result<(), Failed> {
    let here = folder("explore", "cut-short");
    let explore =
        ["explore", "--client", "hyper-util", "--protocol", "h2", "--save", "--resume", "state.json"];
    let mut child = Command::new(env!("CARGO_BIN_EXE_closewait"))
        .args([&explore[..], &["--for", "8h"]].concat())
        .current_dir(&here)
        .stderr(Stdio::null())
        .spawn()?;
    let found = here.join("scenarios/found");
    let has_saved =
        || fs::read_dir(&found).is_ok_and(|files| files.count() > 0) && here.join("state.json").exists();
    let in_time = (0..1200).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        has_saved()
    });
    child.kill()?;
    child.wait()?;
    assert!(in_time, "nothing is saved while it explores");
    let saved = Catalogue::load(&here.join("scenarios"))?;
    assert!(saved.iter().count() > 0, "what is saved is whole");
    let done = state(&here)["parts"][0]["reached"]["done"].as_u64().unwrap_or_default();
    assert!(done > 0, "{}", state(&here));
    // Fewer schedules than are done: nothing more is played, and all of it is known.
    let again = [&explore[..], &["--runs", "1"]].concat();
    let output = text(&check_in(&here, &again, 0, &["the same rule and faults as found/"]).stdout);
    assert!(!output.contains("new: "), "{output}");
    Ok(())
}

fn an_exploration_goes_on_where_it_was() -> Result<(), Failed> {
    let here = folder("explore", "goes-on");
    let explore =
        |runs: &'static str| ["explore", "--client", "hyper-util", "--protocol", "h2", "--runs", runs];
    let resumed = |runs| [&explore(runs)[..], &["--resume", "state.json"]].concat();
    check_in(&here, &resumed("30"), 1, &[]);
    let goes_on = check_in(&here, &resumed("90"), 1, &[]);
    let at_once = check_in(&here, &explore("90"), 1, &[]);
    assert_eq!(text(&goes_on.stdout), text(&at_once.stdout));
    let seed = [&resumed("90")[..], &["--seed", "2"]].concat();
    check_in(&here, &seed, 2, &["state.json is of another exploration: the seed differs"]);
    fs::write(here.join("state.json"), "{}")?;
    check_in(&here, &resumed("90"), 2, &["state.json is not what"]);
    Ok(())
}

fn state(here: &Path) -> Value {
    let text = fs::read_to_string(here.join("state.json")).expect("it is there");
    serde_json::from_str(&text).expect("it is whole")
}

fn a_name_that_is_taken_gets_a_number() -> Result<(), Failed> {
    let here = folder("explore", "name-taken");
    let file = "scenarios/found/recovers-network-forget.toml";
    // A folder of that name: no scenario, and yet nothing can be written there.
    fs::create_dir_all(here.join(file))?;
    check_in(&here, &[&ONE[..], &["--save"]].concat(), 1, &["saved as", "recovers-network-forget-2.toml"]);
    Ok(())
}

fn what_cannot_be_saved_is_told_before_playing() -> Result<(), Failed> {
    let here = folder("explore", "no-folder");
    fs::write(here.join("scenarios"), "no folder")?;
    let output = check_in(&here, &[&ONE[..], &["--save"]].concat(), 2, &["cannot write scenarios/found"]);
    assert!(!said(&output).contains("schedules"), "{}", said(&output));
    Ok(())
}

/// Files can be made, but have no room for a single byte.
fn a_report_comes_before_the_failure_to_save() -> Result<(), Failed> {
    let here = folder("explore", "no-space");
    let command = format!("trap '' XFSZ; ulimit -f 0; exec \"$0\" {} --save", ONE.join(" "));
    let output = Command::new("sh")
        .args(["-c", &command, env!("CARGO_BIN_EXE_closewait")])
        .current_dir(&here)
        .output()?;
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    for words in ["not saved: cannot write scenarios/found/", "combinations of oracle"] {
        assert!(text(&output.stdout).contains(words), "no `{words}` in {}", said(&output));
    }
    assert!(text(&output.stderr).contains("error: cannot write scenarios/found/"), "{}", said(&output));
    assert_eq!(fs::read_dir(here.join("scenarios/found"))?.count(), 0, "half a scenario is left");
    Ok(())
}

fn known_is_what_is_of_the_same_version_of_http() -> Result<(), Failed> {
    let findings = findings()?;
    let built_in = scenario::catalogue();
    let mut known = 0;
    for finding in findings {
        let Some(id) = finding["known"].as_str() else { continue };
        known += 1;
        let shows = built_in.get(id)?;
        let found = scenario::parse("found/one", "found", finding["scenario"].as_str().unwrap_or_default())?;
        assert_eq!(shows.protocol.is_http2(), found.protocol.is_http2(), "{id} shows {finding:#}");
    }
    assert!(0 < known && known < findings.len(), "{known} of {}", findings.len());
    Ok(())
}

/// A finding without a fault that takes an answer held back says so, in the list, in its title and in its file name.
fn a_circumstance_is_named() -> Result<(), Failed> {
    let findings = findings()?;
    let (mut held_back, mut timed_out) = (0, 0);
    for finding in findings.iter().filter(|finding| finding["faults"] == Value::Array(Vec::new())) {
        let text = finding["scenario"].as_str().unwrap_or_default();
        let found = scenario::parse("found/one", "found", text)?;
        let check = |there: bool, word: &str, title: &str| {
            let listed = finding["circumstances"].as_array().is_some_and(|all| all.contains(&word.into()));
            assert_eq!(there, listed, "{word}: {finding:#}");
            assert_eq!(there, found.title.contains(title), "{title}: {}", found.title);
            usize::from(there)
        };
        held_back += check(text.contains("origin = \"hold\""), "answer-held-back", "an answer held back");
        let has_timeout = found.origin.idle_timeout.is_some();
        timed_out += check(has_timeout, "origin-idle-timeout", "the origin's idle timeout");
    }
    assert!(held_back > 0 && timed_out > 0, "no finding takes a circumstance: {findings:#?}");
    Ok(())
}

fn any_number_of_schedules_is_taken_or_refused() -> Result<(), Failed> {
    let check = |arguments: &[&str], code, words: &[&str]| {
        check_in(&folder("explore", "numbers"), &[&["explore"], arguments].concat(), code, words);
    };
    check(&["--runs", "18446744073709551615"], 2, &["--runs", "1000000000000"]);
    check(&["--runs", "0"], 2, &["--runs"]);
    check(
        &["--planted", "NoStaleCheck", "--protocol", "http1", "--runs", "1000000000000"],
        0,
        &["1 of 1 found"],
    );
    Ok(())
}

fn shrinking_says_why_it_does_not() -> Result<(), Failed> {
    let check = |id: &str, arguments: &[&str], code, words: &[&str]| {
        let file = format!("scenarios/{id}.toml");
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let output = check_in(here, &[&["explore", "--shrink", &file], arguments].concat(), code, words);
        assert_eq!(text(&output.stdout), "", "{id}");
    };
    let expectations = ["only its own [expect] is violated: nothing to shrink towards"];
    check("restart/every-idle-connection", &["--client", "hyper-util"], 1, &expectations);
    check("half-close/fin-while-idle", &["--client", "reference"], 0, &["nothing is violated in scenarios/"]);
    let upload = "upload/path-dies-in-the-middle";
    check(upload, &["--client", "tonic"], 2, &["tonic cannot play this: "]);
    check(upload, &["--client", "hyper-util", "--format", "json"], 2, &["--format json"]);
    Ok(())
}

/// Not what was true of the whole.
fn what_is_left_says_what_it_is() -> Result<(), Failed> {
    let id = "upload/path-dies-in-the-middle";
    let file = format!("scenarios/{id}.toml");
    let arguments = ["explore", "--shrink", &file, "--client", "hyper-util"];
    let output = check_in(Path::new(env!("CARGO_MANIFEST_DIR")), &arguments, 1, &["# hyper-util violates "]);
    let printed = text(&output.stdout);
    let first = printed.split("\n\n#").next().unwrap_or_default();
    let left = scenario::parse("found/left", "printed", first)?;
    assert!(left.title.starts_with("A violation of "), "{}", left.title);
    assert!(left.signatures.is_empty(), "{:?}", left.signatures);
    assert!(left.sources[0].starts_with("closewait explore --shrink scenarios/"), "{:?}", left.sources);
    Ok(())
}

fn nothing_played_is_2() -> Result<(), Failed> {
    let here = folder("explore", "nothing-played");
    let told = "nothing was played by tonic over http1: it plays --protocol h2 or https2";
    check_in(&here, &["explore", "--client", "tonic", "--runs", "20"], 2, &[told]);
    let both = ["explore", "--client", "tonic", "--client", "reference", "--runs", "20"];
    check_in(&here, &both, 0, &[told]);
    Ok(())
}

/// The findings over HTTP/1.1 and HTTP/2, as machines read them: known ones, new ones, and some with circumstances.
fn findings() -> Result<&'static [Value], Failed> {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let more = ["--format", "json", "--protocol", "http1", "--protocol", "h2"];
        let output = check_in(&folder("explore", "findings"), &[&BOTH[..], &more].concat(), 1, &[]);
        let mut document: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
        let clients = document["clients"].as_array_mut().expect("the clients are a list").iter_mut();
        clients.flat_map(|client| client["findings"].as_array_mut().map(std::mem::take)).flatten().collect()
    });
    Ok(DOCUMENT.as_array().ok_or("they are a list")?)
}
