//! Two sets of facts, cell by cell.

mod behaviour;
mod cells;
mod context;
mod findings;
mod requests;
#[cfg(test)]
mod tests;
mod trade;
mod wire;

pub use cells::compare;
