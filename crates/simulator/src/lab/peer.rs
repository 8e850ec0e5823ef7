//! The origin of a run, whichever it is.

use std::collections::BTreeSet;
use std::sync::Arc;

use closewait_scenario::{OriginAction, Scenario};
use closewait_trace::Recorder;

use crate::client::UnderTest;
use crate::net::Wire;
use crate::origin::{Application, Hosted, Origin};

/// What is to be played: a scenario, the client under test, and who answers.
#[derive(Clone)]
pub struct Play {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// The client.
    pub client: &'static dyn UnderTest,
    /// The application that is the origin; `None` is the scripted origin.
    pub application: Option<&'static Application>,
}

impl From<(Arc<Scenario>, &'static dyn UnderTest)> for Play {
    /// With the scripted origin.
    fn from((scenario, client): (Arc<Scenario>, &'static dyn UnderTest)) -> Self {
        Self { scenario, client, application: None }
    }
}

/// A handle on the origin.
#[derive(Clone)]
pub(super) enum Peer {
    Scripted(Origin),
    Application(Hosted),
}

impl Peer {
    pub async fn start(play: &Play, wire: Wire, recorder: Recorder) -> std::io::Result<Self> {
        Ok(match play.application {
            None => Self::Scripted(Origin::start(wire, &play.scenario, recorder).await?),
            Some(application) => Self::Application(Hosted::start(wire, application, recorder).await?),
        })
    }

    /// Does what a step says, of which this is the index. False if it names a connection that does not exist.
    pub fn perform(&self, action: &OriginAction, step: usize) -> bool {
        match self {
            Self::Scripted(origin) => origin.perform(action, step),
            Self::Application(origin) => origin.perform(action),
        }
    }

    /// The steps that no request has met yet. An application takes no such steps.
    pub fn unmet(&self) -> BTreeSet<usize> {
        match self {
            Self::Scripted(origin) => origin.unmet(),
            Self::Application(_) => BTreeSet::new(),
        }
    }

    /// Waits until a request was received whole, once at least.
    pub async fn received(&self, id: &str) {
        match self {
            Self::Scripted(origin) => origin.received(id).await,
            Self::Application(origin) => origin.received(id).await,
        }
    }
}
