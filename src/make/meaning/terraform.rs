//! `terraform` and `tofu`.

use toml::Value;

use super::attributes::{attributes, scalar};
use super::call::{Call, Options};
use crate::config::verbs;
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::{At, Verdict};
use crate::make::secret;
use crate::make::settings::{Step, table};
use crate::make::shell::Word;
use crate::make::words::join;

/// Flags that change nothing of what infractl does by itself.
const SILENT: [&str; 13] = [
    "-auto-approve",
    "--auto-approve",
    "-input",
    "-no-color",
    "-reconfigure",
    "-upgrade",
    "-migrate-state",
    "-compact-warnings",
    "-get",
    "-force-copy",
    "-detailed-exitcode",
    "-recursive",
    "-or-create",
];

/// Flags that say what terraform does by itself.
const AS_USUAL: [&str; 4] = ["-lock", "-refresh", "-backend", "-verify-plugins"];

/// The words without settings of the backend that only a command could tell; each is told.
pub(in crate::make) fn known_settings(
    maker: &mut Maker<'_>,
    at: &At,
    words: &[Word],
    known: Vec<Option<String>>,
) -> Vec<Option<String>> {
    let is_init = known.iter().flatten().any(|word| word == "init")
        && matches!(known.first(), Some(Some(name)) if name.ends_with("terraform") || name.ends_with("tofu"));
    let mut kept = Vec::with_capacity(known.len());
    for (word, value) in words.iter().zip(known) {
        if is_init && value.is_none() && word.starts_with("-backend-config=") {
            let note = "what a command prints is no setting: write it under `[terraform.backend]`";
            maker.report.say(at, Verdict::Unsure, note);
        } else {
            kept.push(value);
        }
    }
    kept
}

/// What the words of a call say.
#[derive(Default)]
struct Said<'a> {
    dir: String,
    action: &'a str,
    words: Vec<&'a str>,
    var_files: Vec<String>,
    vars: Vec<(&'a str, &'a str)>,
    backend: Vec<&'a str>,
    plan: Option<&'a str>,
    parallelism: Option<i64>,
    lock_timeout: Option<&'a str>,
}

fn said(call: &Call) -> Option<Said<'_>> {
    let mut said = Said { dir: call.dir.clone(), ..Said::default() };
    let mut options = Options::new(&call.words[1..]);
    while let Some((word, value)) = options.next() {
        let word = word.strip_prefix("--").map_or(word, |_| &word[1..]);
        match word {
            "-chdir" => said.dir = join(&call.dir, &marks::plain(options.value(value)?)?)?,
            "-var-file" => said.var_files.push(marks::plain(options.value(value)?)?),
            "-var" => said.vars.push(options.value(value)?.split_once('=')?),
            "-backend-config" => said.backend.push(options.value(value)?),
            "-out" => said.plan = options.value(value),
            "-parallelism" => said.parallelism = Some(options.value(value)?.parse().ok()?),
            "-lock-timeout" => said.lock_timeout = Some(options.value(value)?),
            _ if SILENT.contains(&word) => {}
            _ if AS_USUAL.contains(&word) && value == Some("true") => {}
            _ if word.starts_with('-') && said.action != "output" => return None,
            _ if said.action.is_empty() => said.action = word,
            _ => said.words.push(word),
        }
    }
    Some(said)
}

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let said = said(call)?;
    maker.saw_dir(&call.at, &said.dir, said.action);
    if maker.main.dir.as_ref().is_some_and(|main| *main != said.dir) && said.action != "fmt" {
        maker.report.say(&call.at, Verdict::Kept, format!("another root module than `{}`", maker.main_dir()));
        return None;
    }
    if call.out.is_some() && said.action != "output" {
        return None;
    }
    let step = match (said.action, said.words.as_slice()) {
        (action, []) if is_verb(action) => Step::Do(action.to_owned()),
        // A plan that was kept in a file: infractl's own apply shows its plan and applies exactly that one.
        ("apply", [_]) => Step::Do("apply".to_owned()),
        ("fmt", [] | ["."]) => Step::Do("fmt".to_owned()),
        // `new` says that there is one, `select` which one is worked in.
        ("workspace", ["new", name]) if !name.contains(marks::ENVIRONMENT) => return Some(Vec::new()),
        ("workspace", ["select" | "new", name]) => {
            maker.set(&call.at, &["terraform", "workspace"], marks::plain(name)?.into());
            return Some(Vec::new());
        }
        ("workspace" | "version" | "get", _) => return Some(Vec::new()),
        ("output", _) => return output(maker, call, &said),
        _ => return None,
    };
    settings(maker, call, &said)?;
    let note = step.table().get("do").and_then(Value::as_str).map(|verb| format!("infractl {verb}"));
    maker.report.say(&call.at, Verdict::Understood, note.unwrap_or_default());
    Some(vec![step])
}

/// A verb of infractl has the name.
fn is_verb(action: &str) -> bool {
    verbs::find(action).is_some_and(verbs::Verb::is_built_in)
}

