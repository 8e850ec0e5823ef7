//! The documents tell the truth: their commands are run, their tables, names and links checked.

mod commands;
mod examples;
mod hazards;
mod links;
mod oracles;
mod pages;
mod scenarios;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = commands::trials();
    trials.extend([
        Trial::test("docs::committed_table_of_oracles", oracles::table_is_committed),
        Trial::test("docs::every_oracle_has_its_section", oracles::every_oracle_has_its_section),
        Trial::test("docs::every_accepted_violation_is_explained", hazards::every_violation_is_explained),
        Trial::test("docs::every_hazard_says_how_it_is_proved", hazards::every_hazard_says_how_it_is_proved),
        Trial::test("docs::output_is_compared", commands::output_is_compared),
        Trial::test("docs::examples_are_shown_as_they_are", examples::are_shown_as_they_are),
        Trial::test("docs::scenarios_are_valid", scenarios::are_valid),
        Trial::test("docs::links_lead_to_files", links::lead_to_files),
    ]);
    trials
}
