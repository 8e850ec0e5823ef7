//! `closewait completions`.

use clap::Args;
use clap_complete::Shell;
use clap_complete::env::Shells;

use super::exit::{Done, Exit};
use super::output::print_exactly;

/// The variable by which a shell asks for what can follow.
pub const VARIABLE: &str = "COMPLETE";

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that is to complete
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script by which a shell asks closewait itself, whenever it is to complete.
pub fn run(args: &CompletionsArgs) -> Done {
    let (shells, name) = (Shells::builtins(), args.shell.to_string());
    let shell = shells.completer(&name).ok_or_else(|| format!("{name} cannot be made to complete"))?;
    let mut script = Vec::new();
    shell.write_registration(VARIABLE, "closewait", "closewait", "closewait", &mut script)?;
    print_exactly(&String::from_utf8(script)?)?;
    Ok(Exit::AsAccepted)
}
