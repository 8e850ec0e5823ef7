//! The files that a sweep writes, checked before anything is played.

use std::error::Error;
use std::path::{Path, PathBuf};

use super::args::SweepArgs;
use super::record_file::RecordFile;
use crate::cli::files::{is_stdout, writable};
use crate::cli::guard;

/// Opens the file of results, if there is to be one.
///
/// # Errors
/// If an output would take the place of another one, of a file that is read, or of earlier results; or cannot be written.
pub fn open(args: &SweepArgs) -> Result<RecordFile, Box<dyn Error>> {
    let results = args.results.as_ref().or(args.resume.as_ref());
    let written: Vec<&PathBuf> =
        results.into_iter().chain(&args.out).filter(|path| !is_stdout(path)).collect();
    let reads: Vec<&Path> = args.merge.iter().chain(&args.accepted).map(PathBuf::as_path).collect();
    guard::check(&written.iter().map(|path| path.as_path()).collect::<Vec<_>>(), &reads)?;
    if let Some(path) = &args.out {
        writable(path)?;
    }
    match (&args.results, &args.resume) {
        (_, Some(path)) => RecordFile::resume(path),
        (Some(path), None) if args.merge.is_empty() => {
            let resume = format!("`--resume {}` goes on with it; remove it to begin anew", path.display());
            RecordFile::create(path, &resume)
        }
        (Some(path), None) => RecordFile::create(path, "remove it, or name another file"),
        (None, None) => Ok(RecordFile::none()),
    }
}
