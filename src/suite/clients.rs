//! Which clients are under test.

use closewait_adapters::{HyperUtil, Reqwest, Tonic};
use closewait_reference::Reference;
use closewait_scenario::did_you_mean;
use closewait_simulator::client::UnderTest;
use thiserror::Error;

/// The clients that closewait ships adapters for.
pub fn built_in() -> &'static [&'static dyn UnderTest] {
    // The versions are those of the lock file that closewait was built with: see build.rs.
    &[
        &HyperUtil { version: env!("CLOSEWAIT_LOCKED_HYPER_UTIL") },
        &Reqwest { version: env!("CLOSEWAIT_LOCKED_REQWEST") },
        &Tonic { version: env!("CLOSEWAIT_LOCKED_TONIC") },
        &Reference::CORRECT,
    ]
}

/// The client that the others are measured by, where there are others: the reference client. It is built on the hyper and
/// the h2 of the lock file, so an upgrade changes it as well.
pub fn control_among<'a>(clients: impl IntoIterator<Item = &'a str>) -> Option<&'static str> {
    let clients: Vec<&str> = clients.into_iter().collect();
    let control = Reference::CORRECT.name();
    (clients.len() > 1 && clients.contains(&control)).then_some(control)
}

/// A name that no built-in client has.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("no client is called `{name}`; {}", did_you_mean(.name, .known))]
pub struct UnknownClient {
    /// The name.
    pub name: String,
    /// The names there are.
    pub known: Vec<&'static str>,
}

/// The built-in clients of these names, in the order of the built-in ones; all of them if no name is given.
///
/// # Errors
/// If there is no client of a name.
pub fn choose(names: &[String]) -> Result<Vec<&'static dyn UnderTest>, UnknownClient> {
    let all = built_in();
    if let Some(name) = names.iter().find(|name| all.iter().all(|client| client.name() != name.as_str())) {
        let known = all.iter().map(|client| client.name()).collect();
        return Err(UnknownClient { name: name.clone(), known });
    }
    let chosen =
        |client: &&&'static dyn UnderTest| names.is_empty() || names.iter().any(|name| name == client.name());
    Ok(all.iter().filter(chosen).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_alone_is_no_control() {
        let check = |clients: &[&str], control| assert_eq!(control_among(clients.iter().copied()), control);
        check(&["reqwest", "reference"], Some("reference"));
        check(&["reference"], None);
        check(&["reqwest", "tonic"], None);
    }
}
