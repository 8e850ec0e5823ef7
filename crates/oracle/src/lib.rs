//! One invariant a file: pure functions from a scenario and a trace to a finding.

mod answer;
mod as_expected;
mod at_most_once;
mod bounded_retries;
mod bounded_wait;
mod cancel_is_told;
mod case;
mod checks;
mod closes;
mod doubts;
mod draining;
mod ends;
mod exemption;
#[cfg(test)]
mod exemption_tests;
mod finding;
mod free;
pub mod gate;
#[cfg(test)]
mod http2_exemption_tests;
#[cfg(test)]
mod http2_tests;
mod index;
mod interval;
#[cfg(test)]
mod interval_tests;
mod known;
mod malformed_is_refused;
#[cfg(test)]
mod malformed_tests;
mod missed;
mod no_cross_talk;
mod no_leak;
mod no_needless_connections;
mod no_silent_truncation;
mod no_stale_reuse;
mod no_truncated_request;
mod order;
mod policy;
mod prompt_close;
mod race_outcome;
mod recovers;
mod result;
#[cfg(test)]
mod retry_tests;
mod reuse;
mod reuses_when_healthy;
#[cfg(test)]
mod robustness;
mod rule;
mod send_queue;
#[cfg(test)]
mod send_queue_tests;
mod slots;
mod spans;
mod streams;
mod table;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tls_exemption_tests;
mod unsent_is_free;
#[cfg(test)]
mod upload_tests;
mod waiting;
mod words;
mod written;

pub use finding::*;
pub use result::{Control, Mark, RunOutcome, RunResult};
pub use rule::Oracle;
use rule::every_protocol;
pub use table::{ORACLES, judge, judge_views};
