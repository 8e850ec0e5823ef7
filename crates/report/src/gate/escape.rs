//! Untrusted text, made harmless for each format.

pub use crate::words::one_line;

/// Text in a paragraph of GitHub's Markdown: no markup, no HTML, no link, no mention, no reference to an issue.
pub fn markdown(text: &str) -> String {
    /// Keeps GitHub from making a mention, a reference or a link of what follows.
    const BREAK: char = '\u{200b}';
    let text = one_line(text);
    let mut safe = String::with_capacity(text.len() + 16);
    for char in text.chars() {
        match char {
            '@' | '#' => safe.extend(['\\', char, BREAK]),
            ':' => safe.extend([char, BREAK]),
            '.' => safe.push('.'),
            char if char.is_ascii_punctuation()
                && !matches!(char, ',' | ';' | '/' | '-' | '\'' | '"' | '%') =>
            {
                safe.extend(['\\', char]);
            }
            char => safe.push(char),
        }
    }
    let safe = safe.replace(":\u{200b} ", ": ").replace("www.", "www\u{200b}.");
    // A line that begins with these would be a list.
    if safe.starts_with('-') { format!("\\{safe}") } else { safe }
}

/// A code span that no backtick in the text can end.
pub fn code(text: &str) -> String {
    let text = one_line(text);
    let ticks = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{pad}{text}{pad}{ticks}")
}

/// A fenced block that no line of the text can end.
pub fn block(text: &str) -> String {
    let ticks = "`".repeat((longest_run(text) + 1).max(3));
    format!("{ticks}text\n{}\n{ticks}\n", text.trim_end())
}

fn longest_run(text: &str) -> usize {
    text.split(|char| char != '`').map(str::len).max().unwrap_or(0)
}

/// The message of a workflow command.
pub fn command(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a workflow command.
pub fn property(text: &str) -> String {
    command(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_stays_text() {
        let check = |text, expected: &str| assert_eq!(markdown(text), expected);
        check("b was written", "b was written");
        check("a\n# b", "a \\#\u{200b} b");
        check("<img src=x>", "\\<img src\\=x\\>");
        check("[x](y)", "\\[x\\]\\(y\\)");
        check("@team", "\\@\u{200b}team");
        check("https://evil.example", "https:\u{200b}//evil.example");
        check("www.evil.example", "www\u{200b}.evil.example");
        check("**b** `c`", "\\*\\*b\\*\\* \\`c\\`");
        check("|x|", "\\|x\\|");
        check("- x", "\\- x");
        check("1,2: 3", "1,2: 3");
    }

    #[test]
    fn code_ends_only_where_it_should() {
        assert_eq!(code("x"), "`x`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert!(block("a\n```\nb").starts_with("````text\n"));
        assert!(block("a").starts_with("```text\na\n```"));
    }

    #[test]
    fn commands_are_one_line() {
        assert_eq!(command("50%\r\n::error::x"), "50%25%0D%0A::error::x");
        assert_eq!(property("a:b,c\n%"), "a%3Ab%2Cc%0A%25");
    }

    #[test]
    fn control_characters_go() {
        assert_eq!(one_line("a\u{1b}[31m\u{0}b\nc\u{202e}d"), "a\u{fffd}[31m\u{fffd}b c\u{fffd}d");
    }
}
