//! Projects on disk, loaded: what they mean, and what people read when they are wrong.

#![expect(clippy::unwrap_used, reason = "tests")]

mod cluster;
mod errors;
mod example;
mod finding;
#[expect(dead_code, clippy::disallowed_methods, reason = "it is for all tests, and writes files by hand")]
#[path = "../common/folder.rs"]
mod folder;
mod kubernetes;
#[path = "../common/mistakes.rs"]
mod mistakes;
mod merging;
mod schema;

use std::fs;
use std::ops::Deref;

use folder::Folder;

use infractl::testing::config::{Environment, Project};
use infractl::testing::failure::Failure;
use infractl::testing::ui::report;

/// A project in a folder of its own.
struct Sandbox(Folder);

impl Deref for Sandbox {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Sandbox {
    fn new(files: &[(&str, &str)]) -> Sandbox {
        let sandbox = Sandbox(Folder::new());
        fs::create_dir(sandbox.root().join("environments")).unwrap();
        for (path, text) in files {
            sandbox.write(path, text.as_bytes());
        }
        sandbox
    }

    fn project(&self) -> Project {
        Project::find(self.root(), None).unwrap()
    }

    fn load(&self, name: &str) -> Result<Environment, Failure> {
        self.project().environment(name)
    }

    /// What people read when the environment does not load.
    fn error(&self, name: &str) -> String {
        let failure = self.load(name).unwrap_err();
        assert_eq!(failure.kind.code(), 78, "{failure:?}");
        report::render(&failure, false, 100).replace(&self.root().display().to_string(), "ROOT")
    }
}

/// An environment `dev` whose own file is this text.
fn dev(text: &str) -> Sandbox {
    Sandbox::new(&[("environments/dev/environment.toml", text)])
}
