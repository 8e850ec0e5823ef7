//! Scenarios that a page shows.

use closewait::gate::{self, Known};
use closewait::scenario::parse;
use libtest_mimic::Failed;

use super::pages::{blocks, pages};

/// Every `toml` block of a page is a scenario or a `closewait.toml`, whole and valid.
pub(super) fn are_valid() -> Result<(), Failed> {
    let mut seen = 0;
    for page in pages()? {
        for (_, block) in blocks(&page).into_iter().filter(|(language, _)| *language == "toml") {
            let text = block.join("\n");
            if text.starts_with("[[rule]]") {
                let known = Known { scenarios: vec!["half-close/x"], clients: vec!["reqwest"] };
                gate::parse(&page.name, &text, &known)?;
            } else {
                parse("page/block", &page.name, &text)?;
                seen += 1;
            }
        }
    }
    if seen > 1 { Ok(()) } else { Err("README.md and docs/writing-a-scenario.md show one each".into()) }
}
