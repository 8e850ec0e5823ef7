//! `closewait explore`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use closewait::client::UnderTest;
use closewait::client::reference::Defect;
use closewait::explore::random::{self, Budget, Draw, Exploration, Explored, Suspicion, Unmasked};
use closewait::explore::shrink::{Known, Reproducer, can_save, found};
use closewait::lab::{self, Limits};
use closewait::oracle;
use closewait::report::explored;
use closewait::scenario::{self, Catalogue, LONGEST, Protocol, Scenario, read_plain};
use closewait::suite;
use indicatif::ProgressBar;

use super::args::ScenariosDir;
use super::complete;
use super::exit::{Done, Exit};
use super::exploration_file::ExplorationFile;
use super::guard;
use super::output::{bar, print, print_exactly};
use super::shelf::Shelf;

/// Arguments of `explore`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct ExploreArgs {
    /// Only this client (may be repeated)
    #[arg(long = "client", value_name = "NAME", add = ArgValueCandidates::new(complete::clients))]
    clients: Vec<String>,
    /// The protocol of the schedules (may be repeated) [default: http1; with --planted, one after the other]
    #[arg(long = "protocol", value_enum, value_name = "PROTOCOL")]
    protocols: Vec<Speaks>,
    /// Which schedules: the same seed, the same schedules
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many schedules [default: 2000]
    #[arg(long, value_name = "N", conflicts_with = "time", value_parser = clap::value_parser!(u64).range(1..=MOST_RUNS))]
    runs: Option<u64>,
    /// For how long instead, such as 90s or 5m; time decides when to stop, and nothing else
    #[arg(long = "for", value_name = "TIME", value_parser = time)]
    time: Option<Duration>,
    /// On how many threads; the result does not depend on it [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Write each finding that no scenario shows yet to <scenarios>/found/, to be reviewed: as it is found, and never over a file
    #[arg(long)]
    save: bool,
    /// Go on with an exploration that was cut short: this file is kept up to date meanwhile. Begin it if the file is missing or empty
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// Shrink the violations of this scenario file instead, and print what is left
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "runs", "time", "save", "resume", "protocols", "planted"])]
    shrink: Option<PathBuf>,
    /// Instead, count the schedules it takes to find a bug planted into the reference client: its name, or `all`
    #[arg(long, value_name = "BUG", add = ArgValueCandidates::new(complete::planted), conflicts_with_all = ["save", "resume", "time", "clients"])]
    planted: Option<String>,
    /// For people or for machines
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Show every combination of oracle, protocol, fault and client state that was never reached
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    scenarios: ScenariosDir,
}

const EXAMPLES: &str = "\
Examples:
  closewait explore --client hyper-util --runs 20000     twenty thousand random schedules
  closewait explore --for 60s --seed 7 --save            what a minute finds becomes scenario files
  closewait explore --for 8h --save --resume night.json  what was cut short goes on from there
  closewait explore --shrink my.toml --client reqwest    the least that still shows the violation
  closewait explore --planted all --runs 5000            how soon each planted bug is found";

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing was found that no scenario shows yet; --planted: every bug was found
  1  something was found; --shrink: there is a violation; --planted: a bug was not found
  2  bad usage, nothing that a client can play, or a file that cannot be read, is not valid or cannot be written";

/// How the report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal, in colour if it is one
    Text,
    /// One JSON document, with a version
    Json,
}

/// The protocols of scenario files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Speaks {
    /// HTTP/1.1
    Http1,
    /// HTTP/2 with prior knowledge
    H2,
    /// HTTP/1.1 over TLS
    Https1,
    /// HTTP/2 over TLS
    Https2,
}

impl From<Speaks> for Protocol {
    fn from(speaks: Speaks) -> Self {
        match speaks {
            Speaks::Http1 => Self::Http1,
            Speaks::H2 => Self::H2,
            Speaks::Https1 => Self::Https1,
            Speaks::Https2 => Self::Https2,
        }
    }
}

