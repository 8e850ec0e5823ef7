//! The same output, byte for byte, from processes of their own, on an idle machine and on a busy one.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;

use closewait::client;
use libtest_mimic::Trial;

/// One trial for each client: `fresh_processes::<client>`.
pub fn trials() -> Vec<Trial> {
    let trial = |client: &&'static dyn client::UnderTest| {
        let name = client.name();
        Trial::test(format!("fresh_processes::{name}"), move || {
            check(name);
            Ok(())
        })
    };
    client::built_in().iter().map(trial).collect()
}

/// Every scenario, traces included, in two processes, the second of which has no core to itself.
fn check(client: &str) {
    let first = run(client);
    let other = {
        let _load = Load::on_every_core();
        run(client)
    };
    for (number, (first, other)) in (1..).zip(first.lines().zip(other.lines())) {
        assert_eq!(first, other, "{client}: line {number} differs between two processes");
    }
    assert_eq!(first.len(), other.len(), "{client}: one output is longer");
}

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

/// Threads that do nothing as fast as they can, until it is dropped.
struct Load {
    over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    fn on_every_core() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let spin = || {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while !over.load(Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let threads = (0..cores.max(2)).map(|_| spin()).collect();
        Self { over, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.over.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
