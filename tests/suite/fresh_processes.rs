//! The same output, byte for byte, from processes of their own, on an idle machine and on a busy one.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::thread;

use closewait::client;
use libtest_mimic::Trial;

/// One trial for each client: `fresh_processes::<client>`.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &'static str| {
        Trial::test(format!("fresh_processes::{name}"), move || {
            check(name);
            Ok(())
        })
    };
    client::built_in().iter().map(|client| trial(client.name())).collect()
}

/// Every scenario, traces included, in two processes, the second of which has no core to itself.
fn check(client: &str) {
    let (first, other) = (run(client), &BESIDE_EACH_OTHER[client]);
    for (number, (first, other)) in (1..).zip(first.lines().zip(other.lines())) {
        assert_eq!(first, other, "{client}: line {number} differs between two processes");
    }
    assert_eq!(first.len(), other.len(), "{client}: one output is longer");
}

/// What each client's process wrote while those of the others ran: they are each other's load.
static BESIDE_EACH_OTHER: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(2, usize::from);
    let clients: Vec<&str> = client::built_in().iter().map(|client| client.name()).collect();
    thread::scope(|scope| {
        // The lightest once more for every core that would be left idle.
        let more = (clients.len()..2 * cores).map(|_| scope.spawn(|| run("reference")));
        let all = clients.iter().map(|client| scope.spawn(|| run(client)));
        let running: Vec<_> = all.chain(more).collect();
        let written = running.into_iter().map(|thread| thread.join().expect("the process was waited for"));
        clients.iter().copied().zip(written).collect()
    })
});

fn run(client: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_closewait"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).stderr(Stdio::null());
    let output = command.args(["run", "--client", client, "--format", "json"]).output();
    let output = output.expect("the binary runs");
    assert!(output.status.success(), "{client}: {}", output.status);
    let text = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert!(text.contains("\"events\""), "{client}: the output has no traces");
    text
}
