//! The state is read where it lies: the same values as terraform gives, nothing read or started twice, and whatever is
//! odd about it is left to terraform or said.

use std::collections::BTreeMap;
use std::fs;
use std::mem::MaybeUninit;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use rustix::process::Signal;
use serde_json::Value as Json;

use crate::common::{CANARY, Run, Sandbox, clean, output, path_with, recorded, send, start, verbs};
use crate::state_server::StateServer;
use crate::terraform::lab;

/// What terraform itself says about the outputs of a folder, values only.
fn of_terraform(project: &Sandbox, vars: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut command = clean("terraform", &project.path("environments/dev"), project.home.root());
    let text = output(command.args(["output", "-json"]).envs(vars.iter().copied()));
    let all: Json = serde_json::from_slice(&text).unwrap();
    all.as_object()
        .unwrap()
        .iter()
        .map(|(name, output)| (name.clone(), output["value"].to_string()))
        .collect()
}

/// The same by infractl, which starts nothing for it.
#[track_caller]
fn direct(project: &Sandbox) -> BTreeMap<String, String> {
    let started = recorded(project);
    let (run, lines) = started(&["output", "dev", "--format", "json"]);
    let run = run.code(0);
    assert!(lines.is_empty(), "{lines:?}");
    let all: Json = serde_json::from_str(&run.out).unwrap();
    all.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
}

