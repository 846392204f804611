//! A program that runs as long as it is wanted: it reads its standard input and ends with it.

use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};
use tokio::process::{Child, ChildStdin};

use super::group::Target;

/// How long it may take to end by itself.
const LIMIT: Duration = Duration::from_secs(3);

/// A program that runs until this is dropped. Its standard input ends then, and also when infractl is killed: it has
/// to end with it.
#[derive(Debug, Default)]
pub struct Background(Option<(ChildStdin, Child)>);

impl Background {
    /// None when it has ended already.
    pub(super) fn new(mut child: Child) -> Self {
        Background(child.stdin.take().map(|stdin| (stdin, child)))
    }

    /// Writes a few bytes to its standard input.
    pub(crate) fn tell(&self, bytes: &[u8]) {
        if let Some((stdin, _)) = &self.0
            && let Err(error) = rustix::io::write(stdin, bytes)
        {
            tracing::debug!(%error, "it was not told");
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let Some((stdin, mut child)) = self.0.take() else { return };
        let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        drop(stdin);
        let limit = Instant::now() + LIMIT;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= limit {
                if let Some(pid) = pid {
                    Target::Group(pid).send(Signal::KILL);
                }
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
