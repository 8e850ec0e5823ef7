//! The gate: facts, comparison, rules, and every form of its report.

mod cli;
mod control;
mod defects;
mod facts;
mod files;
mod hostile;
mod reports;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = facts::trials();
    trials.extend(defects::trials());
    trials.extend(files::trials());
    trials.extend(hostile::trials());
    trials.extend(reports::trials());
    trials.extend(control::trials());
    trials.extend(cli::trials());
    trials
}
