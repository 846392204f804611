//! How two files become one environment, and where each value comes from.

use std::ffi::OsString;

use indexmap::IndexMap;
use infractl::testing::config::template::{Rendered, Scope};
use infractl::testing::config::{Action, Environment, Project};
use secrecy::SecretString;

use super::{Sandbox, dev};

fn origins(environment: &Environment) -> String {
    let origins = environment.document.origins();
    let lines = origins.iter().map(|o| format!("{} = {}  # {}:{}", o.key, o.value, o.file, o.line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn tables_are_merged_key_by_key_and_lists_are_replaced() {
    let sandbox = Sandbox::new(&[
        (
            "environments/defaults.toml",
            r#"
description = "all"
[terraform]
program = "tofu"
var-files = ["a.tfvars", "b.tfvars"]
vars = { region = "fr", zones = ["1", "2"], deep = { a = 1, b = 2 } }
[hosts.backend]
address = "{{output.ip}}"
user = "debian"
"#,
        ),
        (
            "environments/dev/environment.toml",
            r#"description = "dev"
[terraform]
var-files = ["dev.tfvars"]
vars = { zones = ["3"], deep = { b = 3 } }
[terraform.backend]
"odd key" = "x"
[hosts]
backend.user = "root"
db.address = "10.0.0.1"
"#,
        ),
        ("environments/dev/main.tf", ""),
    ]);
    let environment = sandbox.load("dev").unwrap();
    let terraform = environment.terraform.as_ref().unwrap();
    assert_eq!(terraform.program, "tofu");
    assert_eq!(terraform.var_files, [sandbox.path("dev.tfvars")]);
    assert_eq!(terraform.vars["region"].0, "fr");
    assert_eq!(terraform.vars["zones"].0, serde_json::json!(["3"]));
    assert_eq!(terraform.vars["deep"].0, serde_json::json!({ "a": 1, "b": 3 }));
    assert_eq!(environment.hosts.keys().collect::<Vec<_>>(), ["backend", "db"]);
    insta::assert_snapshot!(origins(&environment), @r#"
    description = "dev"  # environments/dev/environment.toml:1
    terraform.program = "tofu"  # environments/defaults.toml:4
    terraform.var-files = ["dev.tfvars"]  # environments/dev/environment.toml:3
    terraform.vars.region = "fr"  # environments/defaults.toml:6
    terraform.vars.zones = ["3"]  # environments/dev/environment.toml:4
    terraform.vars.deep.a = 1  # environments/defaults.toml:6
    terraform.vars.deep.b = 3  # environments/dev/environment.toml:4
    terraform.backend."odd key" = "x"  # environments/dev/environment.toml:6
    hosts.backend.address = "{{output.ip}}"  # environments/defaults.toml:8
    hosts.backend.user = "root"  # environments/dev/environment.toml:8
    hosts.db.address = "10.0.0.1"  # environments/dev/environment.toml:9
    "#);
    let origin = environment.document.origin("terraform.vars.deep.b").unwrap();
    assert_eq!((origin.file.as_str(), origin.line), ("environments/dev/environment.toml", 4));
    assert_eq!(environment.document.origin("hosts.backend").unwrap().line, 8);
    assert_eq!(environment.document.origin("nothing"), None);
    assert_eq!(environment.document.to_json()["hosts"]["backend"]["user"], "root");
}

#[test]
fn what_a_table_needs_may_stand_in_either_file() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "[hosts.backend]\nuser = \"debian\"\n"),
        ("environments/dev/environment.toml", "[hosts.backend]\naddress = \"10.0.0.1\"\n"),
        ("environments/rec/environment.toml", ""),
    ]);
    assert_eq!(sandbox.load("dev").unwrap().hosts["backend"].address.0.as_str(), "10.0.0.1");
    insta::assert_snapshot!(sandbox.error("rec"), @r#"
    error: `hosts.backend` needs `address`
     --> environments/defaults.toml:1:8
      |
    1 | [hosts.backend]
      |        ^^^^^^^
      |
      = help: add `address = …`
    "#);
}

#[test]
fn keys_of_your_own_are_left_alone() {
    let sandbox = dev("x-team = \"data\"\n[hosts.a]\naddress = \"a\"\nx-rack = { row = 3 }\n");
    let environment = sandbox.load("dev").unwrap();
    assert_eq!(environment.document.to_json()["x-team"], "data");
}

#[test]
fn paths_are_absolute_and_know_environment_project_and_variables() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "[project]\nname = \"shop\"\n"),
        (
            "environments/dev/environment.toml",
            r#"
[env-file]
path = "../out/{{project}}/./.env.{{ environment }}"
[secrets]
files = ["/etc/{{var.TEAM}}.enc.env"]
identity = ["~/.age/key.txt", "keys/dev.txt"]
[pipelines]
deploy = [{ copy = { files = ["docker-compose.yml"], host = "h", to = "/srv" } }]
[hosts]
h.address = "10.0.0.1"
"#,
        ),
    ]);
    let vars = [("TEAM", "data"), ("HOME", "/home/ada")].map(|(k, v)| (OsString::from(k), OsString::from(v)));
    let project = Project::find(sandbox.root(), None).unwrap().with_vars(vars.into());
    let dev = project.environment("dev").unwrap();
    assert_eq!(dev.env_file.path, sandbox.path("../out/shop/.env.dev"));
    assert_eq!(dev.secrets.files, [std::path::Path::new("/etc/data.enc.env")]);
    assert_eq!(dev.secrets.identities, ["/home/ada/.age/key.txt".into(), sandbox.path("keys/dev.txt")]);
    let Action::Copy(copy) = &dev.pipelines["deploy"][0].action else { panic!() };
    assert_eq!(copy.files[0].0, sandbox.path("docker-compose.yml"));
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: variable `TEAM` is not set, named by `/etc/{{var.TEAM}}.enc.env`
     --> environments/dev/environment.toml:5:10
      |
    5 | files = ["/etc/{{var.TEAM}}.enc.env"]
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: set it: `export TEAM=…`

    error: variable `HOME` is not set, named by `~/.age/key.txt`
     --> environments/dev/environment.toml:6:13
      |
    6 | identity = ["~/.age/key.txt", "keys/dev.txt"]
      |             ^^^^^^^^^^^^^^^^
      |
      = help: set it: `export HOME=…`

    error: 2 problems
    "#);
}

