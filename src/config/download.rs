//! The address of an archive: a text that names version, operating system and processor. Pure.

/// What such an address may name.
const NAMES: [&str; 3] = ["version", "os", "arch"];

/// The text with its names filled in.
pub(crate) fn fill(text: &str, version: &str, os: &str, arch: &str) -> String {
    NAMES.iter().zip([version, os, arch]).fold(text.to_owned(), |text, (name, value)| {
        // with and without blanks
        text.replace(&format!("{{{{{name}}}}}"), value).replace(&format!("{{{{ {name} }}}}"), value)
    })
}

/// What is wrong with the address of an archive, and what to do.
pub(crate) fn wrong(url: &str) -> Option<(String, String)> {
    let filled = fill(url, "1.2.3", "linux", "amd64");
    if let Some((_, rest)) = filled.split_once("{{") {
        let name = rest.split("}}").next().unwrap_or_default().trim();
        return Some((
            format!("`{{{{{name}}}}}` means nothing in the address of an archive"),
            "use `{{version}}`, `{{os}}` and `{{arch}}` only".to_owned(),
        ));
    }
    let rest = filled.strip_prefix("https://").or_else(|| filled.strip_prefix("http://"));
    let is_address = rest.is_some_and(|rest| {
        rest.split_once('/').is_some_and(|(host, path)| !host.is_empty() && !path.is_empty())
    });
    if !is_address || filled.contains(char::is_whitespace) {
        return Some((
            format!("`{url}` is not the address of an archive"),
            "write it as `https://example.org/tool-{{version}}-{{os}}-{{arch}}.tar.gz`".to_owned(),
        ));
    }
    let host = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    host.contains('@').then(|| {
        (
            "an address with a password would be committed with the project".to_owned(),
            "take it out; a mirror with a login is named by INFRACTL_TOOLS_MIRROR".to_owned(),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_filled_in_and_checked() {
        let url = "https://a.test/{{version}}/x_{{ os }}_{{arch}}.zip";
        assert_eq!(fill(url, "1.2.3", "linux", "arm64"), "https://a.test/1.2.3/x_linux_arm64.zip");
        assert_eq!(wrong(url), None);
        for (bad, what) in [
            ("https://a.test/{{platform}}/x", "`{{platform}}` means nothing"),
            ("ftp://a.test/x", "is not the address"),
            ("https://a.test", "is not the address"),
            ("https:///x", "is not the address"),
            ("https://a.test/x y", "is not the address"),
            ("https://me:secret@a.test/x", "a password would be committed"),
        ] {
            let (message, _) = wrong(bad).unwrap();
            assert!(message.contains(what), "{bad}: {message}");
        }
    }
}
