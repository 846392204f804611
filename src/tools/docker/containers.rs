//! docker: what it says of containers, and how they stand.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::text::plural;

/// What docker says of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// Identifier.
    pub id: String,
    /// Service of compose, else its name.
    pub service: String,
    /// `created`, `running`, `restarting`, `paused`, `exited`, `dead`.
    pub status: String,
    /// Exit code of its last end.
    pub exit_code: i64,
    /// Why it could not be started.
    pub error: String,
    /// It was ended because memory ran out.
    pub out_of_memory: bool,
    /// How often docker started it again.
    pub restarts: u64,
    /// When it was started last, by the clock of the engine.
    pub started: String,
    /// Docker starts it again whenever it ends.
    pub always_restarts: bool,
    /// Its health check, if it has one.
    pub health: Option<Health>,
}

/// What the health check of a container says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Health {
    /// `starting`, `healthy`, `unhealthy`.
    pub status: String,
    /// Checks that failed in a row.
    pub failed: u64,
    /// Exit code and output of the last check.
    pub last: Option<(i64, String)>,
}

/// How a container stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is healthy, or it did its work and ended with 0.
    Good,
    /// It runs, and has no check that would say more.
    Runs,
    /// Not yet.
    NotYet,
    /// It will not get better by itself.
    Failed,
}

/// So many restarts, and a container is taken to go round in circles. Docker waits longer before each: together half a
/// minute, in which a database that is needed may have come up.
const RESTARTS: u64 = 8;

impl Container {
    /// How it stands; `before` is how often it had been started again when infractl first looked.
    pub(crate) fn standing(&self, before: u64) -> Standing {
        if self.restarts >= before + RESTARTS || (self.status == "restarting" && self.restarts >= RESTARTS) {
            return Standing::Failed;
        }
        match (self.status.as_str(), self.health.as_ref().map(|health| health.status.as_str())) {
            ("running", Some("healthy")) => Standing::Good,
            ("running", Some("unhealthy")) | ("dead", _) => Standing::Failed,
            ("running", None | Some("none")) => Standing::Runs,
            ("exited", _) if self.exit_code != 0 => Standing::Failed,
            ("exited", _) if !self.always_restarts => Standing::Good,
            ("created", _) if !self.error.is_empty() => Standing::Failed,
            _ => Standing::NotYet,
        }
    }

    /// How it stands, in a few words: `unhealthy`, `ended with 4`.
    pub(crate) fn state(&self) -> String {
        let mut text = match (self.status.as_str(), &self.health) {
            ("exited" | "dead", _) => format!("ended with {}", self.exit_code),
            ("restarting", _) => {
                format!("ended with {} and was started again {}", self.exit_code, times(self.restarts))
            }
            ("running", health) => {
                let health = health.as_ref().map_or("running", |health| health.status.as_str());
                match self.restarts {
                    0 => health.to_owned(),
                    restarts => format!("{health}, started again {}", times(restarts)),
                }
            }
            ("created", _) => "was never started".to_owned(),
            (status, _) => status.to_owned(),
        };
        if self.out_of_memory {
            text.push_str(", for want of memory");
        }
        text
    }

    /// What is known of its trouble, on a few lines.
    pub(crate) fn trouble(&self) -> String {
        let mut text = format!("`{}`: {}", self.service, self.state());
        if !self.error.is_empty() {
            let _ = write!(text, ": {}", self.error.trim());
        }
        if let Some(Health { failed, last: Some((code, output)), .. }) = &self.health
            && *failed > 0
        {
            let _ = write!(text, "\n  {failed} checks failed, the last one with exit code {code}");
            for (index, line) in
                output.trim().lines().rev().take(5).collect::<Vec<_>>().iter().rev().enumerate()
            {
                text.push_str(if index == 0 { ": " } else { "\n    " });
                text.push_str(crate::text::cut(line, 300));
            }
        }
        text
    }
}

fn times(count: u64) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), "time")
}

