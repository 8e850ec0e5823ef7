//! A comparison with the levels applied: what the gate says.

use super::change::{Change, Comparison, Kind, ResultChange, State};
use super::rules::{Level, Rule, Rules};

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateVerdict {
    /// In the order of the comparison: most important first.
    pub results: Vec<DecidedResult>,
    /// Those of the control, in the same order. Never denied: one that a rule denies is among the others.
    pub control: Vec<DecidedResult>,
    /// Rules that lower a level and match nothing. Empty if not everything was played.
    pub stale: Vec<Rule>,
}

/// A result with the level of each of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedResult {
    /// What changed.
    pub result: ResultChange,
    /// In the order of [`ResultChange::changes`].
    pub decided: Vec<Decided>,
}

/// How serious one change is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The level.
    pub level: Level,
    /// The rule that says so; `None` for the default.
    pub rule: Option<Rule>,
}

/// How the gate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing is worse that is denied.
    Passed,
    /// A regression is denied.
    Regressed,
    /// Nothing regressed that is denied, but something else changed that is.
    Denied,
}

/// Applies the rules. `whole` says that everything was played, so that a rule which matches nothing is stale.
pub fn decide(comparison: Comparison, rules: &Rules, whole: bool) -> GateVerdict {
    let mut used = vec![false; rules.rules.len()];
    let (mut results, mut control) = (Vec::with_capacity(comparison.results.len()), Vec::new());
    for result in &comparison.results {
        let is_control = comparison.is_control(result);
        let decided = DecidedResult::new(result, is_control, rules, &mut used);
        let apart = is_control && decided.level() != Level::Deny;
        if apart { &mut control } else { &mut results }.push(decided);
    }
    let idle = rules.rules.iter().zip(used).filter(|(rule, used)| !used && rule.level != Level::Deny);
    let stale = if whole { idle.map(|(rule, _)| rule.clone()).collect() } else { Vec::new() };
    GateVerdict { results, control, stale }
}

impl GateVerdict {
    /// How the gate ends.
    pub fn outcome(&self) -> Outcome {
        let denied = |kind: fn(Kind) -> bool| {
            self.results
                .iter()
                .flat_map(DecidedResult::decided)
                .any(|(change, decided)| decided.level == Level::Deny && kind(change.kind))
        };
        if denied(|kind| kind == Kind::Regressed) {
            Outcome::Regressed
        } else if denied(|_| true) {
            Outcome::Denied
        } else {
            Outcome::Passed
        }
    }

    /// The results that changed, most important first.
    pub fn changed(&self) -> impl Iterator<Item = &DecidedResult> {
        self.results.iter().filter(|result| result.result.state != State::Same)
    }

    /// The results of the control that changed, most important first.
    pub fn changed_control(&self) -> impl Iterator<Item = &DecidedResult> {
        self.control.iter().filter(|result| result.result.state != State::Same)
    }

    /// How many results are in this state, without those of the control.
    pub fn count(&self, state: State) -> usize {
        self.results.iter().filter(|result| result.result.state == state).count()
    }
}

impl DecidedResult {
    /// `used` marks the rules that match. Of the control only rules that name it say something.
    fn new(result: &ResultChange, is_control: bool, rules: &Rules, used: &mut [bool]) -> Self {
        let mut decided = Vec::with_capacity(result.changes.len());
        for change in &result.changes {
            let matches =
                |rule: &Rule| rule.matches(result, change) && (!is_control || rule.client.is_some());
            for (rule, used) in rules.rules.iter().zip(used.iter_mut()) {
                *used |= matches(rule);
            }
            let rule = rules.rules.iter().rfind(|rule| matches(rule)).cloned();
            let level = match &rule {
                Some(rule) => rule.level,
                None if is_control => change.kind.default_level().min(Level::Warn),
                None => change.kind.default_level(),
            };
            decided.push(Decided { level, rule });
        }
        Self { result: result.clone(), decided }
    }

