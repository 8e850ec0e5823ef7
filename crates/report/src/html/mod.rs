//! The report as one HTML file that needs nothing else: a grid of scenarios and clients, and what happened in each cell.
//!
//! The grid, and the timelines of a sweep, are there without a script. What a cell opens is drawn from data in the page, and only ever put in as text.

mod changed;
mod data;
mod page;
mod timeline;

pub use data::Column;
pub use page::render;
