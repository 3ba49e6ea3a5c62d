//! Tables for people: columns two spaces apart, no lines, headings in capitals; and single objects as one line for each field.
//!
//! On a terminal the widest columns wrap to its width; piped, a row is always one line, so that `grep` and `awk` work.

use comfy_table::{ContentArrangement, Table, presets};

/// An item of a list.
pub(crate) trait Listed {
    /// The columns' headings.
    const HEADINGS: &'static [&'static str];
    /// What to say when there are no items.
    const NONE: &'static str;

    /// One cell for each heading.
    fn cells(&self) -> Vec<String>;
}

/// A single object.
pub(crate) trait Shown {
    /// Its fields in the order of importance.
    fn fields(&self) -> Fields;
}

/// Labels and values; a value may have several lines.
pub(crate) type Fields = Vec<(&'static str, String)>;

/// Lays out `rows` under `headings`.
pub(crate) fn render_table(headings: &[&str], rows: impl IntoIterator<Item = Vec<String>>, terminal: bool) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headings.iter().map(|heading| heading.to_uppercase()));
    table.set_content_arrangement(if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled });
    for row in rows {
        debug_assert_eq!(row.len(), headings.len(), "every row has a cell under each heading");
        table.add_row(row.iter().map(|cell| printable(cell, terminal)));
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    trimmed(&table.to_string())
}

/// Lays out one object. A label without a value is left out.
pub(crate) fn render_fields(fields: &[(&str, String)]) -> String {
    let fields = fields.iter().filter(|(_, value)| !value.is_empty());
    let width = fields.clone().map(|(label, _)| label.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, value) in fields {
        for (index, line) in value.lines().enumerate() {
            let label = if index == 0 { label } else { "" };
            text.push_str(&format!("{label:width$}  {}", printable(line, true)));
            text.push('\n');
        }
    }
    text
}

/// Control characters could move the cursor or colour what follows: they come from elsewhere, so they are shown as `?`.
fn printable(text: &str, lines: bool) -> String {
    text.chars()
        .map(|c| match c {
            '\n' if lines => '\n',
            '\n' | '\t' => ' ',
            c if c.is_control() => '?',
            c => c,
        })
        .collect()
}

fn trimmed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piped_row_is_one_line_without_trailing_spaces() {
        let rows = [vec!["a".to_owned(), "two\nlines".to_owned()], vec!["longer".to_owned(), String::new()]];
        let text = render_table(&["name", "title"], rows, false);
        assert_eq!(text, "NAME    TITLE\na       two lines\nlonger\n");
    }

    #[test]
    fn control_characters_from_outside_do_not_reach_the_terminal() {
        let text = render_table(&["name"], [vec!["\u{1b}[31mred".to_owned()]], true);
        assert_eq!(text, "NAME\n?[31mred\n");
    }

    #[test]
    fn empty_fields_are_left_out_and_long_ones_indented() {
        let fields = [("name", "x".to_owned()), ("manufacturer", String::new()), ("programs", "one\ntwo".to_owned())];
        assert_eq!(render_fields(&fields), "name      x\nprograms  one\n          two\n");
    }
}
