//! The generated pages in `docs/` are those of the code. `tests/update-docs` writes them again.
#![expect(clippy::disallowed_methods, reason = "it writes the pages again when asked to")]

use std::fs;
use std::path::Path;

use infractl::commands::docs::{Page, page};

#[test]
fn generated_pages_are_up_to_date() {
    let pages = [
        (Page::Cli, "cli.md"),
        (Page::Config, "config.md"),
        (Page::ExitCodes, "exit-codes.md"),
        (Page::Variables, "variables.md"),
        (Page::Schema, "config.schema.json"),
        (Page::ReportSchema, "report.schema.json"),
        (Page::Man, "infractl.1"),
    ];
    let mut stale = Vec::new();
    for (name, file) in pages {
        let text = page(name).map_err(|failure| failure.error).unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
        if std::env::var_os("INFRACTL_UPDATE_DOCS").is_some() {
            fs::write(&path, &text).unwrap();
        }
        if fs::read_to_string(&path).unwrap_or_default() != text {
            stale.push(file);
        }
    }
    assert!(stale.is_empty(), "run tests/update-docs: {stale:?} differ from the code");
}
