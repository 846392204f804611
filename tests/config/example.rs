//! The example of the contract loads as it is written there.

use std::time::Duration;

use infractl::testing::config::model::{Dialect, Value};
use infractl::testing::config::step::{Action, Until};

use super::Sandbox;

fn example() -> Sandbox {
    Sandbox::new(&[
        ("environments/defaults.toml", include_str!("defaults.toml")),
        ("environments/prod/environment.toml", include_str!("prod.toml")),
        ("environments/prod/main.tf", ""),
        ("environments/dev/main.tf", ""),
        ("environments/rec/environment.toml", "[outputs]\nbackend_ip = \"203.0.113.7\"\n"),
    ])
}

#[test]
fn the_example_of_the_contract_loads() {
    let sandbox = example();
    let project = sandbox.project();
    assert_eq!(project.name, "nyctaxi");
    assert_eq!(project.environments, ["dev", "prod", "rec"]);
    assert_eq!(project.default_environment.as_deref(), Some("dev"));

    let prod = project.environment("prod").unwrap();
    assert!(prod.protected);
    let terraform = prod.terraform.as_ref().unwrap();
    assert_eq!(terraform.program, "terraform");
    assert_eq!(terraform.dir, sandbox.path("environments/prod"));
    assert_eq!(terraform.workspace.as_str(), "default");
    assert_eq!(terraform.vars["region"].0, "francecentral");
    assert_eq!(terraform.backend.keys().collect::<Vec<_>>(), ["bucket", "key"]);
    assert_eq!(
        prod.secrets.files,
        [sandbox.path("credentials/common.enc.env"), sandbox.path("credentials/prod.enc.env")]
    );
    assert_eq!(prod.secrets.required, ["OVH_APPLICATION_KEY"]);
    assert_eq!(prod.env_file.path, sandbox.path("shared/.env.prod"));
    assert_eq!(prod.env_file.dialect, Dialect::Compose);
    let section = &prod.env_file.sections.as_ref().unwrap()[0];
    assert_eq!(section.title, "Azure Storage");
    assert_eq!(
        section.values.keys().collect::<Vec<_>>(),
        ["AZURE_STORAGE_CONNECTION_STRING", "AZURE_CONTAINER_NAME"]
    );
    assert!(matches!(&section.values[0], Value::Source(source)
        if source.output.as_deref() == Some("storage_connection_string")));
    let inventory = prod.inventory.as_ref().unwrap();
    assert_eq!(inventory.path, sandbox.path("ansible/inventory/prod.ini"));
    assert_eq!(inventory.groups["backend"].hosts[0].0, "backend");
    assert_eq!(prod.hosts["backend"].user.as_ref().unwrap().0.as_str(), "debian");
}

#[test]
fn the_pipeline_of_the_example_says_what_it_says() {
    let prod = example().load("prod").unwrap();
    let deploy = &prod.pipelines["deploy"];
    let names: Vec<&str> = deploy.iter().map(|step| step.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "wait ssh backend",
            "wait file /var/lib/cloud/instance/boot-finished-docker on backend",
            "copy 3 files to backend",
            "compose up on backend",
            "wait tls {{output.fqdn}}",
        ]
    );
    let Action::Wait(wait) = &deploy[0].action else { panic!("{:?}", deploy[0]) };
    assert_eq!((wait.attempts, wait.every), (15, Duration::from_secs(5)));
    assert_eq!(wait.until, Until::Ssh { host: "backend".into() });
    let Action::Wait(wait) = &deploy[1].action else { panic!("{:?}", deploy[1]) };
    assert_eq!((wait.attempts, wait.every), (30, Duration::from_secs(10)));
    let Action::Copy(copy) = &deploy[2].action else { panic!("{:?}", deploy[2]) };
    assert_eq!(copy.files[2].0, prod.root.join("shared/.env.prod"));
    assert_eq!(copy.to.0.as_str(), "/srv/app");
    let Action::Wait(wait) = &deploy[4].action else { panic!("{:?}", deploy[4]) };
    let Until::Tls { name, issuer, days_left, .. } = &wait.until else { panic!("{wait:?}") };
    assert_eq!(name.0.as_str(), "{{output.fqdn}}");
    assert_eq!((issuer.as_deref(), *days_left), (Some("Let's Encrypt"), 7));
}

#[test]
fn an_environment_without_a_root_module_has_outputs_by_hand() {
    let rec = example().load("rec").unwrap();
    assert!(rec.terraform.is_none());
    assert_eq!(rec.outputs["backend_ip"].0, "203.0.113.7");
    assert!(!rec.protected);
}

#[test]
fn an_environment_without_a_file_is_what_the_defaults_say() {
    let dev = example().load("dev").unwrap();
    assert!(dev.terraform.is_some());
    assert!(dev.pipelines.is_empty());
    assert_eq!(dev.env_file.title.as_str(), "Azure Environment");
}

#[test]
fn a_project_that_says_nothing_has_defaults() {
    let sandbox = Sandbox::new(&[
        ("environments/dev/main.tf", ""),
        ("credentials/dev.enc.env", ""),
        ("environments/defaults.toml", "[project]\nname = \"shop\"\n"),
    ]);
    let dev = sandbox.load("dev").unwrap();
    let terraform = dev.terraform.unwrap();
    assert_eq!(terraform.program, "terraform");
    assert_eq!(terraform.dir, sandbox.path("environments/dev"));
    assert_eq!(dev.secrets.files, [sandbox.path("credentials/dev.enc.env")]);
    assert_eq!(dev.env_file.path, sandbox.path("shared/.env.dev"));
    assert_eq!(dev.env_file.title.as_str(), "shop dev");
    assert_eq!(dev.env_file.dialect, Dialect::Compose);
    assert!(dev.env_file.sections.is_none());
    assert!(dev.inventory.is_none());
    assert!(dev.ansible.is_none());
}
