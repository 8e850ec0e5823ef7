//! Nothing that a command reads is written over by what it writes.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use same_file::Handle;

use super::files::{distinct, is_stdout, place};

/// The rules of the gate: read where nothing else is named, and never an output.
pub const RULES: &str = "closewait.toml";

/// Refuses an output that is a file which the command reads, by whatever name, or another output of it. `reads` are files, and folders
/// with all that is in them; what does not exist is passed over.
///
/// # Errors
/// The first output of which that is so, with the file that would be lost.
pub fn check(outputs: &[&Path], reads: &[&Path]) -> Result<(), String> {
    distinct(outputs)?;
    if outputs.iter().any(|path| place(path) == place(Path::new(RULES))) {
        return Err(format!(
            "{RULES} is where the rules of the gate are, and not written over: name another file"
        ));
    }
    let handle = |path: &Path| is_plain(path).then(|| Handle::from_path(path).ok()).flatten();
    let outputs = outputs.iter().filter(|path| !is_stdout(path));
    let existing: Vec<(&Path, Handle)> = outputs.filter_map(|path| Some((*path, handle(path)?))).collect();
    if existing.is_empty() {
        return Ok(());
    }
    for file in reads.iter().copied().chain([Path::new(RULES)]).flat_map(files) {
        let Some(read) = handle(&file) else { continue };
        if let Some((output, _)) = existing.iter().find(|(_, output)| *output == read) {
            let (file, output) = (file.display(), output.display());
            return Err(format!(
                "{file} is read by this command, and not written over: name another file than {output}"
            ));
        }
    }
    Ok(())
}

/// A file that can be opened without waiting for anybody.
fn is_plain(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// The path itself, and what is below it, links followed: so are they when it is read.
fn files(path: &Path) -> Vec<PathBuf> {
    let entries = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let (mut found, mut visited) = (vec![path.to_owned()], BTreeSet::new());
    let mut next = 0;
    while let Some(place) = found.get(next).cloned() {
        next += 1;
        // A link may lead back.
        if fs::canonicalize(&place).is_ok_and(|folder| folder.is_dir() && visited.insert(folder)) {
            found.extend(entries(&place));
        }
    }
    found
}
