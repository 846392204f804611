//! A program of `[tools]` with one version, and where it can be had. Pure.

use indexmap::IndexMap;

use crate::config::download;
use crate::config::model::ToolTable;
use crate::text::list;
use crate::tools::archives::{self, Archive};

/// A program with one version, and where it can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pin {
    /// The program's name.
    pub name: String,
    /// Its version.
    pub version: String,
    url: String,
    sums: Option<String>,
    os: Vec<(String, String)>,
    arch: Vec<(String, String)>,
    program: Option<String>,
    more: &'static [&'static str],
}

/// A system that programs are made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Platform {
    /// `linux`, `darwin`.
    pub os: String,
    /// `amd64`, `arm64`.
    pub arch: String,
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.os, self.arch)
    }
}

impl Platform {
    /// The one we run on.
    pub(crate) fn here() -> Platform {
        let os = if std::env::consts::OS == "macos" { "darwin" } else { std::env::consts::OS };
        let arch = match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        };
        Platform { os: os.to_owned(), arch: arch.to_owned() }
    }

    /// What `linux-amd64` means.
    pub(crate) fn parse(text: &str) -> Option<Platform> {
        let (os, arch) = text.split_once('-')?;
        let is_word = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric());
        (is_word(os) && is_word(arch)).then(|| Platform { os: os.to_owned(), arch: arch.to_owned() })
    }
}

/// The programs that can be installed, and why others cannot.
pub(crate) fn pins(tools: &IndexMap<String, ToolTable>) -> Vec<(&String, Result<Pin, String>)> {
    tools.iter().map(|(name, table)| (name, Pin::new(name, table))).collect()
}

impl Pin {
    /// The program, or why it cannot be installed: what to do, as a line that begins with a verb.
    pub(crate) fn new(name: &str, table: &ToolTable) -> Result<Pin, String> {
        let known = archives::find(name);
        let Some(url) = table.url.as_ref().map(|url| url.0.clone()).or(known.map(|known| known.url.into()))
        else {
            let names = list(archives::ALL.iter().map(|archive| archive.name), "and");
            return Err(format!(
                "name its archive: `tools.{name} = {{ version = \"{}\", url = \"https://…\" }}` (the addresses of \
                 {names} are known)",
                table.version.0.text
            ));
        };
        let Some(version) = table.version.0.single() else {
            return Err(format!(
                "write one version to have it installed (`{}` may be many): `tools.{name} = \"1.2.3\"`",
                table.version.0.text
            ));
        };
        // What is known of an archive is true of that archive only.
        let known = known.filter(|_| table.url.is_none());
        let words = |own: &IndexMap<String, String>, words: fn(&Archive) -> archives::Words| {
            let own = own.iter().map(|(name, word)| (name.clone(), word.clone()));
            let known = known.map_or(&[][..], words).iter();
            own.chain(known.map(|(name, word)| ((*name).to_owned(), (*word).to_owned()))).collect()
        };
        Ok(Pin {
            name: name.to_owned(),
            version: version.to_owned(),
            sums: known.and_then(|known| known.sums).map(|sums| match sums.strip_prefix('.') {
                Some(ending) => format!("{url}.{ending}"),
                None => sums.to_owned(),
            }),
            os: words(&table.os, |known| known.os),
            arch: words(&table.arch, |known| known.arch),
            program: table.program.clone(),
            more: known.map_or(&[], |known| known.more),
            url,
        })
    }

    /// The address of the archive.
    pub(crate) fn url(&self, platform: &Platform) -> String {
        self.filled(&self.url, platform)
    }

    /// The address of the published checksums.
    pub(crate) fn sums(&self, platform: &Platform) -> Option<String> {
        self.sums.as_ref().map(|sums| self.filled(sums, platform))
    }

    /// The programs that are taken out of the archive: how they end there, and their names.
    pub(crate) fn programs(&self, platform: &Platform) -> Vec<(String, String)> {
        let own = self.program.as_ref().map_or_else(|| self.name.clone(), |path| self.filled(path, platform));
        let more = self.more.iter().map(|name| ((*name).to_owned(), (*name).to_owned()));
        std::iter::once((own, self.name.clone())).chain(more).collect()
    }

    fn filled(&self, text: &str, platform: &Platform) -> String {
        let word = |words: &[(String, String)], name: &str| {
            words
                .iter()
                .find(|(known, _)| known == name)
                .map_or_else(|| name.to_owned(), |(_, word)| word.clone())
        };
        download::fill(text, &self.version, &word(&self.os, &platform.os), &word(&self.arch, &platform.arch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> ToolTable {
        serde_json::from_value(toml::from_str(text).unwrap()).unwrap()
    }

    #[test]
    fn addresses_are_those_of_the_version_and_the_platform() {
        let linux = Platform::parse("linux-amd64").unwrap();
        let just = Pin::new("just", &table("version = '1.36.0'")).unwrap();
        assert_eq!(
            just.url(&linux),
            "https://github.com/casey/just/releases/download/1.36.0/just-1.36.0-x86_64-unknown-linux-musl.tar.gz"
        );
        let helm = Pin::new("helm", &table("version = 'v3.16.2'")).unwrap();
        assert_eq!(
            helm.sums(&Platform::parse("darwin-arm64").unwrap()).as_deref(),
            Some("https://get.helm.sh/helm-v3.16.2-darwin-arm64.tar.gz.sha256sum")
        );
        let own = "version = '1.2.3'\nurl = 'http://a/{{version}}/{{os}}/{{arch}}'\nprogram = 'bin/x-{{os}}'\narch.amd64 = 'x64'";
        let own = Pin::new("x", &table(own)).unwrap();
        assert_eq!((own.url(&linux).as_str(), own.sums(&linux)), ("http://a/1.2.3/linux/x64", None));
        assert_eq!(own.programs(&linux), [("bin/x-linux".to_owned(), "x".to_owned())]);
        let age = Pin::new("age", &table("version = '1.2.1'")).unwrap();
        assert_eq!(age.programs(&linux).len(), 2);
    }

    #[test]
    fn what_cannot_be_installed_says_what_to_write() {
        let why = |name, text| Pin::new(name, &table(text)).unwrap_err();
        assert!(why("terraform", "version = '>= 1.10'").starts_with("write one version"));
        assert!(why("ansible-playbook", "version = '2.16.3'").starts_with("name its archive"));
    }
}
