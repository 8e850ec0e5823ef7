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

mod played {
    //! Runs that several trials look at.

    use std::path::Path;
    use std::sync::OnceLock;

    use closewait::client::UnderTest;
    use closewait::lab::Limits;
    use closewait::report::document::{About, Document, of_results};
    use closewait::report::results::{ClientVersion, Results};
    use closewait::scenario::{Catalogue, Scenario};
    use closewait::suite;

    /// The catalogue of the repository.
    pub fn catalogue() -> &'static Catalogue {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
            Catalogue::load(&root).unwrap_or_else(|error| panic!("{error}"))
        })
    }

    /// Everything against these clients.
    pub fn results(clients: &[&'static dyn UnderTest]) -> Results<'static> {
        of(&catalogue().iter().collect::<Vec<_>>(), clients)
    }

    /// Some scenarios against these clients.
    pub fn of<'a>(scenarios: &[&'a Scenario], clients: &[&'static dyn UnderTest]) -> Results<'a> {
        let cells = suite::play_all(scenarios.iter().copied(), clients, &Limits::default(), |_, _| ());
        let version = |client: &&'static dyn UnderTest| ClientVersion {
            name: client.name(),
            version: client.version(),
        };
        Results::new(clients.iter().map(version).collect(), scenarios, cells)
    }

    /// Their results file.
    pub fn document(results: &Results<'_>) -> Document {
        of_results(results, About { selection: &[], folder: Some(Path::new("scenarios")), test: None })
    }
}
