//! What is accepted, as facts: a folder of snapshots, or the files of one.

use std::path::{Path, PathBuf};

use closewait_oracle::gate::ResultFacts;
use closewait_scenario::read_plain;

use super::accepted::{LONGEST, SnapshotError, entries};
use super::snapshot::Snapshot;

/// Every snapshot below a folder: `<client>/<family>/<name>.snap`.
///
/// # Errors
/// If a file cannot be read, or is not a snapshot.
pub fn of_folder(root: &Path) -> Result<Vec<ResultFacts>, SnapshotError> {
    let mut facts = Vec::new();
    for client in folders(root)? {
        for family in folders(&client)? {
            for file in entries(&family)? {
                if !is_snapshot(&file) {
                    continue;
                }
                let text = read_plain(&file, LONGEST).map_err(|source| SnapshotError::Io {
                    verb: "read",
                    path: file.clone(),
                    source,
                })?;
                let below = file.strip_prefix(root).unwrap_or(&file).to_owned();
                facts.extend(of_file(&below, &file, text.as_bytes())?);
            }
        }
    }
    Ok(facts)
}

/// One snapshot; nothing if `below`, its path in the folder of snapshots, is not that of one. `shown` is what errors
/// call it.
///
/// # Errors
/// If the text is not a snapshot, or one without facts.
pub fn of_file(below: &Path, shown: &Path, bytes: &[u8]) -> Result<Option<ResultFacts>, SnapshotError> {
    let stem = below.with_extension("");
    let parts: Vec<_> = stem.iter().map(|part| part.to_string_lossy()).collect();
    let [client, family, name] = parts.as_slice() else { return Ok(None) };
    if !is_snapshot(below) {
        return Ok(None);
    }
    let broken = |problem| SnapshotError::Broken { path: shown.to_owned(), problem };
    let text = std::str::from_utf8(bytes).map_err(|_| broken("it is not UTF-8 text"))?;
    let outcome = Snapshot::parse(text).and_then(|snapshot| snapshot.facts()).map_err(broken)?;
    let outcome = outcome.ok_or_else(|| SnapshotError::NoFacts { path: shown.to_owned() })?;
    Ok(Some(ResultFacts { scenario: format!("{family}/{name}"), client: client.to_string(), outcome }))
}

fn is_snapshot(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "snap")
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, SnapshotError> {
    Ok(entries(root)?.into_iter().filter(|path| path.is_dir()).collect())
}
