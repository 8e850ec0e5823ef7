//! The arguments of `sweep`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use closewait::explore::sweep::Shard;

use crate::cli::complete;

/// Arguments of `sweep`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct SweepArgs {
    /// Which workloads; all of them if none is named
    #[arg(value_name = "WORKLOAD", add = ArgValueCandidates::new(complete::workloads_of_sweeps))]
    pub workloads: Vec<String>,
    /// Only this client (may be repeated)
    #[arg(long = "client", value_name = "NAME", add = ArgValueCandidates::new(complete::clients))]
    pub clients: Vec<String>,
    /// Only this kind of fault (may be repeated)
    #[arg(long = "fault", value_name = "NAME", add = ArgValueCandidates::new(complete::faults))]
    pub faults: Vec<String>,
    /// Two faults in each run: the second is injected at a point of the run with the first
    #[arg(long)]
    pub pairs: bool,
    /// At most N runs, evenly spread over all there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub budget: Option<u64>,
    /// How many threads play; as many as there are cores if not said
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: Option<u16>,
    /// Only the K-th of N equal parts
    #[arg(long, value_name = "K/N", default_value_t = Shard::WHOLE)]
    pub shard: Shard,
    /// Write every result to this file, a line of JSON each, while the sweep goes on; a file that has something in it is
    /// not overwritten
    #[arg(long, value_name = "FILE")]
    pub results: Option<PathBuf>,
    /// Go on with a sweep whose results are in this file; begin it if the file is missing or empty
    #[arg(long, value_name = "FILE", conflicts_with = "results")]
    pub resume: Option<PathBuf>,
    /// Put the results of all shards together, as if they had been one sweep; --results keeps them
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["workloads", "clients", "faults", "pairs", "budget", "threads", "shard", "resume"])]
    pub merge: Vec<PathBuf>,
    /// Write the timelines as a results file, for `closewait report` (`-` is stdout)
    #[arg(long, value_name = "FILE", conflicts_with = "pairs")]
    pub out: Option<PathBuf>,
    /// The violations in these results of an earlier sweep are accepted
    #[arg(long, value_name = "FILE")]
    pub accepted: Option<PathBuf>,
    /// For people or for machines
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Do not fold long rows
    #[arg(long)]
    pub wide: bool,
    /// Show one run: its scenario as a file, and what happens
    #[arg(long, num_args = 3, value_names = ["WORKLOAD", "FAULT@PLACE", "CLIENT"], conflicts_with_all = ["workloads", "clients", "faults", "pairs", "budget", "threads", "shard", "results", "resume", "merge", "accepted", "out"])]
    pub show: Option<Vec<String>>,
    /// With --show: write the scenario to DIR/sweep/, for `closewait run --scenarios DIR`
    #[arg(long, value_name = "DIR", requires = "show")]
    pub save: Option<PathBuf>,
}

/// How the result is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal, in colour if it is one
    Text,
    /// One JSON document, with a version
    Json,
}

const EXAMPLES: &str = "\
Examples:
  closewait sweep                                          every workload, fault and client
  closewait sweep keep-alive --client reqwest --fault fin  one row of the timeline
  closewait sweep --show keep-alive fin/1@41ms hyper-util  one run of it, event by event
  closewait sweep post-after-idle --pairs --budget 100000  two faults in each run
  closewait sweep --shard 1/4 --results 1.jsonl            a quarter of it
  closewait sweep --merge 1.jsonl 2.jsonl 3.jsonl 4.jsonl  the quarters, put together
  closewait sweep --resume 1.jsonl --shard 1/4             go on where it was cut short
  closewait sweep --out sweep.json                         for closewait report sweep.json --html sweep.html";

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing is violated beyond what --accepted accepts
  1  something is violated beyond that, or in the run that --show shows; advice does not count
  2  bad usage, a file that cannot be read or written, or results of another sweep";
