//! When TCP sends again, and when it gives up: RFC 6298 with the limits of Linux, in virtual time.
//!
//! `tcp_rtt_estimator`, `tcp_set_rto`, `retransmits_timed_out`, with `tcp_retries2`, `tcp_syn_retries` and
//! `tcp_synack_retries` as they are by default. There are no timestamps here: what was sent again measures nothing (Karn).

use closewait_scenario::NetworkSettings;
use closewait_trace::Millis;

use super::round_trip::RoundTrip;

/// Before anything was measured, ms (RFC 6298 section 2.1; Linux: `TCP_TIMEOUT_INIT`).
const INITIAL: Millis = 1_000;
/// When the handshake measured nothing, since part of it went twice, ms (RFC 6298 section 5.7; Linux: `TCP_TIMEOUT_FALLBACK`).
const FALLBACK: Millis = 3_000;
/// Linux: `TCP_RTO_MAX`, ms.
const LONGEST: Millis = 120_000;
/// From the first retransmission of data: what 15 of them take on the fastest path (Linux: `tcp_model_timeout`), ms.
const DATA_LIMIT: Millis = 924_600;
/// Linux: `tcp_retries2`, `tcp_syn_retries`, `tcp_synack_retries`.
const PROBES: u32 = 15;
const SYNS: u32 = 6;
const SYN_ACKS: u32 = 5;

/// How long after a segment it goes again, if nothing is known of the path but what the handshake took, ms.
pub fn retransmission_timeout(network: &NetworkSettings) -> Millis {
    let round_trip = network.latency_to_origin + network.latency_to_client;
    RoundTrip::first(round_trip.as_millis() as Millis, 0).timeout().min(LONGEST)
}

/// One end's retransmission timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rto {
    round_trip: Option<RoundTrip>,
    /// Backed off until the next measurement.
    current: Millis,
}

impl Default for Rto {
    fn default() -> Self {
        Self { round_trip: None, current: INITIAL }
    }
}

impl Rto {
    /// An acknowledgement came, up to `acknowledged`, of what was sent once, `took` ms ago. `sent_to`: one past all that was sent.
    pub fn measure(&mut self, took: Millis, acknowledged: u32, sent_to: u32) {
        let round_trip = match self.round_trip {
            Some(known) => known.and(took, acknowledged, sent_to),
            None => RoundTrip::first(took, sent_to),
        };
        self.round_trip = Some(round_trip);
        self.current = round_trip.timeout().min(LONGEST);
    }

    /// The handshake is over; whether it measured anything shows now.
    pub fn open(&mut self) {
        if self.round_trip.is_none() {
            self.current = FALLBACK;
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The answer to a SYN: 6 retries, 127 s in all.
    SynAck,
    /// The answer to a SYN-ACK: 5 retries, 63 s in all.
    Handshake,
    /// The acknowledgement of data or FIN: given up at the first timeout that is 924.6 s or more after the first retransmission.
    Data,
    /// That the peer's window opens: 15 unanswered probes.
    Window,
}

/// A running retransmission timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timer {
    awaited: Awaited,
    attempts: u32,
    /// When the first retransmission left.
    recovers_since: Option<Millis>,
    timeout: Millis,
    /// When it fires next.
    pub due: Millis,
}

/// What to do when the timer has fired.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fired {
    /// Send the oldest unacknowledged segment again.
    Retransmit,
    /// The peer is gone: `ETIMEDOUT`.
    GiveUp,
}

impl Timer {
    pub fn start(awaited: Awaited, rto: &Rto, now: Millis) -> Self {
        let timeout = rto.current;
        Self { awaited, attempts: 0, recovers_since: None, timeout, due: now + timeout }
    }

    /// Whether something was retransmitted since the last acknowledgement that made progress.
    pub fn is_recovering(&self) -> bool {
        self.attempts > 0
    }

    /// The peer is there, though what is waited for did not come: it is not given up, and not asked more often.
    pub fn hear(&mut self) {
        self.attempts = 0;
    }