/// What `docker container inspect` answers, without what somebody made by `compose run`.
pub(crate) fn containers(json: &[u8]) -> Result<Vec<Container>, serde_json::Error> {
    let all: Vec<Inspected> = serde_json::from_slice(json)?;
    Ok(all.into_iter().filter(|one| !one.is_one_off()).map(Container::from).collect())
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    state: State,
    #[serde(default)]
    restart_count: u64,
    config: Config,
    #[serde(default)]
    host_config: HostConfig,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    status: String,
    exit_code: i64,
    #[serde(default)]
    started_at: String,
    #[serde(default)]
    error: String,
    #[serde(default, rename = "OOMKilled")]
    out_of_memory: bool,
    health: Option<Checked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Checked {
    status: String,
    #[serde(default)]
    failing_streak: u64,
    log: Option<Vec<Check>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Check {
    exit_code: i64,
    output: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct HostConfig {
    #[serde(default)]
    restart_policy: RestartPolicy,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase")]
struct RestartPolicy {
    #[serde(default)]
    name: String,
}

impl Inspected {
    fn is_one_off(&self) -> bool {
        let labels = self.config.labels.as_ref();
        labels
            .and_then(|labels| labels.get("com.docker.compose.oneoff"))
            .is_some_and(|is| is.eq_ignore_ascii_case("true"))
    }
}

impl From<Inspected> for Container {
    fn from(seen: Inspected) -> Self {
        let name = seen.name.trim_start_matches('/').to_owned();
        let labels = seen.config.labels.unwrap_or_default();
        let label = |what: &str| labels.get(&format!("com.docker.compose.{what}"));
        let service = match (label("service"), label("container-number").map(String::as_str)) {
            (Some(service), None | Some("1")) => service.clone(),
            _ => name,
        };
        Container {
            id: seen.id,
            service,
            status: seen.state.status,
            exit_code: seen.state.exit_code,
            error: seen.state.error,
            out_of_memory: seen.state.out_of_memory,
            restarts: seen.restart_count,
            started: seen.state.started_at,
            always_restarts: ["always", "unless-stopped"]
                .contains(&seen.host_config.restart_policy.name.as_str()),
            health: seen.state.health.map(|health| Health {
                status: health.status,
                failed: health.failing_streak,
                last: health.log.unwrap_or_default().pop().map(|check| (check.exit_code, check.output)),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(status: &str, exit: i64, policy: &str, health: &str) -> Container {
        let health = match health {
            "" => String::new(),
            status => format!(
                r#","Health":{{"Status":"{status}","FailingStreak":2,"Log":[{{"ExitCode":0,"Output":"x"}},{{"ExitCode":1,"Output":"bad cookie\n"}}]}}"#
            ),
        };
        let json = format!(
            r#"[{{"Id":"1f","Name":"/p-web-1","RestartCount":8,"State":{{"Status":"{status}","ExitCode":{exit},"Error":""{health}}},
               "Config":{{"Labels":{{"com.docker.compose.service":"web","com.docker.compose.container-number":"1"}}}},
               "HostConfig":{{"RestartPolicy":{{"Name":"{policy}"}}}}}}]"#
        );
        containers(json.as_bytes()).unwrap().remove(0)
    }

    #[test]
    fn a_container_is_judged_by_what_it_will_come_to() {
        let standing = |status, exit, policy, health| container(status, exit, policy, health).standing(7);
        assert_eq!(standing("running", 0, "no", "healthy"), Standing::Good);
        assert_eq!(standing("running", 0, "no", "starting"), Standing::NotYet);
        assert_eq!(standing("running", 0, "no", "unhealthy"), Standing::Failed);
        assert_eq!(standing("running", 0, "no", ""), Standing::Runs);
        assert_eq!(standing("exited", 0, "no", ""), Standing::Good, "a job that is done");
        assert_eq!(standing("exited", 0, "always", ""), Standing::NotYet);
        assert_eq!(standing("exited", 4, "no", ""), Standing::Failed);
        assert_eq!(standing("restarting", 4, "always", ""), Standing::Failed, "round in circles");
        assert_eq!(container("running", 0, "always", "").standing(0), Standing::Failed);
        assert_eq!(
            container("running", 0, "no", "").standing(7),
            Standing::Runs,
            "old restarts do not count"
        );
    }

    #[test]
    fn trouble_is_told_with_the_last_check() {
        insta::assert_snapshot!(container("running", 0, "no", "unhealthy").trouble(), @r"
        `web`: unhealthy, started again 8 times
          2 checks failed, the last one with exit code 1: bad cookie
        ");
        assert_eq!(container("exited", 4, "no", "").trouble(), "`web`: ended with 4");
        assert!(containers(b"{}").is_err());
        assert!(containers(b"[]").unwrap().is_empty());
        let by_hand = br#"[{"Id":"1","Name":"/x","State":{"Status":"exited","ExitCode":7},"Config":{"Labels":{"com.docker.compose.oneoff":"True"}}}]"#;
        assert!(containers(by_hand).unwrap().is_empty());
    }
}