#[test]
fn odd_values_are_those_of_terraform() {
    let project = lab(r#"
        output "many_digits" { value = 123456789012345678901234567890 }
        output "exponent" { value = 1e21 }
        output "small" { value = 0.0000001 }
        output "third" { value = 1 / 3 }
        output "negative" { value = -12.50 }
        output "zero" { value = -0 }
        output "bool" { value = false }
        output "empty" { value = "" }
        output "text" { value = "<a> & \"b\"\n\té ${"\u2028"} \\ $${x} %%{y}" }
        output "number_as_text" { value = "1e3" }
        output "null_inside" { value = [null, { z = null, a = [] }] }
        output "gone" { value = null }
        output "map" { value = { zeta = 1, alpha = { "10" = 1, "9" = 2, "é" = 3, "B" = 4, "a b" = 5 } } }
        output "mixed" { value = [1, "1", true, [], {}, 1.5e300] }
        output "set" { value = toset(["b", "a", "c"]) }
        output "list" { value = tolist([2, 1]) }
        output "secret" {
          value     = { b = [sensitive("x")], a = 1 }
          sensitive = true
        }
    "#);
    project.infractl(&["apply", "dev"]).code(0);
    let found = direct(&project);
    assert_eq!(found, of_terraform(&project, &[]));
    assert_eq!(found["exponent"], "1000000000000000000000");
    assert_eq!(found["map"], r#"{"alpha":{"10":1,"9":2,"B":4,"a b":5,"é":3},"zeta":1}"#);
    assert!(!found.contains_key("gone"));
}

#[test]
fn every_place_on_this_disk_is_found() {
    let module = "terraform {\n  backend \"local\" {}\n}\noutput \"a\" { value = terraform.workspace }\n";
    for (settings, workspace, place) in [
        ("", "default", "environments/dev/terraform.tfstate"),
        ("workspace = \"blue\"\n", "blue", "environments/dev/terraform.tfstate.d/blue/terraform.tfstate"),
        ("[terraform.backend]\npath = \"../../kept.tfstate\"\n", "default", "kept.tfstate"),
        (
            "workspace = \"{{environment}}\"\n[terraform.backend]\nworkspace_dir = \"all\"\n",
            "dev",
            "environments/dev/all/dev/terraform.tfstate",
        ),
        ("[terraform.env]\nTF_DATA_DIR = \".other\"\n", "default", "environments/dev/terraform.tfstate"),
    ] {
        for module in [module, &module[module.find("output").unwrap()..]] {
            if settings.contains("backend") && !module.contains("backend") {
                continue;
            }
            let project = lab(module);
            project.environment("dev", &format!("[terraform]\n{settings}"));
            project.infractl(&["apply", "dev"]).code(0);
            assert!(project.path(place).exists(), "{place}");
            let vars = [("TF_WORKSPACE", workspace), ("TF_DATA_DIR", ".other")];
            let vars = if settings.contains("DATA") { &vars[..] } else { &vars[..1] };
            assert_eq!(direct(&project), of_terraform(&project, vars), "{settings}");
            assert_eq!(direct(&project)["a"], format!("\"{workspace}\""));
            // One that somebody selected by hand, or set, is not that of the environment.
            let mut command = clean("terraform", &project.path("environments/dev"), project.home.root());
            let by_hand = command.args(["workspace", "new", "by-hand"]).env_remove("TF_WORKSPACE");
            output(by_hand.envs(vars[1..].iter().copied()));
            let run =
                project.command(&["output", "dev", "a", "--raw"]).env("TF_WORKSPACE", "by-hand").output();
            assert_eq!(run.unwrap().stdout, workspace.as_bytes());
        }
    }
}

#[test]
fn what_the_last_init_does_not_know_is_left_to_terraform() {
    let project = lab("terraform {\n  backend \"local\" {}\n}\noutput \"a\" { value = 1 }\n");
    project.environment("dev", "[terraform.backend]\npath = \"one.tfstate\"\n");
    project.infractl(&["apply", "dev"]).code(0);
    let started = recorded(&project);
    let asked = |code: i32| {
        let (run, lines) = started(&["output", "dev"]);
        drop(run.code(code));
        verbs(&lines).join(" ")
    };
    assert_eq!(asked(0), "");
    // The configuration names another place now: terraform knows of none, and says so.
    project.environment("dev", "[terraform.backend]\npath = \"two.tfstate\"\n");
    assert_eq!(asked(1), "init");
    // Somebody else's init was there.
    project.environment("dev", "[terraform.backend]\npath = \"one.tfstate\"\n");
    let mut command = clean("terraform", &project.path("environments/dev"), project.home.root());
    output(command.args(["init", "-reconfigure", "-backend-config=path=three.tfstate"]));
    assert_eq!(asked(0), "state");
    project.infractl(&["init", "dev", "--", "-reconfigure"]).code(0);
    assert_eq!(asked(0), "");
    // A file that may hold another backend cannot be read.
    project.write("environments/dev/odd.tf.json", "{");
    assert_eq!(asked(1), "init");
    project.write(
        "environments/dev/odd.tf.json",
        "{\"terraform\": {\"backend\": {\"local\": {\"path\": \"x\"}}}}",
    );
    assert_eq!(asked(1), "init");
    fs::remove_file(project.path("environments/dev/odd.tf.json")).unwrap();
    project.write(
        "environments/dev/cloud_override.tf",
        "terraform {\n  cloud {\n    organization = \"o\"\n  }\n}\n",
    );
    assert_eq!(asked(1), "init");
}

#[test]
fn a_program_of_another_name_reads_its_state_itself() {
    let project = lab("output \"a\" { value = \"x\" }\n");
    project.infractl(&["apply", "dev"]).code(0);
    project.script(
        "wrapped",
        "#!/bin/sh\n[ \"$1\" = state ] && echo '{\"outputs\":{\"a\":{\"value\":\"y\"}}}'\n",
    );
    project.environment("dev", "[terraform]\nprogram = \"./wrapped\"\n");
    assert_eq!(project.infractl(&["output", "dev", "a", "--raw"]).code(0).out, "y");
}

#[test]
fn a_state_that_is_no_whole_one_is_no_answer() {
    let project = lab("output \"a\" {\n  value = \"x\"\n}\n");
    let place = project.path("environments/dev/terraform.tfstate");
    let started = recorded(&project);
    let asked = |code: i32| {
        let (run, lines) = started(&["output", "dev", "a", "--raw"]);
        (run.code(code), verbs(&lines).join(" "))
    };
    // None at all, and an empty one: nothing was applied yet.
    let (run, lines) = asked(64);
    assert!(lines.is_empty());
    run.says("`dev` has no output `a`").says("infractl apply dev");
    project.infractl(&["genenv", "dev"]).code(0);
    fs::write(&place, "").unwrap();
    let (run, lines) = asked(64);
    assert_eq!(lines, "state", "somebody may be about to write it");
    run.says("infractl apply dev");
    fs::remove_file(&place).unwrap();
    project.infractl(&["apply", "dev"]).code(0);
    let whole = fs::read_to_string(&place).unwrap();
    assert_eq!(asked(0).0.out, "x");
    // A writer is at it, or was killed: terraform says what it thinks of that.
    for cut in [1, whole.len() / 2, whole.len() - 3] {
        fs::write(&place, &whole[..cut]).unwrap();
        let (run, lines) = asked(1);
        assert!(lines.starts_with("init state") || lines.starts_with("state"), "{lines}");
        run.says("state pull");
    }
    // An old one terraform still reads, a new one it refuses.
    let old = r#"{"version":3,"terraform_version":"0.11.14","serial":1,"lineage":"l","modules":[{"path":["root"],
        "outputs":{"a":{"sensitive":false,"type":"string","value":"old"}},"resources":{},"depends_on":[]}]}"#;
    fs::write(&place, old).unwrap();
    let (run, lines) = asked(0);
    assert_eq!((run.out.as_str(), lines.as_str()), ("old", "state"));
    fs::write(&place, whole.replace("\"version\": 4", "\"version\": 5")).unwrap();
    let (run, lines) = asked(1);
    assert_eq!(lines, "state");
    run.says("state pull");
    // By hand, and not as terraform would write it.
    fs::write(&place, whole.replace("\"x\"", "1.50e2").replace("\"string\"", "\"number\"")).unwrap();
    let (run, lines) = asked(0);
    assert_eq!((run.out.as_str(), lines.as_str()), ("150", "state"));
    fs::write(&place, &whole).unwrap();
    assert_eq!(asked(0).1, "");
}

