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
    assert_eq!((&all["none"], &all["text"]), (&json!("12"), &json!("0.5")));
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
