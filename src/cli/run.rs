//! `closewait run`.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, ValueEnum};
use clap_complete::ArgValueCandidates;
use closewait::client::{UnderTest, Wiring};
use closewait::gate::{Rules, compare, decide};
use closewait::lab::Limits;
use closewait::report::accepted::Snapshots;
use closewait::report::document::{About, of_results};
use closewait::report::gate::Input;
use closewait::report::results::{ClientVersion, Entry, Results};
use closewait::report::snapshot::Snapshot;
use closewait::report::{baseline, json, pcapng, terminal};
use closewait::scenario::{Catalogue, Scenario};
use closewait::suite;

use super::args::{ScenariosDir, SnapshotsDir};
use super::exit::{Done, Exit};
use super::files::{Output, write_all};
use super::output::{Progress, print, print_exactly, tell, width};
use super::outputs::Outputs;
use super::repeat;
use super::{clients, complete};

/// Arguments of `run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// Which scenarios: ids, patterns such as `half-close/*`, or files; all if none is given
    #[arg(value_name = "PATTERN", add = ArgValueCandidates::new(complete::scenarios))]
    patterns: Vec<String>,
    /// Only this client (may be repeated): a built-in one, or a program in any language, `httpx`, `httpx@0.27.2` or the
    /// folder of your own (`closewait clients` lists them)
    #[arg(long = "client", value_name = "NAME", add = ArgValueCandidates::new(complete::clients))]
    clients: Vec<String>,
    /// Programs: also play scenarios that take minutes, since their time is real
    #[arg(long)]
    slow: bool,
    /// Show every event of every run
    #[arg(long)]
    transcript: bool,
    /// Show a row for each scenario, the proof of advice, and what each scenario does not exercise
    #[arg(short, long)]
    verbose: bool,
    /// For people or for machines
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Instead of judging, run everything N times and stop at the first trace that differs
    #[arg(long, value_name = "N", conflicts_with_all = ["transcript", "accept"], value_parser = clap::value_parser!(u32).range(1..))]
    repeat: Option<u32>,
    /// Write the snapshots that differ: today's results are the accepted ones from now on
    #[arg(long, conflicts_with = "no_snapshots")]
    accept: bool,
    /// Compare with no snapshot; then the exit code tells of bad usage and bad files only
    #[arg(long)]
    no_snapshots: bool,
    /// Also write the packets of every run, with what was found in them, as a pcapng capture. Payload of TLS is zeros
    /// of its true length: keys differ from run to run, and a capture does not
    #[arg(long, value_name = "FILE", conflicts_with = "repeat")]
    pcap: Option<PathBuf>,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    scenarios: ScenariosDir,
    #[command(flatten)]
    snapshots: SnapshotsDir,
}

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, in colour if it is one
    Text,
    /// One JSON document, with a version
    Json,
}

impl RunArgs {
    /// What `closewait` without arguments means.
    pub fn parse_from_nothing() -> Self {
        #[derive(Parser)]
        struct Nothing {
            #[command(flatten)]
            args: RunArgs,
        }
        Nothing::parse_from(["closewait"]).args
    }
}

/// What real time does not allow.
#[derive(Debug, thiserror::Error)]
#[error(
    "{client} is a program in real time, so that no two runs of it need have one trace: {flag} does not apply. Keep its results with \
     `--out FILE`, and compare them later with `closewait gate`"
)]
struct NoSnapshots {
    client: &'static str,
    flag: &'static str,
}

/// Plays and reports.
pub fn run(args: &RunArgs) -> Done {
    let clients = clients::choose(&args.clients, args.slow)?;
    let real = clients.iter().find(|client| client.wiring() == Wiring::Kernel);
    if let Some(program) = real.filter(|_| args.accept || args.repeat.is_some()) {
        return Err(NoSnapshots {
            client: program.name(),
            flag: if args.accept { "--accept" } else { "--repeat" },
        }
        .into());
    }
    let on_stdout = args.outputs.on_stdout(args.pcap.as_deref().as_slice(), &reads(args))?;
    let (catalogue, patterns) = args.scenarios.load_with(&args.patterns)?;
    let args = &RunArgs { patterns, no_snapshots: args.no_snapshots || real.is_some(), ..args.clone() };
    let scenarios = args.scenarios.found(catalogue.select(&args.patterns))?;
    match args.repeat {
        Some(runs) => repeat::run(&scenarios, &clients, runs, args.verbose, args.format == Format::Json),
        None => play(args, &catalogue, &scenarios, &clients, on_stdout),
    }
}

