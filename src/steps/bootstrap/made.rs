//! Makes a bucket what a state needs: there, with versions, encrypted, closed.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest as _, Md5};

use super::found::{Found, Verdict};
use crate::failure::{Failure, Kind};
use crate::net::bucket::Bucket;
use crate::net::object::Call;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

/// Makes it; what is as it should be already is left alone.
pub(super) async fn make(bucket: &Bucket, found: &mut Found) -> Result<(), Failure> {
    found.made = make_if_missing(bucket).await?;
    found.versions = versions(bucket).await?;
    found.encrypted = encryption(bucket).await?;
    found.closed = closed(bucket).await?;
    Ok(())
}

/// True when it was not there.
async fn make_if_missing(bucket: &Bucket) -> Result<bool, Failure> {
    let look = bucket.call("HEAD", "");
    let answer = bucket.ask(look.clone()).await?;
    match answer.status {
        200 => return Ok(false),
        404 => {}
        403 => {
            return Err(Failure::new(
                Kind::Failed,
                format!("`{}` is somebody else's, or these keys may not see it", bucket.shown()),
            )
            .help("choose a name that nobody has: names of buckets are shared with everybody")
            .help("or allow these keys s3:ListBucket"));
        }
        301 | 307 | 400 => {
            return Err(bucket.refused(&look, &answer).help("name the region of the bucket: `--region`"));
        }
        _ => return Err(bucket.refused(&look, &answer)),
    }
    let region = bucket.region();
    let place = format!(
        "<CreateBucketConfiguration xmlns=\"{NAMESPACE}\"><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    );
    // The oldest region has no name of its own there; stores other than Amazon's may know none.
    let bodies = if region == "us-east-1" { vec![String::new()] } else { vec![place, String::new()] };
    let last = bodies.len() - 1;
    for (at, body) in bodies.into_iter().enumerate() {
        let call = with_body(bucket.call("PUT", ""), body);
        let answer = bucket.ask(call.clone()).await?;
        match (answer.status, answer.code().as_deref()) {
            (200 | 204, _) => return Ok(true),
            (_, Some("BucketAlreadyOwnedByYou")) => return Ok(false),
            (_, Some("BucketAlreadyExists")) => {
                return Err(Failure::new(
                    Kind::Failed,
                    format!("the name of `{}` is taken by somebody else", bucket.shown()),
                )
                .help("choose a name that nobody has: names of buckets are shared with everybody"));
            }
            (_, Some(code)) if at < last && code.contains("LocationConstraint") => {}
            _ => return Err(bucket.refused(&call, &answer)),
        }
    }
    Ok(true)
}

async fn versions(bucket: &Bucket) -> Result<Verdict, Failure> {
    let is_on = async || -> Result<bool, Failure> {
        let answer = bucket.ask(bucket.call("GET", "versioning=")).await?;
        Ok(answer.status == 200 && answer.part("Status").as_deref() == Some("Enabled"))
    };
    if is_on().await? {
        return Ok(Verdict::Yes);
    }
    let body = format!(
        "<VersioningConfiguration xmlns=\"{NAMESPACE}\"><Status>Enabled</Status></VersioningConfiguration>"
    );
    let answer = bucket.ask(with_body(bucket.call("PUT", "versioning="), body)).await?;
    if answer.status == 200 && is_on().await? {
        return Ok(Verdict::Yes);
    }
    Ok(Verdict::No(answer.reason()))
}

async fn encryption(bucket: &Bucket) -> Result<Verdict, Failure> {
    let answer = bucket.ask(bucket.call("GET", "encryption=")).await?;
    if answer.status == 200 && answer.part("SSEAlgorithm").is_some() {
        return Ok(Verdict::Yes);
    }
    let body = format!(
        "<ServerSideEncryptionConfiguration xmlns=\"{NAMESPACE}\"><Rule><ApplyServerSideEncryptionByDefault>\
         <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    );
    let answer = bucket.ask(with_body(bucket.call("PUT", "encryption="), body)).await?;
    Ok(if answer.is_well() { Verdict::Yes } else { Verdict::No(answer.reason()) })
}

async fn closed(bucket: &Bucket) -> Result<Verdict, Failure> {
    let four = ["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"];
    let answer = bucket.ask(bucket.call("GET", "publicAccessBlock=")).await?;
    if answer.status == 200 && four.iter().all(|name| answer.part(name).as_deref() == Some("true")) {
        return Ok(Verdict::Yes);
    }
    let all = four.map(|name| format!("<{name}>true</{name}>")).concat();
    let body = format!(
        "<PublicAccessBlockConfiguration xmlns=\"{NAMESPACE}\">{all}</PublicAccessBlockConfiguration>"
    );
    let answer = bucket.ask(with_body(bucket.call("PUT", "publicAccessBlock="), body)).await?;
    Ok(if answer.is_well() { Verdict::Yes } else { Verdict::No(answer.reason()) })
}

/// Some of these requests are taken only with a digest of what they bring, and every store knows this one.
fn with_body(call: Call, body: String) -> Call {
    if body.is_empty() {
        return call;
    }
    let digest = BASE64_STANDARD.encode(Md5::digest(&body));
    Call { headers: vec![("content-md5", digest)], body: body.into_bytes(), ..call }
}
