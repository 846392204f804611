//! Where a task definition sends the log of a container, and what AWS calls it there. Pure.

use serde_json::Value as Json;

/// The log of one container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) container: String,
    pub(crate) driver: String,
    pub(crate) group: Option<String>,
    /// Where it is; none where the task is.
    pub(crate) region: Option<String>,
    prefix: Option<String>,
}

impl Log {
    /// Those of a definition; a container may have none.
    pub(crate) fn all(definition: &Json) -> impl Iterator<Item = Log> {
        let containers = definition["containerDefinitions"].as_array().into_iter().flatten();
        containers.filter_map(|container| {
            let log = container.get("logConfiguration")?;
            let option = |name: &str| log["options"][name].as_str().map(str::to_owned);
            Some(Log {
                container: container["name"].as_str().unwrap_or_default().to_owned(),
                driver: log["logDriver"].as_str().unwrap_or_default().to_owned(),
                group: option("awslogs-group"),
                region: option("awslogs-region"),
                prefix: option("awslogs-stream-prefix"),
            })
        })
    }

    /// It is in CloudWatch.
    pub(crate) fn is_here(&self) -> bool {
        self.driver == "awslogs"
    }

    /// The name of its stream for a task, or how all of them begin without one. Without a prefix the machine alone knows it.
    pub(crate) fn stream(&self, task: &str) -> Option<String> {
        self.prefix.as_ref().map(|prefix| format!("{prefix}/{}/{task}", self.container))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn streams_are_named_after_prefix_container_and_task() {
        let definition = json!({ "containerDefinitions": [
            { "name": "etl", "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-group": "g", "awslogs-stream-prefix": "ecs", "awslogs-region": "eu-west-1" } } },
            { "name": "web", "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-group": "g" } } },
            { "name": "fluent", "logConfiguration": { "logDriver": "awsfirelens" } },
            { "name": "silent" } ] });
        let all: Vec<Log> = Log::all(&definition).collect();
        let names: Vec<&str> = all.iter().map(|log| log.container.as_str()).collect();
        assert_eq!(names, ["etl", "web", "fluent"]);
        assert_eq!(all[0].stream("abc").as_deref(), Some("ecs/etl/abc"));
        assert_eq!(all[0].stream("").as_deref(), Some("ecs/etl/"));
        assert_eq!((all[0].group.as_deref(), all[0].region.as_deref()), (Some("g"), Some("eu-west-1")));
        assert_eq!((all[1].stream("abc"), all[1].is_here()), (None, true));
        assert_eq!((all[2].driver.as_str(), all[2].is_here()), ("awsfirelens", false));
    }
}
