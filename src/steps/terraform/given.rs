//! Values for the root module: variables of terraform's environment as far as these carry them unchanged, and a named
//! pipe for the others.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use super::Action;
use crate::config::Environment;
use crate::config::template::{Name, Template, TemplateError};
use crate::disk::{self, PrivateDir};
use crate::exec::{Handed, Value};
use crate::failure::{Failure, Kind};
use crate::tools::terraform::declared::{self as tool, Declared, expression};
use crate::tools::terraform::subcommand;
use crate::work::child::is_unfit;
use crate::work::values::{self, Known};
use crate::work::{StepCx, root_module};

/// What the environment gives a call of terraform.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Variables of its environment.
    pub(super) env: BTreeMap<String, Value>,
    /// By the name of the variable of the root module: what none of these carries unchanged.
    pub(super) file: BTreeMap<String, Json>,
    /// What no program can get by its environment, and no variable of the root module takes.
    pub(super) unfit: BTreeMap<String, Value>,
}

impl Given {
    /// Everything the step knows now: secrets, then `vars`, then `env`; later ones win.
    pub(super) fn of(step: &StepCx<'_>) -> Result<Given, Failure> {
        let module = root_module::of(step);
        let declared = &module.declared;
        let mut given = Given::default();
        for (name, value) in step.secret_variables() {
            given.text(declared, name, Value::Secret(value));
        }
        let Some(terraform) = &step.env.terraform else { return Ok(given) };
        given.vars(step, &Known::of(step))?;
        let known = Known::of(step);
        for (name, template) in &terraform.env {
            if known.has_values(step, [template]) {
                let value = values::input_value(known.render(step, template)?);
                given.text(declared, name.clone(), value);
            }
        }
        given.yield_to_files(&terraform.dir);
        Ok(given)
    }

    /// Only `[terraform] vars`, for a script.
    pub(super) fn of_script(step: &StepCx<'_>, known: &Known) -> Result<Given, Failure> {
        let mut given = Given::default();
        given.vars(step, known)?;
        given.yield_to_files(
            &step.env.terraform.as_ref().map(|terraform| terraform.dir.clone()).unwrap_or_default(),
        );
        Ok(given)
    }

    fn vars(&mut self, step: &StepCx<'_>, known: &Known) -> Result<(), Failure> {
        let module = root_module::of(step);
        let declared = &module.declared;
        for (name, input) in step.env.terraform.iter().flat_map(|terraform| &terraform.vars) {
            let (value, is_sensitive) = match values::of_terraform(&known.scope(step), declared, name, input)
            {
                // Those that take values have them: they were read before. The others do without.
                Err(
                    TemplateError::Foreign { .. } | TemplateError::Value { .. } | TemplateError::Image { .. },
                ) => continue,
                value => value.map_err(|error| values::no_value(step, error))?,
            };
            self.value(declared, name, value, is_sensitive);
        }
        Ok(())
    }

    fn text(&mut self, declared: &Declared, name: String, value: Value) {
        match name.strip_prefix("TF_VAR_") {
            Some(variable) if declared.variables.contains_key(variable) => {
                let meant = declared.type_of(variable).meant(value.text());
                self.value(declared, variable, meant, matches!(value, Value::Secret(_)));
            }
            _ if is_unfit(value.text()) => drop(self.unfit.insert(name, value)),
            _ => drop(self.env.insert(name, value)),
        }
    }

    fn value(&mut self, declared: &Declared, variable: &str, value: Json, is_sensitive: bool) {
        let name = format!("TF_VAR_{variable}");
        let kind = declared.type_of(variable);
        let text = kind.text(&value);
        if kind.needs_file(&value) || is_unfit(&text) {
            self.env.remove(&name);
            self.file.insert(variable.to_owned(), value);
        } else {
            self.file.remove(variable);
            self.env.insert(name, if is_sensitive { Value::Secret(text.into()) } else { Value::Plain(text) });
        }
    }

    /// `terraform.tfvars` and `*.auto.tfvars` win over what is given, as they do over variables of the environment.
    fn yield_to_files(&mut self, dir: &Path) {
        if self.file.is_empty() {
            return;
        }
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if tool::is_read_unasked(&name)
                && let Ok(text) = disk::read_text(&entry.path())
            {
                for name in tool::set_by(&name, &text) {
                    self.file.remove(&name);
                }
            }
        }
    }

    /// The file for a script, as lines of terraform's own language.
    pub(super) fn lines(&self) -> String {
        let lines = self.file.iter().map(|(name, value)| format!("{name} = {}", expression(value)));
        let lines: Vec<String> = lines.chain((!self.file.is_empty()).then(String::new)).collect();
        lines.join("\n")
    }
}

/// The names in what a root module gets.
pub(crate) fn names(env: &Environment) -> Vec<Name> {
    let Some(terraform) = &env.terraform else { return Vec::new() };
    let vars = terraform.vars.values().flat_map(|input| Template::inside(&input.0));
    let all = vars.chain(terraform.env.values().cloned());
    all.flat_map(|template| template.names().cloned().collect::<Vec<_>>()).collect()
}

/// Values on their way: gone when this is dropped.
pub(super) struct Way {
    /// The pipe they are read from.
    pub(super) pipe: Handed,
    _dir: PrivateDir,
}

/// The way of those values that need one, for this action.
pub(super) fn way(step: &StepCx<'_>, action: &Action) -> Result<Option<Way>, Failure> {
    let file = wanted(step, action)?;
    if file.is_empty() {
        return Ok(None);
    }
    let dir = PrivateDir::new()?;
    // terraform shows the line that it does not like.
    let lines: Vec<String> =
        file.iter().map(|(name, value)| format!("{}: {value}", Json::from(name.as_str()))).collect();
    let text = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let pipe = Handed::new(dir.path(), "infractl.tfvars.json", text.into()).map_err(|error| {
        Failure::new(Kind::Failed, format!("no pipe could be made in `{}`: {error}", dir.path().display()))
    })?;
    Ok(Some(Way { pipe, _dir: dir }))
}

/// The values that this action reads from a file.
pub(super) fn wanted(step: &StepCx<'_>, action: &Action) -> Result<BTreeMap<String, Json>, Failure> {
    let is_saved = match action {
        Action::Plan { .. } | Action::Drift(_) | Action::Verify { .. } => false,
        Action::Any { words } if subcommand::find(words).takes_variables => false,
        Action::Apply { plan } => plan.is_some() || step.facts.plan.is_some(),
        Action::Destroy => step.facts.plan.is_some(),
        Action::Init | Action::Any { .. } | Action::Look { .. } | Action::Validate | Action::Fmt { .. } => {
            return Ok(BTreeMap::new());
        }
    };
    let mut file = Given::of(step)?.file;
    // The others are in the plan: terraform refuses to be told them again.
    file.retain(|name, _| !is_saved || root_module::of(step).declared.ephemeral.contains(name));
    Ok(file)
}
