//! Two environments on one state are refused.

use crate::common::Sandbox;
use crate::terraform::{environment, lab};

const MODULE: &str = "resource \"terraform_data\" \"a\" {}\noutput \"a\" { value = 1 }\n";

/// `dev` and `rec` of the same folder, with these settings of `[terraform]` for both and for `rec`.
fn shared(both: &str, rec: &str) -> Sandbox {
    let project = lab(MODULE);
    for name in ["prod", "local"] {
        std::fs::remove_dir_all(project.path(format!("environments/{name}"))).unwrap();
    }
    project.write("infra/main.tf", MODULE);
    let settings = project.read("environments/defaults.toml");
    project.write("environments/defaults.toml", &format!("{settings}[terraform]\ndir = \"infra\"\n{both}\n"));
    project.write("environments/rec/environment.toml", &format!("[terraform]\n{rec}\n"));
    project
}

#[test]
fn one_folder_and_one_workspace_are_one_state() {
    let project = shared("", "");
    for verb in
        [&["apply", "dev"][..], &["destroy", "rec"], &["genenv", "dev"], &["up", "rec"], &["apply", "--all"]]
    {
        let run = project.infractl(verb);
        assert_ne!(run.code, 0, "{verb:?}");
        run.says("have one state").says("as `workspace` in `[terraform]`");
    }
    project.infractl(&["apply", "dev"]).code(78).says("`dev` and `rec` have one state");
    project.infractl(&["validate", "--all"]).code(1).says("`rec` and `dev` have one state");
    project.infractl(&["validate", "dev"]).code(78);
    assert!(!project.path("infra/terraform.tfstate").exists());
    // What only looks, looks; what is told to do nothing does nothing.
    project.infractl(&["plan", "dev"]).code(0);
    project.infractl(&["output", "rec"]).code(0);
}

#[test]
fn what_sets_states_apart_is_enough() {
    let fine = [
        ("workspace = \"{{environment}}\"", ""),
        ("", "workspace = \"blue\""),
        ("", "dir = \"environments/rec\""),
    ];
    for (both, rec) in fine {
        let project = shared(both, rec);
        environment(&project, "rec", MODULE);
        project.write("environments/rec/environment.toml", &format!("[terraform]\n{rec}\n"));
        project.infractl(&["apply", "--all"]).code(0);
        project.infractl(&["validate", "--all"]).code(0);
    }
}

#[test]
fn one_key_of_a_backend_is_one_state_wherever_the_folders_are() {
    let s3 = "terraform {\n  backend \"s3\" {\n    bucket = \"b\"\n    key    = \"k\"\n  }\n}\n";
    let project = lab(s3);
    environment(&project, "rec", s3);
    project.infractl(&["apply", "dev"]).code(78).says("`dev` and `rec` have one state");
    // A broken environment beside it says so itself.
    project.write("environments/prod/environment.toml", "[terraform\n");
    project.infractl(&["destroy", "rec"]).code(78).says("`rec` and `dev` have one state");
    project.write("environments/rec/environment.toml", "[terraform.backend]\nkey = \"{{environment}}\"\n");
    project.infractl(&["apply", "dev", "--", "-help"]).code(64);
    // The address of a state may be a secret; who has the same one has the same state.
    let http = "terraform {\n  backend \"http\" {}\n}\n";
    for name in ["dev", "rec"] {
        environment(&project, name, http);
        let settings =
            "[secrets]\nfiles = [\"credentials/common.enc.env\", \"credentials/{{environment}}.enc.env\"]\n";
        project.write(format!("environments/{name}/environment.toml"), settings);
        project.secrets(name, &[("TF_HTTP_ADDRESS", "http-x")]);
    }
    project.infractl(&["validate", "dev"]).never_says("have one state");
    project.secrets("common", &[("TF_HTTP_ADDRESS", "http-x")]);
    project.secrets("dev", &[]);
    project.secrets("rec", &[]);
    project.infractl(&["validate", "dev"]).code(78).says("have one state");
}

#[test]
fn words_for_init_and_workspaces_of_the_cloud_count_too() {
    let http = "terraform {\n  backend \"http\" {}\n}\n";
    let project = lab(http);
    environment(&project, "rec", http);
    for name in ["dev", "rec"] {
        let settings = "[terraform.env]\nTF_CLI_ARGS_init = \"-backend-config=address=http://127.0.0.1:9/{{environment}}\"\n";
        project.write(format!("environments/{name}/environment.toml"), settings);
    }
    project.infractl(&["validate", "dev"]).never_says("have one state");
    for name in ["dev", "rec"] {
        let file = "[terraform.env]\nTF_CLI_ARGS_init = \"-backend-config ../one.tfbackend\"\n";
        project.write(format!("environments/{name}/environment.toml"), file);
    }
    project.write("environments/one.tfbackend", "address = \"http://127.0.0.1:9/one\"\n");
    project.infractl(&["validate", "dev"]).code(78).says("`dev` and `rec` have one state");
    // As the user sets it for all of them.
    for name in ["dev", "rec"] {
        project.write(format!("environments/{name}/environment.toml"), "");
    }
    let mut apply = project.command(&["apply", "dev"]);
    apply.env("TF_CLI_ARGS_init", "-backend-config='address=http://127.0.0.1:9/all'");
    crate::common::Run::of(&mut apply).code(78).says("`dev` and `rec` have one state");
    // What the configuration sets wins.
    let own = "[terraform.backend]\naddress = \"http://127.0.0.1:9/{{environment}}\"\n";
    project.write("environments/dev/environment.toml", own);
    let mut validate = project.command(&["validate", "dev"]);
    validate.env("TF_CLI_ARGS_init", "-backend-config='address=http://127.0.0.1:9/all'");
    crate::common::Run::of(&mut validate).never_says("have one state");

    let cloud = |inner: &str| {
        format!(
            "terraform {{\n  cloud {{\n    organization = \"o\"\n    workspaces {{\n      {inner}\n    }}\n  }}\n}}\n"
        )
    };
    environment(&project, "dev", &cloud("name = \"app\""));
    environment(&project, "rec", &cloud("name = \"app\""));
    project.infractl(&["destroy", "rec"]).code(78).says("`rec` and `dev` have one state");
    environment(&project, "rec", &cloud("tags = [\"app\"]"));
    project.write("environments/rec/environment.toml", "[terraform]\nworkspace = \"app\"\n");
    project.infractl(&["apply", "rec"]).code(78).says("`rec` and `dev` have one state");
    project.write("environments/rec/environment.toml", "[terraform]\nworkspace = \"rec\"\n");
    project.infractl(&["validate", "rec"]).never_says("have one state");
}
