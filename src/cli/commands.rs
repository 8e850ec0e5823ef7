//! Which subcommand the arguments mean.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::CompleteEnv;
use closewait::lab;
use closewait::trace::Broken;

use super::exit::Done;
use super::output::Color;
use super::{clients, completions, exit, explore, gate, list, man, report, run, schema, search, show, sweep};

/// Drives real HTTP clients through half-closed sockets, silent peer deaths and retries on a simulated
/// network, and proves from the packets whether a stale connection was ever reused.
///
/// Without a subcommand, `closewait` does what `closewait run` does.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Cli {
    /// When there are colours
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  closewait                                                   every scenario against every client
  closewait run 'half-close/*' --client reqwest --transcript  what happens, event by event
  closewait run --accept                                      make today's results the accepted ones
  closewait run --repeat 200                                  prove that every run is the same
  closewait gate --baseline origin/main                       what got worse since a revision
  closewait run --html report.html                            the report people look at
  closewait run 'reset/*' --pcap reset.pcapng                 look at the packets with Wireshark
  closewait explore --client hyper-util --seed 7              random schedules, and what they find
  closewait list                                              the scenarios
  closewait search socket hang up                             those that make a log say this
  closewait show half-close/fin-while-idle                    one scenario, its sources and its script";

const EXIT_CODES: &str = "\
Exit codes:
  0  everything equals the accepted snapshots
  1  a result differs from its snapshot or has none yet, or --repeat found two different traces,
     or `search` found nothing
  2  bad usage, a file that cannot be read or is not valid, or output that cannot be written; also if this
     machine gave out (descriptors, ports, loopback) or closewait itself failed: no client is judged then
  3  only `gate`: nothing regressed, but another change is denied by a rule";

#[derive(Debug, Subcommand)]
enum Command {
    /// Play scenarios against clients, judge them, compare with the accepted snapshots [default]
    #[command(after_help = EXIT_CODES)]
    Run(run::RunArgs),
    /// Compare with what is accepted, by meaning: what regressed, drifted, was fixed
    Gate(gate::GateArgs),
    /// Make the HTML report of results files: one, or several side by side
    Report(report::ReportArgs),
    /// List the clients, or check one of your own
    Clients(clients::ClientsArgs),
    /// List the scenarios
    List(list::ListArgs),
    /// Show one scenario: what breaks and why, who had it, how a client should behave, which clients do
    Show(show::ShowArgs),
    /// Find scenarios by what a log says, or by words that describe the trouble
    Search(search::SearchArgs),
    /// Put every fault into every workload at every instant, and judge every run
    Sweep(sweep::SweepArgs),
    /// Play random schedules against clients, and shrink what they find to scenario files
    Explore(explore::ExploreArgs),
    /// Print the JSON Schema of scenario files
    Schema,
    /// Print a script by which a shell completes the command line
    Completions(completions::CompletionsArgs),
    /// Print the manual page
    Man(man::ManArgs),
}

/// Does what the arguments say.
pub fn main() -> ExitCode {
    // A shell asks what can follow: it is told, and nothing else is done.
    CompleteEnv::with_factory(Cli::command).var(completions::VARIABLE).complete();
    let Cli { color, command } = Cli::parse();
    color.choose();
    let done = catch_unwind(AssertUnwindSafe(|| lab::attempt(|| run(command))));
    let done = match done {
        Ok(done) => done.unwrap_or_else(|broken| Err(broken.into())),
        // What panicked, and where, was printed as it did.
        Err(_) => Err(Broken::Lab("it panicked, as said above".to_owned()).into()),
    };
    done.unwrap_or_else(|error| exit::complain(&*error)).into()
}

fn run(command: Option<Command>) -> Done {
    match command {
        None => run::run(&run::RunArgs::parse_from_nothing()),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Gate(args)) => gate::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::Clients(args)) => clients::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Search(args)) => search::run(&args),
        Some(Command::Sweep(args)) => sweep::run(&args),
        Some(Command::Explore(args)) => explore::run(&args),
        Some(Command::Schema) => schema::run(),
        Some(Command::Completions(args)) => completions::run(&args),
        Some(Command::Man(args)) => man::run(&args, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use clap::builder::ValueParser;

    use super::*;

    /// No command gets an output that the trials of overwriting do not know.
    #[test]
    fn every_path_is_known_to_the_trials() {
        let is_path = |argument: &&clap::Arg| {
            argument.get_value_parser().type_id() == ValueParser::path_buf().type_id()
        };
        let known = include_str!("../../tests/suite/overwriting/paths.txt").lines();
        let known: Vec<&str> = known.filter_map(|line| line.rsplit_once(' ')).map(|(path, _)| path).collect();
        let mut found = Vec::new();
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments().filter(is_path) {
                let names = argument.get_value_names().unwrap_or_default();
                let flag = argument.get_long().map(|long| format!("--{long}"));
                let flag = flag.unwrap_or_else(|| format!("<{}>", names.join(" ")));
                found.push(format!("{} {flag}", command.get_name()));
            }
        }
        found.sort_unstable();
        assert_eq!(found, known);
    }
}
