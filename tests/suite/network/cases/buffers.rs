//! Buffers that are smaller than what goes through them.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "an_upload",
        &["client = 'send', id = 'a', request = 'POST /a', body = 100000"],
        "[network]\nsend_buffer = 1024\nreceive_buffer = 1024",
        &["1980 a: 200 complete", "never again"],
    ),
    (
        "an_answer",
        &["origin = 'reply', id = 'a', body = 'LONG'", "get a"],
        "[network]\nsend_buffer = 1024\nreceive_buffer = 1024",
        &["a: 200 complete", "never again"],
    ),
    (
        "a_buffer_that_no_window_can_tell",
        &["origin = 'reply', id = 'a', body = 'LONG'", "get a"],
        "[network]\nreceive_buffer = 1048576",
        &["a: 200 complete", "never again"],
    ),
    (
        "the_least",
        &["client = 'send', id = 'a', request = 'POST /a', body = 5000"],
        "[network]\nsend_buffer = 256\nreceive_buffer = 256",
        &["a: 200 complete", "never again"],
    ),
];
