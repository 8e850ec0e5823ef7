//! Every error that a client can get from a socket, by the state of its TCP and by who asks first.
//!
//! What is not here returns no error: `shutdown(2)` says ENOTCONN of a socket that is dead, and tokio keeps that to itself.

use std::io::ErrorKind;

/// What a call returns: the bytes of a read, or the error.
pub(super) type Outcome = Result<&'static str, ErrorKind>;

pub(super) struct Row {
    pub name: &'static str,
    pub origin: Origin,
    pub steps: &'static [Step],
}

/// What becomes of the SYN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Listens,
    Refuses,
    /// Nothing answers.
    Deaf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The client asks what came of its dial. What stands before has happened behind the handshake.
    Connect(Outcome),
    Read(Outcome),
    Write(Outcome),
    /// Half-closes, which never fails with tokio.
    ShutDown,
    /// The last bytes and FIN in one go.
    WriteAndShutDown,
    /// Writes until the socket takes no more.
    Fill,
    /// Sends [`EARLY`].
    PeerSends,
    /// FIN.
    PeerShutsDown,
    /// RST.
    PeerResets,
    /// FIN, and RST for whatever comes then.
    PeerCloses,
    /// Nothing that the client sends is taken any more; it fills its socket.
    PathDies,
    /// Its TCP has waited long enough.
    GivesUp,
}

use Step::{
    Connect, Fill, GivesUp, PathDies, PeerCloses, PeerResets, PeerSends, PeerShutsDown, Read, ShutDown,
    Write, WriteAndShutDown,
};

pub(super) const EARLY: Outcome = Ok("early");
pub(super) const DONE: Outcome = Ok("done");
const END: Outcome = Ok("");
const REFUSED: Outcome = Err(ErrorKind::ConnectionRefused);
const RESET: Outcome = Err(ErrorKind::ConnectionReset);
const BROKEN_PIPE: Outcome = Err(ErrorKind::BrokenPipe);
const TIMED_OUT: Outcome = Err(ErrorKind::TimedOut);

const fn row(name: &'static str, steps: &'static [Step]) -> Row {
    Row { name, origin: Origin::Listens, steps }
}

pub(super) const TABLE: &[Row] = &[
    // SYN_SENT
    Row { name: "refused", origin: Origin::Refuses, steps: &[Connect(REFUSED)] },
    Row { name: "no_answer", origin: Origin::Deaf, steps: &[Connect(TIMED_OUT)] },
    // A dial that is asked for late: what came of it is what the socket has gone through since.
    row("dialled_fin", &[PeerShutsDown, Connect(DONE), Read(END), Write(DONE), ShutDown, Write(BROKEN_PIPE)]),
    row("dialled_data_fin", &[PeerSends, PeerShutsDown, Connect(DONE), Read(EARLY), Read(END)]),
    row("dialled_rst", &[PeerResets, Connect(RESET)]),
    row("dialled_data_rst", &[PeerSends, PeerResets, Connect(RESET)]),
    row("dialled_fin_rst", &[PeerShutsDown, PeerResets, Connect(BROKEN_PIPE)]),
    row("dialled_close", &[PeerCloses, Connect(DONE), Write(DONE), Write(BROKEN_PIPE), Read(END)]),
    // ESTABLISHED
    row("rst_read", &[Connect(DONE), PeerResets, Read(RESET), Read(END), Write(BROKEN_PIPE), Read(END)]),
    row("rst_write", &[Connect(DONE), PeerResets, Write(RESET), Write(BROKEN_PIPE), Read(END)]),
    row("rst_shutdown", &[Connect(DONE), PeerResets, ShutDown, Read(RESET), Write(BROKEN_PIPE), ShutDown]),
    row("rst_full", &[Connect(DONE), Fill, PeerResets, Write(RESET), Write(BROKEN_PIPE), Read(END)]),
    row("data_rst_read", &[Connect(DONE), PeerSends, PeerResets, Read(EARLY), Read(RESET), Read(END)]),
    row("data_rst_write", &[Connect(DONE), PeerSends, PeerResets, Write(RESET), Read(EARLY), Read(END)]),
    row("silence_read", &[Connect(DONE), PathDies, GivesUp, Read(TIMED_OUT), Read(END), Write(BROKEN_PIPE)]),
    row(
        "silence_write",
        &[Connect(DONE), PathDies, GivesUp, Write(TIMED_OUT), Write(BROKEN_PIPE), Read(END)],
    ),
    row(
        "data_silence",
        &[Connect(DONE), PeerSends, PathDies, GivesUp, Read(EARLY), Read(TIMED_OUT), Read(END)],
    ),
    // CLOSE_WAIT
    row("fin", &[Connect(DONE), PeerShutsDown, Read(END), Write(DONE), Write(DONE), Read(END)]),
    row("fin_rst", &[Connect(DONE), PeerShutsDown, PeerResets, Read(END), Write(BROKEN_PIPE), Read(END)]),
    row("data_fin_rst", &[Connect(DONE), PeerSends, PeerShutsDown, PeerResets, Read(EARLY), Read(END)]),
    row("close_read", &[Connect(DONE), PeerCloses, Read(END), Write(DONE), Write(BROKEN_PIPE), Read(END)]),
    row("close_write", &[Connect(DONE), PeerCloses, Write(DONE), Write(BROKEN_PIPE), Read(END), ShutDown]),
    row(
        "fin_silence",
        &[
            Connect(DONE),
            PeerShutsDown,
            PathDies,
            GivesUp,
            Read(END),
            Write(TIMED_OUT),
            Write(BROKEN_PIPE),
            Read(END),
        ],
    ),
    // FIN_WAIT_1, FIN_WAIT_2
    row("shutdown", &[Connect(DONE), ShutDown, Write(BROKEN_PIPE), ShutDown, PeerSends, Read(EARLY)]),
    row(
        "shutdown_rst_read",
        &[Connect(DONE), ShutDown, PeerResets, Read(RESET), Read(END), Write(BROKEN_PIPE)],
    ),
    row(
        "shutdown_rst_write",
        &[Connect(DONE), ShutDown, PeerResets, Write(RESET), Write(BROKEN_PIPE), Read(END)],
    ),
    row(
        "shutdown_silence",
        &[Connect(DONE), PathDies, ShutDown, GivesUp, Read(TIMED_OUT), Write(BROKEN_PIPE)],
    ),
    // TIME_WAIT
    row("shutdown_fin", &[Connect(DONE), ShutDown, PeerShutsDown, Read(END), Write(BROKEN_PIPE), ShutDown]),
    // LAST_ACK, CLOSED
    row("fin_shutdown", &[Connect(DONE), PeerShutsDown, ShutDown, Read(END), Write(BROKEN_PIPE), ShutDown]),
    row(
        "last_ack_rst",
        &[
            Connect(DONE),
            PeerCloses,
            WriteAndShutDown,
            Read(END),
            Write(RESET),
            Write(BROKEN_PIPE),
            Read(END),
        ],
    ),
];
