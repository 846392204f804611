//! What verbs print for programs: the JSON Schema of every document (docs/output.schema.json).

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value as Json, json};

use crate::commands::{
    ci, deployments, doctor, env, expire, explain, graph, history, import, maintenance, new, promote,
    release, report, scenario, snapshot, state, status, tools, traffic, variable,
};
use crate::history::Run;
use crate::tools::terraform::drift;
use crate::ui::json::Line;

type Of = fn(&mut SchemaGenerator) -> Schema;

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// Every document by the words of the verb that prints it, and the events that all other verbs print.
const ALL: &[(&str, Of)] = &[
    ("events", of::<Line<'_>>),
    ("ci matrix", of::<ci::Matrix>),
    ("doctor", of::<doctor::Report>),
    ("drift", of::<drift::Document<'_>>),
    ("env list", of::<Vec<env::Listed>>),
    ("env show --explain", of::<variable::Explained>),
    ("env show --origin", of::<indexmap::IndexMap<String, env::Place>>),
    ("expire --dry-run", of::<Vec<expire::Left>>),
    ("explain", of::<explain::Document>),
    ("graph", of::<Vec<graph::Drawn>>),
    ("history", of::<Vec<history::Head>>),
    ("history deployments", of::<deployments::Deployed>),
    ("history show", of::<Run>),
    ("import make", of::<import::Proposed>),
    ("maintenance", of::<maintenance::Shown>),
    ("new", of::<new::Written>),
    ("promote --check", of::<promote::Behind>),
    ("release", of::<release::Told>),
    ("report audit", of::<report::Document>),
    ("scenario list", of::<scenario::Scenarios>),
    ("snapshot list", of::<Vec<snapshot::Shown>>),
    ("snapshot show", of::<snapshot::Shown>),
    ("state", of::<state::Shown>),
    ("status", of::<Vec<status::Glance>>),
    ("tools list", of::<Vec<tools::Listed>>),
    ("traffic", of::<traffic::Shares>),
];

/// The schema of all of them.
pub(super) fn schema() -> Json {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let documents: Map<String, Json> =
        ALL.iter().map(|(words, of)| ((*words).to_owned(), of(&mut generator).to_value())).collect();
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What infractl prints with `--output json`",
        "description": "Under the words of each verb the document that it prints; under `events` each line of the verbs that print events.",
        "type": "object",
        "properties": documents,
        "$defs": definitions,
    })
}
