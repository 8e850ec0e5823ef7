//! Segments that overtake one another, or come twice.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "a_late_segment_is_waited_for",
        &[
            "origin = 'hold', id = 'a'",
            "start a",
            "wait 100ms",
            "network = 'delay', by = '50ms', connection = 1, direction = 'to-client', packets = 1",
            "origin = 'send', connection = 1, bytes = 'HTTP/1.'",
            "origin = 'send', connection = 1, bytes = \"1 200 O\"",
            "origin = 'send', connection = 1, bytes = \"K\\r\\n\\r\\n\"",
            "origin = 'fin', connection = 1",
            "await a",
        ],
        "",
        &[
            "110 1< delivered 1 200 O",
            "110 1< delivered K",
            "110 1< delivered FIN",
            "160 1< delivered HTTP/1.",
            "160 a: 200 complete",
            "never again",
        ],
    ),
    (
        "a_late_syn",
        &["network = 'delay', by = '300ms', connection = 1, direction = 'to-origin', packets = 1", "get a"],
        "",
        &["310 1> delivered SYN", "340 a: 200 complete", "never again"],
    ),
    (
        "a_late_acknowledgement_of_the_handshake",
        &[
            "network = 'delay', by = '50ms', connection = 1, direction = 'to-origin', packets = 1, when = { packet = 2, connection = 1, direction = 'to-origin' }",
            "get a",
        ],
        "",
        &[
            "30 1> delivered data",
            "30 1 executed a",
            "40 a: 200 complete",
            "80 1> delivered ACK",
            "never again",
        ],
    ),
    (
        "a_doubled_syn",
        &["network = 'duplicate', by = '1ms', connection = 1, direction = 'to-origin'", "get a"],
        "",
        &[
            "11 1> delivered SYN",
            "11 1< sent SYN-ACK again",
            "21 1< delivered SYN-ACK",
            "21 1> sent ACK",
            "40 a: 200 complete",
            "never 2>",
        ],
    ),
    (
        "a_doubled_syn_of_an_open_connection",
        &[
            "network = 'duplicate', by = '200ms', connection = 1, direction = 'to-origin'",
            "get a",
            "origin = 'stop-listening'",
            "wait 1s",
            "get b",
        ],
        "",
        &["210 1> delivered SYN", "210 1< sent ACK", "1060 b: 200 complete", "never RST"],
    ),
    (
        "a_doubled_syn_ack",
        &["network = 'duplicate', by = '1ms', connection = 1, direction = 'to-client'", "get a"],
        "",
        &["21 1< delivered SYN-ACK", "21 1> sent ACK", "40 a: 200 complete"],
    ),
    (
        "doubled_data",
        &["get a", "network = 'duplicate', by = '1ms', connection = 1, packets = 2", "get b"],
        "",
        &[
            "50 1> delivered data",
            "50 1 executed b",
            "51 1> delivered data",
            "51 1< sent ACK",
            "60 b: 200 complete",
            "61 1< delivered data",
            "never 51 1 executed",
            "never again",
        ],
    ),
    (
        "a_doubled_fin",
        &[
            "get a",
            "network = 'duplicate', connection = 1, by = '5ms', direction = 'to-client'",
            "origin = 'fin', connection = 1",
            "wait 1s",
        ],
        "",
        &["50 1< delivered FIN", "55 1< delivered FIN", "55 1> sent ACK", "65 1> delivered ACK", "never RST"],
    ),
    (
        "a_fin_that_comes_twice_much_later",
        &[
            "get a",
            "network = 'duplicate', connection = 1, by = '2s', direction = 'to-origin'",
            "client = 'close'",
            "wait 5s",
        ],
        "",
        &["50 1> delivered FIN", "60 1> sent ACK", "2050 1> delivered FIN", "never 2050 1< sent ACK"],
    ),
];
