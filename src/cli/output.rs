//! Standard output, standard error, and progress.

use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

use anstream::ColorChoice;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use terminal_size::{Width, terminal_size_of};

/// When there are colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal that has them, unless NO_COLOR is set or TERM is `dumb`
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    /// For everything that is written from now on.
    pub fn choose(self) {
        match self {
            // anstream takes a CI system for a reason to have colours on any terminal.
            Self::Auto if is_dumb() => ColorChoice::Never,
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        }
        .write_global();
    }
}

/// Whether the terminal knows no escape codes.
fn is_dumb() -> bool {
    std::env::var_os("TERM").is_some_and(|term| term == "dumb")
}

/// Writes a page for people to stdout; colours are stripped where they do not belong.
///
/// # Errors
/// As [`print_exactly`].
pub fn print(text: &str) -> io::Result<()> {
    print_exactly(&harmless(text))
}

/// Writes to stdout what a program is to read. A reader that went away (`| head`) is no error.
///
/// # Errors
/// If stdout cannot be written for another reason.
pub fn print_exactly(text: &str) -> io::Result<()> {
    let mut stdout = anstream::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => {
            other.map_err(|error| io::Error::new(error.kind(), format!("cannot write the output: {error}")))
        }
    }
}

/// Writes a page for people to stderr. Nobody is left to be told if it is closed.
pub fn tell(text: &str) {
    let _ = anstream::stderr().write_all(harmless(text).as_bytes());
}

/// What files say goes to a terminal without what would move the cursor, or turn the direction of writing. Colours stay.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_harmful = |char: char| match char {
        '\n' | '\t' | '\u{1b}' => false,
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        char => char.is_control(),
    };
    let is_colour = |after: &str| {
        let code = after.strip_prefix("\u{1b}[");
        code.and_then(|code| code.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';').chars().next())
            == Some('m')
    };
    let all = || text.char_indices();
    if !all().any(|(at, char)| is_harmful(char) || (char == '\u{1b}' && !is_colour(&text[at..]))) {
        return Cow::Borrowed(text);
    }
    let shown = |(at, char): (usize, char)| match char {
        '\u{1b}' if is_colour(&text[at..]) => char.to_string(),
        char if is_harmful(char) || char == '\u{1b}' => char.escape_unicode().to_string(),
        char => char.to_string(),
    };
    Cow::Owned(all().map(shown).collect())
}

/// How many columns stdout has; `None` if it is no terminal. COLUMNS comes before what the terminal says.
pub fn width() -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    told.or_else(|| terminal_size_of(io::stdout()).map(|(Width(width), _)| width.into()))
        .filter(|width| *width > 0)
}

/// A line on stderr that is written over, and is gone in the end. Nothing where stderr is no terminal, or one that cannot write over.
pub fn bar(template: &str, total: Option<u64>) -> ProgressBar {
    if is_dumb() || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("the template is valid");
    total.map_or_else(ProgressBar::no_length, ProgressBar::new).with_style(style)
}

/// How many of the results are there.
pub struct Progress(ProgressBar);

impl Progress {
    /// Progress towards `total` results.
    pub fn new(total: usize) -> Self {
        // What is wider than the terminal is cut: a line that wraps cannot be written over.
        Self(bar("{pos}/{len}  {wide_msg}", Some(total as u64)))
    }

    /// The next result begins.
    pub fn next(&mut self, scenario: &str, client: &str) {
        self.0.set_message(harmless(&format!("{client}  {scenario}")).into_owned());
        self.0.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_colours_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected);
        check("\u{1b}[1;31mred\u{1b}[0m\n", "\u{1b}[1;31mred\u{1b}[0m\n");
        check("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}");
        check("\u{1b}[2J\r\u{1b}", "\\u{1b}[2J\\u{d}\\u{1b}");
        check("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}");
        check("é✓\t日本", "é✓\t日本");
    }
}
