//! Files that are written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::output::print_exactly;

/// Why a file cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}; {}", path.display(), done(before))]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
    /// Files that are in their place already.
    before: Vec<PathBuf>,
}

fn done(before: &[PathBuf]) -> String {
    if before.is_empty() {
        return "nothing was overwritten".to_owned();
    }
    let names: Vec<String> = before.iter().map(|path| path.display().to_string()).collect();
    format!("written before that: {}", names.join(", "))
}

/// Something to be written, to a file or, for `-`, to stdout.
pub struct Output {
    /// Where to.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

/// Writes all of them, or none: first beside their places, then moved there. Devices and pipes cannot be replaced and are
/// written to before that; what is meant for stdout comes last.
///
/// # Errors
/// The first file that cannot be written.
pub fn write_all(outputs: &[Output]) -> Result<(), Box<dyn std::error::Error>> {
    let files = outputs.iter().filter(|output| !is_stdout(&output.path));
    let (streams, files): (Vec<&Output>, Vec<&Output>) = files.partition(|output| is_stream(&output.path));
    let mut written = Vec::new();
    let failed = |output: &Output, source, written: &[(PathBuf, PathBuf)], before: usize| {
        discard(written);
        let before = written[..before].iter().map(|(_, place)| place.clone()).collect();
        Err(WriteError { path: output.path.clone(), source, before }.into())
    };
    for output in &files {
        match beside(&output.path, &output.bytes) {
            Ok(moves) => written.push(moves),
            Err(source) => return failed(output, source, &written, 0),
        }
    }
    for output in &streams {
        if let Err(source) = fs::write(&output.path, &output.bytes) {
            return failed(output, source, &written, 0);
        }
    }
    for (done, (output, (temporary, place))) in files.iter().zip(&written).enumerate() {
        if let Err(source) = fs::rename(temporary, place) {
            return failed(output, source, &written, done);
        }
    }
    for output in outputs.iter().filter(|output| is_stdout(&output.path)) {
        print_exactly(&String::from_utf8_lossy(&output.bytes))?;
    }
    Ok(())
}

/// Whether a path means stdout.
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Something that is there and is no file, such as `/dev/null` or a pipe.
fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Refuses two outputs with one place: one would be lost.
///
/// # Errors
/// If two files are the same.
pub fn distinct(paths: &[&Path]) -> Result<(), String> {
    let mut places: Vec<PathBuf> = Vec::new();
    for path in paths.iter().filter(|path| !is_stdout(path) && !is_stream(path)) {
        let place = place(path);
        if places.contains(&place) {
            return Err(format!("two reports cannot share the file {}", path.display()));
        }
        places.push(place);
    }
    Ok(())
}

/// The file that a path means, whether it is there yet or not.
pub fn place(path: &Path) -> PathBuf {
    let folder = || {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(fs::canonicalize(parent).ok()?.join(path.file_name()?))
    };
    fs::canonicalize(path).ok().or_else(folder).unwrap_or_else(|| path.to_owned())
}

/// Whether a file can be written, found out by trying beside its place: what is there stays as it is.
///
/// # Errors
/// If it cannot.
pub fn writable(path: &Path) -> Result<(), WriteError> {
    if is_stdout(path) || is_stream(path) {
        return Ok(());
    }
    let failed = |source| WriteError { path: path.to_owned(), source, before: Vec::new() };
    beside(path, &[]).map(|moves| discard(std::slice::from_ref(&moves))).map_err(failed)
}

/// Where it was written, and where it is to be: what a link points to, not the link.
fn beside(path: &Path, bytes: &[u8]) -> io::Result<(PathBuf, PathBuf)> {
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let moves = (path.with_file_name(temporary), path.clone());
    let done = fs::write(&moves.0, bytes);
    if done.is_err() {
        discard(std::slice::from_ref(&moves));
    }
    done.map(|()| moves)
}

fn discard(written: &[(PathBuf, PathBuf)]) {
    for (temporary, _) in written {
        // It may be gone already; there is nothing better to do.
        let _ = fs::remove_file(temporary);
    }
}
