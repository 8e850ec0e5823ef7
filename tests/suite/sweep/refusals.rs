//! What `closewait sweep` refuses before anything is played, and that it then leaves every file as it was.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;

use super::super::support::{check, check_in, folder};
use super::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("nothing_is_written_over", nothing_is_written_over),
        trial("the_order_of_faults_does_not_matter", the_order_of_faults_does_not_matter),
        trial("a_violation_that_is_shown_is_1", a_violation_that_is_shown_is_1),
        trial("bad_names_are_2", bad_names_are_2),
    ]
}

const SWEEP: [&str; 6] = ["sweep", "keep-alive", "--client", "reference", "--fault", "fin"];

/// Every file of a folder.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries =
        fs::read_dir(folder).expect("it is a folder").map(|entry| entry.expect("it is there").path());
    entries.map(|path| (path.clone(), fs::read(&path).expect("it is a file"))).collect()
}

/// In a folder with the results `b`, `1` and `2`: refused with these words, every file as it was.
fn nothing_is_written_over() {
    let folder = folder("sweep", "written-over");
    for (name, shard) in [("b", "1/1"), ("1", "1/2"), ("2", "2/2")] {
        check_in(&folder, &[&SWEEP[..], &["--shard", shard, "--results", name]].concat(), 0, &[]);
    }
    let before = files(&folder);
    let refused = |sweep: &[&str], more: &[&str], words: &[&str]| {
        let output = check_in(&folder, &[sweep, more].concat(), 2, words);
        assert!(output.stdout.is_empty(), "it was played: {more:?}");
        assert_eq!(files(&folder), before, "{more:?}");
    };
    let merge = ["sweep", "--merge", "1", "2"];
    refused(&SWEEP, &["--results", "b"], &["b is there already", "`--resume b` goes on", "to begin anew"]);
    refused(&SWEEP, &["--accepted", "b", "--results", "./b"], &["b is read by this command"]);
    refused(&SWEEP, &["--accepted", "b", "--resume", "b"], &["b is read by this command"]);
    refused(&SWEEP, &["--accepted", "b", "--out", "b"], &["b is read by this command"]);
    refused(&SWEEP, &["--results", "c", "--out", "./c"], &["cannot share the file"]);
    refused(&SWEEP, &["--resume", "b", "--out", "b"], &["cannot share the file"]);
    refused(&SWEEP, &["--results", "c", "--out", "no-such-folder/c"], &["cannot write no-such-folder/c"]);
    refused(&SWEEP, &["--results", "c", "--out", "."], &["cannot write .", "it is a folder"]);
    refused(&SWEEP, &["--results", "no-such-folder/c"], &["cannot write no-such-folder/c"]);
    refused(&merge, &["--results", "1"], &["1 is read by this command"]);
    refused(&merge, &["--results", "b"], &["b is there already: remove it, or name another file"]);
    refused(&merge, &["--results", "c", "--out", "c"], &["cannot share the file"]);
    refused(&merge, &["--out", "2"], &["2 is read by this command"]);
}

/// Nor does naming one twice, a workload or a client.
fn the_order_of_faults_does_not_matter() {
    let folder = folder("sweep", "order");
    let sweep = |name: &str, arguments: &str| {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        check_in(&folder, &[&["sweep"], &arguments[..], &["--results", name]].concat(), 0, &[]);
        fs::read_to_string(folder.join(name)).expect("it was written")
    };
    let one = sweep(
        "1",
        "keep-alive post-after-idle --client reference --client hyper-util --fault fin --fault lose",
    );
    let other = sweep(
        "2",
        "post-after-idle keep-alive keep-alive --client hyper-util --client reference --client reference \
         --fault lose --fault fin --fault fin",
    );
    assert_eq!(one, other);
}

fn a_violation_that_is_shown_is_1() {
    let show = |fault: &str, code: i32, word: &str| {
        check(&["sweep", "--show", "keep-alive", fault, "hyper-util"], code, &[word]);
    };
    show("stray-200/1@2050ms", 1, "no-cross-talk: ");
    show("stray-200/1@2049ms", 0, "nothing is violated");
}

fn bad_names_are_2() {
    check(&["sweep", "keepalive"], 2, &["no workload is called `keepalive`; did you mean `keep-alive`?"]);
    check(&["sweep", "xyz"], 2, &["there are keep-alive, post-after-idle, upload", "keep-alive-tls"]);
    check(&["sweep", "--fault", "zzz"], 2, &["there are fin, close, rst", "lose", "reset-stream"]);
    check(&["sweep", "--fault", "crahs"], 2, &["no fault is called `crahs`; did you mean `crash`?"]);
    check(&["sweep", "--client", "curl"], 2, &["no client is called `curl`"]);
    check(&["sweep", "--shard", "5/4"], 2, &["a shard is K/N"]);
    check(
        &["sweep", "--show", "keep-alive", "fin/1@45s", "hyper-util"],
        2,
        &["is no fault at a point of the run", "did you mean `fin/1@"],
    );
    let stray = |place: &str| {
        ["sweep", "--show", "keep-alive", &format!("stray-200/1@{place}"), "hyper-util"].map(str::to_owned)
    };
    let suggests = |place: &str, word: &str| check(&stray(place).each_ref().map(String::as_str), 2, &[word]);
    suggests("2040ms", "did you mean `stray-200/1@2049ms`?");
    suggests("99999ms", "did you mean `stray-200/1@");
    check(&["sweep", "--show", "few-connections", "fin/1@45ms", "hyper-util"], 2, &["cannot play this"]);
    check(&["sweep", "--resume", "no-such-folder/x.jsonl"], 2, &["cannot use no-such-folder/x.jsonl"]);
}
