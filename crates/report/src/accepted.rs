//! The accepted snapshots on disk: reading, comparing, writing.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use closewait_scenario::read_plain;
use thiserror::Error;

use super::snapshot::{SOURCE, Snapshot};

/// A folder of snapshots: `<client>/<family>/<name>.snap`.
#[derive(Debug, Clone)]
pub struct Snapshots {
    root: PathBuf,
    source: &'static str,
}

/// Why an accepted snapshot cannot be used.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The file is there and cannot be read, or cannot be written.
    #[error("cannot {verb} snapshot {}: {source}", path.display())]
    Io {
        /// `read`, `write` or `remove`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file is not a snapshot.
    #[error("{}: not a snapshot: {problem}; restore the file, or delete it and run with --accept", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },
    /// The file holds no facts that could be compared by meaning.
    #[error(
        "{}: an earlier closewait wrote this snapshot, without the facts that the gate compares; accept it once again: \
         `closewait run --accept`, or CLOSEWAIT_ACCEPT=1 for the test of another crate", path.display()
    )]
    NoFacts {
        /// The file.
        path: PathBuf,
    },
}

/// A result that is not the accepted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Client name.
    pub client: String,
    /// Scenario id.
    pub scenario: String,
    /// In which way.
    pub kind: DifferenceKind,
}

/// In which way a result is not the accepted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DifferenceKind {
    /// Nothing was accepted yet.
    New {
        /// The new snapshot.
        found: Snapshot,
    },
    /// Something else was accepted.
    Changed {
        /// The accepted one.
        accepted: Snapshot,
        /// The one of this run.
        found: Snapshot,
    },
    /// There is a snapshot, but no such scenario any more.
    Gone,
}

/// Longer snapshots are not read, bytes.
pub(super) const LONGEST: u64 = 64 * 1024 * 1024;

impl Snapshots {
    /// The snapshots below a folder, which need not exist.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), source: SOURCE }
    }

    /// The same, with another test in the header of what is written.
    #[must_use]
    pub fn written_by(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// Where the snapshot of a scenario on a client is.
    pub fn path(&self, client: &str, scenario: &str) -> PathBuf {
        self.root.join(client).join(format!("{scenario}.snap"))
    }

    /// The accepted snapshot; `None` if there is none yet.
    ///
    /// # Errors
    /// If the file cannot be read or is not a snapshot.
    pub fn read(&self, client: &str, scenario: &str) -> Result<Option<Snapshot>, SnapshotError> {
        let path = self.path(client, scenario);
        match read_plain(&path, LONGEST) {
            Ok(text) => match Snapshot::parse(&text) {
                Ok(snapshot) => Ok(Some(snapshot)),
                Err(problem) => Err(SnapshotError::Broken { path, problem }),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SnapshotError::Io { verb: "read", path, source }),
        }
    }

    /// Compares the text of a result with the accepted one.
    ///
    /// # Errors
    /// As [`Snapshots::read`].
    pub fn compare(
        &self,
        client: &str,
        scenario: &str,
        found: Snapshot,
    ) -> Result<Option<Difference>, SnapshotError> {
        let kind = match self.read(client, scenario)? {
            Some(accepted) if accepted.body == found.body => return Ok(None),
            Some(accepted) => DifferenceKind::Changed { accepted, found },
            None => DifferenceKind::New { found },
        };
        Ok(Some(Difference { client: client.to_owned(), scenario: scenario.to_owned(), kind }))
    }

    /// Snapshots of scenarios that are not in `known`: their scenario is gone.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn orphans(&self, client: &str, known: &[&str]) -> Result<Vec<Difference>, SnapshotError> {
        let mut orphans = Vec::new();
        let root = self.root.join(client);
        for family in entries(&root)? {
            for file in if family.is_dir() { entries(&family)? } else { Vec::new() } {
                if file.extension().is_none_or(|extension| extension != "snap") {
                    continue;
                }
                let Ok(id) = file.with_extension("").strip_prefix(&root).map(id_of) else { continue };
                if !known.contains(&id.as_str()) {
                    let client = client.to_owned();
                    orphans.push(Difference { client, scenario: id, kind: DifferenceKind::Gone });
                }
            }
        }
        Ok(orphans)
    }

    /// Makes a difference the accepted state; the file that was written or removed.
    ///
    /// # Errors
    /// If the file cannot be written or removed.
    pub fn accept(&self, difference: &Difference, version: &str) -> Result<PathBuf, SnapshotError> {
        let path = self.path(&difference.client, &difference.scenario);
        let (verb, done) = match &difference.kind {
            DifferenceKind::New { found } | DifferenceKind::Changed { found, .. } => {
                ("write", write(&path, &found.file(self.source, &difference.client, version)))
            }
            DifferenceKind::Gone => ("remove", fs::remove_file(&path)),
        };
        match done {
            Ok(()) => Ok(path),
            Err(source) => Err(SnapshotError::Io { verb, path, source }),
        }
    }

    /// Writes the facts of a result anew whose text is the accepted one; the file, if they were other ones.
    ///
    /// # Errors
    /// If the file cannot be read or written.
    pub fn refresh(
        &self,
        client: &str,
        scenario: &str,
        version: &str,
        found: &Snapshot,
    ) -> Result<Option<PathBuf>, SnapshotError> {
        let is_old = |accepted: Snapshot| accepted.body == found.body && accepted.record != found.record;
        if !self.read(client, scenario)?.is_some_and(is_old) {
            return Ok(None);
        }
        let path = self.path(client, scenario);
        match write(&path, &found.file(self.source, client, version)) {
            Ok(()) => Ok(Some(path)),
            Err(source) => Err(SnapshotError::Io { verb: "write", path, source }),
        }
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    write_whole(path, text.as_bytes())
}

/// Writes a file beside its place and moves it there: on a full disk what was there stays as it was.
///
/// # Errors
/// As [`fs::write`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link points to is written, and the link stays.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut draft = path.as_os_str().to_owned();
    draft.push(format!(".{}.tmp", std::process::id()));
    let written = fs::write(&draft, bytes).and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        // It may never have been made; there is nothing better to do.
        let _ = fs::remove_file(&draft);
    }
    written
}

fn id_of(path: &Path) -> String {
    let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    parts.join("/")
}

/// What is in a folder, in order of name; nothing if there is no such folder.
pub(super) fn entries(folder: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    let io = |source| SnapshotError::Io { verb: "read", path: folder.to_owned(), source };
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut paths =
        listing.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>().map_err(io)?;
    paths.sort();
    Ok(paths)
}
