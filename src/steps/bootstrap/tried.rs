//! Tries out what terraform and infractl need of a store: write, read, keep versions, let one writer through.

use super::found::{Found, Verdict};
use crate::failure::{Failure, Kind};
use crate::net::bucket::Bucket;
use crate::net::object::{Answer, Call};
use crate::text;

/// So many write at the same time.
const WRITERS: usize = 5;

/// Tries it with objects beside the state, which are removed again however it ends.
pub(super) async fn attempt(bucket: &Bucket, key: &str, found: &mut Found) -> Result<(), Failure> {
    let key = format!("{key}.infractl-test-{}", mark());
    let tried = all(bucket, &key, found).await;
    let cleaned = clean(bucket, &key).await;
    tried.and(cleaned)
}

async fn all(bucket: &Bucket, key: &str, found: &mut Found) -> Result<(), Failure> {
    write_and_read(bucket, key).await?;
    found.is_open = is_open(bucket, key).await?;
    if found.versions.is_yes() {
        found.versions = versions(bucket, key).await?;
    }
    found.locks = one_writer(bucket, &format!("{key}-lock")).await?;
    let answer = put(bucket, key, "x", &[("x-amz-server-side-encryption", "AES256")]).await?;
    found.encrypts = answer.is_well() && answer.header("x-amz-server-side-encryption").is_some();
    // What terraform sends along unless `skip_s3_checksum` is set.
    let digest = "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=";
    let answer = put(
        bucket,
        key,
        "x",
        &[("x-amz-checksum-sha256", digest), ("x-amz-sdk-checksum-algorithm", "SHA256")],
    )
    .await?;
    found.checksums = answer.is_well();
    Ok(())
}

async fn put(
    bucket: &Bucket,
    key: &str,
    text: &str,
    headers: &[(&'static str, &str)],
) -> Result<Answer, Failure> {
    bucket.ask(writing(bucket, key, text, headers)).await
}

fn writing(bucket: &Bucket, key: &str, text: &str, headers: &[(&'static str, &str)]) -> Call {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Call { headers, body: text.as_bytes().to_vec(), ..bucket.object("PUT", key) }
}

async fn write_and_read(bucket: &Bucket, key: &str) -> Result<(), Failure> {
    let answer = put(bucket, key, "first", &[]).await?;
    if !answer.is_well() {
        return Err(bucket.refused(&bucket.object("PUT", key), &answer));
    }
    let call = bucket.object("GET", key);
    let answer = bucket.ask(call.clone()).await?;
    match answer.status {
        200 if answer.body == b"first" => Ok(()),
        200 => Err(Failure::new(
            Kind::Failed,
            format!("`{}` gives back something else than was written", bucket.shown()),
        )
        .help("look at what stands between here and the store: a proxy, a cache")),
        _ => Err(bucket.refused(&call, &answer)),
    }
}

/// Whether somebody without keys can read it.
async fn is_open(bucket: &Bucket, key: &str) -> Result<bool, Failure> {
    let call = Call { is_anonymous: true, ..bucket.object("GET", key) };
    Ok(bucket.ask(call).await?.status == 200)
}

/// Written over, the first one is still there.
async fn versions(bucket: &Bucket, key: &str) -> Result<Verdict, Failure> {
    let answer = put(bucket, key, "second", &[]).await?;
    if !answer.is_well() {
        return Err(bucket.refused(&bucket.object("PUT", key), &answer));
    }
    Ok(match kept(bucket, key).await?.len() {
        0 | 1 => Verdict::No("it says that it keeps them, and what was written over is gone".to_owned()),
        _ => Verdict::Yes,
    })
}

/// First one after the other, then at the same time: exactly one may be let through, and nobody who knows an older one.
async fn one_writer(bucket: &Bucket, key: &str) -> Result<Verdict, Failure> {
    let no = |why: &str| Ok(Verdict::No(why.to_owned()));
    let new = [("if-none-match", "*")];
    let first = put(bucket, key, "one", &new).await?;
    if !first.is_well() {
        return no(&format!("conditional writes: {}", first.reason()));
    }
    if put(bucket, key, "two", &new).await?.is_well() {
        return no("it took two writers, one after the other, that both asked to be the first");
    }
    if put(bucket, key, "two", &[("if-match", "\"00000000000000000000000000000000\"")]).await?.is_well() {
        return no("it let somebody write over a content that he did not know");
    }
    let key = format!("{key}-at-once");
    let writers: Vec<_> = (0..WRITERS)
        .map(|number| {
            let (bucket, call) = (bucket.clone(), writing(bucket, &key, &number.to_string(), &new));
            tokio::spawn(async move { bucket.once(call).await })
        })
        .collect();
    let mut taken = 0;
    for writer in writers {
        taken += usize::from(matches!(writer.await, Ok(Ok(answer)) if answer.is_well()));
    }
    match taken {
        1 => Ok(Verdict::Yes),
        0 => no(&format!("of {WRITERS} writers at the same time it took none")),
        several => no(&format!("of {WRITERS} writers at the same time it took {several}")),
    }
}

/// Versions of objects whose keys begin so: key and version.
async fn kept(bucket: &Bucket, prefix: &str) -> Result<Vec<(String, String)>, Failure> {
    let query = format!("prefix={}&versions=", encoded(prefix));
    let answer = bucket.ask(bucket.call("GET", &query)).await?;
    if answer.status != 200 {
        return Ok(Vec::new());
    }
    let text = String::from_utf8_lossy(&answer.body);
    let entries = text.split("<Version>").skip(1).chain(text.split("<DeleteMarker>").skip(1));
    let part = |entry: &str, tag: &str| {
        let (_, rest) = entry.split_once(&format!("<{tag}>"))?;
        Some(rest.split_once("</")?.0.to_owned())
    };
    Ok(entries.filter_map(|entry| Some((part(entry, "Key")?, part(entry, "VersionId")?))).collect())
}

/// Removes what was written, all versions of it.
async fn clean(bucket: &Bucket, prefix: &str) -> Result<(), Failure> {
    for key in [prefix.to_owned(), format!("{prefix}-lock"), format!("{prefix}-lock-at-once")] {
        bucket.ask(bucket.object("DELETE", &key)).await?;
    }
    for (key, version) in kept(bucket, prefix).await? {
        let query = format!("versionId={}", encoded(&version));
        bucket.ask(Call { query, ..bucket.object("DELETE", &key) }).await?;
    }
    Ok(())
}

/// As a value of a query.
fn encoded(text: &str) -> String {
    crate::net::sign::encode(text).replace('/', "%2F")
}

/// Makes the names of two runs differ.
fn mark() -> String {
    let mut bytes = [0; 6];
    crate::secrets::fill(&mut bytes);
    text::hex(&bytes)
}
