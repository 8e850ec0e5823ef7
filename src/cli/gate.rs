//! `closewait gate`.

use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use clap_complete::ArgValueCandidates;
use closewait::client;
use closewait::gate::{Known, Outcome, ResultFacts, Rules, compare, decide, parse};
use closewait::report::document::{About, Document, of_results};
use closewait::report::gate::{Input, annotations, disarmed, terminal};
use closewait::scenario::{Catalogue, LONGEST, read_plain};
use closewait::suite;

use super::args::{ScenariosDir, SnapshotsDir};
use super::baseline;
use super::complete;
use super::exit::{Done, Exit};
use super::files::write_all;
use super::guard::RULES;
use super::output::{print, print_exactly, tell};
use super::outputs::Outputs;
use super::run;

/// Arguments of `gate`.
#[derive(Debug, Clone, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct GateArgs {
    /// Which scenarios: ids, patterns such as `half-close/*`, or files; all if none is given
    #[arg(value_name = "PATTERN", add = ArgValueCandidates::new(complete::scenarios))]
    patterns: Vec<String>,
    /// Only this client (may be repeated)
    #[arg(long = "client", value_name = "NAME", add = ArgValueCandidates::new(complete::clients))]
    clients: Vec<String>,
    /// What is accepted: a folder of snapshots, a results file, or REVISION[:PATH] of git [default: the
    /// snapshots folder]
    #[arg(long, value_name = "BASELINE")]
    baseline: Option<String>,
    /// Compare this results file instead of running now
    #[arg(long, value_name = "FILE")]
    current: Option<PathBuf>,
    /// The rules: how serious which change is [default: closewait.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print GitHub's workflow commands, which put a message beside a line of a file
    #[arg(long, value_enum, default_value_t = When::Auto)]
    annotations: When,
    #[command(flatten)]
    outputs: Outputs,
    #[command(flatten)]
    scenarios: ScenariosDir,
    #[command(flatten)]
    snapshots: SnapshotsDir,
}

/// When annotations are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum When {
    /// If GITHUB_ACTIONS is `true`
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

const EXAMPLES: &str = "\
Examples:
  closewait gate                                     run now, compare with snapshots/
  closewait gate --baseline origin/main              compare with the snapshots of a revision
  closewait run --out before.json                    before an upgrade, without snapshots
  closewait gate --baseline before.json              … and after it
  closewait gate --markdown summary.md --junit junit.xml --sarif closewait.sarif";

const EXIT_CODES: &str = "\
Exit codes:
  0  nothing is worse than what is accepted, or rules allow it; a trade, where something required is
     repaired and only advice is worse, is warned of
  1  a verdict got worse (regressed)
  2  bad usage, a file that cannot be read or is not valid, or output that cannot be written
  3  nothing regressed, but another change is denied by a rule (trade, drifted, new, gone)";

/// Compares and reports.
pub fn run(args: &GateArgs) -> Done {
    let name = args.baseline.clone().unwrap_or_else(|| args.snapshots.snapshots.display().to_string());
    let on_stdout = args.outputs.on_stdout(&[], &reads(args, &name))?;
    // What is wrong with the files is said before anything is run.
    let accepted = baseline::load(&name, &args.snapshots.snapshots)?;
    // Snapshots hold verdicts; only a results file holds what can be laid beside today's results.
    let before = Path::new(&name).is_file().then(|| baseline::load_results(Path::new(&name))).transpose()?;
    let text = rules_text(args)?;
    let (catalogue, patterns) = args.scenarios.load_with(&args.patterns)?;
    let args = &GateArgs { patterns, ..args.clone() };
    let document = match &args.current {
        Some(path) => narrowed(args, baseline::load_results(path)?)?,
        None => {
            rules(args, text.as_deref(), &catalogue, &accepted, None)?;
            run_now(args, &catalogue)?
        }
    };
    let rules = rules(args, text.as_deref(), &catalogue, &accepted, Some(&document))?;
    let whole = document.selection.is_empty() && args.clients.is_empty();
    let accepted: Vec<ResultFacts> =
        accepted.into_iter().filter(|result| in_scope(&document, result)).collect();
    let control = suite::control_among(document.clients.iter().map(|client| client.name.as_str()));
    let verdict = decide(compare(&accepted, &document.facts()).beside_control(control), &rules, whole);
    let path = rules_path(args).display().to_string();
    // A results file stays as it is, whatever is accepted.
    let is_accepted = before.is_none();
    let input = Input {
        document: &document,
        verdict: &verdict,
        baseline: &name,
        unlike: None,
        is_accepted,
        rules: &path,
    };

    let mut outputs = args.outputs.results(before.as_ref(), &document, Some(&verdict))?;
    outputs.extend(args.outputs.reports(&input)?);
    write_all(&outputs)?;
    report(args, &input, on_stdout)?;
    Ok(match verdict.outcome() {
        Outcome::Passed => Exit::AsAccepted,
        Outcome::Regressed => Exit::Differs,
        Outcome::Denied => Exit::Denied,
    })
}

