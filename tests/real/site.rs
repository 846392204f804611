//! The pages of docs/ as a site: built by mdBook, opened by a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{Folder, need};
use crate::pages::{WIDTHS, address};

/// Files below a folder with this ending.
fn files(folder: &Path, end: &str) -> Vec<PathBuf> {
    let (mut open, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|known| known == end) {
            found.push(path);
        }
    }
    found
}

/// Builds it into a folder.
fn site() -> Option<Folder> {
    let mdbook = need("mdbook")?;
    let folder = Folder::new();
    let mut build = Command::new(mdbook);
    build.args(["build", "--dest-dir"]).arg(folder.root()).arg(env!("CARGO_MANIFEST_DIR"));
    let done = build.output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned() + &String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && !said.contains("WARN") && !said.contains("ERROR"), "{said}");
    Some(folder)
}

#[test]
fn every_link_of_the_site_leads_to_a_place_on_it() {
    let Some(site) = site() else { return };
    let link = regex::Regex::new("<a [^>]*href=\"([^\"]+)\"").unwrap();
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for file in files(site.root(), "html") {
        let name = file.file_name().unwrap().to_str().unwrap();
        // All pages on one, and the page of an address that is not there, have the links of others.
        if name == "print.html" || name == "404.html" {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for found in link.captures_iter(&text).filter(|found| !found[1].contains(':')) {
            seen += 1;
            let (path, anchor) = found[1].split_once('#').unwrap_or((&found[1], ""));
            let aim = if path.is_empty() { file.clone() } else { file.parent().unwrap().join(path) };
            let is_there = match fs::read_to_string(&aim) {
                Ok(text) => anchor.is_empty() || text.contains(&format!("id=\"{anchor}\"")),
                // A folder of examples.
                Err(_) => aim.is_dir(),
            };
            if !is_there {
                wrong.push(format!("{name}: {}", &found[1]));
            }
        }
    }
    assert!(wrong.is_empty() && seen > 500, "{seen}: {wrong:#?}");
}

#[test]
fn the_site_opens_without_an_error_and_finds_what_is_looked_for() {
    let (Some(chromium), Some(site)) = (need("chromium"), site()) else { return };
    let base = format!("file://{}", site.root().display());
    for width in WIDTHS {
        for name in ["index.html", "troubleshooting.html", "cookbook/rotate-a-key.html", "cli/apply.html"] {
            let (page, said) = address(&chromium, &format!("{base}/{name}"), width, &[]);
            assert_eq!(said, [""; 0], "{name} at {width}");
            assert!(
                page.contains("From a Makefile, in ten minutes"),
                "{name} at {width} has no table of contents"
            );
        }
    }
    // The page does this when somebody types into its field.
    let search = format!("{base}/index.html?search=list%20of%20processes");
    let (page, said) = address(&chromium, &search, 1280, &["--virtual-time-budget=10000"]);
    assert_eq!(said, [""; 0]);
    assert!(
        page.contains("search results for") && page.contains("href=\"troubleshooting.html?highlight="),
        "{page}"
    );
}
