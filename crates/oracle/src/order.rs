//! Moments in order, so that what lies before another is counted without going through all of them.

use closewait_trace::{Millis, Moment};

/// When things began and ended: how many there were at a moment.
#[derive(Debug, Default)]
pub(super) struct Lives {
    begun: Vec<Moment>,
    ended: Vec<Moment>,
}

impl Lives {
    /// `None` for what did not end. What ended before it began never lived.
    pub fn of(lives: impl IntoIterator<Item = (Moment, Option<Moment>)>) -> Self {
        let (mut begun, mut ended) = (Vec::new(), Vec::new());
        for (from, until) in lives {
            begun.push(from);
            ended.extend(until.map(|until| until.max(from)));
        }
        begun.sort_unstable();
        ended.sort_unstable();
        Self { begun, ended }
    }

    /// How many began by a moment, or at it, and ended only later.
    pub fn at(&self, moment: Moment) -> usize {
        up_to(&self.begun, moment) - up_to(&self.ended, moment)
    }

    /// How many began by the end of an instant and were not over by then.
    pub fn after_turn(&self, moment: Moment) -> usize {
        let by = |moments: &[Moment]| moments.partition_point(|earlier| earlier.at <= moment.at);
        by(&self.begun) - by(&self.ended)
    }

    /// How many began before a moment and ended neither before nor at it.
    pub fn across(&self, moment: Moment) -> usize {
        before(&self.begun, moment).saturating_sub(up_to(&self.ended, moment))
    }

    /// How many began before a moment and were not over in an earlier turn of the client.
    pub fn lasting_until(&self, moment: Moment) -> usize {
        before(&self.begun, moment).saturating_sub(earlier(&self.ended, moment.at))
    }

    /// How many have a part of their life in common with the time between two moments.
    pub fn meeting(&self, from: Moment, until: Option<Moment>) -> usize {
        let begun = until.map_or(self.begun.len(), |until| before(&self.begun, until));
        begun.saturating_sub(up_to(&self.ended, from))
    }
}

/// How many of these, which are in order, come before a moment.
pub(super) fn before(moments: &[Moment], moment: Moment) -> usize {
    moments.partition_point(|earlier| *earlier < moment)
}

/// How many of these, which are in order, come no later than a moment.
pub(super) fn up_to(moments: &[Moment], moment: Moment) -> usize {
    moments.partition_point(|earlier| *earlier <= moment)
}

/// How many of these, which are in order, come in an earlier instant.
fn earlier(moments: &[Moment], at: Millis) -> usize {
    moments.partition_point(|earlier| earlier.at < at)
}
