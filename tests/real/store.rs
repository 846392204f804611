//! A password on its way from a store of secrets into a database: OpenBao and PostgreSQL themselves.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use crate::common::{CANARY, Sandbox, clean, need, path_with, wait_for};

/// A store of our own, in memory; it ends with the value.
struct Bao {
    server: Child,
    program: PathBuf,
    address: String,
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

fn bao(home: &Sandbox) -> Option<Bao> {
    let program = PathBuf::from(need("bao")?);
    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = clean(&program, home.root(), home.home.root());
    command
        .args(["server", "-dev", "-dev-no-store-token", &format!("-dev-root-token-id={CANARY}root")])
        .arg(format!("-dev-listen-address={place}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let server = command.spawn().unwrap();
    wait_for("OpenBao", || std::net::TcpStream::connect(place).is_ok());
    Some(Bao { server, program, address: format!("http://{place}") })
}

#[test]
fn a_password_goes_from_the_store_into_the_database() {
    let project = Sandbox::empty();
    let (Some(bao), Some(server)) = (bao(&project), need("postgres")) else { return };
    let server = server.into_string().unwrap();
    let (host, port) = server.rsplit_once(':').unwrap();
    let role = format!("lab_{}", std::process::id());
    let project = project
        .with_var("PATH", path_with([&bao.program]))
        .with_var("BAO_ADDR", &bao.address)
        .with_var("PGHOST", host)
        .with_var("PGPORT", port)
        .with_var("PGDATABASE", "postgres")
        .with_var("PGSSLMODE", "disable")
        .with_var("C", CANARY);
    project.environment(
        "dev",
        &r#"[secrets]
from = { BAO_TOKEN = { file = "root-token" } }
[values]
password = { command = { run = ["bao", "kv", "get", "-format=json", "secret/THE_ROLE"], env = { BAO_TOKEN = "{{secret.BAO_TOKEN}}" } }, json = ".data.data.password", secret = true }
by-http = { http = "BAO_AT/v1/secret/data/THE_ROLE", headers = { X-Vault-Token = "{{secret.BAO_TOKEN}}" }, json = ".data.data.password", secret = true }
nobody = { http = "BAO_AT/v1/secret/data/nobody", headers = { X-Vault-Token = "{{secret.BAO_TOKEN}}" }, default = "nothing there" }
sealed = { http = "BAO_AT/v1/secret/data/THE_ROLE", default = "never" }
[pipelines]
lab = [
  { name = "wait", wait = { command = { run = ["bao", "status"] } }, every = "200ms" },
  { name = "make", command = "echo \"pass word='${C}db\"", capture = { made = { secret = true } } },
  { do = "store", with = { path = "THE_ROLE", value = "{{value.made}}" } },
  { name = "look", http = { url = "BAO_AT/v1/secret/data/THE_ROLE", headers = { X-Vault-Token = "{{secret.BAO_TOKEN}}" } }, capture = { version = { json = ".data.metadata.version" }, kind = { header = "Content-Type" }, again = { json = ".data.data.password", secret = true } } },
  { do = "store", with = { path = "other", value = "{{secret.BAO_TOKEN}}" } },
  { name = "role", command = { run = ["psql", "-U", "tf", "-q", "-v", "ON_ERROR_STOP=1"], env = { PGPASSWORD = "p@ss w0rd", LAB = "{{value.password}}" }, input = '''
\set password `printf %s "$LAB"`
DROP ROLE IF EXISTS THE_ROLE;
CREATE ROLE THE_ROLE LOGIN PASSWORD :'password';
''' } },
  { name = "login", command = { run = ["psql", "-U", "THE_ROLE", "-At", "-c", "select current_user, 6 * 7"], env = { PGPASSWORD = "{{value.password}}" } }, capture = { who = { match = "^(.*)[|]42$" } } },
  { name = "same", command = { run = "test \"$A\" = \"$B\"; echo {{value.version}} $N > version", env = { A = "{{value.by-http}}", B = "{{value.made}}", N = "{{value.nobody}}" } } },
  { name = "seen", command = ["sh", "-c", "echo $0 > seen", "{{value.who}}"] },
]
denied = [{ command = ["echo", "{{value.sealed}}"] }]
store = [
  { name = "put", command = { run = ["bao", "kv", "put", "secret/{{with.path}}", "password=-"], input = "{{with.value}}" } },
]
"#
        .replace("THE_ROLE", &role)
        .replace("BAO_AT", &bao.address),
    );
    project.write("root-token", &format!("{CANARY}root\n"));
    let token = project.path("root-token");
    std::fs::set_permissions(&token, std::fs::Permissions::from_mode(0o600)).unwrap();
    let run = project.infractl(&["pipeline", "dev", "lab"]).code(0);
    let _ = run.says(&format!("store {role}: put")).says("store other: put").says(&format!("who: {role}"));
    assert_eq!(project.read("version"), "1 nothing there\n");
    project.infractl(&["pipeline", "dev", "denied"]).code(1).says("403");
    assert_eq!(project.read("seen"), format!("{role}\n"));
    std::fs::remove_file(&token).unwrap();
    project.assert_no_canary_on_disk();
    project
        .infractl(&["pipeline", "dev", "lab", "--from", "login"])
        .code(64)
        .says("secret values are kept nowhere");
}
