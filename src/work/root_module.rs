//! What the root module of an environment declares, and how a value reaches it unchanged.

use std::sync::Arc;

use super::StepCx;
use crate::exec::Value;
use crate::tools::terraform::declared::{Declared, Type};
use crate::work::modules::Module;

/// The root module of the environment.
pub(crate) fn of(step: &StepCx<'_>) -> Arc<Module> {
    let Some(terraform) = &step.env.terraform else { return Arc::default() };
    step.facts.modules.get(&terraform.dir).unwrap_or_else(|_| {
        let declared = Declared { is_partial: true, ..Declared::default() };
        Arc::new(Module { declared, ..Module::default() })
    })
}

/// A variable of terraform's environment that gives the root module what this text stands for.
pub(crate) fn exact(declared: &Declared, name: &str, value: Value) -> Value {
    let kind = name.strip_prefix("TF_VAR_").map_or(Type::Text, |name| declared.type_of(name));
    let exact = |text: &str| kind.text(&kind.meant(text));
    match value {
        Value::Plain(text) => Value::Plain(exact(&text)),
        Value::Secret(text) => Value::Secret(exact(secrecy::ExposeSecret::expose_secret(&text)).into()),
    }
}
