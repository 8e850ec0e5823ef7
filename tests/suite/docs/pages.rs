//! The Markdown pages of the repository.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A page.
pub(super) struct Page {
    /// Relative to the root, e.g. `docs/oracles.md`.
    pub name: String,
    pub text: String,
}

pub(super) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub(super) fn page(name: &str) -> io::Result<Page> {
    Ok(Page { name: name.to_owned(), text: fs::read_to_string(root().join(name))? })
}

/// Every page at the root and in `docs/`, in order of name.
pub(super) fn pages() -> io::Result<Vec<Page>> {
    let mut names = Vec::new();
    for folder in ["", "docs/"] {
        for entry in fs::read_dir(root().join(folder))? {
            let file = PathBuf::from(entry?.file_name());
            if file.extension().is_some_and(|extension| extension == "md") {
                names.push(format!("{folder}{}", file.display()));
            }
        }
    }
    names.sort();
    names.iter().map(|name| page(name)).collect()
}

/// A section: its heading without the `##`, and what follows it.
pub(super) fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("\n## ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, "")))
}

/// Every fenced block: its language, and its lines.
pub(super) fn blocks(page: &Page) -> Vec<(&str, Vec<&str>)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, Vec<&str>)> = None;
    for line in page.text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, Vec::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    blocks
}
