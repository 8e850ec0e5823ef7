//! The catalogue as it is played, once for all trials that look at its runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, OnceLock};

use closewait::client::{self, UnderTest};
use closewait::lab::Limits;
use closewait::report::document::{About, Document, of_results};
use closewait::report::results::{ClientVersion, Results};
use closewait::scenario::{Catalogue, Scenario};
use closewait::suite::{self, RunResult};

/// The folder of the catalogue.
pub fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// The catalogue of the repository.
pub fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> =
        LazyLock::new(|| Catalogue::load(&scenarios()).unwrap_or_else(|error| panic!("{error}")));
    &CATALOGUE
}

/// A built-in client.
pub fn client(name: &str) -> &'static dyn UnderTest {
    *client::built_in().iter().find(|client| client.name() == name).expect("a built-in client")
}

/// The reference client among the built-in ones.
pub fn reference() -> &'static dyn UnderTest {
    client("reference")
}

/// What came of a scenario of the catalogue and a built-in client. It is played by the first trial that asks, whichever
/// that is: the same scenario is the same trace.
pub fn result(scenario: &str, client: &str) -> &'static RunResult {
    type RunResults = BTreeMap<(&'static str, &'static str), OnceLock<RunResult>>;
    static CELLS: LazyLock<RunResults> = LazyLock::new(|| {
        let clients = |scenario: &'static Scenario| {
            client::built_in().iter().map(|client| ((scenario.id.as_str(), client.name()), OnceLock::new()))
        };
        catalogue().iter().flat_map(clients).collect()
    });
    let scenario = catalogue().get(scenario).unwrap_or_else(|error| panic!("{error}"));
    let client = self::client(client);
    let results: &'static RunResults = &CELLS;
    results[&(scenario.id.as_str(), client.name())]
        .get_or_init(|| suite::play(scenario, client, &Limits::default()))
}

/// Every scenario of the catalogue against these built-in clients.
pub fn results(clients: &[&'static dyn UnderTest]) -> Results<'static> {
    selected(&catalogue().iter().collect::<Vec<_>>(), clients)
}

/// Some scenarios of the catalogue against these built-in clients.
pub fn selected(scenarios: &[&'static Scenario], clients: &[&'static dyn UnderTest]) -> Results<'static> {
    let of_scenario = |scenario: &&'static Scenario| {
        clients.iter().map(|client| result(&scenario.id, client.name()).clone())
    };
    Results::new(versions(clients), scenarios, scenarios.iter().flat_map(of_scenario).collect())
}

/// Every scenario of the catalogue against a client that is not built in.
pub fn results_with(client: &'static dyn UnderTest) -> Results<'static> {
    selected_with(&catalogue().iter().collect::<Vec<_>>(), &[client])
}

/// Some scenarios of the catalogue against clients of which not all are built in.
pub fn selected_with(
    scenarios: &[&'static Scenario],
    clients: &[&'static dyn UnderTest],
) -> Results<'static> {
    let results = suite::play_all(scenarios.iter().copied(), clients, &Limits::default(), |_, _| ());
    Results::new(versions(clients), scenarios, results)
}

fn versions(clients: &[&'static dyn UnderTest]) -> Vec<ClientVersion> {
    let version =
        |client: &&'static dyn UnderTest| ClientVersion { name: client.name(), version: client.version() };
    clients.iter().map(version).collect()
}

/// Their results file.
pub fn document(results: &Results<'_>) -> Document {
    of_results(results, About { selection: &[], folder: Some(Path::new("scenarios")), test: None })
}