#[test]
fn values_of_any_kind_reach_terraform_as_text() {
    let sandbox = dev(r#"
[terraform.vars]
text = "{{environment}}-{{output.ip}}"
number = 5
ratio = 1.5
flag = true
date = 2026-01-14T15:30:00Z
list = ["{{environment}}", 2]
table = { quote = "{{output.quote}}", nested = { a = [] } }
token = { value = "{{secret.TOKEN}}" }
[terraform.backend]
endpoints = { s3 = "https://s3.{{environment}}.example" }
"#);
    sandbox.write("environments/dev/main.tf", b"");
    let dev = sandbox.load("dev").unwrap();
    let outputs = IndexMap::from([
        ("ip".to_owned(), Rendered::Plain("10.0.0.1".to_owned())),
        ("quote".to_owned(), Rendered::Plain("say \"hi\"".to_owned())),
    ]);
    let secrets = IndexMap::from([("TOKEN".to_owned(), SecretString::from("CANARY-1"))]);
    let scope = Scope {
        is_dry: false,
        environment: "dev",
        project: "shop",
        outputs: &outputs,
        foreign: &IndexMap::new(),
        secrets: &secrets,
        values: &IndexMap::new(),
        images: &IndexMap::new(),
        cluster: None,
        vars: &std::collections::BTreeMap::new(),
        addresses: dev.addresses(),
    };
    let terraform = dev.terraform.as_ref().unwrap();
    let shown: Vec<String> = terraform
        .vars
        .iter()
        .map(|(name, input)| match input.fill(&scope).unwrap() {
            (value, false) => format!("{name}={value}"),
            (_, true) => format!("{name} is a secret"),
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    text="dev-10.0.0.1"
    number=5
    ratio=1.5
    flag=true
    date="2026-01-14T15:30:00Z"
    list=["dev",2]
    table={"quote":"say \"hi\"","nested":{"a":[]}}
    token is a secret
    "#);
    let endpoints = terraform.backend["endpoints"].fill(&scope).unwrap();
    assert_eq!(endpoints.to_string(), r#"{"s3":"https://s3.dev.example"}"#);
}

#[test]
fn two_steps_of_the_same_name_get_numbers() {
    let dev = dev("pipelines.test = [{ command = \"make\" }, { command = \"make\" }, { do = \"plan\" }]");
    let dev = dev.load("dev").unwrap();
    let names: Vec<&str> = dev.pipelines["test"].iter().map(|step| step.name.as_str()).collect();
    assert_eq!(names, ["make", "make 2", "plan"]);
}

#[test]
fn a_root_module_is_where_files_of_terraform_or_tofu_are() {
    for (file, has) in [("main.tf", true), ("main.tf.json", true), ("main.tofu", true), ("notes.txt", false)]
    {
        let sandbox = dev("");
        sandbox.write(format!("environments/dev/{file}"), b"");
        assert_eq!(sandbox.load("dev").unwrap().terraform.is_some(), has, "{file}");
    }
}
