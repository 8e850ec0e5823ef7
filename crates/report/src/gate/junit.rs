//! JUnit XML: one suite for each client, one case for each scenario.

use closewait_oracle::gate::{DecidedCell, Level, State};
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
    let all = || input.verdict.cells.iter().chain(&input.verdict.control);
    for cell in all() {
        if !clients.contains(&cell.cell.client.as_str()) {
            clients.push(&cell.cell.client);
        }
    }
    for client in clients {
        let mut suite = TestSuite::new(one_line(client));
        let mut cells: Vec<_> = all().filter(|c| c.cell.client == client).collect();
        cells.sort_by_key(|cell| &cell.cell.scenario);
        suite.add_test_cases(cells.into_iter().map(|cell| case(input, cell)));
        report.add_test_suite(suite);
    }
    report.to_string()
}

fn case(input: &Input<'_>, cell: &DecidedCell) -> TestCase {
    let headline = cell.lead().map(|lead| one_line(&lead.headline())).unwrap_or_default();
    let mut text = headline.clone();
    for change in cell.others() {
        text += &format!("\n  {}", one_line(&change.sentence));
    }
    for rule in cell.rules() {
        text += &format!("\n{} by a rule: {}", rule.level.name(), one_line(&rule.reason));
    }
    let status = if cell.level() == Level::Deny {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(cell.cell.state.name());
        status.set_message(headline);
        status.set_description(format!("{text}\n{}", input.replay(cell)));
        status
    } else {
        match input.result(cell).and_then(|result| result.unsupported.as_ref()) {
            Some(reason) => {
                let mut status = TestCaseStatus::skipped();
                status.set_message(one_line(reason));
                status
            }
            None => TestCaseStatus::success(),
        }
    };
    let mut case = TestCase::new(one_line(&cell.cell.scenario), status);
    case.set_classname(one_line(&cell.cell.client));
    if cell.cell.state != State::Same {
        case.set_system_out(format!("{}\n{text}", cell.cell.state.name()));
    }
    case
}