/// What `[terraform]` says; none when something cannot be said there.
fn settings(maker: &mut Maker<'_>, call: &Call, said: &Said<'_>) -> Option<()> {
    let at = &call.at;
    let in_env = call.env.keys().filter_map(|name| name.strip_prefix("TF_VAR_"));
    if let Some(name) =
        said.vars.iter().map(|(name, _)| *name).chain(in_env).find(|name| maker.main.torn.contains(*name))
    {
        let note = format!("`{name}` has another value in another call: no setting could say both");
        maker.report.say(at, Verdict::Kept, note);
        return None;
    }
    if call.words[0].ends_with("tofu") {
        maker.set(at, &["terraform", "program"], "tofu".into());
    }
    if said.dir != "environments/\u{e000}" {
        let dir = if said.dir.is_empty() { "." } else { &said.dir };
        maker.set(at, &["terraform", "dir"], dir.into());
    }
    for file in &said.var_files {
        let file = join(&said.dir, file)?;
        maker.settings.add(&["terraform", "var-files"], file, at);
    }
    for (name, value) in &said.vars {
        let value = value.trim_matches(['"', '\'']);
        if secret::is_secret_name(name) {
            if secret::is_secret(name, value) && !value.contains(marks::OUTER) {
                maker.secret(at, name, value);
            }
            maker.report.say(
                at,
                Verdict::Unsure,
                format!(
                    "`{name}` is a secret: as `{}` in a file of secrets it arrives by itself",
                    name.to_uppercase()
                ),
            );
            continue;
        }
        let value = maker.plain(at, value)?;
        maker.set(at, &["terraform", "vars", name], value.into());
    }
    for (name, value) in &call.env {
        let value = maker.plain(at, value)?;
        match name.strip_prefix("TF_VAR_") {
            Some(name) => maker.set(at, &["terraform", "vars", name], value.into()),
            None if name == "TF_WORKSPACE" => maker.set(at, &["terraform", "workspace"], value.into()),
            None => maker.set(at, &["terraform", "env", name], value.into()),
        }
    }
    if let Some(number) = said.parallelism {
        maker.set(at, &["terraform", "parallelism"], number.into());
    }
    if let Some(timeout) = said.lock_timeout.filter(|text| crate::text::parse_duration(text).is_some()) {
        maker.set(at, &["terraform", "lock-timeout"], timeout.into());
    }
    said.backend.iter().try_for_each(|word| backend(maker, call, said, word))
}

/// `-backend-config`: a key with its value, or a file of them.
fn backend(maker: &mut Maker<'_>, call: &Call, said: &Said<'_>, word: &str) -> Option<()> {
    let at = &call.at;
    let pairs: Vec<(String, Value)> = if let Some((key, value)) = word.split_once('=') {
        let value = value.trim_matches(['"', '\'']);
        let value = if secret::is_secret_name(key) { value.to_owned() } else { maker.plain(at, value)? };
        vec![(key.to_owned(), scalar(&value))]
    } else {
        let path = join(&said.dir, &marks::plain(word.trim_matches(['"', '\'']))?)?;
        let path = marks::known(&path, &maker.values.environment)?;
        let Some(pairs) = (maker.files.read)(&path).and_then(|text| attributes(&text)) else {
            maker.report.say(
                at,
                Verdict::Unsure,
                format!("`{path}` cannot be read: write it under `[terraform.backend]`"),
            );
            return Some(());
        };
        maker.report.say(at, Verdict::Understood, format!("`[terraform.backend]` has what `{path}` says"));
        pairs
    };
    for (key, value) in pairs {
        if value.as_str().is_some_and(|text| text.contains([marks::OUTPUT, '$'])) {
            let note = format!("`{key}` is not known: write it under `[terraform.backend]`");
            maker.report.say(at, Verdict::Unsure, note);
            continue;
        }
        if secret::is_secret_name(&key) {
            if let Some(text) =
                value.as_str().filter(|text| secret::is_secret(&key, text) && !text.contains(marks::OUTER))
            {
                maker.secret(at, &key, text);
            }
            let note = format!(
                "`{key}` is a secret: programs read it from the environment, put it into a file of secrets"
            );
            maker.report.say(at, Verdict::Unsure, note);
        } else {
            maker.set(at, &["terraform", "backend", &key], value);
        }
    }
    Some(())
}

/// `output`: a file of variables is the environment file, a look at them a verb.
fn output(maker: &mut Maker<'_>, call: &Call, said: &Said<'_>) -> Option<Vec<Step>> {
    if let Some(out) = &call.out {
        return environment_file(maker, call, out);
    }
    settings(maker, call, said)?;
    let words: Vec<String> =
        said.words.iter().filter(|word| !word.starts_with('-')).map(|word| (*word).to_owned()).collect();
    let name = match words.first() {
        Some(name) => Some(marks::plain(name)?),
        None => None,
    };
    let is_json = said.words.contains(&"-json");
    let mut verb = vec!["output".to_owned(), marks::ENVIRONMENT.to_string()];
    verb.extend(name);
    if said.words.contains(&"-raw") {
        verb.push("--raw".to_owned());
    } else if is_json {
        verb.extend(["--format".to_owned(), "json".to_owned()]);
    }
    let mut line = vec![call.words[0].clone()];
    if !said.dir.is_empty() {
        line.push(format!("-chdir={}", said.dir));
    }
    line.push("output".to_owned());
    line.extend(said.words.iter().map(|word| (*word).to_owned()));
    maker.report.say(&call.at, Verdict::Understood, "infractl output");
    Some(vec![Step::Call(
        verb,
        table([("command", crate::make::settings::list(line)), ("effect", "reads".into())]),
    )])
}

/// Outputs written into a file of variables.
pub(in crate::make) fn environment_file(maker: &mut Maker<'_>, call: &Call, out: &str) -> Option<Vec<Step>> {
    let path = join(&call.dir, &marks::plain(out)?)?;
    let name = path.rsplit('/').next().unwrap_or(&path);
    if !name.contains(".env") && !name.starts_with("env") {
        return None;
    }
    if path != "shared/.env.\u{e000}" {
        maker.set(&call.at, &["env-file", "path"], path.as_str().into());
    }
    maker.report.say(
        &call.at,
        Verdict::Unsure,
        "infractl genenv: every output as `NAME=value`; compare, and say what you want in `[[env-file.sections]]`",
    );
    Some(vec![Step::Do("genenv".to_owned())])
}
