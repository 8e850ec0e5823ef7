//! The sweep: what it runs, what comes out whatever the number of threads and shards, and what its command says.

mod command;
mod files;
mod findings;
mod hang;
mod refusals;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let mut trials = files::trials();
    trials.extend(findings::trials());
    trials.extend(hang::trials());
    trials.extend(command::trials());
    trials.extend(refusals::trials());
    trials
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(format!("sweep::{name}"), move || {
        test();
        Ok(())
    })
}
