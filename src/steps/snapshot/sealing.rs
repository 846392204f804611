//! An encrypted file that a program writes: nothing of it is on a disk in clear, and it is there whole or not at all.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use age::stream::StreamWriter;
use sha2::{Digest as _, Sha256};

use crate::disk::Fresh;
use crate::exec::{Done, Sink};
use crate::failure::{Failure, Kind};
use crate::secrets::aged;
use crate::snapshots::Stored;
use crate::text::hex;
use crate::work::{StepCx, relative};

/// A file under way.
pub(super) struct Sealing {
    place: PathBuf,
    recipients: Vec<String>,
    front: Front,
    sink: Sink,
}

/// Takes what is in clear.
#[derive(Clone)]
struct Front(Arc<Mutex<Option<Clear>>>);

struct Clear {
    age: StreamWriter<Summed>,
    bytes: u64,
    first: Vec<u8>,
}

/// Takes what is encrypted.
struct Summed {
    file: Fresh,
    sum: Sha256,
    bytes: u64,
}

/// Bytes at its beginning that tell what a file is.
const FIRST: usize = 5;

impl Sealing {
    /// Begins it, for those who read the secrets of the environment.
    pub(super) fn begin(step: &StepCx<'_>, place: &Path) -> Result<Sealing, Failure> {
        let cx = step.cx;
        let recipients = aged::recipients(cx.runner.as_ref(), &cx.vars.0, step.env, place)?;
        let summed = Summed { file: Fresh::of(place)?, sum: Sha256::new(), bytes: 0 };
        let age = aged::encrypt(&recipients, &relative(step, place), summed)?;
        let front = Front(Arc::new(Mutex::new(Some(Clear { age, bytes: 0, first: Vec::new() }))));
        let sink = Sink::new(front.clone());
        Ok(Sealing { place: place.to_owned(), recipients, front, sink })
    }

    /// For the program.
    pub(super) fn sink(&self) -> Sink {
        self.sink.clone()
    }

    /// Puts the file into its place, if the program has ended well and what it said begins like this. `judge` says why a
    /// program failed.
    pub(super) fn settle(
        self,
        step: &StepCx<'_>,
        done: &Done,
        begins: &[u8],
        judge: impl FnOnce(&Done) -> Result<(), Failure>,
    ) -> Result<Stored, Failure> {
        if !done.interrupted {
            // A program whose output nobody takes any more dies of that: the disk is the reason, not the program.
            self.sink.check().map_err(|error| Fresh::failed(&self.place, error))?;
        }
        judge(done)?;
        let failed = |error| Fresh::failed(&self.place, error);
        let clear = self.front.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Clear { age, bytes, first }) = clear else {
            return Err(Failure::new(Kind::Bug, "a file was settled twice"));
        };
        if bytes == 0 || !first.starts_with(begins) {
            let what = if bytes == 0 {
                "printed nothing".to_owned()
            } else {
                "printed something else than a copy".to_owned()
            };
            return Err(Failure::new(
                Kind::Failed,
                format!("`{}` ended well and {what}: that is no snapshot", step.name),
            ));
        }
        let Summed { file, sum, bytes: sealed } = age.finish().map_err(failed)?;
        file.settle()?;
        Ok(Stored {
            file: self.place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            bytes: sealed,
            sha256: hex(&sum.finalize()),
            plain_bytes: bytes,
            recipients: self.recipients,
        })
    }
}

impl Write for Front {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut clear = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(clear) = clear.as_mut() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        clear.age.write_all(bytes)?;
        let room = FIRST.saturating_sub(clear.first.len()).min(bytes.len());
        clear.first.extend_from_slice(&bytes[..room]);
        clear.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.sum.update(&bytes[..count]);
        self.bytes += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
