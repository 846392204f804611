//! What people read when the configuration is wrong: every problem at once, each with its place.

use std::fmt::Write;

use super::{Sandbox, dev};

const ENVIRONMENT: &str = "environments/dev/environment.toml";

#[test]
fn everything_wrong_with_an_environment_is_said_at_once() {
    let sandbox = dev(r#"protectd = true
depends-on = ["prd", 3, "dev"]
desc = "x"
colour = "red"

[terraform]
protected = true
program = 3
vars = { a = "{{enviroment}}", b = ["{{output.x}}", "{{"] }
parallelism = 0
lock-timeout = 90
dir = "{{output.x}}/{{var.NOPE}}"
var-files = "x.tfvars"
backend = { key = "{{secret.KEY}}" }

[env-file]
dialect = "compos"
sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]

[hosts.backend]
usr = "x"
[hosts.db]
address = "{{host.backend.address}}"
jump = "db"
port = 99999

[power]
provider = "gcp"
"#);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: unknown key `protectd`
     --> environments/dev/environment.toml:1:1
      |
    1 | protectd = true
      | ^^^^^^^^
      |
      = help: did you mean `protected`?

    error: there is no environment `prd`
     --> environments/dev/environment.toml:2:15
      |
    2 | depends-on = ["prd", 3, "dev"]
      |               ^^^^^
      |
      = help: make the folder `environments/prd`

    error: `depends-on` must be the name of an environment, not a whole number
     --> environments/dev/environment.toml:2:22
      |
    2 | depends-on = ["prd", 3, "dev"]
      |                      ^
      |
      = help: put it in quotes: `"3"`

    error: `dev` cannot depend on itself
     --> environments/dev/environment.toml:2:25
      |
    2 | depends-on = ["prd", 3, "dev"]
      |                         ^^^^^
      |
      = help: remove it

    error: unknown key `desc`
     --> environments/dev/environment.toml:3:1
      |
    3 | desc = "x"
      | ^^^^
      |
      = help: did you mean `description`?

    error: unknown key `colour`
     --> environments/dev/environment.toml:4:1
      |
    4 | colour = "red"
      | ^^^^^^
      |
      = help: use `project`, `protected`, `safety`, `drift`, `ttl`, `window`, `cost`, `description`, `contacts`, `depends-on`, `mocks`, `terraform`, `needs`, `scenarios`, `components`, `secrets`, `env-file`, `outputs`, `values`, `inventory`, `hosts`, `lock`, `power`, `ansible`, `cluster`, `aws`, `registry`, `images`, `tasks`, `snapshots`, `release`, `promotion`, `routes`, `maintenance`, `rollout`, `ci`, `tools`, `checks`, `pipelines`, `hooks` or `failures`, or begin it with `x-` if it is for you alone

    error: unknown key `protected` in `terraform`
     --> environments/dev/environment.toml:7:1
      |
    7 | protected = true
      | ^^^^^^^^^
      |
      = help: write `protected` above the first `[table]` of the file, where it belongs to the environment

    error: `program` must be text, not a whole number
     --> environments/dev/environment.toml:8:11
      |
    8 | program = 3
      |           ^
      |
      = help: put it in quotes: `"3"`

    error: unknown name `enviroment` in a template
     --> environments/dev/environment.toml:9:17
      |
    9 | vars = { a = "{{enviroment}}", b = ["{{output.x}}", "{{"] }
      |                 ^^^^^^^^^^
      |
      = help: did you mean `environment`? Or write `{{{{` for a literal `{{`

    error: `{{` without `}}`
     --> environments/dev/environment.toml:9:54
      |
    9 | vars = { a = "{{enviroment}}", b = ["{{output.x}}", "{{"] }
      |                                                      ^^
      |
      = help: close it with `}}`, or write `{{{{` for a literal `{{`

    error: `parallelism` cannot be 0
      --> environments/dev/environment.toml:10:15
       |
    10 | parallelism = 0
       |               ^
       |
       = help: write 1 or more

    error: `lock-timeout` needs a unit
      --> environments/dev/environment.toml:11:16
       |
    11 | lock-timeout = 90
       |                ^^
       |
       = help: write `lock-timeout = "90s"`; units are `ms`, `s`, `m`, `h` and `d`

    error: `dir` is needed before `output.x` is known
      --> environments/dev/environment.toml:12:10
       |
    12 | dir = "{{output.x}}/{{var.NOPE}}"
       |          ^^^^^^^^
       |
       = help: use `environment`, `project` and `var.NAME` only

    error: `var-files` must be a list, each item a path, not text
      --> environments/dev/environment.toml:13:13
       |
    13 | var-files = "x.tfvars"
       |             ^^^^^^^^^^
       |
       = help: write `var-files = ["x.tfvars"]`

    error: a secret in `backend.key` would be seen in the list of processes
      --> environments/dev/environment.toml:14:22
       |
    14 | backend = { key = "{{secret.KEY}}" }
       |                      ^^^^^^^^^^
       |
       = help: pass it by `env`, `input` or a file of mode 0600

    error: `dialect` cannot be `compos`
      --> environments/dev/environment.toml:17:11
       |
    17 | dialect = "compos"
       |           ^^^^^^^^
       |
       = help: did you mean `compose`?

    error: `sections` needs `title`
      --> environments/dev/environment.toml:18:13
       |
    18 | sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]
       |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
       |
       = help: add `title = …`

    error: `A-B` is not the name of a variable
      --> environments/dev/environment.toml:18:26
       |
    18 | sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]
       |                          ^^^
       |
       = help: use letters, digits and `_`, and no digit first

    error: `secret` beside `output`: one of them is enough
      --> environments/dev/environment.toml:18:55
       |
    18 | sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]
       |                                                       ^^^^^^
       |
       = help: remove one of them

    error: `values.Y` says nothing to do
      --> environments/dev/environment.toml:18:75
       |
    18 | sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]
       |                                                                           ^^
       |
       = help: add one of `output`, `secret` or `var`

    error: `values.Z` must be text, a whole number, a number, true or false or a table, not a list
      --> environments/dev/environment.toml:18:83
       |
    18 | sections = [{ values = { A-B = 1, X = { output = "a", secret = "B" }, Y = {}, Z = [1] } }]
       |                                                                                   ^^^
       |
       = help: write text, a whole number, a number, true or false or a table

    error: unknown key `usr` in `hosts.backend`
      --> environments/dev/environment.toml:21:1
       |
    21 | usr = "x"
       | ^^^
       |
       = help: did you mean `user`?

    error: the address of a host cannot be that of another
      --> environments/dev/environment.toml:23:14
       |
    23 | address = "{{host.backend.address}}"
       |              ^^^^^^^^^^^^^^^^^^^^
       |
       = help: name the output here as well

    error: `db` cannot be reached through itself
      --> environments/dev/environment.toml:24:8
       |
    24 | jump = "db"
       |        ^^^^
       |
       = help: name another host, or remove `jump`

    error: `port` cannot be 99999
      --> environments/dev/environment.toml:25:8
       |
    25 | port = 99999
       |        ^^^^^
       |
       = help: write a number from 1 to 65535

    error: `provider` cannot be `gcp`
      --> environments/dev/environment.toml:28:12
       |
    28 | provider = "gcp"
       |            ^^^^^
       |
       = help: use `openstack`, `aws`, `azure`, `docker` or `command`

    error: 26 problems
    "#);
}

