//! Code that pages take from the crates in `examples/`.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::pages::{blocks, page, root};

/// Every `rust` block of these pages is a whole file of an example, which CI compiles and runs.
pub(super) fn are_shown_as_they_are() -> Result<(), Failed> {
    check("README.md", &["gate-reqwest"])?;
    check("docs/gate-an-upgrade.md", &["gate-reqwest", "hyper-retry"])
}

fn check(name: &str, examples: &[&str]) -> Result<(), Failed> {
    let mut files = Vec::new();
    for example in examples {
        let tests = Path::new("examples").join(example).join("tests/closewait.rs");
        files.push(fs::read_to_string(root().join(tests))?);
    }
    let page = page(name)?;
    let shown: Vec<String> = blocks(&page)
        .into_iter()
        .filter(|(language, _)| *language == "rust")
        .map(|(_, lines)| lines.join("\n"))
        .collect();
    let expected: Vec<&str> = files.iter().map(|file| file.trim_end()).collect();
    if shown == expected {
        return Ok(());
    }
    Err(format!("{name} does not show the tests of the examples as they are").into())
}
