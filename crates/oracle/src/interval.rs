//! When a client came to know something, when it wrote something, and how the one stands to the other.

use closewait_trace::Moment;

/// When a client came to know something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    /// It reached the client's host: before, nobody there could know.
    pub earliest: Moment,
    /// The client has had its turn: from here on it must know.
    pub latest: Moment,
}

/// When a client wrote something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    /// Before, it cannot have been written.
    pub earliest: Moment,
    /// By then it was written: it left the host.
    pub latest: Moment,
}

/// How what a client knew stands to what it wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// It must have known when it wrote.
    Before,
    /// It may have known, or not: nobody is to blame.
    Race,
    /// It cannot have known when it wrote.
    After,
}

impl Known {
    pub fn against(&self, written: &Written) -> Order {
        if self.latest < written.earliest {
            Order::Before
        } else if written.latest < self.earliest {
            Order::After
        } else {
            Order::Race
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_wholly_before_is_held_against_a_client() {
        let moment = |event| Moment { event, at: event as u64 };
        let check = |known: [usize; 2], written: [usize; 2], expected| {
            let known = Known { earliest: moment(known[0]), latest: moment(known[1]) };
            let written = Written { earliest: moment(written[0]), latest: moment(written[1]) };
            assert_eq!(known.against(&written), expected, "{known:?} {written:?}");
        };
        check([1, 2], [3, 4], Order::Before);
        check([1, 3], [3, 4], Order::Race);
        check([1, 4], [2, 3], Order::Race);
        check([2, 3], [1, 4], Order::Race);
        check([3, 4], [1, 3], Order::Race);
        check([3, 4], [1, 2], Order::After);
        check([2, 2], [2, 2], Order::Race);
    }
}
