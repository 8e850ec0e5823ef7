//! The report for people: matrix, violations with their proof, gaps, differences, one line of summary.

mod differences;
mod gaps;
mod matrix;
mod page;
mod style;
mod summary;
mod violations;

pub use page::{Detail, render};
