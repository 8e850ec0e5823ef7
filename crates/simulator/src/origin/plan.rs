//! What is planned for, and known of, each request. Data: nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use closewait_scenario::{ErrorCode, Reply};

/// The plans of all requests, by id. `A` is who waits for an answer.
pub(super) struct Plans<A> {
    plans: BTreeMap<String, Plan<A>>,
    /// The steps that no request has met yet.
    unmet: BTreeSet<usize>,
}

struct Plan<A> {
    /// With the index of its step.
    reply: Option<(Reply, usize)>,
    reset: Option<Resets>,
    /// The step that says so.
    hold: Option<usize>,
    received: bool,
    /// Where the request waits for its answer.
    held: Vec<A>,
}

/// So many arrivals are to be reset, by this step.
#[derive(Clone, Copy)]
struct Resets {
    error: ErrorCode,
    times: u32,
    step: usize,
}

impl<A> Default for Plans<A> {
    fn default() -> Self {
        Self { plans: BTreeMap::new(), unmet: BTreeSet::new() }
    }
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self { reply: None, reset: None, hold: None, received: false, held: Vec::new() }
    }
}

impl<A> Plans<A> {
    /// Do not answer this request until a reply is planned.
    pub fn hold(&mut self, id: &str, step: usize) {
        self.of(id).hold = Some(step);
        self.unmet.insert(step);
    }

    /// Answer it so. Returns who waits for it.
    pub fn reply(&mut self, reply: &Reply, step: usize) -> Vec<A> {
        self.unmet.insert(step);
        let plan = self.of(&reply.id);
        plan.hold = None;
        plan.reply = Some((reply.clone(), step));
        std::mem::take(&mut plan.held)
    }

    /// Reset its next arrivals, and the stream that is open now if there is one. Whoever waits is not answered any more.
    pub fn reset(&mut self, id: &str, error: ErrorCode, times: u32, (is_open, step): (bool, usize)) {
        if !is_open {
            self.unmet.insert(step);
        }
        let plan = self.of(id);
        plan.hold = None;
        plan.held.clear();
        let resets = Resets { error, times: times - u32::from(is_open), step };
        plan.reset = Some(resets).filter(|resets| resets.times > 0);
    }

    /// Whether this arrival is to be reset, and why.
    pub fn take_reset(&mut self, id: &str) -> Option<ErrorCode> {
        let reset = &mut self.plans.get_mut(id)?.reset;
        let Resets { error, times, step } = (*reset)?;
        *reset = Some(Resets { error, times: times - 1, step }).filter(|resets| resets.times > 0);
        self.unmet.remove(&step);
        Some(error)
    }

    /// Whether the next answer comes before the body of the request.
    pub fn is_early(&self, id: &str) -> bool {
        let reply = self.plans.get(id).and_then(|plan| plan.reply.as_ref());
        reply.is_some_and(|(reply, _)| reply.early && reply.times > 0)
    }

    /// The whole request is there. Returns the asker if it is to be answered now.
    pub fn receive(&mut self, id: &str, asker: A) -> Option<A> {
        let plan = self.of(id);
        plan.received = true;
        let Some(step) = plan.hold else { return Some(asker) };
        plan.held.push(asker);
        self.unmet.remove(&step);
        None
    }

    /// Whether the whole request was there, once at least.
    pub fn was_received(&self, id: &str) -> bool {
        self.plans.get(id).is_some_and(|plan| plan.received)
    }

    /// The planned answer, or the default one where nothing (more) is planned.
    pub fn take_reply(&mut self, id: &str) -> Reply {
        match &mut self.of(id).reply {
            Some((reply, step)) if reply.times > 0 => {
                reply.times -= 1;
                let (reply, step) = (reply.clone(), *step);
                self.unmet.remove(&step);
                reply
            }
            _ => Reply::default_for(id),
        }
    }

    /// The steps that no request has met yet: replies that nobody asked for, and what held or reset nothing.
    pub fn unmet(&self) -> &BTreeSet<usize> {
        &self.unmet
    }

    /// Nobody waits any more.
    pub fn forget_held(&mut self) {
        self.plans.values_mut().for_each(|plan| plan.held.clear());
    }

    fn of(&mut self, id: &str) -> &mut Plan<A> {
        self.plans.entry(id.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_reply_is_given_so_often_and_then_the_default_one() {
        let mut plans = Plans::<()>::default();
        assert_eq!(plans.take_reply("a").status, 200);
        plans.reply(&Reply { status: 503, times: 2, ..Reply::default_for("a") }, 0);
        assert_eq!([plans.take_reply("a"), plans.take_reply("a")].map(|reply| reply.status), [503, 503]);
        assert_eq!(plans.take_reply("a").status, 200);
    }

    #[test]
    fn a_held_request_waits_for_a_reply() {
        let mut plans = Plans::default();
        plans.hold("a", 0);
        assert!(!plans.was_received("a"));
        assert_eq!(plans.receive("a", 1), None);
        assert!(plans.was_received("a"));
        assert_eq!(plans.receive("b", 2), Some(2));
        assert_eq!(plans.reply(&Reply::default_for("a"), 1), [1]);
        assert_eq!(plans.receive("a", 3), Some(3));
    }

    #[test]
    fn so_many_arrivals_are_reset() {
        let mut plans = Plans::<()>::default();
        plans.reset("a", ErrorCode::RefusedStream, 3, (true, 0));
        let taken =
            [plans.take_reset("a"), plans.take_reset("a"), plans.take_reset("a"), plans.take_reset("b")];
        assert_eq!(taken, [Some(ErrorCode::RefusedStream), Some(ErrorCode::RefusedStream), None, None]);
    }

    #[test]
    fn what_no_request_met_is_known() {
        let mut plans = Plans::default();
        plans.reply(&Reply::default_for("a"), 1);
        plans.reply(&Reply::default_for("b"), 2);
        plans.hold("c", 3);
        plans.hold("d", 4);
        plans.reset("e", ErrorCode::RefusedStream, 1, (false, 5));
        plans.reset("f", ErrorCode::RefusedStream, 2, (false, 6));
        plans.reset("g", ErrorCode::RefusedStream, 1, (true, 7));
        plans.take_reply("a");
        plans.receive("c", ());
        plans.take_reset("f");
        assert_eq!(plans.unmet(), &BTreeSet::from([2, 4, 5]));
    }
}