/// Files and folders that are read.
fn reads<'a>(args: &'a GateArgs, baseline: &'a str) -> Vec<&'a Path> {
    let named = args.patterns.iter().map(Path::new);
    let folders = args.scenarios.folder().into_iter().chain([args.snapshots.snapshots.as_path()]);
    let files = [Some(Path::new(baseline)), args.current.as_deref(), Some(rules_path(args))];
    named.chain(folders).chain(files.into_iter().flatten()).collect()
}

fn report(args: &GateArgs, input: &Input<'_>, on_stdout: bool) -> Result<(), Box<dyn Error>> {
    let in_actions = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    let annotate = match args.annotations {
        When::Auto => in_actions,
        When::Always => true,
        When::Never => false,
    };
    let page = terminal(input);
    let page = if in_actions || annotate { disarmed(&page) } else { page };
    if on_stdout {
        tell(&page);
    } else {
        print(&page)?;
        if annotate {
            print_exactly(&annotations(input))?;
        }
    }
    Ok(())
}

fn run_now(args: &GateArgs, catalogue: &Catalogue) -> Result<Document, Box<dyn Error>> {
    let clients = suite::choose(&args.clients)?;
    let scenarios = args.scenarios.found(catalogue.select(&args.patterns))?;
    let results = run::results(&scenarios, &clients);
    let about = About { selection: &args.patterns, folder: args.scenarios.folder(), test: None };
    Ok(of_results(&results, about))
}

/// Of a results file, what the arguments ask for.
fn narrowed(args: &GateArgs, mut document: Document) -> Result<Document, Box<dyn Error>> {
    if let Some(name) = args.clients.iter().find(|name| document.clients.iter().all(|c| c.name != **name)) {
        let there: Vec<&str> = document.clients.iter().map(|client| client.name.as_str()).collect();
        return Err(format!("the results file has no client `{name}`; there are {}", there.join(", ")).into());
    }
    let client = |name: &str| args.clients.is_empty() || args.clients.iter().any(|wanted| wanted == name);
    let scenario = |id: &str| {
        args.patterns.is_empty()
            || args.patterns.iter().any(|pattern| closewait::scenario::describes(pattern, id))
    };
    document.clients.retain(|c| client(&c.name));
    document.scenarios.retain(|s| scenario(&s.id));
    document.results.retain(|result| client(&result.client) && scenario(&result.scenario));
    if document.results.is_empty() {
        return Err("the results file has no result for these arguments".into());
    }
    if document.selection.is_empty() {
        document.selection.clone_from(&args.patterns);
    } else if !args.patterns.is_empty() {
        document.selection = document.scenarios.iter().map(|s| s.id.clone()).collect();
    }
    Ok(document)
}

/// Whether a result of the baseline was to be played: then its absence says something.
fn in_scope(document: &Document, result: &ResultFacts) -> bool {
    let selected = |pattern: &String| closewait::scenario::describes(pattern, &result.scenario);
    document.clients.iter().any(|client| client.name == result.client)
        && (document.selection.is_empty() || document.selection.iter().any(selected))
}

fn rules_path(args: &GateArgs) -> &Path {
    args.config.as_deref().unwrap_or(Path::new(RULES))
}

/// The text of the rules, if there are any.
fn rules_text(args: &GateArgs) -> Result<Option<String>, Box<dyn Error>> {
    let path = rules_path(args);
    match read_plain(path, LONGEST) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound && args.config.is_none() => Ok(None),
        Err(error) => Err(format!("cannot read the rules {}: {error}", path.display()).into()),
    }
}

fn rules(
    args: &GateArgs,
    text: Option<&str>,
    catalogue: &Catalogue,
    accepted: &[ResultFacts],
    document: Option<&Document>,
) -> Result<Rules, Box<dyn Error>> {
    let Some(text) = text else { return Ok(Rules::default()) };
    let results = document.map_or(&[][..], |document| &document.results);
    let mut known = Known::default();
    known.scenarios.extend(catalogue.iter().map(|scenario| scenario.id.as_str()));
    known.scenarios.extend(accepted.iter().map(|result| result.scenario.as_str()));
    known.scenarios.extend(results.iter().map(|result| result.scenario.as_str()));
    known.clients.extend(client::built_in().iter().map(|client| client.name()));
    known.clients.extend(accepted.iter().map(|result| result.client.as_str()));
    known.clients.extend(results.iter().map(|result| result.client.as_str()));
    for names in [&mut known.scenarios, &mut known.clients] {
        names.sort_unstable();
        names.dedup();
    }
    Ok(parse(&rules_path(args).display().to_string(), text, &known)?)
}
