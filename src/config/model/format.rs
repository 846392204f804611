//! The format that the text of each type has: `config/check.rs` looks at a value by it before serde does.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    Address, Amount, Argument, ArgumentInput, ClockTime, ComponentName, DaySpan, DownloadUrl,
    EnvironmentName, FilePath, HostName, ImageName, Input, Moment, Pattern, Period, Port, RouteName,
    ScenarioName, SecretName, SecretOrTemplate, Size, SnapshotName, StaticOutput, Status, Tag, TaskName,
    ValuePath, VariableName, VersionRange, VersionText, Weekdays, Zone,
};
use crate::config::template::Template;

/// Says once for each type what its values are and which format of `config/check.rs` their text has.
macro_rules! format {
    ($($type:ty => $schema:tt),+ $(,)?) => {$(
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

format! {
    Period => { "type": "string", "format": "duration" },
    Amount => { "format": "amount" },
    Zone => { "type": "string", "format": "time-zone" },
    ClockTime => { "type": "string", "format": "clock-time" },
    Moment => { "type": "string", "format": "moment" },
    Weekdays => { "type": "string", "format": "weekdays" },
    DaySpan => { "type": "string", "format": "days" },
    FilePath => { "type": "string", "format": "path" },
    Template => { "type": "string", "format": "template" },
    Argument => { "type": "string", "format": "argument" },
    Address => { "type": "string", "format": "address" },
    Pattern => { "type": "string", "format": "regex" },
    ValuePath => { "type": "string", "format": "json-path" },
    VersionText => { "type": "string", "format": "version" },
    VersionRange => { "type": "string", "format": "version-range" },
    DownloadUrl => { "type": "string", "format": "download" },
    EnvironmentName => { "type": "string", "format": "environment" },
    HostName => { "type": "string", "format": "host" },
    ImageName => { "type": "string", "format": "image" },
    TaskName => { "type": "string", "format": "task" },
    SnapshotName => { "type": "string", "format": "snapshot" },
    RouteName => { "type": "string", "format": "route" },
    ScenarioName => { "type": "string", "format": "scenario" },
    ComponentName => { "type": "string", "format": "component" },
    Tag => { "type": "string", "format": "name" },
    Size => { "type": "string", "format": "size" },
    Port => { "anyOf": [
        { "type": "integer", "minimum": 1, "maximum": 65535 }, { "type": "string", "format": "port" }
    ] },
    SecretName => { "type": "string", "format": "variable" },
    VariableName => { "type": "string", "format": "variable" },
    SecretOrTemplate => { "type": "string", "format": "secret" },
    Status => { "anyOf": [
        { "type": "integer", "minimum": 100, "maximum": 599 }, { "type": "string", "format": "status" }
    ] },
    StaticOutput => { "format": "given" },
    Input => { "format": "template" },
    ArgumentInput => { "format": "argument" },
}
