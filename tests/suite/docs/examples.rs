//! Code that pages take from the crates in `examples/`.

use std::fs;
use std::path::Path;

use libtest_mimic::Failed;

use super::pages::{blocks, page, root};

const PAGE: &str = "docs/gate-an-upgrade.md";

/// Every `rust` block of the page is a whole file of an example, which CI compiles and runs.
pub(super) fn are_shown_as_they_are() -> Result<(), Failed> {
    let mut files = Vec::new();
    for example in ["gate-reqwest", "hyper-retry"] {
        let tests = Path::new("examples").join(example).join("tests/closewait.rs");
        files.push(fs::read_to_string(root().join(tests))?);
    }
    let page = page(PAGE)?;
    let shown: Vec<String> = blocks(&page)
        .into_iter()
        .filter(|(language, _)| *language == "rust")
        .map(|(_, lines)| lines.join("\n"))
        .collect();
    let expected: Vec<&str> = files.iter().map(|file| file.trim_end()).collect();
    if shown == expected {
        return Ok(());
    }
    Err(format!("{PAGE} does not show the tests of the examples as they are").into())
}
