//! Tasks of ECS: what AWS says of one, and how it ended. Pure.

use serde_json::Value as Json;

/// A task, as AWS tells of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Task(Json);

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With the exit code of its main container.
    Code(i64),
    /// Without one that says it: why.
    Badly(String),
}

fn text<'a>(value: &'a Json, key: &str) -> &'a str {
    value.get(key).and_then(Json::as_str).unwrap_or_default()
}

/// What `run-task` and `describe-tasks` answer: the tasks, and what AWS says of those that it does not give.
pub(crate) fn read(answer: &Json) -> (Vec<Task>, Vec<String>) {
    let list = |key: &str| answer.get(key).and_then(Json::as_array).cloned().unwrap_or_default();
    let failures = list("failures");
    let said = failures.iter().map(|failure| {
        let parts = [text(failure, "reason"), text(failure, "detail")];
        let words = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ");
        match text(failure, "arn") {
            "" => words,
            arn => format!("{words} ({arn})"),
        }
    });
    (list("tasks").into_iter().map(Task).collect(), said.collect())
}

impl Task {
    /// As AWS told it.
    pub(crate) fn json(&self) -> &Json {
        &self.0
    }

    pub(crate) fn arn(&self) -> &str {
        text(&self.0, "taskArn")
    }

    /// The last part of its ARN.
    pub(crate) fn id(&self) -> &str {
        id(self.arn())
    }

    /// `PENDING`.
    pub(crate) fn status(&self) -> &str {
        text(&self.0, "lastStatus")
    }

    /// The ARN of its task definition.
    pub(crate) fn definition(&self) -> &str {
        text(&self.0, "taskDefinitionArn")
    }

    pub(crate) fn is_over(&self) -> bool {
        self.status() == "STOPPED"
    }

    /// Its containers run, or have run; what has failed to start is stopped as well.
    pub(crate) fn has_run(&self) -> bool {
        let is_set = |value: Option<&Json>| value.is_some_and(|value| !value.is_null());
        self.status() == "RUNNING"
            || is_set(self.0.get("startedAt"))
            || self.containers().any(|one| is_set(one.get("exitCode")))
    }

    fn containers(&self) -> impl Iterator<Item = &Json> {
        self.0.get("containers").and_then(Json::as_array).into_iter().flatten()
    }

    /// What it really runs, by container.
    pub(crate) fn digests(&self) -> impl Iterator<Item = (&str, &str)> {
        self.containers()
            .map(|one| (text(one, "name"), text(one, "imageDigest")))
            .filter(|(_, digest)| !digest.is_empty())
    }

    /// Whether somebody stopped it by hand; what they said.
    pub(crate) fn stopped_by_hand(&self) -> Option<&str> {
        (text(&self.0, "stopCode") == "UserInitiated").then(|| text(&self.0, "stoppedReason"))
    }

    /// Why it is over, in the words of AWS: of its containers first, they say more.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let named = |one: &Json| match text(one, "reason") {
            "" => None,
            reason => Some(format!("{}: {reason}", text(one, "name"))),
        };
        let mut all: Vec<String> = self.containers().filter_map(named).collect();
        let whole = text(&self.0, "stoppedReason");
        if !whole.is_empty() && !all.iter().any(|reason| reason.contains(whole)) {
            all.push(whole.to_owned());
        }
        if all.is_empty() {
            let code = text(&self.0, "stopCode");
            all.extend((!code.is_empty()).then(|| code.to_owned()));
        }
        all
    }

    /// How it ended: by its main container, if nothing worse happened to one that it cannot do without.
    pub(crate) fn ended(&self, main: &str, essential: &[String]) -> Ended {
        let code = |one: &Json| one.get("exitCode").and_then(Json::as_i64);
        let is_starved = |one: &&Json| text(one, "reason").contains("OutOfMemory");
        if let Some(starved) = self.containers().find(is_starved) {
            // The code may be 0 all the same.
            return Ended::Badly(format!(
                "`{}` was killed for its memory: {}",
                text(starved, "name"),
                text(starved, "reason")
            ));
        }
        let found = self.containers().find(|one| text(one, "name") == main);
        let Some(own) = found.and_then(code) else {
            let why = self.reasons().into_iter().next();
            return Ended::Badly(why.unwrap_or_else(|| format!("`{main}` has no exit code")));
        };
        if let Some(words) = self.stopped_by_hand().filter(|_| own != 0) {
            return Ended::Badly(format!("somebody stopped it: {words}"));
        }
        if own != 0 {
            return Ended::Code(own);
        }
        // When the main one is done, AWS ends the others by SIGTERM and SIGKILL.
        let is_bad = |one: &&Json| {
            let name = text(one, "name");
            let is_essential = essential.iter().any(|known| known == name);
            name != main && is_essential && code(one).is_some_and(|code| ![0, 137, 143].contains(&code))
        };
        match self.containers().find(is_bad) {
            Some(bad) => {
                let code = code(bad).unwrap_or_default();
                Ended::Badly(format!(
                    "`{main}` ended with 0, but `{}`, which is essential, with {code}",
                    text(bad, "name")
                ))
            }
            None => Ended::Code(0),
        }
    }

    /// Containers besides the main one that ended badly though nobody needs them: their names and codes.
    pub(crate) fn limping(&self, main: &str) -> Vec<(String, i64)> {
        let others = self.containers().filter(|one| text(one, "name") != main);
        let bad = others.filter_map(|one| {
            let code = one.get("exitCode").and_then(Json::as_i64)?;
            (![0, 137, 143].contains(&code)).then(|| (text(one, "name").to_owned(), code))
        });
        bad.collect()
    }
}

