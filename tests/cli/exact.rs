//! What the configuration says to a root module arrives as it stands there, and what it asks of it is declared.

use serde_json::{Value as Json, json};

use crate::common::{Run, Sandbox};
use crate::terraform::lab;

/// Texts that terraform would evaluate, or take for something else.
const TEXTS: [&str; 9] = [
    "Xy%{if true}Z%{endif}9",
    "p$${w}",
    "q%%{w}",
    "1+1=${1+1}",
    "0012",
    "null",
    "true",
    "[1, 2]",
    "back\u{8}form\u{c}quote\"slash\\u0024end",
];

/// A root module whose output `all` is what each of its variables holds.
fn module(variables: &[(&str, &str)]) -> String {
    let declared = variables.iter().map(|(name, kind)| {
        let kind = if kind.is_empty() { String::new() } else { format!("type = {kind}") };
        format!("variable \"{name}\" {{\n  {kind}\n  default = null\n}}\n")
    });
    let names: Vec<String> = variables.iter().map(|(name, _)| format!("{name} = var.{name}")).collect();
    format!(
        "{}output \"all\" {{\n  value = nonsensitive(jsonencode({{ {} }}))\n}}\n",
        declared.collect::<String>(),
        names.join(", ")
    )
}

fn arrived(project: &Sandbox) -> Json {
    let out = Run::in_clear(&mut project.command(&["-q", "output", "dev", "all", "--raw"])).code(0).out;
    serde_json::from_str(&out).unwrap()
}

#[test]
fn texts_of_the_configuration_stay_texts_whatever_takes_them() {
    let kinds = [
        ("none", ""),
        ("text", "string"),
        ("any", "any"),
        ("list", "list(string)"),
        ("map", "map(string)"),
        ("object", "object({ a = any, b = optional(list(string)) })"),
    ];
    let project = lab(&module(&kinds));
    for text in TEXTS {
        let vars = json!({
            "none": text, "text": text, "any": text, "list": [text, text], "map": { "a": text, "for": text },
            "object": { "a": { "b": [text] }, "b": [text] },
        });
        let lines: String = vars
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| format!("{name} = {}\n", inline(value)))
            .collect();
        project.write("environments/dev/environment.toml", &format!("[terraform.vars]\n{lines}"));
        project.infractl(&["apply", "dev"]).code(0);
        assert_eq!(arrived(&project), vars, "{text:?}");
    }
    // Other values keep their type.
    let vars = "any = { n = 1, b = true, l = [] }\nnone = 12\ntext = 0.5\n";
    project.write("environments/dev/environment.toml", &format!("[terraform.vars]\n{vars}"));
    project.infractl(&["apply", "dev"]).code(0);
    let all = arrived(&project);
    assert_eq!(all["any"], json!({ "n": 1, "b": true, "l": [] }));
    assert_eq!((&all["none"], &all["text"]), (&json!(12), &json!("0.5")));
    // A variable without a type takes no more than text from the environment.
    for (written, value) in
        [("[\"${1+1}\", 1]", json!(["${1+1}", 1])), ("{ a = { b = true } }", json!({ "a": { "b": true } }))]
    {
        project.write("environments/dev/environment.toml", &format!("[terraform.vars]\nnone = {written}\n"));
        project.infractl(&["apply", "dev"]).code(0);
        assert_eq!(arrived(&project)["none"], value);
    }
}

#[test]
fn json_in_a_secret_is_a_structure_where_more_than_a_text_is_taken() {
    let project = lab(&module(&[("any", "any"), ("none", ""), ("text", "string"), ("map", "map(any)")]));
    let structure = r#"{"a":["${1+1}","%{if true}",1.5,null],"b":{}}"#;
    project.secrets_text(
        "common",
        &format!("ANY={structure}\nNONE={structure}\nTEXT={structure}\nMAP={{\"a\":true}}\n"),
    );
    project.infractl(&["apply", "dev"]).code(0);
    let all = arrived(&project);
    assert_eq!(all["any"], serde_json::from_str::<Json>(structure).unwrap());
    assert_eq!((&all["none"], &all["text"]), (&json!(structure), &json!(structure)));
    assert_eq!(all["map"], json!({ "a": true }));
    for text in ["0012", "null", "true", "\"quoted\"", "[for x in [1] : x]"] {
        project.secrets_text("common", &format!("ANY={text}\n"));
        project.infractl(&["apply", "dev"]).code(0);
        assert_eq!(arrived(&project)["any"], json!(text));
    }
}

/// Longer than a variable of the environment can be.
fn long(begin: &str) -> String {
    format!("{begin}{}", "0123456789abcdef".repeat(20_000))
}

