//! All scenario files below one directory.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use super::file::{LONGEST, read_plain};
use super::nearest::{nearest, quoted};
use super::{Invalid, Scenario, glob, parse};

/// Scenarios, by id.
#[derive(Debug, Clone, Default)]
pub struct Catalogue(BTreeMap<String, Scenario>);

impl Catalogue {
    /// Reads every `*.toml` below `dir`; the id of a scenario is its path there, without `.toml`.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with any of the files, or that keeps them from being read.
    pub fn load(dir: &Path) -> Result<Self, LoadError> {
        let mut problems = Vec::new();
        let mut files = Vec::new();
        list(dir, &mut files, &mut problems);
        files.sort();
        let mut scenarios = BTreeMap::new();
        for file in files {
            match read_below(dir, &file) {
                Ok(scenario) => drop(scenarios.insert(scenario.id.clone(), scenario)),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok(Self(scenarios)) } else { Err(LoadError { problems }) }
    }

    /// Reads one scenario file, wherever it is, in place of what has its id. The id is made of the last two names of
    /// the path, `family/name`; if the folder has no name of that form it is `file/name`.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, or keeps it from being read.
    pub fn load_file(&mut self, path: &Path) -> Result<&Scenario, FileProblem> {
        let family = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        let family = family.filter(|name| is_kebab(name)).unwrap_or("file");
        let name = path.file_stem().and_then(|stem| stem.to_str()).filter(|stem| is_kebab(stem));
        let name = name.ok_or_else(|| FileProblem::Name { path: path.to_owned() })?;
        let id = format!("{family}/{name}");
        let scenario = read(&id, path)?;
        self.0.insert(id.clone(), scenario);
        Ok(&self.0[&id])
    }

    /// Every scenario, in the order of the ids.
    pub fn iter(&self) -> impl Iterator<Item = &Scenario> {
        self.0.values()
    }

    /// The scenario of this id.
    ///
    /// # Errors
    ///
    /// There is none; the error names the nearest id.
    pub fn get(&self, id: &str) -> Result<&Scenario, NoSuchScenario> {
        self.0.get(id).ok_or_else(|| self.no_such(id))
    }

    /// The scenarios that any of the patterns describes, in the order of the ids; without patterns all of them.
    /// In a pattern `*` stands for any characters, also `/`.
    ///
    /// # Errors
    ///
    /// The first pattern that describes no scenario; the error names the nearest id.
    pub fn select(&self, patterns: &[String]) -> Result<Vec<&Scenario>, NoSuchScenario> {
        for pattern in patterns {
            if !self.0.keys().any(|id| glob::matches(pattern, id)) {
                return Err(self.no_such(pattern));
            }
        }
        let wanted =
            |id: &str| patterns.is_empty() || patterns.iter().any(|pattern| glob::matches(pattern, id));
        Ok(self.iter().filter(|scenario| wanted(&scenario.id)).collect())
    }

    /// Adds the scenarios of another catalogue.
    ///
    /// # Errors
    ///
    /// An id that is in both: then nothing is added.
    pub fn add(&mut self, other: Self) -> Result<(), IdTaken> {
        if let Some(id) = other.0.keys().find(|id| self.0.contains_key(*id)) {
            return Err(IdTaken { id: id.clone() });
        }
        self.0.extend(other.0);
        Ok(())
    }

    fn no_such(&self, wanted: &str) -> NoSuchScenario {
        let bare = wanted.replace('*', "");
        let ids = || self.0.keys().map(String::as_str);
        let by_name =
            || self.iter().find(|scenario| scenario.name() == bare).map(|scenario| scenario.id.as_str());
        let by_family = || {
            let family = nearest(bare.split('/').next()?, self.iter().map(Scenario::family))?;
            ids().find(|id| id.starts_with(family))
        };
        let found = nearest(&bare, ids()).or_else(by_name).or_else(by_family);
        NoSuchScenario { wanted: wanted.to_owned(), nearest: found.map(str::to_owned) }
    }
}

/// Whether a pattern describes a scenario; `*` stands for any characters, also `/`.
pub fn describes(pattern: &str, id: &str) -> bool {
    glob::matches(pattern, id)
}

impl IntoIterator for Catalogue {
    type Item = Scenario;
    type IntoIter = std::collections::btree_map::IntoValues<String, Scenario>;

