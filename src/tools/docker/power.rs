//! The docker program: containers of this machine as `stop`, `start` and `state` see them.

use serde_json::Value as Json;

use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::tools::docker::engine_trouble;
use crate::tools::power::{Billed, Found, Goal, Is, text};

/// A container, and the Compose project it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Container {
    /// As every provider shows its machines.
    pub found: Found,
    /// Name of its Compose project.
    pub project: Option<String>,
    /// Folder of its Compose project.
    pub dir: Option<String>,
}

/// Every container, running or not.
pub(crate) fn list_containers() -> Cmd {
    let format = r#"{"id":{{json .ID}},"name":{{json .Names}},"state":{{json .State}},"status":{{json .Status}},"ports":{{json .Ports}},"created":{{json .CreatedAt}},"project":{{json (.Label "com.docker.compose.project")}},"dir":{{json (.Label "com.docker.compose.project.working_dir")}}}"#;
    Cmd::new("docker").args(["ps", "--all", "--no-trunc", "--format", format]).io(Io::Capture)
}

/// Reads what [`list_containers`] prints.
pub(crate) fn parse_containers(stdout: &[u8]) -> Result<Vec<Container>, String> {
    let text = String::from_utf8_lossy(stdout);
    text.lines().filter(|line| !line.trim().is_empty()).map(container).collect()
}

fn container(line: &str) -> Result<Container, String> {
    let value: Json = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let state = match text(&value, "/state").as_deref() {
        Some("running") => Is::On,
        Some("paused") => Is::Suspended,
        Some("restarting" | "removing") => Is::Changing,
        Some("dead") => Is::Failed,
        _ => Is::Off,
    };
    let ports = text(&value, "/ports").unwrap_or_default();
    Ok(Container {
        found: Found {
            name: text(&value, "/name").unwrap_or_default(),
            id: text(&value, "/id").unwrap_or_default(),
            state,
            status: text(&value, "/status").or_else(|| text(&value, "/state")).unwrap_or_default(),
            since: None,
            created: text(&value, "/created"),
            addresses: ports.split(", ").filter(|port| !port.is_empty()).map(str::to_owned).collect(),
            billed: Billed::No,
        },
        project: text(&value, "/project"),
        dir: text(&value, "/dir"),
    })
}

/// Stops or starts containers, and waits for it.
pub(crate) fn ask<'a>(goal: Goal, status: &str, names: impl IntoIterator<Item = &'a str>) -> Cmd {
    let word = match goal {
        Goal::On if status.contains("(Paused)") => "unpause",
        Goal::On => "start",
        Goal::Off(_) => "stop",
    };
    Cmd::new("docker").arg(word).args(names).io(Io::Capture)
}

/// What an error of the program means, where it is not about one container.
pub(crate) fn explain(tail: &str) -> Option<Failure> {
    let (what, help) = engine_trouble(tail)?;
    Some(Failure::new(Kind::Failed, crate::text::last_line(tail)).context(what).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_knows_its_project() {
        let text = br#"{"id":"1","name":"app-web-1","state":"running","status":"Up 2 minutes","ports":"127.0.0.1:80->80/tcp","created":"2026-11-20 08:00:00 +0000 UTC","project":"app","dir":"/srv/app"}
{"id":"2","name":"lone","state":"exited","status":"Exited (0) 2 hours ago","ports":"","created":"","project":"","dir":""}
"#;
        let all = parse_containers(text).unwrap();
        assert_eq!((all[0].project.as_deref(), all[0].found.state), (Some("app"), Is::On));
        assert_eq!((all[1].project.as_deref(), all[1].found.state), (None, Is::Off));
        assert!(all[1].found.addresses.is_empty());
        assert!(parse_containers(b"oops\n").is_err());
    }
}
