//! Traffic that is shared out by a real Caddy, and by load balancers and records of AWS (moto, which has them as records and
//! passes no traffic on), with the real `aws` program.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{CANARY, Sandbox, clean, need, output, send, start, wait_for};
use crate::docker::{Docker, unique};

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A Caddy of this test, whose site goes to blue.
struct Caddy {
    child: Child,
    admin: String,
    site: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Caddy {
    fn start(policy: &str, blue: u16) -> Option<Caddy> {
        let program = need("caddy")?;
        let (admin, site) = (free_port(), free_port());
        let config = json!({
            "admin": { "listen": format!("127.0.0.1:{admin}"), "config": { "persist": false } },
            "apps": { "http": { "servers": { "site": {
                "listen": [format!("127.0.0.1:{site}")],
                "routes": [{ "handle": [{
                    "@id": "api-upstream", "handler": "reverse_proxy",
                    "headers": { "request": { "set": { "X-Token": [format!("{CANARY}-proxy")] } } },
                    "load_balancing": { "selection_policy": { "policy": policy } },
                    "upstreams": [{ "dial": format!("127.0.0.1:{blue}"), "max_requests": 100 }],
                }] }],
            } } } },
        });
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("caddy.json"), config.to_string()).unwrap();
        let child = Command::new(program)
            .args(["run", "--config", "caddy.json"])
            .current_dir(folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        wait_for("Caddy", || TcpStream::connect(("127.0.0.1", admin)).is_ok());
        Some(Caddy { child, admin: format!("http://127.0.0.1:{admin}"), site, _folder: folder })
    }

    /// How often each side stands there.
    fn dials(&self) -> Vec<String> {
        let mut curl = Command::new("curl");
        let bytes = output(curl.args(["-sS", &format!("{}/id/api-upstream/upstreams", self.admin)]));
        let all: Value = serde_json::from_slice(&bytes).unwrap();
        let all = all.as_array().unwrap();
        assert!(all.iter().all(|one| one["max_requests"] == 100), "the rest of an upstream stays: {all:?}");
        all.iter().map(|one| one["dial"].as_str().unwrap().to_owned()).collect()
    }
}

/// Asks once over a connection of its own: the body of 200, or what was wrong.
fn ask(port: u16, path: &str) -> Result<String, String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| error.to_string())?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).map_err(|error| error.to_string())?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.1 200") => Ok(body.trim().to_owned()),
        _ => Err(answer),
    }
}

/// The same, and again where the connection was reset before anything was answered: Caddy resets those that wait to be
/// accepted when it loads a configuration.
fn as_clients_do(port: u16) -> Result<String, String> {
    match ask(port, "/") {
        Err(error) if error.contains("reset by peer") => ask(port, "/"),
        answer => answer,
    }
}

/// A service that says its name, and takes its time where it is asked to.
fn service(name: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                let count = stream.read(&mut bytes).unwrap_or_default();
                if String::from_utf8_lossy(&bytes[..count]).starts_with("GET /slow") {
                    std::thread::sleep(Duration::from_secs(2));
                }
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{name}",
                    name.len()
                );
                let _ = stream.write_all(answer.as_bytes());
            });
        }
    });
    port
}

fn route(caddy: &Caddy, blue: u16, green: u16) -> String {
    format!(
        "[routes.api]\nkind = \"caddy\"\nadmin = \"{}\"\nid = \"api-upstream\"\nblue = \"127.0.0.1:{blue}\"\ngreen = \"127.0.0.1:{green}\"\n",
        caddy.admin
    )
}

const GATED: &str = "[pipelines]\ncanary = [{ traffic = { route = \"api\", green = 5 } },\n\
    { command = \"touch gate; while test -e slow; do sleep 0.1; done; test ! -e sick\", name = \"gate\" },\n\
    { traffic = { route = \"api\", green = 100, drain = \"3s\" } }]\n";

