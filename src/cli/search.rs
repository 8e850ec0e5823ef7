//! `closewait search`.

use std::io::Read;

use clap::Args;
use closewait::report::found;

use super::args::ScenariosDir;
use super::exit::{Done, Exit};
use super::output::{print, print_exactly};

/// Arguments of `search`.
#[derive(Debug, Args)]
#[command(after_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub struct SearchArgs {
    /// A line of a log, or words that describe the trouble; `-` reads standard input
    #[arg(value_name = "TEXT", required = true)]
    text: Vec<String>,
    /// Show at most this many; 0 shows all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    scenarios: ScenariosDir,
}

const EXAMPLES: &str = "\
Examples:
  closewait search 'connection closed before message completed'  what a log says
  closewait search read ECONNRESET                               quotes are not needed
  closewait search half-close post                               words of a title
  tail -1 app.log | closewait search -                           a line from elsewhere";

const EXIT_CODES: &str = "\
Exit codes:
  0  something was found
  1  nothing was found
  2  bad usage, or a file that cannot be read or is not valid";

/// Searches.
pub fn run(args: &SearchArgs) -> Done {
    let catalogue = args.scenarios.load()?;
    let text = match args.text.as_slice() {
        [dash] if dash == "-" => standard_input()?,
        words => words.join(" "),
    };
    let hits = catalogue.search(&text);
    let shown = if args.limit == 0 { hits.len() } else { args.limit.min(hits.len()) };
    let (first, all) = (&hits[..shown], hits.len());
    if args.json { print_exactly(&found::json(first)?) } else { print(&found::text(first, all)) }?;
    Ok(if hits.is_empty() { Exit::Differs } else { Exit::AsAccepted })
}

fn standard_input() -> std::io::Result<String> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    // Logs are not always UTF-8 throughout.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
