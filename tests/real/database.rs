//! Roles and databases of a real PostgreSQL.

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::common::{CANARY, Run, Sandbox, need, output, start};

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A server, and names of a test's own on it, which are gone with the value.
struct Server {
    place: String,
    /// What all names of this test have in them.
    mark: String,
}

impl Server {
    fn new() -> Option<Server> {
        let place = need("postgres")?.into_string().unwrap();
        Some(Server {
            place,
            mark: format!("made{}x{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed)),
        })
    }

    fn psql(&self, user: &str, password: &str, database: &str, statement: &str) -> Command {
        let (host, port) = self.place.split_once(':').unwrap();
        let mut psql = Command::new("psql");
        psql.env("PGPASSWORD", password);
        psql.args([
            "-XAtqw",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            host,
            "-p",
            port,
            "-U",
            user,
            "-d",
            database,
            "-c",
            statement,
        ]);
        psql
    }

    fn ask(&self, database: &str, statement: &str) -> String {
        let said = output(&mut self.psql("tf", "p@ss w0rd", database, statement));
        String::from_utf8(said).unwrap().trim().to_owned()
    }

    /// Whether a role gets in, and may make a table in `public`.
    fn works(&self, role: &str, password: &str, database: &str) -> bool {
        let statement = "create table if not exists public.t(n int); insert into public.t values (1)";
        self.psql(role, password, database, statement).output().unwrap().status.success()
    }

    fn url(&self) -> String {
        format!("postgres://tf:p%40ss%20w0rd@{}/postgres", self.place)
    }

    /// A project that makes what this table says; its secrets are the address and a password.
    fn project(&self, table: &str) -> Sandbox {
        let project = Sandbox::empty()
            .with_secrets(&[("PG_ADMIN_URL", &self.url()), ("PASSWORD", &self.password("first"))])
            .hiding(&["p@ss w0rd"]);
        Self::says(&project, table);
        project
    }

    fn says(project: &Sandbox, table: &str) {
        let text =
            format!("[pipelines]\ngo = [{{ name = \"db\", timeout = \"60s\", database = {{ {table} }} }}]\n");
        project.environment("lab", &text);
    }

    /// With what a password may hold.
    fn password(&self, end: &str) -> String {
        format!("{CANARY}{}'\"\\ é$%-{end}", self.mark)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mark = &self.mark;
        let named = |column: &str, table: &str| {
            let all =
                self.ask("postgres", &format!("select {column} from {table} where {column} like '%{mark}%'"));
            all.lines().map(|name| format!("\"{}\"", name.replace('"', "\"\""))).collect::<Vec<_>>()
        };
        for name in named("datname", "pg_database") {
            self.ask("postgres", &format!("drop database {name} with (force)"));
        }
        for name in named("rolname", "pg_roles") {
            self.ask("postgres", &format!("drop role {name}"));
        }
    }
}

const ADMIN: &str = "url = \"{{secret.PG_ADMIN_URL}}\", password = \"{{secret.PASSWORD}}\"";

fn go(project: &Sandbox, code: i32) -> Run {
    project.run(&["pipeline", "lab", "go"], code)
}

#[test]
fn what_is_missing_is_made_once() {
    let Some(server) = Server::new() else { return };
    let mark = &server.mark;
    let project = server.project(&format!(
        "{ADMIN}, role = \"{mark}\", name = \"{mark}_db\", extensions = [\"pg_trgm\", \"btree_gist\"]"
    ));
    let dry = project.infractl(&["pipeline", "lab", "go", "--dry-run"]).code(0);
    dry.prints(&format!("the role {mark}, its password if a login with it fails, its database {mark}_db with pg_trgm, btree_gist"));
    project.infractl(&["pipeline", "lab", "go", "--print"]).code(64).says("has no script");
    assert_eq!(
        server.ask("postgres", &format!("select count(*) from pg_roles where rolname = '{mark}'")),
        "0"
    );
    go(&project, 0)
        .says(&format!("role {mark} made"))
        .says(&format!("database {mark}_db made"))
        .says("extension pg_trgm made");
    let database = format!("{mark}_db");
    assert!(server.works(mark, &server.password("first"), &database));
    assert!(!server.works(mark, "another", &database));
    assert_eq!(
        server.ask(&database, "select string_agg(extname, ',' order by extname) from pg_extension"),
        "btree_gist,pg_trgm,plpgsql"
    );
    assert_eq!(
        server.ask(
            "postgres",
            &format!("select pg_get_userbyid(datdba) from pg_database where datname = '{database}'")
        ),
        *mark
    );
    assert!(
        server
            .ask("postgres", &format!("select rolpassword from pg_authid where rolname = '{mark}'"))
            .starts_with("SCRAM-SHA-256$")
    );
    let before =
        server.ask("postgres", &format!("select rolpassword from pg_authid where rolname = '{mark}'"));
    go(&project, 0).says("unchanged");
    assert_eq!(
        server.ask("postgres", &format!("select rolpassword from pg_authid where rolname = '{mark}'")),
        before
    );
    assert_eq!(server.ask(&database, "select count(*) from t"), "1", "nothing was dropped");
}

#[test]
fn a_role_that_is_there_gets_the_password_that_lets_it_in() {
    let Some(server) = Server::new() else { return };
    let mark = &server.mark;
    server.ask("postgres", &format!("create role {mark} nologin"));
    let project = server.project(&format!("{ADMIN}, role = \"{mark}\""));
    go(&project, 0).says(&format!("password of {mark} set")).says(&format!("database {mark} made"));
    assert!(server.works(mark, &server.password("first"), mark));
    server.ask("postgres", &format!("alter role {mark} password 'changed by somebody'"));
    go(&project, 0).says(&format!("password of {mark} set")).never_says("database");
    assert!(server.works(mark, &server.password("first"), mark));
    go(&project, 0).says("unchanged");
    // Without a password nothing is done about it.
    Server::says(&project, &format!("url = \"{{{{secret.PG_ADMIN_URL}}}}\", role = \"{mark}\""));
    go(&project, 0).says("unchanged");
    // The database of somebody else stays theirs.
    server.ask("postgres", &format!("alter database {mark} owner to tf"));
    go(&project, 0).says("belongs to `tf`, and stays so").says("alter database");
}

#[test]
fn names_may_hold_anything_but_too_much() {
    let Some(server) = Server::new() else { return };
    let mark = &server.mark;
    let odd = format!("{mark} \\\"; drop role \\\"tf'$$");
    let project = server
        .project(&format!("{ADMIN}, role = \"{odd}\", name = \"{odd} DB\", extensions = [\"uuid-ossp\"]"));
    go(&project, 0).says("made");
    go(&project, 0).says("unchanged");
    let plain = odd.replace('\\', "");
    assert!(server.works(&plain, &server.password("first"), &format!("{plain} DB")));
    Server::says(&project, &format!("{ADMIN}, role = \"{mark}{}\"", "x".repeat(64)));
    go(&project, 78).says("cannot be the name of a role").says("63 bytes");
}

#[test]
fn many_at_once_make_one() {
    let Some(server) = Server::new() else { return };
    let mark = &server.mark;
    let table = format!("{ADMIN}, role = \"{mark}\", extensions = [\"pg_trgm\", \"citext\"]");
    let projects: Vec<Sandbox> = (0..10).map(|_| server.project(&table)).collect();
    let running: Vec<_> =
        projects.iter().map(|project| start(&mut project.command(&["pipeline", "lab", "go"]))).collect();
    let mut made = 0;
    for (project, child) in projects.iter().zip(running) {
        let run = project.ended(Run::ended(child.wait_with_output().unwrap()), 0);
        made += usize::from(run.err.contains(&format!("database {mark} made")));
    }
    assert_eq!(made, 1);
    assert!(server.works(mark, &server.password("first"), mark));
}

#[test]
fn who_may_not_is_told_so_and_what_was_made_stays() {
    let Some(server) = Server::new() else { return };
    let mark = &server.mark;
    server.ask("postgres", &format!("create role {mark}_small login password 'small'; create role {mark}_half login createrole createdb password 'half'"));
    let url = |user: &str, password: &str| format!("postgres://{user}:{password}@{}/postgres", server.place);
    let with = |url: &str, table: &str| {
        let project =
            Sandbox::empty().with_secrets(&[("PG_ADMIN_URL", url), ("PASSWORD", &server.password("x"))]);
        Server::says(&project, &format!("{ADMIN}, {table}"));
        project
    };
    let role = format!("role = \"{mark}_app\"");
    go(&with(&url("tf", "wrong%20one"), &role), 1)
        .says("password authentication failed")
        .says("check user and password");
    go(&with(&url(&format!("{mark}_small"), "small"), &role), 1).says("CREATEROLE and CREATEDB");
    // One who is no superuser makes role and database, and no extension that is not trusted.
    let half =
        with(&url(&format!("{mark}_half"), "half"), &format!("{role}, extensions = [\"pageinspect\"]"));
    go(&half, 1).says("`pageinspect`").says("superuser");
    Server::says(&half, &format!("{ADMIN}, {role}"));
    go(&half, 0).says("unchanged");
    assert!(server.works(&format!("{mark}_app"), &server.password("x"), &format!("{mark}_app")));
    let none = with(&server.url(), &format!("{role}, extensions = [\"no such\"]"));
    go(&none, 1).says("`no such`").says("install it where the server runs");
    go(&with("postgres://tf:CANARY-7f3a-x@127.0.0.1:1/postgres", &role), 1)
        .says("Connection refused")
        .says("wait for the server");
    go(&with("mysql://tf:CANARY-7f3a-x@h/db", &role), 78).says("no address of PostgreSQL");
    go(&with(&format!("{}?sslmode=verify-full", server.url()), &role), 1)
        .says("does not let the administrator in");
}
