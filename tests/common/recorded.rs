//! Which calls of terraform infractl makes.

use std::fs;

use super::program::{Run, path_with};
use super::sandbox::Sandbox;

/// Puts a `terraform` on PATH that writes down its arguments and then is the real one: what infractl ends like with these
/// arguments, and what it has started.
pub(crate) fn recorded(project: &Sandbox) -> impl Fn(&[&str]) -> (Run, Vec<String>) {
    let log = project.path(".infractl/started");
    let real = which::which("terraform").unwrap();
    let text = format!("#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n", log.display(), real.display());
    let path = path_with([project.script(".infractl/bin/terraform", &text)]);
    move |args| {
        let _ = fs::remove_file(&log);
        let run = Run::of(project.command(args).env("PATH", &path));
        let lines = fs::read_to_string(&log).unwrap_or_default();
        (run, lines.lines().map(str::to_owned).collect())
    }
}

/// The first words of them.
pub(crate) fn verbs(lines: &[String]) -> Vec<&str> {
    lines.iter().map(|line| line.split(' ').next().unwrap_or_default()).collect()
}
