//! One line of a source text, made fit for a terminal, and where the carets below it go.

use std::ops::Range;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The line on which a span starts.
pub(super) struct Excerpt {
    /// Without tabs and control characters, cut to a width that can be read.
    pub text: String,
    /// Columns before the first caret.
    pub indent: usize,
    /// How many carets, at least one.
    pub carets: usize,
}

/// A line that is wider is shown around its span only.
const WIDEST: usize = 120;
/// A span that starts further right than this loses what is to the left of it…
const FAR: usize = 80;
/// …but for so many characters.
const LEAD: usize = 30;

impl Excerpt {
    /// `span` must lie on character boundaries of `source`.
    pub fn new(source: &str, span: &Range<usize>) -> Self {
        let start = source[..span.start].rfind('\n').map_or(0, |newline| newline + 1);
        let rest = &source[start..];
        let line = rest[..rest.find('\n').unwrap_or(rest.len())].trim_end_matches('\r');
        let from = (span.start - start).min(line.len());
        let to = (span.end.max(span.start) - start).min(line.len());

        let before = lead(&line[..from]);
        let marked = clipped(&line[from..to], WIDEST - before.width().min(WIDEST));
        let room = WIDEST.saturating_sub(before.width() + marked.width());
        let after = if room > 0 { clipped(&line[to..], room) } else { String::new() };
        Excerpt {
            indent: before.width(),
            carets: marked.width().max(1),
            text: [before, marked, after].concat(),
        }
    }
}

/// What is shown to the left of the span.
fn lead(before: &str) -> String {
    if before.chars().rev().nth(FAR).is_none() {
        return before.chars().map(visible).collect();
    }
    let cut = before.char_indices().rev().nth(LEAD - 1).map_or(0, |(offset, _)| offset);
    std::iter::once("…".to_owned()).chain(before[cut..].chars().map(visible)).collect()
}

/// As much of `text` as fits into `room` columns.
fn clipped(text: &str, room: usize) -> String {
    let mut shown = String::new();
    let mut used = 0;
    for char in text.chars() {
        let next = visible(char);
        used += next.width();
        if used > room {
            shown.push('…');
            break;
        }
        shown.push_str(&next);
    }
    shown
}

/// Tabs and control characters would move the cursor away from the carets.
fn visible(char: char) -> String {
    match char {
        '\t' => "    ".to_owned(),
        _ if char.width().is_none() => char::REPLACEMENT_CHARACTER.to_string(),
        _ => char.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, spanned: &str, text: &str, carets: &str) {
        let start = source.find(spanned).expect("the span is in the source");
        let excerpt = Excerpt::new(source, &(start..start + spanned.len()));
        assert_eq!(excerpt.text, text);
        assert_eq!(" ".repeat(excerpt.indent) + &"^".repeat(excerpt.carets), carets);
    }

    #[test]
    fn carets_stand_below_what_they_mark() {
        check("a = 1\nbc = 2\n", "bc", "bc = 2", "^^");
        check("a = 1\r\nb = 2\r\n", "1", "a = 1", "    ^");
        check("\ta = 1", "a", "    a = 1", "    ^");
        check("日本 = x", "x", "日本 = x", "       ^");
        check("a = '日本'", "日本", "a = '日本'", "     ^^^^");
        check("a = \u{1b}[1m x", "x", "a = \u{fffd}[1m x", "         ^");
    }

    #[test]
    fn an_end_and_a_second_line_get_what_the_first_line_has() {
        check("a = [\n1\n]", "[\n1\n]", "a = [", "    ^");
        check("a =", "", "a =", "^");
        let end = Excerpt::new("a =", &(3..3));
        assert_eq!((end.text.as_str(), end.indent, end.carets), ("a =", 3, 1));
    }

    #[test]
    fn long_lines_are_cut_around_the_span() {
        let source = format!("{}here{}", "a".repeat(300), "b".repeat(300));
        let excerpt = Excerpt::new(&source, &(300..304));
        assert!(excerpt.text.starts_with("…aaa") && excerpt.text.ends_with("bbb…"), "{}", excerpt.text);
        assert_eq!(
            excerpt.text.chars().skip(excerpt.indent).take(excerpt.carets).collect::<String>(),
            "here"
        );
        let excerpt = Excerpt::new(&source, &(0..604));
        assert_eq!((excerpt.indent, excerpt.carets), (0, WIDEST + 1));
    }
}
