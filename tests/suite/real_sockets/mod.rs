//! What the simulator found and looks like a bug of somebody else's, once more on real loopback sockets and in real time.
//!
//! Ignored, since it takes seconds, or minutes, and says nothing of closewait:
//! `cargo test --test suite -- --ignored real_sockets`.

mod abandoned_dial;
mod cut_body;
mod frames;
mod leaked_upload;
mod queued_request;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let trial = |name: &str, prove: fn()| {
        let proof = move || {
            prove();
            Ok(())
        };
        Trial::test(format!("real_sockets::{name}"), proof).with_ignored_flag(true)
    };
    vec![
        trial(
            "h2_opens_a_queued_stream_behind_a_goaway",
            queued_request::h2_opens_a_queued_stream_behind_a_goaway,
        ),
        trial(
            "hyper_leaks_what_was_answered_before_its_upload_was_flushed",
            leaked_upload::hyper_leaks_what_was_answered_before_its_upload_was_flushed,
        ),
        trial(
            "hyper_takes_no_error_for_the_end_of_a_body",
            cut_body::hyper_takes_no_error_for_the_end_of_a_body,
        ),
        trial(
            "tonic_dials_on_for_nobody_until_connecting_times_out",
            abandoned_dial::tonic_dials_on_for_nobody_until_connecting_times_out,
        ),
    ]
}
