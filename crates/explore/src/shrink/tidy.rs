//! Names in the order of their appearance.

use std::collections::BTreeMap;

use closewait_scenario::{
    Action, ClientAction, LastStream, OriginAction, Scenario, Step, Until, WindowTarget, filler,
};

/// The same with ids `a`, `b`, `c` in the order in which the requests are sent, and paths after them.
pub(super) fn tidy(scenario: &Scenario) -> Scenario {
    let names: BTreeMap<String, String> =
        scenario.requests().enumerate().map(|(index, request)| (request.id.clone(), name(index))).collect();
    let mut tidied = scenario.clone();
    for step in &mut tidied.script {
        rename(step, &names);
    }
    tidied
}

/// `a` to `z`, then `r26`.
fn name(index: usize) -> String {
    let letters = u8::try_from(index).ok().filter(|index| *index < 26);
    letters.map_or_else(|| format!("r{index}"), |index| char::from(b'a' + index).to_string())
}

fn rename(step: &mut Step, names: &BTreeMap<String, String>) {
    if let Action::Client(ClientAction::Send(send)) = &mut step.action
        && let Some(name) = names.get(&send.id)
    {
        send.path = format!("/{name}");
    }
    let id = match &mut step.action {
        Action::Client(ClientAction::Send(send)) => &mut send.id,
        Action::Client(
            ClientAction::Cancel { id } | ClientAction::Await { id } | ClientAction::Read { id },
        ) => id,
        Action::Origin(OriginAction::Reply(reply)) => {
            let large = reply.body.as_ref().filter(|body| **body == filler(&reply.id, body.len()));
            if let (Some(length), Some(name)) = (large.map(String::len), names.get(&reply.id)) {
                reply.body = Some(filler(name, length));
            }
            &mut reply.id
        }
        Action::Origin(
            OriginAction::Hold { id }
            | OriginAction::ResetStream { id, .. }
            | OriginAction::Goaway { last_stream: LastStream::Request(id), .. }
            | OriginAction::Window { target: WindowTarget::Stream(id), .. },
        ) => id,
        Action::Until(Until::Received { id }) => id,
        _ => return,
    };
    if let Some(name) = names.get(id) {
        id.clone_from(name);
    }
}
