//! `closewait run --repeat`.

use closewait::client::UnderTest;
use closewait::lab::Limits;
use closewait::scenario::Scenario;
use closewait::suite::{self, Divergence};
use serde_json::{Value, json};

use super::exit::{Done, Exit};
use super::output::{Progress, print, print_exactly};

/// Runs everything so often, and stops at the first trace that differs. `verbose` names what was run.
pub fn run(
    scenarios: &[&Scenario],
    clients: &[&'static dyn UnderTest],
    runs: u32,
    verbose: bool,
    as_json: bool,
) -> Done {
    let mut progress = Progress::new(scenarios.len() * clients.len());
    let (mut same, mut divergence) = (Vec::new(), None);
    for (scenario, client) in
        scenarios.iter().flat_map(|scenario| clients.iter().map(move |c| (scenario, *c)))
    {
        progress.next(&scenario.id, client.name());
        divergence = suite::repeat(scenario, client, &Limits::default(), runs);
        if divergence.is_some() {
            break;
        }
        let unsupported = client.unsupported(scenario);
        same.push((scenario.id.as_str(), client.name(), unsupported));
    }
    drop(progress);
    if as_json {
        print_exactly(&document(runs, &same, divergence.as_ref())?)?;
    } else {
        print(&page(runs, &same, divergence.as_ref(), verbose))?;
    }
    Ok(if divergence.is_some() { Exit::Differs } else { Exit::AsAccepted })
}

/// Scenario, client, and why the client cannot play it.
type Same<'a> = (&'a str, &'static str, Option<String>);

fn page(runs: u32, same: &[Same<'_>], divergence: Option<&Divergence>, verbose: bool) -> String {
    let line = |(scenario, client, unsupported): &Same<'_>| match unsupported {
        None => format!("{scenario}  {client}  the same\n"),
        Some(reason) => format!("{scenario}  {client}  unsupported: {reason}\n"),
    };
    let mut page: String = same.iter().filter(|_| verbose).map(line).collect();
    page += &match divergence {
        Some(divergence) => format!("{divergence}\n"),
        None => {
            format!("{} scenarios and clients, {runs} runs of each: every trace is the same\n", same.len())
        }
    };
    page
}

fn document(runs: u32, same: &[Same<'_>], divergence: Option<&Divergence>) -> serde_json::Result<String> {
    let result = |(scenario, client, unsupported): &Same<'_>| {
        let mut result = json!({ "scenario": scenario, "client": client });
        if let Some(reason) = unsupported {
            result["unsupported"] = Value::from(reason.as_str());
        }
        result
    };
    let differs = divergence.map(|Divergence { scenario, client, run, event, first, other }| {
        json!({ "scenario": scenario, "client": client, "run": run, "event": event, "first": first, "other": other })
    });
    let document = json!({
        "repeat": 1,
        "closewait": env!("CARGO_PKG_VERSION"),
        "runs": runs,
        "same": same.iter().map(result).collect::<Vec<_>>(),
        "differs": differs,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}
