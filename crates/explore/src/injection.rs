//! A fault at a point of a run, and the scenario that has it.

use std::fmt;

use closewait_scenario::{Action, Cut, OriginAction, Reply, Scenario, Step, When};
use closewait_simulator::net::retransmission_timeout;
use closewait_trace::{Millis, millis};

use super::fault::{Effect, Fault, Site};
use super::point::Point;

/// A fault at a point of a run.
#[derive(Debug, Clone)]
pub struct Injection {
    /// What happens.
    pub fault: &'static Fault,
    /// Where it happens.
    pub point: Point,
}

/// A scenario into which faults were put.
#[derive(Debug, Clone)]
pub struct Injected {
    /// The scenario.
    pub scenario: Scenario,
    /// The first step of each fault: indexes into its script.
    pub first_steps: Vec<usize>,
}

impl Injection {
    /// `fin/1`, `crash`, `cut-fin/b`: the fault, and the connection or request that it acts on.
    pub fn row(&self) -> String {
        match self.point.subject() {
            Some(subject) if !self.is_on_the_host() => format!("{}/{subject}", self.fault.name),
            _ => self.fault.name.to_owned(),
        }
    }

    fn is_on_the_host(&self) -> bool {
        matches!(self.fault.effect, Effect::Host(_))
    }
}

/// `fin/1@120ms`, `fin/1@out3`, `crash@120ms`, `crash@1-out3`: a name without characters that a shell minds.
impl fmt::Display for Injection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@", self.row())?;
        if let (true, Some(connection)) = (self.is_on_the_host(), self.point.subject()) {
            write!(f, "{connection}-")?;
        }
        write!(f, "{}", self.point)
    }
}

/// The name of faults that are injected together: `fin/1@120ms+lose/2@out1`.
pub fn label(injections: &[Injection]) -> String {
    injections.iter().map(ToString::to_string).collect::<Vec<_>>().join("+")
}

/// The scenario with the faults in it. `None` if one of them cannot be injected at its point.
///
/// Faults stand at the start of the script, so that what they say about time is time since the start of the run.
pub fn inject(base: &Scenario, injections: &[Injection]) -> Option<Injected> {
    let mut script = base.script.clone();
    let mut steps: Vec<Step> = Vec::new();
    let mut first_steps = Vec::new();
    let patience = patience(base);
    let retransmission = retransmission_timeout(&base.network);
    for injection in injections {
        let site = Site::of(&injection.point, patience, retransmission);
        let new = match (injection.fault.effect, &injection.point) {
            (Effect::Connection(of) | Effect::Host(of), Point::Instant { .. } | Point::Packet(_)) => {
                of(&site)
            }
            (Effect::Packet(of), Point::Packet(packet)) => of(&site, packet),
            (Effect::Message(_), Point::Message { request, .. })
                if steps.iter().any(|step| is_reply(step, request)) =>
            {
                return None;
            }
            (Effect::Message(change), Point::Message { request, cut }) => {
                let mut reply = take_reply(request, &mut script);
                let before = reply.clone();
                change(&mut reply, *cut);
                let fits = reply != before && has_point(&reply);
                let action = Action::Origin(OriginAction::Reply(reply));
                fits.then_some(Step { action, when: When::Now, may_miss: false, line: 0 })
                    .into_iter()
                    .collect()
            }
            (Effect::Stream(of), Point::Arrival { request } | Point::Stream { request, .. }) => {
                of(&site, request.clone())
            }
            (Effect::Arrival(action), Point::Arrival { request }) => {
                vec![Step {
                    action: Action::Origin(action(request.clone())),
                    when: When::Now,
                    may_miss: false,
                    line: 0,
                }]
            }
            _ => Vec::new(),
        };
        if new.is_empty() {
            return None;
        }
        first_steps.push(steps.len());
        steps.extend(new);
    }
    let label = label(injections);
    let scenario = Scenario {
        id: format!("{}-{}", base.id, slug(&label)),
        title: format!("{}: {}", base.title, meanings(injections)),
        about: about(base, injections),
        script: steps.into_iter().chain(script).collect(),
        ..base.clone()
    };
    Some(Injected { scenario, first_steps })
}

/// How the request is answered without the fault; where the script says it, that step is taken out.
fn take_reply(request: &str, script: &mut Vec<Step>) -> Reply {
    let scripted =
        script.iter().position(|step| is_reply(step, request)).map(|index| script.remove(index).action);
    match scripted {
        Some(Action::Origin(OriginAction::Reply(reply))) => reply,
        _ => Reply::default_for(request),
    }
}

fn has_point(reply: &Reply) -> bool {
    !matches!(reply.cut, Some(Cut::Header(n)) if n as usize > reply.header_lines())
}

fn is_reply(step: &Step, request: &str) -> bool {
    matches!(&step.action, Action::Origin(OriginAction::Reply(reply)) if reply.id == request)
}

/// The longest deadline of a request.
fn patience(scenario: &Scenario) -> Millis {
    scenario.requests().map(|request| millis(request.deadline)).max().unwrap_or_default()
}

fn meanings(injections: &[Injection]) -> String {
    injections.iter().map(|injection| injection.fault.meaning).collect::<Vec<_>>().join("; ")
}

fn about(base: &Scenario, injections: &[Injection]) -> String {
    let mut text = format!("{}\n", base.about.trim_end());
    for injection in injections {
        let where_ = match &injection.point {
            Point::Instant { at, .. } => format!("{at} ms after the start"),
            Point::Packet(packet) => format!(
                "when packet {} of connection {} leaves ({})",
                packet.n, packet.connection, injection.point
            ),
            Point::Arrival { request } => format!("when {request} arrives"),
            Point::Stream { request, at } => format!("to the stream of {request}, {at} ms after the start"),
            Point::Message { request, cut: None } => format!("behind the answer to {request}"),
            Point::Message { request, .. } => format!("in the answer to {request} ({})", injection.point),
        };
        text += &format!("A sweep put a fault into it, {where_}: {}.\n", injection.fault.meaning);
    }
    text
}

/// As a file may be called: lower-case letters, digits and single dashes.
fn slug(label: &str) -> String {
    let words = label.split(|char: char| !char.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
