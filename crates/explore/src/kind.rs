//! Which steps of a script are faults, and what kind of fault.

use closewait_scenario::{
    Action, AfterReply, Certificate, ClientAction, Handshake, HttpVersion, OriginAction, Pings, Protocol,
    Reply, Scenario, Step,
};

/// What a fault is called: actor and word of the step (`origin-fin`), or what is odd about a reply
/// (`reply-cut`). `None` for a step that is no fault, or that only ends one.
pub fn fault_of(step: &Step) -> Option<String> {
    match &step.action {
        Action::Origin(OriginAction::Reply(reply)) => oddity(reply).map(str::to_owned),
        Action::Client(ClientAction::Cancel { .. }) => Some(CANCEL.to_owned()),
        Action::Origin(_) | Action::Network(_) => {
            let (actor, word) = step.words();
            is_fault(actor, word).then(|| format!("{actor}-{word}"))
        }
        Action::Client(_) | Action::Wait(_) | Action::Until(_) => None,
    }
}

/// The kinds of the faults of a script, in order, each once.
pub fn faults_of(scenario: &Scenario) -> Vec<String> {
    let mut kinds: Vec<String> = scenario.script.iter().filter_map(fault_of).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

/// What is no fault in the count of a weight, and yet may be all that it takes: words as those of [`faults_of`], in order.
pub fn circumstances_of(scenario: &Scenario) -> Vec<&'static str> {
    let origin = &scenario.origin;
    let holds = |step: &Step| matches!(step.action, Action::Origin(OriginAction::Hold { .. }));
    let there = [
        scenario.script.iter().any(holds),
        origin.idle_timeout.is_some(),
        origin.pings != Pings::default(),
        origin.handshake != Handshake::default(),
        origin.certificate != Certificate::default(),
        origin.alpn.is_some(),
    ];
    CIRCUMSTANCES.iter().zip(there).filter(|(_, there)| *there).map(|((word, _), _)| *word).collect()
}

/// A circumstance in a sentence: `through …`.
pub fn circumstance_in_words(circumstance: &str) -> &str {
    CIRCUMSTANCES.iter().find(|(word, _)| *word == circumstance).map_or(circumstance, |(_, words)| words)
}

const CIRCUMSTANCES: [(&str, &str); 6] = [
    ("answer-held-back", "an answer held back"),
    ("origin-idle-timeout", "the origin's idle timeout"),
    ("origin-pings", "PINGs that the origin answers late or never"),
    ("origin-handshake", "a handshake that stalls"),
    ("origin-certificate", "the origin's certificate"),
    ("origin-alpn", "the origin's choice of protocols"),
];

/// How many steps of a script are faults.
pub fn count_faults(scenario: &Scenario) -> usize {
    scenario.script.iter().filter_map(fault_of).count()
}

/// Whether a reply is anything but a plain one, at once or late.
pub(super) fn is_fault_of_reply(reply: &Reply) -> bool {
    oddity(reply).is_some()
}

/// Steps of origin and network that take a fault back, or that only put an answer off.
const ENDS_OR_DELAYS: [&str; 7] = ["hold", "listen", "restart", "heal", "answer-pings", "ping", "window"];

/// Every kind of fault that a scenario file of this protocol can have.
pub(super) fn kinds(protocol: Protocol) -> impl Iterator<Item = String> {
    let words =
        closewait_scenario::step_words().filter(|(actor, word)| is_fault(actor, word) && *word != "reply");
    let words = words.map(|(actor, word)| format!("{actor}-{word}"));
    let kinds = words.chain(ODDITIES.iter().map(|oddity| (*oddity).to_owned())).chain([CANCEL.to_owned()]);
    kinds.filter(move |kind| {
        let kind = kind.as_str();
        let fits = |kinds: &[&str], fits: bool| fits || !kinds.contains(&kind);
        fits(&OF_HTTP1, !protocol.is_http2())
            && fits(&OF_HTTP2, protocol.is_http2())
            && fits(&OF_TLS, protocol.is_tls())
    })
}

/// Kinds that a scenario of another protocol cannot have, or in which they mean nothing.
const OF_HTTP1: [&str; 4] = ["reply-surplus", "reply-http-10", "reply-connection-close", "reply-keep-alive"];
const OF_HTTP2: [&str; 6] = [
    "origin-goaway",
    "origin-reset-stream",
    "origin-settings",
    "origin-ignore-pings",
    "reply-then-goaway",
    "reply-then-reset-stream",
];
const OF_TLS: [&str; 4] = ["origin-close-notify", "origin-alert", "origin-tls", "reply-then-close-notify"];

const CANCEL: &str = "client-cancel";

fn is_fault(actor: &str, word: &str) -> bool {
    matches!(actor, "origin" | "network") && !ENDS_OR_DELAYS.contains(&word)
}

/// Every word for what is odd about a reply.
const ODDITIES: [&str; 14] = [
    "reply-cut",
    "reply-surplus",
    "reply-early",
    "reply-then-fin",
    "reply-then-rst",
    "reply-then-close",
    "reply-then-close-notify",
    "reply-then-goaway",
    "reply-then-reset-stream",
    "reply-http-10",
    "reply-connection-close",
    "reply-keep-alive",
    "reply-status",
    "reply-shape",
];

fn oddity(reply: &Reply) -> Option<&'static str> {
    let has = |name: &str| reply.headers.iter().any(|(header, _)| header.eq_ignore_ascii_case(name));
    let plain = Reply { delay: reply.delay, ..Reply::default_for(&reply.id) };
    if *reply == plain {
        return None;
    }
    Some(match reply {
        Reply { cut: Some(_), .. } => "reply-cut",
        Reply { surplus, .. } if !surplus.is_empty() => "reply-surplus",
        Reply { early: true, .. } => "reply-early",
        Reply { then: AfterReply::Fin, .. } => "reply-then-fin",
        Reply { then: AfterReply::Rst, .. } => "reply-then-rst",
        Reply { then: AfterReply::Close, .. } => "reply-then-close",
        Reply { then: AfterReply::CloseNotify, .. } => "reply-then-close-notify",
        Reply { then: AfterReply::Goaway(_), .. } => "reply-then-goaway",
        Reply { then: AfterReply::ResetStream(_), .. } => "reply-then-reset-stream",
        Reply { version: HttpVersion::Http10, .. } => "reply-http-10",
        _ if has("connection") => "reply-connection-close",
        _ if has("keep-alive") => "reply-keep-alive",
        Reply { status, .. } if *status != 200 => "reply-status",
        _ => "reply-shape",
    })
}
