//! What is needed beside what is there: one line for each, and whether it is enough. Pure.

use std::fmt::Display;

use super::demand::{Needed, Share, total};
use super::machine::{At, Machine};
use crate::config::chosen::Up;
use crate::text::size;

/// So many may watch files in a cluster of containers, at least.
const WATCHERS: u64 = 512;
/// So many files are watched there, at least.
const WATCHES: u64 = 524_288;

/// How it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    /// It is enough.
    Enough,
    /// It is too little.
    Short,
    /// Nobody tells.
    Unknown,
}

/// What was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// How it looks.
    pub level: Level,
    /// What is needed and what is there.
    pub text: String,
    /// What to do about it; empty if nothing more is to be said.
    pub help: String,
}

impl Line {
    fn new(is_enough: bool, text: String) -> Line {
        let level = if is_enough { Level::Enough } else { Level::Short };
        Line { level, text, help: String::new() }
    }

    fn unknown(text: String) -> Line {
        Line { level: Level::Unknown, text, help: String::new() }
    }
}

/// Everything that is needed, each on its line. What is up takes its part already, and is not counted again.
pub(crate) fn lines(needed: &Needed, up: Option<&Up>, machine: &Machine) -> Vec<Line> {
    let mut all = Vec::new();
    if !needed.memory.is_empty() {
        all.push(memory(&needed.memory, up.map_or(0, |up| up.memory), machine));
    }
    if !needed.cpu.is_empty() {
        let wanted = format!("CPU: {} needed{}", total(&needed.cpu), who(&needed.cpu, |much| *much));
        all.push(match machine.cpu {
            Some(there) => {
                let line = Line::new(there >= total(&needed.cpu), format!("{wanted}, {there} there"));
                advised(line, machine)
            }
            None => Line::unknown(format!("{wanted}, and nobody tells how many are there")),
        });
    }
    if !needed.disk.is_empty() {
        all.push(disk(&needed.disk, up.map_or(0, |up| up.disk), machine));
    }
    all.extend(needed.ports.iter().map(|share| port(share, up, machine)));
    if !needed.gpu.is_empty() {
        let wanted = format!("GPU: {} needed{}", total(&needed.gpu), who(&needed.gpu, |much| *much));
        all.push(match machine.gpu {
            Some(there) => Line::new(there >= total(&needed.gpu), format!("{wanted}, {there} there")),
            None => Line::unknown(format!("{wanted}, and nobody tells how many are there: no `nvidia-smi`")),
        });
    }
    if needed.inotify {
        all.push(inotify(machine.inotify));
    }
    all
}

/// Who needs how much, the greatest first; empty when it is the environment alone.
fn who<T: Copy + PartialOrd, D: Display>(shares: &[Share<T>], shown: impl Fn(&T) -> D) -> String {
    if shares.len() < 2 {
        return shares.first().map(|share| format!(" by {}", share.who)).unwrap_or_default();
    }
    let mut sorted: Vec<&Share<T>> = shares.iter().collect();
    sorted.sort_by(|a, b| b.much.partial_cmp(&a.much).unwrap_or(std::cmp::Ordering::Equal));
    let words: Vec<String> =
        sorted.iter().map(|share| format!("{} {}", share.who, shown(&share.much))).collect();
    format!(" ({})", words.join(", "))
}

/// What is needed and what of it is there already.
fn wanted(what: &str, shares: &[Share<u64>], up: u64) -> (u64, String) {
    let all = total(shares);
    let new = all.saturating_sub(up);
    let by = who(shares, |much| size::shown(*much));
    let text = match all - new {
        0 => format!("{what}: {} needed{by}", size::shown(all)),
        known => format!(
            "{what}: {} needed{by}, {} of it by what is up: {} more",
            size::shown(all),
            size::shown(known),
            size::shown(new)
        ),
    };
    (new, text)
}

fn memory(shares: &[Share<u64>], up: u64, machine: &Machine) -> Line {
    let (new, text) = wanted("memory", shares, up);
    let Some(memory) = machine.memory else {
        return Line::unknown(format!("{text}, and nobody tells how much is free"));
    };
    let (there, all) = (size::shown(memory.there), size::shown(memory.all));
    let text = match (memory.is_limit, memory.there == memory.all) {
        (true, _) => format!("{text}, {there} left of the {all} that this process may use (cgroup)"),
        (false, true) => format!("{text}, {all} there in all"),
        (false, false) => format!("{text}, {there} of {all} free"),
    };
    advised(Line::new(new <= memory.there, text), machine)
}

fn disk(shares: &[Share<u64>], up: u64, machine: &Machine) -> Line {
    let (new, text) = wanted("disk", shares, up);
    let place = |(place, free): &(String, u64)| format!("{} free at {place}", size::shown(*free));
    match machine.disk.as_slice() {
        [] => Line::unknown(format!("{text}, and nobody tells how much is free on {}", machine.name)),
        [first, rest @ ..] => {
            let others: Vec<String> = rest.iter().map(place).collect();
            let others =
                if others.is_empty() { others.concat() } else { format!(" ({})", others.join(", ")) };
            Line::new(new <= first.1, format!("{text}, {}{others}", place(first)))
        }
    }
}

