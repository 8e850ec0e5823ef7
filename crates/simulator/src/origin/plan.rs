//! What is planned for, and known of, each request. Data: nothing is written here.

use std::collections::BTreeMap;

use closewait_scenario::{ErrorCode, Reply};

/// The plans of all requests, by id. `A` is who waits for an answer.
pub(super) struct Plans<A>(BTreeMap<String, Plan<A>>);

struct Plan<A> {
    reply: Option<Reply>,
    reset: Option<(ErrorCode, u32)>,
    hold: bool,
    received: bool,
    /// Where the request waits for its answer.
    held: Vec<A>,
}

impl<A> Default for Plans<A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<A> Default for Plan<A> {
    fn default() -> Self {
        Self { reply: None, reset: None, hold: false, received: false, held: Vec::new() }
    }
}

impl<A> Plans<A> {
    /// Do not answer this request until a reply is planned.
    pub fn hold(&mut self, id: &str) {
        self.of(id).hold = true;
    }

    /// Answer it so. Returns who waits for it.
    pub fn reply(&mut self, reply: &Reply) -> Vec<A> {
        let plan = self.of(&reply.id);
        plan.hold = false;
        plan.reply = Some(reply.clone());
        std::mem::take(&mut plan.held)
    }

    /// Reset its next arrivals. Whoever waits is not answered any more.
    pub fn reset(&mut self, id: &str, error: ErrorCode, times: u32) {
        let plan = self.of(id);
        plan.hold = false;
        plan.held.clear();
        plan.reset = Some((error, times)).filter(|(_, times)| *times > 0);
    }

    /// Whether this arrival is to be reset, and why.
    pub fn take_reset(&mut self, id: &str) -> Option<ErrorCode> {
        let reset = &mut self.0.get_mut(id)?.reset;
        let (error, times) = (*reset)?;
        *reset = Some((error, times - 1)).filter(|(_, times)| *times > 0);
        Some(error)
    }

    /// Whether the next answer comes before the body of the request.
    pub fn is_early(&self, id: &str) -> bool {
        let reply = self.0.get(id).and_then(|plan| plan.reply.as_ref());
        reply.is_some_and(|reply| reply.early && reply.times > 0)
    }

    /// The whole request is there. Returns the asker if it is to be answered now.
    pub fn receive(&mut self, id: &str, asker: A) -> Option<A> {
        let plan = self.of(id);
        plan.received = true;
        if plan.hold {
            plan.held.push(asker);
            return None;
        }
        Some(asker)
    }

    /// Whether the whole request was there, once at least.
    pub fn was_received(&self, id: &str) -> bool {
        self.0.get(id).is_some_and(|plan| plan.received)
    }

    /// The planned answer, or the default one where nothing (more) is planned.
    pub fn take_reply(&mut self, id: &str) -> Reply {
        match &mut self.of(id).reply {
            Some(reply) if reply.times > 0 => {
                reply.times -= 1;
                reply.clone()
            }
            _ => Reply::default_for(id),
        }
    }

    /// Nobody waits any more.
    pub fn forget_held(&mut self) {
        self.0.values_mut().for_each(|plan| plan.held.clear());
    }

    fn of(&mut self, id: &str) -> &mut Plan<A> {
        self.0.entry(id.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_planned_reply_is_given_so_often_and_then_the_default_one() {
        let mut plans = Plans::<()>::default();
        assert_eq!(plans.take_reply("a").status, 200);
        plans.reply(&Reply { status: 503, times: 2, ..Reply::default_for("a") });
        assert_eq!([plans.take_reply("a"), plans.take_reply("a")].map(|reply| reply.status), [503, 503]);
        assert_eq!(plans.take_reply("a").status, 200);
    }

    #[test]
    fn a_held_request_waits_for_a_reply() {
        let mut plans = Plans::default();
        plans.hold("a");
        assert!(!plans.was_received("a"));
        assert_eq!(plans.receive("a", 1), None);
        assert!(plans.was_received("a"));
        assert_eq!(plans.receive("b", 2), Some(2));
        assert_eq!(plans.reply(&Reply::default_for("a")), [1]);
        assert_eq!(plans.receive("a", 3), Some(3));
    }

    #[test]
    fn so_many_arrivals_are_reset() {
        let mut plans = Plans::<()>::default();
        plans.reset("a", ErrorCode::RefusedStream, 2);
        let taken =
            [plans.take_reset("a"), plans.take_reset("a"), plans.take_reset("a"), plans.take_reset("b")];
        assert_eq!(taken, [Some(ErrorCode::RefusedStream), Some(ErrorCode::RefusedStream), None, None]);
    }
}
