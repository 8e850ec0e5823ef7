//! When a connection over loopback is at rest: told from what its two ends say of themselves, and from nothing else.
//!
//! Acknowledgements count only where an end waits for them to send on. All others are delayed by up to 40 ms, and no
//! application sees them.

/// What a TCP socket says of itself: the part of Linux's `TCP_INFO` that matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TcpInfo {
    pub state: TcpState,
    /// The longest segment it sends, bytes.
    pub segment: u32,
    /// Segments sent and not acknowledged. Of a listener: connections that wait to be accepted.
    pub unacknowledged: u32,
    /// Bytes that were acknowledged.
    pub acknowledged: u64,
    /// Bytes that arrived in order. FIN counts as one.
    pub received: u64,
    /// Bytes that were written and not sent. FIN counts as one.
    pub unsent: u32,
    /// Bytes that were sent, each counted once. FIN does not count.
    pub sent: u64,
    /// The window that the peer has granted, as far as this end has heard, bytes.
    pub send_window: u32,
    /// The window that this end has granted, bytes. Linux 6.2.
    pub receive_window: Option<u32>,
}

/// The states of RFC 9293 section 3.3.2.
// Elsewhere nobody says so: `no_sockets.rs`.
#[cfg_attr(not(target_os = "linux"), allow(dead_code))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TcpState {
    Established,
    SynSent,
    SynReceived,
    FinWait1,
    FinWait2,
    TimeWait,
    Closed,
    CloseWait,
    LastAck,
    Listen,
    Closing,
}

impl TcpInfo {
    /// Whether the peer's FIN has not come, and neither has RST.
    pub fn awaits_fin(&self) -> bool {
        matches!(self.state, TcpState::Established | TcpState::FinWait1 | TcpState::FinWait2)
    }

    /// Whether what was not sent will be, though nobody reads: it waits for an acknowledgement, or there is a window for it.
    fn goes_on(&self, to: &TcpInfo) -> bool {
        self.unacknowledged > 0
            || to.receive_window.is_some_and(|granted| granted > self.send_window)
            || self.send_window >= self.unsent.min(self.segment)
    }

    /// Whether its FIN has left. It may also wait behind bytes for which the peer has no room.
    fn has_sent_fin(&self) -> bool {
        matches!(self.state, TcpState::FinWait1 | TcpState::Closing | TcpState::LastAck) && self.unsent == 0
    }
}

/// What of `from` has not arrived at `to`, in words. `None` in place of an end: its socket is closed.
pub(super) fn under_way(from: Option<&TcpInfo>, to: Option<&TcpInfo>) -> Option<&'static str> {
    let to = to.filter(|to| to.state != TcpState::Closed)?;
    match from {
        None if to.awaits_fin() => Some("the FIN or RST of a closed socket"),
        // What arrives at a closed socket is answered with RST, or acknowledged if it came before the close.
        None if to.unacknowledged > 0 => Some("the answer of a closed socket"),
        Some(from) if from.sent > to.received => Some("bytes"),
        Some(from) if from.unsent > 0 && from.goes_on(to) => Some("the rest of the bytes"),
        Some(from) if from.has_sent_fin() && to.awaits_fin() => Some("a FIN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::TcpState::*;
    use super::*;

    const IDLE: TcpInfo = TcpInfo {
        state: Established,
        segment: 1_448,
        unacknowledged: 0,
        acknowledged: 9,
        received: 7,
        unsent: 0,
        sent: 9,
        send_window: 64_000,
        receive_window: Some(64_000),
    };

    fn check(from: Option<TcpInfo>, to: Option<TcpInfo>, expected: Option<&str>) {
        assert_eq!(under_way(from.as_ref(), to.as_ref()), expected, "{from:?} to {to:?}");
    }

    fn receiver(received: u64) -> Option<TcpInfo> {
        Some(TcpInfo { received, ..IDLE })
    }

    fn is(state: TcpState) -> Option<TcpInfo> {
        Some(TcpInfo { state, received: 9, ..IDLE })
    }

    #[test]
    fn bytes_are_under_way_until_they_have_arrived() {
        check(Some(IDLE), receiver(8), Some("bytes"));
        check(Some(IDLE), receiver(9), None);
        check(Some(TcpInfo { unacknowledged: 1, ..IDLE }), receiver(9), None);
        check(Some(IDLE), receiver(10), None);
    }

    #[test]
    fn what_was_not_sent_is_under_way_unless_the_window_is_closed() {
        let rest = Some("the rest of the bytes");
        let writer = |send_window, unsent| TcpInfo { unsent, send_window, ..IDLE };
        let reader = |receive_window| Some(TcpInfo { receive_window, received: 9, ..IDLE });
        for (from, granted, expected) in [
            (writer(64_000, 70_000), Some(64_000), rest),
            (writer(1_448, 70_000), Some(1_448), rest),
            (writer(1_447, 70_000), Some(1_447), None),
            (writer(0, 70_000), Some(0), None),
            (writer(0, 70_000), None, None),
            (writer(10, 10), None, rest),
            (writer(0, 70_000), Some(2_000), rest),
            (TcpInfo { unacknowledged: 1, ..writer(0, 70_000) }, Some(0), rest),
        ] {
            check(Some(from), reader(granted), expected);
        }
    }

    #[test]
    fn a_fin_is_under_way_until_the_peer_has_heard_of_it() {
        for (from, to, expected) in [
            (FinWait1, Established, Some("a FIN")),
            (FinWait1, FinWait1, Some("a FIN")),
            (FinWait1, CloseWait, None),
            (FinWait2, CloseWait, None),
            (Closing, FinWait2, Some("a FIN")),
            (LastAck, FinWait2, Some("a FIN")),
            (LastAck, TimeWait, None),
            (CloseWait, FinWait2, None),
            (Established, Established, None),
        ] {
            check(is(from), is(to), expected);
        }
    }

    #[test]
    fn a_fin_behind_bytes_without_room_is_not_under_way() {
        let waits = TcpInfo { state: FinWait1, unsent: 5, send_window: 0, ..IDLE };
        check(Some(waits), Some(TcpInfo { receive_window: Some(0), received: 9, ..IDLE }), None);
    }

    #[test]
    fn a_closed_socket_is_heard_of() {
        for (to, expected) in [
            (Established, Some("the FIN or RST of a closed socket")),
            (FinWait1, Some("the FIN or RST of a closed socket")),
            (FinWait2, Some("the FIN or RST of a closed socket")),
            (CloseWait, None),
            (LastAck, None),
            (Closed, None),
        ] {
            check(None, is(to), expected);
        }
    }

    #[test]
    fn a_closed_socket_answers_what_comes_late() {
        let waits = TcpInfo { state: CloseWait, unacknowledged: 1, ..IDLE };
        check(None, Some(waits), Some("the answer of a closed socket"));
        check(None, Some(TcpInfo { state: Closed, ..waits }), None);
        check(Some(IDLE), None, None);
    }
}
