//! Whether a script makes sense as a whole: each step must be able to do what it says when its turn comes.

mod connections;
mod origin;
mod path;
mod requests;
pub(super) mod tls;

use std::collections::BTreeMap;
use std::ops::Range;

use super::problems::Problems;
use super::script::Scripted;
use crate::{Action, ClientAction, ClientSettings, Expectation, OriginSettings, Protocol};

/// An entry of `[expect]`, and where it is.
pub(super) struct Expected {
    pub expectation: Expectation,
    pub key: Range<usize>,
    pub outcome: Range<usize>,
}

/// What else the file says.
pub(super) struct Setting<'a> {
    pub protocol: Protocol,
    pub client: &'a ClientSettings,
    pub origin: &'a OriginSettings,
    pub expect: &'a BTreeMap<String, Expected>,
    /// Where the script is.
    pub span: Range<usize>,
}

/// Judges the script. Reports only what is impossible whichever way the network and the client behave.
pub(super) fn check(script: &[Scripted], setting: &Setting, problems: &mut Problems) {
    if script.is_empty() {
        problems
            .add(setting.span.clone(), "the script is empty")
            .help("let the client send at least one request");
        return;
    }
    if !script.iter().any(|step| matches!(step.action, Action::Client(ClientAction::Send(_)))) {
        problems
            .add(setting.span.clone(), "the script sends no request, so there is nothing to judge")
            .help("add e.g. { client = \"send\", id = \"a\", request = \"GET /a\" }");
    }
    requests::check(script, setting, problems);
    connections::check(script, problems);
    origin::check(script, problems);
    path::check(script, problems);
    tls::check(script, setting.protocol, problems);
}
