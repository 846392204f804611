//! Makefiles of shapes that are met, and such that nobody should write.

mod shapes;

use proptest::prelude::*;

use super::note::Verdict;
use super::{Files, Proposal, propose};

/// A Makefile among these files.
fn proposed(text: &str, around: &[(&str, &str)]) -> Proposal {
    let read = |path: &str| around.iter().find(|(name, _)| *name == path).map(|(_, text)| (*text).to_owned());
    let list = |folder: &str| {
        let folder = if folder == "." { String::new() } else { format!("{folder}/") };
        let inside = around.iter().filter_map(|(name, _)| name.strip_prefix(folder.as_str()));
        let mut names: Vec<String> = inside
            .map(|name| name.split_once('/').map_or(name.to_owned(), |(first, _)| format!("{first}/")))
            .collect();
        names.dedup();
        names
    };
    let proposal = propose("Makefile", text, &Files { read: &read, list: &list, old: "Makefile" }).unwrap();
    for (path, text) in &proposal.files {
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{path}: {error}\n{text}"));
        let json = serde_json::to_value(&table).unwrap();
        if let Err(error) = serde_json::from_value::<crate::config::model::File>(json) {
            panic!("{path}: {error}\n{text}");
        }
    }
    proposal
}

/// One file of what is proposed, without its comment.
fn file<'a>(proposal: &'a Proposal, path: &str) -> &'a str {
    let found = proposal.files.iter().find(|(name, _)| name.ends_with(path));
    found.and_then(|(_, text)| text.split_once('\n')).map_or("", |(_, text)| text)
}

fn calls(proposal: &Proposal) -> Vec<String> {
    let call = |call: &Option<String>| call.clone().unwrap_or_else(|| "nothing".to_owned());
    proposal.targets.iter().map(|target| format!("{}: {}", target.name, call(&target.call))).collect()
}

fn verdict(proposal: &Proposal, line: usize) -> Verdict {
    let entry = proposal.lines.iter().find(|entry| &*entry.at.file == "Makefile" && entry.at.line == line);
    entry.and_then(|entry| entry.verdict).unwrap()
}

