//! `docs/known-hazards.md` against the accepted snapshots.

use std::collections::{BTreeMap, BTreeSet};

use closewait::client;
use closewait::report::accepted::Snapshots;
use libtest_mimic::Failed;

use super::super::played::catalogue;
use super::pages::{page, root, sections};
use crate::suite::real_sockets::PROOFS;

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

/// Each hazard names its proof on real sockets, or says that it has none; and each proof is named.
pub(super) fn every_hazard_says_how_it_is_proved() -> Result<(), Failed> {
    let text = page(PAGE)?.text;
    let mut named = BTreeSet::new();
    for (heading, section) in sections(&text) {
        let proofs: Vec<_> =
            PROOFS.iter().map(|(name, _)| *name).filter(|name| section.contains(name)).collect();
        let says = [PROVED, NOT_PROVED].map(|words| section.matches(words).count());
        let expected = if proofs.is_empty() { [0, 1] } else { [1, 0] };
        if says != expected {
            return Err(format!(
                "{PAGE}: {heading} says {says:?} times {PROVED} and {NOT_PROVED}, and names {proofs:?}"
            )
            .into());
        }
        named.extend(proofs);
    }
    match PROOFS.iter().find(|(name, _)| !named.contains(name)) {
        Some((name, _)) => Err(format!("{PAGE} does not name {name}").into()),
        None => Ok(()),
    }
}

const PROVED: &str = "\n**Proved on real sockets.**";
const NOT_PROVED: &str = "\n**Not proved on real sockets.**";

fn accepted() -> Result<Violations, Failed> {
    let snapshots = Snapshots::at(root().join("snapshots"));
    let mut violations = Violations::new();
    for scenario in catalogue().iter() {
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
