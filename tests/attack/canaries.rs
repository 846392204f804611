//! Secrets in every form that docs/masking.md promises to hide, through everything that infractl says and writes.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::{JoinHandle, sleep};
use std::time::Duration;

use aho_corasick::AhoCorasick;

use crate::common::{Sandbox, processes};
use crate::rounds::rounds;

mod forms;
mod secrets;

use forms::Form;

/// A part of a form that is as long as this is a secret that was shown.
const PART: usize = 12;

/// Both print all forms; `talk` fails with a secret as its last word, terraform with all of them. It cuts at CR.
const ENVIRONMENT: &str = r#"
[outputs]
x = "1"
[env-file]
sections = []
[pipelines]
talk = [
  { command = "cat ../forms.txt; cat ../forms.txt >&2; sleep 0.05" },
  { name = "fails", command = "cat ../last.txt >&2; exit 3" },
]
"#;

const MODULE: &str = r#"
resource "terraform_data" "talks" {
  provisioner "local-exec" { command = "tr -d '\\r' <../../../forms.txt; exit 1" }
}
"#;

#[test]
fn canaries() {
    let (mut tried, mut shown) = (0, BTreeSet::new());
    rounds(2, |seed, numbers| {
        let secret = secrets::secret(seed, numbers);
        let (promised, others) = forms::of(&secret);
        tried += promised.len();
        let channels = Project::new(&secret, &promised).channels(&secret);
        let mut leaks = Vec::new();
        for (form, text) in &promised {
            for (channel, said) in &channels {
                leaks.extend(seen(said, text).map(|part| format!("{form} in {channel}: `{part}`")));
            }
        }
        assert!(leaks.is_empty(), "{secret:?} is shown as\n{}\n{channels:#?}", leaks.join("\n"));
        let said = Project::new(&secret, &others).talk(&secret);
        let is_shown = |text: &str| said.iter().any(|(_, said)| seen(said, text).is_some());
        shown.extend(others.iter().filter(|(_, text)| is_shown(text)).map(|(form, _)| *form));
    });
    println!("{tried} forms were hidden everywhere; not promised and shown: {shown:?}");
}

/// The part of a form that can be read.
fn seen(said: &str, form: &str) -> Option<String> {
    let parts: Vec<String> = form
        .lines()
        .filter(|line| line.chars().count() >= 4)
        .flat_map(|line| {
            let letters: Vec<char> = line.chars().collect();
            let size = PART.min(letters.len());
            letters.windows(size).map(|part| part.iter().collect()).collect::<Vec<String>>()
        })
        .collect();
    let found = AhoCorasick::new(&parts).unwrap().find(said)?;
    Some(parts[found.pattern().as_usize()].clone())
}

struct Project {
    /// What prints is outside of it, so that all its files are searched.
    sandbox: Sandbox,
}

impl Project {
    fn new(secret: &str, forms: &[Form]) -> Self {
        let sandbox = Sandbox::empty();
        let forms: Vec<String> =
            forms.iter().enumerate().map(|(at, (_, text))| format!("{at} <{text}>\n")).collect();
        sandbox.write("forms.txt", &forms.concat());
        sandbox.write("last.txt", secret);
        let line = format!("TOKEN={}\n", secret.replace('\n', "\\n"));
        sandbox.write("p/all.enc.env", &crate::common::encrypted(&line));
        let key = concat!(env!("CARGO_MANIFEST_DIR"), "/credentials/demo-key-PROTECTS-NOTHING.txt");
        let defaults = format!("[secrets]\nfiles = [\"all.enc.env\"]\nidentity = \"{key}\"\n");
        sandbox.write("p/environments/defaults.toml", &defaults);
        sandbox.write("p/environments/hand/environment.toml", ENVIRONMENT);
        sandbox.write("p/environments/dev/main.tf", MODULE);
        sandbox.write("p/.gitignore", "shared/\n");
        fs::create_dir(sandbox.path("p/shared")).unwrap();
        Project { sandbox }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.sandbox.command(words);
        command.current_dir(self.sandbox.path("p"));
        command
    }

