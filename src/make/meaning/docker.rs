//! `docker build`: an image of `[images]`. What else docker does stays a command.

use toml::Value;

use super::call::{Call, Options};
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::Verdict;
use crate::make::settings::{Step, list, table};
use crate::make::words::join;

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    let from = match call.words.get(1)?.as_str() {
        "build" => 2,
        "buildx" if call.words.get(2).is_some_and(|word| word == "build") => 3,
        _ => return None,
    };
    if call.out.is_some() || !call.env.is_empty() {
        return None;
    }
    let at = &call.at;
    let (mut names, mut keys, mut args, mut context) = (Vec::new(), Vec::new(), Vec::new(), None);
    let mut options = Options::new(&call.words[from..]);
    while let Some((word, value)) = options.next() {
        match word {
            "-t" | "--tag" => names.push(maker.plain(at, options.value(value)?)?),
            "-f" | "--file" => {
                keys.push(("dockerfile", join(&call.dir, &maker.plain(at, options.value(value)?)?)?));
            }
            "--platform" => keys.push(("platform", maker.plain(at, options.value(value)?)?)),
            "--target" => keys.push(("target", maker.plain(at, options.value(value)?)?)),
            "--build-arg" => {
                let pair = maker.plain(at, options.value(value)?)?;
                let (name, value) = pair.split_once('=')?;
                if crate::make::secret::is_secret_name(name) {
                    return None;
                }
                args.push((name.to_owned(), value.to_owned()));
            }
            _ if word.starts_with('-') || context.is_some() => return None,
            _ => context = Some(join(&call.dir, &maker.plain(at, word)?)?),
        }
    }
    let context = context?;
    let split = |name: &str| match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository.to_owned(), Some(tag.to_owned())),
        _ => (name.to_owned(), None),
    };
    let (repository, _) = split(names.first()?);
    let tags: Vec<String> = names.iter().filter_map(|name| split(name).1).collect();
    if names.iter().any(|name| split(name).0 != repository) || repository.contains(marks::OUTPUT) {
        return None;
    }
    let last = repository.rsplit('/').next().unwrap_or(&repository).replace(marks::ENVIRONMENT, "");
    let name: String = last.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect();
    let name = name.trim_matches(['-', '_']).to_owned();
    if name.is_empty() {
        return None;
    }
    if name != repository {
        maker.set(at, &["images", &name, "repository"], repository.into());
    }
    let tags = if tags.is_empty() { vec!["latest".to_owned()] } else { tags };
    maker.set(at, &["images", &name, "tags"], list(tags));
    if !context.is_empty() {
        maker.set(at, &["images", &name, "context"], context.into());
    }
    for (key, value) in keys {
        maker.set(at, &["images", &name, key], value.into());
    }
    for (arg, value) in args {
        maker.set(at, &["images", &name, "args", &arg], value.into());
    }
    maker.report.say(at, Verdict::Understood, format!("image `{name}`"));
    Some(vec![Step::Own(table([("docker", Value::Table(table([("build", name.into())])))]))])
}
