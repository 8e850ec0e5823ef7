//! One trial for each scenario and client: what came out equals the accepted snapshot.

use std::path::Path;

use closewait::client::{self, UnderTest};
use closewait::report::snapshot::{self, Snapshot};
use closewait::scenario::Scenario;
use libtest_mimic::Trial;

use super::played::{catalogue, result};

/// `snapshot::<client>::<family>/<name>`, so that a client, a family or a scenario can be picked by name.
pub fn trials() -> Vec<Trial> {
    let mut trials = vec![Trial::test("snapshot::files_are_written_as_insta_writes_them", || {
        files_are_written_as_insta_writes_them();
        Ok(())
    })];
    for scenario in catalogue().iter() {
        for client in client::built_in() {
            let name = format!("snapshot::{}::{}", client.name(), scenario.id);
            trials.push(Trial::test(name, move || {
                check(scenario, *client);
                Ok(())
            }));
        }
    }
    trials
}

fn check(scenario: &Scenario, client: &'static dyn UnderTest) {
    let found = Snapshot::of(scenario, result(&scenario.id, client.name()));
    let (family, name) = scenario.id.split_once('/').expect("an id is family/name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(client.name()).join(family);
    settings(&folder, client.name(), client.version(), &found)
        .bind(|| insta::assert_snapshot!(name, found.body));
}

fn settings(folder: &Path, client: &str, version: &str, found: &Snapshot) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(snapshot::description(client, version));
    if let Some(record) = &found.record {
        settings.set_raw_info(&insta::internals::Content::from(record.to_json()));
    }
    settings
}

/// `closewait run --accept` and insta must agree on every byte, or accepting would make noise in a diff.
fn files_are_written_as_insta_writes_them() {
    let body = "A title\n\n         0 ms  a: GET /a\n\nfindings\n  x  y".to_owned();
    let record = r#"{"run":{"requests":[{"id":"a","error":"other","message":"\"a\\b\"\nü"}]}}"#;
    let record = Some(serde_json::from_str(record).expect("a record"));
    let (client, version, found) = ("hyper-util", "0.1.21", Snapshot { body, record });
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snapshot-format");
    std::fs::create_dir_all(&folder).expect("the folder of the tests can be written");
    let file = folder.join("format.snap");
    let ours = found.file(snapshot::SOURCE, client, version);
    std::fs::write(&file, &ours).expect("a snapshot can be written");
    let settings = settings(&folder, client, version, &found);
    settings.bind(|| insta::assert_snapshot!("format", found.body));

    let insta = insta::Snapshot::from_file(&file).expect("insta reads what closewait writes");
    assert_eq!(insta.metadata().description(), Some("hyper-util 0.1.21"));
    assert_eq!(insta.metadata().source(), Some(snapshot::SOURCE));
    let again = folder.join("again.snap");
    insta.save(&again).expect("insta writes a snapshot");
    assert_eq!(std::fs::read_to_string(&again).expect("insta has written it"), ours);
    assert_eq!(Snapshot::parse(&ours), Ok(found));
}
