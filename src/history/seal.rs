//! The chain of hashes over all runs: each line of a run carries the hash of the one before, and `seals.jsonl` beside them
//! has one line for each run that begins, ends, or is tidied away. What was changed or cut is found, not prevented.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::line::Line;
use crate::disk::PRIVATE;
use crate::text::hex;

/// Its file, in the folder of the runs.
pub(super) const FILE: &str = "seals.jsonl";
/// More than a line of it has.
const LINE: u64 = 4096;

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(super) enum Seal {
    /// A run begins.
    Began { run: u64 },
    /// It is over: so many lines, the last of them with this hash.
    Ended { run: u64, lines: usize, last: String },
    /// It is removed, for it was too old or too much.
    Gone { run: u64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Link {
    #[serde(flatten)]
    seal: Seal,
    before: String,
}

/// What is known of the lines of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whole {
    /// No line of it was changed or cut.
    Yes,
    /// The same as far as it goes: it runs, or was killed, so that nothing seals its end.
    Open,
    /// It was written before there were hashes.
    Unknown,
    /// Lines were changed or cut.
    No,
}

/// The runs, and what is wrong with them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked {
    /// By the number of the run.
    pub runs: BTreeMap<u64, Whole>,
    /// What was changed or cut, in words.
    pub broken: Vec<String>,
    /// How many runs were tidied away.
    pub gone: usize,
}

/// The hash of a line.
pub(super) fn hash(line: &str) -> String {
    hex(&Sha256::digest(line))
}

/// A line with the hash of the one before.
pub(super) fn linked(line: &str, before: &str) -> String {
    let open = line.strip_suffix('}').unwrap_or(line);
    format!("{open},\"before\":\"{before}\"}}")
}

/// Adds a seal. Other runs may do so at the same time, one after the other: the next one waits until what this gives is
/// closed. On the disk itself the seal is when that is synced.
pub(super) fn add(folder: &Path, seal: &Seal) -> io::Result<File> {
    let path = folder.join(FILE);
    let mut file = OpenOptions::new().read(true).append(true).create(true).mode(PRIVATE).open(path)?;
    // Where the file system has no locks nothing is lost but the order.
    let _ = flock(&file, FlockOperation::LockExclusive);
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LINE)))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    let end = String::from_utf8_lossy(&end);
    let before = end.lines().next_back().map(hash).unwrap_or_default();
    let torn = if end.is_empty() || end.ends_with('\n') { "" } else { "\n" };
    let line = serde_json::to_string(&Link { seal: seal.clone(), before })?;
    let written = file.write_all(format!("{torn}{line}\n").as_bytes());
    if written.is_err() {
        let _ = file.set_len(length);
    }
    written.map(|()| file)
}

/// What is told of the text of a run.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) run: u64,
    pub(super) text: String,
    /// It goes on: its end is not there yet.
    pub(super) is_alive: bool,
}

/// Follows all hashes.
pub(super) fn check(seals: &str, runs: &[Text]) -> Checked {
    let mut checked = Checked::default();
    let known = Known::read(seals, &mut checked.broken);
    checked.gone = known.gone.len();
    let chained = |run: &Text| run.text.lines().next().is_some_and(|line| before(line).is_some());
    if seals.is_empty() && runs.iter().any(chained) {
        checked.broken.push(format!("`{FILE}` is missing, which seals the runs"));
        checked.runs = runs.iter().map(|run| (run.run, Whole::No)).collect();
        return checked;
    }
    for run in runs {
        let whole = match known.judge(run) {
            Ok(whole) => whole,
            Err(why) => {
                checked.broken.push(why);
                Whole::No
            }
        };
        checked.runs.insert(run.run, whole);
    }
    for run in known.began.iter().filter(|run| !known.gone.contains(run) && !checked.runs.contains_key(run)) {
        checked.broken.push(format!("run {run} is missing"));
    }
    checked
}

/// What the seals say.
#[derive(Debug, Default)]
struct Known {
    began: BTreeSet<u64>,
    ended: BTreeMap<u64, (usize, String)>,
    gone: BTreeSet<u64>,
}

