//! Every recipe of docs/cookbook is run as it stands: its files are written, its lines typed, what is printed compared.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;

use crate::common::{BIN, Folder, Run, clean, need, output, path_with};

/// What a page does, one after the other.
enum Step<'a> {
    /// Writes a file, or adds to it.
    File { path: &'a str, text: String, adds: bool },
    /// Somebody types a line; what is printed then, `...` for what is left out, and the exit code.
    Line { who: &'a str, line: &'a str, printed: Vec<&'a str>, code: i32 },
}

/// Files are the blocks after a line that only names them (`` `path`: ``, `` Add to `path`: ``), lines those of `console`.
fn steps(page: &str) -> Vec<Step<'_>> {
    let prompt = Regex::new(r"^([a-z]*)\$ (.+)$").unwrap();
    let named = Regex::new(r"^(Add to )?`([^`]+)`:$").unwrap();
    let (mut all, mut lines, mut name) = (Vec::new(), page.lines(), None);
    while let Some(line) = lines.next() {
        let Some(kind) = line.strip_prefix("```") else {
            if !line.is_empty() {
                name = named
                    .captures(line)
                    .map(|found| (found.get(2).unwrap().as_str(), found.get(1).is_some()));
            }
            continue;
        };
        let block = lines.by_ref().take_while(|line| !line.starts_with("```"));
        if kind != "console" {
            let text: String = block.map(|line| format!("{line}\n")).collect();
            all.extend(name.take().map(|(path, adds)| Step::File { path, text, adds }));
            continue;
        }
        for line in block {
            if let Some(found) = prompt.captures(line) {
                let (who, line) = (found.get(1).unwrap().as_str(), found.get(2).unwrap().as_str());
                all.push(Step::Line { who, line, printed: Vec::new(), code: 0 });
            } else if let Some(Step::Line { printed, code, .. }) = all.last_mut() {
                match line.strip_prefix("[exit code ").and_then(|rest| rest.strip_suffix(']')) {
                    Some(number) => *code = number.parse().unwrap(),
                    None => printed.push(line),
                }
            }
        }
    }
    all
}

/// Whether one of the lines of a text has this in it; `...` is anything.
pub(crate) fn holds(text: &str, line: &str) -> bool {
    let parts: Vec<String> = line.split("...").map(|part| regex::escape(part.trim_end())).collect();
    let pattern = Regex::new(&parts.join(".*")).unwrap();
    text.lines().any(|line| pattern.is_match(line))
}

/// Where lines are typed: a folder, and a home for whoever types.
pub(crate) struct Place {
    pub(crate) folder: Folder,
    here: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let here = folder.path("work");
        fs::create_dir(&here).unwrap();
        Place { folder, here }
    }

    fn home(&self, who: &str) -> PathBuf {
        let home = self.folder.path(format!("home-{who}"));
        fs::create_dir_all(&home).unwrap();
        home
    }

    /// Runs a script of shell where the last one ended.
    pub(crate) fn run(&mut self, who: &str, script: &str) -> Run {
        let (home, pwd) = (self.home(who), self.folder.path("pwd"));
        let mut shell = clean("bash", &self.here, &home);
        let names = ["AUTHOR", "COMMITTER"];
        shell
            .args(["-c", &format!("{script}\ncode=$?\npwd > '{}'\nexit $code", pwd.display())])
            .env("PATH", path_with([BIN]))
            .env("TMPDIR", &home)
            .env("USER", who)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(names.map(|name| (format!("GIT_{name}_NAME"), who)))
            .envs(names.map(|name| (format!("GIT_{name}_EMAIL"), "x@example.org")));
        let run = Run::of(&mut shell);
        if let Ok(text) = fs::read_to_string(pwd) {
            self.here = PathBuf::from(text.trim_end());
        }
        run
    }

    /// Does all that a page says.
    fn follow(&mut self, name: &str, page: &str) {
        let begins = Regex::new("as they stand in a project of `(infractl new ([a-z]+) [^`]*)`").unwrap();
        let first = match begins.captures(page) {
            Some(found) => format!("{} && cd {}", &found[1], &found[2]),
            None => "git init --quiet".to_owned(),
        };
        let begun = self.run("you", &first);
        assert_eq!(begun.code, 0, "{name}: {}", begun.err);
        let mut typed = 0;
        for step in steps(page) {
            match step {
                Step::File { path, text, adds } => {
                    let path = self.here.join(path);
                    fs::create_dir_all(path.parent().unwrap()).unwrap();
                    let before = if adds { fs::read_to_string(&path).unwrap() } else { String::new() };
                    fs::write(&path, before + &text).unwrap();
                    if text.starts_with("#!") {
                        output(Command::new("chmod").arg("+x").arg(path));
                    }
                }
                Step::Line { who, line, printed, code } => {
                    let run = self.run(if who.is_empty() { "you" } else { who }, line);
                    let said = format!("{}\n{}", run.out, run.err);
                    assert_eq!(run.code, code, "{name}: {line}\n{said}");
                    for shown in printed.into_iter().filter(|shown| *shown != "...") {
                        assert!(holds(&said, shown), "{name}: `{line}` did not print `{shown}`:\n{said}");
                    }
                    typed += 1;
                }
            }
        }
        assert!(typed >= 5, "{name} has {typed} lines");
    }
}

/// Name and text of each recipe.
fn recipes() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cookbook");
    let pages = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    pages
        .map(|path| {
            (path.file_stem().unwrap().to_string_lossy().into_owned(), fs::read_to_string(path).unwrap())
        })
        .collect()
}

/// These need a database.
const DATABASE: &str = "restore-a-snapshot";

#[test]
fn every_recipe_runs_as_it_stands() {
    let all: Vec<_> = recipes().into_iter().filter(|(name, _)| name != DATABASE).collect();
    assert!(all.len() >= 12, "{}", all.len());
    std::thread::scope(|scope| {
        for some in all.chunks(all.len().div_ceil(4)) {
            scope.spawn(move || some.iter().for_each(|(name, page)| Place::new().follow(name, page)));
        }
    });
}

#[test]
fn the_recipe_with_a_database_runs_as_it_stands() {
    let Some(server) = need("postgres") else { return };
    let server = server.into_string().unwrap();
    let (host, port) = server.split_once(':').unwrap();
    let sql = |database: &str, text: &str| {
        let mut psql = Command::new("psql");
        psql.args(["-h", host, "-p", port, "-U", "tf", "-d", database, "-Atc", text])
            .env("PGPASSWORD", "p@ss w0rd");
        String::from_utf8(output(&mut psql)).unwrap()
    };
    let name = format!("cookbook_{}", std::process::id());
    sql("postgres", &format!("create database {name}"));
    let mut place = Place::new();
    let address = place.home("you").join("address");
    fs::write(address, format!("postgres://tf:p%40ss%20w0rd@{server}/{name}")).unwrap();
    let (_, page) = recipes().into_iter().find(|(name, _)| name == DATABASE).unwrap();
    place.follow(DATABASE, &page);
    for left in
        sql("postgres", &format!("select datname from pg_database where datname like '{name}%'")).lines()
    {
        sql("postgres", &format!("drop database \"{left}\" with (force)"));
    }
}
