//! What is asked before a verb works on several environments.

use super::planned::Planned;
use super::{Global, previews, target};
use crate::config::Environment;
use crate::config::model::Asked;
use crate::config::verbs::Effect;
use crate::context::Ctx;
use crate::failure::{Failure, Kind};
use crate::text;
use crate::ui::prompt;

/// An error when a name is confirmed that is not meant.
pub(crate) fn only_selected(global: &Global, selected: &[String]) -> Result<(), Failure> {
    match target::confirmed(global).find(|name| !selected.iter().any(|known| known == name)) {
        None => Ok(()),
        Some(wrong) => Err(Failure::new(
            Kind::Declined,
            format!("`--confirm {wrong}` does not name a selected environment"),
        )),
    }
}

/// Asks for everything that has to be asked for, once, before anything is changed; at a terminal after all plans were
/// made and what they take away was shown.
///
/// What changes a protected environment wants its name. What takes several down wants all names: nobody should take a
/// project down with one word too many.
pub(crate) async fn ask(
    cx: &Ctx,
    global: &Global,
    verb: &str,
    jobs: usize,
    environments: &[Environment],
    plans: &mut [Planned],
) -> Result<(), Failure> {
    let given: Vec<&str> = target::confirmed(global).collect();
    let takes_down = plans.len() > 1 && plans.iter().any(|plan| plan.effect() == Effect::Destroys);
    let changing: Vec<&Environment> = environments
        .iter()
        .zip(plans.iter())
        .filter(|(env, plan)| plan.effect() >= Effect::Changes && !given.contains(&env.name.as_str()))
        .map(|(env, _)| env)
        .collect();
    let wants_name = |env: &Environment| env.protected || (takes_down && !global.yes);
    let named: Vec<&Environment> = changing.iter().copied().filter(|env| wants_name(env)).collect();
    if !cx.ui.mode.can_ask {
        return if named.is_empty() { Ok(()) } else { Err(nobody(verb, environments, &named, &given)) };
    }
    let is_asked = |env: &Environment| {
        let may = wants_name(env) || (!global.yes && env.safety.confirm != Some(Asked::Never));
        may && changing.iter().any(|other| other.name == env.name)
    };
    if !environments.iter().any(is_asked) {
        return Ok(());
    }
    previews::make(cx, verb, jobs, environments, plans, is_asked).await?;
    let changes = |env: &Environment| {
        let mut both = environments.iter().zip(plans.iter());
        let plan = both.find(|(other, _)| other.name == env.name).and_then(|(_, plan)| plan.kept.as_ref());
        plan.is_none_or(|plan| !plan.planned.is_empty)
    };
    let question = previews::question(verb, changing.len(), plans);
    let names: Vec<&str> = named.iter().filter(|env| changes(env)).map(|env| env.name.as_str()).collect();
    let always =
        |env: &&Environment| is_asked(env) && env.safety.confirm == Some(Asked::Always) && changes(env);
    if names.is_empty() && previews::changes(plans).is_harmless() && !changing.iter().any(always) {
        return Ok(());
    }
    if plans.iter().any(|plan| plan.kept.is_some()) {
        cx.ui.note(previews::table(environments, plans));
    }
    if !names.is_empty() {
        return prompt::confirm_name(&cx.ui, &question, &names.join(","));
    }
    if prompt::yes(&cx.ui, &format!("{question}. Go on?"))? {
        return Ok(());
    }
    Err(Failure::new(Kind::Declined, "declined; nothing was done"))
}

/// Names are wanted, and nobody is there to type them.
fn nobody(verb: &str, environments: &[Environment], named: &[&Environment], given: &[&str]) -> Failure {
    let protected: Vec<&String> = named.iter().filter(|env| env.protected).map(|env| &env.name).collect();
    let what = if protected.is_empty() {
        format!(
            "`{verb}` over {}, and nobody is there to ask",
            text::plural(environments.len(), "environment")
        )
    } else {
        let form = if protected.len() == 1 { "is" } else { "are" };
        let names = text::list(&protected, "and");
        format!("{names} {form} protected, and nobody is there to ask before `{verb}`")
    };
    let names = named.iter().map(|env| env.name.as_str());
    let all: Vec<&str> = given.iter().copied().chain(names).collect();
    Failure::new(Kind::Declined, what).help(format!("pass `--confirm {}` if you mean it", all.join(",")))
}
