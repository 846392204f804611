//! The connections of a run as long as they live.

use std::path::PathBuf;

use indexmap::IndexMap;

use crate::context::Ctx;
use crate::disk::PrivateDir;
use crate::exec::Background;
use crate::failure::Failure;
use crate::tools::ssh::{self, Login};

/// The connections of a run, and the agents with keys from secrets. All end when this is dropped, and also when
/// infractl is killed.
#[derive(Default)]
pub struct Connections {
    pub(crate) logins: IndexMap<String, Login>,
    agents: IndexMap<String, Agent>,
    /// Before the folder: it closes what has its socket there.
    keeper: Option<Background>,
    folder: Option<PrivateDir>,
}

/// An agent of ours.
pub(crate) struct Agent {
    /// It runs as long as this is held.
    #[expect(dead_code, reason = "held, not read")]
    pub(crate) kept: Background,
    /// Its socket, and the file of the public key.
    pub(crate) place: (PathBuf, PathBuf),
}

impl Connections {
    /// Ends them all; the next use opens new ones.
    pub fn end(&mut self) {
        *self = Connections::default();
    }

    /// The private folder of the sockets. What keeps it ends all connections and removes it when we end, however.
    pub(crate) fn folder(&mut self, cx: &Ctx) -> Result<PathBuf, Failure> {
        if let Some(folder) = &self.folder {
            return Ok(folder.path().to_owned());
        }
        let folder = PrivateDir::for_sockets()?;
        let path = folder.path().to_owned();
        self.keeper = Some(cx.runner.keep(&ssh::keeper(&path))?);
        self.folder = Some(folder);
        Ok(path)
    }

    pub(crate) fn agent(&self, secret: &str) -> Option<(PathBuf, PathBuf)> {
        self.agents.get(secret).map(|agent| agent.place.clone())
    }

    pub(crate) fn keep_agent(&mut self, secret: &str, agent: Agent) {
        self.agents.insert(secret.to_owned(), agent);
    }

    /// How many agents there are.
    pub(crate) fn count(&self) -> usize {
        self.agents.len()
    }
}