/// The last part of an ARN.
pub(crate) fn id(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// The container whose exit code counts: the one that is named, else the only essential one; or which there are.
pub(crate) fn main(definition: &Json, named: Option<&str>) -> Result<String, Vec<String>> {
    let all = definition.get("containerDefinitions").and_then(Json::as_array);
    let all: Vec<&Json> = all.into_iter().flatten().collect();
    let name = |one: &&Json| text(one, "name").to_owned();
    if let Some(named) = named {
        let is_there = all.iter().any(|one| text(one, "name") == named);
        return if is_there { Ok(named.to_owned()) } else { Err(all.iter().map(name).collect()) };
    }
    match essential(definition).as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(all.iter().map(name).collect()),
    }
}

/// The containers that a task does not go on without.
pub(crate) fn essential(definition: &Json) -> Vec<String> {
    let all = definition.get("containerDefinitions").and_then(Json::as_array);
    let is_one = |one: &&Json| one.get("essential").and_then(Json::as_bool).unwrap_or(true);
    all.into_iter().flatten().filter(is_one).map(|one| text(one, "name").to_owned()).collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::needless_pass_by_value, reason = "`json!` makes values")]

    use serde_json::json;

    use super::*;

    fn task(containers: Json, more: Json) -> Task {
        let mut all = json!({ "taskArn": "arn:aws:ecs:eu-west-3:1:task/c/abc", "lastStatus": "STOPPED", "containers": containers });
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Task(all)
    }

    fn ended(containers: Json, more: Json) -> Ended {
        task(containers, more).ended("app", &["app".to_owned(), "db".to_owned()])
    }

    #[test]
    fn the_main_container_decides_unless_something_worse_happened() {
        let bad = |words: &str| Ended::Badly(words.to_owned());
        for (containers, more, wanted) in [
            (json!([{ "name": "app", "exitCode": 0 }]), json!({}), Ended::Code(0)),
            (
                json!([{ "name": "app", "exitCode": 3 }]),
                json!({ "stopCode": "EssentialContainerExited" }),
                Ended::Code(3),
            ),
            (
                json!([{ "name": "side", "exitCode": 0 }, { "name": "app", "exitCode": 4 }]),
                json!({}),
                Ended::Code(4),
            ),
            // Not even started: nothing is no 0.
            (
                json!([{ "name": "app", "reason": "CannotPullContainerError: not found" }]),
                json!({ "stopCode": "TaskFailedToStart" }),
                bad("app: CannotPullContainerError: not found"),
            ),
            (
                json!([{ "name": "app", "exitCode": null }]),
                json!({ "stoppedReason": "ResourceInitializationError: x" }),
                bad("ResourceInitializationError: x"),
            ),
            (json!([]), json!({}), bad("`app` has no exit code")),
            // Killed for its memory, and yet 0.
            (
                json!([{ "name": "app", "exitCode": 0, "reason": "OutOfMemoryError: Container killed due to memory usage" }]),
                json!({}),
                bad(
                    "`app` was killed for its memory: OutOfMemoryError: Container killed due to memory usage",
                ),
            ),
            (
                json!([{ "name": "app", "exitCode": 0 }, { "name": "db", "exitCode": 1 }]),
                json!({}),
                bad("`app` ended with 0, but `db`, which is essential, with 1"),
            ),
            (
                json!([{ "name": "app", "exitCode": 0 }, { "name": "db", "exitCode": 143 }]),
                json!({}),
                Ended::Code(0),
            ),
            (
                json!([{ "name": "app", "exitCode": 0 }, { "name": "side", "exitCode": 9 }]),
                json!({}),
                Ended::Code(0),
            ),
            (
                json!([{ "name": "app", "exitCode": 137 }]),
                json!({ "stopCode": "UserInitiated", "stoppedReason": "by Bob" }),
                bad("somebody stopped it: by Bob"),
            ),
        ] {
            assert_eq!(ended(containers.clone(), more), wanted, "{containers}");
        }
        assert_eq!(
            task(json!([{ "name": "side", "exitCode": 9 }]), json!({})).limping("app"),
            [("side".to_owned(), 9)]
        );
    }

    #[test]
    fn what_failed_to_start_has_not_run() {
        let is_run = |containers: Json, more: Json| task(containers, more).has_run();
        assert!(!is_run(json!([{ "name": "app", "reason": "CannotPullContainerError" }]), json!({})));
        assert!(!is_run(json!([{ "name": "app", "exitCode": null }]), json!({ "startedAt": null })));
        assert!(is_run(json!([]), json!({ "lastStatus": "RUNNING" })));
        assert!(is_run(json!([]), json!({ "startedAt": 1_764_000_000.5 })));
        assert!(is_run(json!([{ "name": "app", "exitCode": 1 }]), json!({})));
    }

    #[test]
    fn what_is_not_there_is_said() {
        let answer = json!({ "tasks": [], "failures": [{ "arn": "arn:x", "reason": "MISSING" }, { "reason": "RESOURCE:CPU", "detail": "none" }] });
        assert_eq!(
            read(&answer),
            (Vec::new(), vec!["MISSING (arn:x)".to_owned(), "RESOURCE:CPU: none".to_owned()])
        );
        assert_eq!(read(&json!({})), (Vec::new(), Vec::new()));
    }

    #[test]
    fn one_container_is_the_main_one() {
        let one = json!({ "containerDefinitions": [{ "name": "a" }, { "name": "b", "essential": false }] });
        let two = json!({ "containerDefinitions": [{ "name": "a" }, { "name": "b", "essential": true }] });
        assert_eq!(main(&one, None), Ok("a".to_owned()));
        assert_eq!(main(&two, None), Err(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(main(&two, Some("b")), Ok("b".to_owned()));
        assert_eq!(main(&two, Some("c")), Err(vec!["a".to_owned(), "b".to_owned()]));
    }
}
