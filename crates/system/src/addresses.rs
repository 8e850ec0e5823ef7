//! Addresses that are the same in every process of a program.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::personality::{self, Persona};

/// Starts this program anew, once, with addresses that are not randomised: ahash and foldhash seed themselves by them, and whatever is
/// sorted by address has another order in each process. Returns only when the program has such addresses, or if it cannot: false where
/// the system does not allow it, as Docker's default profile does not.
///
/// Call it first in `main`: what was done before is done again.
pub fn fix_addresses() -> bool {
    let Ok(persona) = personality::get() else { return false };
    if persona.contains(Persona::ADDR_NO_RANDOMIZE) {
        return true;
    }
    let Ok(program) = env::current_exe() else { return false };
    if personality::set(persona | Persona::ADDR_NO_RANDOMIZE).is_err() {
        return false;
    }
    let mut arguments = env::args_os();
    let name = arguments.next().unwrap_or_else(|| program.clone().into());
    // It returns only if it fails.
    let _ = Command::new(program).arg0(name).args(arguments).exec();
    let _ = personality::set(persona);
    false
}
