//! The files of the AWS CLI: profiles, and where services are.

use std::collections::BTreeMap;

use crate::net::aws::Service;

/// The entries of a section of `~/.aws/credentials` or `~/.aws/config`; what is indented below one is `ecs.endpoint_url`.
pub(crate) fn section(text: &str, name: &str) -> BTreeMap<String, String> {
    let mut is_inside = false;
    let mut above = None;
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(section) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            is_inside = section.0.split_whitespace().eq(name.split_whitespace());
            above = None;
        } else if is_inside
            && !trimmed.starts_with(['#', ';'])
            && let Some((key, value)) = trimmed.split_once('=')
        {
            let (key, value) = (key.trim(), value.trim());
            let is_below = line.starts_with([' ', '\t']);
            let key = match &above {
                Some(above) if is_below => format!("{above}.{key}"),
                _ => key.to_owned(),
            };
            if value.is_empty() && !is_below {
                above = Some(key);
            } else {
                if !is_below {
                    above = None;
                }
                found.insert(key, value.to_owned());
            }
        }
    }
    found
}

/// A profile of `~/.aws/config`.
pub(crate) fn of_config(text: &str, name: &str) -> BTreeMap<String, String> {
    let section = |name: &str| self::section(text, name);
    if name == "default" { section("default") } else { section(&format!("profile {name}")) }
}

/// Whether the profile says itself where its credentials come from: a role, single sign-on, a program.
pub(crate) fn lends(profile: &BTreeMap<String, String>) -> bool {
    profile.keys().any(|key| {
        ["role_arn", "credential_process", "web_identity_token_file", "login_session"].contains(&key.as_str())
            || key.starts_with("sso_")
    })
}

/// Where a service is, as variables and the profile say; none where it is where it always is.
pub(crate) fn endpoint(
    service: &Service,
    var: impl Fn(&str) -> Option<String>,
    config: &str,
    name: &str,
) -> Option<String> {
    let is_ignored = |text: Option<String>| text.is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let profile = of_config(config, name);
    if is_ignored(var("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"))
        || is_ignored(profile.get("ignore_configured_endpoint_urls").cloned())
    {
        return None;
    }
    let one = format!("AWS_ENDPOINT_URL_{}", service.id.to_ascii_uppercase());
    let services = profile.get("services").map(|name| section(config, &format!("services {name}")));
    var(&one)
        .or_else(|| var("AWS_ENDPOINT_URL"))
        .or_else(|| services?.remove(&format!("{}.endpoint_url", service.id)))
        .or_else(|| profile.get("endpoint_url").cloned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::aws::{ECS, LOGS};

    const CONFIG: &str = "[default]\nregion = eu-west-3\n\n[profile  team]\nservices = lab\nendpoint_url = http://all\n\
                          s3 =\n  max_concurrent_requests = 20\nregion=eu-west-1\n\
                          [services lab]\necs =\n  endpoint_url = http://ecs\n\tx = y\nlogs = z\n[profile sso]\nsso_session = s\n";

    #[test]
    fn a_profile_has_its_own_entries_only() {
        let text = "[default]\naws_access_key_id = A\n# x = y\n[other]\naws_access_key_id=B\n";
        assert_eq!(section(text, "default"), BTreeMap::from([("aws_access_key_id".into(), "A".into())]));
        assert_eq!(section(text, "other").get("aws_access_key_id").map(String::as_str), Some("B"));
        assert!(section(text, "none").is_empty());
        assert_eq!(of_config(CONFIG, "default")["region"], "eu-west-3");
        let team = of_config(CONFIG, "team");
        assert_eq!(
            (team["region"].as_str(), team["s3.max_concurrent_requests"].as_str()),
            ("eu-west-1", "20")
        );
        assert!(lends(&of_config(CONFIG, "sso")) && !lends(&team));
    }

    #[test]
    fn the_nearest_word_says_where_a_service_is() {
        let none = |_: &str| None;
        let set = |pairs: &'static [(&str, &str)]| {
            move |name: &str| {
                pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
            }
        };
        let of = |service, pairs, profile| endpoint(service, set(pairs), CONFIG, profile);
        assert_eq!(endpoint(&ECS, none, CONFIG, "default"), None);
        assert_eq!(of(&ECS, &[], "team").as_deref(), Some("http://ecs"));
        assert_eq!(of(&LOGS, &[], "team").as_deref(), Some("http://all"));
        assert_eq!(of(&ECS, &[("AWS_ENDPOINT_URL", "http://v")], "team").as_deref(), Some("http://v"));
        let both = &[("AWS_ENDPOINT_URL", "http://v"), ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://l")];
        assert_eq!(of(&LOGS, both, "team").as_deref(), Some("http://l"));
        assert_eq!(of(&ECS, &[("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")], "team"), None);
    }
}
