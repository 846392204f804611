//! What ansible says while it runs: plays, tasks, hosts that fail, the recap.

use serde_json::Value as Json;

/// A line that means something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// A play begins.
    Play(String),
    /// A task begins; one of the play's own list if it is `counted`.
    Task {
        /// Its name.
        name: String,
        /// `--list-tasks` lists it: no handler, no gathering of facts.
        counted: bool,
    },
    /// No host of the inventory is in the play.
    NoHosts,
    /// Something changed, or would change.
    Changed,
    /// A host did something without a change, or nothing.
    Same,
    /// A host failed or could not be reached.
    Trouble(Trouble),
    /// The failure before is ignored.
    Ignoring,
    /// What a host came to.
    Recap(Recap),
    /// Anything else.
    Other,
}

/// A host that failed at a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// The host.
    pub host: String,
    /// The task; filled in by [`Progress`].
    pub task: String,
    /// It could not be reached.
    pub unreachable: bool,
    /// Why.
    pub message: String,
}

/// What a host came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Recap {
    /// The host.
    pub host: String,
    /// Tasks that changed something.
    pub changed: usize,
    /// Whether it could not be reached.
    pub unreachable: bool,
    /// Whether it failed.
    pub failed: bool,
}

/// What a line says.
pub(crate) fn read(line: &str) -> Said {
    if let Some(name) = banner(line, "PLAY") {
        return Said::Play(name);
    }
    if let Some(name) = banner(line, "TASK") {
        let counted = name != "Gathering Facts";
        return Said::Task { name, counted };
    }
    if let Some(name) = banner(line, "RUNNING HANDLER") {
        return Said::Task { name, counted: false };
    }
    if line == "skipping: no hosts matched" {
        return Said::NoHosts;
    }
    if line == "...ignoring" {
        return Said::Ignoring;
    }
    if let Some(rest) = ["fatal: [", "failed: ["].iter().find_map(|start| line.strip_prefix(start)) {
        return trouble(rest).map_or(Said::Other, Said::Trouble);
    }
    if line.starts_with("changed: [") {
        return Said::Changed;
    }
    if ["ok: [", "skipping: [", "included: "].iter().any(|start| line.starts_with(start)) {
        return Said::Same;
    }
    recap(line).map_or(Said::Other, Said::Recap)
}

/// `TASK [name] ****`; a play without a name is `PLAY ****`.
fn banner(line: &str, word: &str) -> Option<String> {
    let rest = line.strip_prefix(word)?.strip_prefix(' ')?;
    let name = rest.trim_end_matches('*').trim_end();
    if name.len() == rest.len() {
        return None;
    }
    match name.strip_prefix('[') {
        Some(name) => name.strip_suffix(']').map(str::to_owned),
        None => name.is_empty().then(String::new),
    }
}

fn trouble(rest: &str) -> Option<Trouble> {
    let (label, rest) = rest.split_once(']')?;
    // Where it was delegated to is not the host that failed.
    let host = label.split(" -> ").next().unwrap_or(label).to_owned();
    let (head, result) = rest.split_once("=> ")?;
    let result: Json = serde_json::from_str(result).unwrap_or_default();
    let unreachable = head.contains("UNREACHABLE!") || result["unreachable"] == true;
    Some(Trouble { host, task: String::new(), unreachable, message: message(&result) })
}

