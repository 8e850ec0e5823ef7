//! A bridged run is the same where loopback itself is late: virtual time stands until what was sent has arrived (`net/pace.rs`).
//!
//! A kernel that is busy delivers later than the call that sent. How busy it has to be differs between kernels, so the trials
//! make loopback late themselves: in a network namespace of their own, by a token bucket that every packet has to pass in turn.
//! `ci/late-loopback.sh` is the long version.

use std::process::{Command, Output};

use libtest_mimic::{Failed, Trial};

use super::support::said;

/// Small packets wait for tens of microseconds, and no packet is dropped.
const LATE: &str = "rate 10mbit latency 5s";

/// What fits into the bucket arrives at once, and nothing after it.
const NEVER: &str = "rate 8bit latency 1000000s";

/// Several connections at once, and bytes at the very instant of a request.
const SCENARIOS: [&str; 3] =
    ["half-close/fin-on-every-idle-connection", "half-close/fin-while-idle", "unsolicited/*"];

/// Ignored where namespaces or the token bucket are not to be had. The one that waits for 20 s is run by
/// `cargo test --test suite -- --ignored`.
pub fn trials() -> Vec<Trial> {
    let can = in_namespace(LATE, "true", &[]).is_ok_and(|output| output.status.success());
    let late = Trial::test("network::a_late_loopback_changes_nothing", changes_nothing);
    let never =
        Trial::test("network::a_loopback_that_never_delivers_is_not_the_clients_fault", is_unsupported);
    vec![late.with_ignored_flag(!can), never.with_ignored_flag(true)]
}

fn changes_nothing() -> Result<(), Failed> {
    let arguments = ["--client", "reqwest", "--no-snapshots", "--repeat", "30"];
    let run = [&["run"], &SCENARIOS[..], &arguments].concat();
    let output = in_namespace(LATE, env!("CARGO_BIN_EXE_closewait"), &run)?;
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("every trace is the same"), "{}", said(&output));
    Ok(())
}

fn is_unsupported() -> Result<(), Failed> {
    let run = ["run", "half-close/fin-while-idle", "--client", "reqwest", "--no-snapshots"];
    let output = in_namespace(NEVER, env!("CARGO_BIN_EXE_closewait"), &run)?;
    for words in ["1 unsupported", "loopback did not come to rest: after 10 s of real time"] {
        assert!(said(&output).contains(words), "{}", said(&output));
    }
    Ok(())
}

fn in_namespace(bucket: &str, program: &str, arguments: &[&str]) -> std::io::Result<Output> {
    let script = format!(
        "ip link set lo mtu 1500 up && tc qdisc add dev lo root tbf {bucket} burst 1600 && exec \"$0\" \"$@\""
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--net", "sh", "-c", &script, program]);
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output()
}
