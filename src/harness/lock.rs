//! Versions in a `Cargo.lock`.

use std::fs;
use std::path::Path;

/// The version of a package in the `Cargo.lock` of a folder, or of the nearest folder above it that has one. Where the
/// lock has several, all of them.
pub(super) fn version(folder: &Path, package: &str) -> Option<String> {
    let lock = folder.ancestors().find_map(|folder| fs::read_to_string(folder.join("Cargo.lock")).ok())?;
    let versions = versions(&lock, package);
    (!versions.is_empty()).then(|| versions.join(" and "))
}

fn versions(lock: &str, package: &str) -> Vec<String> {
    let lock = lock.replace("\r\n", "\n");
    let entry = format!("[[package]]\nname = \"{package}\"\nversion = \"");
    lock.split(&entry).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_package() {
        const LOCK: &str = "version = 4\n\n[[package]]\nname = \"hyper\"\nversion = \"0.14.30\"\n\n\
            [[package]]\nname = \"hyper\"\nversion = \"1.12.0\"\ndependencies = [\n \"hyper-util\",\n]\n\n\
            [[package]]\nname = \"hyper-util\"\nversion = \"0.1.21\"\n";
        let check = |package, expected: &[&str]| {
            assert_eq!(versions(LOCK, package), expected, "{package}");
            assert_eq!(versions(&LOCK.replace('\n', "\r\n"), package), expected, "{package}");
        };
        check("hyper", &["0.14.30", "1.12.0"]);
        check("hyper-util", &["0.1.21"]);
        check("hype", &[]);
    }
}
