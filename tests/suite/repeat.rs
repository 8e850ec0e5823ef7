//! The same scenario against the same client is the same trace, byte for byte.

use closewait::client;
use closewait::lab::Limits;
use closewait::suite;
use libtest_mimic::Trial;

use super::played::catalogue;

/// How often each trial runs its scenarios: two can differ, and `snapshot::` and `fresh_processes::` compare three more.
/// `closewait run --repeat N` does it at will.
const RUNS: u32 = 2;

/// One trial for each client: `repeat::<client>`.
pub fn trials() -> Vec<Trial> {
    let trial = |client: &&'static dyn client::UnderTest| {
        let client = *client;
        Trial::test(format!("repeat::{}", client.name()), move || {
            let diverging =
                catalogue().iter().find_map(|s| suite::repeat(s, client, &Limits::default(), RUNS));
            diverging.map_or(Ok(()), |divergence| Err(divergence.to_string().into()))
        })
    };
    client::built_in().iter().map(trial).collect()
}
