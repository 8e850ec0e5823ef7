//! The file of results, written while the sweep goes on.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use closewait::explore::sweep::{self, Header, Record, ResumeError};

/// The file of results, if there is one.
pub struct RecordFile {
    file: Option<(PathBuf, BufWriter<File>)>,
    /// Whether what is in it already counts.
    resumed: bool,
    /// Results given to it.
    kept: usize,
}

impl RecordFile {
    /// No file.
    pub fn none() -> Self {
        Self { file: None, resumed: false, kept: 0 }
    }

    /// A new file. One that is there already is only taken if it is empty: it may be a sweep of hours. `instead` says what
    /// to do then.
    pub fn create(path: &Path, instead: &str) -> Result<Self, Box<dyn Error>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
        let file = file.map_err(|error| named(path, &error))?;
        let found = file.metadata().map_err(|error| named(path, &error))?;
        if found.is_file() && found.len() > 0 {
            return Err(format!("{} is there already: {instead}", path.display()).into());
        }
        Ok(Self { file: Some((path.to_owned(), BufWriter::new(file))), ..Self::none() })
    }

    /// A file of a sweep that is gone on with. If it is missing or empty, the sweep begins anew, and says so.
    pub fn resume(path: &Path) -> Result<Self, Box<dyn Error>> {
        let unusable = |source| ResumeError::Io { path: path.to_owned(), source };
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = file.map_err(unusable)?;
        if file.metadata().map_err(unusable)?.len() == 0 {
            anstream::eprintln!("there is nothing in {} yet: the sweep begins anew", path.display());
        }
        Ok(Self { file: Some((path.to_owned(), BufWriter::new(file))), resumed: true, kept: 0 })
    }

    /// Writes the header, so that the sweep can be resumed from now on. Gives the results that are there already.
    pub fn begin(&mut self, header: &Header, runs: &[usize]) -> Result<Vec<Record>, Box<dyn Error>> {
        if let (true, Some((path, file))) = (self.resumed, &mut self.file) {
            return Ok(sweep::resume(path, file.get_mut(), header, runs)?);
        }
        self.write(&sweep::line(header))?;
        self.flush()?;
        Ok(Vec::new())
    }

    /// Writes a result. No more than a chunk of them is in memory alone.
    pub fn keep(&mut self, record: &Record) -> io::Result<()> {
        if self.file.is_none() {
            return Ok(());
        }
        self.write(&sweep::line(record))?;
        self.kept += 1;
        if self.kept.is_multiple_of(sweep::CHUNK) { self.flush() } else { Ok(()) }
    }

    /// Writes what is still in memory.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.file {
            Some((path, file)) => file.flush().map_err(|error| named(path, &error)),
            None => Ok(()),
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        match &mut self.file {
            Some((path, file)) => file.write_all(text.as_bytes()).map_err(|error| named(path, &error)),
            None => Ok(()),
        }
    }
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use closewait::explore::sweep::Mark;

    use super::*;

    fn header() -> Header {
        Header {
            sweep: 1,
            closewait: "0".to_owned(),
            workloads: BTreeMap::new(),
            clients: BTreeMap::new(),
            faults: Vec::new(),
            pairs: false,
            runs: 1_000,
            chosen: 1_000,
            plan: String::new(),
            shard: "1/1".to_owned(),
        }
    }

    fn record(run: usize) -> Record {
        Record {
            run,
            workload: String::new(),
            client: String::new(),
            fault: String::new(),
            at: None,
            mark: Mark::Ok,
            violated: Vec::new(),
            advised: Vec::new(),
            why: None,
        }
    }

    /// What is in the file when the sweep is killed after so many results.
    #[track_caller]
    fn check(results: usize, lines: usize) {
        let name = format!("closewait-keeper-{}-{results}.jsonl", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut record_file = RecordFile::create(&path, "").expect("it can be made");
        assert_eq!(fs::read_to_string(&path).expect("it is there before anything is planned"), "");
        record_file.begin(&header(), &[]).expect("it can be written");
        (0..results).try_for_each(|run| record_file.keep(&record(run))).expect("it can be written");
        let found = fs::read_to_string(&path).expect("it is there");
        drop(record_file);
        fs::remove_file(&path).expect("it can be removed");
        assert_eq!(found.lines().count(), lines);
        assert!(found.ends_with('\n'), "{found}");
    }

    #[test]
    fn what_a_sweep_has_done_outlives_it() {
        check(0, 1);
        check(sweep::CHUNK - 1, 1);
        check(sweep::CHUNK, 1 + sweep::CHUNK);
        check(3 * sweep::CHUNK + 1, 1 + 3 * sweep::CHUNK);
    }
}