    /// What a person sees.
    fn talk(&self, secret: &str) -> [(String, String); 2] {
        outputs("a person", &mut self.command(&["talk", "hand", "--timings"]), secret)
    }

    /// All that is said and written, by name.
    fn channels(&self, secret: &str) -> Vec<(String, String)> {
        let reports = ["--report-junit", "j.xml", "--report-json", "r.json", "--log-file", "log"];
        let root = self.sandbox.path("p");
        let github = |command: &mut Command| {
            command.env("CI", "true").env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", &root);
            command.env("GITHUB_STEP_SUMMARY", root.join("summary.md"));
        };
        let mut said = Vec::new();
        let mut call = |name: &str, words: &[&str], more: &dyn Fn(&mut Command)| {
            let mut command = self.command(words);
            more(&mut command);
            said.extend(outputs(name, &mut command, secret));
        };
        call("terraform", &[&["apply", "dev", "-v"], &reports[..]].concat(), &|_| {});
        call("terraform on GitHub", &["plan", "dev"], &github);
        call("GitHub", &[&["talk", "hand"], &reports[..]].concat(), &github);
        call("GitLab", &["talk", "hand", "-v"], &|command| {
            command.env("GITLAB_CI", "true");
        });
        call("Azure", &["talk", "hand"], &|command| {
            command.env("TF_BUILD", "True").env("AGENT_TEMPDIRECTORY", root.join("agent"));
        });
        call("JSON", &["talk", "hand", "--output", "json"], &|_| {});
        call("history", &["history", "show", "1", "--log"], &|_| {});
        call("history in JSON", &["history", "show", "3", "--output", "json"], &|_| {});
        call("page", &["history", "export", "1", "--html", "page.html"], &|_| {});
        said.extend(self.talk(secret));
        files(&root, &mut said);
        assert!(
            ["j.xml", "r.json", "log", "summary.md", "page.html", "000001.jsonl"]
                .iter()
                .all(|name| said.iter().any(|(channel, text)| channel.ends_with(name) && !text.is_empty()))
        );
        // What is written as JSON or HTML is read as that.
        said.into_iter().map(|(name, text)| (name, [text.clone(), read(&text)].concat())).collect()
    }
}

/// Runs it and looks at the command lines of that time; its outputs.
fn outputs(name: &str, command: &mut Command, secret: &str) -> [(String, String); 2] {
    // Pipes: CI systems are told of secrets only where no file keeps what they take out.
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let out = reader(child.stdout.take().unwrap());
    let err = reader(child.stderr.take().unwrap());
    let line = secret.lines().next().unwrap();
    while child.try_wait().unwrap().is_none() {
        assert_eq!(processes(line), Vec::<String>::new(), "{name}");
        sleep(Duration::from_millis(20));
    }
    let tells = |line: &&str| !line.starts_with("::add-mask::") && !line.starts_with("##vso[task.setsecret]");
    [(out, "standard output"), (err, "standard error")].map(|(reader, stream)| {
        let text = reader.join().unwrap();
        (format!("{name}: {stream}"), text.split('\n').filter(tells).collect::<Vec<_>>().join("\n"))
    })
}

fn reader(mut from: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

/// All files of the project, but for the one that has the secret, encrypted: its last lines are those of a key too.
fn files(folder: &Path, said: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, said);
        } else if path.extension().is_none_or(|end| end != "env") {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            said.push((path.to_string_lossy().into_owned(), text));
        }
    }
}

/// As a reader of JSON or HTML sees it.
fn read(text: &str) -> String {
    let mut text = text.to_owned();
    for (written, meant) in [
        ("\\\"", "\""),
        ("\\\\", "\\"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&amp;", "&"),
    ] {
        text = text.replace(written, meant);
    }
    text
}
