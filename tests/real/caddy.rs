//! Requests and waits against Caddy, which is configured by HTTP: what is made there, made already, secured by TLS that nobody
//! trusts, and sent elsewhere.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::common::{CANARY, Run, Sandbox, need, wait_for};

/// A Caddy of this test, with nothing but its way to be configured.
struct Caddy {
    child: Child,
    admin: String,
    site: u16,
    secure: u16,
    root: PathBuf,
}

impl Drop for Caddy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Caddy {
    fn start(project: &Sandbox) -> Option<Caddy> {
        let program = need("caddy")?;
        let (admin, site, secure) = (free_port(), free_port(), free_port());
        let config = serde_json::json!({
            "admin": { "listen": format!("127.0.0.1:{admin}"), "config": { "persist": false } },
            "apps": {
                "pki": { "certificate_authorities": { "local": { "install_trust": false } } },
                "tls": { "automation": { "policies": [{ "subjects": ["localhost"], "issuers": [{ "module": "internal" }] }] } },
                "http": { "servers": { "secure": {
                    "listen": [format!("127.0.0.1:{secure}")],
                    "automatic_https": { "disable_redirects": true },
                    "routes": [{ "match": [{ "host": ["localhost"] }], "handle": [{ "handler": "static_response", "body": "{\"secure\":true}" }] }],
                    "tls_connection_policies": [{}],
                } } },
            },
        });
        project.write("caddy.json", &config.to_string());
        let data = project.home.path("data");
        let child = Command::new(program)
            .args(["run", "--config", "caddy.json"])
            .current_dir(project.root())
            .env("XDG_DATA_HOME", &data)
            .env("XDG_CONFIG_HOME", project.home.path("config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let root = data.join("caddy/pki/authorities/local/root.crt");
        wait_for("Caddy has made its certificates", || root.exists());
        Some(Caddy { child, admin: format!("http://127.0.0.1:{admin}"), site, secure, root })
    }
}

fn run(project: &Sandbox, name: &str, code: i32) -> Run {
    project.run(&["pipeline", "dev", name], code)
}

#[test]
fn a_service_is_configured_by_http_once_and_asked_for_what_it_then_says() {
    let token = format!("{CANARY}tok");
    let project = Sandbox::empty().with_secrets(&[("TOKEN", &token)]);
    let Some(caddy) = Caddy::start(&project) else { return };
    let Caddy { admin, site, secure, root, .. } = &caddy;
    let root = root.display();
    let server = format!("{admin}/config/apps/http/servers/site");
    let listen = admin.trim_start_matches("http://");
    let make = |more: &str| {
        let handle = "{ handler = \"static_response\", body = '{\"ready\":true,\"n\":[1,2]}' }";
        format!(
            "{{ http = {{ method = \"PUT\", url = \"{server}\", json = {{ listen = [\"127.0.0.1:{site}\"], routes = [{{ handle = [{handle}] }}] }}{more} }}"
        )
    };
    // That a key is there already this Caddy says by 500.
    let (once, again) = (make(""), make(", already = 500"));
    let pipelines = format!(
        "up = [\n\
           {{ wait = {{ http = \"{admin}/config/\", json = {{ \".admin.listen\" = \"{listen}\" }} }}, every = \"100ms\" }},\n\
           {once}, unless = {{ http = \"{server}\", json = {{ \".listen[0]\" = \"127.0.0.1:{site}\" }} }}, verify = {{ http = \"http://127.0.0.1:{site}/\", json = {{ \".ready\" = true, \".n[1]\" = 2 }}, every = \"100ms\" }} }},\n\
         ]\n\
         again = [{again} }}]\n\
         refused = [{once} }}]\n\
         sends = [{{ http = {{ url = \"http://127.0.0.1:{site}/\", headers = {{ X-Token = \"{{{{secret.TOKEN}}}}\" }} }} }}]\n\
         foreign = [{{ http = {{ url = \"https://localhost:{secure}/\" }} }}]\n\
         trusted = [{{ http = {{ url = \"https://localhost:{secure}/\", ca = \"{root}\" }} }}, {{ wait = {{ http = \"https://localhost:{secure}/\", ca = \"{root}\", json = {{ \".secure\" = true }}, hold = \"400ms\", every = \"100ms\" }} }}]\n\
         down = [{{ http = {{ method = \"DELETE\", url = \"{server}\" }} }}, {{ wait = {{ http = \"{admin}/config/apps/http/servers\", json = {{ \".secure.listen[0]\" = \"127.0.0.1:{secure}\" }} }} }}]\n",
    );
    project.environment("dev", &format!("[pipelines]\n{pipelines}"));
    run(&project, "up", 0).says("status 200, verified: status 200, `.ready` is true, `.n[1]` is 2");
    run(&project, "up", 0).says("nothing to do");
    run(&project, "again", 0).says("status 500: done already");
    run(&project, "refused", 1)
        .says("status 500 Internal Server Error, not 200-299")
        .says("key already exists");
    run(&project, "sends", 0).says("status 200");
    run(&project, "foreign", 1).says("unknown issuer").says("name a CA of your own by `ca`");
    run(&project, "trusted", 0).says("`.secure` is true, good for 400 ms");
    run(&project, "down", 0);
    let script = project.infractl(&["pipeline", "dev", "up", "--print"]).code(0).out;
    project.write("up.sh", &script);
    for wanted in ["", "==> http PUT"] {
        let output = Command::new("bash")
            .arg("up.sh")
            .current_dir(project.root())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && said.contains(wanted), "{script}\n{said}");
    }
    run(&project, "up", 0).says("nothing to do");
}
