//! Two sets of facts, cell by cell.

mod behaviour;
mod cells;
mod context;
mod findings;
mod requests;
#[cfg(test)]
mod tests;
mod trade;

pub use cells::compare;
