//! Panics of a run belong to its result. Printed where they happen, with a backtrace each, they stand between a user and the
//! verdict: h2 alone asserts so in debug builds.

use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::sync::Once;

use super::watchdog::words_of;

thread_local! {
    /// What panicked in the run of this thread; `None` while it plays none.
    static KEPT: RefCell<Option<Vec<Kept>>> = const { RefCell::new(None) };
}

#[derive(Debug)]
struct Kept {
    message: String,
    place: String,
    is_ours: bool,
}

/// While it lives, panics of this thread are kept, not printed. Those of other threads are the business of whoever had the
/// hook before.
pub(super) struct Panics(());

impl Panics {
    pub fn keep() -> Self {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let otherwise = panic::take_hook();
            panic::set_hook(Box::new(move |panic| {
                if !is_kept(panic) {
                    otherwise(panic);
                }
            }));
        });
        KEPT.set(Some(Vec::new()));
        Self(())
    }

    /// Those so far: `message, at FILE:LINE`, in order.
    pub fn so_far(&self) -> Vec<String> {
        KEPT.with_borrow(|kept| kept.iter().flatten().map(Kept::words).collect())
    }

    /// The first that is no client's: the lab, or what it is made of, panicked.
    pub fn ours(&self) -> Option<String> {
        KEPT.with_borrow(|kept| kept.iter().flatten().find(|kept| kept.is_ours).map(Kept::words))
    }
}

impl Drop for Panics {
    fn drop(&mut self) {
        KEPT.set(None);
    }
}

impl Kept {
    fn words(&self) -> String {
        format!("{}, at {}", self.message, self.place)
    }
}

/// The message of a panic that was caught in this thread, with its place where that is known.
pub(super) fn located(message: String) -> String {
    KEPT.with_borrow(|kept| {
        let found = kept.iter().flatten().rfind(|kept| kept.message == message);
        found.map_or(message, Kept::words)
    })
}

fn is_kept(panic: &PanicHookInfo<'_>) -> bool {
    let place =
        panic.location().map_or_else(String::new, |at| format!("{}:{}", in_its_crate(at.file()), at.line()));
    let is_ours = panic.location().is_some_and(|at| is_ours(at.file()));
    let message = words_of(panic.payload());
    // Whoever panics while the run's list is in use, or its thread is ending, is told of as ever.
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.try_borrow_mut().ok()?;
        kept.as_mut().map(|kept| kept.push(Kept { message, place, is_ours }))
    });
    kept.ok().flatten().is_some()
}

/// The crates that a run consists of, without its client; `turmoil-net` is asked by nobody else.
const OURS: [&str; 5] =
    ["closewait-scenario", "closewait-trace", "closewait-simulator", "closewait-system", "turmoil-net"];

/// Whether a source file belongs to one of them: as a package of a registry or a checkout, or as a member of this workspace.
fn is_ours(file: &str) -> bool {
    let here = file!().strip_suffix("simulator/src/lab/panics.rs").filter(|here| here.ends_with("crates/"));
    let member = here.and_then(|crates| file.strip_prefix(crates)?.split('/').next());
    let mut packages = in_its_crate(file).split('/').map(|part| part.split("-0.").next().unwrap_or(part));
    OURS.iter().any(|ours| ours.strip_prefix("closewait-").is_some_and(|name| member == Some(name)))
        || packages.any(|package| OURS.contains(&package))
}

/// A source file as it is called in its crate, `h2-0.4.12/src/proto/streams/counts.rs`: the same on every machine.
fn in_its_crate(file: &str) -> &str {
    let below = |folder: &str| file.split_once(folder).map(|(_, rest)| rest);
    let registry = below("/registry/src/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
    let checkout = || below("/git/checkouts/");
    let of_std = || below("/rustc/").and_then(|rest| rest.split_once('/')).map(|(_, rest)| rest);
    registry.or_else(checkout).or_else(of_std).unwrap_or(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_the_same_on_every_machine() {
        let check = |file, expected| assert_eq!(in_its_crate(file), expected);
        check(
            "/home/a/.cargo/registry/src/index.crates.io-6f17d22b/h2-0.4.12/src/lib.rs",
            "h2-0.4.12/src/lib.rs",
        );
        check("/home/a/.cargo/git/checkouts/h2-12ab/34cd/src/lib.rs", "h2-12ab/34cd/src/lib.rs");
        check("/rustc/59807616e1fa/library/core/src/option.rs", "library/core/src/option.rs");
        check("tests/suite/watchdogs.rs", "tests/suite/watchdogs.rs");
    }

    #[test]
    fn the_lab_is_told_from_clients() {
        let registry = |rest: &str| format!("/home/a/.cargo/registry/src/index.crates.io-6f17d22b/{rest}");
        assert!(is_ours(file!()));
        for ours in ["closewait-simulator-0.1.0/src/net/state.rs", "turmoil-net-0.1.0/src/kernel/mod.rs"] {
            assert!(is_ours(&registry(ours)), "{ours}");
        }
        for theirs in ["h2-0.4.12/src/lib.rs", "closewait-reference-0.1.0/src/guard.rs"] {
            assert!(!is_ours(&registry(theirs)), "{theirs}");
        }
        let reference = file!().replace("simulator/src/lab/panics.rs", "reference/src/guard.rs");
        for theirs in ["tests/suite/watchdogs.rs", "library/core/src/option.rs", &reference] {
            assert!(!is_ours(theirs), "{theirs}");
        }
    }

    #[test]
    fn what_is_kept_is_known_until_the_run_is_over() {
        assert_eq!(located("broken".to_owned()), "broken");
        let panics = Panics::keep();
        let line = line!() + 1;
        let caught = panic::catch_unwind(|| panic!("broken"));
        let message = words_of(&*caught.expect_err("it panics"));
        let told = format!("broken, at crates/simulator/src/lab/panics.rs:{line}");
        assert_eq!((located(message), panics.so_far()), (told.clone(), vec![told]));
        drop(panics);
        assert_eq!(located("broken".to_owned()), "broken");
    }
}
