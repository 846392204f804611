//! What watches an environment: rules and their tests by the real promtool and amtool, waits and silences against a real
//! Prometheus and a real Alertmanager. Grafana and Loki cannot be had here: a small server says what they say.

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::common::{Asked, Sandbox, need, output, wait_for};

const RULES: &str = "groups:\n  - name: site\n    rules:\n      - alert: Down\n        expr: up == 0\n        for: 5m\n        labels: { severity: page }\n";
const TESTS: &str = "rule_files: [../rules/site.yml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n    input_series:\n      - { series: 'up{job=\"a\"}', values: \"0x10\" }\n    alert_rule_test:\n      - eval_time: 6m\n        alertname: Down\n        exp_alerts: [{ exp_labels: { severity: page, job: a } }]\n";
const ALERTMANAGER: &str = "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n";
const CHECKS: &str = "[checks]\nmonitoring = { promtool = [\"monitoring/rules/*.yml\"], tests = [\"monitoring/tests/*.yml\"], amtool = \"monitoring/alertmanager.yml\" }\n";

fn checked() -> Option<Sandbox> {
    let (promtool, amtool) = (need("promtool")?, need("amtool")?);
    let project = Sandbox::empty().on_path(promtool).on_path(amtool);
    project.write("environments/defaults.toml", CHECKS);
    project.environment("dev", "");
    project.write("monitoring/rules/site.yml", RULES);
    project.write("monitoring/tests/site.yml", TESTS);
    project.write("monitoring/alertmanager.yml", ALERTMANAGER);
    Some(project)
}

#[test]
fn rules_their_tests_and_whom_alerts_go_to_are_checked() {
    let Some(project) = checked() else { return };
    project.infractl(&["validate", "dev"]).code(0).says("✓ dev checks  monitoring");
    let dry = project.infractl(&["validate", "dev", "--only", "checks", "--dry-run"]).code(0);
    dry.prints("promtool check rules '--lint=all' --lint-fatal monitoring/rules/site.yml")
        .prints("promtool test rules monitoring/tests/site.yml")
        .prints("amtool check-config monitoring/alertmanager.yml");
    // Each finding has its place, also for an annotation.
    project.write("monitoring/rules/bad.yml", &RULES.replace("up == 0", "up == = 0"));
    let github = |args: &[&str]| {
        let mut command = project.command(args);
        command.env("CI", "true").env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", project.root());
        crate::common::Run::of(&mut command)
    };
    let run = github(&["validate", "dev"]).code(1);
    run.says("monitoring: monitoring/rules/bad.yml:5:15: group \"site\", rule 1, \"Down\": could not parse expression")
        .says("::error file=monitoring/rules/bad.yml,line=5,")
        .says("`monitoring` found 1 problem");
    // promtool ends with 0 on this without `--lint-fatal`.
    let twice = "groups:\n  - name: site\n    rules:\n      - { record: \"a:b\", expr: sum(up) }\n      - { record: \"a:b\", expr: sum(up) }\n";
    project.write("monitoring/rules/bad.yml", twice);
    project
        .infractl(&["validate", "dev"])
        .code(1)
        .says("monitoring: monitoring/rules/bad.yml: 1 duplicate rule(s) found. Metric: a:b");
    fs::remove_file(project.path("monitoring/rules/bad.yml")).unwrap();
    project.edit("monitoring/tests/site.yml", "job: a }", "job: b }");
    project
        .infractl(&["validate", "dev"])
        .code(1)
        .says("monitoring/tests/site.yml: alertname: Down, time: 6m");
    project.write("monitoring/tests/site.yml", TESTS);
    project.edit("monitoring/alertmanager.yml", "receiver: nobody }\n", "receiver: somebody }\n");
    project
        .infractl(&["validate", "dev"])
        .code(1)
        .says("monitoring/alertmanager.yml: undefined receiver \"somebody\" used in route");
    project.write("monitoring/alertmanager.yml", ALERTMANAGER);
    project.infractl(&["validate", "dev"]).code(0);
}

