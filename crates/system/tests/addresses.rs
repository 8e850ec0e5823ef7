//! Addresses that are the same in every process. This binary starts itself, and each of these starts itself anew.

use std::process::Command;

use closewait_system::fix_addresses;

const INNER: &str = "CLOSEWAIT_CLOCK_TEST_INNER";

fn main() {
    if std::env::var_os(INNER).is_some() {
        let is_fixed = fix_addresses();
        let (on_the_stack, on_the_heap, arguments) = (0, Box::new(0), std::env::args().skip(1));
        println!("{is_fixed} {:p} {:p} {:p}", &raw const on_the_stack, on_the_heap, main as fn());
        println!("{:?}", arguments.collect::<Vec<_>>());
        return;
    }
    let said: Vec<String> = (0..5).map(|_| inner()).collect();
    assert!(said[0].ends_with("[\"one\", \"and another\"]\n"), "{}", said[0]);
    if said[0].starts_with("true") {
        assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
    } else {
        println!("addresses cannot be fixed here: {}", said[0]);
    }
}

fn inner() -> String {
    let this = std::env::current_exe().expect("a test knows its binary");
    let output = Command::new(this).args(["one", "and another"]).env(INNER, "1").output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("it prints text")
}
