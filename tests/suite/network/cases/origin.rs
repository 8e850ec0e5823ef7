//! What the origin does without being told when.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "a_slow_answer",
        &["origin = 'reply', id = 'a', delay = '300ms'", "get a"],
        "",
        &["30 1 executed a", "330 1< sent data", "340 a: 200 complete"],
    ),
    (
        "idle_for_too_long",
        &["get a", "wait 2s", "get b"],
        "[origin]\nidle_timeout = '1s'",
        &["1030 1< sent FIN", "1040 1< delivered FIN", "2080 b: 200 complete"],
    ),
    (
        "not_idle_while_it_owes_an_answer",
        &["origin = 'reply', id = 'a', delay = '3s'", "get a", "wait 2s"],
        "[origin]\nidle_timeout = '1s'",
        &["3040 a: 200 complete", "4030 1< sent FIN"],
    ),
    (
        "an_early_answer_is_given_as_often_as_said",
        &[
            "origin = 'reply', id = 'a', status = 413, early = true",
            "client = 'send', id = 'a', request = 'POST /a', body = 100",
            "get b",
        ],
        "",
        &["a: 413 complete", "1 executed b", "never executed a"],
    ),
    (
        "a_crash_silences_a_slow_answer",
        &[
            "origin = 'reply', id = 'a', delay = '300ms'",
            "start a, deadline = '2s'",
            "wait 100ms",
            "origin = 'crash'",
            "wait 1s",
            "origin = 'restart'",
            "await a",
        ],
        "",
        &["30 1 executed a", "2000 a: deadline", "never replied a"],
    ),
];
