//! A bridged run is the same where loopback itself is late: the datagram that makes the round before virtual time goes on
//! (`net/pace.rs`) is what holds that.
//!
//! A kernel that is busy delivers later than the call that sent. How busy it has to be differs between kernels, so the trial
//! makes loopback late itself: in a network namespace of its own, by a token bucket that every packet has to pass in turn.

use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};

use super::support::said;

/// Small packets wait for tens of microseconds, and no packet is dropped.
const LATE: &str =
    "ip link set lo mtu 1500 up && tc qdisc add dev lo root tbf rate 10mbit burst 1600 latency 5s";

/// Several connections at once, and bytes at the very instant of a request.
const SCENARIOS: [&str; 3] =
    ["half-close/fin-on-every-idle-connection", "half-close/fin-while-idle", "unsolicited/*"];

/// Ignored where namespaces or the token bucket are not to be had.
pub fn trials() -> Vec<Trial> {
    let can = in_namespace("true", &[]).is_ok_and(|output| output.status.success());
    let trial = Trial::test("network::a_late_loopback_changes_nothing", changes_nothing);
    vec![trial.with_ignored_flag(!can)]
}

fn changes_nothing() -> Result<(), Failed> {
    let arguments = ["--client", "reqwest", "--no-snapshots", "--repeat", "30"];
    let run = [&["run"], &SCENARIOS[..], &arguments].concat();
    let output = in_namespace(env!("CARGO_BIN_EXE_closewait"), &run)?;
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("every trace is the same"), "{}", said(&output));
    Ok(())
}

fn in_namespace(program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    let script = format!("{LATE} && exec \"$0\" \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", &script, program]);
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output()
}
