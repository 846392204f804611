//! The inventory as lines of bash, as far as no output has to be taken apart for it.

use indexmap::IndexMap;

use super::inventory::{InventoryStep, content, declared, is_output};
use crate::config::model::Input;
use crate::config::template::{Name, Template};
use crate::failure::Failure;
use crate::files::ansible_value::Value;
use crate::work::needs::Needs;
use crate::work::script::{Script, literal, no_script};
use crate::work::values::Known;
use crate::work::{StepCx, relative};

/// The same as lines of a script. What needs an output to be taken apart only infractl can do.
pub(super) fn lines(
    script: &mut Script,
    step: &StepCx<'_>,
    action: InventoryStep,
) -> Result<Vec<String>, Failure> {
    let declared = declared(step)?;
    let path = literal(&relative(step, &declared.path));
    match action {
        InventoryStep::Remove => return Ok(vec![format!("rm -f -- {path}")]),
        InventoryStep::Compare => return Err(no_script(step)),
        InventoryStep::Write => {}
    }
    let names_output =
        |input: &Input| Template::inside(&input.0).iter().any(|one| one.names().any(is_output));
    let mut vars =
        step.env.hosts.values().map(|host| &host.vars).chain(declared.groups.values().map(|g| &g.vars));
    let is_several = |name: &Name| match name {
        Name::Output(name) => {
            step.env.outputs.get(name).is_some_and(|output| output.0.is_array() || output.0.is_object())
        }
        _ => false,
    };
    if vars.any(|vars| vars.values().any(names_output))
        || declared.vars.values().any(names_output)
        || step.env.hosts.values().any(|host| host.address.0.names().any(is_several))
    {
        return Err(no_script(step));
    }
    let mut known = Known::default();
    let mut lines = Vec::new();
    for name in Needs::of(step.env, &action, None).output_names {
        known.mark("output", &name);
        let word = script.word(&format!("{{{{output.{name}}}}}"));
        lines.push(format!("case {word} in [[{{]*) echo 'only infractl can write an inventory from the list or map {name}' >&2; false ;; esac"));
    }
    let mut inventory = content(step, &known)?;
    for value in inventory.hosts.values_mut().flat_map(IndexMap::values_mut) {
        if let Value::Text { is_template, .. } = value {
            *is_template = true;
        }
    }
    let text = inventory.render()?;
    if let Some(dir) = declared.path.parent() {
        lines.push(format!("mkdir -p -- {}", literal(&relative(step, dir))));
    }
    lines.push(format!("printf %s {} >{path}", script.word(&text)));
    Ok(lines)
}
