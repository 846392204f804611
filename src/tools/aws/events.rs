//! What is new in a group of logs, for whoever asks again and again (`FilterLogEvents`). Pure.

use std::collections::HashMap;

use serde_json::{Value as Json, json};

use super::log::Log;

/// So far back is looked again each time, in milliseconds: events come in late.
const LATE: i64 = 15_000;

/// The log of one container: its group, and how its streams begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Streams {
    pub(crate) container: String,
    pub(crate) group: String,
    /// Of all streams of the group if empty.
    pub(crate) prefix: String,
    /// Where it is; none where the task is.
    pub(crate) region: Option<String>,
}

/// The logs of the containers of a definition, of one task if its id is given; and the containers whose log is elsewhere,
/// with their drivers. `group` counts instead of that of the definition.
pub(crate) fn streams(
    definition: &Json,
    task: Option<&str>,
    group: Option<&str>,
) -> (Vec<Streams>, Vec<(String, String)>) {
    let (mut here, mut elsewhere) = (Vec::new(), Vec::new());
    for log in Log::all(definition) {
        let prefix = log.stream(task.unwrap_or_default()).unwrap_or_default();
        match (log.is_here(), group.map(str::to_owned).or_else(|| log.group.clone())) {
            (true, Some(group)) => {
                here.push(Streams { container: log.container, group, prefix, region: log.region });
            }
            _ => elsewhere.push((log.container, log.driver)),
        }
    }
    (here, elsewhere)
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Cursor {
    newest: i64,
    from: i64,
    token: Option<String>,
    /// Identifiers of the last seconds, with their times.
    seen: HashMap<String, i64>,
}

impl Cursor {
    /// From this time on, in milliseconds.
    pub(crate) fn from(time: i64) -> Cursor {
        Cursor { newest: time, from: time, token: None, seen: HashMap::new() }
    }

    /// The question for what comes next.
    pub(crate) fn question(&self, streams: &Streams) -> Json {
        let mut body = json!({ "logGroupName": streams.group, "startTime": self.from });
        if !streams.prefix.is_empty() {
            body["logStreamNamePrefix"] = streams.prefix.as_str().into();
        }
        if let Some(token) = &self.token {
            body["nextToken"] = token.as_str().into();
        }
        body
    }

    /// Takes an answer: the lines that are new, and whether there is another page. A page may be empty though there is.
    pub(crate) fn take(&mut self, streams: &Streams, answer: &Json) -> (Vec<String>, bool) {
        let mut lines = Vec::new();
        for event in answer["events"].as_array().into_iter().flatten() {
            let time = event["timestamp"].as_i64().unwrap_or_default();
            let (stream, text) = (event["logStreamName"].as_str(), event["message"].as_str());
            let is_ours = stream.is_none_or(|stream| stream.starts_with(&streams.prefix));
            let id = event["eventId"].as_str().map_or_else(|| event.to_string(), str::to_owned);
            if is_ours && time >= self.from && self.seen.insert(id, time).is_none() {
                self.newest = self.newest.max(time);
                lines.push(text.unwrap_or_default().to_owned());
            }
        }
        self.token = answer["nextToken"].as_str().map(str::to_owned);
        if self.token.is_none() {
            // `from` never goes back before the beginning.
            self.from = self.from.max(self.newest - LATE);
            let from = self.from;
            self.seen.retain(|_, time| *time >= from);
        }
        (lines, self.token.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Streams {
        Streams { container: "etl".into(), group: "/ecs/etl".into(), prefix: "ecs/etl/".into(), region: None }
    }

    fn page(token: Option<&str>, events: &[(&str, i64, &str)]) -> Json {
        let event = |(id, time, text): &(&str, i64, &str)| json!({ "eventId": id, "timestamp": time, "message": text, "logStreamName": "ecs/etl/abc" });
        json!({ "events": events.iter().map(event).collect::<Vec<_>>(), "nextToken": token })
    }

    #[test]
    fn streams_begin_with_prefix_and_container() {
        let log = json!({ "logDriver": "awslogs", "options": { "awslogs-group": "/ecs/etl", "awslogs-stream-prefix": "ecs", "awslogs-region": "eu-west-1" } });
        let definition = json!({ "containerDefinitions": [
            { "name": "etl", "logConfiguration": log },
            { "name": "web", "logConfiguration": { "logDriver": "awslogs", "options": { "awslogs-group": "g" } } },
            { "name": "fluent", "logConfiguration": { "logDriver": "awsfirelens" } },
            { "name": "silent" } ] });
        let (here, elsewhere) = streams(&definition, None, None);
        assert_eq!(here[0], Streams { region: Some("eu-west-1".into()), ..ours() });
        assert_eq!((here[1].group.as_str(), here[1].prefix.as_str()), ("g", ""));
        assert_eq!(elsewhere, [("fluent".to_owned(), "awsfirelens".to_owned())]);
        let (here, _) = streams(&definition, Some("abc"), Some("other"));
        assert_eq!((here[0].group.as_str(), here[0].prefix.as_str()), ("other", "ecs/etl/abc"));
    }

    #[test]
    fn nothing_is_read_twice_and_what_is_late_is_read() {
        let (streams, mut cursor) = (ours(), Cursor::from(90_000));
        assert_eq!(
            cursor.question(&streams),
            json!({ "logGroupName": "/ecs/etl", "startTime": 90_000, "logStreamNamePrefix": "ecs/etl/" })
        );
        let answer = page(Some("t"), &[("1", 89_999, "before"), ("2", 100_000, "a"), ("3", 100_000, "a")]);
        assert_eq!(cursor.take(&streams, &answer), (vec!["a".to_owned(), "a".to_owned()], true));
        assert_eq!(cursor.question(&streams)["nextToken"], "t");
        assert_eq!(cursor.take(&streams, &page(Some("u"), &[])), (Vec::new(), true));
        assert_eq!(cursor.take(&streams, &page(None, &[("4", 120_000, "b")])), (vec!["b".to_owned()], false));
        // Asked again from some seconds before: what is known is not told again, what is late is.
        assert_eq!(cursor.question(&streams)["startTime"], 105_000);
        let answer = page(None, &[("5", 110_000, "late"), ("4", 120_000, "b")]);
        assert_eq!(cursor.take(&streams, &answer), (vec!["late".to_owned()], false));
        // moto gives streams that were not asked for.
        let mut other = page(None, &[("6", 130_000, "of another")]);
        other["events"][0]["logStreamName"] = "ecs/web/abc".into();
        assert_eq!(cursor.take(&streams, &other).0, Vec::<String>::new());
    }
}
