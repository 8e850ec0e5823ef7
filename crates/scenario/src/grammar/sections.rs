//! The tables above and beside the script.

use super::shared::*;
use crate::field::{
    Kind,
    Need::{Default, Optional, Required},
    Table,
};

/// The keys above the first `[section]`, and the sections.
pub(crate) static TOP: Table = Table {
    name: "the top level",
    doc: "One scenario: who does what when, and what a client that behaves would make of it.",
    fields: &[
        field("title", Kind::Text, Required, "One line: the situation."),
        field(
            "about",
            Kind::Text,
            Required,
            "What breaks, in plain words, and what causes it in the real world.",
        ),
        field("sources", Kind::Sources, Required, "What the scenario stands for, at least one."),
        field(
            "signature",
            Kind::Texts,
            Optional,
            "What users find in a log when this happens, for `closewait search`.",
        ),
        field(
            "protocol",
            Kind::Word(&["http1", "h2", "https1", "https2"]),
            Default(r#""http1""#),
            "The protocol between client and origin.",
        ),
        field("script", Kind::Script, Required, "What happens, step after step."),
        field("client", Kind::Section(&CLIENT), Optional, "How the client under test is configured."),
        field(
            "origin",
            Kind::Section(&ORIGIN),
            Optional,
            "How the origin behaves without being told by the script.",
        ),
        field("network", Kind::Section(&NETWORK), Optional, "The wire between them."),
        field(
            "expect",
            Kind::Expectations,
            Optional,
            "What a client that behaves makes of each request, by request id.",
        ),
    ],
};

/// `[client]`.
pub(crate) static CLIENT: Table = Table {
    name: "[client]",
    doc: "How the client under test is configured. A key left out leaves the client's own default.",
    fields: &[
        field("idle_timeout", TIME, Optional, "Close a connection that has been idle for this long."),
        field(
            "max_idle",
            Kind::Count { least: 0, most: 1000 },
            Optional,
            "At most this many idle connections; 0 pools nothing.",
        ),
        field(
            "max_connections",
            Kind::Count { least: 1, most: 1000 },
            Optional,
            "At most this many connections at any time.",
        ),
        field("connect_timeout", TIME, Optional, "Give up on establishing a connection after this long."),
        field("read_timeout", TIME, Optional, "Give up on a response when nothing was read for this long."),
        field("ping_interval", TIME, Optional, "HTTP/2: send a PING when nothing was read for this long."),
        field(
            "ping_timeout",
            TIME,
            Optional,
            "HTTP/2: take the connection for dead when a PING was not answered for this long.",
        ),
        field(
            "ping_while_idle",
            Kind::Flag,
            Default("false"),
            "HTTP/2: send PINGs also while no stream is open.",
        ),
        field(
            "stream_window",
            Kind::Count { least: 1, most: MAX_WINDOW },
            Optional,
            "HTTP/2: how many bytes of one response the client takes before they are read.",
        ),
        field(
            "connection_window",
            Kind::Count { least: 65535, most: MAX_WINDOW },
            Optional,
            "HTTP/2: how many bytes of all responses together the client takes before they are read.",
        ),
    ],
};

/// `[origin]`.
pub(crate) static ORIGIN: Table = Table {
    name: "[origin]",
    doc: "How the origin behaves without being told by the script.",
    fields: &[
        field(
            "idle_timeout",
            TIME,
            Optional,
            "The origin closes a connection on which no request arrived for this long; under HTTP/2 with GOAWAY.",
        ),
        CERTIFICATE,
        ALPN,
        HANDSHAKE,
        MAX_STREAMS,
        field(
            "initial_window",
            WINDOW,
            Optional,
            "HTTP/2: SETTINGS_INITIAL_WINDOW_SIZE, in bytes; left out, the protocol's 65535. What the origin has received it grants again, up to this size: 0 starves every upload until a `window` step.",
        ),
        field(
            "pings",
            Kind::Word(&["answer", "ignore"]),
            Default(r#""answer""#),
            "HTTP/2: what the origin does about PINGs.",
        ),
        field(
            "ping_delay",
            Kind::Time { zero: true },
            Default(r#""0ms""#),
            "HTTP/2: how long after its arrival a PING is answered.",
        ),
    ],
};

/// `[network]`.
pub(crate) static NETWORK: Table = Table {
    name: "[network]",
    doc: "The wire between client and origin.",
    fields: &[
        field("latency", TIME, Optional, "One-way latency in both directions; `10ms` when nothing is said."),
        field(
            "latency_to_origin",
            TIME,
            Optional,
            "One-way latency from client to origin, if the directions differ.",
        ),
        field(
            "latency_to_client",
            TIME,
            Optional,
            "One-way latency from origin to client, if the directions differ.",
        ),
        field("send_buffer", BUFFER, Default("65536"), "Send buffer of every socket, in bytes."),
        field(
            "receive_buffer",
            BUFFER,
            Default("65536"),
            "Receive buffer of every socket, in bytes; also the largest window it advertises.",
        ),
    ],
};

/// `[expect]`, each entry.
pub(crate) static EXPECTATION: Table = Table {
    name: "[expect]",
    doc: "What a client that behaves makes of the request of this id. A key left out permits anything.",
    fields: &[
        field(
            "outcome",
            Kind::Outcomes,
            Optional,
            r#"A status code, `"error"` (also a passed deadline) or `"cancelled"`; each of a list is permitted."#,
        ),
        field(
            "connection",
            Kind::Word(&["fresh", "reused"]),
            Optional,
            "Whether the final attempt is on a connection that carried a request before (`reused`) or not (`fresh`).",
        ),
    ],
};