/// Why, in a line: the message, and the last thing that was said on standard error, or else on standard output.
fn message(result: &Json) -> String {
    if result.get("censored").is_some() {
        return "its output is hidden (`no_log`)".to_owned();
    }
    let field = |name: &str| match &result[name] {
        Json::String(text) => text.trim().to_owned(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    let last =
        |text: String| text.lines().rev().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
    let mut parts = vec![field("msg").split_whitespace().collect::<Vec<_>>().join(" ")];
    if let Some(code) = result["rc"].as_i64().filter(|code| *code != 0) {
        parts.push(format!("exit code {code}"));
    }
    let said =
        ["stderr", "module_stderr", "stdout", "module_stdout"].into_iter().find_map(|name| last(field(name)));
    parts.extend(said.filter(|said| !parts[0].contains(said.as_str())));
    parts.retain(|part| !part.is_empty());
    if parts.is_empty() { "it does not say why".to_owned() } else { parts.join(": ") }
}

fn recap(line: &str) -> Option<Recap> {
    let (host, counts) = line.split_once(" : ok=").or_else(|| line.split_once(": ok="))?;
    let count = |name: &str| -> Option<usize> {
        let (_, rest) = counts.split_once(&format!("{name}="))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    Some(Recap {
        host: host.trim().to_owned(),
        changed: count("changed")?,
        unreachable: count("unreachable")? > 0,
        failed: count("failed")? > 0,
    })
}

/// How far a run is, and what went wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Tasks of each play, when they are known.
    pub plays: Vec<usize>,
    /// What hosts came to, from the recap.
    pub recap: Vec<Recap>,
    /// Errors in its own words, with their places.
    pub errors: Vec<String>,
    play: usize,
    matched: usize,
    done: usize,
    missed: usize,
    task: String,
    troubles: Vec<Trouble>,
}

impl Progress {
    /// Takes a line in.
    pub(crate) fn hear(&mut self, line: &str, said: &Said) {
        let starts = ["[ERROR]: ", "ERROR! ", "Origin: ", "ansible-playbook: error: "];
        if self.errors.len() < 20 && starts.iter().any(|start| line.starts_with(start)) {
            self.errors.push(line.to_owned());
        }
        match said {
            Said::Play(_) => {
                self.play += 1;
                self.matched += 1;
                self.task.clear();
            }
            Said::NoHosts => {
                self.matched = self.matched.saturating_sub(1);
                self.missed += self.plays.get(self.play.saturating_sub(1)).copied().unwrap_or_default();
            }
            Said::Task { name, counted } => {
                self.done += usize::from(*counted);
                self.task.clone_from(name);
            }
            Said::Trouble(trouble) => {
                let trouble = Trouble { task: self.task.clone(), ..trouble.clone() };
                let is_summary = ["All items completed", "One or more items failed"]
                    .iter()
                    .any(|summary| trouble.message.starts_with(summary));
                let last = self.troubles.iter().rfind(|known| known.host == trouble.host);
                if !is_summary || last.is_none_or(|last| last.task != trouble.task) {
                    self.troubles.push(trouble);
                }
            }
            Said::Ignoring => {
                self.troubles.pop();
            }
            Said::Recap(recap) => self.recap.push(recap.clone()),
            Said::Changed | Said::Same | Said::Other => {}
        }
    }

    /// "7/12 install docker", or without the total where it is not known.
    pub(crate) fn text(&self) -> String {
        let total = self.plays.iter().sum::<usize>().saturating_sub(self.missed);
        if total >= self.done && total > 0 {
            format!("{}/{total} {}", self.done, self.task)
        } else {
            format!("{} {}", self.done, self.task)
        }
    }

    /// Every play that began had no host.
    pub(crate) fn had_no_hosts(&self) -> bool {
        self.recap.is_empty() && self.matched == 0
    }

    /// Hosts that failed in the end, each with its last trouble. One that was rescued is none of them.
    pub(crate) fn failed(&self) -> Vec<Trouble> {
        let unwell = self.recap.iter().filter(|recap| recap.failed || recap.unreachable);
        unwell
            .map(|recap| {
                let known = self.troubles.iter().rfind(|trouble| trouble.host == recap.host);
                known.cloned().unwrap_or_else(|| Trouble {
                    host: recap.host.clone(),
                    task: self.task.clone(),
                    unreachable: recap.unreachable,
                    message: "it does not say why".to_owned(),
                })
            })
            .collect()
    }

    /// Tasks that changed something, and on how many hosts.
    pub(crate) fn changed(&self) -> (usize, usize) {
        let tasks = self.recap.iter().map(|recap| recap.changed).sum();
        (tasks, self.recap.iter().filter(|recap| recap.changed > 0).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: &str = r#"
PLAY [failing] *****************************************************************

TASK [Gathering Facts] *********************************************************
ok: [h1]

TASK [role : fine] *************************************************************
ok: [h1] => {
    "msg": "PLAY RECAP ***"
}
TASK [breaks] ******************************************************************
skipping: [h1]
fatal: [h2 -> localhost]: FAILED! => {"changed": true, "msg": "non-zero return code", "rc": 3, "stderr": "a\nerr line\n", "stdout": "out"}
...ignoring
TASK [loop] ********************************************************************
failed: [h1] (item=a) => {"item": "a", "msg": "non-zero return code", "rc": 1, "stderr": "", "stdout": "why"}
fatal: [h1]: FAILED! => {"msg": "All items completed", "results": []}
changed: [h2] => (item=a)
fatal: [h3]: UNREACHABLE! => {"changed": false, "msg": "Failed to connect to the host via ssh: refused", "unreachable": true}
fatal: [h4]: FAILED! => {"censored": "x", "changed": false}

RUNNING HANDLER [restart] ******************************************************
changed: [h2]

PLAY [second] ******************************************************************
skipping: no hosts matched

PLAY RECAP *********************************************************************
h1                         : ok=2    changed=0    unreachable=0    failed=1    skipped=1    rescued=0    ignored=0
h2                         : ok=4    changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=1
h3                         : ok=2    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0
h4                         : ok=2    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0
"#;

    fn heard(text: &str) -> Progress {
        let mut progress = Progress::default();
        text.lines().for_each(|line| progress.hear(line, &read(line)));
        progress
    }

    #[test]
    fn hosts_that_failed_are_known_with_task_and_reason() {
        let progress = heard(RUN);
        let failed: Vec<String> = progress
            .failed()
            .iter()
            .map(|t| format!("{} {} {} {}", t.host, t.task, t.unreachable, t.message))
            .collect();
        assert_eq!(
            failed,
            [
                "h1 loop false non-zero return code: exit code 1: why",
                "h3 loop true Failed to connect to the host via ssh: refused",
                "h4 loop false its output is hidden (`no_log`)",
            ]
        );
        assert_eq!(progress.changed(), (2, 1));
        assert!(!progress.had_no_hosts());
    }

    #[test]
    fn progress_counts_the_tasks_of_the_list() {
        let mut progress = Progress { plays: vec![3, 4], ..Progress::default() };
        let mut seen = Vec::new();
        for line in RUN.lines() {
            let said = read(line);
            progress.hear(line, &said);
            if matches!(said, Said::Task { .. }) {
                seen.push(progress.text());
            }
        }
        assert_eq!(seen, ["0/7 Gathering Facts", "1/7 role : fine", "2/7 breaks", "3/7 loop", "3/7 restart"]);
        assert_eq!(progress.text(), "3/3 ");
        assert_eq!(heard(RUN).text(), "3 ");
    }

    #[test]
    fn a_run_without_hosts_is_noticed() {
        assert!(heard("PLAY [a] ***\nskipping: no hosts matched\n\nPLAY RECAP ***\n").had_no_hosts());
        assert!(!heard("PLAY [a] ***\n\nPLAY RECAP ***\n").had_no_hosts());
        assert!(heard("").had_no_hosts());
    }
}
