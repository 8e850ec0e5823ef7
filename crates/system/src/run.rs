//! Which thread plays a run, and how far it is.

use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::entropy::Entropy;

/// How far the run of a thread is.
#[derive(Clone, Copy)]
struct Played {
    /// Virtual time since its start.
    elapsed: Duration,
    entropy: Entropy,
}

thread_local! {
    // `const` and without `Drop`: may be read at any moment of a thread's life, also from within an allocator.
    static PLAYED: Cell<Option<Played>> = const { Cell::new(None) };
}

/// While this lives, the thread that started it has virtual time and seeded entropy.
///
/// Time stands still but for [`set`]. It begins at the first second of 2026 (`SystemTime`), on a machine that has been up for a year
/// (`Instant`): the same in every run, so that whoever hashes the time gets the same hash.
///
/// Start it before the tokio runtime is built, whose clock takes its base from `std`, and drop it after the runtime.
#[must_use = "the run ends when this is dropped"]
pub struct Run {
    before: Option<Played>,
    /// It is the thread's: not to be sent to another.
    thread: PhantomData<*const ()>,
}

impl Run {
    /// Runs with equal seeds get equal bytes of entropy.
    pub fn start(seed: impl AsRef<[u8]>) -> Self {
        let played = Played { elapsed: Duration::ZERO, entropy: Entropy::of(seed.as_ref()) };
        Self { before: PLAYED.replace(Some(played)), thread: PhantomData }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        PLAYED.set(self.before);
    }
}

/// So much virtual time has passed since the start of this thread's run. Nothing on a thread that plays none.
pub fn set(elapsed: Duration) {
    PLAYED.set(PLAYED.get().map(|played| Played { elapsed, ..played }));
}

/// Whether `std` reads virtual time within a run of this process. Where it does not, a client that asks `std` for the time
/// cannot be judged in virtual time.
pub fn is_virtual() -> bool {
    // Asked once: symbols are bound for the whole process.
    static ANSWER: LazyLock<bool> = LazyLock::new(|| {
        let _run = Run::start("is the clock virtual?");
        let second = Duration::from_secs(1);
        let before = Instant::now();
        set(second);
        before.elapsed() == second
    });
    *ANSWER
}

/// Virtual time since the start of this thread's run, if it plays one.
#[allow(dead_code, reason = "not every platform has something taken over")]
pub(crate) fn elapsed() -> Option<Duration> {
    PLAYED.get().map(|played| played.elapsed)
}

/// Takes of the entropy of this thread's run, if it plays one.
#[allow(dead_code, reason = "not every platform has something taken over")]
pub(crate) fn draw<T>(take: impl FnOnce(&mut Entropy) -> T) -> Option<T> {
    let mut played = PLAYED.get()?;
    let taken = take(&mut played.entropy);
    PLAYED.set(Some(played));
    Some(taken)
}
