//! Makes a long row fit: several places share a column, which shows the worst of them.

use closewait_explore::sweep::Mark;

/// How many places share a column if a row of `points` is to fit into `width`.
pub(super) fn points_per_column(points: usize, width: usize) -> usize {
    points.div_ceil(width.max(1)).max(1)
}

/// The signs of a row, so many places in each column.
pub(super) fn fold(marks: &[Mark], per_column: usize) -> Vec<Mark> {
    marks.chunks(per_column.max(1)).filter_map(|chunk| chunk.iter().min().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_shows_the_worst_of_its_points() {
        use Mark::{Ok, Retried, Violation};
        let marks = [Ok, Ok, Retried, Violation, Ok];
        let check = |width, expected: &[Mark]| {
            assert_eq!(fold(&marks, points_per_column(marks.len(), width)), expected, "{width}");
        };
        check(9, &marks);
        check(5, &marks);
        check(3, &[Ok, Violation, Ok]);
        check(1, &[Violation]);
        check(0, &[Violation]);
    }
}
