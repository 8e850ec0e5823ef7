//! What a scenario says about itself, and its control: the same script without the fault.

use std::collections::BTreeMap;

use super::OriginSettings;
use super::{Action, ClientAction, ReadBody, Scenario, SendRequest, Step};

impl Scenario {
    /// The first part of the id: `half-close` of `half-close/fin-while-idle`.
    pub fn family(&self) -> &str {
        self.id.split_once('/').map_or(&self.id, |(family, _)| family)
    }

    /// The second part of the id: `fin-while-idle` of `half-close/fin-while-idle`.
    pub fn name(&self) -> &str {
        self.id.split_once('/').map_or(&self.id, |(_, name)| name)
    }

    /// The requests of the script, in the order in which they are sent.
    pub fn requests(&self) -> impl Iterator<Item = &SendRequest> {
        self.script.iter().filter_map(|step| match &step.action {
            Action::Client(ClientAction::Send(send)) => Some(send),
            _ => None,
        })
    }

    /// The request of this id.
    pub fn request(&self, id: &str) -> Option<&SendRequest> {
        self.requests().find(|request| request.id == id)
    }

    /// The same script without the fault: no step of the origin or the network, nothing cancelled, every body read to
    /// its end, an origin that answers pings and grants what HTTP/2 grants, with a valid certificate and a handshake that
    /// is answered, and no expectations. `None` if there is no fault, so that its control would be itself.
    pub fn control(&self) -> Option<Scenario> {
        let script: Vec<Step> = self.script.iter().filter_map(without_fault).collect();
        let origin = healthy(&self.origin);
        let differs = script != self.script || origin != self.origin;
        differs.then(|| Scenario { script, origin, expect: BTreeMap::new(), ..self.clone() })
    }
}

/// The settings of an origin without those that only a step would end.
fn healthy(origin: &OriginSettings) -> OriginSettings {
    let OriginSettings { certificate, handshake, pings, .. } = OriginSettings::default();
    OriginSettings {
        max_streams: origin.max_streams.filter(|most| *most > 0),
        initial_window: origin.initial_window.filter(|window| *window > 0),
        pings,
        certificate,
        handshake,
        ..origin.clone()
    }
}

fn without_fault(step: &Step) -> Option<Step> {
    let action = match &step.action {
        Action::Origin(_) | Action::Network(_) | Action::Client(ClientAction::Cancel { .. }) => return None,
        Action::Client(ClientAction::Send(send)) => {
            Action::Client(ClientAction::Send(SendRequest { read: ReadBody::All, ..send.clone() }))
        }
        Action::Client(ClientAction::Read { id }) => Action::Client(ClientAction::Await { id: id.clone() }),
        kept => kept.clone(),
    };
    Some(Step { action, ..step.clone() })
}
