//! A bucket: requests about it and its objects, and what the server says.

use std::sync::Arc;
use std::time::Duration;

use super::object::{Answer, Call, Object};
use super::sign;
use crate::failure::{Failure, Kind};

const ANSWER: Duration = Duration::from_secs(20);
/// Answers of the server that are worth another try.
const TRIES: u32 = 4;

/// A bucket and who asks for it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    server: Arc<Object>,
    /// Of the bucket, encoded, without a `/` at its end: empty where the host names it.
    base: String,
}

impl Bucket {
    /// The bucket of an object with this key.
    pub(crate) fn of(object: Object, key: &str) -> Self {
        let base = object.path.strip_suffix(&sign::encode(key)).unwrap_or(&object.path);
        let base = base.trim_end_matches('/').to_owned();
        Bucket { server: Arc::new(object), base }
    }

    /// The address, for messages.
    pub(crate) fn shown(&self) -> String {
        format!("{}{}{}", self.server.scheme, self.server.host, self.base)
    }

    /// The region that requests are signed for.
    pub(crate) fn region(&self) -> &str {
        &self.server.region
    }

    /// A question about the bucket itself.
    pub(crate) fn call(&self, method: &'static str, query: &str) -> Call {
        let path = if self.base.is_empty() || query.is_empty() {
            format!("{}/", self.base)
        } else {
            self.base.clone()
        };
        Call { method, path, query: query.to_owned(), ..Call::default() }
    }

    /// A question about one of its objects.
    pub(crate) fn object(&self, method: &'static str, key: &str) -> Call {
        Call { method, path: format!("{}/{}", self.base, sign::encode(key)), ..Call::default() }
    }

    /// Asks, some times if the server has trouble.
    pub(crate) async fn ask(&self, call: Call) -> Result<Answer, Failure> {
        let mut pause = Duration::from_millis(150);
        for attempt in 1.. {
            match self.once(call.clone()).await {
                Ok(answer) if !matches!(answer.status, 500..=599) || answer.status == 501 => {
                    return Ok(answer);
                }
                Ok(answer) if attempt == TRIES => return Err(self.refused(&call, &answer)),
                Err(error) if attempt == TRIES => return Err(self.unreachable(&error)),
                Ok(_) | Err(_) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
        Err(self.unreachable("no answer"))
    }

    /// Asks once.
    pub(crate) async fn once(&self, call: Call) -> Result<Answer, String> {
        let server = Arc::clone(&self.server);
        let asked = tokio::task::spawn_blocking(move || server.call(&call, ANSWER)).await;
        asked.unwrap_or_else(|error| Err(error.to_string()))
    }

    fn unreachable(&self, why: &str) -> Failure {
        Failure::new(Kind::Failed, why.to_owned())
            .context(format!("`{}` could not be reached", self.shown()))
            .help("look at the network, and at `--endpoint`, AWS_ENDPOINT_URL_S3 or `endpoints` in `[terraform.backend]`")
    }

    /// What an answer that ends everything means.
    pub(crate) fn refused(&self, call: &Call, answer: &Answer) -> Failure {
        let failure =
            Failure::new(Kind::Failed, format!("{} {}: {}", call.method, call.what(), answer.reason()))
                .context(format!("`{}` was refused", self.shown()));
        match answer.code().as_deref() {
            Some("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken") => {
                failure.help("look at AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY among the secrets: `infractl env show ENV --explain AWS_ACCESS_KEY_ID`")
            }
            Some("AuthorizationHeaderMalformed" | "PermanentRedirect") => {
                failure.help("name the region of the bucket: `--region`, or `region` in `[terraform.backend]`")
            }
            _ if answer.status == 403 => failure.help("allow s3:CreateBucket, s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject, s3:PutBucketVersioning and s3:PutEncryptionConfiguration"),
            _ => failure,
        }
    }
}