impl Known {
    fn read(text: &str, broken: &mut Vec<String>) -> Known {
        let mut known = Known::default();
        let mut last = String::new();
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            match serde_json::from_str::<Link>(line) {
                Err(_) => broken.push(format!("line {number} of `{FILE}` cannot be read")),
                Ok(link) => {
                    if link.before != last {
                        broken.push(match at {
                            0 => format!("the beginning of `{FILE}` is missing"),
                            _ => format!("line {at} of `{FILE}` was changed, or lines after it are missing"),
                        });
                    }
                    known.take(link.seal, broken);
                }
            }
            last = hash(line);
        }
        known
    }

    fn take(&mut self, seal: Seal, broken: &mut Vec<String>) {
        match seal {
            Seal::Began { run } => {
                if !self.began.insert(run) {
                    broken.push(format!("there was another run {run}, which is missing"));
                }
            }
            Seal::Ended { run, lines, last } => drop(self.ended.insert(run, (lines, last))),
            Seal::Gone { run } => drop(self.gone.insert(run)),
        }
    }

    fn judge(&self, Text { run, text, is_alive }: &Text) -> Result<Whole, String> {
        let lines: Vec<&str> = text.lines().collect();
        // One that was killed as it began has no line yet.
        if *is_alive || (lines.is_empty() && !self.ended.contains_key(run)) {
            return Ok(Whole::Open);
        }
        let is_known = self.began.contains(run);
        if lines.first().is_none_or(|line| before(line).is_none()) {
            let is_later = self.began.first().is_some_and(|first| first < run);
            return match (is_known, is_later) {
                (false, false) => Ok(Whole::Unknown),
                (false, true) => Err(format!(
                    "run {run} carries no hashes: an older infractl wrote it, or it was put there"
                )),
                (true, _) => Err(format!("the first line of run {run} was changed")),
            };
        }
        if !is_known {
            return Err(format!("run {run} is not sealed: it was put there, or the end of `{FILE}` is cut"));
        }
        let mut last = String::new();
        for (at, line) in lines.iter().enumerate() {
            // The last line of a run that was killed may be torn.
            let is_torn = at + 1 == lines.len() && !text.ends_with('\n') && !self.ended.contains_key(run);
            match before(line) {
                Some(before) if before == last => {}
                None if is_torn => {}
                _ if at == 0 => return Err(format!("the beginning of run {run} is missing")),
                _ => {
                    return Err(format!("line {at} of run {run} was changed, or lines after it are missing"));
                }
            }
            last = hash(line);
        }
        match self.ended.get(run) {
            Some((count, sealed)) if *count == lines.len() && *sealed == last => Ok(Whole::Yes),
            Some((count, _)) if *count > lines.len() => {
                Err(format!("the end of run {run} is cut: it had {count} lines and has {}", lines.len()))
            }
            Some((count, _)) if *count < lines.len() => {
                Err(format!("lines were added to run {run} after it was over"))
            }
            Some(_) => Err(format!("the last line of run {run} was changed")),
            None if lines.last().is_some_and(|line| is_end(line)) => Err(format!(
                "the end of run {run} is not sealed: it was killed at that moment, or somebody else wrote it"
            )),
            None => Ok(Whole::Open),
        }
    }
}

/// The hash that a line carries.
fn before(line: &str) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(line).ok()?;
    value.get("before")?.as_str().map(str::to_owned)
}

fn is_end(line: &str) -> bool {
    matches!(Line::read(line), Some(Line::RunEnded { .. }))
}

