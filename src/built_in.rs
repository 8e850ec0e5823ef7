//! The catalogue that travels with the crate.

use closewait_scenario::{Catalogue, Scenario, parse};

/// Ids and texts, put here by `build.rs`.
const FILES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/scenarios.rs"));

/// The scenarios that closewait comes with: those of `scenarios/` when it was built.
///
/// # Panics
/// When closewait was built from a scenario file that is not valid, with what is wrong with it.
pub fn catalogue() -> Catalogue {
    let scenario = |(id, text): &(&str, &str)| -> Scenario {
        let path = format!("scenarios/{id}.toml");
        parse(id, &path, text)
            .unwrap_or_else(|invalid| panic!("closewait was built from a bad file\n{invalid}"))
    };
    FILES.iter().map(scenario).collect()
}
