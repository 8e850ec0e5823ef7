//! `closewait sweep`: the same results whatever the number of threads and shards; what it says and how it ends.

use std::fs;
use std::path::Path;

use libtest_mimic::Trial;

use super::super::support::{check, folder, utf8};
use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("threads_do_not_matter", || threads_do_not_matter("threads", &SMALL)),
        trial("threads_do_not_matter_to_streams", || threads_do_not_matter("threads-of-streams", &STREAMS)),
        trial("shards_merge_to_the_whole", || shards_merge_to_the_whole("shards", &SMALL)),
        trial("shards_of_streams_merge_to_the_whole", || {
            shards_merge_to_the_whole("shards-of-streams", &STREAMS);
        }),
        trial("shards_must_fit", shards_must_fit),
        trial("what_was_cut_short_is_resumed", what_was_cut_short_is_resumed),
        trial("another_sweep_is_not_resumed", another_sweep_is_not_resumed),
        trial("violations_are_1_and_can_be_accepted", violations_are_1_and_can_be_accepted),
        trial("a_budget_says_what_it_left_out", a_budget_says_what_it_left_out),
        trial("pairs_have_two_faults", pairs_have_two_faults),
        trial("a_run_is_shown_saved_and_replayed", a_run_is_shown_saved_and_replayed),
        trial("json_has_strips", json_has_timelines),
        trial("strips_are_a_results_file", timelines_are_a_results_file),
    ]
}

/// A small sweep: one workload, two clients, two kinds of faults.
const SMALL: [&str; 9] = [
    "sweep",
    "keep-alive",
    "--client",
    "hyper-util",
    "--client",
    "reference",
    "--fault",
    "fin",
    "--fault=lose",
];

/// The same over HTTP/2.
const STREAMS: [&str; 9] = [
    "sweep",
    "http2-streams",
    "--client",
    "hyper-util",
    "--client",
    "reference",
    "--fault",
    "goaway",
    "--fault=reset-stream",
];

/// Sweeps into a file.
fn results(path: &Path, more: &[&str]) -> String {
    results_of(&SMALL, path, more)
}

fn results_of(sweep: &[&str], path: &Path, more: &[&str]) -> String {
    check(&[sweep, more, &["--results", utf8(path)]].concat(), 0, &["nothing is violated"]);
    fs::read_to_string(path).expect("the sweep wrote it")
}

fn threads_do_not_matter(name: &str, sweep: &[&str]) {
    let folder = folder("sweep", name);
    let one = results_of(sweep, &folder.join("1.jsonl"), &["--threads", "1"]);
    assert!(one.lines().count() > 150, "{one}");
    for threads in ["2", "5"] {
        let many = results_of(sweep, &folder.join(format!("{threads}.jsonl")), &["--threads", threads]);
        assert_eq!(one, many, "{threads} threads");
    }
}

fn shards_merge_to_the_whole(name: &str, sweep: &[&str]) {
    let folder = folder("sweep", name);
    let whole = results_of(sweep, &folder.join("whole.jsonl"), &[]);
    let shards = ["1/4", "2/4", "3/4", "4/4"].map(|shard| {
        let path = folder.join(shard.replace('/', "-of-"));
        results_of(sweep, &path, &["--shard", shard]);
        path
    });
    let merged = folder.join("merged.jsonl");
    let [one, two, three, four] = shards.each_ref().map(|path| utf8(path));
    // In any order.
    check(&["sweep", "--merge", three, one, four, two, "--results", utf8(&merged)], 0, &["/1  "]);
    assert_eq!(fs::read_to_string(&merged).expect("it was written"), whole);
}

fn shards_must_fit() {
    let folder = folder("sweep", "misfits");
    let paths = ["1/2", "2/2", "1/3"].map(|shard| {
        let path = folder.join(shard.replace('/', "-of-"));
        results(&path, &["--shard", shard]);
        path
    });
    let [one, two, third] = paths.each_ref().map(|path| utf8(path));
    check(&["sweep", "--merge", one], 2, &["shard 2/2 is missing"]);
    check(&["sweep", "--merge", one, one], 2, &["and so is"]);
    check(&["sweep", "--merge", two, third], 2, &["is one of 2"]);
    let cut = fs::read_to_string(two).expect("it was written");
    let cut = cut.lines().take(5).map(|line| format!("{line}\n")).collect::<String>();
    fs::write(two, cut).expect("it can be written");
    check(&["sweep", "--merge", one, two], 2, &["has 4 of", "--resume"]);
    fs::write(two, "{}\n").expect("it can be written");
    check(&["sweep", "--merge", one, two], 2, &["line 1 is not the first line"]);
}

fn what_was_cut_short_is_resumed() {
    let path = folder("sweep", "resume").join("results.jsonl");
    let whole = results(&path, &[]);
    let resume = [&SMALL[..], &["--resume", utf8(&path)]].concat();
    // Before anything, in the header, behind it, in the middle of a line, behind a line, and at the end.
    let header = whole.find('\n').expect("there is a header") + 1;
    let middle = whole[..whole.len() / 2].rfind('\n').expect("there are many lines") + 1;
    for cut in [0, 1, header - 1, header, middle - 3, middle, middle + 10, whole.len() - 1, whole.len()] {
        fs::write(&path, &whole[..cut]).expect("it can be written");
        check(&resume, 0, &["nothing is violated"]);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), whole, "cut at {cut}");
    }
    // A job that is put in the queue again may have been stopped before it began.
    fs::remove_file(&path).expect("it can be removed");
    check(&resume, 0, &["the sweep begins anew", "nothing is violated"]);
    assert_eq!(fs::read_to_string(&path).expect("it is there"), whole, "missing");
}

