//! Somebody else's text in one line.

/// One line without control characters and without the marks that reverse the direction of writing.
pub fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' | '\r' | '\t' => line.push(' '),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => line.push(char::REPLACEMENT_CHARACTER),
            char if char.is_control() => line.push(char::REPLACEMENT_CHARACTER),
            char => line.push(char),
        }
    }
    line
}
