//! What is wrong with a scenario file, and how that is shown.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::excerpt::Excerpt;

/// So many problems are shown of one file: who mends these mends the others, or sees them next.
const SHOWN: usize = 12;

/// A scenario file that cannot be used. Its `Display` shows each problem with its line and a caret, up to a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// The file, as the reader knows it.
    pub path: String,
    /// The whole text.
    pub source: Arc<str>,
    /// Everything that is wrong, in the order of the text. Never empty.
    pub problems: Vec<Problem>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// Where, in bytes of the source.
    pub span: Range<usize>,
    /// Line of the span's start, from 1.
    pub line: usize,
    /// Column of the span's start in characters, from 1.
    pub column: usize,
    /// How to fix it.
    pub help: Option<String>,
}

impl std::error::Error for Invalid {}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(SHOWN).enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            self.show(problem, f)?;
        }
        match self.problems.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => writeln!(f, "\n… and {more} more in {}", self.path),
        }
    }
}

impl Invalid {
    fn show(&self, problem: &Problem, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let excerpt = Excerpt::new(&self.source, &problem.span);
        let number = problem.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "error: {}", problem.message)?;
        writeln!(f, "{gutter}--> {}:{}:{}", self.path, problem.line, problem.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{}", format!("{number} | {}", excerpt.text).trim_end())?;
        writeln!(f, "{gutter} | {}{}", " ".repeat(excerpt.indent), "^".repeat(excerpt.carets))?;
        match &problem.help {
            Some(help) => writeln!(f, "{gutter} = help: {help}"),
            None => Ok(()),
        }
    }
}
