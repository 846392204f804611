//! A root with nothing but infractl and the libraries that the binary of the tests wants. `release/try-roots` does more, with the
//! binary that is released.

use std::path::Path;
use std::process::Command;

use crate::common::{BIN, Folder, Run, clean, output};

/// infractl at its own path, with the libraries, below `root`.
pub(crate) fn with_libraries(folder: &Folder, root: &str) {
    output(Command::new("sh").current_dir(folder.root()).args([
        "-c",
        "mkdir -p \"$1\" && { echo \"$2\"; ldd \"$2\" | grep -o '/[^ ]*'; } | xargs cp -L --parents -t \"$1\"",
        "sh",
        root,
        BIN,
    ]));
}

/// No `/dev`, no `/tmp`, no `/etc`, no variable but PATH, no name for the user.
#[test]
fn it_runs_where_there_is_nothing() {
    let folder = Folder::new();
    with_libraries(&folder, "root");
    folder.write(
        "root/project/environments/dev/environment.toml",
        "[outputs]\na = \"b\"\n[[env-file.sections]]\ntitle = \"All\"\nvalues = { A = { output = \"a\" } }\n",
    );
    folder.write("root/project/shared/.keep", "");
    let is_root = output(Command::new("id").arg("-u")) == b"0\n";
    // who may not change the root may do it for a user of the own
    let before: &[&str] = if is_root { &[] } else { &["unshare", "--map-root-user"] };
    let words = [before, &["chroot", "root", BIN, "-C", "/project", "apply", "dev"]].concat();
    let mut command = clean(words[0], folder.root(), Path::new("/"));
    Run::of(command.env_remove("HOME").args(&words[1..])).code(0);
    assert!(folder.read("root/project/shared/.env.dev").contains("A=b"));
}
