//! Rules and levels, as data.

use closewait_scenario::glob;
use serde::Serialize;

use crate::gate::change::{Change, Kind, ResultChange};

/// How serious a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// It is reported with its reason, and nothing else follows.
    Allow,
    /// It is reported as a warning.
    Warn,
    /// It fails the gate.
    Deny,
}

impl Level {
    /// Every level and its word.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Deny, "deny"), (Self::Warn, "warn"), (Self::Allow, "allow")];

    /// The word in files and reports.
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(level, _)| *level == self).map_or("", |(_, word)| word)
    }
}

/// The rules of a `closewait.toml`, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Of all that match a change, the last one decides.
    pub rules: Vec<Rule>,
}

/// One `[[rule]]`. What it does not name it does not ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// How serious it makes a change.
    pub level: Level,
    /// Why; reports show it.
    pub reason: String,
    /// Only changes of this oracle's verdict.
    pub oracle: Option<String>,
    /// Only scenarios that this pattern describes; `*` stands for any characters.
    pub scenario: Option<String>,
    /// Only this client.
    pub client: Option<String>,
    /// Only changes of this kind.
    pub change: Option<Kind>,
    /// Line in the file, from 1.
    pub line: usize,
}

/// The names that a file may use.
#[derive(Debug, Clone, Default)]
pub struct Known<'a> {
    /// Scenario ids.
    pub scenarios: Vec<&'a str>,
    /// Client names.
    pub clients: Vec<&'a str>,
}

impl Kind {
    /// How serious a change is without a rule.
    pub(in crate::gate) fn default_level(self) -> Level {
        match self {
            Self::Regressed => Level::Deny,
            Self::Trade | Self::Drifted | Self::New | Self::Gone => Level::Warn,
            Self::Fixed => Level::Allow,
        }
    }
}

impl Rule {
    pub(in crate::gate) fn matches(&self, result: &ResultChange, change: &Change) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| match wanted {
            Some(wanted) => found == Some(wanted),
            None => true,
        };
        is(&self.oracle, change.oracle.as_deref())
            && is(&self.client, Some(&result.client))
            && self.scenario.as_ref().is_none_or(|pattern| glob::matches(pattern, &result.scenario))
            && self.change.is_none_or(|kind| kind == change.kind)
    }

    /// What the rule is about, in words: `no-stale-reuse in half-close/* on reqwest`.
    pub fn subject(&self) -> String {
        let mut words = vec![self.oracle.clone().unwrap_or_else(|| "any change".to_owned())];
        words.extend(self.scenario.as_ref().map(|pattern| format!("in {pattern}")));
        words.extend(self.client.as_ref().map(|client| format!("on {client}")));
        if let Some(change) = self.change {
            let word = Kind::ALL.iter().find(|(kind, _)| *kind == change).map_or("", |(_, word)| word);
            words.push(format!("where {word}"));
        }
        words.join(" ")
    }
}
