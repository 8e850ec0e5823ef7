//! FIN, one way and both ways.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "an_upload_goes_on_after_the_origins_fin",
        &[
            "origin = 'hold', id = 'a'",
            "client = 'send', id = 'a', request = 'POST /a', body = 5000, background = true, deadline = '3s'",
            "wait 45ms",
            "origin = 'fin', connection = 1",
            "await a",
        ],
        "[network]\nsend_buffer = 1024\nreceive_buffer = 1024",
        &["45 1< sent FIN", "55 1< delivered FIN", "60 1> sent data", "70 1> delivered data"],
    ),
    (
        "both_at_once",
        &["get a", "origin = 'fin', connection = 1", "client = 'close'", "wait 1s"],
        "",
        &[
            "40 1< sent FIN",
            "40 1> sent FIN",
            "50 1< delivered FIN",
            "50 1> sent ACK",
            "50 1> delivered FIN",
            "50 1< sent ACK",
            "never RST",
            "never again",
        ],
    ),
    (
        "a_connection_that_is_closed_before_it_is_accepted",
        &[
            "network = 'delay', by = '5ms', connection = 1, direction = 'to-origin', packets = 1, when = { packet = 2, connection = 1, direction = 'to-origin' }",
            "start a",
            "wait 20ms",
            "client = 'cancel', id = 'a'",
            "client = 'close'",
            "wait 1s",
        ],
        "",
        &["a: cancelled"],
    ),
];
