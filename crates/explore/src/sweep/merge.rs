//! The shards of a sweep, put together.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::header::Header;
use super::record::Record;
use super::resume::{Contents, ResumeError, read};
use super::share::Shard;

/// Why files of results are not the shards of one sweep.
#[derive(Debug, Error)]
pub enum MergeError {
    /// One of them cannot be read.
    #[error(transparent)]
    File(#[from] ResumeError),
    /// They are not shards of the same number of shards, each once.
    #[error("{} is shard {shard}, {problem}", path.display())]
    Shards {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        shard: String,
        /// What is wrong with that.
        problem: String,
    },
    /// A shard is missing.
    #[error("shard {0} is missing")]
    Missing(String),
    /// A shard was not swept to its end.
    #[error("{} has {found} of {wanted} results: sweep it to its end with --resume", path.display())]
    Unfinished {
        /// The file.
        path: PathBuf,
        /// Results in it.
        found: usize,
        /// Results there should be.
        wanted: usize,
    },
}

/// Puts the shards of a sweep together: the header and the results of the sweep in one.
///
/// # Errors
/// If a file cannot be read, or the files are not all the finished shards of one sweep.
pub fn merge(paths: &[PathBuf]) -> Result<(Header, Vec<Record>), MergeError> {
    let mut shards: BTreeMap<usize, (&Path, Contents)> = BTreeMap::new();
    for path in paths {
        let file = File::open(path).map_err(|source| ResumeError::Io { path: path.clone(), source })?;
        let contents = read(path, &file)?;
        let shard = shard_of(path, &contents.header)?;
        if let Some((other, first)) = shards.values().next() {
            if let Some(what) = first.header.difference(&contents.header) {
                return Err(ResumeError::AnotherSweep { path: path.clone(), what }.into());
            }
            let of = shard_of(other, &first.header)?.of;
            if of != shard.of {
                return Err(wrong(path, shard, format!("but {} is one of {of}", other.display())));
            }
        }
        if let Some((other, _)) = shards.insert(shard.number, (path, contents)) {
            return Err(wrong(path, shard, format!("and so is {}", other.display())));
        }
    }
    let Some((path, first)) = shards.values().next() else {
        return Err(MergeError::Missing("1/1".to_owned()));
    };
    let of = shard_of(path, &first.header)?.of;
    let header = Header { shard: Shard::WHOLE.to_string(), ..first.header.clone() };
    if let Some(number) = (1..=of).find(|number| !shards.contains_key(number)) {
        return Err(MergeError::Missing(Shard { number, of }.to_string()));
    }
    let mut records = Vec::with_capacity(header.chosen);
    for (number, (path, contents)) in shards {
        let (found, wanted) = (contents.records.len(), (header.chosen + of - number) / of);
        if found != wanted {
            return Err(MergeError::Unfinished { path: path.to_owned(), found, wanted });
        }
        records.extend(contents.records);
    }
    records.sort_by_key(|record| record.run);
    Ok((header, records))
}

fn shard_of(path: &Path, header: &Header) -> Result<Shard, MergeError> {
    let shard = header.shard.parse();
    shard.map_err(|_| MergeError::Shards {
        path: path.to_owned(),
        shard: header.shard.clone(),
        problem: "which is none".to_owned(),
    })
}

fn wrong(path: &Path, shard: Shard, problem: String) -> MergeError {
    MergeError::Shards { path: path.to_owned(), shard: shard.to_string(), problem }
}
