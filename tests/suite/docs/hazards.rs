//! `docs/known-hazards.md` against the accepted snapshots.

use std::collections::{BTreeMap, BTreeSet};

use closewait::client;
use closewait::report::accepted::Snapshots;
use closewait::scenario::Catalogue;
use libtest_mimic::Failed;

use super::pages::{page, root, sections};

const PAGE: &str = "docs/known-hazards.md";

/// Scenario to its lines: `- client: \`oracle\`, …`.
type Violations = BTreeMap<String, BTreeSet<String>>;

/// Neither is a violation accepted that the page does not explain, nor one explained that is no more.
pub(super) fn every_violation_is_explained() -> Result<(), Failed> {
    let (accepted, explained) = (accepted()?, explained()?);
    if accepted == explained {
        return Ok(());
    }
    Err(format!("{PAGE} does not say what the snapshots say\nsnapshots: {accepted:#?}\npage: {explained:#?}")
        .into())
}

fn accepted() -> Result<Violations, Failed> {
    let snapshots = Snapshots::at(root().join("snapshots"));
    let mut violations = Violations::new();
    for scenario in Catalogue::load(&root().join("scenarios"))?.iter() {
        for client in client::built_in() {
            let body = snapshots.read(client.name(), &scenario.id)?.unwrap_or_default().body;
            let mut oracles: Vec<String> = Vec::new();
            for line in body.lines().filter(|line| line.contains(" VIOLATED · ")) {
                let oracle = format!("`{}`", line.split_whitespace().next().unwrap_or_default());
                if !oracles.contains(&oracle) {
                    oracles.push(oracle);
                }
            }
            if !oracles.is_empty() {
                let line = format!("- {}: {}", client.name(), oracles.join(", "));
                violations.entry(scenario.id.clone()).or_default().insert(line);
            }
        }
    }
    Ok(violations)
}

fn explained() -> Result<Violations, Failed> {
    let text = page(PAGE)?.text;
    let lines =
        |section: &str| section.lines().filter(|line| line.starts_with("- ")).map(str::to_owned).collect();
    Ok(sections(&text)
        .map(|(heading, section)| (heading.trim_matches('`').to_owned(), lines(section)))
        .collect())
}
