//! With which backends, settings and variables a state is read without terraform. Whatever is not named here is left to it.

use super::backend::Backend;

/// Settings by kind; all others, unless they are `false`, mean something that terraform does.
const SETTINGS: [(&str, &[&str]); 4] = [
    ("local", &["path", "workspace_dir"]),
    (
        "http",
        &[
            "address",
            "update_method",
            "lock_address",
            "lock_method",
            "unlock_address",
            "unlock_method",
            "username",
            "password",
            "retry_max",
            "retry_wait_min",
            "retry_wait_max",
        ],
    ),
    (
        "pg",
        &["conn_str", "schema_name", "skip_schema_creation", "skip_table_creation", "skip_index_creation"],
    ),
    (
        "s3",
        &[
            "bucket",
            "key",
            "region",
            "workspace_key_prefix",
            "endpoint",
            "endpoints.s3",
            "use_path_style",
            "force_path_style",
            "access_key",
            "secret_key",
            "token",
            "acl",
            "encrypt",
            "kms_key_id",
            "use_lockfile",
            "max_retries",
            "skip_credentials_validation",
            "skip_metadata_api_check",
            "skip_region_validation",
            "skip_requesting_account_id",
            "skip_s3_checksum",
        ],
    ),
];

/// Variables by kind that change where or how a state is read, and that only terraform knows how.
const VARIABLES: [(&str, &[&str]); 4] = [
    ("local", &["TF_ENCRYPTION"]),
    (
        "http",
        &[
            "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM",
            "TF_HTTP_CLIENT_CERTIFICATE_PEM",
            "TF_HTTP_CLIENT_PRIVATE_KEY_PEM",
            "TF_HTTP_HEADERS",
        ],
    ),
    ("pg", &["PGHOSTADDR", "PGOPTIONS", "PGPASSFILE", "PGSERVICE", "PGSERVICEFILE", "PGSSLCERT", "PGSSLKEY"]),
    (
        "s3",
        &[
            "AWS_CA_BUNDLE",
            "AWS_PROFILE",
            "AWS_DEFAULT_PROFILE",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
            "AWS_ROLE_ARN",
            "AWS_SSE_CUSTOMER_KEY",
            "AWS_USE_DUALSTACK_ENDPOINT",
            "AWS_USE_FIPS_ENDPOINT",
        ],
    ),
];

/// A proxy is terraform's to find the way through.
const PROXIES: [&str; 6] =
    ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];

/// Why the state of this workspace is left to terraform, if it is.
pub(crate) fn check(backend: &Backend, workspace: &str, is_set: impl Fn(&str) -> bool) -> Result<(), String> {
    let kind = backend.kind.as_str();
    let Some((_, known)) = SETTINGS.iter().find(|(known, _)| *known == kind) else {
        return Err(format!("only it knows the backend `{kind}`"));
    };
    let is_known = |name: &str, value: &str| value == "false" || (known.contains(&name) && !value.is_empty());
    if let Some((name, _)) = backend.settings.iter().find(|(name, value)| !is_known(name, value)) {
        return Err(format!("only it understands `{name}` of the backend"));
    }
    let variables = VARIABLES.iter().filter(|(of, _)| matches!(*of, "local") || *of == kind);
    let proxies: &[&str] = if matches!(kind, "http" | "s3") { &PROXIES } else { &[] };
    if let Some(name) = variables.flat_map(|(_, names)| *names).chain(proxies).find(|name| is_set(name)) {
        return Err(format!("only it understands {name}"));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if !workspace.chars().all(is_plain) || workspace.is_empty() {
        return Err("the name of its workspace is an odd one".to_owned());
    }
    if kind == "http" && workspace != "default" {
        return Err("the backend `http` has no workspaces".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_understood_is_left_to_terraform() {
        let why = |kind: &str, settings: &[(&str, &str)], workspace: &str, set: &[&str]| {
            let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            check(&Backend { kind: kind.into(), settings }, workspace, |name| set.contains(&name)).err()
        };
        let s3 = [("bucket", "b"), ("key", "k"), ("insecure", "false")];
        assert_eq!(why("s3", &s3, "blue", &["AWS_ACCESS_KEY_ID"]), None);
        assert_eq!(why("local", &[("path", "x")], "default", &["HTTPS_PROXY", "AWS_PROFILE"]), None);
        for (kind, settings, workspace, set, part) in [
            ("gcs", &[("bucket", "b")][..], "default", &[][..], "the backend `gcs`"),
            ("s3", &[("profile", "p")], "default", &[], "`profile`"),
            ("s3", &[("assume_role.role_arn", "x")], "default", &[], "`assume_role.role_arn`"),
            ("s3", &[("endpoints.sts", "x")], "default", &[], "`endpoints.sts`"),
            ("s3", &[("insecure", "true")], "default", &[], "`insecure`"),
            ("s3", &[("dynamodb_table", "t")], "default", &[], "`dynamodb_table`"),
            ("s3", &[("workspace_key_prefix", "")], "default", &[], "`workspace_key_prefix`"),
            ("s3", &s3, "default", &["AWS_PROFILE"], "AWS_PROFILE"),
            ("http", &[], "default", &["https_proxy"], "https_proxy"),
            ("http", &[], "blue", &[], "no workspaces"),
            ("local", &[], "default", &["TF_ENCRYPTION"], "TF_ENCRYPTION"),
            ("local", &[], "a/b", &[], "odd"),
            ("local", &[], "", &[], "odd"),
        ] {
            let said = why(kind, settings, workspace, set).unwrap_or_default();
            assert!(said.contains(part), "{kind} {settings:?} {workspace} {set:?}: {said}");
        }
    }
}