/// Files and folders that are read.
fn reads(args: &RunArgs) -> Vec<&Path> {
    let named = args.patterns.iter().map(Path::new);
    named.chain(args.scenarios.folder()).chain([args.snapshots.snapshots.as_path()]).collect()
}

fn play(
    args: &RunArgs,
    catalogue: &Catalogue,
    scenarios: &[&Scenario],
    clients: &[&'static dyn UnderTest],
    on_stdout: bool,
) -> Done {
    let snapshots = Snapshots::at(&args.snapshots.snapshots);
    let mut results = results(scenarios, clients);
    if !args.no_snapshots {
        results.compare(&snapshots)?;
        if args.patterns.is_empty() {
            let known: Vec<_> = catalogue.iter().map(|scenario| scenario.id.as_str()).collect();
            results.find_orphans(&snapshots, &known)?;
        }
    }
    if args.outputs.any() || args.pcap.is_some() {
        write_reports(args, &results)?;
    }
    let accepted = if args.accept { accept(&mut results, &snapshots)? } else { String::new() };
    let page = match args.format {
        Format::Json => json::render(&results, about(args))?,
        Format::Text => {
            let RunArgs { verbose, transcript, .. } = *args;
            terminal::render(&results, terminal::Detail { verbose, transcript, width: width() })
        }
    };
    match args.format {
        _ if on_stdout => tell(&page),
        Format::Json => print_exactly(&page)?,
        Format::Text => print(&page)?,
    }
    tell(&accepted);
    Ok(if results.differ() { Exit::Differs } else { Exit::AsAccepted })
}

/// Every scenario against every client, with progress.
pub fn results<'a>(scenarios: &[&'a Scenario], clients: &[&'static dyn UnderTest]) -> Results<'a> {
    let mut progress = Progress::new(scenarios.len() * clients.len());
    let results =
        suite::play_all(scenarios.iter().copied(), clients, &Limits::default(), |scenario, client| {
            progress.next(&scenario.id, client.name());
        });
    let versions = clients.iter().map(|c| ClientVersion { name: c.name(), version: c.version() }).collect();
    Results::new(versions, scenarios, results)
}

/// Makes every difference the accepted state, and says which files that touched.
fn accept(results: &mut Results<'_>, snapshots: &Snapshots) -> Result<String, Box<dyn std::error::Error>> {
    let mut told = String::new();
    for difference in results.differences.replace(Vec::new()).unwrap_or_default() {
        let path = snapshots.accept(&difference, results.version(&difference.client))?;
        told += &format!("accepted {}\n", path.display());
    }
    // What is as accepted may still be written as an earlier closewait did.
    for Entry { scenario, result } in &results.entries {
        let (client, found) = (result.client, Snapshot::of(scenario, result));
        let anew = snapshots.refresh(client, &scenario.id, results.version(client), &found)?;
        told.extend(anew.map(|path| format!("accepted the facts in {}\n", path.display())));
    }
    Ok(told)
}

/// The results file, and the reports of what differs from the accepted snapshots.
fn write_reports(args: &RunArgs, results: &Results<'_>) -> Result<(), Box<dyn std::error::Error>> {
    let document = of_results(results, about(args));
    let mut outputs = args.outputs.results(None, &document, None)?;
    if let Some(path) = &args.pcap {
        outputs.push(Output { path: path.clone(), bytes: pcapng::render(results)? });
    }
    if args.outputs.compare() {
        let folder = &args.snapshots.snapshots;
        let mut accepted = baseline::of_folder(folder)?;
        accepted.retain(|result| document.result(&result.scenario, &result.client).is_some());
        let control = suite::control_among(document.clients.iter().map(|client| client.name.as_str()));
        let comparison = compare(&accepted, &document.facts()).beside_control(control);
        let verdict = decide(comparison, &Rules::default(), false);
        let baseline = folder.display().to_string();
        let unlike = results.differences.as_ref().map(Vec::len);
        let input = Input {
            document: &document,
            verdict: &verdict,
            baseline: &baseline,
            unlike,
            is_accepted: true,
            rules: "",
        };
        outputs.extend(args.outputs.reports(&input)?);
    }
    write_all(&outputs)
}

/// What the results file says that the run was about.
fn about(args: &RunArgs) -> About<'_> {
    About { selection: &args.patterns, folder: args.scenarios.folder(), test: None }
}
