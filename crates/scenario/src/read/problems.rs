//! Collects everything that is wrong with one text.

use std::ops::Range;

use crate::{Invalid, Problem};

/// What was found so far, in no order.
#[derive(Default)]
pub struct Problems(Vec<Found>);

struct Found {
    message: String,
    span: Range<usize>,
    help: Option<String>,
}

impl Problems {
    /// Adds one; the excerpt shows `span`.
    pub fn add(&mut self, span: Range<usize>, message: impl Into<String>) -> &mut Self {
        self.0.push(Found { message: message.into(), span, help: None });
        self
    }

    /// Says how to fix what was added last.
    pub fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.0.last_mut() {
            last.help = Some(help.into());
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everything in the order of the text, with lines and columns.
    pub fn into_invalid(mut self, path: &str, source: &str) -> Invalid {
        self.0.sort_by_key(|found| found.span.start);
        let mut place = Place { offset: 0, line: 1, column: 1 };
        let problems = self.0.into_iter().map(|found| {
            let span = boundary(source, found.span.start)..boundary(source, found.span.end);
            place.advance(source, span.start);
            Problem { message: found.message, span, line: place.line, column: place.column, help: found.help }
        });
        let problems = problems.collect();
        Invalid { path: path.to_owned(), source: source.into(), problems }
    }
}

/// Walks a text once, however many places are asked for.
struct Place {
    offset: usize,
    line: usize,
    column: usize,
}

impl Place {
    fn advance(&mut self, source: &str, offset: usize) {
        for char in source[self.offset..offset].chars() {
            self.column += 1;
            if char == '\n' {
                self.line += 1;
                self.column = 1;
            }
        }
        self.offset = offset;
    }
}

/// The character boundary at or before `offset`.
fn boundary(source: &str, offset: usize) -> usize {
    (0..=offset.min(source.len())).rev().find(|place| source.is_char_boundary(*place)).unwrap_or(0)
}
