//! The same scenario against the same client is the same trace, byte for byte.

use std::path::Path;

use closewait::client;
use closewait::lab::Limits;
use closewait::scenario::Catalogue;
use closewait::suite;
use libtest_mimic::Trial;

/// How often each trial runs its scenario. `closewait run --repeat N` does it at will.
const RUNS: u32 = 3;

/// One trial for each client: `repeat::<client>`.
pub fn trials() -> Vec<Trial> {
    let trial = |client: &&'static dyn client::UnderTest| {
        let client = *client;
        Trial::test(format!("repeat::{}", client.name()), move || {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
            let catalogue = Catalogue::load(&root)?;
            let diverging = catalogue.iter().find_map(|s| suite::repeat(s, client, &Limits::default(), RUNS));
            diverging.map_or(Ok(()), |divergence| Err(divergence.to_string().into()))
        })
    };
    client::built_in().iter().map(trial).collect()
}
