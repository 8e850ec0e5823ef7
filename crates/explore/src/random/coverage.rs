//! Which combinations of oracle, protocol, fault and client state were reached.

use std::collections::{BTreeMap, BTreeSet};

use closewait_oracle::{Finding, ORACLES, Oracle, Verdict};
use closewait_scenario::{Action, OriginAction, Protocol, Scenario, Step};
use closewait_trace::{Trace, Views, What};

use super::client_state::ClientState;
use crate::kind::{fault_of, kinds};
use crate::shrink::EXPECTATIONS;

/// What kind of fault met which state of the client.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Situation {
    /// The word of the protocol, as in scenario files.
    pub protocol: &'static str,
    /// The kind of fault, or [`NO_FAULT`].
    pub fault: String,
    /// What the client was doing.
    pub state: ClientState,
}

/// The fault of a schedule that has none.
pub const NO_FAULT: &str = "none";

/// How often each oracle had something to judge in each situation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage(pub(super) BTreeMap<Situation, BTreeMap<&'static str, u64>>);

impl Coverage {
    /// Counts one run.
    pub fn count(&mut self, scenario: &Scenario, trace: &Trace, views: &Views, findings: &[Finding]) {
        let exercised = || {
            let judged = findings.iter().filter(|f| !matches!(f.verdict, Verdict::NotExercised { .. }));
            judged.map(|finding| finding.oracle)
        };
        for situation in situations(scenario, trace, views) {
            let oracles = self.0.entry(situation).or_default();
            exercised().for_each(|oracle| *oracles.entry(oracle).or_default() += 1);
        }
    }

    /// Adds what another part of the same exploration counted.
    pub fn merge(&mut self, other: Self) {
        for (situation, counts) in other.0 {
            let oracles = self.0.entry(situation).or_default();
            counts.into_iter().for_each(|(oracle, count)| *oracles.entry(oracle).or_default() += count);
        }
    }

    /// How often an oracle had something to judge in a situation.
    pub fn times(&self, oracle: &str, situation: &Situation) -> u64 {
        self.0.get(situation).and_then(|oracles| oracles.get(oracle)).copied().unwrap_or_default()
    }

    /// Every situation that was reached, in order.
    pub fn situations(&self) -> impl Iterator<Item = &Situation> {
        self.0.keys()
    }

    /// Every situation of these protocols that there could be, reached or not, in order.
    pub fn universe(protocols: &[Protocol]) -> Vec<Situation> {
        let mut all = Vec::new();
        for protocol in protocols {
            for fault in std::iter::once(NO_FAULT.to_owned()).chain(kinds(*protocol)) {
                let states =
                    ClientState::ALL.iter().filter(|state| is_conceivable(*protocol, &fault, **state));
                all.extend(states.map(|state| Situation {
                    protocol: protocol.word(),
                    fault: fault.clone(),
                    state: *state,
                }));
            }
        }
        all
    }

    /// The oracles that have something to say of a schedule of this protocol. What a scenario expects, a random schedule
    /// does not say.
    pub fn oracles(protocol: Protocol) -> impl Iterator<Item = &'static Oracle> {
        ORACLES.iter().filter(move |oracle| (oracle.concerns)(protocol) && oracle.name != EXPECTATIONS)
    }

    /// The combinations of these protocols with oracles: how many were reached, and how many there are.
    pub fn reached(&self, protocols: &[Protocol]) -> (usize, usize) {
        let of = |protocol: &Protocol| {
            let universe = Self::universe(&[*protocol]);
            let oracles: Vec<&Oracle> = Self::oracles(*protocol).collect();
            let reached = |situation: &Situation| {
                oracles.iter().filter(|oracle| self.times(oracle.name, situation) > 0).count()
            };
            (universe.iter().map(reached).sum::<usize>(), universe.len() * oracles.len())
        };
        protocols.iter().map(of).fold((0, 0), |(reached, all), (more, of)| (reached + more, all + of))
    }
}

/// An answer is written while a request is under way, and the origin can do nothing to a connection that is not there.
/// A reply takes effect when the origin begins to write it: over HTTP/1.1 nothing can have arrived by then, and unless the
/// answer is early, the request has been sent.
fn is_conceivable(protocol: Protocol, fault: &str, state: ClientState) -> bool {
    let is_reply = fault.starts_with("reply-");
    match state {
        ClientState::Receiving if is_reply => protocol.is_http2(),
        ClientState::Sending if is_reply => protocol.is_http2() || may_be_early(fault),
        ClientState::NoConnection => !fault.starts_with("reply-") && !needs_connection(fault),
        ClientState::Connecting | ClientState::Idle => !fault.starts_with("reply-"),
        _ => true,
    }
}

/// What else is odd about an early answer goes before that it is early, in the name of its kind.
fn may_be_early(reply: &str) -> bool {
    ["reply-early", "reply-cut", "reply-surplus"].contains(&reply)
}

fn needs_connection(fault: &str) -> bool {
    [
        "origin-fin",
        "origin-rst",
        "origin-close",
        "origin-send",
        "network-forget",
        "network-rst",
        "origin-goaway",
        "origin-settings",
        "origin-close-notify",
        "origin-alert",
        "client-cancel",
    ]
    .contains(&fault)
}

/// Where each fault of a run struck; what no fault struck is the one situation without.
fn situations(scenario: &Scenario, trace: &Trace, views: &Views) -> BTreeSet<Situation> {
    let mut found = BTreeSet::new();
    let mut note = |fault: String, connection, event| {
        let state = ClientState::at(trace, views, connection, event);
        found.insert(Situation { protocol: scenario.protocol.word(), fault, state });
    };
    for (event, entry) in trace.events.iter().enumerate() {
        match &entry.what {
            What::Step { step } => {
                let Some(step) = scenario.script.get(*step).filter(|step| !is_reply(step)) else { continue };
                if let Some(fault) = fault_of(step) {
                    note(fault, step.connection(), event);
                }
            }
            What::Replied { request, connection, .. } => {
                if let Some(fault) = reply_to(scenario, request).and_then(fault_of) {
                    note(fault, Some(*connection), event);
                }
            }
            _ => {}
        }
    }
    if found.is_empty() {
        let (protocol, fault) = (scenario.protocol.word(), NO_FAULT.to_owned());
        for event in trace
            .events
            .iter()
            .enumerate()
            .filter_map(|(event, entry)| is_start(&entry.what).then_some(event))
        {
            let state = ClientState::at(trace, views, None, event);
            found.insert(Situation { protocol, fault: fault.clone(), state });
        }
    }
    found
}

fn is_start(what: &What) -> bool {
    matches!(what, What::RequestStarted { .. })
}

fn is_reply(step: &Step) -> bool {
    matches!(step.action, Action::Origin(OriginAction::Reply(_)))
}

fn reply_to<'s>(scenario: &'s Scenario, id: &str) -> Option<&'s Step> {
    scenario
        .script
        .iter()
        .find(|step| matches!(&step.action, Action::Origin(OriginAction::Reply(reply)) if reply.id == id))
}
