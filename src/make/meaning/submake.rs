//! `$(MAKE) target`: another target, done here.

use super::call::Call;
use crate::make::expand::Variable;
use crate::make::maker::Maker;
use crate::make::marks;
use crate::make::note::Verdict;
use crate::make::settings::Step;

/// The steps that a call means.
pub(super) fn steps(maker: &mut Maker<'_>, call: &Call) -> Option<Vec<Step>> {
    if !call.dir.is_empty() || call.out.is_some() {
        return None;
    }
    let (mut targets, mut given) = (Vec::new(), Vec::new());
    for word in &call.words[1..] {
        match word.split_once('=') {
            Some((name, value)) if marks::is_shell_name(name) => {
                let is_environment = maker.is_environment(name);
                if is_environment
                    && value != marks::ENVIRONMENT.to_string()
                    && value != maker.values.environment
                {
                    maker.report.say(
                        &call.at,
                        Verdict::Kept,
                        "another environment than the one it is called for",
                    );
                    return None;
                }
                if !is_environment {
                    given.push((name.to_owned(), Variable { text: value.to_owned(), ..Variable::default() }));
                }
            }
            _ if matches!(word.as_str(), "-s" | "--no-print-directory" | "--silent") => {}
            _ if word.starts_with('-') => return None,
            _ => targets.push(word.clone()),
        }
    }
    if targets.is_empty() {
        return None;
    }
    let mut steps = Vec::new();
    for target in targets {
        let made = (maker.follow)(maker, &target, given.clone());
        steps.extend(made?);
    }
    maker.report.say(&call.at, Verdict::Understood, "");
    Some(steps)
}
