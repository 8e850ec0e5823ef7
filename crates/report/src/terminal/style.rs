//! Colours. The writer strips them where they do not belong.

use anstyle::{AnsiColor, Style};
use closewait_oracle::Mark;

pub const HEADING: Style = Style::new().bold();
pub const FAINT: Style = Style::new().dimmed();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const ADVICE: Style = AnsiColor::Yellow.on_default();
pub const GOOD: Style = AnsiColor::Green.on_default();

/// The colour of a mark.
pub fn of(mark: Mark) -> Style {
    match mark {
        Mark::Stopped | Mark::Violated => BAD,
        Mark::NotTried | Mark::Advised => ADVICE,
        Mark::Holds => GOOD,
        Mark::Unsupported => FAINT,
    }
}

/// Some text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A heading, with an empty line before it.
pub fn heading(text: &str) -> String {
    format!("\n{}\n", paint(HEADING, text))
}
