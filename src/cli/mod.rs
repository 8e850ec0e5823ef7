//! The command line: arguments, exit codes, progress. One subcommand a file; the work is in the library.

mod args;
mod baseline;
mod clients;
mod commands;
mod complete;
mod completions;
mod exit;
mod exploration_file;
mod explore;
mod files;
mod gate;
mod guard;
mod list;
mod man;
mod output;
mod outputs;
mod repeat;
mod report;
mod run;
mod schema;
mod search;
mod shelf;
mod show;
mod sweep;

pub use commands::main;
