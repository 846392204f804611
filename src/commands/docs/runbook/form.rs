//! The form of a runbook: tables, code, and no place of one machine. Pure.

use std::path::Path;

/// Without what is true of one machine only: where the project is, where whoever runs it is at home.
pub(super) fn portable(text: &str, root: &Path, home: Option<&str>) -> String {
    let text = without(text, &root.to_string_lossy(), (".", ""));
    without(&text, home.unwrap_or_default().trim_end_matches('/'), ("~", "~/"))
}

/// A folder by another name: by itself, and before what is in it.
fn without(text: &str, folder: &str, (alone, above): (&str, &str)) -> String {
    if folder.len() < 2 {
        return text.to_owned();
    }
    let mut parts = text.split(folder);
    let mut new = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_longer = |c: char| c.is_alphanumeric() || "-_.".contains(c);
        match part.strip_prefix('/') {
            Some(rest) if rest.starts_with(is_longer) => new.extend([above, rest]),
            _ if part.starts_with(is_longer) => new.extend([folder, part]),
            _ => new.extend([alone, part]),
        }
    }
    new
}

/// A text in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// A text as code, in a cell or a sentence.
pub(super) fn code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace(['\n', '\r'], " ");
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{text}{fence}")
}

/// A table of Markdown; nothing without rows.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut text = String::new();
    for row in rows {
        if text.is_empty() {
            text = format!("\n| {} |\n|{}\n", head.join(" | "), "---|".repeat(N));
        }
        text.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_this_machine_are_not_in_it() {
        let text = "(cd /home/ada/shop/environments/dev && x) /home/ada/.ssh/id /home/ada/shop /home/adam/y";
        let told = portable(text, Path::new("/home/ada/shop"), Some("/home/ada"));
        assert_eq!(told, "(cd environments/dev && x) ~/.ssh/id . /home/adam/y");
        assert_eq!(portable("/etc/x ./run.sh", Path::new("/"), None), "/etc/x ./run.sh");
    }

    #[test]
    fn a_table_without_rows_is_nothing_and_cells_stay_in_their_column() {
        assert_eq!(table(["a", "b"], []), "");
        let text = table(["a", "b"], [[cell("x|y\nz"), code("a|`b`")]]);
        assert_eq!(text, "\n| a | b |\n|---|---|\n| x\\|y z | ``a\\|`b` `` |\n".replace("` ``", "```"));
    }
}
