//! When something happened. The only place that says what two times mean for each other.

use super::Millis;

/// An event and its instant. Ordered by the event: on the wire events of one instant have an order, too.
///
/// For the client they have none: what it did in an instant it may have done before it saw what else happened then. It had
/// its turn between two events only if the second came at a later instant. So there are two questions: whether one
/// event precedes another for certain ([`precedes`](Self::precedes)), and whether it may ([`may_precede`](Self::may_precede)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Index into `Trace::events`.
    pub event: usize,
    /// Milliseconds of virtual time.
    pub at: Millis,
}

impl Moment {
    /// Whether the client had its turn between this and `other`: what happened here it must know there.
    pub fn precedes(self, other: Self) -> bool {
        self.at < other.at
    }

    /// Whether the client may have known there what happened here: this did not come in a later turn.
    pub fn may_precede(self, other: Self) -> bool {
        !other.precedes(self)
    }

    /// Whether both belong to one turn of the client.
    pub fn is_beside(self, other: Self) -> bool {
        self.may_precede(other) && other.may_precede(self)
    }

    /// Milliseconds from `earlier` on; 0 if that is later.
    pub fn since(self, earlier: Self) -> Millis {
        self.at.saturating_sub(earlier.at)
    }

    /// So many milliseconds after this: an instant of which no event is known.
    #[must_use]
    pub fn later_by(self, wait: Millis) -> Self {
        Self { at: self.at.saturating_add(wait), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_an_instant_the_client_knows_no_order() {
        let check = |first: (usize, Millis), second: (usize, Millis), surely, perhaps| {
            let [first, second] = [first, second].map(|(event, at)| Moment { event, at });
            assert_eq!((first.precedes(second), first.may_precede(second)), (surely, perhaps));
            assert_eq!(first.is_beside(second), perhaps && !surely);
        };
        check((0, 10), (1, 11), true, true);
        check((0, 10), (1, 10), false, true);
        check((1, 10), (0, 10), false, true);
        check((1, 11), (0, 10), false, false);
    }

    #[test]
    fn time_passes_one_way() {
        let moment = |at| Moment { event: 3, at };
        assert_eq!(moment(30).since(moment(10)), 20);
        assert_eq!(moment(10).since(moment(30)), 0);
        assert_eq!(moment(10).later_by(20), moment(30));
        assert_eq!(moment(10).later_by(Millis::MAX), moment(Millis::MAX));
    }
}