#[test]
fn everything_wrong_with_a_pipeline_is_said_at_once() {
    let sandbox = dev(r#"hosts = { backend = { address = "10.0.0.1" } }
inventory.groups.web = { hosts = ["backend"], children = ["wbe"] }
[pipelines]
secrets = []
"my deploy" = []
deploy = [
  { wait = { ssh = "backned", days-left = 7 }, attempts = 0, every = "5x" },
  { wait = { tcp = "x:1", http = "http://x", attempts = 3 }, attempts = 2 },
  { wait = {} },
  { copy = { files = "x", to = "/x", mode = "rw" }, command = "ls", every = "5s" },
  { name = "nothing" },
  { wiat = { ssh = "backend" } },
  { command = "echo {{secret.PASSWORD}} {{ host.nope.address }}" },
  { command = "x", retry = { attempts = "3", on = ["(", "ok"] }, secrets = ["A B"] },
  { git = {} },
  { do = "up" },
  { do = "aply" },
  { command = { rn = "x", env = { A = "{{secret.X}}" } } },
  { docker = { push = "api" }, on-failure = "contnue" },
  { ecs = { run = "etl" }, on-failure = [{ do = "rolback" }] },
  { compose = { up = true, down = true, host = "backend" } },
]
aply = 3
"#);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: there is no group `wbe`
     --> environments/dev/environment.toml:2:59
      |
    2 | inventory.groups.web = { hosts = ["backend"], children = ["wbe"] }
      |                                                           ^^^^^
      |
      = help: did you mean `web`?

    error: `secrets` is a verb that no pipeline can replace
     --> environments/dev/environment.toml:4:1
      |
    4 | secrets = []
      | ^^^^^^^
      |
      = help: give the pipeline another name

    error: `my deploy` cannot be called as a verb
     --> environments/dev/environment.toml:5:1
      |
    5 | "my deploy" = []
      | ^^^^^^^^^^^
      |
      = help: use letters, digits and `-`, and a letter first

    error: there is no host `backned`
     --> environments/dev/environment.toml:7:20
      |
    7 |   { wait = { ssh = "backned", days-left = 7 }, attempts = 0, every = "5x" },
      |                    ^^^^^^^^^
      |
      = help: did you mean `backend`?

    error: `days-left` means nothing here: it belongs beside `tls`
     --> environments/dev/environment.toml:7:31
      |
    7 |   { wait = { ssh = "backned", days-left = 7 }, attempts = 0, every = "5x" },
      |                               ^^^^^^^^^
      |
      = help: remove it

    error: `attempts` cannot be 0
     --> environments/dev/environment.toml:7:59
      |
    7 |   { wait = { ssh = "backned", days-left = 7 }, attempts = 0, every = "5x" },
      |                                                           ^
      |
      = help: write 1 or more

    error: `5x` is not a duration
     --> environments/dev/environment.toml:7:70
      |
    7 |   { wait = { ssh = "backned", days-left = 7 }, attempts = 0, every = "5x" },
      |                                                                      ^^^^
      |
      = help: write a number and a unit: `90s`, `5m`, `1h30m`, `500ms`

    error: `http` beside `tcp`: one of them is enough
     --> environments/dev/environment.toml:8:27
      |
    8 |   { wait = { tcp = "x:1", http = "http://x", attempts = 3 }, attempts = 2 },
      |                           ^^^^
      |
      = help: remove one of them

    error: `attempts` is given twice
     --> environments/dev/environment.toml:8:62
      |
    8 |   { wait = { tcp = "x:1", http = "http://x", attempts = 3 }, attempts = 2 },
      |                                                              ^^^^^^^^
      |
      = help: remove one of them

    error: `wait` says nothing to do
     --> environments/dev/environment.toml:9:12
      |
    9 |   { wait = {} },
      |            ^^
      |
      = help: add one of `ssh`, `tcp`, `http`, `tls`, `file`, `command`, `ecs`, `rollout`, `job` or `condition`

    error: `files` must be a list, each item a path, not text
      --> environments/dev/environment.toml:10:22
       |
    10 |   { copy = { files = "x", to = "/x", mode = "rw" }, command = "ls", every = "5s" },
       |                      ^^^
       |
       = help: write `files = ["x"]`

    error: `rw` is not a file mode
      --> environments/dev/environment.toml:10:45
       |
    10 |   { copy = { files = "x", to = "/x", mode = "rw" }, command = "ls", every = "5s" },
       |                                             ^^^^
       |
       = help: write it as `0600` or `0644`

    error: `command` beside `copy`: one of them is enough
      --> environments/dev/environment.toml:10:53
       |
    10 |   { copy = { files = "x", to = "/x", mode = "rw" }, command = "ls", every = "5s" },
       |                                                     ^^^^^^^
       |
       = help: make two steps of them

    error: `every` belongs to `wait`
      --> environments/dev/environment.toml:10:69
       |
    10 |   { copy = { files = "x", to = "/x", mode = "rw" }, command = "ls", every = "5s" },
       |                                                                     ^^^^^
       |
       = help: write `retry = { every = … }`

    error: `step` says nothing to do
      --> environments/dev/environment.toml:11:3
       |
    11 |   { name = "nothing" },
       |   ^^^^^^^^^^^^^^^^^^^^
       |
       = help: add one of `do`, `command`, `wait`, `copy`, `remote`, `compose`, `ansible`, `docker`, `ecs`, `snapshot`, `publish`, `git`, `http`, `traffic`, `maintenance`, `kubernetes`, `argocd`, `cluster`, `helm` or `database`

    error: unknown key `wiat` in `step`
      --> environments/dev/environment.toml:12:5
       |
    12 |   { wiat = { ssh = "backend" } },
       |     ^^^^
       |
       = help: did you mean `wait`?

    error: a secret in `command` would be seen in the list of processes
      --> environments/dev/environment.toml:13:23
       |
    13 |   { command = "echo {{secret.PASSWORD}} {{ host.nope.address }}" },
       |                       ^^^^^^^^^^^^^^^
       |
       = help: pass it by `env`, `input` or a file of mode 0600

    error: there is no host `nope`
      --> environments/dev/environment.toml:13:44
       |
    13 |   { command = "echo {{secret.PASSWORD}} {{ host.nope.address }}" },
       |                                            ^^^^^^^^^^^^^^^^^
       |
       = help: use `backend`, or declare `[hosts.nope]`

    error: `attempts` must be a whole number, not text
      --> environments/dev/environment.toml:14:41
       |
    14 |   { command = "x", retry = { attempts = "3", on = ["(", "ok"] }, secrets = ["A B"] },
       |                                         ^^^
       |
       = help: write the number without quotes

    error: `on` is not a regular expression
      --> environments/dev/environment.toml:14:52
       |
    14 |   { command = "x", retry = { attempts = "3", on = ["(", "ok"] }, secrets = ["A B"] },
       |                                                    ^^^
       |
       = help: mend it: unclosed group

    error: `A B` is not the name of a variable
      --> environments/dev/environment.toml:14:77
       |
    14 |   { command = "x", retry = { attempts = "3", on = ["(", "ok"] }, secrets = ["A B"] },
       |                                                                             ^^^^^
       |
       = help: use letters, digits and `_`, and no digit first

    error: `git` says nothing to do
      --> environments/dev/environment.toml:15:11
       |
    15 |   { git = {} },
       |           ^^
       |
       = help: add `tag`, `commit` or `push`

    error: `deploy` would do itself without end, through `up`
      --> environments/dev/environment.toml:16:10
       |
    16 |   { do = "up" },
       |          ^^^^
       |
       = help: remove this step, or name the steps it should do

    error: unknown key `rn` in `command`
      --> environments/dev/environment.toml:18:17
       |
    18 |   { command = { rn = "x", env = { A = "{{secret.X}}" } } },
       |                 ^^
       |
       = help: did you mean `run`?

    error: there is no image `api`
      --> environments/dev/environment.toml:19:23
       |
    19 |   { docker = { push = "api" }, on-failure = "contnue" },
       |                       ^^^^^
       |
       = help: declare it: `[images.api]`

    error: `on-failure` cannot be `contnue`
      --> environments/dev/environment.toml:19:45
       |
    19 |   { docker = { push = "api" }, on-failure = "contnue" },
       |                                             ^^^^^^^^^
       |
       = help: did you mean `continue`?

    error: there is no task `etl`
      --> environments/dev/environment.toml:20:19
       |
    20 |   { ecs = { run = "etl" }, on-failure = [{ do = "rolback" }] },
       |                   ^^^^^
       |
       = help: declare it: `[tasks.etl]`

    error: there is no verb or pipeline `rolback`
      --> environments/dev/environment.toml:20:49
       |
    20 |   { ecs = { run = "etl" }, on-failure = [{ do = "rolback" }] },
       |                                                 ^^^^^^^^^
       |
       = help: did you mean `rollback`?

    error: `down` beside `up`: one of them is enough
      --> environments/dev/environment.toml:21:28
       |
    21 |   { compose = { up = true, down = true, host = "backend" } },
       |                            ^^^^
       |
       = help: remove one of them

    error: `pipelines.aply` must be text, a list of steps or a table, not a whole number
      --> environments/dev/environment.toml:23:8
       |
    23 | aply = 3
       |        ^
       |
       = help: write text, a list of steps or a table

    error: 30 problems
    "#);
}

#[test]
fn problems_of_both_files_are_said_together() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "[project]\nnam = \"shop\"\ndefault-environment = \"prod\"\n"),
        (ENVIRONMENT, "[project]\nname = \"x\"\n[terraform]\nwork-space = \"a\"\n"),
    ]);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: unknown key `nam` in `project`
     --> environments/defaults.toml:2:1
      |
    2 | nam = "shop"
      | ^^^
      |
      = help: did you mean `name`?

    error: there is no environment `prod`
     --> environments/defaults.toml:3:23
      |
    3 | default-environment = "prod"
      |                       ^^^^^^
      |
      = help: make the folder `environments/prod`

    error: `project` is about all environments
     --> environments/dev/environment.toml:1:2
      |
    1 | [project]
      |  ^^^^^^^
      |
      = help: move it to `environments/defaults.toml`

    error: unknown key `work-space` in `terraform`
     --> environments/dev/environment.toml:4:1
      |
    4 | work-space = "a"
      | ^^^^^^^^^^
      |
      = help: did you mean `workspace`?

    error: 4 problems
    "#);
}