#[test]
fn what_cannot_be_read_stops_every_verb_before_terraform() {
    let project = lab("output \"a\" {\n  value = \"x\"\n  sensitive = true\n}\n");
    project.infractl(&["apply", "dev"]).code(0);
    let place = project.path("environments/dev/terraform.tfstate");
    let whole = fs::read(&place).unwrap();
    let env_file = project.read("shared/.env.dev");
    let started = recorded(&project);
    let refused = |part: &str| {
        for verb in ["output", "genenv", "plan", "apply", "destroy"] {
            let (run, lines) = started(&[verb, "dev"]);
            run.code(1).says("`").says("environments/dev/terraform.tfstate` could not be read").says(part);
            assert!(lines.is_empty(), "{verb}: {lines:?}");
        }
        assert_eq!(project.read("shared/.env.dev"), env_file);
    };
    fs::remove_file(&place).unwrap();
    // To open it would wait for ever.
    rustix::fs::mknodat(rustix::fs::CWD, &place, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    refused("pipe");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    refused("directory");
    fs::remove_dir(&place).unwrap();
    // Nobody may follow it, root included.
    std::os::unix::fs::symlink("terraform.tfstate", &place).unwrap();
    refused("symbolic links");
    fs::remove_file(&place).unwrap();
    fs::write(&place, whole).unwrap();
    assert_eq!(direct(&project)["a"], "\"x\"");
}

#[test]
fn a_state_of_many_megabytes_is_read_whole() {
    let project = lab(
        "resource \"terraform_data\" \"a\" {\n  count = 70\n  input = join(\"\", [for i in range(1000) : \"0123456789012345678901234567890123456789\"])\n}\n\
         output \"long\" {\n  value = terraform_data.a[69].output\n  sensitive = true\n}\noutput \"last\" { value = \"z\" }\n",
    );
    project.infractl(&["apply", "dev"]).code(0);
    assert!(fs::metadata(project.path("environments/dev/terraform.tfstate")).unwrap().len() > 5_000_000);
    assert_eq!(direct(&project), of_terraform(&project, &[]));
}

#[test]
fn a_state_behind_a_server_is_read_without_terraform() {
    let server = StateServer::new();
    let project = lab(&format!(
        "terraform {{\n  backend \"http\" {{}}\n}}\noutput \"a\" {{\n  value = \"{CANARY}x\"\n  sensitive = true\n}}\noutput \"b\" {{ value = 1e21 }}\n"
    ));
    project.environment("dev", &server.settings());
    let started = recorded(&project);
    let (run, lines) = started(&["apply", "dev"]);
    run.code(0);
    assert_eq!(verbs(&lines), ["init", "apply"]);
    let begun = server.with(|kept| kept.reads);
    let found = Run::in_clear(&mut project.command(&["output", "dev", "--format", "json"])).code(0).out;
    assert_eq!(server.with(|kept| kept.reads), begun + 1);
    let found: Json = serde_json::from_str(&found).unwrap();
    assert_eq!(found.to_string(), format!("{{\"a\":\"{CANARY}x\",\"b\":1000000000000000000000}}"));
    assert!(started(&["output", "dev"]).1.is_empty());
    // The way through a proxy is terraform's to find.
    let run = Run::of(project.command(&["-v", "output", "dev"]).env("HTTPS_PROXY", "http://127.0.0.1:1"));
    run.code(0).says("only it understands HTTPS_PROXY").says("state pull");
    // What the server does not want to give, terraform asks for again, and says why.
    for (status, part) in [(500, "giving up"), (403, "invalid auth"), (401, "auth"), (302, "")] {
        server.with(|kept| kept.status = Some(status));
        let (run, lines) = started(&["output", "dev"]);
        assert_eq!(verbs(&lines), ["state"], "{status}");
        run.code(1).says(part);
    }
    // Gone, and empty: nothing was applied.
    server.with(|kept| (kept.status, kept.state) = (None, None));
    let (run, lines) = started(&["output", "dev"]);
    assert_eq!((run.code(0).out.as_str(), lines.len()), ("", 0));
    server.with(|kept| kept.state = Some(Vec::new()));
    assert!(started(&["output", "dev"]).1.is_empty());
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_after_an_interrupt() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/state", silent.local_addr().unwrap());
    let project =
        lab(&format!("terraform {{\n  backend \"http\" {{\n    address = \"{address}\"\n  }}\n}}\n"));
    let kept = format!(
        "{{\"version\":3,\"backend\":{{\"type\":\"http\",\"config\":{{\"address\":\"{address}\"}}}}}}"
    );
    project.write("environments/dev/.terraform/terraform.tfstate", &kept);
    let child = start(&mut project.command(&["output", "dev"]));
    let (_asked, _) = silent.accept().unwrap();
    send(&child, Signal::INT);
    let begun = Instant::now();
    let run = Run::ended(child.wait_with_output().unwrap()).code(130);
    run.says("stopped while the state of `dev` was read");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Counts how often the files in some folders are opened while something runs.
fn opened(folders: &[&Path], work: impl FnOnce()) -> BTreeMap<String, usize> {
    let notices = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
    // With the ends between them two openings are never told as one.
    let what = WatchFlags::OPEN | WatchFlags::CLOSE;
    let names: BTreeMap<i32, &Path> =
        folders.iter().map(|dir| (inotify::add_watch(&notices, *dir, what).unwrap(), *dir)).collect();
    work();
    let mut counts = BTreeMap::new();
    let mut space = vec![MaybeUninit::uninit(); 65536];
    let mut reader = inotify::Reader::new(notices.as_fd(), &mut space);
    loop {
        match reader.next() {
            Ok(event)
                if event.events().contains(ReadFlags::OPEN) && !event.events().contains(ReadFlags::ISDIR) =>
            {
                if let Some(name) = event.file_name() {
                    let path = names[&event.wd()].join(name.to_str().unwrap());
                    *counts.entry(path.to_str().unwrap().to_owned()).or_default() += 1;
                }
            }
            Ok(_) => {}
            Err(Errno::AGAIN) => return counts,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn one_run_reads_each_file_once_and_starts_each_program_once() {
    let project = Sandbox::new();
    project.infractl(&["apply", "dev"]).code(0);
    // What stands in for the programs from now on reads no file of the project.
    let log = project.home.path("started");
    let said = |name: &str, more: &str| {
        let text = format!("#!/bin/sh\necho \"{name} $*\" >> {}\n{more}\n", log.display());
        project.home.script(format!("bin/{name}"), &text)
    };
    let git = which::which("git").unwrap();
    let path = path_with([said("terraform", ""), said("git", &format!("exec {} \"$@\"", git.display()))]);
    let mut folders = vec![project.path("environments"), project.path("credentials")];
    folders.extend(["dev", "rec", "prod", "local"].map(|name| project.path(format!("environments/{name}"))));
    let folders: Vec<&Path> = folders.iter().map(AsRef::as_ref).collect();
    for (verb, programs) in [
        ("apply", &["git check-ignore", "terraform apply"][..]),
        ("genenv", &["git check-ignore"]),
        ("plan", &["terraform plan"]),
        ("output", &[]),
    ] {
        let _ = fs::remove_file(&log);
        let counts = opened(&folders, || {
            Run::of(project.command(&[verb, "dev"]).env("PATH", &path)).code(0);
        });
        for (file, count) in &counts {
            // The state of before an apply, and that of afterwards.
            let most = if verb == "apply" && file.ends_with("dev/terraform.tfstate") { 2 } else { 1 };
            assert!(*count <= most, "`{verb}` opens {file} {count} times");
        }
        for file in ["environment.toml", "main.tf", "outputs.tf", "variables.tf"] {
            let path = project.path(format!("environments/dev/{file}")).to_str().unwrap().to_owned();
            assert_eq!(counts.get(&path), Some(&1), "{verb}: {file}");
        }
        let started = fs::read_to_string(&log).unwrap_or_default();
        let mut started: Vec<String> =
            started.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        started.sort();
        // The history asks for the state of the work tree beside the run, which may be over before.
        let asked = started.iter().position(|line| line == "git status");
        asked.map(|at| started.remove(at));
        assert_eq!(started, programs, "{verb}");
    }
}

#[test]
fn what_a_step_writes_into_the_root_module_is_seen() {
    let project = lab("output \"a\" { value = 1 }\n");
    let write = "{ command = \"echo 'output \\\"later\\\" { value = 2 }' > environments/dev/later.tf\" }";
    let look = "{ command = [\"test\", \"{{output.later}}\", \"=\", \"2\"] }";
    let pipeline = |first: &str| {
        let text = format!("[pipelines]\nx = [{first}{write}, {{ do = \"apply\" }}, {look}]\n");
        project.environment("dev", &text);
    };
    pipeline("");
    project.infractl(&["x", "dev"]).code(0);
    fs::remove_file(project.path("environments/dev/later.tf")).unwrap();
    // A step before that one knows the module as it was.
    pipeline("{ do = \"plan\" }, ");
    project.infractl(&["x", "dev"]).code(78).says("declares no output `later`");
    pipeline("{ do = \"fmt\" }, { command = [\"true\"] }, ");
    project.infractl(&["x", "dev"]).code(0);
}
