//! "Did you mean".

/// The candidate that was most likely meant, if one is near enough to be named.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let lower = word.to_lowercase();
    let tolerance = (word.chars().count() / 3).clamp(1, 3);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= tolerance && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "Did you mean", or what there is: about a name on the command line, of which people often give the beginning only.
pub fn did_you_mean(wanted: &str, known: &[&str]) -> String {
    const SIMILAR: f64 = 0.75;
    match most_alike(wanted, known).filter(|(likeness, _)| *likeness >= SIMILAR) {
        Some((_, known)) => format!("did you mean `{known}`?"),
        None => format!("there are {}", known.join(", ")),
    }
}

/// The candidate that looks most like a name, and how much, from 0 to 1.
pub fn most_alike<'a>(wanted: &str, known: &[&'a str]) -> Option<(f64, &'a str)> {
    let alike = known.iter().map(|known| (strsim::jaro_winkler(wanted, known), *known));
    alike.max_by(|(one, _), (other, _)| one.total_cmp(other))
}

/// Whether two lower-case words are the same, but for their ending or a slip: `reset` and `resets`, `canceled` and
/// `cancelled`.
pub(super) fn alike(one: &str, other: &str) -> bool {
    const STEM: usize = 4;
    const LONG: usize = 6;
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    let inflected = short.len() >= STEM && long.len() <= short.len() + 3 && long.starts_with(short);
    // A slip changes the length by one character at most, and that is cheap to see.
    let close = || short.chars().count().abs_diff(long.chars().count()) <= 1;
    let slipped =
        (LONG..=LONGEST).contains(&short.len()) && close() && strsim::damerau_levenshtein(short, long) <= 1;
    one == other || inflected || slipped
}

/// Nobody mistypes a name of this length.
const LONGEST: usize = 100;

/// A word of the file as a message quotes it: no control characters, no endless text.
pub fn quoted(word: &str) -> String {
    const SHOWN: usize = 60;
    let escaped: String = word.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if word.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("`{}{more}`", escaped.replace("\\\"", "\"").replace("\\'", "'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_near_words_are_offered() {
        let names = ["connection", "direction", "id", "fin"];
        assert_eq!(nearest("conection", names), Some("connection"));
        assert_eq!(nearest("Direction", names), Some("direction"));
        assert_eq!(nearest("fni", names), Some("fin"));
        assert_eq!(nearest("xy", names), None);
        assert_eq!(nearest("packets", names), None);
        assert_eq!(nearest(&"x".repeat(100_000), names), None);
    }

    #[test]
    fn beginnings_are_offered_too() {
        let check = |name, words| assert_eq!(did_you_mean(name, &["hyper-util", "reqwest"]), words);
        check("reqwst", "did you mean `reqwest`?");
        check("hyper", "did you mean `hyper-util`?");
        check("curl", "there are hyper-util, reqwest");
    }

    #[test]
    fn endings_and_slips_do_not_count() {
        let check = |one: &str, other: &str, expected| {
            assert_eq!(alike(one, other), expected, "{one} {other}");
            assert_eq!(alike(other, one), expected, "{other} {one}");
        };
        check("reset", "reset", true);
        check("reset", "resets", true);
        check("canceled", "cancelled", true);
        check("conection", "connection", true);
        check("fin", "fine", false);
        check("time", "timeouts", false);
        check("closed", "opened", false);
    }

    #[test]
    fn quoting_keeps_the_terminal_safe() {
        assert_eq!(quoted("a\u{1b}b\n\""), "`a\\u{1b}b\\n\"`");
        assert!(quoted(&"x".repeat(1000)).len() < 80);
    }
}
