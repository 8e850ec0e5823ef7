//! The violations of a sweep, those of a kind together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use closewait_explore::sweep::{Mark, Record};
use closewait_oracle::ORACLES;

use crate::terminal::style::{BAD, FAINT, paint};

/// Violations of one client and kind of fault, of the same oracles, in whichever workload.
struct Group<'a> {
    first: &'a Record,
    faults: String,
    runs: usize,
    workloads: BTreeSet<&'a str>,
}

/// At most `most` groups of violations, each with its first run and how to see it. Empty if there is none.
pub fn violations(records: &[Record], most: usize) -> String {
    let groups = groups(records);
    if groups.is_empty() {
        return String::new();
    }
    let mut text = format!("{}\n", paint(BAD, "Violations"));
    for group in groups.iter().take(most) {
        let Group { first, faults, .. } = group;
        text +=
            &format!("  {} · {} · {faults}: {}\n", first.client, first.violated.join(", "), group.extent());
        text += &format!("    {}: {}\n", first.fault, first.why.as_deref().unwrap_or_default());
        let show = format!("closewait sweep --show {} {} {}", first.workload, first.fault, first.client);
        text += &format!("    {}\n", paint(FAINT, show));
    }
    let hidden = groups.get(most..).unwrap_or_default();
    if !hidden.is_empty() {
        let kinds = counted(hidden.len(), "more kind");
        let runs = counted(hidden.iter().map(|group| group.runs).sum(), "run");
        text += &format!("  and {kinds} of them in {runs}: --results keeps every one\n");
    }
    text
}

impl Group<'_> {
    /// In how many runs of which workloads.
    fn extent(&self) -> String {
        let runs = counted(self.runs, "run");
        if self.workloads.len() > 1 {
            return format!("{runs} in {} workloads", self.workloads.len());
        }
        format!("{runs} in {}", self.first.workload)
    }

    /// What stopped the run before every oracle, these in the order of [`ORACLES`]: the required ones come first there.
    /// Then what is frequent before what is rare.
    fn rank(&self) -> (&str, Option<usize>, Reverse<usize>) {
        let oracle = self.first.violated.first();
        let rank = oracle.and_then(|name| ORACLES.iter().position(|oracle| oracle.name == name));
        (&self.first.client, rank, Reverse(self.runs))
    }
}

fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn groups(records: &[Record]) -> Vec<Group<'_>> {
    let mut index: BTreeMap<_, usize> = BTreeMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for record in records.iter().filter(|record| record.mark == Mark::Violation) {
        let faults = kinds(&record.fault);
        let group = *index.entry((&record.client, &record.violated, faults.clone())).or_insert(groups.len());
        if group == groups.len() {
            groups.push(Group { first: record, faults, runs: 0, workloads: BTreeSet::new() });
        }
        groups[group].runs += 1;
        groups[group].workloads.insert(&record.workload);
    }
    groups.sort_by(|one, other| one.rank().cmp(&other.rank()));
    groups
}

/// The faults without what they act on and where: `fin + lose` of `fin/1@5ms+lose/2@out3`.
fn kinds(fault: &str) -> String {
    let kind = |part: &str| part.split(['/', '@']).next().unwrap_or_default().to_owned();
    fault.split('+').map(kind).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(workload: &str, fault: &str, violated: &str) -> Record {
        Record {
            run: 0,
            workload: workload.to_owned(),
            client: "client".to_owned(),
            fault: fault.to_owned(),
            at: None,
            mark: Mark::Violation,
            violated: vec![violated.to_owned()],
            advised: Vec::new(),
            why: Some(format!("what {violated} says")),
        }
    }

    fn records() -> Vec<Record> {
        vec![
            record("one", "rst/1@4ms", "no-leak"),
            record("one", "fin/1@5ms", "no-leak"),
            record("two", "fin/2@6ms", "no-leak"),
            record("two", "fin/1@7ms", "no-stale-reuse"),
            record("two", "fin/1@8ms+lose/1@out3", "hang"),
            record("two", "fin/1@8ms+lose/2@in3", "hang"),
        ]
    }

    #[track_caller]
    fn check(most: usize, lines: &[&str]) {
        let text = anstream::adapter::strip_str(&violations(&records(), most)).to_string();
        let headings = |line: &&str| line.starts_with("  ") && !line.starts_with("    ");
        assert_eq!(text.lines().filter(headings).collect::<Vec<_>>(), lines, "{text}");
    }

    #[test]
    fn a_kind_is_one_entry_over_all_workloads_and_the_worst_comes_first() {
        check(
            9,
            &[
                "  client · hang · fin + lose: 2 runs in two",
                "  client · no-stale-reuse · fin: 1 run in two",
                "  client · no-leak · fin: 2 runs in 2 workloads",
                "  client · no-leak · rst: 1 run in one",
            ],
        );
    }

    #[test]
    fn what_is_left_out_is_counted() {
        check(
            2,
            &[
                "  client · hang · fin + lose: 2 runs in two",
                "  client · no-stale-reuse · fin: 1 run in two",
                "  and 2 more kinds of them in 3 runs: --results keeps every one",
            ],
        );
    }

    #[test]
    fn every_kind_has_a_run_to_show() {
        let text = anstream::adapter::strip_str(&violations(&records()[1..3], 1)).to_string();
        assert!(text.contains("    fin/1@5ms: what no-leak says\n"), "{text}");
        assert!(text.contains("    closewait sweep --show one fin/1@5ms client\n"), "{text}");
        assert_eq!(violations(&[], 1), "");
    }
}
