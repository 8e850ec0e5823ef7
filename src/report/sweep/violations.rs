//! The violations of a sweep, those of a kind together.

use std::collections::BTreeMap;

use crate::explore::sweep::{Mark, Record};
use crate::report::terminal::style::{BAD, FAINT, paint};

/// Violations of one client, workload and fault, of the same oracles.
struct Group<'a> {
    first: &'a Record,
    count: usize,
}

/// At most `most` groups of violations, each with its first run and how to see it. Empty if there is none.
pub fn violations(records: &[Record], most: usize) -> String {
    let groups = groups(records);
    if groups.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(BAD, "Violations"));
    for Group { first, count } in groups.iter().take(most) {
        let times = if *count == 1 { String::new() } else { format!(", and {} more like it", count - 1) };
        text += &format!("  {} · {} · {}{times}\n", first.client, first.workload, first.violated.join(", "));
        text += &format!("    {}: {}\n", first.fault, first.why.as_deref().unwrap_or_default());
        let show = format!("closewait sweep --show {} {} {}", first.workload, first.fault, first.client);
        text += &format!("    {}\n", paint(FAINT, show));
    }
    if groups.len() > most {
        let more = groups.len() - most;
        let kinds = if more == 1 { "kind" } else { "kinds" };
        text += &format!("  and {more} more {kinds} of them: --results keeps every one\n");
    }
    text
}

fn groups(records: &[Record]) -> Vec<Group<'_>> {
    let mut index: BTreeMap<_, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for record in records.iter().filter(|record| record.mark == Mark::Violation) {
        let kind = |part: &str| part.split(['/', '@']).next().unwrap_or_default().to_owned();
        let kinds: Vec<String> = record.fault.split('+').map(kind).collect();
        let key = (&record.client, &record.workload, &record.violated, kinds);
        match index.get(&key) {
            Some(group) => groups[*group].count += 1,
            None => {
                index.insert(key, groups.len());
                groups.push(Group { first: record, count: 1 });
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_of_a_kind_are_one_entry() {
        let record = |run, fault: &str, oracle: &str| Record {
            run,
            workload: "work".to_owned(),
            client: "client".to_owned(),
            fault: fault.to_owned(),
            at: None,
            mark: Mark::Violation,
            violated: vec![oracle.to_owned()],
            advised: Vec::new(),
            why: Some(format!("what {oracle} says")),
        };
        let records = [
            record(1, "fin/1@5ms", "no-leak"),
            record(2, "fin/2@6ms", "no-leak"),
            record(3, "fin/1@7ms", "recovers"),
        ];
        let text = anstream::adapter::strip_str(&violations(&records, 1)).to_string();
        assert!(
            text.contains("client · work · no-leak, and 1 more like it\n    fin/1@5ms: what no-leak says"),
            "{text}"
        );
        assert!(text.contains("closewait sweep --show work fin/1@5ms client"), "{text}");
        assert!(text.contains("and 1 more kind") && !text.contains("recovers"), "{text}");
        assert_eq!(violations(&[], 1), "");
    }
}
