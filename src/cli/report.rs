//! `closewait report`.

use std::path::{Path, PathBuf};

use clap::Args;
use closewait::gate::{GateVerdict, ResultFacts, Rules, compare, decide};
use closewait::report::document::Document;
use closewait::report::html;
use closewait::suite;

use super::baseline;
use super::exit::{Done, Exit};
use super::files::{Output, write_all};
use super::guard;

/// Arguments of `report`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ReportArgs {
    /// Results files, as `closewait run --out` writes them
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<PathBuf>,
    /// Where to write the report (`-` is stdout)
    #[arg(long, value_name = "FILE")]
    html: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  closewait report results.json --html report.html
  closewait report before.json after.json --html report.html   every client before and after, side by side";

/// Writes the report.
pub fn run(args: &ReportArgs) -> Done {
    let reads: Vec<&Path> = args.results.iter().map(PathBuf::as_path).collect();
    guard::check(&[&args.html], &reads)?;
    let documents = args.results.iter().map(|path| {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok((name, baseline::load_document(path)?))
    });
    let documents: Vec<_> = documents.collect::<Result<_, Box<dyn std::error::Error>>>()?;
    let named: Vec<_> = documents.iter().map(|(name, document)| (name.as_str(), document)).collect();
    let verdict = compared(&documents);
    let page = html::render(&named, verdict.as_ref())?;
    write_all(&[Output { path: args.html.clone(), bytes: page.into_bytes() }])?;
    Ok(Exit::AsAccepted)
}

/// What changed from the first to the second, if both have results. Without rules: nothing is allowed or denied here.
fn compared(documents: &[(String, Document)]) -> Option<GateVerdict> {
    let [(_, before), (_, now)] = documents else { return None };
    if before.results.is_empty() || now.results.is_empty() {
        return None;
    }
    // Whoever played only some scenarios the second time has not lost the others.
    let is_played = |result: &ResultFacts| now.result(&result.scenario, &result.client).is_some();
    let before: Vec<ResultFacts> = before.facts().into_iter().filter(is_played).collect();
    let control = suite::control_among(now.clients.iter().map(|client| client.name.as_str()));
    Some(decide(compare(&before, &now.facts()).beside_control(control), &Rules::default(), false))
}
