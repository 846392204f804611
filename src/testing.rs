//! What the tests, benches and fuzz targets outside of the crate use of it, in one place; nothing else is public.

/// What people type.
pub mod commands {
    pub use crate::commands::Cli;
    /// Generated documentation.
    pub mod docs {
        pub use crate::commands::docs::{Page, page, verb_pages};
    }
}
/// Which steps a verb has and how they run.
pub mod pipeline {
    /// Runs.
    pub mod engine {
        pub use crate::pipeline::engine::{Options, run};
    }
    /// Orders environments.
    pub mod graph {
        pub use crate::pipeline::graph::{Direction, graph};
    }
    /// Plans.
    pub mod plan {
        pub use crate::pipeline::plan::{Verb, pipeline};
    }
}
/// The secrets of an environment.
pub mod secrets {
    pub use crate::secrets::{Keys, Nobody, Store, Vars, fill, open_files};
}
/// Text for other programs.
pub mod files {
    /// Values of an inventory.
    pub mod ansible_value {
        pub use crate::files::ansible_value::{Value, Variables, holds_template};
    }
    /// Dotenv and its dialects.
    pub mod dotenv {
        pub use crate::files::dotenv::{Dialect, encode};
    }
    /// Environment files.
    pub mod env_file {
        pub use crate::files::env_file::{Entry, EnvFile, Metadata, Section};
    }
    /// Inventories.
    pub mod inventory {
        pub use crate::files::inventory::{Format, Group, Inventory};
    }
}
/// What was done.
pub mod history {
    pub use crate::history::{Recorder, Setup, Store};
    /// The page.
    pub mod html {
        pub use crate::history::html::page;
    }
}
/// Everything impure.
pub mod context {
    pub use crate::context::{Ctx, Vars};
}
/// Talk to people.
pub mod ui {
    pub use crate::ui::{Mode, Ui, Verbosity};
    /// What is told.
    pub mod event {
        pub use crate::ui::event::{Event, Level, Outcome, Report, Reporter, ToolLine};
    }
    /// Failures as text.
    pub mod report {
        pub use crate::ui::report::render;
    }
}
/// Start programs.
pub mod exec {
    #[cfg(any(test, feature = "test-fakes"))]
    pub use crate::exec::{Answer, FakeRunner};
    pub use crate::exec::{
        BoxFuture, Channel, Cmd, Done, Interrupts, Io, OnLine, OsRunner, RunError, Runner,
    };
}
/// Know the project.
pub mod config {
    pub use crate::config::{Action, Environment, Project, reference_markdown, schema, shapes_written};
    /// As written.
    pub mod model {
        pub use crate::config::model::{Dialect, Value};
    }
    /// As meant.
    pub mod step {
        pub use crate::config::step::{Action, Until};
    }
    /// Texts with names in them.
    pub mod template {
        pub use crate::config::template::{Rendered, Scope};
    }
}
/// Files, whole or not at all.
pub mod disk {
    pub use crate::disk::{mode_of, write};
}
/// The SOPS file format.
pub mod sops {
    pub use crate::sops::{
        DataKey, Encrypted, Finding, Format, KeyGroups, Map, NewFile, Node, PathStep, Plain, Recipient, Rule,
        SopsError, Value, inspect, is_encrypted, key,
    };
}
/// Hide secrets.
pub mod redact {
    pub use crate::redact::{Lines, Masks, Weight};
}
/// What ends a command.
pub mod failure {
    pub use crate::failure::{Failure, Kind};
}
