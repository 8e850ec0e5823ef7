//! Workloads: scenarios without a fault, for faults to be put into.

use std::sync::LazyLock;

use closewait_scenario::{Scenario, parse};

/// A scenario without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Workload {
    /// The name, as on the command line.
    pub name: &'static str,
    /// The file it was read from.
    pub text: &'static str,
    /// Its id is `sweep/` and the name.
    pub scenario: Scenario,
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("workloads/", $name, ".toml")))),*]
    };
}

/// The name of each workload, and its file. The smallest come first.
const FILES: [(&str, &str); 10] = files![
    "keep-alive",
    "post-after-idle",
    "upload",
    "upload-in-pieces",
    "cancel-then-reuse",
    "retrying-caller",
    "concurrent",
    "few-connections",
    "http2-streams",
    "keep-alive-tls",
];

/// The workloads that closewait ships, the smallest first.
pub fn workloads() -> &'static [Workload] {
    static WORKLOADS: LazyLock<Vec<Workload>> = LazyLock::new(|| {
        let read = |(name, text)| {
            let path = format!("src/explore/workloads/{name}.toml");
            let scenario = parse(&format!("sweep/{name}"), &path, text);
            Workload {
                name,
                text,
                scenario: scenario.expect("the workloads are valid, as a test makes sure"),
            }
        };
        FILES.into_iter().map(read).collect()
    });
    &WORKLOADS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_is_valid_and_expects_nothing() {
        assert_eq!(workloads().len(), FILES.len());
        for workload in workloads() {
            assert!(
                workload.scenario.expect.is_empty(),
                "{}: a fault changes what is expected",
                workload.name
            );
        }
    }
}