    pub fn fire(&mut self, rto: &mut Rto, now: Millis) -> Fired {
        if self.is_exhausted(now) {
            return Fired::GiveUp;
        }
        self.attempts += 1;
        self.recovers_since.get_or_insert(now);
        self.timeout = (self.timeout * 2).min(LONGEST);
        if self.awaited != Awaited::Window {
            rto.current = self.timeout;
        }
        self.due = now + self.timeout;
        Fired::Retransmit
    }

    fn is_exhausted(&self, now: Millis) -> bool {
        match self.awaited {
            Awaited::SynAck => self.attempts == SYNS,
            Awaited::Handshake => self.attempts == SYN_ACKS,
            Awaited::Window => self.attempts == PROBES,
            Awaited::Data => self.recovers_since.is_some_and(|since| now - since >= DATA_LIMIT),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When what is sent at 0 goes again after these round trips, and when it is given up.
    fn check(awaited: Awaited, round_trips: &[Millis], retransmissions: &[Millis], gives_up: Millis) {
        let mut rto = after(round_trips);
        let mut timer = Timer::start(awaited, &rto, 0);
        let mut seen = Vec::new();
        loop {
            let now = timer.due;
            match timer.fire(&mut rto, now) {
                Fired::Retransmit => seen.push(now),
                Fired::GiveUp => {
                    assert_eq!((seen.as_slice(), now), (retransmissions, gives_up));
                    return;
                }
            }
        }
    }

    /// A byte is sent after each acknowledgement.
    fn after(round_trips: &[Millis]) -> Rto {
        let mut rto = Rto::default();
        for (n, took) in (1..).zip(round_trips) {
            rto.measure(*took, n, n);
        }
        rto
    }

    const NEAR: [Millis; 15] = [
        220, 660, 1_540, 3_300, 6_820, 13_860, 27_940, 56_100, 112_420, 225_060, 345_060, 465_060, 585_060,
        705_060, 825_060,
    ];

    #[test]
    fn data_follows_tcp_retries2() {
        check(Awaited::Data, &[20], &NEAR, 945_060);
        let at_once = [
            201, 603, 1_407, 3_015, 6_231, 12_663, 25_527, 51_255, 102_711, 205_623, 325_623, 445_623,
            565_623, 685_623, 805_623,
        ];
        check(Awaited::Data, &[0], &at_once, 925_623);
        let far = [
            2_400, 7_200, 16_800, 36_000, 74_400, 151_200, 271_200, 391_200, 511_200, 631_200, 751_200,
            871_200,
        ];
        check(Awaited::Data, &[800], &far, 991_200);
    }

    #[test]
    fn a_closed_window_is_probed_as_often_as_data_goes_again() {
        check(Awaited::Window, &[20], &NEAR, 945_060);
    }

    #[test]
    fn syn_follows_tcp_syn_retries() {
        check(Awaited::SynAck, &[], &[1_000, 3_000, 7_000, 15_000, 31_000, 63_000], 127_000);
    }

    #[test]
    fn syn_ack_follows_tcp_synack_retries() {
        check(Awaited::Handshake, &[], &[1_000, 3_000, 7_000, 15_000, 31_000], 63_000);
    }

    #[test]
    fn a_handshake_that_measured_nothing_is_taken_for_a_slow_path() {
        let mut rto = Rto::default();
        rto.open();
        assert_eq!(rto.current, 3_000);
        let mut rto = after(&[20]);
        rto.open();
        assert_eq!(rto.current, 220);
    }

    #[test]
    fn the_back_off_is_kept_until_something_is_measured() {
        let mut rto = after(&[20]);
        let mut timer = Timer::start(Awaited::Data, &rto, 0);
        timer.fire(&mut rto, 220);
        timer.fire(&mut rto, 660);
        assert_eq!(Timer::start(Awaited::Data, &rto, 1_000).due, 1_880);
        rto.measure(20, 2, 2);
        assert_eq!(Timer::start(Awaited::Data, &rto, 1_000).due, 1_220);
    }

    #[test]
    fn a_closed_window_backs_nothing_off_but_its_probes() {
        let mut rto = after(&[20]);
        let mut timer = Timer::start(Awaited::Window, &rto, 0);
        timer.fire(&mut rto, 220);
        assert_eq!(rto, after(&[20]));
    }

    #[test]
    fn no_timeout_is_longer_than_two_minutes() {
        assert_eq!(after(&[50_000]).current, 120_000);
    }
}
