//! The workflow of releases: what others check such files with finds nothing, and no action can change under it.

use std::path::Path;

use crate::common::{Run, clean, need};

const FILE: &str = ".github/workflows/release.yml";

#[test]
fn the_workflow_of_releases_has_no_faults() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join(FILE)).unwrap();
    let uses: Vec<&str> =
        text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, name)| name).collect();
    assert!(!uses.is_empty());
    let digest = regex::Regex::new("^actions/[a-z-]+@[0-9a-f]{40} # v[0-9.]+$").unwrap();
    for action in uses {
        assert!(digest.is_match(action), "{action} is not named by a digest and a version");
    }
    let (Some(actionlint), Some(zizmor), Some(schema)) =
        (need("actionlint"), need("zizmor"), need("check-jsonschema"))
    else {
        return;
    };
    for (program, args) in [
        (actionlint, &[][..]),
        (zizmor, &["--offline", "--no-progress"]),
        (schema, &["--builtin-schema", "vendor.github-workflows"]),
    ] {
        Run::of(clean(program, root, root).args(args).arg(FILE)).code(0);
    }
}
