//! The steps of a script.

use super::shared::*;
use crate::field::{
    Field, Kind,
    Need::{Default, Optional, Required},
    Table, Verb,
};
use crate::http2::ERROR_CODES;

/// The keys that tell one kind of step from another.
pub(crate) static ACTORS: &[&str] = &["client", "origin", "network", "wait", "until"];

/// Every kind of step. `wait` takes a duration in place of a word.
pub(crate) static VERBS: &[Verb] = &[
    verb(
        "client",
        "send",
        "The application sends a request, and waits for its outcome unless `background` is set.",
        &[
            field(
                "id",
                Kind::NewId,
                Required,
                "Unique; sent as `x-request-id`, so that packets tell whose they are.",
            ),
            field("request", Kind::Request, Required, "What is requested."),
            field("headers", Kind::Headers, Default("[]"), "Further header lines."),
            field(
                "body",
                Kind::Count { least: 0, most: MAX_BYTES },
                Default("0"),
                "Length of the request body in bytes; 0 is no body.",
            ),
            field(
                "piece",
                Kind::Count { least: 1, most: MAX_BYTES },
                Optional,
                "The application hands the body over in pieces of this many bytes; left out, all at once.",
            ),
            field("pause", TIME, Optional, "Between two pieces."),
            field(
                "content_length",
                Kind::Flag,
                Default("true"),
                "The length of the body is known beforehand. Otherwise it is sent in chunks, and under HTTP/2 without `content-length`.",
            ),
            field(
                "fails_after",
                Kind::Count { least: 0, most: MAX_BYTES },
                Optional,
                "The application's body fails after this many bytes: the rest of it never comes.",
            ),
            field(
                "stalls_after",
                Kind::Count { least: 0, most: MAX_BYTES },
                Optional,
                "The application's body stands still after this many bytes: neither the rest of it nor its end comes.",
            ),
            field(
                "background",
                Kind::Flag,
                Default("false"),
                "Go on with the script without waiting for the outcome.",
            ),
            field("deadline", TIME, Default(r#""30s""#), "The application gives up after this long."),
            field(
                "read",
                Kind::Count { least: 0, most: MAX_BYTES },
                Optional,
                "Read only this many bytes of the response body, then drop the response, or keep it.",
            ),
            field(
                "keep",
                Kind::Flag,
                Default("false"),
                "Keep the response after the bytes of `read` (0 if it is left out), and read nothing more of it: until `client = \"read\"`, a `cancel`, or the end of the script, which drops it. What the application keeps has no deadline.",
            ),
        ],
    ),
    verb("client", "cancel", "The application drops the future of an unfinished request.", &[BACKGROUND_ID]),
    verb(
        "client",
        "read",
        "Read on in a response that was kept, to its end, and wait for the outcome. The deadline begins anew.",
        &[BACKGROUND_ID],
    ),
    verb(
        "client",
        "await",
        "Wait for the outcome of a request that was sent in the background.",
        &[BACKGROUND_ID],
    ),
    verb(
        "client",
        "close",
        "Close the client in the orderly way it offers. No request can be sent afterwards.",
        &[],
    ),
    verb("client", "drop", "Drop the client without ceremony. No request can be sent afterwards.", &[]),
    verb(
        "origin",
        "reply",
        "How to answer a request: at once if it is held, else when it has arrived. Without one the answer is a 200 that names request and connection.",
        &[
            field("id", Kind::Id, Required, "Which request."),
            field(
                "times",
                Kind::Count { least: 1, most: 1000 },
                Default("1"),
                "How many arrivals of the request (first attempt, retries) are answered so; later ones get the default answer.",
            ),
            field("status", Kind::Status, Default("200"), "Status code."),
            field("version", Kind::Word(&["1.0", "1.1"]), Default(r#""1.1""#), "Version in the status line."),
            field("headers", Kind::Headers, Default("[]"), "Further header lines."),
            field(
                "body",
                Kind::Body,
                Optional,
                "The body, as text; left out, it names request and connection.",
            ),
            field(
                "body_length",
                Kind::Count { least: 0, most: MAX_BYTES },
                Optional,
                "In place of `body`: so many bytes that repeat the request id.",
            ),
            field("trailers", Kind::Headers, Default("[]"), "HTTP/2: header lines after the body."),
            field(
                "framing",
                Kind::Word(&["length", "chunked", "close", "none"]),
                Optional,
                "How the length of the body is told: `Content-Length`, chunks, the end of the connection, or not at all. Left out: `none` for the statuses that have no body (1xx, 204, 304), `length` for the others.",
            ),
            field(
                "early",
                Kind::Flag,
                Default("false"),
                "Answer as soon as the head of the request is there, before its body.",
            ),
            field(
                "delay",
                Kind::Time { zero: true },
                Default(r#""0ms""#),
                "Wait this long before answering.",
            ),
            field(
                "cut",
                Kind::Cut,
                Optional,
                "Write the message only up to this place: `status-line`, `header 2` (in the middle of that line), `head`, `body 12` (after so many bytes of content), `last-chunk` (before the zero chunk), `byte 7`; under TLS also `record 30` (after so many bytes of the record that carries the message). Under HTTP/2: `head`, `body 12`, or `byte 30` (of the frames).",
            ),
            field(
                "then",
                Kind::Word(&["keep", "fin", "rst", "close", "close-notify", "goaway", "reset-stream"]),
                Optional,
                "What the origin then does to the connection: keep it, half-close it (`fin`; under TLS without close_notify), abort it, close it (under TLS after close_notify), or only say close_notify; under HTTP/2 also send `goaway` with this stream as the last, or reset the stream. Left out: `close` if the framing is `close`, else `keep`.",
            ),
            field(
                "error",
                Kind::Word(ERROR_CODES),
                Default(r#""no-error""#),
                "The error code of `then = \"goaway\"` and `then = \"reset-stream\"`.",
            ),
            field("surplus", Kind::Bytes, Optional, "Bytes that follow the message in the same write."),
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "hold",
        "Do not answer a request until a later `reply`.",
        &[field("id", Kind::Id, Required, "Which request."), MAY_MISS],
    ),
    verb(
        "origin",
        "send",
        "Write these bytes, whatever the state of the exchange.",
        &[
            CONNECTION,
            field(
                "bytes",
                Kind::Bytes,
                Required,
                r#"What is written, e.g. `"HTTP/1.1 408 Request Timeout\r\n\r\n"`."#,
            ),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "goaway",
        "HTTP/2: announce that the connection takes no more streams (RFC 9113 section 6.8). Streams above the last one are ignored from then on. A graceful shutdown is two of these: first with `last_stream = \"all\"`.",
        &[
            CONNECTION,
            field(
                "last_stream",
                Kind::LastStream,
                Default(r#""seen""#),
                "The last stream that is, or will be, processed: that of a request id, the highest that has arrived (`seen`), 2^31-1 (`all`), 0 (`none`), or a number.",
            ),
            field("error", Kind::Word(ERROR_CODES), Default(r#""no-error""#), "Why."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "reset-stream",
        "HTTP/2: reset the stream of a request: at once if it is open, else when the head of the request arrives, before it is carried out.",
        &[
            field("id", Kind::Id, Required, "Which request."),
            field("error", Kind::Word(ERROR_CODES), Required, "Why."),
            field(
                "times",
                Kind::Count { least: 1, most: 1000 },
                Default("1"),
                "How many arrivals of the request (first attempt, retries) are reset; later ones are answered.",
            ),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "settings",
        "HTTP/2: change settings.",
        &[
            CONNECTION,
            MAX_STREAMS,
            field("initial_window", WINDOW, Optional, "SETTINGS_INITIAL_WINDOW_SIZE, in bytes."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb("origin", "ping", "HTTP/2: send a PING.", &[CONNECTION, WHEN, MAY_MISS]),
    verb(
        "origin",
        "answer-pings",
        "HTTP/2: acknowledge PINGs from now on.",
        &[
            ON_CONNECTION,
            field("delay", Kind::Time { zero: true }, Default(r#""0ms""#), "How long after their arrival."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "ignore-pings",
        "HTTP/2: do not acknowledge PINGs from now on; requests are answered as before.",
        &[ON_CONNECTION, WHEN, MAY_MISS],
    ),
    verb(
        "origin",
        "window",
        "HTTP/2: grant more of a flow-control window.",
        &[
            field("id", Kind::Id, Optional, "That of the stream of this request."),
            field("connection", Kind::Connection, Optional, "That of this whole connection."),
            field("by", Kind::Count { least: 1, most: MAX_WINDOW }, Required, "How many bytes more."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "stop-reading",
        "Take nothing more out of the socket: the TCP window closes when it is full. Not even a FIN is noticed.",
        &[ON_CONNECTION, WHEN, MAY_MISS],
    ),
    verb(
        "origin",
        "read",
        "Take no more than `bytes` out of the socket in each `every`. Without the two: read again as it comes.",
        &[
            ON_CONNECTION,
            field("bytes", Kind::Count { least: 1, most: MAX_BYTES }, Optional, "How much at a time."),
            field("every", TIME, Optional, "How long after that nothing is read."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "fin",
        "Half-close: send FIN, go on reading. Under TLS the FIN comes without close_notify.",
        &[CONNECTION, WHEN, MAY_MISS],
    ),
    verb("origin", "rst", "Abort: send RST.", &[CONNECTION, WHEN, MAY_MISS]),
    verb(
        "origin",
        "close",
        "Close: send FIN, and answer later data with RST, as a socket that no process owns. Under TLS, send close_notify first.",
        &[CONNECTION, WHEN, MAY_MISS],
    ),
    verb(
        "origin",
        "close-notify",
        "TLS: send close_notify, and no FIN. After it the origin can send no data.",
        &[CONNECTION, WHEN, MAY_MISS],
    ),
    verb(
        "origin",
        "alert",
        "TLS: send a fatal alert, and no FIN. After it the origin can send no data.",
        &[
            CONNECTION,
            field("description", Kind::Word(ALERTS), Default(r#""internal_error""#), "Which alert."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "origin",
        "tls",
        "TLS: what the handshakes of new connections meet from now on. A key left out leaves it as it is.",
        &[CERTIFICATE, ALPN, HANDSHAKE, WHEN, MAY_MISS],
    ),
    verb("origin", "stop-listening", "Answer new SYNs with RST.", &[WHEN, MAY_MISS]),
    verb("origin", "listen", "Accept connections again.", &[WHEN, MAY_MISS]),
    verb(
        "origin",
        "crash",
        "The host stops, silently: nothing leaves it and nothing is heard.",
        &[WHEN, MAY_MISS],
    ),
    verb("origin", "restart", "The host is back and knows none of its old connections.", &[WHEN, MAY_MISS]),
    verb(
        "network",
        "drop",
        "Lose segments silently, until `heal` or until `packets` were lost.",
        &[ON_CONNECTION, DIRECTION, UNTIL_HEALED, WHEN, MAY_MISS],
    ),
    verb(
        "network",
        "heal",
        "End every drop and delay on the path. A forgotten NAT entry stays forgotten.",
        &[ON_CONNECTION, DIRECTION, WHEN, MAY_MISS],
    ),
    verb(
        "network",
        "delay",
        "Add latency.",
        &[
            field("by", TIME, Required, "How much more, one way."),
            ON_CONNECTION,
            DIRECTION,
            UNTIL_HEALED,
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "network",
        "duplicate",
        "Deliver the next segments that carry payload, SYN or FIN twice.",
        &[
            field("by", Kind::Time { zero: true }, Default(r#""0ms""#), "How much later the copy arrives."),
            field("packets", PACKETS, Default("1"), "Stop after this many segments."),
            ON_CONNECTION,
            DIRECTION,
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "network",
        "forget",
        "A middlebox forgets the connection: later segments of either side are answered with RST, or lost.",
        &[
            CONNECTION,
            field(
                "answer",
                Kind::Word(&["rst", "silence"]),
                Required,
                "Whether the middlebox answers with RST or stays silent.",
            ),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "network",
        "rst",
        "A middlebox sends RST.",
        &[
            CONNECTION,
            field("direction", DIRECTIONS, Optional, "To whom; left out, to both ends."),
            WHEN,
            MAY_MISS,
        ],
    ),
    verb(
        "until",
        "arrived",
        "Let time pass until nothing is in flight and the client's host has it in its sockets. The client's event loop has not turned: what is sent now is sent in the same turn.",
        &[],
    ),
    verb(
        "until",
        "delivered",
        "Let time pass until nothing is in flight and the client's event loop has turned and come to rest.",
        &[],
    ),
    verb(
        "until",
        "received",
        "Let time pass until the origin has received the whole request.",
        &[field("id", Kind::Id, Required, "Which request.")],
    ),
];

/// `{ wait = "10s" }`, the step without a word.
pub(crate) static WAIT: Field = field("wait", TIME, Required, "Let this much time pass.");

/// `when = { after = … }`.
pub(crate) static WHEN_AFTER: Table = Table {
    name: "when",
    doc: "That long after its turn in the script, which goes on meanwhile.",
    fields: &[field("after", TIME, Required, "How much later.")],
};

/// `when = { packet = … }`.
pub(crate) static WHEN_PACKET: Table = Table {
    name: "when",
    doc: "At the instant at which that segment leaves its host, before that segment's own fate is decided.",
    fields: &[
        field(
            "packet",
            PACKETS,
            Required,
            "Which segment of the connection in this direction, from 1; the SYN counts.",
        ),
        CONNECTION,
        field("direction", DIRECTIONS, Required, "Which way the segment goes."),
    ],
};

/// The alerts of RFC 8446 section 6 that an origin has reason to send.
pub const ALERTS: &[&str] = &[
    "unexpected_message",
    "bad_record_mac",
    "handshake_failure",
    "decode_error",
    "access_denied",
    "internal_error",
    "unrecognized_name",
    "no_application_protocol",
];
