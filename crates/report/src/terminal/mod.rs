//! The report for people: matrix, violations with their proof, gaps, differences, one line of summary.

mod differences;
mod fold;
mod gaps;
mod layout;
mod matrix;
mod page;
pub(super) mod style;
mod summary;
#[cfg(test)]
mod tests;
mod violations;

pub use page::{Detail, render};
