//! What `std` and others read on a thread that plays a run, and elsewhere.

#![cfg(target_os = "linux")]

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use closewait_system::{Run, is_virtual, set};

const SECOND: Duration = Duration::from_secs(1);
const YEAR: Duration = Duration::from_secs(365 * 86_400);

#[test]
fn every_clock_says_virtual_time_within_a_run_and_the_kernels_after_it() {
    let (real, date) = (Instant::now(), SystemTime::now());
    {
        let _run = Run::start("clocks");
        let (instant, system) = (Instant::now(), SystemTime::now());
        let new_year = SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600);
        assert_eq!(system, new_year);
        for elapsed in [Duration::ZERO, Duration::from_nanos(1), SECOND, 40 * YEAR] {
            set(elapsed);
            assert_eq!(instant.elapsed(), elapsed);
            assert_eq!(SystemTime::now(), system + elapsed);
        }
    }
    assert!(real.elapsed() < SECOND * 600, "{:?}", real.elapsed());
    assert!(date.elapsed().expect("the clock is not set back in a test") < SECOND * 600);
}

#[test]
fn a_run_within_a_run_leaves_the_outer_one_as_it_was() {
    let _outer = Run::start("outer");
    set(SECOND);
    let instant = Instant::now();
    {
        let _inner = Run::start("inner");
        assert_eq!(instant.duration_since(Instant::now()), SECOND);
    }
    assert_eq!(Instant::now(), instant);
    assert!(is_virtual());
    assert_eq!(Instant::now(), instant);
}

#[test]
fn the_time_of_c_code_is_virtual_too() {
    let _run = Run::start("c");
    set(SECOND * 3);
    let mut zero = libc::timeval { tv_sec: 0, tv_usec: 0 };
    // SAFETY: `zero` is a `timeval`, and null is allowed for the rest.
    unsafe { libc::gettimeofday(&raw mut zero, std::ptr::null_mut()) };
    // SAFETY: null is allowed.
    let time = unsafe { libc::time(std::ptr::null_mut()) };
    assert_eq!((zero.tv_sec, zero.tv_usec, time), (1_767_225_603, 0, 1_767_225_603));
}

#[test]
fn other_threads_have_real_time_while_a_run_is_on() {
    let _run = Run::start("threads");
    set(40 * YEAR);
    let there = thread::spawn(Instant::now).join().expect("it does not panic");
    assert!(Instant::now().duration_since(there) > 30 * YEAR);
}

#[test]
fn a_wait_of_std_takes_its_time_in_real_time() {
    // If the kernel were given the virtual deadline, one of these would end at once, or neither ever.
    for elapsed in [Duration::ZERO, 40 * YEAR] {
        let begun = Instant::now();
        {
            let _run = Run::start("waits");
            set(elapsed);
            let (lock, nobody_tells) = (Mutex::new(()), Condvar::new());
            let held = lock.lock().expect("nobody panics with this lock");
            let waited = nobody_tells.wait_timeout(held, SECOND / 50);
            let (_held, waited) = waited.expect("nobody panics with this lock");
            assert!(waited.timed_out());
        }
        assert!(begun.elapsed() >= SECOND / 50 && begun.elapsed() < 600 * SECOND, "{:?}", begun.elapsed());
    }
}

/// What a fresh thread draws in a run with this seed: the order of a `HashMap`, and bytes by each way to the kernel.
fn drawn(seed: &'static str) -> (Vec<u32>, u64, [u8; 20], [u8; 20]) {
    let draw = move || {
        let _run = Run::start(seed);
        let order = (0..100).map(|key| (key, ())).collect::<HashMap<u32, ()>>().into_keys().collect();
        let hash = RandomState::new().hash_one(1);
        let (mut by_number, mut by_name) = ([0; 20], [0; 20]);
        getrandom_02::getrandom(&mut by_number).expect("the run has entropy");
        getrandom::fill(&mut by_name).expect("the run has entropy");
        (order, hash, by_number, by_name)
    };
    thread::spawn(draw).join().expect("it does not panic")
}

#[test]
fn entropy_follows_from_the_seed_on_a_fresh_thread() {
    let first = drawn("a");
    for _ in 0..20 {
        assert_eq!(drawn("a"), first);
    }
    let other = drawn("b");
    assert!(other.0 != first.0 && other.1 != first.1 && other.2 != first.2 && other.3 != first.3);
    assert_ne!(first.2, first.3, "the second draw goes on where the first ended");
}

#[test]
fn entropy_outside_of_a_run_is_the_kernels() {
    let draw = || {
        let mut bytes = [0; 20];
        getrandom_02::getrandom(&mut bytes).expect("the system has entropy");
        bytes
    };
    assert_ne!(draw(), draw());
    let within = {
        let _run = Run::start("a");
        draw()
    };
    let again = {
        let _run = Run::start("a");
        draw()
    };
    assert_eq!(within, again);
    assert_ne!(draw(), within);
}

#[test]
fn a_run_is_known_to_be_virtual_here() {
    assert!(is_virtual());
}