#[test]
fn a_value_that_another_file_replaces_is_checked_as_well() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "terraform.lock-timeout = \"soon\"\n"),
        (ENVIRONMENT, "terraform.lock-timeout = \"2m\"\n"),
    ]);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `soon` is not a duration
     --> environments/defaults.toml:1:26
      |
    1 | terraform.lock-timeout = "soon"
      |                          ^^^^^^
      |
      = help: write a number and a unit: `90s`, `5m`, `1h30m`, `500ms`
    "#);
}

#[test]
fn errors_of_syntax_are_all_said_with_what_else_is_wrong() {
    let sandbox = Sandbox::new(&[
        ("environments/defaults.toml", "protcted = true\n"),
        (ENVIRONMENT, "protected = \n[terraform\nprogram = \"tofu\"\nprogram = \"terraform\"\nx = 'open\n"),
    ]);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: there is no value
     --> environments/dev/environment.toml:1:13
      |
    1 | protected = 
      |             ^
      |
      = help: write one behind the `=`; text stands in quotes

    error: unclosed table, expected `]`
     --> environments/dev/environment.toml:2:11
      |
    2 | [terraform
      |           ^
      |
      = help: close it

    error: unknown key `protcted`
     --> environments/defaults.toml:1:1
      |
    1 | protcted = true
      | ^^^^^^^^
      |
      = help: did you mean `protected`?

    error: 3 problems
    "#);
}

#[test]
fn what_the_parser_says_is_said_for_people() {
    let all = [
        "a = ",
        "a = hello",
        "v = { a = }",
        "v = { a = hello }",
        "a = \"b",
        "a = 'b",
        "a = \"b=",
        "a = \"\\q\"",
        "a: 1",
        "a = [1,",
        "[a",
        "{\"a\": 1}",
        "a = [,]",
        "a = 1 b",
    ];
    let said = all.map(|text| {
        let failure = dev(text).load("dev").unwrap_err();
        let each = failure
            .problems
            .iter()
            .map(|problem| format!("{} ({})", problem.message, problem.help.join(" ")));
        format!("{text}  ->  {}", each.collect::<Vec<_>>().join(" | "))
    });
    insta::assert_snapshot!(said.join("\n"), @r#"
    a =   ->  there is no value (write one behind the `=`; text stands in quotes)
    a = hello  ->  text without quotes (put text in quotes: `key = "…"`)
    v = { a = }  ->  there is no value (write one behind the `=`; text stands in quotes)
    v = { a = hello }  ->  text without quotes (put text in quotes: `key = "…"`)
    a = "b  ->  text without its second quote (close it with `"`, on the same line)
    a = 'b  ->  text without its second quote (close it with `'`, on the same line)
    a = "b=  ->  text without its second quote (close it with `"`, on the same line)
    a = "\q"  ->  a backslash that escapes nothing (write `\\` for a backslash, or put the text in single quotes)
    a: 1  ->  invalid unquoted key, expected letters, numbers, `-`, `_` (mend it as TOML asks: https://toml.io) | a key without `=` (write `key = value`)
    a = [1,  ->  unclosed array, expected `]` (close it)
    [a  ->  unclosed table, expected `]` (close it)
    {"a": 1}  ->  invalid key-value pair, expected key (mend it as TOML asks: https://toml.io)
    a = [,]  ->  extra comma in array, expected value (mend it as TOML asks: https://toml.io)
    a = 1 b  ->  text without quotes (put text in quotes: `key = "…"`)
    "#);
}

#[test]
fn a_secret_behind_an_output_by_hand_is_refused_in_an_argument() {
    let sandbox = dev(
        "outputs = { a = \"{{secret.X}}\", b = { c = [\"{{secret.Y}}\"] }, d = \"plain\" }\nhosts.web.address = \"{{output.a}}\"\n\
         [pipelines]\np = [{ command = \"echo {{output.b}} {{output.d}}\" }]\n",
    );
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `output.a` holds a secret, and in `address` it would be seen in the list of processes
     --> environments/dev/environment.toml:2:24
      |
    2 | hosts.web.address = "{{output.a}}"
      |                        ^^^^^^^^
      |
      = help: pass it by `env`, `input` or a file of mode 0600

    error: `output.b` holds a secret, and in `command` it would be seen in the list of processes
     --> environments/dev/environment.toml:4:26
      |
    4 | p = [{ command = "echo {{output.b}} {{output.d}}" }]
      |                          ^^^^^^^^
      |
      = help: pass it by `env`, `input` or a file of mode 0600

    error: 2 problems
    "#);
}

#[test]
fn the_title_of_the_environment_file_holds_no_secret() {
    let sandbox = dev("env-file.title = \"of {{environment}} {{secret.A}}\"\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `secret.A` in the title of the environment file would be read by everybody
     --> environments/dev/environment.toml:1:18
      |
    1 | env-file.title = "of {{environment}} {{secret.A}}"
      |                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: write it into a section
    "#);
}

#[test]
fn a_name_is_in_the_environment_file_once_and_a_number_as_it_was_written() {
    let sandbox = dev("[[env-file.sections]]\ntitle = \"A\"\nvalues = { A = 1, B = 1.5, C = 3.10 }\n\
         [[env-file.sections]]\ntitle = \"B\"\nvalues = { A = 2, TERRAFORM_WORKSPACE = \"x\", D = 1.0, E = 1e400 }\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `3.10` is the number 3.1, and would be written so
     --> environments/dev/environment.toml:3:32
      |
    3 | values = { A = 1, B = 1.5, C = 3.10 }
      |                                ^^^^
      |
      = help: put it in quotes: `"3.10"`

    error: `A` is in another section of the environment file already
     --> environments/dev/environment.toml:6:12
      |
    6 | values = { A = 2, TERRAFORM_WORKSPACE = "x", D = 1.0, E = 1e400 }
      |            ^
      |
      = help: remove one of them, or name it differently

    error: `TERRAFORM_WORKSPACE` ends the environment file by itself
     --> environments/dev/environment.toml:6:19
      |
    6 | values = { A = 2, TERRAFORM_WORKSPACE = "x", D = 1.0, E = 1e400 }
      |                   ^^^^^^^^^^^^^^^^^^^
      |
      = help: remove it, or name it differently

    error: `1.0` is the number 1, and would be written so
     --> environments/dev/environment.toml:6:50
      |
    6 | values = { A = 2, TERRAFORM_WORKSPACE = "x", D = 1.0, E = 1e400 }
      |                                                  ^^^
      |
      = help: put it in quotes: `"1.0"`

    error: `values.E` is a number that does not fit
     --> environments/dev/environment.toml:6:59
      |
    6 | values = { A = 2, TERRAFORM_WORKSPACE = "x", D = 1.0, E = 1e400 }
      |                                                           ^^^^^
      |
      = help: write a finite number of at most 64 bits, or text

    error: 5 problems
    "#);
}

#[test]
fn a_text_with_escapes_is_marked_where_it_can_be() {
    let sandbox = dev("a-b = 1\n[env-file]\ntitle = \"\\u00e9 {{nope}}\"\npath = '''\n{{nope}}'''\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: unknown key `a-b`
     --> environments/dev/environment.toml:1:1
      |
    1 | a-b = 1
      | ^^^
      |
      = help: use `project`, `protected`, `safety`, `drift`, `ttl`, `window`, `cost`, `description`, `contacts`, `depends-on`, `mocks`, `terraform`, `needs`, `scenarios`, `components`, `secrets`, `env-file`, `outputs`, `values`, `inventory`, `hosts`, `lock`, `power`, `ansible`, `cluster`, `aws`, `registry`, `images`, `tasks`, `snapshots`, `release`, `promotion`, `routes`, `maintenance`, `rollout`, `ci`, `tools`, `checks`, `pipelines`, `hooks` or `failures`, or begin it with `x-` if it is for you alone

    error: unknown name `nope` in a template
     --> environments/dev/environment.toml:3:9
      |
    3 | title = "\u00e9 {{nope}}"
      |         ^^^^^^^^^^^^^^^^^
      |
      = help: use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or write `{{{{` for a literal `{{`

    error: unknown name `nope` in a template
     --> environments/dev/environment.toml:5:3
      |
    5 | {{nope}}'''
      |   ^^^^
      |
      = help: use `environment`, `project`, `output.NAME`, `secret.NAME`, `value.NAME`, `image.NAME`, `var.NAME`, `host.NAME.address` or `env.NAME.output.OUTPUT`, or write `{{{{` for a literal `{{`

    error: 3 problems
    "#);
}

#[test]
fn numbers_that_nothing_can_hold_are_refused() {
    let sandbox = dev("[outputs]\na = inf\nb = nan\nc = { d = [-inf] }\nbig = 99999999999999999999\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `outputs.a` is a number that does not fit
     --> environments/dev/environment.toml:2:5
      |
    2 | a = inf
      |     ^^^
      |
      = help: write a finite number of at most 64 bits, or text

    error: `outputs.b` is a number that does not fit
     --> environments/dev/environment.toml:3:5
      |
    3 | b = nan
      |     ^^^
      |
      = help: write a finite number of at most 64 bits, or text

    error: `d` is a number that does not fit
     --> environments/dev/environment.toml:4:12
      |
    4 | c = { d = [-inf] }
      |            ^^^^
      |
      = help: write a finite number of at most 64 bits, or text

    error: `outputs.big` is a number that does not fit
     --> environments/dev/environment.toml:5:7
      |
    5 | big = 99999999999999999999
      |       ^^^^^^^^^^^^^^^^^^^^
      |
      = help: write a finite number of at most 64 bits, or text

    error: 4 problems
    "#);
}

#[test]
fn files_that_are_no_text_are_named() {
    let cases: [&[u8]; 4] = [b"a = 1\nb = \"\xff\"\n", b"a\0b", b"\xff\xfea\0", b"PK\x03\x04\0\0"];
    let mut all = String::new();
    for bytes in cases {
        let sandbox = dev("");
        sandbox.write(ENVIRONMENT, bytes);
        all += &sandbox.error("dev");
    }
    insta::assert_snapshot!(all, @r#"
    error: `environments/dev/environment.toml` is not UTF-8: byte 0xff
     --> environments/dev/environment.toml:2:6
      |
    2 | b = "�"
      |      ^
      |
      = help: save it as text, encoded as UTF-8
    error: `environments/dev/environment.toml` is not text: a zero byte
     --> environments/dev/environment.toml:1:2
      |
    1 | a␀b
      |  ^
      |
      = help: save it as text, encoded as UTF-8
    error: `environments/dev/environment.toml` is encoded as UTF-16
     |
     = help: save it as text, encoded as UTF-8
    error: `environments/dev/environment.toml` is not text: a zero byte
     --> environments/dev/environment.toml:1:5
      |
    1 | PK␃␄␀␀
      |     ^
      |
      = help: save it as text, encoded as UTF-8
    "#);
}

#[test]
fn a_folder_in_the_place_of_the_file_is_named() {
    let sandbox = Sandbox::new(&[("environments/dev/environment.toml/x", "")]);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `environments/dev/environment.toml` is a folder, not a file
     |
     = help: remove the folder, or put a file in its place
    "#);
    let sandbox = Sandbox::new(&[("environments/defaults.toml/x", ""), (ENVIRONMENT, "")]);
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `environments/defaults.toml` is a folder, not a file
     |
     = help: remove the folder, or put a file in its place
    "#);
}

#[cfg(unix)]
#[test]
fn a_link_to_nowhere_is_named() {
    let sandbox = Sandbox::new(&[("environments/dev/main.tf", "")]);
    std::os::unix::fs::symlink("gone.toml", sandbox.path(ENVIRONMENT)).unwrap();
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `environments/dev/environment.toml` is a link to a file that does not exist
     |
     = help: mend or remove the link
    "#);
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = dev("protected = true");
    let path = sandbox.path(ENVIRONMENT);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        return; // root may read everything
    }
    insta::assert_snapshot!(sandbox.error("dev"), @"");
}

#[test]
fn an_empty_file_is_an_environment() {
    for text in ["", "\n", "# nothing\n", "\u{feff}", "\u{feff}# nothing", "\r\n"] {
        dev(text).load("dev").unwrap();
    }
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_change_nothing() {
    let sandbox = dev("\u{feff}protected = true\r\n[terraform]\r\nprogramm = \"tofu\"\r\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: unknown key `programm` in `terraform`
     --> environments/dev/environment.toml:3:1
      |
    3 | programm = "tofu"
      | ^^^^^^^^
      |
      = help: did you mean `program`?
    "#);
    assert!(dev("\u{feff}protected = true\r\n").load("dev").unwrap().protected);
}

#[test]
fn a_problem_far_down_a_long_file_has_its_line() {
    let mut text = String::from("[terraform.vars]\n");
    for line in 2..10_000 {
        writeln!(text, "variable_{line} = \"{line}\"").unwrap();
    }
    text += "[terraform]\nprogramm = \"tofu\"\n";
    let error = dev(&text.replace("[terraform]\n", "[env-file]\n")).error("dev");
    insta::assert_snapshot!(error, @r#"
    error: unknown key `programm` in `env-file`
         --> environments/dev/environment.toml:10001:1
          |
    10001 | programm = "tofu"
          | ^^^^^^^^
          |
          = help: use `path`, `title`, `dialect`, `absent` or `sections`, or begin it with `x-` if it is for you alone
    "#);
}

#[test]
fn more_problems_than_anybody_reads_are_counted() {
    let text: Vec<String> = (0..200).map(|number| format!("wrong-{number} = 1")).collect();
    let text = text.join("\n");
    let error = dev(&text).error("dev");
    assert_eq!(error.matches("error: unknown key").count(), 50);
    assert!(
        error.ends_with("error: 50 problems\nhelp: mend these first: 150 more are not shown\n"),
        "{error}"
    );
}

#[test]
fn names_that_no_template_could_hold_are_refused() {
    let sandbox = dev("[hosts.\"web 1\"]\naddress = \"a\"\n[hosts.\"web.2\"]\naddress = \"a\"\n");
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: `web 1` cannot be a name in `hosts`
     --> environments/dev/environment.toml:1:8
      |
    1 | [hosts."web 1"]
      |        ^^^^^^^
      |
      = help: use letters, digits, `_` and `-`

    error: `web.2` cannot be a name in `hosts`
     --> environments/dev/environment.toml:3:8
      |
    3 | [hosts."web.2"]
      |        ^^^^^^^
      |
      = help: use letters, digits, `_` and `-`

    error: 2 problems
    "#);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    /// The example, cut and glued at random: whatever comes out is loaded or refused, and shown.
    #[test]
    fn no_file_makes_loading_panic(from in 0usize..2000, length in 0usize..60, glue in "[\\[\\]{}=\"'.,\n a-z0-9é]{0,6}") {
        let mut text = concat!(include_str!("defaults.toml"), include_str!("prod.toml")).replace("protected = true", "");
        let border = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        let range = border(from)..border(from + length);
        text.replace_range(range, &glue);
        let sandbox = Sandbox::new(&[("environments/defaults.toml", &text), (ENVIRONMENT, "")]);
        let loaded = infractl::testing::config::Project::find(sandbox.root(), None).and_then(|project| project.environment("dev"));
        if let Err(failure) = loaded {
            proptest::prop_assert_eq!(failure.kind.code(), 78);
            proptest::prop_assert!(!infractl::testing::ui::report::render(&failure, false, 80).is_empty());
        }
    }
}

#[test]
fn what_nobody_would_look_at_is_refused() {
    let sandbox = dev(
        "inventory.dynamic = \"ansible/inventory/aws.yml\"\nchecks.watch = { amtool = \"x.yml\", run = \"true\" }\n",
    );
    insta::assert_snapshot!(sandbox.error("dev"), @r#"
    error: the plugin `amazon.aws.aws_ec2` of ansible does not take a file of this name
     --> environments/dev/environment.toml:1:21
      |
    1 | inventory.dynamic = "ansible/inventory/aws.yml"
      |                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: let it end in `aws_ec2.yml` or `aws_ec2.yaml`: ansible goes on without a file that no plugin takes

    error: `amtool` says what is run, and so does `run`
     --> environments/dev/environment.toml:2:36
      |
    2 | checks.watch = { amtool = "x.yml", run = "true" }
      |                                    ^^^
      |
      = help: write a check of its own for one of them

    error: 2 problems
    "#);
}
