//! What changed, as data.

use serde::Serialize;

use crate::{Level, ORACLES, Severity};

/// Every result of both sides, most important first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The results, those that did not change included.
    pub results: Vec<ResultChange>,
    /// The client that is the control, not a subject: see [`Comparison::beside_control`].
    pub control: Option<String>,
}

/// What changed in one result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultChange {
    /// Scenario id.
    pub scenario: String,
    /// Client name.
    pub client: String,
    /// All in all.
    pub state: State,
    /// Each change in words, most important first. Empty for [`State::Same`].
    pub changes: Vec<Change>,
}

/// What became of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A verdict got worse.
    Regressed,
    /// A required verdict got better, and no more than advice got worse.
    Trade,
    /// The behaviour changed, no verdict did.
    Drifted,
    /// Nothing was accepted so far, or the client could not play the scenario.
    New,
    /// There is no result any more, the client can no longer play the scenario, or a step of it no longer has an effect.
    Gone,
    /// A verdict got better, and none got worse.
    Fixed,
    /// Nothing changed that matters.
    Same,
}

impl State {
    /// Every state, most important first.
    pub const ALL: [Self; 7] =
        [Self::Regressed, Self::Trade, Self::Drifted, Self::New, Self::Gone, Self::Fixed, Self::Same];

    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regressed => "regressed",
            Self::Trade => "trade",
            Self::Drifted => "drifted",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Fixed => "fixed",
            Self::Same => "same",
        }
    }
}

/// One change, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which way.
    pub kind: Kind,
    /// Whose verdict it is about; `None` for behaviour.
    pub oracle: Option<String>,
    /// The harm, where the results tell.
    pub severity: Option<Severity>,
    /// In which run.
    pub place: Place,
    /// One sentence, without a full stop.
    pub sentence: String,
    /// What the sentence does not say: of request, connection and cause where something got worse, of the price where a
    /// repair has one. `None` if it says all.
    pub context: Option<String>,
}

/// Which way something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A verdict got worse.
    Regressed,
    /// Advice got worse where a required verdict got better: the price of a repair.
    Trade,
    /// Behaviour changed, no verdict.
    Drifted,
    /// A result without a baseline.
    New,
    /// A result without a result.
    Gone,
    /// A verdict got better.
    Fixed,
}

impl Kind {
    /// Every kind and its word in `closewait.toml`.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Regressed, "regressed"),
        (Self::Trade, "trade"),
        (Self::Drifted, "drifted"),
        (Self::New, "new"),
        (Self::Gone, "gone"),
        (Self::Fixed, "fixed"),
    ];

    /// What a result is called for it.
    pub(super) fn state(self) -> State {
        match self {
            Self::Regressed => State::Regressed,
            Self::Trade => State::Trade,
            Self::Drifted => State::Drifted,
            Self::New => State::New,
            Self::Gone => State::Gone,
            Self::Fixed => State::Fixed,
        }
    }
}

/// In which run something changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// With the fault.
    Run,
    /// The same script without it.
    Control,
}

impl Change {
    /// A change of behaviour in the run with the fault.
    pub(super) fn drifted(sentence: impl Into<String>) -> Self {
        Self::of(Kind::Drifted, sentence)
    }

    pub(super) fn of(kind: Kind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            oracle: None,
            severity: None,
            place: Place::Run,
            sentence: sentence.into(),
            context: None,
        }
    }

    pub(super) fn by(self, oracle: &str) -> Self {
        Self { oracle: Some(oracle.to_owned()), ..self }
    }

    /// The same change, in the control.
    pub(super) fn in_control(self) -> Self {
        let sentence = format!("in the control, without the fault: {}", self.sentence);
        Self { place: Place::Control, sentence, ..self }
    }

    /// The sentence so that it can stand alone: with request, connection and cause.
    pub fn headline(&self) -> String {
        match &self.context {
            Some(context) => format!("{} — {context}", self.sentence),
            None => self.sentence.clone(),
        }
    }

    /// Whether it is about the verdict of an oracle that only advises.
    pub(super) fn is_advice(&self) -> bool {
        let oracle = ORACLES.iter().find(|oracle| Some(oracle.name) == self.oracle.as_deref());
        oracle.is_some_and(|oracle| oracle.level == Level::Advised)
    }

    /// Whether it is about the verdict of an oracle whose violation is a defect, or as grave as that.
    pub(super) fn is_required(&self) -> bool {
        matches!(self.kind, Kind::Regressed | Kind::Trade | Kind::Fixed) && !self.is_advice()
    }

    /// Whether it says that an oracle has something to judge, or nothing any more, and not what the client does otherwise.
    pub(super) fn says_only_what_was_judged(&self) -> bool {
        self.kind == Kind::Drifted && self.oracle.is_some()
    }

    /// For ordering: the kind, what is required before advice, then the harm, then what says most by itself. What a
    /// scenario expects comes after what holds of every scenario, since it says less of the cause; and an oracle that has
    /// nothing to judge any more, or something at last, comes after the behaviour that it follows from.
    pub(super) fn weight(&self) -> (Kind, bool, Place, bool, Option<Severity>, bool) {
        let says_little = self.oracle.as_deref() == Some(EXPECTATIONS) || self.says_only_what_was_judged();
        // Without a severity comes last: `None` is less than anything.
        let severity = self.severity.or(Some(Severity::NeedlessConnections));
        (self.kind, self.is_advice(), self.place, says_little, severity, self.context.is_some())
    }
}

/// The oracle of what a scenario expects: it knows that something is wrong, and guesses which harm that is.
const EXPECTATIONS: &str = "as-expected";

impl ResultChange {
    /// The worst harm of what got worse: what a rule of its own says comes before the guess from what a scenario expects.
    pub fn severity(&self) -> Option<Severity> {
        let worse = |change: &&Change| matches!(change.kind, Kind::Regressed | Kind::Trade);
        let is_guess = |change: &Change| change.oracle.as_deref() == Some(EXPECTATIONS);
        let worst = |guesses: bool| {
            let changes = self.changes.iter().filter(worse).filter(|change| is_guess(change) == guesses);
            changes.filter_map(|change| change.severity).min()
        };
        worst(false).or_else(|| worst(true))
    }

    /// Whether no more than advice got worse.
    pub(super) fn is_advice(&self) -> bool {
        !self.changes.iter().any(|change| change.kind == Kind::Regressed && change.is_required())
    }
}

impl Comparison {
    /// Names the client that the others are measured by. It is built on libraries that an upgrade brings as well, so what
    /// changes in it says that they changed, and is no fault of a subject.
    #[must_use]
    pub fn beside_control(self, client: Option<&str>) -> Self {
        Self { control: client.map(str::to_owned), ..self }
    }

    /// Whether a result is one of the control.
    pub(super) fn is_control(&self, result: &ResultChange) -> bool {
        self.control.as_ref() == Some(&result.client)
    }

    /// How many results are in this state.
    pub fn count(&self, state: State) -> usize {
        self.results.iter().filter(|result| result.state == state).count()
    }
}
