//! `client.toml`.

use std::collections::BTreeMap;

use closewait_scenario::{Action, BodySource, ClientAction, Protocol, ReadBody, Scenario, Until};
use serde::Deserialize;

/// What a folder says of the client in it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Manifest {
    /// What it is, for a reader: "httpx, synchronous".
    pub title: String,
    /// What it is written in.
    pub language: String,
    /// Which version it is, if there is but one; otherwise the one that is installed when none is asked for.
    pub version: String,
    /// The protocols that it speaks, by the words of scenario files.
    pub protocols: Vec<String>,
    /// How the shim is started. `{folder}`, `{cache}` and `{version}` are filled in.
    pub command: Vec<String>,
    /// What of a scenario it can play, beside requests one after the other.
    #[serde(default)]
    pub can: Vec<Ability>,
    /// Why it cannot play the rest.
    #[serde(default)]
    pub cannot: BTreeMap<Ability, String>,
    /// How a version is installed.
    pub install: Option<Install>,
}

/// How a version of a client is installed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Install {
    /// What has to be there, with the package that brings it.
    pub needs: String,
    /// Commands, one after the other. `{folder}`, `{cache}` (an empty folder) and `{version}` are filled in.
    pub steps: Vec<Vec<String>>,
}

/// Something that not every client can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ability {
    /// Several requests at once.
    Concurrency,
    /// Give a request up, at its deadline or by a `cancel` step.
    Cancel,
    /// Read a part of a response, and drop it.
    Part,
    /// Keep a response that was not read to its end, and read on later.
    Keep,
    /// Send a body that comes in pieces, without a length, or not to its end.
    Pieces,
    /// Drop the client without closing it.
    Drop,
    /// Learn of several things in the order in which they came, as an event loop does.
    Order,
    /// `idle_timeout` of a scenario's `[client]`.
    IdleTimeout,
    /// `max_idle`.
    MaxIdle,
    /// `max_connections`.
    MaxConnections,
    /// `connect_timeout`.
    ConnectTimeout,
    /// `read_timeout`.
    ReadTimeout,
    /// `ping_interval`, `ping_timeout` and `ping_while_idle`.
    Pings,
    /// `stream_window` and `connection_window`.
    Windows,
}

impl Manifest {
    /// Reads it.
    ///
    /// # Errors
    /// What is wrong, with its place.
    pub fn parse(text: &str) -> Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let known = |word: &&String| Protocol::ALL.iter().any(|(_, known)| known == word);
        if let Some(word) = manifest.protocols.iter().find(|word| !known(word)) {
            return Err(format!("`{word}` is no protocol: they are http1, h2, https1, https2"));
        }
        if manifest.command.is_empty() {
            return Err("`command` is empty".to_owned());
        }
        let both = manifest.can.iter().find(|ability| manifest.cannot.contains_key(ability));
        both.map_or(Ok(()), |both| Err(format!("{both:?} is in `can` and in `cannot`")))?;
        Ok(manifest)
    }

    /// Why it cannot play the scenario, if so.
    pub fn unsupported(&self, scenario: &Scenario) -> Option<String> {
        let protocol = scenario.protocol.word();
        if !self.protocols.iter().any(|word| word == protocol) {
            let spoken = self.protocols.join(", ");
            return Some(format!("this client speaks {spoken}, not {protocol}"));
        }
        demands(scenario).into_iter().find_map(|ability| self.lacks(ability))
    }

    /// Why it cannot do something, if so.
    pub fn lacks(&self, ability: Ability) -> Option<String> {
        if self.can.contains(&ability) {
            return None;
        }
        let why = self.cannot.get(&ability).cloned();
        Some(why.unwrap_or_else(|| format!("this client does not say that it can play {}", ability.words())))
    }
}

impl Ability {
    fn words(self) -> &'static str {
        match self {
            Self::Concurrency => "several requests at once",
            Self::Cancel => "a request that is given up",
            Self::Part => "a response that is read in part",
            Self::Keep => "a response that is kept unread",
            Self::Pieces => "a body that is not handed over at once",
            Self::Drop => "being dropped without being closed",
            Self::Order => "what came to it in order",
            Self::IdleTimeout => "`idle_timeout`",
            Self::MaxIdle => "`max_idle`",
            Self::MaxConnections => "`max_connections`",
            Self::ConnectTimeout => "`connect_timeout`",
            Self::ReadTimeout => "`read_timeout`",
            Self::Pings => "`ping_interval`",
            Self::Windows => "`stream_window`",
        }
    }
}

/// What a scenario demands of a client.
fn demands(scenario: &Scenario) -> Vec<Ability> {
    let settings = &scenario.client;
    let any = |is: fn(&Action) -> bool| scenario.script.iter().any(|step| is(&step.action));
    let any_request = |is: fn(&closewait_scenario::SendRequest) -> bool| scenario.requests().any(is);
    let demanded = [
        (any_request(|send| send.background), Ability::Concurrency),
        (any(|action| matches!(action, Action::Client(ClientAction::Cancel { .. }))), Ability::Cancel),
        (any_request(|send| matches!(send.read, ReadBody::First(_))), Ability::Part),
        (any_request(|send| matches!(send.read, ReadBody::Keep(_))), Ability::Keep),
        (any_request(|send| send.source != BodySource::WHOLE), Ability::Pieces),
        (any(|action| matches!(action, Action::Client(ClientAction::Drop))), Ability::Drop),
        (any(|action| matches!(action, Action::Until(Until::Arrived))), Ability::Order),
        (settings.idle_timeout.is_some(), Ability::IdleTimeout),
        (settings.max_idle.is_some(), Ability::MaxIdle),
        (settings.max_connections.is_some(), Ability::MaxConnections),
        (settings.connect_timeout.is_some(), Ability::ConnectTimeout),
        (settings.read_timeout.is_some(), Ability::ReadTimeout),
        (settings.ping_interval.is_some(), Ability::Pings),
        (settings.stream_window.is_some() || settings.connection_window.is_some(), Ability::Windows),
    ];
    demanded.into_iter().filter(|(is, _)| *is).map(|(_, ability)| ability).collect()
}
