//! How long segments take, and which of them the network loses.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "latency",
        &["get a"],
        "",
        &[
            "0 1> sent SYN",
            "10 1> delivered SYN",
            "20 1< delivered SYN-ACK",
            "30 1> delivered data",
            "40 a: 200 complete",
        ],
    ),
    (
        "asymmetric_latency",
        &["get a"],
        "[network]\nlatency_to_origin = '3ms'\nlatency_to_client = '40ms'",
        &[
            "3 1> delivered SYN",
            "43 1< delivered SYN-ACK",
            "46 1> delivered data",
            "86 1< delivered data",
            "86 a: 200 complete",
        ],
    ),
    (
        "drop_one_way",
        &["get a", "network = 'drop', direction = 'to-client'", "get b, deadline = '5s'"],
        "",
        &[
            "50 1> delivered data",
            "50 1< lost data",
            "260 1> sent data again",
            "270 1> delivered data",
            "5040 b: deadline",
            "5050 1> delivered FIN",
            "never > lost",
        ],
    ),
    (
        "drop_both_ways",
        &["get a", "network = 'drop'", "get b, deadline = '5s'"],
        "",
        &["40 1> lost data", "3340 1> lost data", "5040 b: deadline", "5040 1> lost FIN"],
    ),
    (
        "drop_one_connection",
        &[
            "start a",
            "get b",
            "await a",
            "network = 'drop', connection = 1",
            "start c, deadline = '2s'",
            "start d, deadline = '2s'",
            "await c",
            "await d",
        ],
        "",
        &["40 1> lost data", "60 c: 200 complete", "2040 d: deadline", "never 2> lost"],
    ),
    (
        "drop_two_segments",
        &["get a", "network = 'drop', connection = 1, direction = 'to-origin', packets = 2", "get b"],
        "",
        &[
            "40 1> lost data",
            "260 1> lost data",
            "710 1> delivered data",
            "720 b: 200 complete",
            "never FIN again",
        ],
    ),
    (
        "drop_from_the_second_segment_on_until_healed",
        &[
            "network = 'drop', connection = 1, direction = 'to-client', when = { packet = 2, connection = 1, direction = 'to-client' }",
            "start a",
            "wait 500ms",
            "network = 'heal'",
            "await a",
        ],
        "",
        &[
            "20 1< delivered SYN-ACK",
            "30 1< lost ACK",
            "30 1< lost data",
            "250 1< lost data",
            "700 1< delivered data",
            "700 a: 200 complete",
        ],
    ),
    (
        "a_drop_at_the_segment_itself",
        &[
            "network = 'drop', connection = 1, packets = 1, when = { packet = 3, connection = 1, direction = 'to-origin' }",
            "get a",
        ],
        "",
        &[
            "20 1> sent ACK",
            "20 1> sent data",
            "20 1> lost data",
            "240 1> sent data again",
            "260 a: 200 complete",
        ],
    ),
];
