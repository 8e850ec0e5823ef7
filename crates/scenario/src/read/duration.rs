//! Durations: a whole number and a unit.

use std::time::Duration;

use super::refusal::{Refusal, refuse};
use crate::nearest::quoted;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// Reads `"10s"`; `name` is the key, for messages.
pub(super) fn read(name: &str, text: &str, zero: bool) -> Result<Duration, Refusal> {
    let end = text.find(|char: char| !char.is_ascii_digit() && char != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim());
    let Some(scale) = scale(unit).filter(|_| !number.is_empty()) else {
        return Err(misread(text, number, unit));
    };
    if number.contains('.') {
        return refuse(
            format!("{} is not a whole number of {}", quoted(text), in_words(unit)),
            whole(number, scale)
                .map_or("virtual time has a resolution of 1ms".into(), |fix| format!("write \"{fix}\"")),
        );
    }
    if text.len() != number.len() + unit.len() {
        return refuse(format!("{} is not a duration", quoted(text)), format!("write \"{number}{unit}\""));
    }
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(scale)) {
        Some(0) if !zero => refuse(format!("`{name}` cannot be zero"), "the least is \"1ms\""),
        Some(millis) if millis <= DAY => Ok(Duration::from_millis(millis)),
        _ => refuse(format!("{} is too long", quoted(text)), "the most is \"24h\""),
    }
}

/// Milliseconds in a unit.
fn scale(unit: &str) -> Option<u64> {
    match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60 * 1000),
        "h" => Some(60 * 60 * 1000),
        _ => None,
    }
}

fn in_words(unit: &str) -> &'static str {
    match unit {
        "ms" => "milliseconds",
        "s" => "seconds",
        "m" => "minutes",
        _ => "hours",
    }
}

/// `1.5` seconds as whole milliseconds, if they are.
fn whole(number: &str, scale: u64) -> Option<String> {
    let (integer, fraction) = number.split_once('.')?;
    let unit = 10u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let parts = fraction.parse::<u64>().ok()?.checked_mul(scale)?;
    let millis = integer.parse::<u64>().ok()?.checked_mul(scale)?.checked_add(parts / unit)?;
    (parts % unit == 0 && millis > 0).then(|| format!("{millis}ms"))
}

fn misread(text: &str, number: &str, unit: &str) -> Refusal {
    let help = match unit {
        _ if text.starts_with('-') => "time only goes forward: write a positive duration".to_owned(),
        _ if number.is_empty() => {
            "write a whole number and a unit: \"250ms\", \"10s\", \"2m\" or \"1h\"".to_owned()
        }
        "" => format!("say the unit: \"{number}ms\" or \"{number}s\""),
        "us" | "µs" | "μs" | "ns" => "virtual time has a resolution of 1ms".to_owned(),
        "sec" | "secs" | "second" | "seconds" => format!("write \"{number}s\""),
        "min" | "mins" | "minute" | "minutes" => format!("write \"{number}m\""),
        _ => "the units are ms, s, m and h".to_owned(),
    };
    Refusal { message: format!("{} is not a duration", quoted(text)), help: Some(help) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, millis: Result<u64, &str>) {
        let read = read("wait", text, false).map(|time| time.as_millis() as u64);
        let read =
            read.map_err(|refusal| format!("{}; {}", refusal.message, refusal.help.unwrap_or_default()));
        assert_eq!(read, millis.map_err(str::to_owned), "{text}");
    }

    #[test]
    fn whole_numbers_with_a_unit() {
        check("1ms", Ok(1));
        check("250ms", Ok(250));
        check("10s", Ok(10_000));
        check("2m", Ok(120_000));
        check("24h", Ok(DAY));
    }

    #[test]
    fn everything_else_says_what_to_write() {
        check(
            "1.5ms",
            Err("`1.5ms` is not a whole number of milliseconds; virtual time has a resolution of 1ms"),
        );
        check("1.5s", Err("`1.5s` is not a whole number of seconds; write \"1500ms\""));
        check("10", Err("`10` is not a duration; say the unit: \"10ms\" or \"10s\""));
        check("10 s", Err("`10 s` is not a duration; write \"10s\""));
        check("10us", Err("`10us` is not a duration; virtual time has a resolution of 1ms"));
        check("-1s", Err("`-1s` is not a duration; time only goes forward: write a positive duration"));
        check("0s", Err("`wait` cannot be zero; the least is \"1ms\""));
        check("25h", Err("`25h` is too long; the most is \"24h\""));
        check("99999999999999999999h", Err("`99999999999999999999h` is too long; the most is \"24h\""));
    }
}
