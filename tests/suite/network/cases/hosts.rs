//! An origin that is down, or does not listen.

use super::Case;

pub const CASES: &[Case] = &[
    (
        "crash_and_restart",
        &[
            "get a",
            "origin = 'crash'",
            "wait 1s",
            "start b, deadline = '4s'",
            "wait 2s",
            "origin = 'restart'",
            "await b",
            "get c",
        ],
        "",
        &[
            "1050 1> lost data",
            "4340 1> sent data again",
            "4350 1< sent RST",
            "4360 b: Reset",
            "4400 c: 200 complete",
            "never executed b",
        ],
    ),
    (
        "a_restart_answers_old_connections_with_rst",
        &["get a", "origin = 'crash'", "wait 1s", "origin = 'restart'", "get b"],
        "",
        &["1040 1> sent data", "1050 1> delivered data", "1050 1< sent RST", "1060 b: Reset"],
    ),
    (
        "a_syn_during_the_crash",
        &["origin = 'crash'", "start a", "wait 500ms", "origin = 'restart'", "await a"],
        "",
        &["10 1> lost SYN", "1000 1> sent SYN again", "1040 a: 200 complete"],
    ),
    (
        "a_syn_in_flight_at_the_crash",
        &["start a", "wait 5ms", "origin = 'crash'", "wait 500ms", "origin = 'restart'", "await a"],
        "",
        &["10 1> lost SYN", "1010 1> delivered SYN", "1040 a: 200 complete", "never RST"],
    ),
    (
        "a_crashed_host_executes_nothing",
        &["get a", "start b, deadline = '2s'", "wait 10ms", "origin = 'crash'", "await b"],
        "",
        &["50 1> delivered data", "2040 b: deadline", "never executed b"],
    ),
    (
        "refused_and_listening_again",
        &["origin = 'stop-listening'", "get a", "origin = 'listen'", "get b"],
        "",
        &["10 1< sent RST", "20 a: Connect", "60 b: 200 complete"],
    ),
    (
        "open_connections_survive_a_closed_port",
        &["get a", "origin = 'stop-listening'", "get b"],
        "",
        &["60 b: 200 complete", "never RST"],
    ),
];
