//! The integration suite: one binary, one named trial per case, for `cargo test` and nextest alike.

mod suite;

fn main() {
    if let Ok(fixture) = std::env::var(suite::FIXTURE) {
        suite::play_fixture(&fixture);
    }
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, suite::trials()).exit();
}
