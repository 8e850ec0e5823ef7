//! Patterns that select scenarios.

/// Whether `pattern` describes all of `text`; `*` stands for any characters, also `/`.
pub fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut middle: Vec<&str> = parts.collect();
    let Some(last) = middle.pop() else { return rest.is_empty() };
    let mut rest = rest;
    for part in middle {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    fn check(pattern: &str, text: &str, expected: bool) {
        assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
    }

    #[test]
    fn a_star_stands_for_anything() {
        check("half-close/*", "half-close/fin", true);
        check("half-close/*", "close/fin", false);
        check("*fin*", "half-close/fin-while-idle", true);
        check("*", "", true);
        check("a*b*c", "aXbYc", true);
        check("a*b*c", "acb", false);
        check("**", "a/b", true);
    }

    #[test]
    fn without_a_star_all_must_be_equal() {
        check("a/b", "a/b", true);
        check("a/b", "a/bc", false);
        check("", "a", false);
    }

    #[test]
    fn one_character_is_not_matched_twice() {
        check("ab*ba", "aba", false);
        check("a*a", "a", false);
        check("*aa*aa", "aaa", false);
    }
}
