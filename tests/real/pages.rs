//! The pages that infractl writes, opened by a browser: they are whole, and nothing goes wrong on them.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::common::{Sandbox, need};

/// A phone and a screen.
pub(crate) const WIDTHS: [u32; 2] = [375, 1280];

/// What the page is in the end, and what the browser says of it.
fn open(chromium: &OsStr, page: &Path, width: u32) -> (String, Vec<String>) {
    address(chromium, &format!("file://{}", page.display()), width, &[])
}

/// The same with an address, and with more flags of the browser.
pub(crate) fn address(chromium: &OsStr, address: &str, width: u32, flags: &[&str]) -> (String, Vec<String>) {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", home.path().display()))
        .arg(format!("--window-size={width},900"))
        .args(flags)
        .arg(address)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().filter(|line| line.contains("CONSOLE")).map(str::to_owned).collect();
    (String::from_utf8_lossy(&output.stdout).into_owned(), said)
}

#[test]
fn pages_open_without_an_error_on_a_phone_and_on_a_screen() {
    let Some(chromium) = need("chromium") else { return };
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    project.infractl(&["plan", "--env", "dev,rec"]).code(0);
    project.infractl(&["status", "--html", "estate.html"]).code(0);
    project.infractl(&["history", "export", "--html", "run.html"]).code(0);
    for width in WIDTHS {
        let (page, said) = open(&chromium, &project.path("estate.html"), width);
        assert_eq!(said, [""; 0], "{width}");
        assert!(
            page.contains("plan done, just now by ") && page.contains("apply done, just now by "),
            "{page}"
        );
        let (page, said) = open(&chromium, &project.path("run.html"), width);
        assert_eq!(said, [""; 0], "{width}");
        assert!(page.contains("terraform plan"), "{page}");
    }
    // What is looked for is found where it is.
    project.write("wrong.html", "<script>console.error('seen')</script>");
    let (_, said) = open(&chromium, &project.path("wrong.html"), 375);
    assert!(said.iter().any(|line| line.contains("seen")), "{said:?}");
}
