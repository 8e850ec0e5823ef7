//! Reports as files: the flags that `run` and `gate` share.

use std::error::Error;
use std::path::{Path, PathBuf};

use clap::Args;
use closewait::gate::GateVerdict;
use closewait::report::document::Document;
use closewait::report::gate::{self, Input};
use closewait::report::html;

use super::files::{Output, is_stdout};
use super::guard;

/// Which reports are written, and where to; `-` is stdout.
#[derive(Debug, Clone, Args, Default)]
#[command(next_help_heading = "Reports")]
pub struct Outputs {
    /// Write the results file: versioned JSON, enough to compare and to report (`-` is stdout)
    #[arg(long, visible_alias = "json", value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the report as one HTML file that needs nothing else
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write what changed as Markdown, for a job summary or a comment on a pull request
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// Write JUnit XML: a suite for each client, a case for each scenario
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write SARIF 2.1.0, for code scanning
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
}

impl Outputs {
    /// Whether a report needs to know what was accepted.
    pub fn compare(&self) -> bool {
        self.markdown.is_some() || self.junit.is_some() || self.sarif.is_some()
    }

    /// Whether anything is written.
    pub fn any(&self) -> bool {
        self.out.is_some() || self.html.is_some() || self.compare()
    }

    /// Whether a report takes the place of the text on stdout. `others` are written as well, `reads` are read.
    ///
    /// # Errors
    /// If two reports want to, or an output would take the place of a file that the command reads, or of another output.
    pub fn on_stdout(&self, others: &[&Path], reads: &[&Path]) -> Result<bool, Box<dyn Error>> {
        let paths = [&self.out, &self.html, &self.markdown, &self.junit, &self.sarif];
        let files = paths.into_iter().flatten().map(PathBuf::as_path).chain(others.iter().copied());
        guard::check(&files.collect::<Vec<_>>(), reads)?;
        match paths.into_iter().flatten().filter(|path| is_stdout(path)).count() {
            0 => Ok(false),
            1 => Ok(true),
            n => Err(format!("{n} reports cannot share stdout: name a file for all but one").into()),
        }
    }

    /// The results file, and the HTML report of it: beside `before`, if there is one, and with what changed.
    ///
    /// # Errors
    /// Never in practice.
    pub fn results(
        &self,
        before: Option<&Document>,
        document: &Document,
        verdict: Option<&GateVerdict>,
    ) -> Result<Vec<Output>, Box<dyn Error>> {
        let mut outputs = Vec::new();
        if let Some(path) = &self.out {
            outputs.push(Output { path: path.clone(), bytes: document.to_json()?.into_bytes() });
        }
        if let Some(path) = &self.html {
            let before = before.map(|before| ("before", before));
            let documents: Vec<_> = before.into_iter().chain([("after", document)]).collect();
            outputs
                .push(Output { path: path.clone(), bytes: html::render(&documents, verdict)?.into_bytes() });
        }
        Ok(outputs)
    }

    /// The reports of what changed.
    ///
    /// # Errors
    /// Never in practice.
    pub fn reports(&self, input: &Input<'_>) -> Result<Vec<Output>, Box<dyn Error>> {
        let mut outputs = Vec::new();
        if let Some(path) = &self.markdown {
            outputs
                .push(Output { path: path.clone(), bytes: gate::markdown(input, gate::LIMIT).into_bytes() });
        }
        if let Some(path) = &self.junit {
            outputs.push(Output { path: path.clone(), bytes: gate::junit(input)?.into_bytes() });
        }
        if let Some(path) = &self.sarif {
            outputs.push(Output { path: path.clone(), bytes: gate::sarif(input)?.into_bytes() });
        }
        Ok(outputs)
    }
}
