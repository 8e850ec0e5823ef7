//! `closewait clients`; and which clients are under test: built-in ones, and programs of their own.

use std::error::Error;
use std::fmt::Write;

use clap::{Args, Subcommand};
use closewait::client::UnderTest;
use closewait::lab::Limits;
use closewait::scenario::Scenario;
use closewait::suite::{self, RunOutcome, UnknownClient};
use closewait::trace::{Direction, End, ErrorKind, Fate, Outcome, Trace, Views, What};
use closewait_programs as programs;
use programs::Manifest;

use super::exit::{Done, Exit};
use super::output::print;

/// Arguments of `clients`.
#[derive(Debug, Args)]
pub struct ClientsArgs {
    #[command(subcommand)]
    command: Option<ClientsCommand>,
}

#[derive(Debug, Subcommand)]
enum ClientsCommand {
    /// Play a handful of scenarios that tell whether a shim does what it is told
    #[command(
        after_help = "Example:\n  closewait clients check ./my-client\n\nExit codes:\n  0  it does\n  1  it does not\n  2  it cannot be had on this machine"
    )]
    Check {
        /// The client: its folder, or its name
        #[arg(value_name = "CLIENT")]
        client: String,
    },
}

/// Lists them, or checks one.
pub fn run(args: &ClientsArgs) -> Done {
    match &args.command {
        None => {
            print(&list()?)?;
            Ok(Exit::AsAccepted)
        }
        Some(ClientsCommand::Check { client }) => check(client),
    }
}

fn list() -> Result<String, String> {
    let mut text = "in this process, in virtual time\n".to_owned();
    for client in suite::built_in() {
        let _ = writeln!(text, "  {:<18} {}", client.name(), client.version());
    }
    text += "\nprograms of their own, on a real kernel (Linux): NAME, NAME@VERSION, or a folder with a client.toml\n";
    for name in programs::built_in() {
        let manifest = Manifest::parse(programs::manifest(name).unwrap_or_default())?;
        let Manifest { title, language, version, protocols, .. } = manifest;
        let _ =
            writeln!(text, "  {name:<18} {version:<14} {language:<11} {:<22} {title}", protocols.join(" "));
    }
    Ok(text)
}

fn check(name: &str) -> Done {
    let clients = choose(&[name.to_owned()], false)?;
    let checks = programs::checks();
    let results = suite::play_all(&checks, &clients, &Limits::default(), |_, _| ());
    let (mut text, mut fails) = (String::new(), false);
    for (scenario, result) in checks.iter().zip(&results) {
        let (mark, words) = match &result.outcome {
            RunOutcome::Unsupported { reason } => ("-", reason.clone()),
            RunOutcome::Ran { trace, .. } => match wrong(scenario, trace) {
                None => ("✓", scenario.title.clone()),
                Some(wrong) => {
                    fails = true;
                    ("✗", wrong)
                }
            },
        };
        let _ = writeln!(text, "{mark} {:<28} {words}", scenario.id);
    }
    print(&text)?;
    Ok(if fails { Exit::Differs } else { Exit::AsAccepted })
}

/// What a shim did that it was not told to.
fn wrong(scenario: &Scenario, trace: &Trace) -> Option<String> {
    match &trace.end {
        End::Completed => {}
        End::Panic { message } => return Some(message.clone()),
        other => return Some(format!("the run ended with {other:?}: the program does not come to rest")),
    }
    let views = Views::of(trace, &scenario.client);
    let outcome = |id: &str| views.requests.iter().find(|request| request.id == id)?.outcome();
    let is_200 = |id: &str| matches!(outcome(id), Some(Outcome::Response { status: 200, .. }));
    let told = |id: &str| format!("{id} ended with {:?}", outcome(id));
    match scenario.id.as_str() {
        "shim/sends-what-it-is-told" if sent(trace) < 3_000 => {
            Some(format!("a body of 3,000 bytes was to be sent: {} bytes left in all", sent(trace)))
        }
        "shim/tells-of-errors" => match outcome("a") {
            Some(Outcome::Error { kind: ErrorKind::Connect, .. }) => None,
            _ => {
                Some(format!("a connection that is refused is an error of the kind `connect`: {}", told("a")))
            }
        },
        "shim/gives-up" if !is_ended_by_the_client(trace) => Some(
            "a was given up while its answer was due, and its connection stays open: in HTTP/1.1 nothing else ends it".to_owned(),
        ),
        "shim/gives-up" => (!is_200("b")).then(|| told("b")),
        "shim/closes" => trace
            .sockets
            .first()
            .map(|socket| format!("the client was closed, and its socket is in {}", socket.state)),
        _ => ["a", "b"].into_iter().find(|id| !is_200(id)).map(told),
    }
}

/// Whether the client ends its first connection before it is closed itself.
fn is_ended_by_the_client(trace: &Trace) -> bool {
    let mut events = trace.events.iter().take_while(|event| event.what != What::ClientClosing);
    events.any(|event| match &event.what {
        What::Segment { connection: 1, direction: Direction::ToOrigin, fate: Fate::Sent, segment } => {
            segment.fin || segment.rst
        }
        _ => false,
    })
}

/// Payload that left the client's host, bytes.
fn sent(trace: &Trace) -> usize {
    let payload = |what: &What| match what {
        What::Segment { direction: Direction::ToOrigin, fate: Fate::Sent, segment, .. } => {
            segment.payload.len()
        }
        _ => 0,
    };
    trace.events.iter().map(|event| payload(&event.what)).sum()
}

/// The clients of these names: built-in ones first, in their order, and then programs, each installed if it is not yet. All built-in
/// ones if no name is given. Only if they are to be `slow`, programs play what takes minutes.
///
/// # Errors
/// If there is no client of a name, or if a program cannot be had on this machine.
pub fn choose(names: &[String], slow: bool) -> Result<Vec<&'static dyn UnderTest>, Box<dyn Error>> {
    let is_built_in = |name: &&String| suite::built_in().iter().any(|client| client.name() == name.as_str());
    let (within, apart): (Vec<&String>, Vec<&String>) = names.iter().partition(is_built_in);
    let mut clients = Vec::new();
    if names.is_empty() || !within.is_empty() {
        clients = suite::choose(&within.into_iter().cloned().collect::<Vec<_>>())?;
    }
    let is_program = |name: &str| name.contains(['/', '@']) || programs::built_in().contains(&name);
    if let Some(name) = apart.iter().find(|name| !is_program(name)) {
        let known = suite::built_in().iter().map(|client| client.name()).chain(programs::built_in());
        return Err(UnknownClient { name: (*name).clone(), known: known.collect() }.into());
    }
    if !apart.is_empty() {
        programs::become_root_here()?;
    }
    for name in apart {
        clients.push(Box::leak(Box::new(programs::choose(name, slow)?)));
    }
    Ok(clients)
}
