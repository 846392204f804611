//! `infractl bootstrap` against stores that cannot do everything.

use crate::bucket_server::{BucketServer, Store};
use crate::common::{Run, Sandbox};

fn project(server: &BucketServer) -> Sandbox {
    let sandbox = Sandbox::empty()
        .with_secrets(&[
            ("AWS_ACCESS_KEY_ID", "AKIA-OF-THE-TEST"),
            ("AWS_SECRET_ACCESS_KEY", "very-hidden-key"),
        ])
        .with_var("AWS_ENDPOINT_URL_S3", server.address.clone());
    sandbox.environment("dev", "");
    sandbox.write("environments/dev/main.tf", "output \"a\" {\n  value = 1\n}\n");
    sandbox
}

const MAKE: [&str; 6] = ["bootstrap", "dev", "--bucket", "shop-tfstate", "--region", "gra"];

#[test]
fn a_bucket_is_made_tried_out_and_told_of() {
    let server = BucketServer::new(Store::default());
    let sandbox = project(&server);
    let run = sandbox
        .run(&MAKE, 0)
        .says("made, versions, encrypted, closed, one writer at a time")
        .never_says("warning");
    for line in [
        "bucket                      = \"shop-tfstate\"",
        "key                         = \"dev/terraform.tfstate\"",
        "use_lockfile                = true",
        "encrypt                     = true",
        "region                      = \"gra\"",
    ] {
        assert!(run.out.contains(line), "{line} is not in\n{}", run.out);
    }
    assert!(!run.out.contains("skip_s3_checksum"), "{}", run.out);
    server.with(|store| {
        assert!(store.has_bucket && store.is_versioned && store.is_encrypted && store.is_closed);
    });
    assert_eq!(server.with(|store| store.objects.len()), 0, "nothing of the trial is left");
    // Twice is harmless: nothing is set again.
    server.with(|store| store.asked.clear());
    sandbox.run(&MAKE, 0).says("there, versions, encrypted, closed");
    let asked = server.with(|store| store.asked.clone());
    assert!(!asked.iter().any(|line| line.starts_with("PUT  ")), "{asked:?}");
}

#[test]
fn a_store_that_takes_both_writers_is_found_out() {
    for store in
        [Store { takes_everybody: true, ..Store::default() }, Store { is_racy: true, ..Store::default() }]
    {
        let server = BucketServer::new(store);
        let run = project(&server)
            .run(&MAKE, 0)
            .says("does not keep two writers apart")
            .never_says("one writer at a time");
        assert!(!run.out.contains("use_lockfile"), "{}", run.out);
        assert_eq!(server.with(|store| store.objects.len()), 0, "nothing of the trial is left");
    }
}

#[test]
fn what_a_store_cannot_do_is_said_plainly() {
    let server =
        BucketServer::new(Store { is_plain: true, refuses_checksums: true, stumbles: 2, ..Store::default() });
    let run = project(&server)
        .run(&MAKE, 0)
        .says("keeps no versions")
        .says("does not encrypt by itself")
        .says("NotImplemented");
    assert!(
        run.out.contains("skip_s3_checksum            = true\n") && !run.out.contains("encrypt "),
        "{}",
        run.out
    );
    let server = BucketServer::new(Store { forgets: true, is_open: true, ..Store::default() });
    project(&server)
        .run(&MAKE, 0)
        .says("it says that it keeps them")
        .says("everybody can read objects of this bucket");
    let server = BucketServer::new(Store { is_taken: true, ..Store::default() });
    project(&server).run(&MAKE, 1).says("somebody else's");
}

#[test]
fn the_block_is_written_where_none_is() {
    let server = BucketServer::new(Store::default());
    let sandbox = project(&server);
    let args = [&MAKE[..], &["--write"]].concat();
    sandbox.run(&args, 0).says("wrote environments/dev/backend.tf").says("infractl init dev");
    let written = sandbox.read("environments/dev/backend.tf");
    assert!(written.contains("backend \"s3\" {\n    bucket "), "{written}");
    // It is declared now.
    sandbox.run(&["bootstrap", "dev", "--write"], 0).says("nothing was written");
    assert_eq!(sandbox.read("environments/dev/backend.tf"), written);
    sandbox.run(&["bootstrap", "dev", "--bucket", "other"], 64).says("is not what the backend of `dev` says");
    // Settings in the configuration: only the block that takes them is missing.
    let sandbox = project(&server);
    sandbox.environment(
        "dev",
        "[terraform.backend]\nbucket = \"shop-tfstate\"\nkey = \"k\"\nregion = \"gra\"\n",
    );
    sandbox.run(&["bootstrap", "dev", "--write"], 0).says("`[terraform.backend]`: set `use_lockfile = true`");
    assert!(sandbox.read("environments/dev/backend.tf").contains("backend \"s3\" {}\n"));
}

#[test]
fn bad_input_is_refused_before_anything_is_asked() {
    let server = BucketServer::new(Store::default());
    let sandbox = project(&server);
    sandbox.run(&["bootstrap", "dev"], 64).says("which bucket?");
    sandbox.run(&["bootstrap", "dev", "--bucket", "Not_Good"], 64).says("cannot be the name of a bucket");
    sandbox.run(&["bootstrap", "dev", "--bucket", "shop-tfstate", "--dry-run"], 0);
    sandbox.write("environments/dev/backend.tf", "terraform {\n  backend \"pg\" {}\n}\n");
    sandbox.run(&MAKE, 78).says("only the bucket of `s3` can be made");
    assert_eq!(server.with(|store| store.asked.len()), 0);
    // A protected environment asks for its name.
    sandbox.write("environments/dev/backend.tf", "");
    sandbox.environment("dev", "protected = true\n");
    sandbox.run(&MAKE, 77);
    assert_eq!(server.with(|store| store.asked.len()), 0);
}

#[test]
fn a_store_that_is_not_there_and_keys_that_are_wrong_are_said() {
    let sandbox = Sandbox::empty().with_secrets(&[
        ("AWS_ACCESS_KEY_ID", "AKIA-OF-THE-TEST"),
        ("AWS_SECRET_ACCESS_KEY", "very-hidden-key"),
    ]);
    sandbox.environment("dev", "");
    sandbox.write("environments/dev/main.tf", "");
    let run: Run = sandbox.run(&[&MAKE[..], &["--endpoint", "http://127.0.0.1:1"]].concat(), 1);
    run.says("could not be reached").says("--endpoint");
}
