//! Whether a shim does what it is told: a handful of scenarios that say nothing of the client behind it.

use closewait_scenario::{Scenario, parse};

const CHECKS: [(&str, &str); 5] = [
    ("shim/sends-what-it-is-told", include_str!("../checks/sends-what-it-is-told.toml")),
    ("shim/tells-of-errors", include_str!("../checks/tells-of-errors.toml")),
    ("shim/gives-up", include_str!("../checks/gives-up.toml")),
    ("shim/reads-a-part", include_str!("../checks/reads-a-part.toml")),
    ("shim/closes", include_str!("../checks/closes.toml")),
];

/// The scenarios that `closewait clients check` plays.
pub fn checks() -> Vec<Scenario> {
    let parsed = CHECKS.iter().map(|(id, text)| parse(id, &format!("{id}.toml"), text));
    parsed.map(|scenario| scenario.expect("a test parses them")).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_is_a_scenario() {
        assert!(super::checks().iter().all(|scenario| scenario.family() == "shim"));
    }
}