#[test]
fn caddy_shares_out_exactly_and_gets_back_what_it_had() {
    let project = Sandbox::empty();
    let (blue, green) = (service("blue"), service("green"));
    let Some(caddy) = Caddy::start("round_robin", blue) else { return };
    project.environment("dev", &format!("{}{GATED}", route(&caddy, blue, green)));
    project.run(&["traffic", "dev"], 0).prints("blue 100 %, green 0 %");
    // 5 percent are one in twenty, exactly, as it goes round.
    project.write("slow", "");
    let child = start(&mut project.command(&["canary", "dev"]));
    wait_for("the gate", || project.path("gate").exists());
    assert_eq!(caddy.dials().len(), 20);
    let answers: Vec<String> = (0..200).map(|_| ask(caddy.site, "/").unwrap()).collect();
    assert_eq!(answers.iter().filter(|answer| *answer == "green").count(), 10);
    // Ctrl-C: exactly what was there.
    send(&child, Signal::INT);
    let ended = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{err}");
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{blue}")], "{err}");
    // A gate that fails.
    std::fs::remove_file(project.path("slow")).unwrap();
    project.write("sick", "");
    project.run(&["canary", "dev"], 1).says("traffic api back");
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{blue}")]);
    // And one that does not: what was asked before is answered before anything else is done.
    std::fs::remove_file(project.path("sick")).unwrap();
    let site = caddy.site;
    let slow = std::thread::spawn(move || ask(site, "/slow"));
    std::thread::sleep(Duration::from_millis(300));
    project.run(&["canary", "dev"], 0).says("blue 95 %, green 5 % -> blue 0 %, green 100 %");
    assert!(slow.is_finished());
    assert_eq!(slow.join().unwrap(), Ok("blue".to_owned()));
    assert_eq!((caddy.dials().len(), ask(site, "/")), (1, Ok("green".to_owned())));
    project.assert_no_canary_on_disk();
}

#[test]
fn what_caddy_cannot_do_is_said_and_nothing_is_changed() {
    let project = Sandbox::empty();
    let (blue, green) = (service("blue"), service("green"));
    let Some(caddy) = Caddy::start("ip_hash", blue) else { return };
    let own = route(&caddy, blue, green);
    project.environment("dev", &format!("{own}{GATED}"));
    project.run(&["canary", "dev"], 1).says("ip_hash").says("0 or 100 %").says("round_robin");
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{blue}")]);
    project.run(&["traffic", "dev", "--green", "100"], 0);
    project.run(&["traffic", "dev", "--switch"], 0);
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{blue}")]);
    project.environment("dev", &format!("{}{GATED}", own.replace("api-upstream", "nosuch")));
    project.run(&["canary", "dev"], 1).says("nothing with `\"@id\": \"nosuch\"`");
    project
        .environment("dev", &format!("{}{GATED}", own.replace(&format!("127.0.0.1:{blue}"), "127.0.0.1:1")));
    project.run(&["canary", "dev"], 1).says("neither blue").says(&format!("127.0.0.1:{blue}"));
    let admin = caddy.admin.clone();
    drop(caddy);
    project.environment("dev", &format!("{own}{GATED}"));
    project.run(&["canary", "dev"], 1).says(&admin).says("check `admin`");
}

#[test]
fn a_printed_script_drives_caddy_as_well() {
    let project = Sandbox::empty();
    let (blue, green) = (service("blue"), service("green"));
    let Some(caddy) = Caddy::start("random", blue) else { return };
    project.environment("dev", &format!("{}{GATED}", route(&caddy, blue, green)));
    let script = project.infractl(&["canary", "dev", "--print"]).code(0).out;
    project.write("canary.sh", &script);
    if let Some(shellcheck) = need("shellcheck") {
        let checked = Command::new(shellcheck).arg(project.path("canary.sh")).output().unwrap();
        assert!(checked.status.success(), "{}\n{script}", String::from_utf8_lossy(&checked.stdout));
    }
    let bash = || clean("bash", project.root(), project.home.root()).arg("canary.sh").output().unwrap();
    project.write("sick", "");
    let ended = bash();
    let err = String::from_utf8_lossy(&ended.stderr);
    assert!(!ended.status.success() && err.contains("traffic api back"), "{err}");
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{blue}")], "{err}");
    std::fs::remove_file(project.path("sick")).unwrap();
    let ended = bash();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(caddy.dials(), [format!("127.0.0.1:{green}")]);
}

