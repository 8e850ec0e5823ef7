//! The integration suite: one binary, one named trial per case, for `cargo test` and nextest alike.

mod suite;

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    libtest_mimic::run(&arguments, suite::trials()).exit();
}