/// The folders of runs in memory that hold something.
fn kept_in_memory() -> Vec<std::path::PathBuf> {
    let all = std::fs::read_dir("/dev/shm").into_iter().flatten().flatten().map(|entry| entry.path());
    all.filter(|path| path.join("infractl.tfvars.json").exists()).collect()
}

#[test]
fn a_value_of_any_length_arrives_and_is_on_no_disk() {
    let module = r#"
        variable "big" { type = string }
        variable "many" { type = list(string) }
        variable "secret_key" { type = string }
        variable "quiet" {
          type      = string
          ephemeral = true
          sensitive = true
        }
        resource "terraform_data" "a" {
          input = length(var.big)
        }
        check "quiet" {
          assert {
            condition     = length(var.quiet) == 320007
            error_message = "the ephemeral one is not here"
          }
        }
        output "all" {
          value = jsonencode([for text in concat([var.big, nonsensitive(var.secret_key)], var.many) : "${length(text)} ${substr(text, 0, 9)}"])
        }
    "#;
    let project = lab(module);
    let (big, key) = (long("big-${1+1}-"), long("CANARY-"));
    project.secrets_text(
        "common",
        &format!("SECRET_KEY={key}\nQUIET={}\nNOT_DECLARED={key}\n", long("CANARY-")),
    );
    project.write(
        "environments/dev/environment.toml",
        &format!("[terraform.vars]\nbig = {}\nmany = [{}, \"x\"]\n", json!(big), json!(big)),
    );
    for verb in ["plan", "apply", "plan"] {
        let run = project.infractl(&[verb, "dev", "-v"]).code(0);
        run.never_says("undeclared").never_says("the ephemeral one is not").never_says("CANARY-0123");
    }
    let parts = [format!("{} big-${{1+1", big.len()), format!("{} CANARY-01", key.len())];
    assert_eq!(arrived(&project), json!([parts[0], parts[1], parts[0], "1 x"]));
    // Through a plan that is applied as it was shown, and one that was saved.
    project.write("environments/dev/more.tf", "resource \"terraform_data\" \"b\" {}\n");
    project.infractl(&["plan", "dev", "--out", "dev.tfplan"]).code(0);
    project
        .infractl(&["apply", "dev", "--plan", "dev.tfplan"])
        .code(0)
        .never_says("the ephemeral one is not");
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
    // A command that cannot get them starts without them, and it is said.
    let run = project
        .infractl(&["exec", "dev", "--", "sh", "-c", "echo \"[${TF_VAR_big-none}${SECRET_KEY-none}]\""])
        .code(0);
    assert_eq!(run.out, "[nonenone]\n");
    run.says("`TF_VAR_big` is too long").says("`SECRET_KEY` is too long");
    let dry = project.infractl(&["apply", "dev", "--dry-run"]).code(0).out;
    assert!(dry.contains("-var-file=PRIVATE.tfvars.json"), "{dry}");
    project.infractl(&["destroy", "dev"]).code(0).never_says("the ephemeral one is not");
    assert_eq!(kept_in_memory(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_wins_does_not_depend_on_how_a_value_travels() {
    let project = lab(&module(&[("auto", ""), ("own", ""), ("file", ""), ("word", ""), ("last", "")]));
    let same = "auto = [1]\nown = [1]\nfile = [1]\nword = [1]\nlast = [1]\n";
    project.write(
        "environments/dev/environment.toml",
        &format!("[terraform]\nvar-files = [\"mine.tfvars\"]\n[terraform.vars]\n{same}"),
    );
    project.write("environments/dev/a.auto.tfvars", "auto = \"auto\"\n");
    project.write("environments/dev/terraform.tfvars.json", "{\"own\": \"own\"}");
    project.write("mine.tfvars", "file = \"file\"\n");
    project.infractl(&["apply", "dev", "--", "-var", "word=word"]).code(0);
    assert_eq!(
        arrived(&project),
        json!({ "auto": "auto", "own": "own", "file": "file", "word": "word", "last": [1] })
    );
    let script = project.infractl(&["apply", "dev", "--print", "--", "-var", "word=word"]).code(0).out;
    assert!(script.contains("-var-file=/dev/stdin"), "{script}");
    project.infractl(&["destroy", "dev"]).code(0);
    project.write("apply.sh", &script);
    let mut bash = std::process::Command::new("bash");
    bash.arg("apply.sh").current_dir(project.path(".")).env("ACCOUNT_KEY", "x").env("SHARED_TOKEN", "y");
    Run::in_clear(&mut bash).code(0);
    assert_eq!(
        arrived(&project),
        json!({ "auto": "auto", "own": "own", "file": "file", "word": "word", "last": [1] })
    );
}

/// A value as TOML writes it on one line.
fn inline(value: &Json) -> String {
    match value {
        Json::Object(fields) => {
            let fields: Vec<String> =
                fields.iter().map(|(name, value)| format!("{name} = {}", inline(value))).collect();
            format!("{{ {} }}", fields.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

#[test]
fn secrets_stay_texts_whatever_takes_them() {
    let kinds = [("one", "string"), ("two", "any"), ("three", "list(string)"), ("four", "map(string)")];
    let project = lab(&module(&kinds));
    let odd = "Xy%{if true}Z%{endif}$${w}${1+1}";
    project.secrets_text("common", &format!("ONE={odd}\nTWO=0012345\nTHREE=[\"{odd}\"]\n"));
    project.write(
        "environments/dev/environment.toml",
        "[terraform]\nvars = { four = { password = \"{{secret.ONE}}\" } }\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    let expected = json!({ "one": odd, "two": "0012345", "three": [odd], "four": { "password": odd } });
    assert_eq!(arrived(&project), expected);
    // The same for what a command of the project starts, and for a plan that was saved.
    let outside = "terraform -chdir=environments/dev apply -auto-approve -no-color >&2";
    project.infractl(&["exec", "dev", "--", "sh", "-c", outside]).code(0);
    assert_eq!(arrived(&project), expected);
    project.infractl(&["plan", "dev", "--detailed-exitcode"]).code(0);
    // Text for a list is JSON, and nothing that would be evaluated.
    project.secrets_text("common", "ONE=abcdef\nTWO=abcdef\nTHREE=[for x in [1] : x]\n");
    project.infractl(&["apply", "dev"]).code(1).says("list of string required").says("write it as JSON");
}

#[test]
fn settings_of_the_backend_arrive_as_they_are() {
    let project = lab("terraform {\n  backend \"s3\" {}\n}\n");
    let text = "[terraform.backend]\nbucket = \"b${1+1}\"\nendpoints = { s3 = \"http://x/${1+1}%{if true}\" }\n\
                allowed_account_ids = [\"0012\"]\nuse_path_style = true\n";
    project.write("environments/dev/environment.toml", text);
    let out = project.infractl(&["init", "dev", "--dry-run"]).code(0).out;
    assert!(out.contains("-backend-config=bucket=b${1+1}"), "{out}");
    assert!(out.contains(r#"endpoints={"s3":"http://x/\u0024{1+1}\u0025{if true}"}"#), "{out}");
    assert!(out.contains(r#"allowed_account_ids=["0012"]"#) && out.contains("use_path_style=true"), "{out}");
}

#[test]
fn what_no_file_of_the_root_module_declares_is_found_before_anything_is_applied() {
    let module = "variable \"region\" { default = \"x\" }\nresource \"terraform_data\" \"a\" {}\n\
                  output \"backend_ip\" { value = \"127.0.0.1\" }\n";
    let project = lab(module);
    let settings = "[terraform]\nvars = { regin = \"a\" }\n[env-file]\nsections = [{ title = \"x\", values = { IP = { output = \
                    \"backend_op\" }, B = \"{{output.nothing_like_it}}\", C = { output = \"no\", optional = true }, D = { output \
                    = \"no\", default = \"d\" } } }]\n[hosts.web]\naddress = \"{{output.backend_jp}}\"\n[pipelines]\n\
                    deploy = [{ command = \"true {{output.baxkend_ip}}\" }]\nother = [{ command = \"true {{output.elsewhere}}\" }]\n\
                    none = [{ command = \"true {{output.not_here}}\", when = { environment = [\"prod\"] } }]\n";
    project.write("environments/dev/environment.toml", settings);
    let own = [
        "the root module declares no variable `regin`",
        "did you mean `region`?",
        "environments/dev/environment.toml:2:",
        "no output `backend_op`",
        "did you mean `backend_ip`?",
        "environments/dev/environment.toml:4:",
        "no output `nothing_like_it`",
        "add `output \"nothing_like_it\"` to the root module",
        "no output `backend_jp`",
    ];
    for verb in
        [&["apply", "dev"][..], &["plan", "dev"], &["validate", "dev"], &["apply", "dev", "--dry-run"]]
    {
        let run = own.iter().fold(project.infractl(verb).code(78), |run, text| run.says(text));
        run.never_says("`no`").never_says("not_here");
    }
    assert!(!project.path("environments/dev/terraform.tfstate").exists());
    // What other steps of the run name counts too; with `validate`, what all pipelines name.
    project.infractl(&["up", "dev"]).code(78).says("`baxkend_ip`").never_says("`elsewhere`");
    project.infractl(&["apply", "dev"]).code(78).never_says("`baxkend_ip`");
    project.infractl(&["validate", "dev"]).code(78).says("`baxkend_ip`").says("`elsewhere`");
    // A file that only terraform understands may declare them.
    project.write("environments/dev/more.tf", "output \"x\" {\n");
    project.infractl(&["validate", "dev"]).code(1).never_says("declares no");
}
