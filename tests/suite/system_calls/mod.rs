//! What system calls on a simulated socket return, against Linux: one table, played twice.
//!
//! The simulator is held to it always. That the table is what Linux says is shown on loopback, ignored as what is about
//! somebody else: `cargo test --test suite -- --ignored real_sockets`.

mod loopback;
mod play;
mod simulated;
mod table;

use libtest_mimic::Trial;

/// The trials.
pub fn trials() -> Vec<Trial> {
    let simulated = table::TABLE.iter().map(|row| {
        Trial::test(format!("system_calls::{}", row.name), move || {
            simulated::check(row);
            Ok(())
        })
    });
    let real = table::TABLE.iter().map(|row| {
        let check = move || {
            loopback::check(row);
            Ok(())
        };
        Trial::test(format!("real_sockets::system_calls::{}", row.name), check).with_ignored_flag(true)
    });
    simulated.chain(real).collect()
}
