//! A client that is a program, as the lab sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use closewait_scenario::{Action, Scenario};
use closewait_simulator::client::{Client, Environment, Failure, UnderTest, Wiring};

use crate::install::{Places, cache, install};
use crate::running::Running;
use crate::{Error, Manifest, built_in};

/// A client that is a program, of one version, installed.
#[derive(Debug)]
pub struct Program {
    /// A client is chosen once, and stays for the life of the process.
    name: &'static str,
    version: &'static str,
    manifest: Manifest,
    folder: PathBuf,
    cache: PathBuf,
    slow: bool,
}

/// The client of a name: `httpx`, `httpx@0.27.2`, or the folder of one, `./my-client`. It is installed, if it is not yet. If it is `slow`, it
/// also plays what takes minutes.
///
/// # Errors
/// If there is none, if its `client.toml` is wrong, or if it cannot be installed.
pub fn choose(wanted: &str, slow: bool) -> Result<Program, Error> {
    let (named, version) = match wanted.rsplit_once('@') {
        Some((named, version)) if !version.contains('/') => (named, Some(version)),
        _ => (wanted, None),
    };
    let is_path = named.contains('/') || Path::new(named).join(MANIFEST).exists();
    let (name, text, path) = if is_path {
        let path = Path::new(named).join(MANIFEST);
        let text = fs::read_to_string(&path)
            .map_err(|error| Error::File { path: path.display().to_string(), error })?;
        let folder =
            fs::canonicalize(named).map_err(|error| Error::File { path: named.to_owned(), error })?;
        let name =
            folder.file_name().map_or_else(|| named.to_owned(), |it| it.to_string_lossy().into_owned());
        (name, text, Some(folder))
    } else {
        let unknown = || Error::Unknown { name: named.to_owned(), known: built_in() };
        (named.to_owned(), built_in::manifest(named).ok_or_else(unknown)?.to_owned(), None)
    };
    let manifest = Manifest::parse(&text).map_err(|error| {
        let path =
            path.as_ref().map_or_else(|| name.clone(), |folder| folder.join(MANIFEST).display().to_string());
        Error::Manifest { path, error }
    })?;
    if let Some(version) = version.filter(|_| manifest.install.is_none()) {
        return Err(Error::OneVersion { name, version: version.to_owned() });
    }
    Ok(Program { slow, ..Program::install(name, version, manifest, path)? })
}

/// What takes longer than this is played only if it is asked for.
const PATIENCE: Duration = Duration::from_secs(120);

const MANIFEST: &str = "client.toml";

impl Program {
    fn install(
        name: String,
        version: Option<&str>,
        manifest: Manifest,
        folder: Option<PathBuf>,
    ) -> Result<Self, Error> {
        let cache = cache().join("clients");
        let version = version.unwrap_or(&manifest.version).to_owned();
        let is_default = version == manifest.version;
        let folder = match folder {
            Some(folder) => folder,
            None => {
                let folder = cache.join("shims").join(&name);
                built_in::unpack(&name, &folder)
                    .map_err(|error| Error::File { path: folder.display().to_string(), error })?;
                folder
            }
        };
        let cache = cache.join(format!("{name}@{version}"));
        install(&name, &manifest, &Places { folder: &folder, cache: &cache, version: &version })?;
        let name = if is_default { name } else { format!("{name}@{version}") };
        Ok(Self { name: name.leak(), version: version.leak(), manifest, folder, cache, slow: false })
    }

    /// What its folder says.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }
}

impl UnderTest for Program {
    fn name(&self) -> &'static str {
        self.name
    }

    fn version(&self) -> &'static str {
        self.version
    }

    fn wiring(&self) -> Wiring {
        Wiring::Kernel
    }

    fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        let waits = || {
            scenario.script.iter().filter_map(|step| match step.action {
                Action::Wait(wait) => Some(wait),
                _ => None,
            })
        };
        let too_long = || {
            let takes: Duration = waits().sum();
            let minutes = takes.as_secs().div_ceil(60);
            let why = format!("it takes {minutes} minutes of real time: --slow plays it");
            (takes > PATIENCE && !self.slow).then_some(why)
        };
        self.manifest.unsupported(scenario).or_else(too_long)
    }

    fn build(&self, environment: &Environment) -> Result<Box<dyn Client>, Failure> {
        let places = Places { folder: &self.folder, cache: &self.cache, version: self.version };
        let mut command = places.command(&self.manifest.command);
        command.current_dir(&self.folder);
        Ok(Box::new(Running::start(command, &self.manifest, environment)?))
    }
}
