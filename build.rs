//! Puts the scenario files into the library, so that the catalogue travels with the crate, and tells it which versions of the
//! clients under test its lock file has.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=scenarios");
    println!("cargo::rerun-if-changed=Cargo.lock");
    let lock = fs::read_to_string(PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("Cargo.lock"));
    let lock = lock.unwrap_or_default();
    for package in ["hyper-util", "reqwest", "tonic"] {
        let name = package.to_uppercase().replace('-', "_");
        println!("cargo::rustc-env=CLOSEWAIT_LOCKED_{name}={}", locked_version(&lock, package));
    }
    let scenarios = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut entries = String::new();
    for family in sorted(&scenarios)? {
        for file in sorted(&family)? {
            if file.extension().is_some_and(|extension| extension == "toml") {
                entries += &entry(&scenarios, &file);
            }
        }
    }
    fs::write(Path::new(&variable("OUT_DIR")).join("scenarios.rs"), format!("&[\n{entries}]\n"))
}

/// The version of a package in a lock file.
fn locked_version<'a>(lock: &'a str, package: &str) -> &'a str {
    let entry = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&entry).and_then(|(_, rest)| rest.split('"').next()).unwrap_or("unknown")
}

/// `("family/name", include_str!("…")),`
fn entry(scenarios: &Path, file: &Path) -> String {
    let below = file.strip_prefix(scenarios).expect("it was found there").with_extension("");
    let id: Vec<_> = below.iter().map(|part| part.to_str().expect("ids are ASCII")).collect();
    format!("    ({:?}, include_str!({:?})),\n", id.join("/"), file)
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    paths.sort();
    Ok(paths)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("cargo sets {name}"))
}