    /// In the order of the ids.
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_values()
    }
}

impl FromIterator<Scenario> for Catalogue {
    fn from_iter<I: IntoIterator<Item = Scenario>>(scenarios: I) -> Self {
        Self(scenarios.into_iter().map(|scenario| (scenario.id.clone(), scenario)).collect())
    }
}

/// Files below `dir`, to any depth: a file that is too deep gets an error that says so.
fn list(dir: &Path, files: &mut Vec<PathBuf>, problems: &mut Vec<FileProblem>) {
    let unreadable = |source| FileProblem::Io { path: dir.to_owned(), source };
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(source) if source.kind() == io::ErrorKind::NotFound => {
            return problems.push(FileProblem::NoFolder { path: dir.to_owned() });
        }
        Err(source) => return problems.push(unreadable(source)),
    };
    for entry in entries {
        match entry.and_then(|entry| Ok((entry.path(), entry.file_type()?))) {
            Ok((path, kind)) if kind.is_dir() => list(&path, files, problems),
            Ok((path, _)) if path.extension().is_some_and(|extension| extension == "toml") => {
                files.push(path)
            }
            Ok(_) => {}
            Err(source) => problems.push(unreadable(source)),
        }
    }
}

fn read_below(dir: &Path, file: &Path) -> Result<Scenario, FileProblem> {
    read(&id_of(dir, file).ok_or_else(|| FileProblem::Id { path: file.to_owned() })?, file)
}

fn read(id: &str, file: &Path) -> Result<Scenario, FileProblem> {
    let text =
        read_plain(file, LONGEST).map_err(|source| FileProblem::Io { path: file.to_owned(), source })?;
    Ok(parse(id, &file.display().to_string(), &text)?)
}

/// `family/name`, both in kebab case.
fn id_of(dir: &Path, file: &Path) -> Option<String> {
    let below = file.strip_prefix(dir).ok()?.with_extension("");
    let parts: Vec<&str> = below.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    (parts.len() == 2 && parts.iter().all(|part| is_kebab(part))).then(|| parts.join("/"))
}

fn is_kebab(part: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty() && word.chars().all(|char| char.is_ascii_lowercase() || char.is_ascii_digit())
    };
    part.split('-').all(word)
}

/// Why a catalogue cannot be used: every problem of every file.
#[derive(Debug)]
pub struct LoadError {
    /// In the order of the files. Never empty.
    pub problems: Vec<FileProblem>,
}

impl std::error::Error for LoadError {}

/// So many files are told of in full.
const FILES: usize = 12;

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(FILES).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        match self.problems.len().saturating_sub(FILES) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more files that cannot be used\n"),
        }
    }
}

/// What is wrong with one file.
#[derive(Debug, thiserror::Error)]
pub enum FileProblem {
    /// The file or directory cannot be read.
    #[error("error: cannot read {}: {source}\n", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no such folder.
    #[error("error: there is no folder `{}` here\n  = help: name a folder of <family>/<name>.toml files with --scenarios, or leave it out for the catalogue that closewait comes with\n", path.display())]
    NoFolder {
        /// Which.
        path: PathBuf,
    },
    /// The path is not `family/name.toml`.
    #[error("error: {} is not at <family>/<name>.toml, both in lower-case words joined by hyphens\n", path.display())]
    Id {
        /// Which.
        path: PathBuf,
    },
    /// The name of the file cannot be that of a scenario.
    #[error("error: {} has no name for a scenario\n  = help: name the file in lower-case words joined by hyphens, such as `my-scenario.toml`\n", path.display())]
    Name {
        /// Which.
        path: PathBuf,
    },
    /// The text is not a scenario.
    #[error(transparent)]
    Invalid(#[from] Invalid),
}

/// Two scenarios would have the same id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there are two scenarios `{id}`: rename one")]
pub struct IdTaken {
    /// The id.
    pub id: String,
}

/// An id or a pattern that describes no scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSuchScenario {
    /// What was asked for.
    pub wanted: String,
    /// The id that was most likely meant.
    pub nearest: Option<String>,
}

impl std::error::Error for NoSuchScenario {}

impl fmt::Display for NoSuchScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no scenario matches {}", quoted(&self.wanted))?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => Ok(()),
        }
    }
}
