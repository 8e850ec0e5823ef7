//! What this machine does not give is held against no client: the command ends with 2, says what to raise, and accepts nothing.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use closewait::lab::{Limits, attempt, run_here};
use closewait::scenario::{Action, ClientAction, Scenario, parse};
use closewait::trace::Broken;
use libtest_mimic::{Completion, Trial};

use super::played::client;
use super::support::{check_in, folder, said};

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, test: fn()| {
        Trial::test(format!("machine::{name}"), move || {
            test();
            Ok(())
        })
    };
    let unshared = |name: &str, setup: &'static str, remedy: &'static str| {
        Trial::ignorable_test(format!("machine::{name}"), move || Ok(without_a_network(setup, remedy)))
    };
    vec![
        trial("no_descriptor_is_nobodys_fault", no_descriptor_is_nobodys_fault),
        trial("a_panic_of_the_lab_is_the_labs", a_panic_of_the_lab_is_the_labs),
        unshared("no_loopback_is_nobodys_fault", "true", "ip link set lo up"),
        unshared(
            "no_port_is_nobodys_fault",
            "ip link set lo up && sysctl -q -w net.ipv4.ip_local_port_range='40000 40001'",
            "net.ipv4.ip_local_port_range",
        ),
    ]
}

const BRIDGED: &[&str] = &["--client", "reqwest"];

fn no_descriptor_is_nobodys_fault() {
    let place = folder("machine", "descriptors");
    check_in(
        &place,
        &[&["run", "half-close/*", "--no-snapshots", "--out", "before.json"], BRIDGED].concat(),
        0,
        &[],
    );
    let commands: [&[&str]; 6] = [
        &["run", "half-close/*", "--accept", "--out", "out.json"],
        &["run", "half-close/*", "--no-snapshots"],
        &["run", "half-close/*", "--repeat", "3"],
        &["gate", "half-close/*", "--baseline", "before.json"],
        &["sweep", "keep-alive", "--fault", "fin", "--budget", "100"],
        &["explore", "--runs", "100"],
    ];
    for command in commands {
        let output = in_shell(&place, "ulimit -n 12", &[command, BRIDGED].concat());
        blames_the_machine(&output, "ulimit -n 4096");
    }
    for written in ["snapshots", "out.json"] {
        assert!(!place.join(written).exists(), "nothing is accepted, nothing written");
    }
}

/// Needs a system that lets its users have networks of their own.
fn without_a_network(setup: &str, remedy: &str) -> Completion {
    let own = |command: &mut Command| command.args(["-rn", "sh", "-c", setup]).output();
    if !own(&mut Command::new("unshare")).is_ok_and(|output| output.status.success()) {
        return Completion::ignored_with("no network of one's own can be had");
    }
    let place = folder("machine", remedy.split([' ', '.']).next().expect("it has a word"));
    let line = format!("{setup}; exec \"$@\"");
    let closewait = env!("CARGO_BIN_EXE_closewait");
    let command = ["-rn", "sh", "-c", &line, "sh", closewait, "run", "half-close/*", "--accept"];
    let output = Command::new("unshare").args(command).args(BRIDGED).current_dir(&place).output();
    blames_the_machine(&output.expect("it runs"), remedy);
    assert!(!place.join("snapshots").exists(), "nothing is accepted");
    Completion::Completed
}

fn in_shell(place: &Path, before: &str, arguments: &[&str]) -> Output {
    let line = format!("{before}; exec \"$@\"");
    let command = ["-c", &line, "sh", env!("CARGO_BIN_EXE_closewait")];
    Command::new("sh").args(command).args(arguments).current_dir(place).output().expect("the shell runs")
}

fn blames_the_machine(output: &Output, remedy: &str) {
    let said = said(output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    for words in ["this machine gave out", "no client is judged", remedy] {
        assert!(said.contains(words), "`{words}` is not said: {said}");
    }
    assert!(!said.contains("accepted ") && !said.contains("panicked"), "{said}");
}

/// A scenario that no parser lets through.
fn a_panic_of_the_lab_is_the_labs() {
    let text = r#"
        title = "One request"
        about = "Its path is no URI."
        sources = ["RFC 9112"]
        script = [{ client = "send", id = "a", request = "GET /a" }]
    "#;
    let mut scenario: Scenario = parse("family/name", "name.toml", text).expect("it is valid");
    for step in &mut scenario.script {
        if let Action::Client(ClientAction::Send(send)) = &mut step.action {
            send.path = "/<".to_owned();
        }
    }
    let scenario = Arc::new(scenario);
    for name in ["hyper-util", "reqwest", "tonic", "reference"] {
        let broken = attempt(|| run_here(&scenario, client(name), &Limits::default()));
        let Err(Broken::Lab(words)) = broken else { panic!("{name}: {broken:?}") };
        assert!(words.contains("crates/simulator/src/lab/request.rs:"), "{words}");
        assert!(words.contains("family/name") && words.contains(name), "{words}");
    }
}
