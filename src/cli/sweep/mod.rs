//! `closewait sweep`.

mod args;
mod merging;
mod paths;
mod record_file;
mod results;
mod showing;
mod suggestion;
mod sweeping;

pub use args::SweepArgs;

use super::exit::Done;

/// Sweeps, merges the shards of a sweep, or shows one run of it.
pub fn run(args: &SweepArgs) -> Done {
    match (&args.show, args.merge.as_slice()) {
        (Some(names), _) => showing::run(args, names),
        (None, []) => sweeping::run(args),
        (None, shards) => merging::run(args, shards),
    }
}
