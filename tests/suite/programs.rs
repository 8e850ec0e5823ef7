//! Clients that are programs, on a real kernel. Where the machine has no network namespace to give, a trial says so and judges nothing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use libtest_mimic::{Completion, Failed, Trial};

use super::support::{check, check_in, folder, said, text, utf8};

pub(super) fn trials() -> Vec<Trial> {
    vec![
        Trial::ignorable_test("programs::clients_of_two_languages_are_judged", || {
            on_a_kernel(clients_are_judged)
        }),
        Trial::ignorable_test("programs::a_shim_is_checked", || on_a_kernel(a_shim_is_checked)),
        Trial::ignorable_test("programs::a_shim_that_breaks_is_told_of", || on_a_kernel(broken_shims)),
        Trial::ignorable_test("programs::nothing_is_left", || on_a_kernel(nothing_is_left)),
        Trial::test("programs::a_folder_that_is_wrong_is_refused", wrong_folders),
    ]
}

/// What is played here takes some seconds of waiting.
const FAMILY: &str = "half-close/fin-while-idle";

/// Asked once: trials are played at the same time.
static OBSTACLE: LazyLock<Option<String>> = LazyLock::new(obstacle);

fn on_a_kernel(trial: fn()) -> Result<Completion, Failed> {
    if let Some(obstacle) = &*OBSTACLE {
        return Ok(Completion::ignored_with(format!(
            "no program can have a kernel of its own here: {obstacle}"
        )));
    }
    trial();
    Ok(Completion::Completed)
}

fn obstacle() -> Option<String> {
    if Command::new("python3").arg("--version").output().is_err() {
        return Some("python3 is missing".to_owned());
    }
    let shim = shim("probe", WELL);
    let output = super::support::closewait()
        .args(["run", FAMILY, "--client", utf8(&shim), "--no-snapshots"])
        .output()
        .expect("the binary runs");
    let said = said(&output);
    let reason = said.lines().find(|line| {
        line.contains("no network namespace") || line.contains("no virtual") || line.contains("no packet")
    });
    reason.map(str::to_owned)
}

/// Python's own client, and Node's where it is installed: the same verdicts as anybody reads out of the packets.
fn clients_are_judged() {
    let verdicts = |client: &str, scenario: &str, words: &[&str]| {
        check(&["run", scenario, "--client", client, "--no-snapshots", "--transcript"], 0, words);
    };
    // Nobody looks at the socket before writing on it: the request goes into the grave, and the caller hears of it.
    verdicts(
        "http-client",
        FAMILY,
        &["b: written on connection 1 (reused)", "no-stale-reuse           VIOLATED", "RemoteDisconnected"],
    );
    if Command::new("node").arg("--version").output().is_ok() {
        verdicts(
            "node-fetch",
            FAMILY,
            &["b: written on connection 2 (fresh)", "no-stale-reuse           holds"],
        );
        verdicts(
            "node-http",
            FAMILY,
            &["b: written on connection 2 (fresh)", "no-stale-reuse           holds"],
        );
    }
}

fn a_shim_is_checked() {
    check(
        &["clients", "check", "http-client"],
        0,
        &["✓ shim/tells-of-errors", "- shim/gives-up", "✓ shim/closes"],
    );
    check(&["clients", "check", utf8(&shim("well", WELL))], 0, &["✓ shim/sends-what-it-is-told"]);
    // The body is left out; errors are told as responses; the socket is left open.
    let bodiless = WELL.replace("\"x\" * (command[\"body\"] or 0)", "\"\"");
    check(
        &["clients", "check", utf8(&shim("bodiless", &bodiless))],
        1,
        &["✗ shim/sends-what-it-is-told", "3,000 bytes"],
    );
    let vague = WELL.replace("\"connect\"", "\"other\"");
    check(&["clients", "check", utf8(&shim("vague", &vague))], 1, &["✗ shim/tells-of-errors", "`connect`"]);
    // Each request has a thread and a connection, and none is ever given up.
    let deaf = WELL
        .replace(
            "def send(command):",
            "def send(command):\n    connection = http.client.HTTPConnection(\"origin.test\")",
        )
        .replace(
            "        send(command)",
            "        threading.Thread(target=send, args=(command,), daemon=True).start()",
        )
        .replace("import http.client, json, sys", "import http.client, json, sys, threading");
    let folder = shim("deaf", &deaf);
    let manifest =
        manifest(&folder.join("shim.py")).replace("\"part\"", "\"part\", \"cancel\", \"concurrency\"");
    fs::write(folder.join("client.toml"), manifest).expect("the folder is there");
    check(&["clients", "check", utf8(&folder)], 1, &["✗ shim/gives-up", "stays open"]);
    let open = WELL.replace("connection.close()  # at last", "pass");
    check(&["clients", "check", utf8(&shim("open", &open))], 1, &["✗ shim/closes", "ESTABLISHED"]);
}

fn broken_shims() {
    let told = |name: &str, code: &str, words: &[&str]| {
        let shim = shim(name, code);
        check(&["run", FAMILY, "--client", utf8(&shim), "--no-snapshots"], 0, words);
    };
    told("dies-at-once", "import sys\nsys.exit('I have no licence')", &["it has ended", "I have no licence"]);
    told(
        "dies-later",
        &WELL.replace("def send(command):", "def send(command):\n    raise SystemExit('gone')"),
        &["gone"],
    );
    told(
        "says-nonsense",
        &WELL.replace("say({\"n\": 0", "print('hello'); say({\"n\": 0"),
        &["what is no answer", "hello"],
    );
    told(
        "floods",
        &WELL.replace("def send(command):", "def send(command):\n    sys.stdout.write('y' * (20 << 20))"),
        &["16 MiB"],
    );
    told("spins", &WELL.replace("def send(command):", "def send(command):\n    while True: pass"), &["hang"]);
    told("answers-in-part", &WELL.replace("\"end\": \"complete\"", "\"end\": \"failed\""), &["ends with"]);
}

