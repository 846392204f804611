//! docs/install.md by its own words: from an archive to an environment file on a machine that has terraform and no Rust.

use std::path::Path;

use crate::common::{Folder, Run, clean, need};
use crate::{RELEASE, VERSION};

/// The examples below a heading.
fn examples(heading: &str) -> Vec<String> {
    let page =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/install.md")).unwrap();
    let part = page.split("\n## ").find(|part| part.starts_with(heading)).unwrap();
    part.split("```sh\n").skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

/// Types it into bash on a machine with this home.
fn typed(home: &Folder, text: &str) -> Run {
    let mut command = clean("bash", home.root(), home.root());
    command
        .env("RELEASE", format!("file://{}", RELEASE.display()))
        .env("VERSION", VERSION)
        .args(["-euc", text]);
    Run::of(&mut command)
}

#[test]
fn the_archive_is_unpacked_and_applies_a_project() {
    if need("terraform").is_none() {
        return;
    }
    let home = Folder::new();
    let blocks = examples("The archive");
    assert_eq!(blocks.len(), 2);
    typed(&home, &blocks.concat()).code(0);
    assert!(home.read("shop/shared/.env.dev").contains("TERRAFORM_ENVIRONMENT=dev"));
    assert_eq!(home.mode(".local/bin/infractl"), 0o755);
}

#[test]
fn the_installer_is_fetched_and_a_file_is_verified() {
    let home = Folder::new();
    let from = format!("{} --from \"$RELEASE\"", examples("The installer")[0].split_once("  ").unwrap().0);
    typed(&home, &from).code(0).prints(&format!("infractl {VERSION} is in "));
    // the first question of three; the others ask somebody outside
    let asked = examples("Where it comes from")[0].lines().next().unwrap().to_owned();
    typed(&home, &format!("curl -fsLO \"$RELEASE/SHA256SUMS\"\n{asked}")).code(0).prints("install.sh: OK");
    home.edit("install.sh", "set -eu", "set -e");
    typed(&home, &asked).code(1).prints("install.sh: FAILED");
}