/// The text of a file, none where it is not there.
pub(super) fn text(path: &Path) -> String {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| file.read_to_end(&mut bytes));
    read.map_or_else(|_| String::new(), |_| String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A run as it is written.
    fn run(number: u64, ends: bool) -> Text {
        let mut lines = vec![r#"{"event":"warning","text":"one"}"#, r#"{"event":"dirty","dirty":false}"#];
        if ends {
            lines.push(
                r#"{"event":"run-ended","code":0,"outcome":"done","error":null,"seconds":1.0,"environments":["dev"]}"#,
            );
        }
        let (mut text, mut last) = (String::new(), String::new());
        for line in lines {
            let line = linked(line, &last);
            last = hash(&line);
            text += &(line + "\n");
        }
        Text { run: number, text, is_alive: false }
    }

    fn ended(run: &Text) -> Seal {
        let last = run.text.lines().next_back().map(hash).unwrap_or_default();
        Seal::Ended { run: run.run, lines: run.text.lines().count(), last }
    }

    fn seals(all: &[Seal]) -> String {
        let dir = tempfile::tempdir().unwrap();
        for seal in all {
            add(dir.path(), seal).unwrap();
        }
        text(&dir.path().join(FILE))
    }

    /// Run 1 ended, run 2 was killed, run 3 ended.
    fn three() -> (String, Vec<Text>) {
        let runs = vec![run(1, true), run(2, false), run(3, true)];
        let all = [
            Seal::Began { run: 1 },
            ended(&runs[0]),
            Seal::Began { run: 2 },
            Seal::Began { run: 3 },
            ended(&runs[2]),
        ];
        (seals(&all), runs)
    }

    #[test]
    fn what_is_whole_is_whole() {
        let (seals, runs) = three();
        let checked = check(&seals, &runs);
        assert_eq!(checked.broken, [""; 0]);
        assert_eq!(checked.runs.into_values().collect::<Vec<_>>(), [Whole::Yes, Whole::Open, Whole::Yes]);
        assert_eq!(check("", &[]), Checked::default());
    }

    #[test]
    fn any_byte_of_a_sealed_run_that_is_changed_is_found() {
        let (seals, runs) = three();
        for at in 0..runs[0].text.len() {
            let mut bytes = runs[0].text.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let mut changed = runs.clone();
            changed[0].text = String::from_utf8(bytes).unwrap();
            assert!(!check(&seals, &changed).broken.is_empty(), "{at}: {}", changed[0].text);
        }
    }

    #[test]
    fn any_byte_of_the_seals_that_is_changed_is_found() {
        let (seals, runs) = three();
        for at in 0..seals.len() {
            let mut bytes = seals.clone().into_bytes();
            bytes[at] = if bytes[at] == b'x' { b'y' } else { b'x' };
            let changed = String::from_utf8(bytes).unwrap();
            // The hash of the last seal is in no other: what it says is in the run.
            let is_last_hash = at > seals.len() - 69;
            assert!(is_last_hash || !check(&changed, &runs).broken.is_empty(), "{at}: {changed}");
        }
    }

    #[test]
    fn what_is_missing_is_found_wherever_it_was() {
        let (seals, runs) = three();
        for gone in 0..3 {
            let mut left = runs.clone();
            left.remove(gone);
            assert_eq!(check(&seals, &left).broken, [format!("run {} is missing", gone + 1)]);
        }
        for gone in 0..seals.lines().count() {
            let left: String = seals
                .lines()
                .enumerate()
                .filter(|(at, _)| *at != gone)
                .flat_map(|(_, line)| [line, "\n"])
                .collect();
            assert!(!check(&left, &runs).broken.is_empty(), "{gone}");
        }
        let cut = |run: &Text| Text {
            text: run.text.lines().take(2).flat_map(|line| [line, "\n"]).collect(),
            ..run.clone()
        };
        let found = check(&seals, &[cut(&runs[0]), runs[1].clone(), runs[2].clone()]).broken;
        assert_eq!(found, ["the end of run 1 is cut: it had 3 lines and has 2"]);
        assert!(check("", &runs).broken[0].contains("is missing"));
    }

    #[test]
    fn what_is_tidied_away_is_not_missed_and_what_is_added_is_found() {
        let (seals_of_three, runs) = three();
        let dir = tempfile::tempdir().unwrap();
        crate::disk::write(&dir.path().join(FILE), seals_of_three.as_bytes(), PRIVATE).unwrap();
        add(dir.path(), &Seal::Gone { run: 1 }).unwrap();
        let later = text(&dir.path().join(FILE));
        let checked = check(&later, &runs[1..]);
        assert_eq!((checked.broken, checked.gone), (Vec::new(), 1));
        let mut more = runs.clone();
        more.push(run(4, true));
        assert!(check(&seals_of_three, &more).broken[0].contains("run 4 is not sealed"));
        let mut ended = runs;
        ended[1] = run(2, true);
        assert!(check(&seals_of_three, &ended).broken[0].contains("the end of run 2 is not sealed"));
    }

    #[test]
    fn runs_from_before_there_were_hashes_are_said_to_be_so() {
        let old = Text { run: 1, text: "{\"event\":\"dirty\",\"dirty\":false}\n".into(), is_alive: false };
        assert_eq!(check("", std::slice::from_ref(&old)).runs[&1], Whole::Unknown);
        let new = run(2, true);
        let sealed = seals(&[Seal::Began { run: 2 }, ended(&new)]);
        let checked = check(&sealed, &[old.clone(), new.clone()]);
        assert_eq!((checked.broken, checked.runs[&1]), (Vec::new(), Whole::Unknown));
        let later = Text { run: 3, ..old };
        assert!(check(&sealed, &[new, later]).broken[0].contains("run 3 carries no hashes"));
    }

    #[test]
    fn a_torn_seal_does_not_take_the_next_one_along() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        add(dir.path(), &Seal::Began { run: 1 }).unwrap();
        crate::disk::write(&path, (text(&path) + "{\"eve").as_bytes(), PRIVATE).unwrap();
        add(dir.path(), &Seal::Began { run: 2 }).unwrap();
        let mut broken = Vec::new();
        let known = Known::read(&text(&path), &mut broken);
        assert_eq!(known.began.into_iter().collect::<Vec<_>>(), [1, 2]);
        assert_eq!(broken, ["line 2 of `seals.jsonl` cannot be read"]);
    }
}