/// AWS of this test: a project, and the `aws` program for whoever looks from outside.
struct Aws {
    project: Sandbox,
    program: std::ffi::OsString,
    url: String,
}

const REGION: &str = "eu-west-3";

impl Aws {
    fn new() -> Option<Aws> {
        let url = need("ecs")?.into_string().unwrap();
        let program = need("aws")?;
        let project = Sandbox::empty()
            .with_var("AWS_ENDPOINT_URL", &url)
            .with_var("AWS_ACCESS_KEY_ID", "testing")
            .with_var("AWS_SECRET_ACCESS_KEY", format!("{CANARY}-aws"))
            .with_var("AWS_DEFAULT_REGION", REGION)
            .on_path(&program);
        Some(Aws { project, program, url })
    }

    #[track_caller]
    fn ask(&self, words: &[&str]) -> Value {
        let mut aws = clean(&self.program, self.project.root(), self.project.home.root());
        aws.env("AWS_ENDPOINT_URL", &self.url)
            .env("AWS_ACCESS_KEY_ID", "a")
            .env("AWS_SECRET_ACCESS_KEY", "b")
            .args(["--region", REGION, "--output", "json"])
            .args(words);
        serde_json::from_slice(&output(&mut aws)).unwrap_or_default()
    }

    fn text(&self, words: &[&str], place: &str) -> String {
        self.ask(words).pointer(place).and_then(Value::as_str).unwrap().to_owned()
    }
}

