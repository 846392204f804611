//! The cache of providers, with a real provider from a mirror of archives on this disk.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest as _, Sha256};

use crate::common::{Run, Sandbox, need, start, wait_for};

const MODULE: &str = r#"
terraform {
  required_providers {
    local = { source = "hashicorp/local" }
  }
}
resource "local_file" "a" {
  filename = "${path.module}/made.txt"
  content  = "one\n"
}
"#;
const PACKAGE: &str = "registry.terraform.io/hashicorp/local/2.5.3/linux_amd64";
const PROGRAM: &str = "terraform-provider-local_v2.5.3";
const INSTALLED: &str = "- Installed hashicorp/local";
const SHARED: &str = "from the shared cache directory";

/// These environments need the provider, which the mirror has as an archive: it has to be unpacked.
pub(crate) fn project(names: &[&str]) -> Option<Sandbox> {
    let provider = need("provider-local")?;
    let project = Sandbox::empty();
    let archive = project
        .path("mirror/registry.terraform.io/hashicorp/local/terraform-provider-local_2.5.3_linux_amd64.zip");
    fs::create_dir_all(archive.parent().unwrap()).unwrap();
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Stored)
        .unix_permissions(0o755);
    zip.start_file(PROGRAM, options).unwrap();
    zip.write_all(&fs::read(provider).unwrap()).unwrap();
    zip.finish().unwrap();
    let mirror = project.path("mirror");
    let settings = format!(
        "provider_installation {{\n  filesystem_mirror {{\n    path = \"{}\"\n  }}\n}}\n",
        mirror.display()
    );
    project.write("terraformrc", &settings);
    project.write("environments/defaults.toml", "");
    project.write(".gitignore", "shared/\n.infractl/\n");
    fs::create_dir_all(project.path("shared")).unwrap();
    for name in names {
        project.write(format!("environments/{name}/main.tf"), MODULE);
    }
    let rc = project.path("terraformrc");
    Some(project.with_var("TF_CLI_CONFIG_FILE", rc))
}

fn cache(project: &Sandbox) -> PathBuf {
    project.home.path(".cache/infractl/providers")
}

/// Where the provider that an environment starts is.
pub(crate) fn provider(project: &Sandbox, name: &str) -> PathBuf {
    let link = project.path(format!("environments/{name}/.terraform/providers")).join(PACKAGE).join(PROGRAM);
    fs::canonicalize(link).unwrap()
}

fn forget_inits(project: &Sandbox, names: &[&str], and_lock_files: bool) {
    for name in names {
        let _ = fs::remove_dir_all(project.path(format!("environments/{name}/.terraform")));
        if and_lock_files {
            let _ = fs::remove_file(project.path(format!("environments/{name}/.terraform.lock.hcl")));
        }
    }
}

/// The cache holds the provider and nothing else.
#[track_caller]
fn assert_clean(cache: &Path) {
    let there: Vec<_> = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(there, ["registry.terraform.io"]);
    let versions = cache.join(PACKAGE).parent().unwrap().to_owned();
    assert_eq!(fs::read_dir(versions).unwrap().count(), 1);
}

#[test]
fn one_download_serves_all_cold_and_warm() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let Some(project) = project(&names) else { return };
    let run = project.infractl(&["init", "--all", "--jobs", "6", "-v"]).code(0);
    assert_eq!((run.err.matches(INSTALLED).count(), run.err.matches(SHARED).count()), (1, 5), "{}", run.err);
    let shared = fs::canonicalize(cache(&project)).unwrap().join(PACKAGE).join(PROGRAM);
    for name in names {
        assert_eq!(provider(&project, name), shared);
    }
    assert_clean(&cache(&project));
    project.infractl(&["apply", "--all", "--jobs", "6"]).code(0);
    assert_eq!(project.read("environments/f/made.txt"), "one\n");

    forget_inits(&project, &names, false);
    let run = project.infractl(&["init", "--all", "--jobs", "6", "-v"]).code(0);
    assert_eq!((run.err.matches(INSTALLED).count(), run.err.matches(SHARED).count()), (0, 6), "{}", run.err);
    // Without lock files terraform wants to download: what is there stays what it was.
    let before = fs::metadata(&shared).unwrap().ino();
    forget_inits(&project, &names, true);
    let run = project.infractl(&["init", "--all", "--jobs", "6", "-v"]).code(0);
    assert_eq!(run.err.matches(INSTALLED).count(), 1, "{}", run.err);
    assert_eq!(fs::metadata(&shared).unwrap().ino(), before);
    assert_eq!(provider(&project, "a"), shared);
    assert_clean(&cache(&project));
}

#[test]
fn a_lock_file_that_knows_only_archives_or_other_systems_changes_nothing_for_others() {
    let names = ["a", "b", "c"];
    let Some(project) = project(&names) else { return };
    project.infractl(&["apply", "a"]).code(0);
    let shared = provider(&project, "a");
    let before = fs::metadata(&shared).unwrap().ino();
    let archive =
        fs::read(project.path(
            "mirror/registry.terraform.io/hashicorp/local/terraform-provider-local_2.5.3_linux_amd64.zip",
        ));
    let zh: Vec<String> = Sha256::digest(archive.unwrap()).iter().map(|byte| format!("{byte:02x}")).collect();
    let zh = zh.concat();
    let lock = format!(
        "provider \"registry.terraform.io/hashicorp/local\" {{\n  version = \"2.5.3\"\n  hashes = [\n    \
         \"h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\n    \"zh:{zh}\",\n  ]\n}}\n"
    );
    for name in ["b", "c"] {
        project.write(format!("environments/{name}/.terraform.lock.hcl"), &lock);
    }
    let run = project.infractl(&["apply", "--env", "b,c", "--jobs", "2", "-v"]).code(0);
    assert_eq!(
        run.err.matches(INSTALLED).count(),
        2,
        "only its checksum lets terraform take it:\n{}",
        run.err
    );
    assert_eq!(fs::metadata(&shared).unwrap().ino(), before);
    for name in ["b", "c"] {
        assert_eq!(provider(&project, name), shared);
        let lock = project.read(format!("environments/{name}/.terraform.lock.hcl"));
        assert!(lock.contains(&zh) && lock.matches("h1:").count() == 2, "{lock}");
    }
    assert_clean(&cache(&project));
}

