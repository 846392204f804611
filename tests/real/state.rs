//! States in a bucket and in a database are read without terraform, which wrote them: the same values, and whatever is
//! odd is terraform's to say.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use serde_json::Value as Json;

use crate::common::{CANARY, Sandbox, clean, need, output, recorded, verbs};
use crate::locks::s3;

const OUTPUTS: &str = "output \"map\" { value = { z = 1e21, a = [null, \"<é>\", 0.5] } }\noutput \"ws\" { value = terraform.workspace }\n";

/// A project whose `dev` keeps its state there.
fn project(backend: &str, vars: &[(&str, &str)]) -> Sandbox {
    let mut project = Sandbox::empty();
    std::fs::create_dir_all(project.path("shared")).unwrap();
    project.write("environments/dev/environment.toml", "");
    project.write("environments/dev/main.tf", &format!("terraform {{\n{backend}\n}}\n{OUTPUTS}"));
    for (name, value) in vars {
        project = project.with_var(name, *value);
    }
    project
}

/// Both workspaces hold what terraform says, and nothing is started to find out.
fn both_workspaces_are_read(project: &Sandbox, vars: &[(&str, &str)]) {
    let started = recorded(project);
    for workspace in ["default", "blue"] {
        project.environment("dev", &format!("[terraform]\nworkspace = \"{workspace}\"\n"));
        started(&["apply", "dev"]).0.code(0);
        let (run, lines) = started(&["output", "dev", "--format", "json"]);
        assert!(lines.is_empty(), "{lines:?}");
        let found: BTreeMap<String, Json> = serde_json::from_str(&run.code(0).out).unwrap();
        let mut command = clean("terraform", &project.path("environments/dev"), project.home.root());
        command.args(["output", "-json"]).envs(vars.iter().copied()).env("TF_WORKSPACE", workspace);
        let own: BTreeMap<String, Json> = serde_json::from_slice(&output(&mut command)).unwrap();
        for (name, value) in &own {
            assert_eq!(found[name].to_string(), value["value"].to_string(), "{workspace}: {name}");
        }
        assert_eq!((found.len(), &found["ws"]), (2, &Json::from(workspace)));
        assert_eq!(verbs(&started(&["apply", "dev"]).1), ["apply"]);
    }
}

/// Another environment names an output of `dev`: it is read from where `dev` keeps its state, and nothing is started for it.
fn another_environment_reads_it(project: &Sandbox) {
    project.environment("dev", "");
    project.write(
        "environments/app/main.tf",
        "variable \"of_dev\" {}\noutput \"seen\" { value = var.of_dev }\n",
    );
    project.environment("app", "[terraform.vars]\nof_dev = \"{{env.dev.output.ws}}\"\n");
    let started = recorded(project);
    let (run, lines) = started(&["apply", "app", "--yes"]);
    run.code(0);
    assert_eq!(verbs(&lines), ["apply"]);
    project.infractl(&["output", "app", "seen", "--raw"]).code(0).prints("default");
}

fn bucket(address: &str) -> String {
    let name = format!("read-{}-{:?}", std::process::id(), std::thread::current().id());
    let name: String =
        name.to_lowercase().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    assert_eq!(s3(address, "PUT", &format!("/{name}"), "").0, 200);
    name
}