/// After a run, and after a run that is killed in its midst.
fn nothing_is_left() {
    let marker = "closewait-trial-that-leaves-nothing";
    let shim = shim(marker, WELL);
    check(&["run", FAMILY, "--client", utf8(&shim), "--no-snapshots"], 0, &["1 run"]);
    assert_eq!(processes(marker), 0);
    let mut run = super::support::closewait();
    run.args(["run", "silent-death/peer-vanishes-while-idle", "--client", utf8(&shim), "--no-snapshots"]);
    let mut killed = run.stdout(std::process::Stdio::null()).spawn().expect("the binary runs");
    std::thread::sleep(std::time::Duration::from_secs(3));
    let begun = processes(marker);
    killed.kill().expect("it runs");
    killed.wait().expect("it has ended");
    assert!(begun > 0, "the program had not been started");
    wait_until(|| processes(marker) == 0);
    let interfaces = text(&Command::new("ip").args(["link"]).output().expect("ip runs").stdout);
    assert!(!interfaces.contains("cw0") && !interfaces.contains("cw1"), "{interfaces}");
}

/// How many processes were started with this in their arguments, closewait itself left out.
fn processes(marker: &str) -> usize {
    let arguments = |entry: fs::DirEntry| fs::read(entry.path().join("cmdline")).unwrap_or_default();
    let of = |line: Vec<u8>| String::from_utf8_lossy(&line).into_owned();
    let lines = fs::read_dir("/proc").expect("/proc is there").flatten().map(arguments).map(of);
    lines.filter(|line| line.contains("python") && line.contains(marker)).count()
}

fn wait_until(is: impl Fn() -> bool) {
    for _ in 0..600 {
        if is() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("it did not come to be within a minute");
}

fn wrong_folders() -> Result<(), Failed> {
    let refused = |name: &str, manifest: &str, words: &[&str]| {
        let folder = folder("programs", name);
        fs::write(folder.join("client.toml"), manifest).expect("the folder is there");
        check(&["run", FAMILY, "--client", utf8(&folder), "--no-snapshots"], 2, words);
    };
    refused("no-toml", "title = ", &["client.toml", "line 1"]);
    refused("no-title", "language = \"C\"", &["client.toml", "missing field `title`"]);
    let manifest = manifest(Path::new("shim.py"));
    refused("no-protocol", &manifest.replace("\"http1\"", "\"http3\""), &["`http3` is no protocol"]);
    refused("no-ability", &manifest.replace("\"part\"", "\"fly\""), &["unknown variant `fly`"]);
    let installs = format!("{manifest}\n[install]\nneeds = \"a package\"\nsteps = [[\"false\"]]\n");
    refused("no-install", &installs, &["cannot be installed", "needed: a package"]);
    check(&["run", FAMILY, "--client", "nobody"], 2, &["no client is called `nobody`", "httpx"]);
    check(&["run", FAMILY, "--client", "nobody@1.2"], 2, &["no client is called `nobody`"]);
    check(&["run", FAMILY, "--client", "http-client@3"], 2, &["no [install]"]);
    check(&["run", FAMILY, "--client", "http-client", "--accept"], 2, &["real time", "closewait gate"]);
    check_in(Path::new("/"), &["run", FAMILY, "--client", "./nobody"], 2, &["client.toml"]);
    Ok(())
}

/// A client's folder with this shim in it.
fn shim(name: &str, code: &str) -> PathBuf {
    let folder = folder("programs", name);
    fs::write(folder.join("shim.py"), code).expect("the folder is there");
    fs::write(folder.join("client.toml"), manifest(&folder.join("shim.py"))).expect("the folder is there");
    folder
}

fn manifest(shim: &Path) -> String {
    format!(
        "title = \"a trial\"\nlanguage = \"Python\"\nversion = \"1\"\nprotocols = [\"http1\"]\ncommand = [\"python3\", \"{}\"]\ncan = [\"part\"]\n",
        shim.display()
    )
}

/// A shim as small as can be: one connection of Python's own client for all requests.
const WELL: &str = r#"
import http.client, json, sys

connection = http.client.HTTPConnection("origin.test")

def say(answer):
    print(json.dumps(answer), flush=True)

def send(command):
    try:
        body = "x" * (command["body"] or 0)
        connection.request(command["method"], command["path"], body or None, dict(command["headers"]))
        response = connection.getresponse()
        content = response.read(command["read"])
        say({"n": command["n"], "status": response.status, "body": content.decode(), "end": "complete"})
        if not response.isclosed():
            connection.close()
    except ConnectionRefusedError as error:
        connection.close()
        say({"n": command["n"], "kind": "connect", "message": repr(error)})
    except Exception as error:
        connection.close()
        say({"n": command["n"], "kind": "closed", "message": repr(error)})

for line in sys.stdin:
    command = json.loads(line)
    if command["op"] == "configure":
        say({"n": 0, "version": "1"})
    if command["op"] == "send":
        send(command)
    if command["op"] == "close":
        connection.close()  # at last
        say({"n": command["n"]})
"#;
