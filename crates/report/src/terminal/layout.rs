//! The columns of the matrix: side by side where there is room, narrow where there is less, one block below the other where there is
//! too little.

use closewait_oracle::Mark;

use super::style::{self, paint};
use crate::results::{ClientVersion, Entry};

/// The least width of a client's column where there is room.
const COLUMN: usize = 26;

/// Between two columns.
const GAP: usize = 2;

/// Some of the clients, and how wide the column of each is.
pub struct Layout<'a> {
    columns: Vec<(&'a ClientVersion, usize)>,
    is_narrow: bool,
}

impl<'a> Layout<'a> {
    /// All clients beside a first column, in as many blocks as it takes. `need` is the width of a client's widest cell.
    pub fn blocks(
        clients: &'a [ClientVersion],
        first: usize,
        width: Option<usize>,
        need: impl Fn(&ClientVersion, &Self) -> usize,
    ) -> Vec<Self> {
        let wide = |client: &'a ClientVersion| (client, COLUMN.max(title(client).len()));
        let wide = Self { columns: clients.iter().map(wide).collect(), is_narrow: false };
        let Some(width) = width.filter(|width| wide.width(first, &need) > *width) else { return vec![wide] };
        let mut blocks: Vec<Self> = Vec::new();
        let empty = Self { columns: Vec::new(), is_narrow: true };
        for client in clients {
            let column = (client, need(client, &empty).max(client.name.len()).max(client.version.len()));
            let used = |block: &Self| block.columns.iter().map(|(_, column)| column + GAP).sum::<usize>();
            let room = |block: &&mut Self| first + used(block) + GAP + column.1 <= width;
            match blocks.last_mut().filter(room) {
                Some(block) => block.columns.push(column),
                None => blocks.push(Self { columns: vec![column], is_narrow: true }),
            }
        }
        blocks
    }

    /// What it takes: the last column ends where its widest cell does.
    fn width(&self, first: usize, need: impl Fn(&ClientVersion, &Self) -> usize) -> usize {
        let Some(((last, _), others)) = self.columns.split_last() else { return first };
        let others: usize = others.iter().map(|(_, column)| column + GAP).sum();
        first + others + GAP + need(last, self).max(title(last).len())
    }

    /// The lines above the columns.
    pub fn titles(&self, first: usize) -> Vec<String> {
        let line = |title: &str, of: &dyn Fn(&ClientVersion) -> String| {
            let columns =
                self.columns.iter().map(|(client, width)| format!("{:GAP$}{:<width$}", "", of(client)));
            format!("{title:first$}{}", columns.collect::<String>()).trim_end().to_owned()
        };
        if self.is_narrow {
            let name = line("scenarios", &|client| client.name.to_owned());
            vec![name, line("", &|client| client.version.to_owned())]
        } else {
            vec![line("scenarios", &title)]
        }
    }

    /// A line of cells, each with its width.
    pub fn row(&self, first: String, cell: impl Fn(&str) -> (String, usize)) -> String {
        let mut row = first;
        for (client, width) in &self.columns {
            let (text, used) = cell(client.name);
            row += &format!("{:GAP$}{text}{:2$}", "", "", width.saturating_sub(used));
        }
        row.trim_end().to_owned() + "\n"
    }

    /// `✗ 2  ~ 1  ✓ 3`, or `✗2 ~1 ✓3`: worst first, so that the first sign is the family's.
    pub fn counts(&self, entries: &[&Entry<'_>]) -> (String, usize) {
        let (between, gap) = if self.is_narrow { ("", 1) } else { (" ", 2) };
        let (mut text, mut width) = (String::new(), 0);
        for mark in Mark::ALL {
            let count = entries.iter().filter(|entry| entry.result.mark() == mark).count();
            if count > 0 {
                let part = format!("{}{between}{count}", mark.sign());
                let space = if width > 0 { gap } else { 0 };
                width += space + part.chars().count();
                text += &format!("{:space$}{}", "", paint(style::of(mark), part));
            }
        }
        (text, width)
    }
}

fn title(client: &ClientVersion) -> String {
    format!("{} {}", client.name, client.version)
}
