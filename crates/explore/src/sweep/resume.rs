//! A file of results that was cut short: what of it counts.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::header::Header;
use super::record::{Record, line};

/// Why a file of results cannot be read or gone on with.
#[derive(Debug, Error)]
pub enum ResumeError {
    /// It cannot be read or written.
    #[error("cannot use {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else, or was damaged.
    #[error("{}: line {line} is not {expected}", path.display())]
    NotResults {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What it should be.
        expected: String,
    },
    /// It is of a sweep of something else.
    #[error("{} is of another sweep: the {what} differ", path.display())]
    AnotherSweep {
        /// The file.
        path: PathBuf,
        /// What differs first.
        what: &'static str,
    },
}

/// Goes on with a file of results that was cut short, with the runs of this order: gives what is there already, and cuts the
/// file behind it. A last line without its end is taken for half-written and done again; a file that is empty, or has no
/// more than a part of its first line, begins anew.
///
/// # Errors
/// If the file, open for reading and writing, cannot be used, or is not a beginning of this sweep.
pub fn resume(
    path: &Path,
    file: &mut File,
    header: &Header,
    runs: &[usize],
) -> Result<Vec<Record>, ResumeError> {
    let io = |source| ResumeError::Io { path: path.to_owned(), source };
    if is_unwritten(file, header).map_err(io)? {
        file.set_len(0).and_then(|()| file.rewind()).map_err(io)?;
        file.write_all(line(header).as_bytes()).map_err(io)?;
        return Ok(Vec::new());
    }
    let Contents { header: found, records, length } = read(path, file)?;
    let what = header.difference(&found).or((header.shard != found.shard).then_some("shards"));
    if let Some(what) = what {
        return Err(ResumeError::AnotherSweep { path: path.to_owned(), what });
    }
    let in_order =
        records.len() <= runs.len() && records.iter().zip(runs).all(|(record, run)| record.run == *run);
    if !in_order {
        let line = records.iter().zip(runs).take_while(|(record, run)| record.run == **run).count() + 2;
        let expected = "the result that comes next in this sweep".to_owned();
        return Err(ResumeError::NotResults { path: path.to_owned(), line, expected });
    }
    file.set_len(length).map_err(io)?;
    file.seek(SeekFrom::End(0)).map_err(io)?;
    Ok(records)
}

/// Whether there is nothing of this sweep yet but a part of its header.
fn is_unwritten(file: &mut File, header: &Header) -> io::Result<bool> {
    let header = line(header);
    let mut beginning = Vec::new();
    Read::by_ref(file).take(header.len() as u64).read_to_end(&mut beginning)?;
    file.rewind()?;
    Ok(beginning.len() < header.len() && header.as_bytes().starts_with(&beginning))
}

/// Reads a file of results. A last line without its end is left out.
///
/// # Errors
/// If it cannot be read, or is none.
pub fn read_results(path: &Path) -> Result<(Header, Vec<Record>), ResumeError> {
    let file = File::open(path).map_err(|source| ResumeError::Io { path: path.to_owned(), source })?;
    let Contents { header, records, .. } = read(path, &file)?;
    Ok((header, records))
}

/// What a file of results says.
pub(super) struct Contents {
    pub header: Header,
    pub records: Vec<Record>,
    /// Bytes of the whole lines.
    pub length: u64,
}

/// Reads every whole line.
pub(super) fn read(path: &Path, file: &File) -> Result<Contents, ResumeError> {
    let bad = |line, expected: &str| ResumeError::NotResults {
        path: path.to_owned(),
        line,
        expected: expected.to_owned(),
    };
    let mut reader = BufReader::new(file);
    let mut next = || -> Result<Option<String>, ResumeError> {
        let mut text = Vec::new();
        reader
            .read_until(b'\n', &mut text)
            .map_err(|source| ResumeError::Io { path: path.to_owned(), source })?;
        Ok((text.pop() == Some(b'\n')).then(|| String::from_utf8_lossy(&text).into_owned()))
    };
    let first = next()?.ok_or_else(|| bad(1, "the first line of a file of `closewait sweep --results`"))?;
    let header: Header = serde_json::from_str(&first)
        .map_err(|_| bad(1, "the first line of a file of `closewait sweep --results`"))?;
    let mut length = first.len() as u64 + 1;
    let mut records = Vec::new();
    while let Some(text) = next()? {
        let record = serde_json::from_str(&text).map_err(|_| bad(records.len() + 2, "a result"))?;
        records.push(record);
        length += text.len() as u64 + 1;
    }
    Ok(Contents { header, records, length })
}