#[test]
fn what_a_killed_init_or_a_bad_disk_left_is_never_used() {
    let names = ["a", "b", "c", "d"];
    let Some(project) = project(&names) else { return };
    // Half a package, then everything is killed.
    let half = format!(
        "#!/bin/sh\nif [ \"$1\" = init ]; then\n  mkdir -p \"$TF_PLUGIN_CACHE_DIR/{PACKAGE}\"\n  \
         echo half >\"$TF_PLUGIN_CACHE_DIR/{PACKAGE}/{PROGRAM}\"\n  kill -9 $PPID $$\nfi\n"
    );
    project.script("bin/terraform", &half);
    project.environment("a", "[terraform]\nprogram = \"bin/terraform\"\n");
    assert!(!project.command(&["init", "a"]).stderr(Stdio::null()).status().unwrap().success());
    assert!(!cache(&project).join(PACKAGE).exists());
    project.environment("a", "");
    project.infractl(&["apply", "--all", "--jobs", "4"]).code(0);
    assert_clean(&cache(&project));

    let shared = provider(&project, "a");
    fs::write(&shared, "torn").unwrap();
    forget_inits(&project, &names, false);
    let run = project.infractl(&["apply", "--all", "--jobs", "4", "-v"]).code(0);
    assert_eq!(run.err.matches(INSTALLED).count(), 1, "{}", run.err);
    assert!(fs::metadata(provider(&project, "d")).unwrap().len() > 1_000_000);
    assert_clean(&cache(&project));
}

#[test]
fn processes_that_fill_a_cold_cache_at_once_may_be_killed_at_any_time() {
    let names = ["a", "b", "c", "d"];
    let Some(project) = project(&names) else { return };
    let mut children: Vec<_> = names
        .iter()
        .map(|name| start(project.command(&["init", name]).stdout(Stdio::null()).stderr(Stdio::null())))
        .collect();
    // Whoever has the turn is killed while it works.
    wait_for("an init that downloads", || {
        let places = fs::read_dir(cache(&project)).into_iter().flatten().flatten();
        places.map(|entry| entry.path()).any(|place| {
            place.file_name().unwrap().to_string_lossy().starts_with("infractl-run-")
                && place.join("registry.terraform.io").exists()
        })
    });
    children[0].kill().unwrap();
    let ended: Vec<bool> = children.iter_mut().map(|child| child.wait().unwrap().success()).collect();
    assert!(ended[1..].iter().all(|well| *well), "{ended:?}");
    project.infractl(&["apply", "--all", "--jobs", "4"]).code(0);
    for name in names {
        assert_eq!(
            fs::read_to_string(project.path(format!("environments/{name}/made.txt"))).unwrap(),
            "one\n"
        );
        assert!(provider(&project, name).starts_with(fs::canonicalize(cache(&project)).unwrap()));
    }
}

#[test]
fn the_users_cache_comes_first_then_the_projects_and_none_where_none_is_wanted() {
    let Some(project) = project(&["a"]) else { return };
    let init = |vars: &[(&str, &str)]| {
        forget_inits(&project, &["a"], false);
        let mut command = project.command(&["init", "a", "-v"]);
        Run::of(command.envs(vars.iter().copied())).code(0);
        let link = project.path("environments/a/.terraform/providers").join(PACKAGE);
        (link.is_symlink(), provider(&project, "a"))
    };
    let is_in = |(is_link, program): (bool, PathBuf), folder: PathBuf| {
        is_link && program == fs::canonicalize(folder).unwrap().join(PACKAGE).join(PROGRAM)
    };
    project.environment("a", "[terraform]\nprovider-cache = \".cache/providers\"\n");
    assert!(is_in(init(&[]), project.path(".cache/providers")));
    // Relative: from the folder of the root module, as terraform takes it.
    assert!(is_in(init(&[("TF_PLUGIN_CACHE_DIR", "own")]), project.path("environments/a/own")));
    let settings = project.read("terraformrc");
    project.write("terraformrc", &format!("plugin_cache_dir = \"${{HOME}}/tf\"\n{settings}"));
    assert!(is_in(init(&[]), project.home.path("tf")));
    project.write("terraformrc", &settings);

    project.environment("a", "[terraform]\nprovider-cache = false\n");
    let (is_link, program) = init(&[]);
    assert!(!is_link && program.starts_with(fs::canonicalize(project.path("environments")).unwrap()));
    assert!(!cache(&project).exists());

    project.environment("a", "[terraform]\nprovider-cache = 3\n");
    project.infractl(&["init", "a"]).code(78).says("provider-cache");

    // A home that takes nothing is no reason to fail.
    project.environment("a", "");
    fs::write(project.home.path(".cache"), "a file").unwrap();
    assert!(is_in(init(&[]), project.path(".infractl/cache/providers")));
}
