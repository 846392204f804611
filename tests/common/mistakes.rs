//! Mistakes in the file of an environment, one at a time: infractl refuses each, and what an editor can see of them.

/// What shows a mistake to somebody who has the JSON Schema only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The shape: an unknown key, another kind of value, a word that is none, something that is missing.
    Shape,
    /// Nothing, and why.
    Never(&'static str),
}

use Seen::{Never, Shape};

const NAMES: Seen = Never("what a name refers to stands elsewhere");
const TEXT: Seen = Never("`{{…}}` in text has a grammar of its own");
const OTHER_FILE: Seen = Never("what is missing may stand in the other file");
const TOGETHER: Seen = Never("what keys mean together is no matter of shape");

pub(crate) const ALL: &[(&str, Seen)] = &[
    // Unknown keys.
    ("protectd = true", Shape),
    ("desc = \"x\"", Shape),
    ("[terraform]\nprotected = true", Shape),
    ("[hosts.a]\naddress = \"x\"\nusr = \"x\"", Shape),
    ("[pipelines]\na = [{ wiat = { ssh = \"backend\" } }]", Shape),
    ("[pipelines]\na = [{ command = { rn = \"x\" } }]", Shape),
    ("[window]\nzone = \"UTC\"\ntime-zone = \"UTC\"", Shape),
    // Values of another kind.
    ("protected = \"yes\"", Shape),
    ("depends-on = [3]", Shape),
    ("[terraform]\nprogram = 3", Shape),
    ("[terraform]\nparallelism = \"4\"", Shape),
    ("[terraform]\nlock-timeout = 90", Shape),
    ("[terraform]\nvar-files = \"x.tfvars\"", Shape),
    ("[pipelines]\naply = 3", Shape),
    ("[pipelines]\na = [{ copy = { files = \"x\", to = \"/x\" } }]", Shape),
    ("[pipelines]\na = [{ command = \"x\", retry = { attempts = \"3\" } }]", Shape),
    ("[[env-file.sections]]\ntitle = \"A\"\nvalues = { Z = [1] }", Shape),
    // Words, numbers and texts that are none of those there are.
    ("[env-file]\ndialect = \"compos\"", Shape),
    ("[power]\nprovider = \"gcp\"", Shape),
    ("[pipelines]\na = [{ do = \"plan\", on-failure = \"contnue\" }]", Shape),
    ("[terraform]\nparallelism = 0", Shape),
    ("[hosts.a]\naddress = \"x\"\nport = 99999", Shape),
    ("[pipelines]\na = [{ command = \"x\", timeout = \"5\" }]", Shape),
    ("[pipelines]\na = [{ wait = { tcp = \"x:1\" }, every = \"5x\" }]", Shape),
    ("[pipelines]\na = [{ copy = { files = [\"a\"], to = \"b\", mode = \"600\" } }]", Shape),
    ("[tools]\nterraform = \"new\"", Shape),
    ("[secrets]\nrequired = [\"a b\"]", Shape),
    ("[pipelines]\na = [{ command = \"x\", secrets = [\"A B\"] }]", Shape),
    ("[hosts.\"a b\"]\naddress = \"x\"", Shape),
    ("[[env-file.sections]]\ntitle = \"A\"\nvalues = { a-b = 1 }", Shape),
    ("[ttl]\nafter = \"8\"\naction = \"destroy\"", Shape),
    ("[window]\nfrom = \"9\"", Shape),
    // Secrets in arguments.
    ("[terraform.backend]\nkey = \"{{secret.A}}\"", Shape),
    ("[pipelines]\na = [{ command = [\"x\", \"{{ secret.A }}\"] }]", Shape),
    ("[hosts.a]\naddress = \"x{{secret.A}}\"", Shape),
    // What is missing, or there twice, in a list.
    ("[pipelines]\na = [{ name = \"nothing\" }]", Shape),
    ("[pipelines]\na = [{ do = \"plan\", command = \"x\" }]", Shape),
    ("[pipelines]\na = [{ wait = {} }]", Shape),
    ("[pipelines]\na = [{ wait = { ssh = \"a\", tcp = \"b:1\" } }]", Shape),
    ("[pipelines]\na = [{ git = {} }]", Shape),
    ("[pipelines]\na = [{ compose = { up = true, down = true } }]", Shape),
    ("[pipelines]\na = [{ remote = { run = \"x\" } }]", Shape),
    ("[[env-file.sections]]\nvalues = { A = 1 }", Shape),
    ("[[env-file.sections]]\ntitle = \"A\"\nvalues = { X = { output = \"a\", secret = \"B\" } }", Shape),
    ("[[env-file.sections]]\ntitle = \"A\"\nvalues = { Y = {} }", Shape),
    ("[[drift.ignore]]\naddress = \"a.b\"", Shape),
    ("[[failures]]\nname = \"x\"\nmatch = \"y\"", Shape),
    // The same in a table that the other file may complete.
    ("[hosts.a]\nuser = \"x\"", OTHER_FILE),
    ("[registry]\nuser = \"x\"", OTHER_FILE),
    ("[secrets.from]\nA = {}", OTHER_FILE),
    ("[ttl]\naction = \"destroy\"", OTHER_FILE),
    // Names.
    ("depends-on = [\"prd\"]", NAMES),
    ("depends-on = [\"dev\"]", NAMES),
    ("[inventory]\ngroups.web = { hosts = [\"nope\"] }", NAMES),
    ("[inventory]\ngroups.web = { children = [\"wbe\"] }", NAMES),
    ("[pipelines]\na = [{ wait = { ssh = \"backned\" } }]", NAMES),
    ("[pipelines]\na = [{ docker = { push = \"api\" } }]", NAMES),
    ("[pipelines]\na = [{ ecs = { run = \"etl\" } }]", NAMES),
    ("[pipelines]\na = [{ do = \"rolback\" }]", NAMES),
    ("[pipelines]\nsecrets = []", NAMES),
    ("[pipelines]\ndeploy = [{ do = \"up\" }]", NAMES),
    ("[ttl]\nuntil = \"18:00\"\ntime-zone = \"Europe/Pari\"\naction = \"destroy\"", NAMES),
    // Text.
    ("[terraform]\nvars = { a = \"{{enviroment}}\" }", TEXT),
    ("[terraform]\nvars = { a = \"{{\" }", TEXT),
    ("[terraform]\ndir = \"{{output.x}}\"", TEXT),
    ("[pipelines]\na = [{ command = \"x\", retry = { on = [\"(\"] } }]", Never("regular expressions differ")),
    // What keys mean together.
    ("[pipelines]\na = [{ wait = { tcp = \"x:1\", days-left = 7 } }]", TOGETHER),
    ("[pipelines]\na = [{ command = \"x\", every = \"5s\" }]", TOGETHER),
    ("[checks]\nwatch = { amtool = \"x.yml\", run = \"true\" }", TOGETHER),
    ("[hosts.db]\naddress = \"x\"\njump = \"db\"", TOGETHER),
    ("[window]\nfrom = \"09:00\"\nto = \"09:00\"", TOGETHER),
];
