//! The oracles, in the order in which they are reported.

use closewait_scenario::Scenario;
use closewait_trace::{Trace, Views};

use super::case::Case;
use super::{Finding, Oracle, Verdict};
use super::{
    as_expected, at_most_once, bounded_retries, bounded_wait, cancel_is_told, malformed_is_refused,
    no_cross_talk, no_leak, no_needless_connections, no_silent_truncation, no_stale_reuse,
    no_truncated_request, prompt_close, race_outcome, recovers, reuses_when_healthy, unsent_is_free,
};

/// All of them. The last one compares with the scenario's own `[expect]`; the others know no scenario.
pub const ORACLES: [Oracle; 17] = [
    no_stale_reuse::ORACLE,
    race_outcome::ORACLE,
    no_cross_talk::ORACLE,
    no_silent_truncation::ORACLE,
    malformed_is_refused::ORACLE,
    no_truncated_request::ORACLE,
    at_most_once::ORACLE,
    bounded_wait::ORACLE,
    recovers::ORACLE,
    bounded_retries::ORACLE,
    no_leak::ORACLE,
    reuses_when_healthy::ORACLE,
    unsent_is_free::ORACLE,
    prompt_close::ORACLE,
    no_needless_connections::ORACLE,
    cancel_is_told::ORACLE,
    as_expected::ORACLE,
];

/// Judges one run: one finding for each of [`ORACLES`] that concerns the protocol, in that order.
pub fn judge(scenario: &Scenario, trace: &Trace) -> Vec<Finding> {
    judge_views(scenario, trace, &Views::of(trace, &scenario.client))
}

/// The same, for who needs the views over the trace, too.
pub fn judge_views(scenario: &Scenario, trace: &Trace, views: &Views) -> Vec<Finding> {
    let case = Case::new(scenario, trace, views);
    let verdict = |oracle: &Oracle| match &trace.unsupported {
        Some(reason) => Verdict::NotExercised { reason: format!("unsupported: {reason}") },
        None => (oracle.judge)(&case),
    };
    let finding =
        |oracle: &Oracle| Finding { oracle: oracle.name, level: oracle.level, verdict: verdict(oracle) };
    ORACLES.iter().filter(|oracle| (oracle.concerns)(scenario.protocol)).map(finding).collect()
}
