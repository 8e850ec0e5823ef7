//! What is known of the round trip (Linux: `tcp_rtt_estimator`).

use closewait_trace::Millis;

use super::sequence::precedes_or_equals;

/// Least of what is added to the smoothed round trip, µs (Linux: `TCP_RTO_MIN`).
const LEAST_VARIATION: i64 = 200_000;

/// SRTT and RTTVAR of RFC 6298 section 2, in µs, scaled as Linux does: its shifts round, and so must these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RoundTrip {
    /// 8 · SRTT.
    smoothed: i64,
    /// 4 · the mean deviation.
    deviation: i64,
    /// The largest of this round trip, and no less than the least.
    largest: i64,
    /// 4 · RTTVAR: it grows at once, and shrinks once in a round trip.
    variation: i64,
    /// What was sent when the round trip began that is going on: it is over with its acknowledgement.
    until: u32,
}

impl RoundTrip {
    /// Nothing else was measured before.
    pub fn first(took: Millis, sent_to: u32) -> Self {
        let took = micros(took);
        let deviation = took * 2;
        let variation = deviation.max(LEAST_VARIATION);
        Self { smoothed: took * 8, deviation, largest: variation, variation, until: sent_to }
    }

    #[must_use]
    pub fn and(mut self, took: Millis, acknowledged: u32, sent_to: u32) -> Self {
        let error = micros(took) - (self.smoothed >> 3);
        self.smoothed = (self.smoothed + error).max(1);
        let mut change = error.abs() - (self.deviation >> 2);
        if error < 0 && change > 0 {
            // A path that became faster is no reason to wait longer.
            change >>= 3;
        }
        self.deviation += change;
        if self.deviation > self.largest {
            self.largest = self.deviation;
            self.variation = self.variation.max(self.largest);
        }
        if !precedes_or_equals(acknowledged, self.until) {
            self.variation -= (self.variation - self.largest).max(0) >> 2;
            self.until = sent_to;
            self.largest = LEAST_VARIATION;
        }
        self
    }

    /// SRTT + max(4 · RTTVAR, 200 ms), in whole ms.
    pub fn timeout(&self) -> Millis {
        let micros = (self.smoothed >> 3) + self.variation;
        Millis::try_from(micros).unwrap_or(0).div_ceil(1_000)
    }
}

/// Nothing takes no time at all.
fn micros(took: Millis) -> i64 {
    i64::try_from(took).unwrap_or(i64::MAX / 1_000_000).saturating_mul(1_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The timeout after each of these round trips; a byte is sent after each acknowledgement.
    fn check(round_trips: &[(Millis, Millis)]) {
        let mut known: Option<RoundTrip> = None;
        for (n, (took, timeout)) in (1..).zip(round_trips) {
            let now = known.map_or_else(|| RoundTrip::first(*took, n), |known| known.and(*took, n, n));
            assert_eq!(now.timeout(), *timeout, "round trip {n} of {round_trips:?}");
            known = Some(now);
        }
    }

    #[test]
    fn on_a_near_path_the_floor_decides() {
        check(&[(20, 220), (20, 220), (20, 220)]);
        check(&[(0, 201), (0, 201)]);
    }

    #[test]
    fn the_first_counts_three_times_and_a_steady_path_is_trusted_with_time() {
        check(&[(800, 2_400), (800, 2_400), (800, 2_225), (800, 2_038), (800, 1_855), (800, 1_686)]);
    }

    #[test]
    fn a_late_one_counts_at_once() {
        check(&[(100, 300), (1_510, 1_837), (100, 1_761), (100, 1_656)]);
    }

    #[test]
    fn a_path_that_became_faster_is_not_held_for_an_uncertain_one() {
        check(&[(300, 900), (20, 882), (20, 862), (20, 843), (20, 823)]);
    }
}
