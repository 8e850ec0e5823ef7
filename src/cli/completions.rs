//! `closewait completions`.

use clap::{Args, Command};
use clap_complete::Shell;

use super::exit::{Done, Exit};
use super::output::print_exactly;

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script that makes a shell complete.
pub fn run(args: &CompletionsArgs, mut command: Command) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "closewait", &mut script);
    print_exactly(&String::from_utf8(script)?)?;
    Ok(Exit::AsAccepted)
}
