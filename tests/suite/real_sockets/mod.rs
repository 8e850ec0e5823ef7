//! What the simulator found and looks like a bug of somebody else's, once more on real loopback sockets and in real time.
//!
//! Ignored, since it takes seconds, or minutes, and says nothing of closewait:
//! `cargo test --test suite -- --ignored real_sockets`.

mod abandoned_dial;
mod cut_body;
pub mod deaf_origin;
mod frames;
mod leaked_upload;
mod lost_body;
mod over_before_use;
mod push_setting;
mod queued_request;

use libtest_mimic::Trial;

/// By name: `docs/known-hazards.md` names each.
pub const PROOFS: [(&str, fn()); 7] = [
    ("h2_opens_a_queued_stream_behind_a_goaway", queued_request::h2_opens_a_queued_stream_behind_a_goaway),
    ("h2_takes_a_push_setting_from_a_server", push_setting::h2_takes_a_push_setting_from_a_server),
    (
        "hyper_leaks_what_was_answered_before_its_upload_was_flushed",
        leaked_upload::hyper_leaks_what_was_answered_before_its_upload_was_flushed,
    ),
    (
        "hyper_sends_no_body_of_unknown_length_behind_http_10",
        lost_body::hyper_sends_no_body_of_unknown_length_behind_http_10,
    ),
    ("hyper_takes_no_error_for_the_end_of_a_body", cut_body::hyper_takes_no_error_for_the_end_of_a_body),
    (
        "tonic_dials_on_for_nobody_until_connecting_times_out",
        abandoned_dial::tonic_dials_on_for_nobody_until_connecting_times_out,
    ),
    (
        "tonic_fails_a_call_on_a_connection_that_was_over_before",
        over_before_use::tonic_fails_a_call_on_a_connection_that_was_over_before,
    ),
];

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |(name, prove): (&str, fn())| {
        let proof = move || {
            prove();
            Ok(())
        };
        Trial::test(format!("real_sockets::{name}"), proof).with_ignored_flag(true)
    };
    PROOFS.into_iter().map(trial).collect()
}
