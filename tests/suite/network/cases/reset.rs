//! Connections that end by RST.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "by_the_origin",
        &["get a", "origin = 'rst', connection = 1", "wait 1s", "get b"],
        "",
        &["40 1< sent RST", "50 1< delivered RST", "1080 b: 200 complete"],
    ),
    (
        "by_a_middlebox_to_both",
        &["get a", "network = 'rst', connection = 1", "wait 1s", "get b"],
        "",
        &[
            "40 1< forged RST",
            "40 1> forged RST",
            "50 1< delivered RST",
            "50 1> delivered RST",
            "1040 2> sent SYN",
            "1080 b: 200 complete",
            "never sent RST",
        ],
    ),
    (
        "by_a_middlebox_to_the_client",
        &["get a", "network = 'rst', connection = 1, direction = 'to-client'", "wait 1s", "get b"],
        "",
        &["40 1< forged RST", "50 1< delivered RST", "1040 2> sent SYN", "never 1> forged"],
    ),
    (
        "by_a_middlebox_to_the_origin",
        &["get a", "network = 'rst', connection = 1, direction = 'to-origin'", "wait 1s", "get b"],
        "",
        &[
            "40 1> forged RST",
            "50 1> delivered RST",
            "1040 1> sent data",
            "1050 1< sent RST",
            "1060 b: Reset",
            "never 1< forged",
        ],
    ),
    (
        "forgotten_and_answered",
        &["get a", "network = 'forget', connection = 1, answer = 'rst'", "wait 1s", "get b"],
        "",
        &["1040 1> lost data", "1040 1< forged RST", "1050 1< delivered RST", "1050 b: Reset"],
    ),
    (
        "forgotten_in_silence",
        &[
            "get a",
            "network = 'forget', connection = 1, answer = 'silence'",
            "wait 1s",
            "get b, deadline = '3s'",
        ],
        "",
        &["1040 1> lost data", "2580 1> lost data", "4040 b: deadline", "never RST"],
    ),
    (
        "what_came_before_it_is_read",
        &["origin = 'reply', id = 'a', cut = 'body 5', then = 'rst'", "get a"],
        "",
        &[
            "30 1< sent data",
            "30 1< sent RST",
            "40 1< delivered data",
            "40 1< delivered RST",
            "40 a: 200 Reset",
        ],
    ),
    (
        "a_whole_answer_before_it_is_complete",
        &["origin = 'reply', id = 'a', then = 'rst'", "get a"],
        "",
        &["40 1< delivered data", "40 1< delivered RST", "40 a: 200 complete"],
    ),
    (
        "at_once_though_bytes_wait",
        &[
            "origin = 'reply', id = 'a', body = 'LONG'",
            "start a",
            "wait 45ms",
            "origin = 'rst', connection = 1",
            "await a",
        ],
        "[network]\nsend_buffer = 1024\nreceive_buffer = 1024",
        &["45 1< sent RST", "55 1< delivered RST", "55 a: 200 Reset"],
    ),
    (
        "data_for_a_closed_socket",
        &["get a", "origin = 'close', connection = 1", "get b", "wait 1s"],
        "",
        &[
            "40 1< sent FIN",
            "40 1> sent data",
            "50 1> delivered data",
            "50 1< sent RST",
            "50 b: Closed",
            "60 1< delivered RST",
        ],
    ),
];
