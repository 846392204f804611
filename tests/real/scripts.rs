//! The scripts of this repository.

use crate::common::{need, output, program};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

#[test]
fn shellcheck_has_nothing_to_say() {
    let Some(shellcheck) = need("shellcheck") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = output(program("git", root).args(["-c", "safe.directory=*", "ls-files", "-s"]));
    let mut scripts = Vec::new();
    for line in String::from_utf8(listed).unwrap().lines() {
        let (about, name) = line.split_once('\t').unwrap();
        let text = std::fs::read(root.join(name)).unwrap_or_default();
        if [&b"#!/usr/bin/env bash"[..], b"#!/bin/sh", b"# shellcheck shell"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            scripts.push(name.to_owned());
            let executable = root.join(name).metadata().unwrap().permissions().mode() & 0o111 != 0;
            assert_eq!(executable, text.starts_with(b"#!"), "{name} ({about})");
        }
    }
    assert!(scripts.len() > 5, "{scripts:?}");
    output(program(shellcheck, root).arg("-x").args(scripts));
}
