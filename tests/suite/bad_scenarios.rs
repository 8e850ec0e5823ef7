//! Broken scenario files and what is said about them: one file, one trial, one snapshot of the message.

use std::fs;
use std::path::{Path, PathBuf};

use closewait::scenario;
use libtest_mimic::{Failed, Trial};

pub fn trials() -> Vec<Trial> {
    let dir = root().join("tests/bad-scenarios");
    let mut files: Vec<PathBuf> = fs::read_dir(&dir)
        .expect("the corpus is there")
        .map(|entry| entry.expect("the corpus can be listed").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    files.into_iter().map(trial).collect()
}

fn trial(file: PathBuf) -> Trial {
    let name = file.file_stem().expect("a file has a name").to_string_lossy().into_owned();
    Trial::test(format!("bad-scenarios::{name}"), move || check(&file, &name))
}

fn check(file: &Path, name: &str) -> Result<(), Failed> {
    let text = fs::read_to_string(file)?;
    let Err(invalid) = scenario::parse("bad/scenario", &format!("bad-scenarios/{name}.toml"), &text) else {
        return Err("the parser accepts it".into());
    };
    for problem in &invalid.problems {
        if text.get(problem.span.clone()).is_none() {
            return Err(format!("the span {:?} is not in the text", problem.span).into());
        }
    }
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(root().join("tests/bad-scenarios/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, invalid.to_string()));
    Ok(())
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
