//! Everything one `run` found out, as the reports want it.

use closewait_oracle::RunResult;
use closewait_scenario::Scenario;

use super::accepted::{Difference, SnapshotError, Snapshots};
use super::snapshot::Snapshot;

/// The results of a run.
#[derive(Debug, Clone)]
pub struct Results<'a> {
    /// The clients, in the order of the columns.
    pub clients: Vec<ClientVersion>,
    /// One entry for each scenario and client, scenarios first.
    pub entries: Vec<Entry<'a>>,
    /// Where results differ from the accepted snapshots; `None` if they were not compared.
    pub differences: Option<Vec<Difference>>,
}

/// A client and its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientVersion {
    /// The name on the command line.
    pub name: &'static str,
    /// The version under test.
    pub version: &'static str,
}

/// A result with its scenario.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// What came out.
    pub result: RunResult,
}

impl<'a> Results<'a> {
    /// Brings results and their scenarios together. Results of unknown scenarios are left out.
    pub fn new(clients: Vec<ClientVersion>, scenarios: &[&'a Scenario], results: Vec<RunResult>) -> Self {
        let entry = |result: RunResult| {
            let scenario = scenarios.iter().find(|scenario| scenario.id == result.scenario)?;
            Some(Entry { scenario, result })
        };
        Self { clients, entries: results.into_iter().filter_map(entry).collect(), differences: None }
    }

    /// Compares every result with its accepted snapshot.
    ///
    /// # Errors
    /// If an accepted snapshot cannot be read.
    pub fn compare(&mut self, snapshots: &Snapshots) -> Result<(), SnapshotError> {
        let differences = self.differences.get_or_insert_default();
        for Entry { scenario, result } in &self.entries {
            differences.extend(snapshots.compare(
                result.client,
                &scenario.id,
                Snapshot::of(scenario, result),
            )?);
        }
        Ok(())
    }

    /// Adds the snapshots whose scenario is gone. Only for runs over the whole catalogue.
    ///
    /// # Errors
    /// If the folder of snapshots cannot be read.
    pub fn find_orphans(&mut self, snapshots: &Snapshots, catalogue: &[&str]) -> Result<(), SnapshotError> {
        for client in &self.clients {
            let orphans = snapshots.orphans(client.name, catalogue)?;
            self.differences.get_or_insert_default().extend(orphans);
        }
        Ok(())
    }

    /// Whether something differs from what is accepted.
    pub fn differ(&self) -> bool {
        self.differences.as_ref().is_some_and(|differences| !differences.is_empty())
    }

    /// The version of a client of this run.
    pub fn version(&self, client: &str) -> &'static str {
        self.clients.iter().find(|known| known.name == client).map_or("", |known| known.version)
    }
}
