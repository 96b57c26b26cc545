//! The grid of a table: which columns and rows each cell covers, and what kind of table it is.

use crate::document::{Row, Table};

/// Where a cell lies in the grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spot {
    pub column: usize,
    pub columns: usize,
    pub rows: usize,
}

/// Places of all cells. A tree that does not keep its promise (spans that overlap or leave the table) is cut to fit.
pub(super) fn grid(rows: &[Row], columns: usize) -> Vec<Vec<Spot>> {
    let mut taken = vec![0_usize; columns];
    let mut out = Vec::with_capacity(rows.len());
    for (index, row) in rows.iter().enumerate() {
        let mut spots = Vec::with_capacity(row.cells.len());
        let mut column = 0;
        for cell in &row.cells {
            while column < columns && taken[column] > 0 {
                column += 1;
            }
            if column >= columns {
                break;
            }
            let free = taken[column..].iter().take_while(|taken| **taken == 0).count();
            let wanted = if row.group { columns } else { usize::from(cell.columns.max(1)) };
            let spot =
                Spot { column, columns: wanted.min(free), rows: usize::from(cell.rows.max(1)).min(rows.len() - index) };
            for taken in &mut taken[column..column + spot.columns] {
                *taken = spot.rows;
            }
            column += spot.columns;
            spots.push(spot);
        }
        for taken in &mut taken {
            *taken = taken.saturating_sub(1);
        }
        out.push(spots);
    }
    out
}

/// Whether a head may be set upright: one column of letters or numbers.
pub(super) fn is_upright(table: &Table, spot: &Spot) -> bool {
    spot.columns == 1 && table.columns[spot.column].narrow
}

/// Whether the table is there to be filled in by hand: all it holds is what stands in its first column.
pub(super) fn is_written_in(table: &Table) -> bool {
    let mut rows = table.rows.iter().filter(|row| !row.group).peekable();
    let empty = |row: &Row| row.cells.len() > 1 && row.cells[1..].iter().all(|cell| cell.blocks.is_empty());
    rows.peek().is_some() && rows.all(empty)
}

/// Markdown has no tables without heads; an empty one is not printed.
pub(super) fn says_nothing(row: &Row) -> bool {
    row.cells.iter().all(|cell| cell.blocks.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Cell;

    #[test]
    fn spans_that_leave_the_table_are_cut() {
        let cell = |columns, rows| Cell { blocks: Vec::new(), columns, rows };
        let rows = vec![
            Row { cells: vec![cell(1, 9), cell(9, 1), cell(1, 1)], ..Row::default() },
            Row { cells: vec![cell(2, 1), cell(1, 1)], ..Row::default() },
        ];
        let grid = grid(&rows, 3);
        assert_eq!(grid[0].len(), 2);
        assert_eq!((grid[0][0].rows, grid[0][1].columns), (2, 2));
        assert_eq!((grid[1].len(), grid[1][0].column, grid[1][0].columns), (1, 1, 2));
    }
}
