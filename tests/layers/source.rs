//! The source as a graph: which file uses which, whatever way it names it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its way from the root: `["steps", "wait"]`.
pub(crate) type Module = Vec<String>;

/// Where the source is.
pub(crate) fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// All files of Rust below a folder, sorted.
pub(crate) fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Code without comments, and without the tests at its end.
pub(crate) fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// It holds nothing but tests.
pub(crate) fn is_test(path: &Path) -> bool {
    let name = path.file_stem().unwrap().to_string_lossy();
    name.ends_with("tests") || path.components().any(|part| part.as_os_str() == "tests")
}

/// The module that a file is.
pub(crate) fn module(path: &Path) -> Module {
    let inside = path.strip_prefix(src()).unwrap().with_extension("");
    let mut parts: Module = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || last == "lib") {
        parts.pop();
    }
    parts
}

/// The modules that a file declares, in order.
pub(crate) fn declared(code: &str) -> Vec<String> {
    let lines = code.lines().filter_map(|line| {
        let line = line.strip_prefix("pub(crate) ").or(line.strip_prefix("pub ")).unwrap_or(line);
        line.strip_prefix("mod ")?.split(';').next().filter(|name| !name.contains('{'))
    });
    lines.map(|name| name.trim().to_owned()).collect()
}

/// All files, what they say, and which uses which.
pub(crate) struct Source {
    /// The code of each module.
    pub code: BTreeMap<Module, String>,
    /// From a module to those that it uses. What a `pub use` only hands on counts for who takes it there.
    pub arrows: BTreeMap<Module, BTreeSet<Module>>,
}

impl Source {
    pub(crate) fn read() -> Source {
        let files = rust_files(&src()).into_iter().filter(|path| !is_test(path));
        let code: BTreeMap<Module, String> = files.map(|path| (module(&path), code(&path))).collect();
        let handed_on: BTreeMap<Module, BTreeMap<String, Module>> =
            code.iter().map(|(module, text)| (module.clone(), handed_on(&code, module, text))).collect();
        let mut arrows: BTreeMap<Module, BTreeSet<Module>> = BTreeMap::new();
        for (module, text) in &code {
            // What hands on what it has not is no user of it.
            if matches!(module.first().map(String::as_str), None | Some("main" | "testing")) {
                continue;
            }
            let used = paths(text).into_iter().filter_map(|path| absolute(&code, module, &path));
            let used = used.filter_map(|path| resolve(&code, &handed_on, &path, 0));
            let used = used.filter(|used| used != module && !used.is_empty()).collect();
            arrows.insert(module.clone(), used);
        }
        Source { code, arrows }
    }

    /// Files that use one another in a circle, each with all that are in it.
    pub(crate) fn circles(&self) -> Vec<BTreeSet<Module>> {
        let reach = |from: &Module| {
            let mut seen = BTreeSet::new();
            let mut open = vec![from];
            while let Some(at) = open.pop() {
                for next in self.arrows.get(at).into_iter().flatten() {
                    if seen.insert(next) {
                        open.push(next);
                    }
                }
            }
            seen
        };
        let all: BTreeMap<&Module, BTreeSet<&Module>> =
            self.arrows.keys().map(|at| (at, reach(at))).collect();
        let circles = all.iter().map(|(at, seen)| {
            let back = seen.iter().filter(|other| all.get(**other).is_some_and(|seen| seen.contains(at)));
            back.map(|other| (*other).clone()).collect::<BTreeSet<Module>>()
        });
        let circles: BTreeSet<BTreeSet<Module>> = circles.filter(|circle| circle.len() > 1).collect();
        circles.into_iter().collect()
    }
}

/// The paths that a file names, as they are written.
fn paths(code: &str) -> Vec<String> {
    let (uses, rest) = uses(code);
    let mut all: Vec<String> =
        uses.into_iter().filter(|(is_handed_on, _)| !is_handed_on).map(|(_, path)| path).collect();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in rest.match_indices(start) {
            let before = rest[..at].chars().next_back();
            if before.is_none_or(|c| !c.is_alphanumeric() && !"_:(".contains(c)) {
                all.push(path_at(&rest[at..]));
            }
        }
    }
    for name in declared(code) {
        let call = format!("{name}::");
        let is_named = rest.match_indices(&call).any(|(at, _)| {
            rest[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && !"_:".contains(c))
        });
        if is_named {
            all.push(format!("self::{name}"));
        }
    }
    all
}

