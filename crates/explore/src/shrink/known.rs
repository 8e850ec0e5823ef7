//! What scenarios show already: the same finding is not saved twice.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use closewait_oracle::Verdict;
use closewait_scenario::{Catalogue, Scenario, Unwritable};
use closewait_simulator::client::UnderTest;
use closewait_simulator::lab::{self, Limits};

use super::found::{FAMILY, Found, reasons};
use crate::kind::faults_of;

/// The violations of clients that some scenario shows. One for all clients of a command, so that names are given once.
#[derive(Debug, Clone, Default)]
pub struct Known {
    scenarios: Vec<Scenario>,
    ids: BTreeSet<String>,
    violations: Vec<(Kind, String)>,
}

/// Findings of one kind are one finding.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Kind {
    client: &'static str,
    oracle: &'static str,
    /// HTTP/1.1 and HTTP/2 have different faults of the same name; with TLS and without they are the same.
    http2: bool,
    faults: Vec<String>,
    circumstances: Vec<&'static str>,
}

impl Kind {
    fn of(found: &Found) -> Self {
        Self {
            client: found.client,
            oracle: found.oracle,
            http2: found.scenario.protocol.is_http2(),
            faults: found.faults.clone(),
            circumstances: found.circumstances.clone(),
        }
    }

    fn shown_by(scenario: &Scenario, oracle: &'static str, client: &'static str) -> Self {
        Self {
            client,
            oracle,
            http2: scenario.protocol.is_http2(),
            faults: faults_of(scenario),
            circumstances: reasons(scenario),
        }
    }
}

impl Known {
    /// The scenarios of a catalogue, none of them played yet.
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut known = Self::default();
        known.add(catalogue);
        known
    }

    /// The scenarios of another catalogue on top, but for those that are there already.
    pub fn add(&mut self, catalogue: &Catalogue) {
        for scenario in catalogue
            .iter()
            .filter(|scenario| !self.scenarios.contains(scenario))
            .cloned()
            .collect::<Vec<_>>()
        {
            self.ids.insert(scenario.id.clone());
            self.scenarios.push(scenario);
        }
    }

    /// Plays the scenarios, those that were saved for other clients among them.
    pub fn play(&mut self, client: &'static dyn UnderTest) {
        let playable = || self.scenarios.iter().filter(|scenario| client.unsupported(scenario).is_none());
        let plays: Vec<_> = playable().map(|scenario| (Arc::new(scenario.clone()), client)).collect();
        for (scenario, trace) in playable().zip(lab::run_all(plays, &Limits::default())) {
            if trace.unsupported.is_some() {
                continue;
            }
            for finding in closewait_oracle::judge(scenario, &trace) {
                if matches!(finding.verdict, Verdict::Violated { .. }) {
                    let kind = Kind::shown_by(scenario, finding.oracle, client.name());
                    self.violations.push((kind, scenario.id.clone()));
                }
            }
        }
    }

    /// The id of a scenario in which the client violates the same oracle over the same version of HTTP through the same
    /// kinds of faults.
    pub fn scenario_of(&self, found: &Found) -> Option<&str> {
        let wanted = Kind::of(found);
        self.violations.iter().find(|(kind, _)| *kind == wanted).map(|(_, id)| id.as_str())
    }

    /// Writes the scenario of a finding below `folder`, to a name that is free, and returns its path; `None` if a
    /// scenario shows it already.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&mut self, found: &Found, folder: &Path) -> Result<Option<PathBuf>, SaveError> {
        if self.scenario_of(found).is_some() {
            return Ok(None);
        }
        let text = closewait_scenario::write(&found.scenario)?;
        let below = folder.join(FAMILY);
        fs::create_dir_all(&below).map_err(|source| SaveError::Io { path: below, source })?;
        loop {
            let id = self.free_id(&found.scenario.id);
            let path = folder.join(format!("{id}.toml"));
            self.ids.insert(id.clone());
            match write_new(&path, &text) {
                Ok(()) => {
                    self.violations.push((Kind::of(found), id.clone()));
                    self.scenarios.push(Scenario { id, ..found.scenario.clone() });
                    return Ok(Some(path));
                }
                // Somebody else's file: the next number may be free.
                Err(taken) if taken.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(SaveError::Io { path, source }),
            }
        }
    }

    /// The id itself, or with the first number from 2 that makes it new.
    fn free_id(&self, id: &str) -> String {
        let numbered = (2..).map(|number| format!("{id}-{number}"));
        let mut ids = std::iter::once(id.to_owned()).chain(numbered);
        ids.find(|id| !self.ids.contains(id)).expect("there is always another number")
    }
}

/// Whether findings can be saved below `folder`. Leaves it as it was.
///
/// # Errors
/// Why not.
pub fn can_save(folder: &Path) -> Result<(), SaveError> {
    let below = folder.join(FAMILY);
    let is_missing = |path: &&Path| !path.as_os_str().is_empty() && !path.exists();
    let missing: Vec<&Path> = below.ancestors().take_while(is_missing).collect();
    let probe = below.join(".closewait-can-write");
    let written = fs::create_dir_all(&below)
        .and_then(|()| fs::write(&probe, ""))
        .and_then(|()| fs::remove_file(&probe));
    for folder in missing {
        // One that somebody else has put something into meanwhile stays.
        let _ = fs::remove_dir(folder);
    }
    written.map_err(|source| SaveError::Io { path: below.clone(), source })
}

/// Never overwrites, and leaves nothing behind that is half a scenario.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create_new(true).open(path)?;
    io::Write::write_all(&mut file, text.as_bytes()).inspect_err(|_| drop(fs::remove_file(path)))
}

/// Why a finding was not saved.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// The file or folder cannot be written.
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
