//! Steps that name a connection which is not there: nothing is done, and the trace says so.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "now",
        &[
            "get a",
            "start b",
            "await b",
            "origin = 'send', connection = 2, bytes = 'x'",
            "origin = 'close', connection = 2",
            "network = 'rst', connection = 2",
            "network = 'forget', connection = 2, answer = 'rst'",
        ],
        "",
        &["60 step 3 void", "60 step 4 void", "60 step 5 void", "60 step 6 void", "closing"],
    ),
    (
        "at_a_segment",
        &[
            "get a",
            "origin = 'send', connection = 2, bytes = 'x', when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "origin = 'fin', connection = 2, when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "origin = 'rst', connection = 2, when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "origin = 'close', connection = 2, when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "network = 'rst', connection = 2, when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "network = 'forget', connection = 2, answer = 'rst', when = { packet = 5, connection = 1, direction = 'to-origin' }",
            "get b",
        ],
        "",
        &[
            "40 step 5 void",
            "40 step 6 void",
            "40 step 1 void",
            "40 step 2 void",
            "40 step 3 void",
            "40 step 4 void",
            "60 b: 200 complete",
        ],
    ),
    (
        "after_a_while",
        &[
            "get a",
            "origin = 'send', connection = 2, bytes = 'x', when = { after = '5ms' }",
            "origin = 'fin', connection = 2, when = { after = '5ms' }",
            "origin = 'rst', connection = 2, when = { after = '5ms' }",
            "origin = 'close', connection = 2, when = { after = '5ms' }",
            "network = 'rst', connection = 2, when = { after = '5ms' }",
            "network = 'forget', connection = 2, answer = 'rst', when = { after = '5ms' }",
            "get b",
            "wait 1s",
        ],
        "",
        &[
            "45 step 1 void",
            "45 step 2 void",
            "45 step 3 void",
            "45 step 4 void",
            "45 step 5 void",
            "45 step 6 void",
        ],
    ),
    (
        "after_a_crash",
        &["get a", "origin = 'crash'", "origin = 'restart'", "origin = 'fin', connection = 1"],
        "",
        &["40 step 3 void"],
    ),
];