fn protocols(args: &ExploreArgs, otherwise: &[Protocol]) -> Vec<Protocol> {
    let named: Vec<Protocol> = args.protocols.iter().copied().map(Protocol::from).collect();
    if named.is_empty() { otherwise.to_vec() } else { named }
}

const DEFAULT_RUNS: u64 = 2000;

/// A year's worth, at thirty thousand a second.
const MOST_RUNS: u64 = 1_000_000_000_000;

/// Explores, shrinks, or looks for planted bugs.
pub fn run(args: &ExploreArgs) -> Done {
    match (&args.shrink, &args.planted) {
        (Some(file), _) => shrink_file(args, file),
        (None, Some(bug)) => unmask(args, bug),
        (None, None) => explore(args),
    }
}

fn explore(args: &ExploreArgs) -> Done {
    let clients = suite::choose(&args.clients)?;
    if let Some(file) = &args.resume {
        guard::check(&[file], &[findings_folder(args)])?;
    }
    let mut file = ExplorationFile::open(args.resume.as_deref(), args.seed)?;
    let mut shelf =
        Shelf { known: known(args)?, folder: findings_folder(args), saves: args.save, ..Shelf::default() };
    if args.save {
        can_save(shelf.folder)?;
    }
    let mut reports = Vec::new();
    for client in clients {
        shelf.known.play(client);
        for protocol in protocols(args, &[Protocol::Http1]) {
            let (exploration, explored) = play(args, client, protocol, &mut file, &mut shelf)?;
            let random::Findings { sightings, not_shrunk } = random::findings(&exploration, &explored);
            let rows = sightings.into_iter().map(|sighting| shelf.row(sighting)).collect();
            reports.push(explored::Report { exploration, explored, rows, not_shrunk });
        }
    }
    match args.format {
        Format::Text => print(&explored::text(&reports, args.verbose))?,
        Format::Json => print_exactly(&explored::json(&reports)?)?,
    }
    not_played(&reports)?;
    if !shelf.saved.is_empty() {
        stands_for_the_catalogue(shelf.folder);
    }
    match shelf.unsaved {
        Some(problem) => Err(problem.into()),
        None if !shelf.saved.is_empty() => Ok(Exit::Differs),
        None if reports.iter().flat_map(|report| &report.rows).any(|row| row.known.is_none()) => {
            Ok(Exit::Differs)
        }
        None => Ok(Exit::AsAccepted),
    }
}

/// Says which clients were asked for a protocol that they do not speak; an error if nothing was played at all.
fn not_played(reports: &[explored::Report]) -> Result<(), String> {
    let idle = reports.iter().filter(|report| report.explored.runs == 0);
    let told = idle.map(|report| {
        let Exploration { client, protocol, .. } = &report.exploration;
        let plays: Vec<&str> = random::played_by(*client).into_iter().map(Protocol::word).collect();
        let (name, word) = (client.name(), protocol.word());
        format!("nothing was played by {name} over {word}: it plays --protocol {}", plays.join(" or "))
    });
    let told: Vec<String> = told.collect();
    if told.len() == reports.len() {
        return Err(told.join("; "));
    }
    told.iter().for_each(|told| anstream::eprintln!("{told}"));
    Ok(())
}

/// The folder that findings are saved below: what is found is never a part of closewait itself.
fn findings_folder(args: &ExploreArgs) -> &Path {
    args.scenarios.folder().unwrap_or(Path::new("scenarios"))
}

/// The scenarios that were asked for, those of the folder that findings are saved below, and the built-in ones.
fn known(args: &ExploreArgs) -> Result<Known, Box<dyn std::error::Error>> {
    let folder = findings_folder(args);
    let is_new = args.save && !folder.exists();
    let mut known = if is_new { Known::default() } else { Known::of(&args.scenarios.load()?) };
    if args.save && folder.is_dir() {
        known.add(&Catalogue::load(folder)?);
    }
    known.add(&scenario::catalogue());
    Ok(known)
}

