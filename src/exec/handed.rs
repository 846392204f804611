//! A text for one program, by a named pipe: read once, never on a disk.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::AsyncWriteExt as _;
use tokio::net::unix::pipe;

/// How soon a reader is noticed.
const EVERY: Duration = Duration::from_millis(5);

/// A text that waits at a path for its one reader.
#[derive(Debug)]
pub(crate) struct Handed {
    path: PathBuf,
    text: SecretString,
}

impl Handed {
    /// Makes the pipe, mode 0600, in a folder that nobody else may enter.
    pub(crate) fn new(folder: &Path, name: &str, text: SecretString) -> io::Result<Handed> {
        let path = folder.join(name);
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR)?;
        Ok(Handed { path, text })
    }

    /// Where it is read.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the text to the first reader. Does not end by itself: drop it when the program has ended.
    pub(crate) async fn give(&self) -> Infallible {
        loop {
            match pipe::OpenOptions::new().open_sender(&self.path) {
                Ok(mut sender) => {
                    // A second reader finds nothing, instead of waiting for ever.
                    let _ = std::fs::remove_file(&self.path);
                    if let Err(error) = sender.write_all(self.text.expose_secret().as_bytes()).await {
                        tracing::debug!(%error, "what was handed over was not read to its end");
                    }
                    break;
                }
                // Nobody has opened it yet.
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error()) => {
                    tokio::time::sleep(EVERY).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "the pipe cannot be opened");
                    break;
                }
            }
        }
        std::future::pending().await
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        // It is there when nobody has read it.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_text_of_any_length_is_read_once() {
        let dir = tempfile::tempdir().unwrap();
        let text = "CANARY é\n".repeat(50_000);
        let handed = Handed::new(dir.path(), "text", text.clone().into()).unwrap();
        assert!(!format!("{handed:?}").contains("CANARY"));
        let path = handed.path().to_owned();
        let reader = tokio::task::spawn_blocking(move || std::fs::read_to_string(path));
        tokio::select! {
            read = reader => assert!(read.unwrap().unwrap() == text),
            never = handed.give() => match never {},
        }
        assert!(std::fs::read(handed.path()).is_err(), "there is no second time");
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }

    #[test]
    fn one_that_nobody_reads_goes_as_well() {
        let dir = tempfile::tempdir().unwrap();
        let handed = Handed::new(dir.path(), "text", "CANARY".to_owned().into()).unwrap();
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(handed.path()).unwrap());
        assert_eq!(mode & 0o777, 0o600);
        drop(handed);
        assert_eq!(dir.path().read_dir().unwrap().count(), 0);
    }
}