/// One folder, a workspace and a file of variables for each environment, the program behind a variable.
#[test]
fn workspaces_with_a_file_of_variables_each() {
    let text = "TF ?= terraform\nENV ?= dev\n\nplan: select\n\t$(TF) -chdir=infra plan -var-file=$(ENV).tfvars -out=x.tfplan\n\
                apply: plan\n\tcd infra && $(TF) apply x.tfplan\nselect:\n\t$(TF) -chdir=infra workspace select $(ENV) || $(TF) -chdir=infra workspace new $(ENV)\n";
    let proposal =
        proposed(text, &[("infra/main.tf", ""), ("infra/dev.tfvars", ""), ("infra/prod.tfvars", "")]);
    assert_eq!(proposal.environments, ["dev", "prod"]);
    assert_eq!(calls(&proposal), ["plan: infractl plan ENV", "apply: infractl apply ENV", "select: nothing"]);
    insta::assert_snapshot!(file(&proposal, "defaults.toml"), @r#"

    [project]
    default-environment = "dev"

    [terraform]
    workspace = "{{environment}}"
    dir = "infra"
    var-files = ["infra/{{environment}}.tfvars"]
    "#);
}

/// A name that is handed to a script is no folder; one that somebody goes to is.
#[test]
fn a_folder_is_an_environment_where_somebody_goes_to_it() {
    let around = [("infra/main.tf", ""), ("eu/main.tf", "")];
    let proposal = proposed("ENV ?= dev\na:\n\t./run.sh $(ENV)\n", &around);
    assert_eq!(proposal.environments, ["dev"]);
    let proposal = proposed("ENV ?= eu\na:\n\tcd $(ENV) && terraform plan\n", &around);
    assert_eq!(proposal.environments, ["eu", "infra"]);
}

/// One target for each environment, each with a backend file and a file of variables of its own.
#[test]
fn a_target_for_each_environment() {
    let text = "dev:\n\t@rm -rf .terraform\n\tterraform init -backend-config=env/dev/state.tfvars\n\tterraform apply -auto-approve -var-file=env/dev/main.tfvars\n\
                prod:\n\t@rm -rf .terraform\n\tterraform init -backend-config=env/prod/state.tfvars\n\tterraform apply -auto-approve -var-file=env/prod/main.tfvars\n\
                prod-destroy:\n\tterraform init -backend-config=env/prod/state.tfvars\n\tterraform destroy -auto-approve -var-file=env/prod/main.tfvars\n";
    let backend = "bucket = \"b\"\nkey = \"k\"\nencrypt = true\n";
    let proposal = proposed(text, &[("env/dev/state.tfvars", backend), ("env/prod/state.tfvars", backend)]);
    assert_eq!(
        calls(&proposal),
        ["dev: infractl apply dev", "prod: infractl apply prod", "prod-destroy: infractl destroy prod"]
    );
    insta::assert_snapshot!(file(&proposal, "defaults.toml"), @r#"

    [terraform]
    dir = "."

    [terraform.backend]
    bucket = "b"
    key = "k"
    encrypt = true
    "#);
    assert!(file(&proposal, "prod/environment.toml").contains("var-files = [\"env/prod/main.tfvars\"]"));
    assert!(proposal.shim.contains("\nprod-destroy:\n\t@infractl destroy prod\n"), "{}", proposal.shim);
}

/// Targets named by a pattern, the environment in its stem.
#[test]
fn patterns_with_the_environment_in_their_stem() {
    let text = "plan-%:\n\tterraform -chdir=live/$* plan\napply-%:\n\tcd live/$* && terraform apply\n";
    let proposal =
        proposed(text, &[("live/eu/main.tf", ""), ("live/us/main.tf", ""), ("live/README.md", "")]);
    assert_eq!(proposal.environments, ["eu", "us"]);
    assert!(proposal.shim.contains("plan-%:\n\t@infractl plan $*\n"), "{}", proposal.shim);
    assert!(file(&proposal, "defaults.toml").contains("dir = \"live/{{environment}}\""));
}

/// One target that does whatever its variable says, called by others.
#[test]
fn a_target_that_is_told_what_to_do() {
    let text = "ENV=staging\nACTION ?= plan\nmove:\n\tcd tf && terraform workspace select $(ENV) && \\\n\t\tterraform $(ACTION) -var=\"image=app:1\"\n\
                plan:\n\t$(MAKE) move ACTION=plan\napply:\n\tmake move ACTION=apply\n";
    let proposal = proposed(text, &[]);
    assert!(calls(&proposal).contains(&"apply: infractl apply ENV".to_owned()), "{:?}", calls(&proposal));
    assert!(file(&proposal, "defaults.toml").contains("vars = { image = \"app:1\" }"));
}

/// Values that differ by environment, and a branch of conditions.
#[test]
fn conditions_are_decided_for_each_environment() {
    let text = "ENV ?= dev\nSIZE_dev := small\nSIZE_prod := big\nifeq ($(ENV), prod)\nREGION = west\nelse ifeq \"$(ENV)\" \"dev\"\nREGION = lab\nendif\n\
                apply:\n\tTF_VAR_size=$(SIZE_$(ENV)) terraform -chdir=tf apply -var region=$(REGION)\n\
                destroy:\nifeq ($(ENV),prod)\n\t$(error not there)\nelse\n\tterraform -chdir=tf destroy\nendif\n";
    let proposal = proposed(text, &[]);
    assert_eq!(proposal.environments, ["dev", "prod"]);
    assert!(file(&proposal, "prod/environment.toml").contains("region = \"west\""));
    assert!(file(&proposal, "dev/environment.toml").contains("region = \"lab\""));
    assert!(file(&proposal, "dev/environment.toml").contains("size = \"small\""));
}

/// Inventories by environment, two playbooks, an image that is built and pushed.
#[test]
fn playbooks_and_images() {
    let text = "env ?= staging\nREG := registry.example.com/team\ndeploy:\n\tcd ansible && ansible-playbook -i inventory/$(env) site.yml -e version=$(TAG) --diff\n\
                check:\n\tcd ansible && ansible-playbook -i inventory/$(env) site.yml --check -e version=1\n\
                users:\n\tansible-playbook -i ansible/inventory/$(env) ansible/users.yml --tags users,keys\n\
                image:\n\tdocker build --platform linux/amd64 -t $(REG)/app:1.2 -f docker/Dockerfile .\n\tdocker push $(REG)/app:1.2\n";
    let proposal = proposed(text, &[]);
    assert_eq!(verdict(&proposal, 4), Verdict::Unsure, "TAG is not known");
    insta::assert_snapshot!(file(&proposal, "defaults.toml"), @r#"

    [project]
    default-environment = "staging"

    [ansible]
    dir = "ansible"
    playbook = "ansible/site.yml"
    inventory = "ansible/inventory/{{environment}}"
    vars = { version = "1" }

    [images.app]
    repository = "registry.example.com/team/app"
    tags = ["1.2"]
    platform = "linux/amd64"
    dockerfile = "docker/Dockerfile"

    [pipelines]
    deploy = [
      { command = "cd ansible && ansible-playbook -i inventory/{{environment}} site.yml -e version=${TAG} --diff" },
    ]
    users = [
      { ansible = { playbook = "ansible/users.yml", inventory = "ansible/inventory/{{environment}}", tags = ["users", "keys"] } },
    ]
    image = [
      { docker = { build = "app" } },
      { command = "docker push registry.example.com/team/app:1.2" },
    ]
    "#);
}

/// What comes from outside stays free to set in a command, and is a note where it became a value.
#[test]
fn what_may_be_set_from_outside_stays_so() {
    let text = "TAG ?= latest\nrelease:\n\t./publish '$(TAG)' $(TAG) $(WHO)\n";
    let proposal = proposed(text, &[]);
    assert!(file(&proposal, "defaults.toml").contains("./publish 'latest' ${TAG:-latest} ${WHO}"));
}

#[test]
fn nothing_that_a_test_decides_is_taken_apart() {
    let text = "ENV ?= dev\na:\n\t[ -f x ] && terraform -chdir=tf apply\nb:\n\t. ./.env && terraform -chdir=tf plan\n\
                c:\n\tif [ $(ENV) = prod ]; then terraform -chdir=tf apply; fi\nd:\n\ttest -n \"$(ENV)\" && terraform -chdir=tf plan\n";
    let proposal = proposed(text, &[]);
    let pipelines = file(&proposal, "defaults.toml");
    assert!(pipelines.contains("[ -f x ] && terraform -chdir=tf apply"), "{pipelines}");
    assert!(pipelines.contains(". ./.env && terraform -chdir=tf plan"), "{pipelines}");
    assert!(pipelines.contains("if [ {{environment}} = prod ]; then"), "{pipelines}");
    assert!(calls(&proposal).contains(&"d: infractl plan ENV".to_owned()));
}

#[test]
fn secrets_in_clear_are_named_and_not_copied() {
    let text = "DB_PASSWORD = hunter2hunter2\nexport TF_VAR_api_token := tok-123456\nplan:\n\tterraform plan -var db_password=$(DB_PASSWORD)\n\
                load:\n\tcurl -u me https://me:s3cr3tpw@example.com/ --password abcdefgh1\n\tPGPASSWORD=pgpg1234 psql -c 'select 1' \"$(DB_PASSWORD)\"\n";
    let proposal = proposed(text, &[]);
    let names: Vec<&str> = proposal.secrets.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["DB_PASSWORD", "TF_VAR_api_token", "PASSWORD", "PGPASSWORD"]);
    let shown = format!("{:?} {:?} {}", proposal.files, proposal.lines, proposal.shim);
    for secret in ["hunter2hunter2", "tok-123456", "s3cr3tpw", "abcdefgh1", "pgpg1234"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
}

/// Circles, and what calls itself deeper and deeper.
#[test]
fn circles_end() {
    let around = [
        ("a.mk", "include b.mk\nX = $(Y)\n"),
        ("b.mk", "include a.mk\nY = $(X)\n"),
        ("s.sh", "#!/bin/sh\n./s.sh\nf() { f; }\nf\n"),
    ];
    let text = "include a.mk\ninclude gone.mk\na: b\n\techo $(X)\nb: c\nc: a\n\t./s.sh\nd:\n\t$(MAKE) d\n$(eval $(eval $(eval x)))\n";
    let proposal = proposed(text, &around);
    assert_eq!(verdict(&proposal, 2), Verdict::Unsure);
    let many = (0..2000).map(|number| format!("t{number}: t{}\n\techo {number}\n", number + 1));
    proposed(&many.collect::<Vec<_>>().concat(), &[]);
    proposed(&format!("a:\n\t{}\n", "(".repeat(10_000)), &[]);
    proposed(&format!("a:\n\t{} true {}\n", "if true; then ".repeat(500), "; fi".repeat(500)), &[]);
}

/// Odd names, blanks instead of tabs, lines that end as on Windows, no end of the last line.
#[test]
fn odd_files_are_told_as_they_are() {
    let proposal = proposed("history:\r\n\tnpm test\r\nrun:\n    npm start\n\u{e9}t\u{e9}/x:\n\tnpm ci", &[]);
    assert_eq!(verdict(&proposal, 2), Verdict::Kept);
    assert_eq!(verdict(&proposal, 4), Verdict::Unsure);
    let calls = calls(&proposal);
    assert_eq!(calls[0], "history: infractl make-history main");
    assert_eq!(calls.len(), 3, "{calls:?}");
}

/// Each row of docs/import.md: the line is understood, and becomes what stands beside it.
#[test]
fn the_page_tells_what_is_true() {
    let page = include_str!("../../docs/import.md");
    let rows: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.strip_suffix("` |")?.split_once("` | `"))
        .collect();
    assert!(rows.len() > 15, "{rows:?}");
    for (line, becomes) in rows {
        let proposal = proposed(&format!("ENV ?= dev\nx:\n\t{}\n", line.replace("\\|", "|")), &[]);
        let said = format!("{} {}", file(&proposal, "defaults.toml"), calls(&proposal).join(" "));
        assert!(said.contains(becomes), "{line}: {said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever stands there: no panic, valid configuration, and every line is told.
    #[test]
    fn every_line_is_told(lines in prop::collection::vec(line(), 0..14)) {
        let text = lines.join("\n");
        let proposal = proposed(&text, &[("s.sh", "#!/bin/sh\nENV=$1\nfor i in 1 2; do curl -f x && break; sleep 1; done\n\"$@\"\n")]);
        for (number, line) in text.split('\n').enumerate() {
            let line = super::marks::without(line);
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let told = proposal.lines.iter().find(|entry| &*entry.at.file == "Makefile" && entry.at.line == number + 1);
            prop_assert!(told.is_some(), "line {} is lost", number + 1);
            let shown = told.unwrap().text.trim();
            prop_assert!(shown == line || shown.contains("***"), "{shown:?} is not {line:?}");
        }
    }
}

fn line() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\t",
        "\t@",
        "\t-",
        "terraform ",
        "plan ",
        "apply ",
        "-chdir=",
        "$(ENV)",
        "$(X)",
        "${Y}",
        "$$",
        "$(shell ",
        ")",
        "ENV",
        " ?= ",
        " := ",
        " = ",
        "+=",
        "a",
        "b:",
        "plan: ",
        "ifeq (",
        ",",
        "else",
        "endif",
        "define ",
        "endef",
        "\\",
        "'",
        "\"",
        "`",
        " && ",
        " || ",
        " | ",
        "; ",
        "{{",
        "}}",
        "{",
        "}",
        "#",
        "./s.sh ",
        "ssh me@h ",
        "scp f h:/d/f ",
        "until ",
        "do ",
        "done",
        "sleep 3",
        "for i in 1 2; ",
        "if ",
        "then ",
        "fi",
        "docker build -t x . ",
        "docker compose up -d ",
        "sops -d f ",
        "export ",
        "TF_VAR_x=1 ",
        "PASSWORD=hunter22 ",
        "$(MAKE) a ",
        "%",
        "é",
        "\u{e000}",
        "> shared/.env",
        "ansible-playbook p.yml ",
        "-e x=1 ",
        "curl --retry 3 http://x ",
        "cd d",
        "include ",
        ".ONESHELL:",
        "openstack server stop s",
        "$@",
        "$*",
        "<<E",
        "(",
        ":",
        "=",
    ]);
    prop_oneof![
        4 => prop::collection::vec(pieces, 0..9).prop_map(|pieces| pieces.concat()),
        1 => "[ -~\t]{0,30}",
    ]
}

#[test]
fn a_target_that_tests_is_no_environment() {
    let names = |text: &str| proposed(text, &[]).environments;
    let plan = "ENV ?= dev\nplan:\n\tterraform -chdir=$(ENV) plan\n";
    assert_eq!(names(&format!("{plan}test:\n\tpytest\ntest-unit:\n\tpytest unit\n")), ["dev"]);
    assert_eq!(names("plan-rec:\n\tterraform plan\nplan-test:\n\tterraform plan\n"), ["rec", "test"]);
}