/// Says so, on stderr, if a folder with findings in it lacks what closewait comes with.
fn stands_for_the_catalogue(folder: &Path) {
    let Ok(there) = Catalogue::load(folder) else { return };
    if scenario::catalogue().iter().all(|scenario| there.get(&scenario.id).is_ok()) {
        return;
    }
    let name = folder.display();
    anstream::eprintln!(
        "`closewait run` and `closewait list` now take their scenarios from {name}; `--scenarios built-in` has the \
         catalogue that closewait comes with"
    );
}

fn play(
    args: &ExploreArgs,
    client: &'static dyn UnderTest,
    protocol: Protocol,
    file: &mut ExplorationFile,
    shelf: &mut Shelf<'_>,
) -> Result<(Exploration, Explored), String> {
    let budget = match (args.runs, args.time) {
        (_, Some(time)) => Budget::Time(time),
        (runs, None) => Budget::Runs(runs.unwrap_or(DEFAULT_RUNS)),
    };
    let kept = random::seeds().into_iter().filter(|seed| seed.protocol == protocol);
    let first = kept.map(|seed| seed.draw).collect();
    let exploration =
        Exploration { client, protocol, first, seed: args.seed, budget, threads: threads(args) };
    let before = file.reached(client, protocol)?;
    let played_before = before.explored.runs;
    // What was suspected before was looked at before.
    let mut suspected: BTreeSet<Suspicion> = before.explored.suspects.keys().cloned().collect();
    let bar = counter(client.name(), "schedules");
    let started = Instant::now();
    let mut unkept = None;
    let progress = |done| bar.set_position(done);
    let reached = random::explore_on(&exploration, before, &progress, |reached, is_last| {
        // In the end there is a better choice: of all suspects together.
        if !is_last {
            bar.suspend(|| shelf.save_new(&exploration, &reached.explored, &mut suspected));
        }
        unkept = file.keep(client, protocol, reached).err();
        unkept.is_none()
    });
    bar.finish_and_clear();
    if let Some(problem) = unkept {
        return Err(problem);
    }
    speed(&exploration, reached.explored.runs - played_before, started.elapsed());
    Ok((exploration, reached.explored))
}

/// How many of something are done, on stderr, if stderr is a terminal.
fn counter(subject: &'static str, noun: &'static str) -> ProgressBar {
    bar("{prefix}  {human_pos} {wide_msg}", None).with_prefix(subject).with_message(noun)
}

/// On stderr: how fast it was is no result.
fn speed(exploration: &Exploration, runs: u64, took: Duration) {
    let (seconds, protocol) = (took.as_secs_f64(), exploration.protocol.word());
    let rate = runs as f64 / seconds.max(0.001);
    anstream::eprintln!("{protocol}: {runs} schedules in {seconds:.1} s, {rate:.0} a second");
}

fn threads(args: &ExploreArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    args.threads.map_or_else(cores, usize::from)
}

fn shrink_file(args: &ExploreArgs, file: &Path) -> Done {
    if args.format == Format::Json {
        return Err("--shrink prints scenario files: there is no --format json of them".into());
    }
    let clients = suite::choose(&args.clients)?;
    let name = file.display().to_string();
    let text = read_plain(file, LONGEST).map_err(|error| format!("cannot read {name}: {error}"))?;
    let scenario = scenario::parse("given/scenario", &name, &text)?;
    let (mut played, mut any) = (false, false);
    for client in clients {
        match violations(&scenario, client) {
            Err(reason) => anstream::eprintln!("{} cannot play this: {reason}", client.name()),
            Ok(oracles) => {
                played = true;
                any |= !oracles.is_empty();
                print_shrunk(&scenario, client, &oracles, &name)?;
            }
        }
    }
    if !played {
        return Err(format!("nothing was played of {name}").into());
    }
    if !any {
        anstream::eprintln!("nothing is violated in {name}");
    }
    Ok(if any { Exit::Differs } else { Exit::AsAccepted })
}

