//! The same by the program `aws`: the bucket is made, and nothing is tried out.

use crate::exec::Cmd;
use crate::tools::terraform::backend::Backend;
use crate::work::StepCx;
use crate::work::script::Script;

const OLDEST: &str = "us-east-1";
const ENCRYPTION: &str = r#"{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}"#;
const CLOSED: &str =
    "BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true";

/// The commands, in order. What a store may not know is a warning.
pub(super) fn lines(step: &StepCx<'_>, backend: &Backend, script: &mut Script) -> Vec<String> {
    let region = backend.get("region").unwrap_or(OLDEST);
    let mut aws = |action: &str, more: &[&str]| {
        let bucket = backend.get("bucket").unwrap_or_default();
        let mut cmd = Cmd::new("aws").args(["s3api", action, "--bucket", bucket, "--region", region]);
        if let Some(endpoint) = backend.get("endpoints.s3") {
            cmd = cmd.args(["--endpoint-url", endpoint]);
        }
        script.command(step, &cmd.args(more.iter().copied()))
    };
    let look = aws("head-bucket", &[]);
    let make = aws("create-bucket", &[]);
    let place = format!("LocationConstraint={region}");
    let make_there = aws("create-bucket", &["--create-bucket-configuration", &place]);
    // The oldest region has no name of its own there; stores other than Amazon's may know none.
    let make = if region == OLDEST { make } else { format!("{make_there} || {make}") };
    let versions = aws("put-bucket-versioning", &["--versioning-configuration", "Status=Enabled"]);
    let encrypted = aws("put-bucket-encryption", &["--server-side-encryption-configuration", ENCRYPTION]);
    let closed = aws("put-public-access-block", &["--public-access-block-configuration", CLOSED]);
    let warns = |line: String, what: &str| format!("{line} || echo 'warning: {what}' >&2");
    vec![
        format!("{look} >/dev/null 2>&1 || {make}"),
        warns(versions, "the store keeps no versions"),
        warns(encrypted, "the store does not encrypt by itself"),
        warns(closed, "the store cannot block public access"),
    ]
}
