//! Installing a version of a client into a folder of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::manifest::Install;
use crate::{Error, Manifest};

/// Where versions of clients are kept: `$CLOSEWAIT_CACHE`, or `closewait` in the user's folder of caches.
pub fn cache() -> PathBuf {
    let named = env::var_os("CLOSEWAIT_CACHE").filter(|it| !it.is_empty()).map(PathBuf::from);
    let of_user = || {
        let caches = env::var_os("XDG_CACHE_HOME").filter(|it| !it.is_empty()).map(PathBuf::from);
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        caches.or_else(home).unwrap_or_else(env::temp_dir).join("closewait")
    };
    named.unwrap_or_else(of_user)
}

/// What `{folder}`, `{cache}` and `{version}` stand for.
pub(crate) struct Places<'a> {
    pub folder: &'a Path,
    pub cache: &'a Path,
    pub version: &'a str,
}

impl Places<'_> {
    pub fn fill(&self, word: &str) -> String {
        let Self { folder, cache, version } = self;
        let [folder, cache] = [folder, cache].map(|path| path.display().to_string());
        word.replace("{folder}", &folder).replace("{cache}", &cache).replace("{version}", version)
    }

    /// A command out of its words.
    pub fn command(&self, words: &[String]) -> Command {
        let mut words = words.iter().map(|word| self.fill(word));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// The file that says that an installation has come to its end.
const DONE: &str = ".installed";

/// Installs it, unless it is there. An installation that was broken off begins anew.
pub(crate) fn install(name: &str, manifest: &Manifest, places: &Places<'_>) -> Result<(), Error> {
    let Some(install) = &manifest.install else { return Ok(()) };
    let file = |path: &Path, error| Error::File { path: path.display().to_string(), error };
    let done = places.cache.join(DONE);
    if done.exists() {
        return Ok(());
    }
    if places.cache.exists() {
        fs::remove_dir_all(places.cache).map_err(|error| file(places.cache, error))?;
    }
    fs::create_dir_all(places.cache).map_err(|error| file(places.cache, error))?;
    for step in &install.steps {
        take(step, name, install, places)?;
    }
    fs::write(&done, "").map_err(|error| file(&done, error))
}

fn take(step: &[String], name: &str, install: &Install, places: &Places<'_>) -> Result<(), Error> {
    let mut command = places.command(step);
    command.stdin(Stdio::null()).current_dir(places.cache);
    let failed = |why: String| Error::Install {
        name: name.to_owned(),
        version: places.version.to_owned(),
        step: step.iter().map(|word| places.fill(word)).collect::<Vec<_>>().join(" "),
        why,
        needs: format!("\nneeded: {}", install.needs),
    };
    let output = command.output().map_err(|error| failed(format!("does not start: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let last: Vec<&str> = words.lines().rev().take(5).collect();
    let last: Vec<&str> = last.into_iter().rev().collect();
    Err(failed(format!("ends with {}:\n{}", output.status, last.join("\n"))))
}
