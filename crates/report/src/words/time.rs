//! Times as a reader wants them.

use std::time::Duration;

use closewait_trace::Millis;

/// A number with a space between groups of three digits: `924 600`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// The time column of a transcript: right-aligned, up to 99 999 999 ms (a day and more).
pub fn stamp(at: Millis) -> String {
    format!("{:>10} ms", grouped(at))
}

/// A span of virtual time: whole seconds as `90 s`, anything else as `1 500 ms`.
pub fn span(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis > 0 && millis.is_multiple_of(1000) {
        format!("{} s", grouped(millis / 1000))
    } else {
        format!("{} ms", grouped(millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_from_the_right() {
        let check = |number, text| assert_eq!(grouped(number), text);
        check(0, "0");
        check(999, "999");
        check(1000, "1 000");
        check(924_600, "924 600");
        check(12_345_678, "12 345 678");
    }

    #[test]
    fn spans_use_the_largest_unit_that_stays_whole() {
        let check = |millis, text| assert_eq!(span(Duration::from_millis(millis)), text);
        check(0, "0 ms");
        check(1500, "1 500 ms");
        check(90_000, "90 s");
        check(3_600_000, "3 600 s");
    }

    #[test]
    fn stamps_are_aligned() {
        assert_eq!(stamp(7), "         7 ms");
        assert_eq!(stamp(99_999_999), "99 999 999 ms");
    }
}