fn port(share: &Share<u16>, up: Option<&Up>, machine: &Machine) -> Line {
    let text = format!("port {}: needed by {}", share.much, share.who);
    let is_up = up.is_some_and(|up| up.ports.contains(&share.much));
    match machine.ports.get(&share.much) {
        Some(At::Nobody) => Line::new(true, format!("{text}, free")),
        Some(At::Ours(who)) => {
            Line::new(true, format!("{text}, held by {who}, which is of this environment"))
        }
        Some(At::Other(who)) if is_up => Line::new(true, format!("{text}, held by {who}: it is up")),
        Some(At::Other(who)) => Line::new(false, format!("{text}, taken by {who}")),
        Some(At::Unknown) | None => Line::unknown(format!("{text}, and nobody tells whether it is free")),
    }
}

fn inotify(there: Option<(u64, u64)>) -> Line {
    let text = format!("inotify: {WATCHERS} watchers and {WATCHES} watched files needed");
    let Some((watchers, watches)) = there else {
        return Line::unknown(format!("{text}, and nobody tells what is allowed"));
    };
    let mut line = Line::new(
        watchers >= WATCHERS && watches >= WATCHES,
        format!("{text}, {watchers} and {watches} allowed"),
    );
    if line.level == Level::Short {
        let set = |name: &str, there: u64, least: u64| {
            (there < least).then(|| format!(" fs.inotify.{name}={least}"))
        };
        let words = set("max_user_instances", watchers, WATCHERS).into_iter().chain(set(
            "max_user_watches",
            watches,
            WATCHES,
        ));
        line.help = format!("allow more: `sudo sysctl -w{}`", words.collect::<String>());
    }
    line
}

fn advised(line: Line, machine: &Machine) -> Line {
    match line.level {
        Level::Short => Line { help: machine.advice.clone(), ..line },
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::machine::Memory;

    const GIB: u64 = 1 << 30;

    fn share<T>(who: &str, much: T) -> Share<T> {
        Share { who: who.to_owned(), much }
    }

    fn needed() -> Needed {
        Needed {
            memory: vec![share("lab", 8 * GIB), share("minio", GIB), share("trino", 6 * GIB)],
            cpu: vec![share("trino", 2.5)],
            disk: vec![share("lab", 40 * GIB)],
            ports: vec![share("lab", 8081), share("minio", 9000)],
            gpu: vec![share("genai", 1)],
            inotify: true,
        }
    }

    fn machine() -> Machine {
        Machine {
            name: "this machine".to_owned(),
            advice: "give it more".to_owned(),
            memory: Some(Memory { there: 12 * GIB, all: 24 * GIB, is_limit: false }),
            cpu: Some(2.0),
            disk: vec![("/var/lib/docker".to_owned(), 39 * GIB), ("/srv/lab".to_owned(), GIB)],
            ports: [
                (8081, At::Other("`nginx` (process 7)".to_owned())),
                (9000, At::Ours("the container `minio`".to_owned())),
            ]
            .into(),
            gpu: Some(0),
            inotify: Some((128, 1_000_000)),
        }
    }

    fn shown(lines: &[Line]) -> String {
        let one = |line: &Line| {
            let help = if line.help.is_empty() { String::new() } else { format!(" [{}]", line.help) };
            format!("{:?} {}{help}", line.level, line.text)
        };
        lines.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_line_says_what_is_needed_what_is_there_and_who_uses_it() {
        insta::assert_snapshot!(shown(&lines(&needed(), None, &machine())), @r"
        Short memory: 15 GiB needed (lab 8 GiB, trino 6 GiB, minio 1 GiB), 12 GiB of 24 GiB free [give it more]
        Short CPU: 2.5 needed by trino, 2 there [give it more]
        Short disk: 40 GiB needed by lab, 39 GiB free at /var/lib/docker (1 GiB free at /srv/lab)
        Short port 8081: needed by lab, taken by `nginx` (process 7)
        Enough port 9000: needed by minio, held by the container `minio`, which is of this environment
        Short GPU: 1 needed by genai, 0 there
        Short inotify: 512 watchers and 524288 watched files needed, 128 and 1000000 allowed [allow more: `sudo sysctl -w fs.inotify.max_user_instances=512`]
        ");
    }

    #[test]
    fn what_is_up_is_not_counted_again() {
        let up = Up { memory: 9 * GIB, disk: 40 * GIB, ports: vec![8081], ..Up::default() };
        insta::assert_snapshot!(shown(&lines(&needed(), Some(&up), &machine())[..4]), @r"
        Enough memory: 15 GiB needed (lab 8 GiB, trino 6 GiB, minio 1 GiB), 9 GiB of it by what is up: 6 GiB more, 12 GiB of 24 GiB free
        Short CPU: 2.5 needed by trino, 2 there [give it more]
        Enough disk: 40 GiB needed by lab, 40 GiB of it by what is up: 0 B more, 39 GiB free at /var/lib/docker (1 GiB free at /srv/lab)
        Enough port 8081: needed by lab, held by `nginx` (process 7): it is up
        ");
    }

    #[test]
    fn what_nobody_tells_is_no_refusal() {
        let lines = lines(&needed(), None, &Machine::default());
        assert!(lines.iter().all(|line| line.level == Level::Unknown), "{lines:?}");
        assert_eq!(lines.len(), 7);
    }

    #[test]
    fn a_limit_is_told_from_the_end_of_the_machine() {
        let memory = |there, all, is_limit| {
            let memory = Some(Memory { there, all, is_limit });
            let machine = Machine { memory, ..machine() };
            lines(&needed(), None, &machine)[0].text.split("), ").last().unwrap().to_owned()
        };
        assert_eq!(memory(GIB, 2 * GIB, true), "1 GiB left of the 2 GiB that this process may use (cgroup)");
        assert_eq!(memory(2 * GIB, 2 * GIB, false), "2 GiB there in all");
    }
}