#[test]
fn a_state_in_a_bucket_is_read_without_terraform() {
    let Some(address) = need("s3") else { return };
    let address = address.into_string().unwrap();
    let bucket = bucket(&address);
    let backend = |more: &str| {
        format!(
            "backend \"s3\" {{\n bucket = \"{bucket}\"\n key = \"a b/dev.tfstate\"\n region = \"eu-west-1\"\n use_path_style = true\n \
             skip_credentials_validation = true\n skip_requesting_account_id = true\n skip_metadata_api_check = true\n {more}\n}}"
        )
    };
    let vars = [
        ("AWS_ACCESS_KEY_ID", "testing"),
        ("AWS_SECRET_ACCESS_KEY", "testing"),
        ("AWS_ENDPOINT_URL_S3", address.as_str()),
    ];
    let project = project(&backend(""), &vars);
    both_workspaces_are_read(&project, &vars);
    another_environment_reads_it(&project);
    let started = recorded(&project);
    project.environment("dev", "");
    let object = format!("/{bucket}/a%20b/dev.tfstate");
    let asked = |code: i32| {
        let (run, lines) = started(&["output", "dev", "ws"]);
        (run.code(code), verbs(&lines).join(" "))
    };
    assert_eq!(asked(0).1, "");
    // Cut, and of another format.
    let (_, whole) = s3(&address, "GET", &object, "");
    assert_eq!(s3(&address, "PUT", &object, &whole[..whole.len() / 2]).0, 200);
    assert!(asked(1).1.starts_with("state"));
    assert_eq!(s3(&address, "PUT", &object, &whole.replace("\"version\": 4", "\"version\": 5")).0, 200);
    assert!(asked(1).1.starts_with("state"));
    // A profile is terraform's to find out about.
    assert_eq!(s3(&address, "PUT", &object, &whole).0, 200);
    let mut command = project.command(&["-v", "output", "dev"]);
    let run = crate::common::Run::of(command.env("AWS_PROFILE", "none"));
    assert!(run.err.contains("only it understands AWS_PROFILE"), "{}", run.err);
    // Removed: nothing was applied. The bucket gone: an error.
    assert_eq!(s3(&address, "DELETE", &object, "").0, 204);
    let (run, lines) = asked(64);
    assert_eq!(lines, "");
    run.says("infractl apply dev");
    assert_eq!(s3(&address, "DELETE", &format!("/{bucket}/env%3A/blue/a%20b/dev.tfstate"), "").0, 204);
    assert_eq!(s3(&address, "DELETE", &format!("/{bucket}"), "").0, 204);
    let (run, lines) = asked(1);
    assert!(lines.starts_with("state"), "{lines}");
    run.says("bucket");
}

/// A store that lets nobody in.
fn closed_store() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            lines.take_while(|line| !line.is_empty()).for_each(drop);
            let body = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>";
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 403 Forbidden\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    address
}

#[test]
fn a_bucket_that_lets_nobody_in_is_said_by_terraform() {
    let Some(address) = need("s3") else { return };
    let address = address.into_string().unwrap();
    let bucket = bucket(&address);
    let backend = format!(
        "backend \"s3\" {{\n bucket = \"{bucket}\"\n key = \"k\"\n region = \"eu-west-1\"\n use_path_style = true\n \
         skip_credentials_validation = true\n skip_requesting_account_id = true\n max_retries = 1\n}}"
    );
    let keys = [("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")];
    let mut project = project(&backend, &keys).with_var("AWS_ENDPOINT_URL_S3", &address);
    project.infractl(&["apply", "dev"]).code(0);
    let env_file = project.read("shared/.env.dev");
    project.vars.retain(|(name, _)| name != "AWS_ENDPOINT_URL_S3");
    project = project.with_var("AWS_ENDPOINT_URL_S3", closed_store());
    let started = recorded(&project);
    for verb in ["output", "genenv"] {
        let (run, lines) = started(&[verb, "dev"]);
        run.code(1).says("StatusCode: 403");
        assert!(verbs(&lines).contains(&"state"), "{lines:?}");
    }
    assert_eq!(project.read("shared/.env.dev"), env_file);
}

#[test]
fn a_state_in_a_database_is_read_without_terraform() {
    let Some(server) = need("postgres") else { return };
    let server = server.into_string().unwrap();
    let (host, port) = server.split_once(':').unwrap();
    let schema = format!("read \"{}", std::process::id());
    let backend = format!("backend \"pg\" {{\n schema_name = {schema:?}\n}}");
    let vars = [
        ("PGHOST", host),
        ("PGPORT", port),
        ("PGUSER", "tf"),
        ("PGPASSWORD", "p@ss w0rd"),
        ("PGDATABASE", "postgres"),
    ];
    let mut project = project(&backend, &vars);
    both_workspaces_are_read(&project, &vars);
    another_environment_reads_it(&project);
    // Never applied there.
    project.environment("dev", "[terraform]\nworkspace = \"green\"\n");
    let (run, lines) = recorded(&project)(&["output", "dev", "ws"]);
    assert!(lines.is_empty(), "{lines:?}");
    run.code(64).says("infractl apply dev");
    // The database says no: terraform says why.
    project.vars.retain(|(name, _)| name != "PGPASSWORD");
    project = project.with_var("PGPASSWORD", format!("{CANARY}wrong")).hiding(&[CANARY]);
    let (run, lines) = recorded(&project)(&["output", "dev"]);
    assert!(lines[0].starts_with("state pull"), "{lines:?}");
    run.code(1).says("password authentication failed");
}