#[test]
fn a_listener_and_a_rule_of_a_load_balancer_get_weights_and_get_them_back() {
    let Some(aws) = Aws::new() else { return };
    let name = std::process::id().to_string();
    let vpc = aws.text(&["ec2", "create-vpc", "--cidr-block", "10.77.0.0/16"], "/Vpc/VpcId");
    let subnet = |block: &str, zone: &str| {
        let words =
            ["ec2", "create-subnet", "--vpc-id", &vpc, "--cidr-block", block, "--availability-zone", zone];
        aws.text(&words, "/Subnet/SubnetId")
    };
    let (one, two) = (subnet("10.77.1.0/24", "eu-west-3a"), subnet("10.77.2.0/24", "eu-west-3b"));
    let group = |colour: &str| {
        let name = format!("{colour}{name}");
        let words = [
            "elbv2",
            "create-target-group",
            "--name",
            &name,
            "--protocol",
            "HTTP",
            "--port",
            "80",
            "--vpc-id",
            &vpc,
        ];
        aws.text(&words, "/TargetGroups/0/TargetGroupArn")
    };
    let (blue, green) = (group("b"), group("g"));
    let words = ["elbv2", "create-load-balancer", "--name", &format!("l{name}"), "--subnets", &one, &two];
    let balancer = aws.text(&words, "/LoadBalancers/0/LoadBalancerArn");
    let forward = format!("Type=forward,TargetGroupArn={blue}");
    let words =
        ["elbv2", "create-listener", "--load-balancer-arn", &balancer, "--protocol", "HTTP", "--port", "80"];
    let listener =
        aws.text(&[&words[..], &["--default-actions", &forward]].concat(), "/Listeners/0/ListenerArn");
    let words = ["elbv2", "create-rule", "--listener-arn", &listener, "--priority", "10", "--conditions"];
    let rule = [&words[..], &["Field=path-pattern,Values=/x", "--actions", &forward]].concat();
    let rule = aws.text(&rule, "/Rules/0/RuleArn");
    aws.project.environment(
        "dev",
        &format!(
            "[routes.api]\nkind = \"alb\"\nlistener = \"{listener}\"\nblue = \"{blue}\"\ngreen = \"{green}\"\n\
             [routes.path]\nkind = \"alb\"\nrule = \"{{{{output.rule}}}}\"\nblue = \"{blue}\"\ngreen = \"{green}\"\n\
             [outputs]\nrule = \"{rule}\"\n\
             [pipelines]\ncanary = [{{ traffic = {{ route = \"path\", green = 20 }} }}, {{ traffic = {{ route = \"api\", green = 5 }} }},\n\
             {{ command = \"./look\" }}, {{ traffic = {{ route = \"api\", green = 100 }} }}, {{ traffic = {{ route = \"path\", green = 100 }} }}]\n"
        ),
    );
    aws.project.run(&["traffic", "dev"], 0).prints("blue 100 %, green 0 %");
    let weights = |words: &[&str], place: &str| {
        let all = aws.ask(words);
        let groups = all.pointer(place).and_then(Value::as_array).cloned().unwrap_or_default();
        groups.iter().map(|group| group["Weight"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let listener_now = || {
        let place = "/Listeners/0/DefaultActions/0/ForwardConfig/TargetGroups";
        weights(&["elbv2", "describe-listeners", "--listener-arns", &listener], place)
    };
    let rule_now = || {
        let place = "/Rules/0/Actions/0/ForwardConfig/TargetGroups";
        weights(&["elbv2", "describe-rules", "--rule-arns", &rule], place)
    };
    let look = aws.project.home.path("seen");
    let script = |end: &str| format!("#!/bin/sh\necho gate >'{}'\n{end}\n", look.display());
    aws.project.script("look", &script("exit 1"));
    aws.project.run(&["canary", "dev"], 1).says("traffic api back").says("traffic path back");
    assert_eq!((listener_now(), rule_now()), (vec![1, 0], vec![1, 0]), "the shares that were there");
    aws.project.script("look", &script("exit 0"));
    aws.project.run(&["canary", "dev"], 0).says("blue 95 %, green 5 % -> blue 0 %, green 100 %");
    assert_eq!((listener_now(), rule_now()), (vec![0, 100], vec![0, 100]));
    aws.project.run(&["traffic", "dev", "api", "--green", "5"], 0);
    assert_eq!(listener_now(), [95, 5]);
    aws.project.run(&["canary", "dev"], 75);
    aws.project.run(&["traffic", "dev", "api", "--back"], 0);
    assert_eq!(listener_now(), [0, 100]);
    // A page in front of it all, as a rule of its own.
    let file = aws.project.read("environments/dev/environment.toml");
    let page = format!("[maintenance]\nkind = \"alb\"\nlistener = \"{listener}\"\ntext = \"back soon\"\n");
    aws.project.environment("dev", &format!("{file}{page}"));
    let rules = || aws.ask(&["elbv2", "describe-rules", "--listener-arn", &listener])["Rules"].clone();
    let before = rules();
    aws.project.run(&["maintenance", "dev"], 0).prints("off");
    aws.project.run(&["maintenance", "dev", "on"], 0);
    let is_page = |rule: &&Value| rule["Actions"][0]["FixedResponseConfig"]["MessageBody"] == "back soon";
    assert_eq!(rules().as_array().unwrap().iter().filter(is_page).count(), 1);
    aws.project.run(&["maintenance", "dev", "on"], 0).says("on already");
    aws.project.run(&["maintenance", "dev", "off"], 0);
    assert_eq!(rules(), before);
    aws.project.environment("dev", &format!("{file}{}", page.replace("back soon", &"long ".repeat(300))));
    aws.project.run(&["maintenance", "dev", "on"], 1).says("takes 1024");
    aws.project.assert_no_canary_on_disk();
}

#[test]
fn records_of_route_53_get_weights_wait_for_their_ttl_and_get_them_back() {
    let Some(aws) = Aws::new() else { return };
    let name = format!("t{}.example", std::process::id());
    let words = ["route53", "create-hosted-zone", "--name", &name, "--caller-reference", &name];
    let zone = aws.text(&words, "/HostedZone/Id");
    let record = |side: &str, weight: u32| {
        json!({ "Action": "CREATE", "ResourceRecordSet": { "Name": format!("api.{name}"), "Type": "A", "SetIdentifier": side,
            "Weight": weight, "TTL": 2, "ResourceRecords": [{ "Value": "192.0.2.1" }] } })
    };
    let batch = json!({ "Changes": [record("blue", 3), record("green", 0)] }).to_string();
    aws.ask(&["route53", "change-resource-record-sets", "--hosted-zone-id", &zone, "--change-batch", &batch]);
    let zone = zone.trim_start_matches("/hostedzone/");
    aws.project.environment(
        "dev",
        &format!(
            "[routes.api]\nkind = \"route53\"\nzone = \"{zone}\"\nrecord = \"api.{name}\"\nblue = \"blue\"\ngreen = \"green\"\n\
             [pipelines]\ncanary = [{{ traffic = {{ route = \"api\", green = 5 }} }}, {{ command = \"test ! -e sick\" }}]\n"
        ),
    );
    let now = || {
        let all = aws.ask(&["route53", "list-resource-record-sets", "--hosted-zone-id", zone]);
        let all = all["ResourceRecordSets"].as_array().unwrap().clone();
        let weights = all.iter().filter_map(|one| one["Weight"].as_u64()).collect::<Vec<_>>();
        assert!(all.iter().filter(|one| !one["Weight"].is_null()).all(|one| one["TTL"] == 2), "{all:?}");
        weights
    };
    aws.project.write("sick", "");
    aws.project.run(&["canary", "dev"], 1).says("traffic api back");
    assert_eq!(now(), [3, 0]);
    std::fs::remove_file(aws.project.path("sick")).unwrap();
    let begun = std::time::Instant::now();
    aws.project.run(&["canary", "dev"], 0).says("blue 100 %, green 0 % -> blue 95 %, green 5 %");
    assert!(begun.elapsed() >= Duration::from_secs(2), "what resolvers remember was waited for");
    assert_eq!(now(), [95, 5]);
    aws.project.run(&["traffic", "dev", "--back"], 0);
    assert_eq!(now(), [3, 0]);
}

const COMPOSE: &str = "services:\n  web:\n    image: IMAGE\n    command: [\"sh\", \"-c\", \"mkdir /w; echo $$SIDE >/w/index.html; exec httpd -f -p 8080 -h /w\"]\n    \
    environment: { SIDE: \"$SIDE\" }\n    ports: [\"127.0.0.1:$PORT:8080\"]\n    stop_grace_period: 1s\n    \
    healthcheck: { test: [\"CMD\", \"/bin/busybox\", \"wget\", \"-qO-\", \"http://127.0.0.1:8080/\"], interval: 1s, retries: 30 }\n";

#[test]
fn two_compose_projects_are_switched_without_losing_a_request() {
    let (blue, green, name) = (free_port(), free_port(), unique());
    let Some(docker) = Docker::new("") else { return };
    if need("compose-2").is_none() {
        return;
    }
    let project = &docker.project;
    let Some(caddy) = Caddy::start("random", blue) else { return };
    project.write("app/docker-compose.yml", &COMPOSE.replace("IMAGE", &docker.image));
    project.write("app/blue.env", &format!("SIDE=blue\nPORT={blue}\n"));
    project.write("app/green.env", &format!("SIDE=green\nPORT={green}\n"));
    let compose = |side: &str, what: &str| {
        format!(
            "{{ compose = {{ dir = \"app\", project = \"{name}-{side}\", env-file = \"{side}.env\", {what} }} }}"
        )
    };
    let file = "environments/local/environment.toml";
    let local = project.read(file);
    project.write(
        file,
        &format!(
            "{local}{}[values]\nidle = {{ route = \"api\", side = \"idle\" }}\nlive = {{ route = \"api\", side = \"live\" }}\n[pipelines]\n\
             first = [{}]\n\
             deploy = [\n{},\n{{ traffic = {{ route = \"api\", to = \"idle\", drain = \"2s\" }} }},\n{},\n]\n\
             clean = [{}, {}]\n",
            route(&caddy, blue, green),
            compose("blue", "up = true, wait = true"),
            compose("{{value.idle}}", "up = true, wait = true"),
            compose("{{value.live}}", "down = true"),
            compose("blue", "down = true"),
            compose("green", "down = true"),
        ),
    );
    docker.pipeline("first").code(0);
    assert_eq!(ask(caddy.site, "/"), Ok("blue".to_owned()));
    let (over, site) = (Arc::new(AtomicBool::new(false)), caddy.site);
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                let mut answers = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    answers.push(as_clients_do(site));
                    std::thread::sleep(Duration::from_millis(5));
                }
                answers
            })
        })
        .collect();
    let runs = [docker.pipeline("deploy"), docker.pipeline("deploy")];
    over.store(true, Ordering::Relaxed);
    let answers: Vec<Result<String, String>> =
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
    let running = docker.docker(&["ps", "--format", "{{.Names}}"]);
    docker.pipeline("clean").code(0);
    for run in runs {
        run.code(0).says("traffic api idle");
    }
    let failed: Vec<&String> = answers.iter().filter_map(|answer| answer.as_ref().err()).collect();
    assert!(failed.is_empty(), "{} of {} were lost: {:?}", failed.len(), answers.len(), failed.first());
    for side in ["blue", "green"] {
        let count = answers.iter().filter(|answer| answer.as_deref() == Ok(side)).count();
        assert!(count > 20, "{side} answered {count} of {}", answers.len());
    }
    assert!(
        running.contains(&format!("{name}-blue")) && !running.contains(&format!("{name}-green")),
        "{running}"
    );
}

