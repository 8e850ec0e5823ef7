//! The trials, by what they are about.

mod bad_scenarios;
mod scenario_parser;

use libtest_mimic::Trial;

/// Every trial of the suite.
pub fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    trials.extend(bad_scenarios::trials());
    trials.extend(scenario_parser::trials());
    trials
}
