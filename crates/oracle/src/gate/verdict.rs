//! A comparison with the levels applied: what the gate says.

use super::change::{CellChange, Change, Comparison, Kind, State};
use super::rules::{Level, Rule, Rules};

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// In the order of the comparison: most important first.
    pub cells: Vec<DecidedCell>,
    /// Rules that lower a level and match nothing. Empty if not everything was played.
    pub stale: Vec<Rule>,
}

/// A cell with the level of each of its changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecidedCell {
    /// What changed.
    pub cell: CellChange,
    /// In the order of [`CellChange::changes`].
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
pub fn decide(comparison: Comparison, rules: &Rules, whole: bool) -> Verdict {
    let mut used = vec![false; rules.rules.len()];
    let mut cells = Vec::with_capacity(comparison.cells.len());
    for cell in comparison.cells {
        let mut decided = Vec::with_capacity(cell.changes.len());
        for change in &cell.changes {
            for (rule, used) in rules.rules.iter().zip(&mut used) {
                *used |= rule.matches(&cell, change);
            }
            let (level, rule) = rules.level(&cell, change);
            decided.push(Decided { level, rule: rule.map(|index| rules.rules[index].clone()) });
        }
        cells.push(DecidedCell { cell, decided });
    }
    let idle = rules.rules.iter().zip(used).filter(|(rule, used)| !used && rule.level != Level::Deny);
    let stale = if whole { idle.map(|(rule, _)| rule.clone()).collect() } else { Vec::new() };
    Verdict { cells, stale }
}

impl Verdict {
    /// How the gate ends.
    pub fn outcome(&self) -> Outcome {
        let denied = |kind: fn(Kind) -> bool| {
            self.cells
                .iter()
                .flat_map(DecidedCell::decided)
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

    /// The cells that changed, most important first.
    pub fn changed(&self) -> impl Iterator<Item = &DecidedCell> {
        self.cells.iter().filter(|cell| cell.cell.state != State::Same)
    }

    /// How many cells are in this state.
    pub fn count(&self, state: State) -> usize {
        self.cells.iter().filter(|cell| cell.cell.state == state).count()
    }
}

impl DecidedCell {
    /// Each change with its level.
    pub fn decided(&self) -> impl Iterator<Item = (&Change, &Decided)> {
        self.cell.changes.iter().zip(&self.decided)
    }

    /// The highest level of what gives the cell its state.
    pub fn level(&self) -> Level {
        self.telling().map(|(_, decided)| decided.level).max().unwrap_or(Level::Allow)
    }

    /// The change that a report puts first: what closes the gate, else what the cell is called after; of a trade the repair.
    pub fn lead(&self) -> Option<&Change> {
        let is_called_after = |change: &Change| match self.cell.state {
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
        self.cell.changes.iter().filter(move |change| Some(std::ptr::from_ref(*change)) != lead)
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

    /// What gives the cell its state.
    fn telling(&self) -> impl Iterator<Item = (&Change, &Decided)> {
        let all = self.cell.state != State::Regressed;
        self.decided().filter(move |(change, _)| all || change.kind == Kind::Regressed)
    }
}