#[test]
fn a_page_stands_in_front_of_caddy_and_goes_without_a_trace() {
    let project = Sandbox::empty();
    let Some(caddy) = Caddy::start("random", service("blue")) else { return };
    let config = || {
        let url = format!("{}/config/", caddy.admin);
        String::from_utf8(output(Command::new("curl").args(["-sS", &url]))).unwrap()
    };
    let before = config();
    project.write("page.html", "<h1>Back at six</h1>");
    let section =
        format!("[maintenance]\nkind = \"caddy\"\nadmin = \"{}\"\nretry-after = \"90s\"\n", caddy.admin);
    project.environment(
        "dev",
        &format!("{section}file = \"page.html\"\n[pipelines]\nshut = [{{ maintenance = \"on\" }}]\n"),
    );
    project.run(&["maintenance", "dev"], 0).prints("off");
    project.run(&["maintenance", "dev", "on", "--dry-run"], 0).prints("on");
    assert_eq!(config(), before);
    project.run(&["maintenance", "dev", "on"], 0);
    let seen = ask(caddy.site, "/").unwrap_err();
    for text in [
        "503 Service Unavailable",
        "Retry-After: 90",
        "Content-Type: text/html; charset=utf-8",
        "<h1>Back at six</h1>",
    ] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    let shown = config();
    project.run(&["shut", "dev"], 0).says("on already");
    assert_eq!(config(), shown, "twice is once");
    project.write("page.html", "<h1>Back at seven</h1>");
    project.run(&["maintenance", "dev", "on"], 0);
    assert!(ask(caddy.site, "/").unwrap_err().contains("Back at seven"));
    project.run(&["maintenance", "dev"], 0).prints("on");
    project.run(&["maintenance", "dev", "off"], 0);
    assert_eq!((config(), ask(caddy.site, "/")), (before.clone(), Ok("blue".to_owned())));
    project.run(&["maintenance", "dev", "off"], 0).says("off already");
    // Who may get through does; another name of a host never sees it.
    project.environment("dev", &format!("{section}allow = [\"127.0.0.0/8\"]\n"));
    project.run(&["maintenance", "dev", "on"], 0);
    assert_eq!(ask(caddy.site, "/"), Ok("blue".to_owned()));
    project.environment("dev", &format!("{section}hosts = [\"app.example\"]\n"));
    project.run(&["maintenance", "dev", "on"], 0);
    assert_eq!(ask(caddy.site, "/"), Ok("blue".to_owned()));
    project.run(&["maintenance", "dev", "off"], 0);
    assert_eq!(config(), before);
    project.environment("dev", &format!("{section}server = \"nosuch\"\n"));
    project.run(&["maintenance", "dev", "on"], 1).says("no server `nosuch`").says("`site`");
}
