//! `closewait report`.

use std::path::PathBuf;

use clap::Args;
use closewait::report::html;

use super::baseline;
use super::exit::{Done, Exit};
use super::files::{Output, write_all};

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
    let documents = args.results.iter().map(|path| {
        let name = path.file_stem().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok((name, baseline::load_document(path)?))
    });
    let documents: Vec<_> = documents.collect::<Result<_, Box<dyn std::error::Error>>>()?;
    let named: Vec<_> = documents.iter().map(|(name, document)| (name.as_str(), document)).collect();
    write_all(&[Output { path: args.html.clone(), bytes: html::render(&named)?.into_bytes() }])?;
    Ok(Exit::AsAccepted)
}
