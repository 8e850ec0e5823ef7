//! The arguments, and which subcommand they mean.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use closewait::scenario::{Catalogue, LoadError};

use super::exit::{self, Exit};
use super::{completions, explore, gate, list, man, report, run, schema, search, show, sweep};

/// Drives real HTTP clients through half-closed sockets, silent peer deaths and retries on a simulated
/// network, and proves from the packets whether a stale connection was ever reused.
///
/// Without a subcommand, `closewait` does what `closewait run` does.
#[derive(Debug, Parser)]
#[command(version, after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"), max_term_width = 100)]
struct Cli {
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
  2  bad usage, a file that cannot be read or is not valid, or output that cannot be written
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

/// Where the scenarios are.
#[derive(Debug, Clone, Args)]
pub struct ScenariosDir {
    /// Folder of the scenario files, `<family>/<name>.toml`; `built-in` is the catalogue that closewait comes with
    /// [default: `scenarios` if this folder has scenario files in it, else `built-in`]
    #[arg(long, value_name = "DIR")]
    scenarios: Option<PathBuf>,
}

impl ScenariosDir {
    /// Reads them.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn load(&self) -> Result<Catalogue, LoadError> {
        self.folder().map_or_else(|| Ok(closewait::scenario::catalogue()), Catalogue::load)
    }

    /// Reads them, and the files that are named among `wanted`: ids, patterns and paths of scenario files. The second
    /// of the answer has the ids of those files in place of their paths.
    ///
    /// # Errors
    /// Everything that is wrong with the files.
    pub fn load_with(&self, wanted: &[String]) -> Result<(Catalogue, Vec<String>), LoadError> {
        let is_file =
            |word: &String| Path::new(word).extension().is_some_and(|extension| extension == "toml");
        // Files alone are played as they are, whatever else is in the folder.
        let only_files = !wanted.is_empty() && wanted.iter().all(is_file);
        let mut catalogue = if only_files { Catalogue::default() } else { self.load()? };
        let (mut patterns, mut problems) = (Vec::new(), Vec::new());
        for word in wanted {
            if !is_file(word) {
                patterns.push(word.clone());
                continue;
            }
            match catalogue.load_file(Path::new(word)) {
                Ok(scenario) => patterns.push(scenario.id.clone()),
                Err(problem) => problems.push(problem),
            }
        }
        if problems.is_empty() { Ok((catalogue, patterns)) } else { Err(LoadError { problems }) }
    }

    /// The folder that they are read from; `None` if they come with closewait.
    pub fn folder(&self) -> Option<&Path> {
        const HERE: &str = "scenarios";
        match &self.scenarios {
            Some(named) if named == Path::new("built-in") => None,
            Some(folder) => Some(folder),
            None => Some(Path::new(HERE)).filter(|here| has_scenario_files(here)),
        }
    }
}

/// Whether a `*.toml` is in a folder of the folder. A folder of that name with other things in it is somebody else's.
fn has_scenario_files(folder: &Path) -> bool {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let is_toml =
        |file: std::fs::DirEntry| file.path().extension().is_some_and(|extension| extension == "toml");
    entries(folder).any(|family| entries(&family.path()).any(is_toml))
}

/// Where the accepted snapshots are.
#[derive(Debug, Clone, Args)]
pub struct SnapshotsDir {
    /// Folder of the accepted snapshots
    #[arg(long, value_name = "DIR", default_value = "snapshots")]
    pub snapshots: PathBuf,
}

/// Does what the arguments say.
pub fn main() -> ExitCode {
    let done = match Cli::parse().command {
        None => run::run(&run::RunArgs::parse_from_nothing()),
        Some(Command::Run(args)) => run::run(&args),
        Some(Command::Gate(args)) => gate::run(&args),
        Some(Command::Report(args)) => report::run(&args),
        Some(Command::List(args)) => list::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Search(args)) => search::run(&args),
        Some(Command::Sweep(args)) => sweep::run(&args),
        Some(Command::Explore(args)) => explore::run(&args),
        Some(Command::Schema) => schema::run(),
        Some(Command::Completions(args)) => completions::run(&args, Cli::command()),
        Some(Command::Man(args)) => man::run(&args, Cli::command()),
    };
    done.unwrap_or_else(|error| exit::complain(&*error)).into()
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
