//! Every run of a sweep is a scenario that a file can say.

use closewait::client;
use closewait::explore::sweep::{Plan, Wanted};
use closewait::explore::{Workload, inject, workloads};
use closewait::lab::Limits;
use closewait::scenario::{Scenario, Step, parse, write};
use libtest_mimic::Trial;

/// One trial for each workload.
pub(super) fn trials() -> Vec<Trial> {
    let trial = |workload: &'static Workload| {
        Trial::test(format!("sweep::every_run_is_a_file::{}", workload.name), move || {
            check(workload);
            Ok(())
        })
    };
    workloads().iter().map(trial).collect()
}

fn check(workload: &'static Workload) {
    let plan = plan(workload);
    let mut written = 0;
    for run in 0..plan.len() {
        let injections = plan.run(run).injections();
        let Some(struck) = inject(&workload.scenario, &injections).filter(|_| !injections.is_empty()) else {
            continue;
        };
        let label = plan.label(run);
        let text = write(&struck.scenario).unwrap_or_else(|error| panic!("{label}: {error}"));
        let read = parse(&struck.scenario.id, "sweep.toml", &text);
        let read = read.unwrap_or_else(|error| panic!("{label}: {error}\n{text}"));
        assert_eq!(without_lines(read), without_lines(struck.scenario), "{label}");
        written += 1;
    }
    // A clean run and nothing else would prove nothing.
    assert!(written > 500, "{written}");
}

fn plan(workload: &'static Workload) -> Plan {
    let clients = client::built_in().iter().copied().filter(|client| client.name() == "reference").collect();
    let wanted = Wanted { workloads: vec![workload], clients, faults: Vec::new(), pairs: false };
    Plan::new(&wanted, &Limits::default())
}

/// A scenario that was never a file has no lines.
fn without_lines(mut scenario: Scenario) -> Scenario {
    scenario.script = scenario.script.into_iter().map(|step| Step { line: 0, ..step }).collect();
    scenario
}
