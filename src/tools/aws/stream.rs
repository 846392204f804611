//! Where the log of a container is, and what of it is new. Pure.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::log::Log;

/// How far back is looked once more at the end, in milliseconds: what came in late.
const LATE: i64 = 10_000;

/// The log of one container of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) container: String,
    pub(crate) group: String,
    pub(crate) name: String,
    /// Where it is; none where the task is.
    pub(crate) region: Option<String>,
}

/// The logs of the containers of a task that are in CloudWatch, and those that are elsewhere: container and driver.
pub(crate) fn streams(definition: &Json, task: &str) -> (Vec<Stream>, Vec<(String, String)>) {
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for log in Log::all(definition) {
        match (log.is_here(), log.stream(task), log.group) {
            (true, Some(name), Some(group)) => {
                here.push(Stream { container: log.container, group, name, region: log.region });
            }
            _ => elsewhere.push((log.container, log.driver)),
        }
    }
    (here, elsewhere)
}

/// What was read of a stream.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    token: Option<String>,
    newest: i64,
    /// Lines of the last seconds, and how often each was there.
    seen: HashMap<(i64, String), usize>,
    is_last: bool,
}

impl Cursor {
    /// The question for what comes next.
    pub(crate) fn question(&self, stream: &Stream) -> Json {
        let mut body =
            json!({ "logGroupName": stream.group, "logStreamName": stream.name, "startFromHead": true });
        if let Some(token) = &self.token {
            body["nextToken"] = token.as_str().into();
        } else if self.is_last && self.newest > 0 {
            body["startTime"] = (self.newest - LATE).max(0).into();
        }
        body
    }

    /// Takes an answer: the lines that are new, and whether there may be more at once.
    pub(crate) fn take(&mut self, answer: &Json) -> (Vec<String>, bool) {
        let token = answer["nextForwardToken"].as_str().map(str::to_owned);
        let is_end = token.is_none() || token == self.token;
        self.token = token;
        let mut lines = Vec::new();
        let mut now: HashMap<(i64, String), usize> = HashMap::new();
        for event in answer["events"].as_array().into_iter().flatten() {
            let time = event["timestamp"].as_i64().unwrap_or_default();
            let text = event["message"].as_str().unwrap_or_default().to_owned();
            self.newest = self.newest.max(time);
            let key = (time, text.clone());
            let count = now.entry(key.clone()).or_default();
            *count += 1;
            let is_known = self.is_last && self.seen.get(&key).is_some_and(|seen| *seen >= *count);
            if !is_known {
                lines.push(text);
            }
        }
        if !self.is_last {
            for (key, count) in now {
                *self.seen.entry(key).or_default() += count;
            }
            let newest = self.newest;
            self.seen.retain(|(time, _), _| *time >= newest - LATE);
        }
        (lines, !is_end)
    }

    /// Looks at the last seconds once more: a service of logs may be late.
    pub(crate) fn look_back(&mut self) {
        (self.token, self.is_last) = (None, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        Stream { container: "etl".into(), group: "g".into(), name: "ecs/etl/abc".into(), region: None }
    }

    fn page(token: &str, events: &[(i64, &str)]) -> Json {
        let events: Vec<Json> =
            events.iter().map(|(time, text)| json!({ "timestamp": time, "message": text })).collect();
        json!({ "events": events, "nextForwardToken": token })
    }

    #[test]
    fn a_stream_that_only_the_machine_knows_is_elsewhere() {
        let log = |options: &Json| json!({ "logDriver": "awslogs", "options": options });
        let definition = json!({ "containerDefinitions": [
            { "name": "etl", "logConfiguration": log(&json!({ "awslogs-group": "g", "awslogs-stream-prefix": "ecs" })) },
            { "name": "web", "logConfiguration": log(&json!({ "awslogs-group": "g" })) },
            { "name": "fluent", "logConfiguration": { "logDriver": "awsfirelens" } } ] });
        let (here, elsewhere) = streams(&definition, "abc");
        assert_eq!(here, [stream()]);
        let elsewhere: Vec<(&str, &str)> =
            elsewhere.iter().map(|(one, driver)| (&**one, &**driver)).collect();
        assert_eq!(elsewhere, [("web", "awslogs"), ("fluent", "awsfirelens")]);
    }

    #[test]
    fn nothing_is_read_twice_and_nothing_late_is_lost() {
        let mut cursor = Cursor::default();
        assert!(cursor.question(&stream()).get("nextToken").is_none());
        assert_eq!(
            cursor.take(&page("f/1", &[(100_000, "a"), (100_001, "same"), (100_001, "same")])).0,
            ["a", "same", "same"]
        );
        assert_eq!(cursor.question(&stream())["nextToken"], "f/1");
        // A page may be empty though there is more.
        assert_eq!(cursor.take(&page("f/2", &[])), (Vec::new(), true));
        assert_eq!(cursor.take(&page("f/2", &[])), (Vec::new(), false));
        cursor.look_back();
        assert_eq!(cursor.question(&stream())["startTime"], 90_001);
        let (late, _) = cursor.take(&page(
            "f/3",
            &[(100_000, "a"), (100_000, "late"), (100_001, "same"), (100_001, "same"), (100_001, "same")],
        ));
        assert_eq!(late, ["late", "same"]);
    }
}
