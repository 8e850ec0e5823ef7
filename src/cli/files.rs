//! Files that are written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::output::print;

/// Why a file cannot be written.
#[derive(Debug, Error)]
#[error("cannot write {}: {source}; nothing was overwritten", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Something to be written, to a file or, for `-`, to stdout.
pub struct Output {
    /// Where to.
    pub path: PathBuf,
    /// What.
    pub bytes: Vec<u8>,
}

/// Writes all of them, or none: first beside their places, then moved there. What is meant for stdout comes last.
///
/// # Errors
/// The first file that cannot be written.
pub fn write_all(outputs: &[Output]) -> Result<(), Box<dyn std::error::Error>> {
    let files: Vec<&Output> = outputs.iter().filter(|output| !is_stdout(&output.path)).collect();
    let mut written = Vec::new();
    for output in &files {
        match beside(&output.path, &output.bytes) {
            Ok(temporary) => written.push(temporary),
            Err(source) => {
                discard(&written);
                return Err(WriteError { path: output.path.clone(), source }.into());
            }
        }
    }
    for (output, temporary) in files.iter().zip(&written) {
        if let Err(source) = fs::rename(temporary, &output.path) {
            discard(&written);
            return Err(WriteError { path: output.path.clone(), source }.into());
        }
    }
    for output in outputs.iter().filter(|output| is_stdout(&output.path)) {
        print(&String::from_utf8_lossy(&output.bytes))?;
    }
    Ok(())
}

/// Whether a path means stdout.
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    if path.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
    }
    let name =
        path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it has no name"))?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(temporary);
    let done = fs::write(&temporary, bytes);
    if done.is_err() {
        discard(std::slice::from_ref(&temporary));
    }
    done.map(|()| temporary)
}

fn discard(temporaries: &[PathBuf]) {
    for temporary in temporaries {
        // It may be gone already; there is nothing better to do.
        let _ = fs::remove_file(temporary);
    }
}
