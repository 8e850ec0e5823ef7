//! What was meant by a fault and place that there is none of.

use std::collections::BTreeSet;

use closewait::scenario::{did_you_mean, most_alike};

/// The nearest place of the same fault: in time, if it has one. Otherwise the nearest fault, or what there is.
pub fn suggestion(name: &str, known: &[String]) -> String {
    let row = row(name);
    let same: Vec<&str> = known.iter().map(String::as_str).filter(|known| self::row(known) == row).collect();
    if let Some(known) = nearest_in_time(name, &same).or_else(|| Some(most_alike(name, &same)?.1)) {
        return format!("did you mean `{known}`?");
    }
    let rows: BTreeSet<&str> = known.iter().map(|known| self::row(known)).collect();
    did_you_mean(row, &rows.into_iter().collect::<Vec<_>>())
}

/// The fault and what it acts on: `fin/1` of `fin/1@45ms`.
fn row(name: &str) -> &str {
    name.split('@').next().unwrap_or_default()
}

fn millis(name: &str) -> Option<u64> {
    name.split_once('@')?.1.strip_suffix("ms")?.parse().ok()
}

fn nearest_in_time<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let wanted = millis(name)?;
    let timed = known.iter().filter_map(|known| Some((millis(known)?.abs_diff(wanted), *known)));
    timed.min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &str) {
        let known = ["fin/1@49ms", "fin/1@2049ms", "fin/1@2100ms", "lose/1@out3", "lose/1@in4", "crash@12ms"];
        assert_eq!(suggestion(name, &known.map(str::to_owned)), expected);
    }

    #[test]
    fn the_nearest_place_is_nearest_in_time() {
        check("fin/1@2040ms", "did you mean `fin/1@2049ms`?");
        check("fin/1@1000000ms", "did you mean `fin/1@2100ms`?");
        check("crash@13ms", "did you mean `crash@12ms`?");
    }

    #[test]
    fn a_place_without_a_time_is_near_by_name() {
        check("lose/1@out4", "did you mean `lose/1@out3`?");
        check("fin/1", "did you mean `fin/1@49ms`?");
    }

    #[test]
    fn an_unknown_fault_is_near_another_or_all_are_named() {
        check("crahs@12ms", "did you mean `crash`?");
        check("zzz@12ms", "there are crash, fin/1, lose/1");
    }
}
