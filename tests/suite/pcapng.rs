//! Captures, read back with tshark: an implementation of IP, TCP and pcapng that is not ours.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use closewait::client;
use closewait::report::pcapng;
use closewait::suite::{RunOutcome, RunResult};
use closewait::trace::{Fate, What};
use libtest_mimic::Trial;

use super::played::{catalogue, selected};

/// The trials. Without tshark they are ignored, and said to be; in CI they fail.
pub fn trials() -> Vec<Trial> {
    let tshark = Command::new("tshark").arg("--version").output().is_ok();
    let skip = !tshark && std::env::var_os("CI").is_none();
    let trial = |name: &str, test: fn()| {
        let run = move || {
            test();
            Ok(())
        };
        Trial::test(format!("pcapng::{name}"), run).with_ignored_flag(skip)
    };
    vec![
        trial("the_catalogue_is_well_formed", the_catalogue_is_well_formed),
        trial("violations_are_comments", violations_are_comments),
    ]
}

/// A packet as tshark reads it.
#[derive(Debug, Default)]
struct Read {
    interface: String,
    fin: bool,
    rst: bool,
    payload: usize,
    /// Malformed, a wrong checksum, or a header that contradicts itself.
    complaint: String,
    comment: String,
}

const FIELDS: [&str; 7] = [
    "frame.interface_name",
    "tcp.flags.fin",
    "tcp.flags.reset",
    "tcp.len",
    "_ws.malformed",
    "tcp.checksum.status",
    "frame.comment",
];

/// What tshark says of a correct checksum: `proto_checksum_vals` of Wireshark.
const GOOD: &str = "1";

fn read(capture: &Path) -> Vec<Read> {
    let mut tshark = Command::new("tshark");
    tshark.arg("-r").arg(capture).args(["-T", "fields", "-E", "occurrence=a", "-E", "aggregator=|"]);
    // Some origins answer with broken HTTP on purpose. What is read here is ours: pcapng, IP and TCP.
    tshark.args(["-d", "tcp.port==80,data", "-d", "tcp.port==443,data"]);
    tshark.args(["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]);
    for field in FIELDS {
        tshark.args(["-e", field]);
    }
    let output = tshark.output().expect("tshark runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark cannot read the capture: {errors}");
    String::from_utf8(output.stdout).expect("tshark writes UTF-8").lines().map(parse).collect()
}

fn parse(line: &str) -> Read {
    let mut fields = line.splitn(FIELDS.len(), '\t');
    let mut next = || fields.next().unwrap_or_default();
    let is_set = |flag: &str| matches!(flag, "1" | "True");
    let interface = next().to_owned();
    let (fin, rst) = (is_set(next()), is_set(next()));
    let payload = next().parse().expect("every packet is TCP");
    let mut complaint = next().to_owned();
    let checksum = next();
    if checksum != GOOD {
        complaint += &format!("checksum status {checksum}");
    }
    Read { interface, fin, rst, payload, complaint, comment: next().to_owned() }
}

/// Of the scenarios that match, on every client: writes the capture, and reads it back.
fn capture(name: &str, patterns: &[&str]) -> (Vec<RunResult>, Vec<Read>) {
    let patterns: Vec<String> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    let scenarios = catalogue().select(&patterns).expect("the patterns match");
    let results = selected(&scenarios, client::built_in());
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pcapng"));
    fs::write(&path, pcapng::render(&results).expect("the runs fit"))
        .expect("the folder of the tests is there");
    (results.entries.into_iter().map(|entry| entry.result).collect(), read(&path))
}

/// How many packets of a run went out, how many of them with FIN and RST, and how many bytes in them.
#[derive(Debug, Default, PartialEq, Eq)]
struct Checks {
    packets: usize,
    fins: usize,
    rsts: usize,
    bytes: usize,
}

fn the_catalogue_is_well_formed() {
    let (results, packets) = capture("catalogue", &[]);
    let complaints: Vec<_> = packets.iter().filter(|packet| !packet.complaint.is_empty()).collect();
    assert!(complaints.is_empty(), "{} packets: {:#?}", complaints.len(), complaints.first());
    let mut read: BTreeMap<&str, Checks> = BTreeMap::new();
    for packet in &packets {
        let checks = read.entry(&packet.interface).or_default();
        checks.packets += 1;
        checks.fins += usize::from(packet.fin);
        checks.rsts += usize::from(packet.rst);
        checks.bytes += packet.payload;
    }
    let mut played = 0;
    for result in &results {
        let RunOutcome::Ran { trace, .. } = &result.outcome else { continue };
        let sent = Checks::of(trace);
        let name = format!("{} {}", result.client, result.scenario);
        assert_eq!(read.get(name.as_str()).unwrap_or(&Checks::default()), &sent, "{name}");
        played += usize::from(sent.fins > 0 && sent.rsts > 0);
    }
    assert!(played > 50, "too few runs with FIN and RST to prove anything: {played}");
}

impl Checks {
    fn of(trace: &closewait::trace::Trace) -> Self {
        let mut checks = Self::default();
        for event in &trace.events {
            let What::Segment { fate: Fate::Sent | Fate::Forged, segment, .. } = &event.what else {
                continue;
            };
            checks.packets += 1;
            checks.fins += usize::from(segment.fin);
            checks.rsts += usize::from(segment.rst);
            checks.bytes += segment.payload.len();
        }
        checks
    }
}

/// The stale reuse is told on the packet of the request, which goes to the origin and has a payload.
fn violations_are_comments() {
    let scenario = "idle-limit/keep-alive-timeout-advertised";
    let (_, packets) = capture("violation", &[scenario]);
    let told: Vec<_> =
        packets.iter().filter(|packet| packet.comment.contains("no-stale-reuse violated")).collect();
    assert_eq!(told.len(), 2, "hyper-util and reqwest: {packets:#?}");
    assert!(told.iter().all(|packet| packet.payload > 0), "{told:#?}");
}
