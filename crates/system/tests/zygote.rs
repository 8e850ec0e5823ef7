//! A process that is copied for each piece of work.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{process, thread};

use closewait_system::{Lost, Run, Zygote};

const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    if !cfg!(target_os = "linux") {
        return;
    }
    an_answer_is_that_of_a_fresh_copy();
    chance_is_the_same_in_every_copy();
    a_copy_that_ends_says_how();
    a_copy_that_takes_too_long_is_killed();
    two_zygotes_are_two_processes();
    // Last, since it is about a process with threads.
    a_process_with_threads_is_not_copied();
}

fn start(limit: Duration, work: impl Fn(&[u8]) -> Vec<u8>) -> Zygote {
    let zygote = Zygote::start(limit, work).expect("the system has a process to give");
    zygote.expect("this process has one thread")
}

fn an_answer_is_that_of_a_fresh_copy() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let mut zygote = start(LIMIT, |request| {
        let calls = CALLS.fetch_add(1, Relaxed);
        [request, format!(" {calls}").as_bytes()].concat()
    });
    for request in ["a", "", "b"] {
        let answer = zygote.ask(request.as_bytes()).expect("it answers");
        assert_eq!(String::from_utf8_lossy(&answer), format!("{request} 0"), "a static is as it was");
    }
    // More than a pipe or a socket holds at once.
    let long = vec![7; 5_000_000];
    assert_eq!(zygote.ask(&long).expect("it answers"), [&long[..], b" 0"].concat());
}

/// Of generators that a run cannot seed: by the number of the thread, and by a count of the process.
fn chance_is_the_same_in_every_copy() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut zygote = start(LIMIT, |_| {
        let drawn = thread::spawn(|| {
            let _run = Run::start("zygote");
            format!("{} {}", fastrand::u64(..), COUNT.fetch_add(1, Relaxed))
        });
        drawn.join().expect("it does not panic").into_bytes()
    });
    let first = zygote.ask(b"").expect("it answers");
    for _ in 0..10 {
        assert_eq!(zygote.ask(b"").expect("it answers"), first);
    }
}

fn a_copy_that_ends_says_how() {
    std::panic::set_hook(Box::new(|_| ()));
    let mut zygote = start(LIMIT, |request| match request {
        b"abort" => process::abort(),
        b"exit" => process::exit(3),
        b"exit well" => process::exit(0),
        b"panic" => panic!("broken"),
        request => request.to_vec(),
    });
    let mut check = |request: &[u8], words: &str| match zygote.ask(request) {
        Ok(answer) => assert_eq!(answer, request),
        Err(lost) => assert_eq!(lost.to_string(), words),
    };
    check(b"abort", "the process was ended by signal 6 (SIGABRT)");
    check(b"exit", "the process exited with code 3");
    check(b"exit well", "the process exited with code 0");
    check(b"panic", "the process exited with code 101");
    check(b"and the next is well", "");
    let _ = std::panic::take_hook();
}

fn a_copy_that_takes_too_long_is_killed() {
    let begun = Instant::now();
    let mut zygote = start(Duration::from_millis(300), |request| match request {
        b"hang" => loop {
            thread::park();
        },
        request => request.to_vec(),
    });
    assert!(matches!(zygote.ask(b"hang"), Err(Lost::Late)));
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(zygote.ask(b"next").expect("it answers"), b"next");
}

fn two_zygotes_are_two_processes() {
    let process = |_: &[u8]| process::id().to_le_bytes().to_vec();
    let (mut one, mut other) = (start(LIMIT, process), start(LIMIT, process));
    let answers = [one.ask(b""), other.ask(b""), one.ask(b"")].map(|answer| answer.expect("it answers"));
    assert!(answers[0] != answers[1] && answers[1] != answers[2] && answers[0] != answers[2], "{answers:?}");
}

fn a_process_with_threads_is_not_copied() {
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || ended.recv());
    assert!(Zygote::start(LIMIT, <[u8]>::to_vec).expect("nothing is asked of the system").is_none());
    drop(end);
    assert!(thread.join().expect("it does not panic").is_err());
}
