//! A repair that has its price: what is required got better, and no more than advice got worse.

use std::collections::BTreeSet;

use crate::gate::change::{Change, Kind};

/// Whether the changes of a result are one.
pub fn is_one(changes: &[Change]) -> bool {
    let worse = || changes.iter().filter(|change| change.kind == Kind::Regressed);
    changes.iter().any(is_repair) && worse().next().is_some() && worse().all(Change::is_advice)
}

fn is_repair(change: &Change) -> bool {
    change.kind == Kind::Fixed && change.is_required()
}

/// The same changes as a trade: what got worse is the price of each repair.
pub fn told(mut changes: Vec<Change>) -> Vec<Change> {
    let worse = changes.iter().filter(|change| change.kind == Kind::Regressed);
    let oracles: BTreeSet<&str> = worse.filter_map(|change| change.oracle.as_deref()).collect();
    let oracles: Vec<&str> = oracles.into_iter().collect();
    let price = format!("in return, advice got worse: {}", oracles.join(", "));
    for change in &mut changes {
        if change.kind == Kind::Regressed {
            change.kind = Kind::Trade;
        } else if is_repair(change) {
            change.context = Some(price.clone());
        }
    }
    changes
}

/// The repairs lead, whatever their weight.
pub fn repairs_first(changes: &mut [Change]) {
    changes.sort_by_key(|change| !is_repair(change));
}
