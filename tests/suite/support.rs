//! What trials of the command line share.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The command, run in the project. It does not see where the tests themselves run.
pub fn closewait() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_closewait"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("GITHUB_ACTIONS").env_remove("COLUMNS");
    // Not that of whoever runs the tests.
    command.env("CLOSEWAIT_CACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache"));
    command
}

/// Exit code, and words that stdout and stderr together must contain.
pub fn check(arguments: &[&str], code: i32, words: &[&str]) -> Output {
    check_in(Path::new(env!("CARGO_MANIFEST_DIR")), arguments, code, words)
}

/// The same, in another folder.
pub fn check_in(folder: &Path, arguments: &[&str], code: i32, words: &[&str]) -> Output {
    let output = closewait().current_dir(folder).args(arguments).output().expect("the binary runs");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(code), "closewait {arguments:?}\n{said}");
    for word in words {
        assert!(said.contains(word), "closewait {arguments:?} does not say `{word}`:\n{said}");
    }
    output
}

/// Stdout and stderr.
pub fn said(output: &Output) -> String {
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// What the command wrote.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("closewait writes UTF-8")
}

/// An empty folder of a trial's own.
pub fn folder(room: &str, name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(room).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the folder of the tests can be emptied");
    }
    fs::create_dir_all(&folder).expect("the folder of the tests can be made");
    folder
}

/// As an argument.
pub fn utf8(path: &Path) -> &str {
    path.to_str().expect("the target folder is UTF-8")
}
