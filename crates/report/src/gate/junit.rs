//! JUnit XML: one suite for each client, one case for each scenario.

use closewait_oracle::gate::{DecidedResult, Level, State};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::escape::one_line;
use super::input::Input;

/// The report. A case fails if the gate does because of it; what is warned of is in its output.
///
/// # Errors
/// Never in practice: the writer fails only if memory does.
pub fn junit(input: &Input<'_>) -> Result<String, quick_junit::SerializeError> {
    let mut report = Report::new("closewait");
    let mut clients: Vec<&str> = input.document.clients.iter().map(|client| client.name.as_str()).collect();
    // Cases of the control never fail.
    let all = || input.verdict.results.iter().chain(&input.verdict.control);
    for result in all() {
        if !clients.contains(&result.result.client.as_str()) {
            clients.push(&result.result.client);
        }
    }
    for client in clients {
        let mut suite = TestSuite::new(one_line(client));
        let mut results: Vec<_> = all().filter(|c| c.result.client == client).collect();
        results.sort_by_key(|result| &result.result.scenario);
        suite.add_test_cases(results.into_iter().map(|result| case(input, result)));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(input: &Input<'_>, result: &DecidedResult) -> TestCase {
    let headline = result.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
    let mut text = headline.clone();
    for change in result.others() {
        text += &format!("\n  {}", one_line(&change.sentence));
    }
    for rule in result.rules() {
        text += &format!("\n{} by a rule: {}", rule.level.name(), one_line(&rule.reason));
    }
    let status = if result.level() == Level::Deny {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(result.result.state.name());
        status.set_message(headline);
        status.set_description(format!("{text}\n{}", input.replay(result)));
        status
    } else {
        match input.played(result).and_then(|result| result.unsupported.as_ref()) {
            Some(reason) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(one_line(reason));
                status
            }
            None => TestCaseStatus::success(),
        }
    };
    let mut case = TestCase::new(one_line(&result.result.scenario), status);
    case.set_classname(one_line(&result.result.client));
    if result.result.state != State::Same {
        case.set_system_out(format!("{}\n{text}", result.result.state.name()));
    }
    case
}
