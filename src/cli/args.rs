//! Arguments that several subcommands have.

use std::path::{Path, PathBuf};

use clap::Args;
use closewait::scenario::{Catalogue, LoadError, NoSuchScenario};

/// Where the scenarios are.
#[derive(Debug, Clone, Args)]
pub struct ScenariosDir {
    /// Folder of the scenario files, `<family>/<name>.toml`; `built-in` is the catalogue that closewait comes with
    /// [default: `scenarios` if this folder has scenario files in it, else `built-in`]
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

impl ScenariosDir {
    /// Reads them.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn load(&self) -> Result<Catalogue, LoadError> {
        self.folder().map_or_else(|| Ok(closewait::scenario::catalogue()), Catalogue::load)
    }

    /// Reads them, and the files that are named among `wanted`: ids, patterns and paths of scenario files. The second
    /// of the answer has the ids of those files in place of their paths.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn load_with(&self, wanted: &[String]) -> Result<(Catalogue, Vec<String>), LoadError> {
        let is_file =
            |word: &String| Path::new(word).extension().is_some_and(|extension| extension == "toml");
        // Files alone are played as they are, whatever else is in the folder.
        let only_files = !wanted.is_empty() && wanted.iter().all(is_file);
        let mut catalogue = if only_files { Catalogue::default() } else { self.load()? };
        let (mut patterns, mut problems) = (Vec::new(), Vec::new());
        for word in wanted {
            if !is_file(word) {
                patterns.push(word.clone());
                continue;
            }
            match catalogue.load_file(Path::new(word)) {
                Ok(scenario) => patterns.push(scenario.id.clone()),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok((catalogue, patterns)) } else { Err(LoadError { problems }) }
    }

    /// What was looked up in them; where there is none, says where that was, and whether closewait comes with one.
    ///
    /// # Errors
    /// There is none.
    pub fn found<T>(&self, found: Result<T, NoSuchScenario>) -> Result<T, String> {
        found.map_err(|error| {
            let Some(folder) = self.folder() else { return error.to_string() };
            let built_in = closewait::scenario::catalogue();
            let has_one = built_in.select(std::slice::from_ref(&error.wanted)).is_ok();
            let other = if has_one { "; `--scenarios built-in` has one" } else { "" };
            format!("{error}; looked in {}{other}", folder.display())
        })
    }

    /// The folder that they are read from; `None` if they come with closewait.
    pub fn folder(&self) -> Option<&Path> {
        match &self.scenarios {
            Some(named) if named == Path::new("built-in") => None,
            Some(folder) => Some(folder),
            None => Some(Path::new(HERE)).filter(|here| has_scenario_files(here)),
        }
    }
}

/// The folder of scenarios that is looked at where none is named.
pub const HERE: &str = "scenarios";

/// Whether a `*.toml` is in a folder of the folder. A folder of that name with other things in it is somebody else's.
fn has_scenario_files(folder: &Path) -> bool {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_toml =
        |file: std::fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "toml");
    entries(folder).any(|family| entries(&family.path()).any(is_toml))
}

/// Where the accepted snapshots are.
#[derive(Debug, Clone, Args)]
pub struct SnapshotsDir {
    /// Folder of the accepted snapshots
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    pub snapshots: PathBuf,
}
