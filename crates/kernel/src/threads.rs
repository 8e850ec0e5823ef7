//! Whether the threads of a program have come to rest.

use procfs::process::Process;

/// A thread: its number, its state as a letter, and how long it has run, ns.
type Thread = (i32, char, u64);

/// All threads of a process, in the order of their numbers. `None` once it has ended.
pub(crate) fn of(process: i32) -> Option<Vec<Thread>> {
    let tasks = Process::new(process).and_then(|process| process.tasks()).ok()?;
    // A thread that ends meanwhile is left out, which is a change.
    let thread = |task: procfs::process::Task| {
        let state = task.stat().ok()?.state;
        Some((task.tid, state, task.schedstat().ok()?.sum_exec_runtime))
    };
    let mut threads: Vec<Thread> = tasks.flatten().filter_map(thread).collect();
    threads.sort_unstable();
    let ended = threads.iter().all(|(_, state, _)| matches!(state, 'Z' | 'X'));
    (!ended).then_some(threads)
}

/// Whether every thread waits for something. A thread that is woken is runnable before the wake-up returns, and one that wakes another
/// does so before it waits itself: there is no moment between two in which all seem to wait.
pub(crate) fn are_waiting(threads: &[Thread]) -> bool {
    threads.iter().all(|(_, state, _)| *state == 'S')
}

/// How long they have run together, ns.
pub(crate) fn ran(threads: &[Thread]) -> u64 {
    threads.iter().map(|(_, _, ran)| ran).sum()
}