#[test]
fn a_check_of_nothing_and_a_missing_tool_are_no_success() {
    let Some(project) = checked() else { return };
    project.edit("environments/defaults.toml", "rules/*.yml", "rule/*.yml");
    project
        .infractl(&["validate", "dev"])
        .code(78)
        .says("the check `monitoring` looks at nothing: there is no file `monitoring/rule/*.yml`");
    project.edit("environments/defaults.toml", "rule/*.yml", "rules/*.yml");
    let mut command = project.command(&["validate", "dev", "--only", "checks"]);
    command.env("PATH", "/nowhere");
    let run = crate::common::Run::of(&mut command).code(69);
    run.says("install Prometheus, which brings promtool");
    project.edit("environments/defaults.toml", "amtool =", "run = \"true\", amtool =");
    project.infractl(&["validate", "dev"]).code(78).says("says what is run, and so does `run`");
}

/// A service of this test.
struct Service(Child, u16);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Service {
    fn start(program: OsString, project: &Sandbox, args: &dyn Fn(u16) -> Vec<String>) -> Service {
        let port = free_port();
        let child = Command::new(program)
            .args(args(port))
            .current_dir(project.root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Service(child, port)
    }

    fn prometheus(project: &Sandbox, targets: &str) -> Option<Service> {
        let text = format!(
            "global: {{ scrape_interval: 1s }}\nscrape_configs:\n  - job_name: site\n    static_configs: [{{ targets: [{targets}] }}]\n"
        );
        project.write("prometheus.yml", &text);
        let data: PathBuf = project.home.path("prometheus");
        Some(Service::start(need("prometheus")?, project, &|port| {
            vec![
                "--config.file=prometheus.yml".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
                format!("--storage.tsdb.path={}", data.display()),
            ]
        }))
    }

    fn alertmanager(project: &Sandbox) -> Option<Service> {
        project.write("alertmanager.yml", ALERTMANAGER);
        let data: PathBuf = project.home.path("alertmanager");
        Some(Service::start(need("prometheus-alertmanager")?, project, &|port| {
            vec![
                "--config.file=alertmanager.yml".to_owned(),
                format!("--web.listen-address=127.0.0.1:{port}"),
                "--cluster.listen-address=".to_owned(),
                format!("--storage.path={}", data.display()),
            ]
        }))
    }
}

/// A fake of what Grafana and Loki say: Loki is not ready for its first answers, as the real one is for 15 s.
fn grafana_and_loki(not_ready: usize) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let Some(request) = Asked::read(&stream) else { continue };
            let (status, body) = if request.address == "/ready" {
                if asked.fetch_add(1, Ordering::SeqCst) < not_ready {
                    ("503 Service Unavailable", "Ingester not ready: waiting for 15s after being ready\n")
                } else {
                    ("200 OK", "ready\n")
                }
            } else {
                ("200 OK", "{\n  \"commit\": \"x\",\n  \"database\": \"ok\",\n  \"version\": \"11.2.0\"\n}")
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                body.len()
            );
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn each_part_of_the_stack_is_waited_for_in_its_own_words() {
    let project = Sandbox::empty();
    let own = free_port();
    let Some(service) = Service::prometheus(&project, &format!("\"127.0.0.1:{own}\"")) else { return };
    let Some(alertmanager) = Service::alertmanager(&project) else { return };
    let other = grafana_and_loki(3);
    let (prometheus, alertmanager_port) = (service.1, alertmanager.1);
    let query = "query?query=up%20==%200";
    project.environment(
        "dev",
        &format!(
            "[pipelines]\n\
             ready = [\n\
               {{ wait = {{ http = \"http://127.0.0.1:{prometheus}/-/ready\" }}, attempts = 50, every = \"200ms\" }},\n\
               {{ wait = {{ http = \"http://127.0.0.1:{alertmanager_port}/-/ready\" }}, attempts = 50, every = \"200ms\" }},\n\
               {{ wait = {{ http = \"http://127.0.0.1:{other}/api/health\", json = {{ \".database\" = \"ok\" }} }}, attempts = 50, every = \"200ms\" }},\n\
               {{ wait = {{ http = \"http://127.0.0.1:{other}/ready\", body = \"^ready\" }}, attempts = 50, every = \"200ms\" }},\n\
             ]\n\
             up = [{{ wait = {{ http = \"http://127.0.0.1:{prometheus}/api/v1/{query}\", json = {{ \".data.result\" = [] }} }}, attempts = 60, every = \"200ms\" }}]\n\
             down = [{{ wait = {{ http = \"http://127.0.0.1:{prometheus}/api/v1/{query}\", json = {{ \".data.result[0].value[1]\" = \"0\" }} }}, attempts = 60, every = \"200ms\" }}]\n\
             never = [{{ wait = {{ http = \"http://127.0.0.1:{prometheus}/api/v1/{query}\", json = {{ \".data.result\" = [] }} }}, attempts = 2, every = \"200ms\" }}]\n"
        ),
    );
    project.run(&["pipeline", "dev", "ready"], 0);
    // Nothing listens where it looks: one target is down, and that is said.
    project.run(&["pipeline", "dev", "down"], 0);
    project.run(&["pipeline", "dev", "never"], 1).says(".data.result");
    // A target that answers: Alertmanager has numbers about itself.
    project.write(
        "prometheus.yml",
        &project.read("prometheus.yml").replace(&own.to_string(), &alertmanager_port.to_string()),
    );
    output(Command::new("kill").args(["-HUP", &service.0.id().to_string()]));
    project.run(&["pipeline", "dev", "up"], 0);
}

fn silences(project: &Sandbox, port: u16, state: &str) -> usize {
    let url = format!("http://127.0.0.1:{port}/api/v2/silences");
    let text = output(Command::new("curl").args(["-sf", &url]).current_dir(project.root()));
    let all: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
    all.iter().filter(|silence| silence["status"]["state"] == state).count()
}

#[test]
fn alerts_are_silent_during_a_deploy_and_no_longer_whatever_comes_of_it() {
    let project = Sandbox::empty();
    let Some(alertmanager) = Service::alertmanager(&project) else { return };
    let port = alertmanager.1;
    let api = format!("http://127.0.0.1:{port}/api/v2");
    project.environment(
        "dev",
        &format!(
            "[values]\n\
             now = {{ command = \"date -u +%Y-%m-%dT%H:%M:%SZ\" }}\n\
             later = {{ command = \"date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ\" }}\n\
             [pipelines]\n\
             deploy = [\n\
               {{ name = \"silence\", http = {{ method = \"POST\", url = \"{api}/silences\", json = {{ startsAt = \"{{{{value.now}}}}\", endsAt = \"{{{{value.later}}}}\", createdBy = \"infractl\", comment = \"deploy of {{{{environment}}}}\", matchers = [{{ name = \"environment\", value = \"{{{{environment}}}}\", isRegex = false, isEqual = true }}] }} }}, capture = {{ silence = {{ json = \".silenceID\" }} }} }},\n\
               {{ name = \"release\", command = \"curl -sf {api}/silences > during; test ! -e broken\", on-failure = [{{ do = \"loud\" }}] }},\n\
               {{ do = \"loud\" }},\n\
             ]\n\
             loud = [{{ name = \"alerts again\", http = {{ method = \"DELETE\", url = \"{api}/silence/{{{{value.silence}}}}\" }} }}]\n"
        ),
    );
    wait_for("Alertmanager is ready", || {
        let ready = format!("http://127.0.0.1:{port}/-/ready");
        Command::new("curl").args(["-sf", "-o", "/dev/null", &ready]).status().unwrap().success()
    });
    project.infractl(&["deploy", "dev"]).code(0);
    assert!(project.read("during").contains("\"state\":\"active\""), "{}", project.read("during"));
    assert_eq!((silences(&project, port, "active"), silences(&project, port, "expired")), (0, 1));
    project.write("broken", "");
    project.infractl(&["deploy", "dev"]).code(1);
    assert_eq!((silences(&project, port, "active"), silences(&project, port, "expired")), (0, 2));
}
