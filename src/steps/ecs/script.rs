//! A task of ECS as lines of bash.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value as Json;

use super::wanted::{Asked, Wanted, file, main};
use crate::config::model::Ecs;
use crate::exec::Cmd;
use crate::failure::Failure;
use crate::work::marked::marked;
use crate::work::script::{Script, no_script};
use crate::work::values::Known;
use crate::work::{StepCx, relative};

impl Script {
    /// Registered at every run, started, waited for; the exit code of its main container is that of the step.
    pub(crate) fn task(
        &mut self,
        step: &StepCx<'_>,
        ecs: &Ecs,
        asked: &Asked<'_>,
    ) -> Result<Vec<String>, Failure> {
        let json = file(step, asked.task)?;
        let has_names = json.as_ref().is_some_and(|json| json.to_string().contains("{{"));
        if has_names || asked.task.image.is_some() || !asked.task.images.is_empty() {
            return Err(no_script(step));
        }
        let known: Known = marked(step, ecs);
        let own = json.clone();
        let (wanted, _) = Wanted::of(step, &known, asked, json)?;
        let aws = |words: &[&str]| {
            let region = wanted.region.iter().flat_map(|region| ["--region", region.as_str()]);
            Cmd::new("aws").args(words.iter().copied()).args(region).args(["--output", "text"])
        };
        let mut lines = Vec::new();
        let mut revision = wanted.family.as_str();
        if let Some(path) = &asked.task.definition_file {
            // The program is stricter than infractl: what it would refuse is given as it takes it.
            let meant = wanted.definition.as_ref().map(|definition| definition.input(false));
            let given = match meant.filter(|meant| !is_same(meant, own.as_ref())) {
                Some(meant) => meant.to_string(),
                None => format!("file://{}", relative(step, &path.0)),
            };
            let words =
                ["ecs", "register-task-definition", "--family", &wanted.family, "--cli-input-json", &given];
            let register = aws(&words).args(["--query", "taskDefinition.taskDefinitionArn"]);
            lines.push(format!("task_definition=$( {} )", self.command(step, &register)));
            revision = DEFINITION;
        }
        if ecs.register.is_some() {
            return Ok(lines);
        }
        let named = wanted.container.clone().unwrap_or_else(|| asked.name.to_owned());
        let main = match &wanted.definition {
            Some(definition) => main(&definition.input(false), wanted.container.as_deref(), asked.name)?,
            None => named,
        };
        let mut input = wanted.run_task(revision, &main);
        if let Some(input) = input.as_object_mut() {
            input.remove("taskDefinition");
        }
        let input = input.to_string();
        let run = aws(&["ecs", "run-task", "--cli-input-json", &input, "--task-definition", revision])
            .args(["--query", "tasks[0].taskArn"]);
        let run = self.command(step, &run).replace(DEFINITION, "\"$task_definition\"");
        lines.push(format!("task=$( {} )", self.with_lists(&run)));
        if ecs.detach {
            return Ok(lines);
        }
        let of = |words: &[&str]| aws(words).args(["--cluster", &wanted.cluster, "--tasks", TASK]);
        let wait = self.command(step, &of(&["ecs", "wait", "tasks-stopped"]));
        lines.push(wait.replace(TASK, "\"$task\""));
        let query = format!("tasks[0].containers[?name=='{main}'].exitCode | [0]");
        let code = self.command(step, &of(&["ecs", "describe-tasks", "--query", &query]));
        lines.push(format!("code=$( {} )", code.replace(TASK, "\"$task\"")));
        lines.push(
            "{ [ \"$code\" = 0 ] || { echo \"task $task ended with $code\" >&2; false; }; }".to_owned(),
        );
        Ok(lines)
    }

    /// An output that stands alone in a list may be the list.
    fn with_lists(&mut self, line: &str) -> String {
        let Some(alone) = ALONE.as_ref().filter(|alone| alone.is_match(line)) else { return line.to_owned() };
        self.helpers.insert("json_list");
        alone.replace_all(line, "'\"$$(json_list \"$$$1\")\"'").into_owned()
    }
}

/// Stand in a command for what only the run of the script knows.
const DEFINITION: &str = "INFRACTL_TASK_DEFINITION";
const TASK: &str = "INFRACTL_TASK";

/// `["` and `"]` around one variable, in a word of single quotes.
static ALONE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#"\["'"\$(\w+)"'"\]"#).ok());

/// But for the family, which is given besides.
fn is_same(meant: &Json, own: Option<&Json>) -> bool {
    let (Some(meant), Some(own)) = (meant.as_object(), own.and_then(Json::as_object)) else { return false };
    let is_there = |(key, value): (&String, &Json)| key == "family" || own.get(key) == Some(value);
    meant.iter().all(is_there) && own.keys().all(|key| meant.contains_key(key))
}
