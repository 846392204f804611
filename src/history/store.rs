//! The folder of histories: numbers, files, bounds, reading back.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::line::Line;
use super::run::Run;
use super::seal::{self, Checked, Seal};
use super::state::State;
use crate::disk::{self, PRIVATE};
use crate::platform;

/// Where histories are, seen from the project.
pub(super) const FOLDER: &str = ".infractl/history";
/// Runs that are kept.
const RUNS: usize = 200;
/// Days that they are kept.
const AGE: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Bytes that they may take together, logs included.
const BYTES: u64 = 200 * 1024 * 1024;
/// A look at the age and size of every file is taken once in so many runs.
const LOOK_EVERY: u64 = 10;
/// As many more runs may be there meanwhile: some go at once, not one in each run.
const BETWEEN: usize = 10;

/// The histories of a project.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// Those of the project in this folder.
    pub fn of(root: &Path) -> Self {
        Store { folder: root.join(FOLDER) }
    }

    /// Makes the file of a new run and locks it.
    pub(super) fn begin(&self) -> io::Result<(u64, File, bool)> {
        disk::check_own(&self.folder)?;
        if !self.folder.is_dir() {
            disk::make_private_dir(&self.folder).map_err(|error| error.source)?;
        }
        let numbers = self.numbers();
        let mut number = numbers.last().map_or(1, |last| last + 1);
        let file = loop {
            // Another infractl may take the same number at the same time: the file system decides.
            match create(&self.file(number)) {
                Ok(file) => break file,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
                Err(error) => return Err(error),
            }
        };
        let locked = flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
        Ok((number, file, locked))
    }

    /// Removes what is too old or too much, when it may be time to: `own` is the run that goes on.
    pub(super) fn tidy(&self, own: u64) {
        let numbers = self.numbers();
        if numbers.len() > RUNS + BETWEEN || own.is_multiple_of(LOOK_EVERY) {
            self.prune(numbers.into_iter().rfind(|number| *number < own).unwrap_or_default());
        }
    }

    /// Makes the log of an environment in a run.
    pub(super) fn begin_log(&self, number: u64, environment: &str) -> io::Result<File> {
        create(&self.log(number, environment))
    }

    /// Adds to the chain over the runs.
    pub(super) fn seal(&self, seal: &Seal) -> io::Result<()> {
        platform::sync_data(&seal::add(&self.folder, seal)?)
    }

    /// The same, not waited for: it is on the disk some seconds later, or when the next run begins. In a power cut before that,
    /// the run is one of those that nothing seals the end of.
    pub(super) fn seal_soon(&self, seal: &Seal) -> io::Result<()> {
        seal::add(&self.folder, seal).map(drop)
    }

    /// The same, on its way to the disk: a tool need not wait for that to start. None where it is there.
    pub(super) fn begin_to_seal(&self, seal: &Seal) -> io::Result<Option<JoinHandle<io::Result<()>>>> {
        let file = seal::add(&self.folder, seal)?;
        let same = file.try_clone()?;
        match thread::Builder::new().spawn(move || platform::sync_data(&same)) {
            Ok(begun) => Ok(Some(begun)),
            // No thread is left for us.
            Err(_) => platform::sync_data(&file).map(|()| None),
        }
    }

    /// Whether lines of runs were changed or cut.
    pub(crate) fn check(&self) -> Checked {
        let of = |number: u64| {
            // Looked at first: a run that ends meanwhile is one that goes on.
            let is_alive = self.is_locked(number);
            seal::Text { run: number, text: seal::text(&self.file(number)), is_alive }
        };
        let runs: Vec<seal::Text> = self.numbers().into_iter().map(of).collect();
        seal::check(&seal::text(&self.folder.join(seal::FILE)), &runs)
    }

    fn file(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:06}.jsonl"))
    }

    /// The log of an environment in a run.
    pub fn log(&self, number: u64, environment: &str) -> PathBuf {
        let dot = if environment.is_empty() { "" } else { "." };
        self.folder.join(format!("{number:06}{dot}{environment}.log"))
    }

    /// The numbers of the runs that are kept, oldest first.
    pub fn numbers(&self) -> Vec<u64> {
        let mut found: Vec<u64> =
            entries(&self.folder).filter_map(|(name, _)| number_of(&name, ".jsonl")).collect();
        found.sort_unstable();
        found
    }

    /// Reads a run; none when there is no such one.
    pub fn read(&self, number: u64) -> Option<Run> {
        let mut text = String::new();
        let file = File::open(self.file(number)).ok()?;
        (&file).read_to_string(&mut text).ok()?;
        let mut locked = false;
        let mut run = Run::default();
        for line in text.lines().filter_map(Line::read) {
            if let Line::RunStarted(start) = &line {
                locked = start.locked;
            }
            run.take(line);
        }
        if run.outcome == State::Running && !is_alive(&file, &run, locked) {
            run.interrupt();
        }
        run.run = Some(number);
        Some(run)
    }

    /// What a table shows of a run: of one that has an end only the first and the last line are read.
    pub fn head(&self, number: u64) -> Option<Run> {
        self.ends(number).or_else(|| self.read(number))
    }

    fn ends(&self, number: u64) -> Option<Run> {
        const BLOCK: i64 = 16 * 1024;
        let mut file = File::open(self.file(number)).ok()?;
        let length = file.metadata().ok()?.len();
        let mut first = Vec::new();
        (&file).take(BLOCK.unsigned_abs()).read_to_end(&mut first).ok()?;
        file.seek(SeekFrom::End(-BLOCK.min(length.cast_signed()))).ok()?;
        let mut last = Vec::new();
        file.read_to_end(&mut last).ok()?;
        let first = String::from_utf8_lossy(&first);
        let last = String::from_utf8_lossy(&last);
        let start = Line::read(first.lines().next()?)?;
        let end = Line::read(last.lines().next_back()?)?;
        let Line::RunEnded { environments, .. } = &end else { return None };
        let lane = |environment: &String| super::run::Lane {
            environment: environment.clone(),
            ..super::run::Lane::default()
        };
        let mut run = Run { environments: environments.iter().map(lane).collect(), ..Run::default() };
        run.take(start);
        run.take(end);
        run.run = Some(number);
        Some(run)
    }

    /// Removes the oldest runs before `newest` until the rest is young and small enough. Only tidies up, so it never
    /// fails.
    fn prune(&self, newest: u64) {
        let mut sizes = std::collections::BTreeMap::<u64, (u64, Vec<PathBuf>)>::new();
        let old = SystemTime::now().checked_sub(AGE).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut too_old = Vec::new();
        for (name, path) in entries(&self.folder) {
            let digits = name.split('.').next().unwrap_or_default();
            let (Ok(number), Ok(metadata)) = (digits.parse::<u64>(), fs::metadata(&path)) else { continue };
            if path.extension().is_some_and(|end| end == "jsonl")
                && metadata.modified().is_ok_and(|time| time < old)
            {
                too_old.push(number);
            }
            let entry = sizes.entry(number).or_default();
            entry.0 += metadata.blocks() * 512;
            entry.1.push(path);
        }
        let mut bytes: u64 = sizes.values().map(|(bytes, _)| bytes).sum();
        let mut kept = sizes.len();
        for (number, (size, files)) in sizes {
            let goes = kept > RUNS || bytes > BYTES || too_old.contains(&number);
            if number >= newest || !goes || self.is_locked(number) {
                continue;
            }
            if self.seal(&Seal::Gone { run: number }).is_err() {
                return;
            }
            for file in files {
                let _ = fs::remove_file(file);
            }
            bytes -= size;
            kept -= 1;
        }
    }

    /// Does the process of that run live?
    fn is_locked(&self, number: u64) -> bool {
        File::open(self.file(number)).is_ok_and(|file| holds(&file))
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create_new(true).mode(PRIVATE).open(path)
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let all = fs::read_dir(folder).into_iter().flatten().flatten();
    all.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
}

fn number_of(name: &str, end: &str) -> Option<u64> {
    name.strip_suffix(end)?.parse().ok()
}

/// Somebody has the lock of this file.
fn holds(file: &File) -> bool {
    flock(file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK)
}

/// A run without an end goes on only while its process lives: it then holds the lock of the file. Where the file
/// system has no locks, the process id is asked, on the same machine.
fn is_alive(file: &File, run: &Run, locked: bool) -> bool {
    if locked {
        return holds(file);
    }
    run.host == super::host() && !platform::is_gone(run.pid)
}
