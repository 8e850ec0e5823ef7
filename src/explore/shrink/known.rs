//! What the catalogue shows already: the same finding is not saved twice.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::found::Found;
use crate::client::UnderTest;
use crate::explore::kind::faults_of;
use crate::lab::Limits;
use crate::oracle::Verdict;
use crate::scenario::{self, Catalogue, Scenario, Unwritable};
use crate::suite::{self, CellResult};

/// The violations of a client that some scenario shows.
#[derive(Debug, Clone, Default)]
pub struct Known {
    violations: Vec<(&'static str, Vec<String>, String)>,
    ids: BTreeSet<String>,
}

impl Known {
    /// Plays the catalogue.
    pub fn of(catalogue: &Catalogue, client: &'static dyn UnderTest) -> Self {
        let mut known = Self { ids: catalogue.iter().map(|s| s.id.clone()).collect(), ..Self::default() };
        let cells = suite::play_all(catalogue.iter(), &[client], &Limits::default(), |_, _| ());
        for (scenario, cell) in catalogue.iter().zip(cells) {
            known.note(scenario, &cell.result);
        }
        known
    }

    fn note(&mut self, scenario: &Scenario, result: &CellResult) {
        let CellResult::Ran { findings, .. } = result else { return };
        for finding in findings.iter().filter(|f| matches!(f.verdict, Verdict::Violated { .. })) {
            self.violations.push((finding.oracle, faults_of(scenario), scenario.id.clone()));
        }
    }

    /// The id of a scenario in which the client violates the same oracle through the same kinds of faults.
    pub fn scenario_of(&self, found: &Found) -> Option<&str> {
        let same = self
            .violations
            .iter()
            .find(|(oracle, faults, _)| *oracle == found.oracle && *faults == found.faults);
        same.map(|(_, _, id)| id.as_str())
    }

    /// Writes the scenario of a finding below `scenarios`, to a name that is free, and returns its path; `None` if
    /// the catalogue shows it already.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&mut self, found: &Found, scenarios: &Path) -> Result<Option<PathBuf>, SaveError> {
        if self.scenario_of(found).is_some() {
            return Ok(None);
        }
        let id = self.free_id(&found.scenario.id);
        let path = scenarios.join(format!("{id}.toml"));
        let text = scenario::write(&found.scenario)?;
        let written =
            fs::create_dir_all(path.parent().unwrap_or(scenarios)).and_then(|()| write_new(&path, &text));
        written.map_err(|source| SaveError::Io { path: path.clone(), source })?;
        self.ids.insert(id.clone());
        self.violations.push((found.oracle, found.faults.clone(), id));
        Ok(Some(path))
    }

    /// The id itself, or with the first number from 2 that makes it new.
    fn free_id(&self, id: &str) -> String {
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        let mut ids = std::iter::once(id.to_owned()).chain(numbered);
        ids.find(|id| !self.ids.contains(id)).expect("there is always another number")
    }
}

/// Never overwrites.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes())
}

/// Why a finding was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No file can say the scenario.
    #[error(transparent)]
    Unwritable(#[from] Unwritable),
}
