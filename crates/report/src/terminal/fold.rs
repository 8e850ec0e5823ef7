//! Lines that are wider than the screen, broken where a word ends.

use unicode_width::UnicodeWidthChar;

/// Breaks lines at spaces; what goes on is indented two further than its line. Colours take no room. A word that is wider than the
/// screen stays whole.
pub fn fold(page: &str, width: usize) -> String {
    let mut folded = String::with_capacity(page.len());
    for line in page.split_inclusive('\n') {
        if columns(line) <= width { folded += line } else { push(&mut folded, line, width) }
    }
    folded
}

fn push(folded: &mut String, line: &str, width: usize) {
    let indent = line.len() - line.trim_start_matches(' ').len();
    let (mut used, mut first) = (0, true);
    for word in words(line) {
        let text = word.trim_start_matches(' ');
        if used + columns(word) > width && !first && !text.trim_end().is_empty() {
            // In a narrow column half of it stays for the words.
            let indent = (indent + 2).min(width / 2);
            *folded += &format!("\n{:indent$}{text}", "");
            used = indent + columns(text);
        } else {
            *folded += word;
            used += columns(word);
        }
        first = false;
    }
}

/// Words with the spaces before them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.len() - rest.trim_start_matches(' ').len();
        let end = rest[start..].find(' ').map_or(rest.len(), |end| start + end);
        let (word, after) = rest.split_at(end);
        rest = after;
        (!word.is_empty()).then_some(word)
    })
}

/// How many columns a text takes.
fn columns(text: &str) -> usize {
    let (mut columns, mut is_escaped) = (0, false);
    for char in text.chars() {
        match char {
            '\u{1b}' => is_escaped = true,
            'm' if is_escaped => is_escaped = false,
            _ if is_escaped => {}
            char => columns += char.width().unwrap_or(0),
        }
    }
    columns
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_where_a_word_does() {
        let check = |text: &str, width, expected: &str| assert_eq!(fold(text, width), expected);
        check("short\n", 5, "short\n");
        check("  one two three\n", 9, "  one two\n    three\n");
        check("  one two three\n", 8, "  one\n    two\n    three\n");
        check("a  b    c\n", 6, "a  b\n  c\n");
        check("\u{1b}[1mone\u{1b}[0m two\n", 7, "\u{1b}[1mone\u{1b}[0m two\n");
        check("\u{1b}[1mone\u{1b}[0m two\n", 6, "\u{1b}[1mone\u{1b}[0m\n  two\n");
        check("日本 語\n", 4, "日本\n  語\n");
        check("https://example.org/long\nx", 4, "https://example.org/long\nx");
        check("", 4, "");
    }
}
