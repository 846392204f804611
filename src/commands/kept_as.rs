//! Which calls the history has.

use clap::ArgMatches;

use crate::config::verbs;

/// The hidden verb that runs what was typed in the place of a verb.
pub(super) const OWN: &str = "own-pipeline";

/// What only prints or compares is not kept.
pub(super) fn kept_as(matches: &ArgMatches) -> Option<String> {
    let (verb, given) = matches.subcommand()?;
    let is_set = |flag| given.try_get_one::<bool>(flag).ok().flatten().copied().unwrap_or(false);
    if is_set("print") || is_set("check") || is_set("diff") || is_set("list") {
        return None;
    }
    let name = match given.try_get_many::<String>(if verb == OWN { "name" } else { "words" }) {
        Ok(Some(mut words)) => words.next_back()?.as_str(),
        _ => verb,
    };
    let is_pipeline = name != verb || verbs::find(name).is_some_and(verbs::Verb::is_doable);
    (is_pipeline && verbs::is_kept(name)).then(|| name.to_owned())
}
