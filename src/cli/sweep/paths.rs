//! The files that a sweep writes, checked before anything is played.

use std::error::Error;
use std::path::PathBuf;

use super::args::SweepArgs;
use super::record_file::RecordFile;
use crate::cli::files::{distinct, is_stdout, place, writable};

/// Opens the file of results, if there is to be one.
///
/// # Errors
/// If an output would take the place of another one, of a file that is read, or of earlier results; or cannot be written.
pub fn open(args: &SweepArgs) -> Result<RecordFile, Box<dyn Error>> {
    let results = args.results.as_ref().or(args.resume.as_ref());
    let written: Vec<&PathBuf> =
        results.into_iter().chain(&args.out).filter(|path| !is_stdout(path)).collect();
    distinct(&written.iter().map(|path| path.as_path()).collect::<Vec<_>>())?;
    for path in &written {
        if let Some(input) = args.merge.iter().chain(&args.accepted).find(|input| place(input) == place(path))
        {
            let input = input.display();
            return Err(format!("{input} is read by this command: nothing is written over it").into());
        }
    }
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
