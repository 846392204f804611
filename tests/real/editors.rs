//! The JSON Schema as editors use it: taplo is what Even Better TOML, neovim and Helix start.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::mistakes::{self, Seen};
use crate::common::{Folder, Sandbox, need};

/// The files that taplo refuses.
fn refused(
    taplo: &Path,
    dir: &Path,
    schema: Option<&Path>,
    files: &[PathBuf],
) -> (BTreeSet<PathBuf>, String) {
    let mut command = Command::new(taplo);
    command.args(["lint", "--no-auto-config", "--colors", "never"]).current_dir(dir);
    if let Some(schema) = schema {
        command.arg("--schema").arg(format!("file://{}", schema.display()));
    }
    let done = command.args(files).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    // Of the lines that say it in one, taplo 0.9 loses some; those with a place are all there.
    let place = |line: &str| {
        let (path, _) = line.trim_start().strip_prefix("┌─ ")?.rsplit_once(':')?;
        Some(PathBuf::from(path.rsplit_once(':')?.0))
    };
    let refused: BTreeSet<PathBuf> = said.lines().filter_map(place).collect();
    assert_eq!(done.status.success(), refused.is_empty(), "{said}");
    (refused, said)
}

fn schema(folder: &Folder) -> PathBuf {
    let project = Sandbox::empty();
    folder.write("infractl.schema.json", &project.infractl(&["docs", "schema"]).code(0).out);
    folder.path("infractl.schema.json")
}

/// The configuration in the documentation: blocks of TOML.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut inside: Option<String> = None;
    for line in page.lines() {
        match (&mut inside, line) {
            (None, "```toml") => inside = Some(String::new()),
            (Some(_), "```") => blocks.extend(inside.take()),
            (Some(block), line) => {
                block.push_str(line);
                block.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// Every file of a project below a folder.
fn projects(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') {
            projects(&path, found);
        } else if ["environment.toml", "defaults.toml"].contains(&name.as_str()) {
            found.push(path);
        }
    }
}

#[test]
fn taplo_takes_every_example() {
    let Some(taplo) = need("taplo").map(PathBuf::from) else { return };
    let folder = Folder::new();
    let schema = schema(&folder);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for place in ["environments", "examples"] {
        projects(&root.join(place), &mut files);
    }
    let those_there = files.len();
    for entry in fs::read_dir(root.join("docs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "md") {
            continue;
        }
        for (number, block) in blocks(&fs::read_to_string(&path).unwrap()).iter().enumerate() {
            // What taplo itself and the files of secrets have as TOML is no configuration of infractl.
            if block.starts_with("# .taplo.toml") || block.starts_with("[recipients]") {
                continue;
            }
            let name = format!("{}-{number}.toml", path.file_stem().unwrap().display());
            folder.write(&name, block);
            files.push(folder.path(&name));
        }
    }
    assert!(those_there > 10 && files.len() > those_there + 40, "{} of {}", those_there, files.len());
    let (refused, said) = refused(&taplo, folder.root(), Some(&schema), &files);
    assert!(refused.is_empty(), "{said}");
}

#[test]
fn taplo_refuses_every_mistake_of_shape() {
    let Some(taplo) = need("taplo").map(PathBuf::from) else { return };
    let folder = Folder::new();
    let schema = schema(&folder);
    let (mut files, mut expected) = (Vec::new(), BTreeSet::new());
    for (number, (text, seen)) in mistakes::ALL.iter().enumerate() {
        let path = folder.path(format!("mistake-{number:03}.toml"));
        fs::write(&path, text).unwrap();
        if *seen == Seen::Shape {
            expected.insert(path.clone());
        }
        files.push(path);
    }
    let (refused, said) = refused(&taplo, folder.root(), Some(&schema), &files);
    let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
    let missed: Vec<String> = expected.difference(&refused).map(text).collect();
    let more: Vec<String> = refused.difference(&expected).map(text).collect();
    assert!(missed.is_empty() && more.is_empty(), "not seen: {missed:#?}\nseen: {more:#?}\n{said}");
}

#[test]
fn a_new_project_has_the_line_that_taplo_reads() {
    let Some(taplo) = need("taplo").map(PathBuf::from) else { return };
    let project = Sandbox::empty();
    for template in ["empty", "lab", "aws", "azure", "ovh"] {
        let words = ["new", template, "--template", template, "--environments", "dev,prod", "--no-input"];
        project.infractl(&words).code(0);
        let dir = project.path(template);
        let mut files = Vec::new();
        projects(&dir.join("environments"), &mut files);
        assert_eq!(files.len(), 3, "{files:?}");
        // No schema is named: the first line of each file does it.
        let (none, said) = refused(&taplo, &dir, None, &files);
        assert!(none.is_empty(), "{said}");
        for file in &files {
            let text = fs::read_to_string(file).unwrap();
            let (line, rest) = text.split_once('\n').unwrap();
            fs::write(file, format!("{line}\nprotectd = true\n{rest}")).unwrap();
        }
        let (all, said) = refused(&taplo, &dir, None, &files);
        assert_eq!(all.len(), files.len(), "{said}");
    }
}
