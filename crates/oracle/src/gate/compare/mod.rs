//! Two sets of facts, result by result.

mod behaviour;
mod context;
mod findings;
mod requests;
mod results;
#[cfg(test)]
mod tests;
mod trade;
mod wire;

pub use results::compare;