/// What is left for each oracle, described as what it is now.
fn print_shrunk(
    scenario: &Scenario,
    client: &'static dyn UnderTest,
    oracles: &[&'static str],
    file: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    // What a scenario expects is said of all of it, and dropped when it is shrunk.
    const EXPECTATIONS: &str = "as-expected";
    let name = client.name();
    if oracles == [EXPECTATIONS] {
        anstream::eprintln!("{name}: only its own [expect] is violated: nothing to shrink towards");
    }
    let printable = file.chars().all(|char| matches!(char, ' '..='~'));
    let source =
        format!("closewait explore --shrink {} --client {name}", if printable { file } else { "FILE" });
    for oracle in oracles.iter().filter(|oracle| **oracle != EXPECTATIONS) {
        let Some(small) = found(scenario, &Reproducer { client, oracle, correct: None }, &source) else {
            anstream::eprintln!("{name}: {oracle} is violated only as long as [expect] is there");
            continue;
        };
        print(&format!("# {name} violates {oracle} here\n{}\n", scenario::write(&small.scenario)?))?;
    }
    Ok(())
}

/// The oracles that the client violates.
///
/// # Errors
/// Why it cannot play the scenario.
fn violations(scenario: &Scenario, client: &'static dyn UnderTest) -> Result<Vec<&'static str>, String> {
    if let Some(reason) = client.unsupported(scenario) {
        return Err(reason);
    }
    let trace = lab::run(scenario, client, &Limits::default());
    if let Some(reason) = trace.unsupported {
        return Err(reason);
    }
    let findings = oracle::judge(scenario, &trace);
    Ok(random::violated(&findings).map(|finding| finding.oracle).collect())
}

fn unmask(args: &ExploreArgs, bug: &str) -> Done {
    let correct = suite::choose(&["reference".to_owned()])?[0];
    let bugs: Vec<Defect> =
        Defect::ALL.into_iter().filter(|defect| bug == "all" || defect.to_string() == bug).collect();
    if bugs.is_empty() {
        let names: Vec<String> = Defect::ALL.iter().map(Defect::to_string).collect();
        return Err(format!("no planted bug is called `{bug}`; there are {}", names.join(", ")).into());
    }
    let runs = args.runs.unwrap_or(DEFAULT_RUNS);
    let protocols = protocols(args, &Protocol::ALL.map(|(protocol, _)| protocol));
    let drawn = |protocol: &Protocol| {
        let protocol = *protocol;
        (0..runs).map(move |run| (protocol, Draw { seed: args.seed, run }))
    };
    let draws = || protocols.iter().flat_map(drawn);
    let bar = counter("reference", "planted bugs");
    let look = |defect: &Defect| {
        let started = Instant::now();
        let unmasked = random::unmask(*defect, correct, draws());
        bar.inc(1);
        (*defect, unmasked, started.elapsed())
    };
    let results = closewait::explore::parallel(threads(args), &bugs, look);
    bar.finish_and_clear();
    let longest = results.iter().map(|(_, _, took)| *took).max().unwrap_or_default();
    let results: Vec<(Defect, Option<Unmasked>)> =
        results.into_iter().map(|(defect, unmasked, _)| (defect, unmasked)).collect();
    match args.format {
        Format::Text => print(&explored::planted(&results))?,
        Format::Json => print_exactly(&explored::planted_json(&results)?)?,
    }
    anstream::eprintln!("the longest hunt took {:.1} s", longest.as_secs_f64());
    let all = results.iter().all(|(_, unmasked)| unmasked.is_some());
    Ok(if all { Exit::AsAccepted } else { Exit::Differs })
}

fn time(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
    let number: u64 =
        digits.parse().map_err(|_| "write a whole number and a unit, such as 90s".to_owned())?;
    match &text[digits.len()..] {
        "s" => Ok(Duration::from_secs(number)),
        "m" => Ok(Duration::from_secs(number.saturating_mul(60))),
        "h" => Ok(Duration::from_secs(number.saturating_mul(3600))),
        _ => Err("the units are s, m and h".to_owned()),
    }
}