    /// Each change with its level.
    pub fn decided(&self) -> impl Iterator<Item = (&Change, &Decided)> {
        self.result.changes.iter().zip(&self.decided)
    }

    /// The highest level of what gives the result its state.
    pub fn level(&self) -> Level {
        self.telling().map(|(_, decided)| decided.level).max().unwrap_or(Level::Allow)
    }

    /// The change that a report puts first: what closes the gate, else what the result is called after; of a trade the repair.
    pub fn lead(&self) -> Option<&Change> {
        let is_called_after = |change: &Change| match self.result.state {
            State::Trade => change.kind == Kind::Fixed,
            state => change.kind.state() == state,
        };
        let decides = |(change, decided): &(&Change, &Decided)| match self.level() {
            Level::Deny => decided.level == Level::Deny,
            Level::Warn | Level::Allow => is_called_after(change),
        };
        self.telling().find(decides).map(|(change, _)| change)
    }

    /// Every other change, most important first.
    pub fn others(&self) -> impl Iterator<Item = &Change> {
        let lead = self.lead().map(std::ptr::from_ref);
        self.result.changes.iter().filter(move |change| Some(std::ptr::from_ref(*change)) != lead)
    }

    /// The rules that decided about it, each once, in the order of the file.
    pub fn rules(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = Vec::new();
        for rule in self.decided.iter().filter_map(|decided| decided.rule.as_ref()) {
            if !rules.contains(&rule) {
                rules.push(rule);
            }
        }
        rules.sort_by_key(|rule| rule.line);
        rules
    }

    /// What gives the result its state.
    fn telling(&self) -> impl Iterator<Item = (&Change, &Decided)> {
        let all = self.result.state != State::Regressed;
        self.decided().filter(move |(change, _)| all || change.kind == Kind::Regressed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both clients regress; `rule` may say something about it.
    fn check(
        rule: Option<Rule>,
        outcome: Outcome,
        subjects: &[&str],
        control: &[(&str, Level)],
        stale: usize,
    ) {
        let result = |client: &str| ResultChange {
            scenario: "family/name".to_owned(),
            client: client.to_owned(),
            state: State::Regressed,
            changes: vec![Change::of(Kind::Regressed, "b was late").by("bounded-wait")],
        };
        let comparison = Comparison { results: vec![result("mine"), result("reference")], control: None };
        let rules = Rules { rules: rule.into_iter().collect() };
        let verdict = decide(comparison.beside_control(Some("reference")), &rules, true);
        let named: Vec<&str> = verdict.changed().map(|result| result.result.client.as_str()).collect();
        let apart: Vec<_> =
            verdict.changed_control().map(|result| (result.result.client.as_str(), result.level())).collect();
        assert_eq!((verdict.outcome(), verdict.stale.len()), (outcome, stale));
        assert_eq!((named.as_slice(), apart.as_slice()), (subjects, control));
    }

    fn rule(level: Level, client: Option<&str>) -> Option<Rule> {
        let reason = "because".to_owned();
        let client = client.map(str::to_owned);
        Some(Rule { level, reason, oracle: None, scenario: None, client, change: None, line: 1 })
    }

    #[test]
    fn the_control_closes_no_gate_by_itself() {
        check(None, Outcome::Regressed, &["mine"], &[("reference", Level::Warn)], 0);
        check(rule(Level::Allow, Some("mine")), Outcome::Passed, &["mine"], &[("reference", Level::Warn)], 0);
        // Only rules that name it say something about it.
        check(rule(Level::Deny, None), Outcome::Regressed, &["mine"], &[("reference", Level::Warn)], 0);
        let named = rule(Level::Allow, Some("reference"));
        check(named, Outcome::Regressed, &["mine"], &[("reference", Level::Allow)], 0);
        check(rule(Level::Deny, Some("reference")), Outcome::Regressed, &["mine", "reference"], &[], 0);
        let other = rule(Level::Allow, Some("other"));
        check(other, Outcome::Regressed, &["mine"], &[("reference", Level::Warn)], 1);
    }
}