fn another_sweep_is_not_resumed() {
    let path = folder("sweep", "another").join("results.jsonl");
    let whole = results(&path, &[]);
    let resume = |arguments: &[&str], words: &str| {
        check(&[arguments, &["--resume", utf8(&path)]].concat(), 2, &[words]);
        assert_eq!(fs::read_to_string(&path).expect("it is there"), whole, "it was touched");
    };
    resume(&["sweep", "upload"], "of another sweep: the workloads differ");
    resume(&["sweep", "keep-alive", "--client", "reference"], "the clients or their versions differ");
    resume(&[&SMALL[..], &["--fault", "rst"]].concat(), "the faults differ");
    resume(&[&SMALL[..], &["--shard", "1/2"]].concat(), "the shards differ");
    resume(&[&SMALL[..], &["--budget", "9"]].concat(), "the budget differ");
    fs::write(&path, "not this\n").expect("it can be written");
    check(&[&SMALL[..], &["--resume", utf8(&path)]].concat(), 2, &["line 1 is not the first line"]);
}

/// hyper-util takes bytes that are there already for the answer to the request that it writes in the same instant.
fn violations_are_1_and_can_be_accepted() {
    let path = folder("sweep", "accepted").join("results.jsonl");
    let sweep = ["sweep", "keep-alive", "--client", "hyper-util", "--fault", "stray-200"];
    let shown = ["no-cross-talk", "closewait sweep --show keep-alive stray-200/1@", "violate something"];
    check(&[&sweep[..], &["--results", utf8(&path)]].concat(), 1, &shown);
    check(&[&sweep[..], &["--accepted", utf8(&path)]].concat(), 0, &["nothing is violated beyond"]);
    let fewer: String = fs::read_to_string(&path)
        .expect("it was written")
        .lines()
        .filter(|line| !line.contains("violation"))
        .map(|line| format!("{line}\n"))
        .collect();
    fs::write(&path, fewer).expect("it can be written");
    check(&[&sweep[..], &["--accepted", utf8(&path)]].concat(), 1, &["violate something"]);
}

fn a_budget_says_what_it_left_out() {
    check(&[&SMALL[..], &["--budget", "10"]].concat(), 0, &["10 runs", "the budget left out"]);
}

fn pairs_have_two_faults() {
    let folder = folder("sweep", "pairs");
    let path = folder.join("results.jsonl");
    let pairs = |threads, path: &Path| {
        results(path, &["--pairs", "--budget", "300", "--threads", threads]);
        fs::read_to_string(path).expect("the sweep wrote it")
    };
    let written = pairs("2", &path);
    let faults: Vec<&str> = written.lines().skip(1).filter(|line| line.contains("+")).collect();
    assert!(faults.len() > 250, "{written}");
    // The second fault is injected on a connection that only the first made necessary.
    assert!(faults.iter().any(|fault| fault.contains("fin/1@") && fault.contains("/2@")), "{written}");
    assert_eq!(written, pairs("1", &folder.join("one.jsonl")));
}

fn a_run_is_shown_saved_and_replayed() {
    let folder = folder("sweep", "show");
    let show = ["sweep", "--show", "keep-alive", "fin/1@45ms", "hyper-util", "--save", utf8(&folder)];
    check(
        &show,
        0,
        &["{ origin = \"fin\", connection = 1, when = { after = \"45ms\" } }", "45 ms", "wrote "],
    );
    let saved = ["--scenarios", utf8(&folder), "--no-snapshots", "--client", "hyper-util", "--transcript"];
    check(&[&["run"][..], &saved].concat(), 0, &["keep-alive-fin-1-45ms", "FIN"]);
    check(
        &["sweep", "--show", "keep-alive", "fin/1@out5+lose/2@out1", "hyper-util"],
        0,
        &["when = { packet"],
    );
}

fn json_has_timelines() {
    let output = check(&[&SMALL[..], &["--format", "json"]].concat(), 0, &[]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    let timelines = json["strips"].as_array().expect("there are strips");
    let fin = timelines.iter().find(|row| row["fault"] == "fin/1").expect("there is a row for FIN");
    assert_eq!(fin["workload"], "keep-alive");
    assert!(fin["marks"].as_array().is_some_and(|marks| marks.len() > 50), "{fin}");
    assert_eq!(json["version"], 1);
    assert_eq!(json["sweep"]["shard"], "1/1");
}

fn timelines_are_a_results_file() {
    let folder = folder("sweep", "strips");
    let (out, page) = (folder.join("sweep.json"), folder.join("sweep.html"));
    check(&[&SMALL[..], &["--out", utf8(&out)]].concat(), 0, &["nothing is violated"]);
    check(&["report", utf8(&out), "--html", utf8(&page)], 0, &[]);
    let page = fs::read_to_string(page).expect("it was written");
    assert!(page.contains("keep-alive · hyper-util"), "{page}");
    check(&[&SMALL[..], &["--out", utf8(&out), "--pairs"]].concat(), 2, &["cannot be used with"]);
}
