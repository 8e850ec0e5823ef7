//! Bugs of real clients that the reference client can be given, to prove that the oracles see them.

use std::fmt;

/// A defect, after a bug of a real client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defect {
    /// A pooled connection is handed out without a look (encode/httpx#346).
    NoStaleCheck,
    /// Nothing watches idle connections, and the look at checkout heeds FIN only: an idle 408 makes the
    /// connection "alive" (encode/httpx#143, encode/httpcore#185).
    LooksForEofOnly,
    /// The look comes before the event loop has turned (nodejs/undici GHSA-35p6-xmwp-9g52).
    LooksTooEarly,
    /// Nothing watches idle connections: they stay in CLOSE_WAIT until somebody wants one
    /// (seanmonstar/reqwest#2434).
    LingersInCloseWait,
    /// Bytes past the end of a response stay in the buffer, for the next request (encode/httpx#1474).
    KeepsSurplus,
    /// A connection whose request was cancelled is pooled (aio-libs/aiohttp#12795).
    PoolsCancelled,
    /// A connection whose request timed out is pooled (seanmonstar/reqwest#2967 for QUIC, hyperium/hyper#4186 for
    /// HTTP/2).
    PoolsTimedOut,
    /// `Connection: close` in a response is ignored (hyperium/hyper#4110).
    IgnoresConnectionClose,
    /// An HTTP/1.0 response without `keep-alive` is taken for a persistent one (hyperium/hyper#1614).
    IgnoresHttp10,
    /// `Keep-Alive: timeout` is ignored (nodejs/undici#3141).
    IgnoresKeepAliveTimeout,
    /// The idle limit is a thousand times what was asked for (ureq's `max_idle_age` never aged out either:
    /// algesten/ureq#1172).
    IdleLimitInWrongUnit,
    /// The idle clock runs on while the connection is in use, so that one in regular use is closed (openjdk/jdk#15012).
    IdleClockNotReset,
    /// A request that may not be repeated is repeated (curl re-sends any method; juspay/hyperswitch#3426).
    RetriesPost,
    /// An idempotent request is repeated for ever (hyperium/hyper-util#150).
    RetriesWithoutLimit,
    /// A request that met a dead connection before a byte was written fails (hyperium/hyper-util#133).
    FailsUnsent,
    /// The end of a connection while an answer is awaited goes unnoticed (hyperium/hyper#1439).
    DeafToEof,
    /// A cut body is reported as complete (sagebind/isahc#154).
    HidesTruncation,
    /// Dropping the client leaves its sockets open: pool and connections hold each other (algesten/ureq#583).
    LeaksOnDrop,
    /// Closing the client forgets its idle connections (golang/go#14607).
    CloseForgetsIdle,
    /// Every connection is counted twice against the limit (HTTPCLIENT-2379 miscounts a connection that is released
    /// twice).
    CountsConnectionsTwice,
    /// Busy connections are counted against the limit of idle ones (encode/httpcore#1000).
    CountsBusyAsIdle,
    /// The limit on idle connections is ignored (hyperium/hyper-util: a pool set to size 0, 0.1.0 to 0.1.2).
    IgnoresMaxIdle,
    /// The limit on connections is ignored (golang/go#34941).
    IgnoresMaxConnections,
    /// A request that waits is not told that a connection is free (aio-libs/aiohttp#9671).
    ForgetsToWake,
    /// The newest of the waiting requests is served first (hyperium/hyper-util#298).
    ServesNewestFirst,
    /// Nothing is ever reused (helidon-io/helidon#8077).
    NeverReuses,
    /// A request whose dial is under way takes the first connection that comes free, and its own is opened for nothing
    /// (hyperium/hyper#4134).
    DialsForNothing,
    /// Under TLS a FIN without close_notify ends a body as well as close_notify does (pyca/pyopenssl#229).
    TrustsFinUnderTls,
    /// The read timeout is not armed (ReactiveX/RxNetty#344, on a reused connection).
    IgnoresReadTimeout,
    /// HTTP/2: streams are opened on a connection that has received GOAWAY (actix/actix-web#3790, line/armeria#3825).
    IgnoresGoaway,
    /// HTTP/2: streams that a GOAWAY accepts are killed with it (socketry/async-http#245).
    KillsAccepted,
    /// HTTP/2: a request that the origin has processed is taken for one that it refused (golang/go#60636
    /// repeats requests that met a hang-up, too).
    RetriesProcessed,
    /// HTTP/2: REFUSED_STREAM is reported instead of tried again (encode/httpcore#679).
    SurfacesRefused,
    /// HTTP/2: what is read after a ping neither answers it nor moves the next one (a relative of
    /// helidon-io/helidon#12283, where PINGs do not count as signs of life).
    PingTimerNotReset,
    /// HTTP/2: an unanswered ping has no consequence (nodejs/undici#4230).
    KeepsUnanswered,
    /// HTTP/2: no pings while no stream is open, although asked for (hyperium/hyper#2310 stopped after one).
    PingsOnlyWhenBusy,
    /// HTTP/2: nothing is asked any more on a connection that drains, and nobody learns that it died (a pool that forgets
    /// a connection as GOAWAY comes, and its keep-alive with it).
    StopsPingsAfterGoaway,
    /// HTTP/2: a stream that was given up unanswered casts no doubt on its connection (hyperium/hyper#4186).
    TrustsSilence,
    /// HTTP/2: a stream that is given up is not reset (hyperium/hyper#4040).
    CancelNotTold,
    /// HTTP/2: a response that is dropped goes on holding its part of the connection's window (hyperium/h2#930).
    AbandonedHoldsWindow,
    /// HTTP/2: SETTINGS_MAX_CONCURRENT_STREAMS is ignored (kaazing/http2.js#24).
    IgnoresStreamLimit,
    /// HTTP/2: who gives up a dial takes all with it who wait for it too (hyperium/hyper#3199).
    CancelsForAll,
    /// The body of a request that the application could not give to its end is ended as if it were whole.
    EndsBrokenBody,
    /// A chunked body that is malformed counts as whole as far as it came (hyperium/hyper#3698: no zero in the last chunk).
    TakesMalformedChunks,
}

