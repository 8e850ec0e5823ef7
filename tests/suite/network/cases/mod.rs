//! One case a situation: a script, and what must be seen on the wire, in this order.

mod buffers;
mod closing;
mod hosts;
mod order;
mod origin;
mod path;
mod reset;
mod retransmission;
mod steps;

/// Name, steps, further tables of the scenario, lines of the page.
///
/// Steps are those of a scenario, without braces; `get a`, `start a` (in the background), `await a` and
/// `wait 1s` are short for the usual ones, and `LONG` is a text of 100,000 characters. Expected lines come in
/// this order, with others between them; one without a time may come at any, and `never …` may not come at all.
pub type Case = (&'static str, &'static [&'static str], &'static str, &'static [&'static str]);

/// Every family.
pub const FAMILIES: &[(&str, &[Case])] = &[
    ("buffers", buffers::CASES),
    ("closing", closing::CASES),
    ("hosts", hosts::CASES),
    ("order", order::CASES),
    ("origin", origin::CASES),
    ("path", path::CASES),
    ("reset", reset::CASES),
    ("retransmission", retransmission::CASES),
    ("steps", steps::CASES),
];
