//! A million random histories of the reference pool, each step checked against the naive model and the pool's
//! invariants. `cargo bench -p closewait-benches --bench pool_schedules [-- COUNT]`; prints how long it took.

use std::time::{Duration, Instant};

use closewait::client::reference::pool::Limits;

#[path = "../tests/suite/pool_model/naive.rs"]
mod naive;
#[path = "../tests/suite/pool_model/player.rs"]
mod player;
#[path = "../tests/suite/pool_model/streams.rs"]
mod streams;

use player::{Player, Step};

const SCHEDULES: u64 = 1_000_000;
const SMOKE: u64 = 1_000;
const MOST_STEPS: u64 = 40;

fn main() {
    // `cargo bench` says `--bench`; `cargo test --benches` does not, and only wants to know that this runs.
    let given = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let count = given.unwrap_or(if is_bench { SCHEDULES } else { SMOKE });
    let start = Instant::now();
    let mut steps = 0;
    for seed in 0..count {
        steps += schedule(&mut Random(seed));
    }
    let took = start.elapsed();
    println!("{count} schedules, {steps} steps, every invariant holds: {:.1} s", took.as_secs_f64());
}

/// Plays one history; the number of its steps. A violation panics and names the step.
fn schedule(random: &mut Random) -> u64 {
    let limits = Limits {
        max_connections: 1 + random.below(4) as usize,
        max_idle: random.below(4) as usize,
        lifetime: Duration::from_secs(30 + random.below(600)),
        shares: random.below(2) == 0,
        ping_interval: [None, Some(Duration::from_secs(1 + random.below(30)))][random.below(2) as usize],
        ping_timeout: Duration::from_secs(1 + random.below(5)),
        ping_while_idle: random.below(2) == 0,
        ..Limits::default()
    };
    let steps = 1 + random.below(MOST_STEPS);
    let mut player = Player::new(limits);
    for _ in 0..steps {
        player.play(step(random));
    }
    player.finish();
    steps
}

fn step(random: &mut Random) -> Step {
    let (kind, pick, other) = (random.below(49), random.below(256) as u8, random.below(256) as u8);
    match kind {
        0..=6 => Step::Want { fresh: pick.is_multiple_of(4), after: other },
        7 => Step::GiveUp(pick),
        8..=12 => Step::Connect(pick),
        13 => Step::FailConnect(pick),
        14..=18 => Step::Look(pick, !other.is_multiple_of(5)),
        19..=23 => Step::GiveBack(pick, other),
        24..=25 => Step::Poison(pick, other),
        26 => Step::End(pick),
        27..=29 => Step::Wait(random.below(60_000) as u32),
        30 => Step::Close(pick),
        31 => Step::Abort(pick),
        32..=34 => Step::Multiplex(pick),
        35..=38 => Step::Turn(pick),
        39..=42 => Step::Finish(pick, other),
        43 => Step::Capacity(pick, other),
        44..=45 => Step::Hear(pick),
        46 => Step::Sent(pick),
        _ => Step::GoAway(pick),
    }
}

/// SplitMix64: every seed is another history, and the same one tomorrow.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}