impl Defect {
    /// Every defect.
    pub const ALL: [Self; 44] = [
        Self::NoStaleCheck,
        Self::LooksForEofOnly,
        Self::LooksTooEarly,
        Self::LingersInCloseWait,
        Self::KeepsSurplus,
        Self::PoolsCancelled,
        Self::PoolsTimedOut,
        Self::IgnoresConnectionClose,
        Self::IgnoresHttp10,
        Self::IgnoresKeepAliveTimeout,
        Self::IdleLimitInWrongUnit,
        Self::IdleClockNotReset,
        Self::RetriesPost,
        Self::RetriesWithoutLimit,
        Self::FailsUnsent,
        Self::DeafToEof,
        Self::HidesTruncation,
        Self::LeaksOnDrop,
        Self::CloseForgetsIdle,
        Self::CountsConnectionsTwice,
        Self::CountsBusyAsIdle,
        Self::IgnoresMaxIdle,
        Self::IgnoresMaxConnections,
        Self::ForgetsToWake,
        Self::ServesNewestFirst,
        Self::NeverReuses,
        Self::DialsForNothing,
        Self::TrustsFinUnderTls,
        Self::IgnoresReadTimeout,
        Self::IgnoresGoaway,
        Self::KillsAccepted,
        Self::RetriesProcessed,
        Self::SurfacesRefused,
        Self::PingTimerNotReset,
        Self::KeepsUnanswered,
        Self::PingsOnlyWhenBusy,
        Self::StopsPingsAfterGoaway,
        Self::TrustsSilence,
        Self::CancelNotTold,
        Self::AbandonedHoldsWindow,
        Self::IgnoresStreamLimit,
        Self::CancelsForAll,
        Self::EndsBrokenBody,
        Self::TakesMalformedChunks,
    ];
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Which defect a client has, if any.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Defects(Option<Defect>);

impl Defects {
    pub fn has(self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }
}

impl From<Option<Defect>> for Defects {
    fn from(defect: Option<Defect>) -> Self {
        Self(defect)
    }
}
