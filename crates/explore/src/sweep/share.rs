//! Which runs of a plan are chosen, and which of these are this machine's share.

use std::fmt;
use std::str::FromStr;

/// One of several equal parts: `2/4` is the second of four.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Which, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { number: 1, of: 1 };
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match parts {
            Some((number, of)) if (1..=of).contains(&number) => Ok(Self { number, of }),
            _ => Err("a shard is K/N with K from 1 to N, e.g. 2/4".to_owned()),
        }
    }
}

/// What of a plan is run here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// At most this many runs of the plan, evenly spread.
    pub budget: Option<usize>,
    /// Which part of them.
    pub shard: Shard,
}

/// The numbers of the runs that a budget leaves of `all`, evenly spread, and the shard's share of these.
pub fn choose(all: usize, share: Share) -> Vec<usize> {
    let chosen = share.budget.map_or(all, |budget| budget.min(all));
    // In 128 bits: the product of two counts may not fit in a word.
    let index = |position: usize| (position as u128 * all as u128 / chosen.max(1) as u128) as usize;
    (0..chosen).skip(share.shard.number - 1).step_by(share.shard.of).map(index).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(all: usize, budget: Option<usize>, shard: &str, expected: &[usize]) {
        let shard = shard.parse().expect("a shard");
        assert_eq!(choose(all, Share { budget, shard }), expected);
    }

    #[test]
    fn shards_are_disjoint_and_complete() {
        check(5, None, "1/1", &[0, 1, 2, 3, 4]);
        check(5, None, "1/2", &[0, 2, 4]);
        check(5, None, "2/2", &[1, 3]);
        check(1, None, "2/2", &[]);
    }

    #[test]
    fn a_budget_is_spread_evenly() {
        check(10, Some(4), "1/1", &[0, 2, 5, 7]);
        check(10, Some(4), "2/2", &[2, 7]);
        check(3, Some(9), "1/1", &[0, 1, 2]);
    }

    #[test]
    fn a_shard_is_k_of_n() {
        for bad in ["", "1", "0/2", "3/2", "a/b", "1/2/3", "1/0"] {
            assert!(bad.parse::<Shard>().is_err(), "{bad}");
        }
        assert_eq!("3/4".parse::<Shard>().map(|shard| shard.to_string()), Ok("3/4".to_owned()));
    }
}
