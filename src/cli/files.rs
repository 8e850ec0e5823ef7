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

/// Writes all of them, or none: first beside their places, then moved there. Devices and pipes cannot be replaced and are
/// written to before that; what is meant for stdout comes last.
///
/// # Errors
/// The first file that cannot be written.
pub fn write_all(outputs: &[Output]) -> Result<(), Box<dyn std::error::Error>> {
    let files = outputs.iter().filter(|output| !is_stdout(&output.path));
    let (streams, files): (Vec<&Output>, Vec<&Output>) = files.partition(|output| is_stream(&output.path));
    let mut written = Vec::new();
    let failed = |output: &Output, source, written: &[(PathBuf, PathBuf)]| {
        discard(written);
        Err(WriteError { path: output.path.clone(), source }.into())
    };
    for output in &files {
        match beside(&output.path, &output.bytes) {
            Ok(moves) => written.push(moves),
            Err(source) => return failed(output, source, &written),
        }
    }
    for output in &streams {
        if let Err(source) = fs::write(&output.path, &output.bytes) {
            return failed(output, source, &written);
        }
    }
    for (output, (temporary, place)) in files.iter().zip(&written) {
        if let Err(source) = fs::rename(temporary, place) {
            return failed(output, source, &written);
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

/// Something that is there and is no file, such as `/dev/null` or a pipe.
fn is_stream(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
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