fn path_at(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
        .collect::<String>()
        .trim_end_matches(':')
        .to_owned()
}

/// The paths of all `use` lines, with whether they are handed on; and the code without them.
fn uses(code: &str) -> (Vec<(bool, String)>, String) {
    let (mut all, mut rest, mut open) = (Vec::new(), String::new(), None::<(bool, String)>);
    for line in code.lines() {
        if let Some((_, text)) = &mut open {
            text.push_str(line);
        } else {
            let bare = line.trim_start();
            let (is_public, bare) = match bare.split_once("use ") {
                Some(("", tree)) => (false, tree),
                Some((before, tree)) if before.starts_with("pub") && !before.contains('{') => (true, tree),
                _ => {
                    rest.push_str(line);
                    rest.push('\n');
                    continue;
                }
            };
            open = Some((is_public, bare.to_owned()));
        }
        if let Some((is_public, text)) = open.take_if(|(_, text)| text.contains(';')) {
            let tree: String =
                text.split(';').next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            all.extend(flat(&tree, "").into_iter().map(|path| (is_public, path)));
        }
    }
    (all, rest)
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`.
fn flat(tree: &str, before: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((head, inside)) = tree.split_once('{') else {
        return if tree.is_empty() { Vec::new() } else { vec![format!("{before}{tree}")] };
    };
    let inside = inside.rsplit_once('}').map_or(inside, |(inside, _)| inside);
    let (mut all, mut depth, mut from) = (Vec::new(), 0, 0);
    for (at, c) in inside.char_indices().chain([(inside.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                all.extend(flat(&inside[from..at], &format!("{before}{head}")));
                from = at + 1;
            }
            _ => {}
        }
    }
    all
}

/// The way from the root; none for what is of other crates.
fn absolute(code: &BTreeMap<Module, String>, own: &Module, path: &str) -> Option<Module> {
    let path = path.split(" as ").next()?.replace(' ', "");
    let mut parts: Module = path.split("::").filter(|part| *part != "*").map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "self") && parts.len() > 1 {
        parts.pop();
    }
    match parts.first()?.as_str() {
        "crate" => Some(parts.split_off(1)),
        "self" => Some([own.clone(), parts.split_off(1)].concat()),
        "super" => {
            let up = parts.iter().take_while(|part| *part == "super").count();
            let base = own[..own.len().checked_sub(up)?].to_vec();
            Some([base, parts.split_off(up)].concat())
        }
        first => {
            let child = [own.clone(), vec![first.to_owned()]].concat();
            code.contains_key(&child).then(|| [own.clone(), parts].concat())
        }
    }
}

/// The names that a module hands on with `pub use`, and where they come from.
fn handed_on(code: &BTreeMap<Module, String>, own: &Module, text: &str) -> BTreeMap<String, Module> {
    let public = uses(text).0.into_iter().filter(|(is_public, _)| *is_public);
    let entry = |(_, path): (bool, String)| {
        let name = path.rsplit([':', ' ']).next()?.to_owned();
        Some((name, absolute(code, own, &path)?))
    };
    public.filter_map(entry).collect()
}

/// The file that something stands in.
fn resolve(
    code: &BTreeMap<Module, String>,
    handed_on: &BTreeMap<Module, BTreeMap<String, Module>>,
    path: &[String],
    depth: usize,
) -> Option<Module> {
    let length = (0..=path.len()).rev().find(|length| code.contains_key(&path[..*length]))?;
    let (module, rest) = path.split_at(length);
    if let Some(from) = rest.first().and_then(|name| handed_on.get(module)?.get(name)).filter(|_| depth < 5) {
        return resolve(code, handed_on, &[from.as_slice(), &rest[1..]].concat(), depth + 1);
    }
    Some(module.to_vec())
}
