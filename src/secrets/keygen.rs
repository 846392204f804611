//! New age identities, and the first `.sops.yaml` of a project.

use std::path::Path;

use secrecy::{ExposeSecret as _, SecretString};

use super::error::SecretsError;
use super::key_file::{self, Missing};
use super::source::Source;
use crate::disk;

/// A new identity.
pub(crate) struct NewKey {
    /// The public key: what others encrypt for.
    pub recipient: String,
    /// What the key file says: the date, the public key, the private key.
    text: SecretString,
}

impl NewKey {
    /// Makes one.
    pub(crate) fn generate(now: jiff::Timestamp) -> Self {
        let identity = age::x25519::Identity::generate();
        let recipient = identity.to_public().to_string();
        let secret = identity.to_string();
        let created = now.strftime("%Y-%m-%dT%H:%M:%SZ");
        let text = format!("# created: {created}\n# public key: {recipient}\n{}\n", secret.expose_secret());
        NewKey { recipient, text: text.into() }
    }

    /// Writes it, readable by its owner only, behind what the file holds already; none may be there unless `append`.
    pub(crate) fn save(&self, path: &Path, append: bool) -> Result<(), SecretsError> {
        if let Some(folder) =
            path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        {
            disk::make_private_dir(folder)?;
        }
        disk::update(path, disk::PRIVATE, |old| {
            if old.is_some() && !append {
                return Err(there_already(path));
            }
            let mut text = old.unwrap_or_default().to_vec();
            if !text.is_empty() && !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            text.extend_from_slice(self.text.expose_secret().as_bytes());
            Ok(text)
        })
    }
}

/// The error of a key file that is not to be written over.
pub(crate) fn there_already(path: &Path) -> SecretsError {
    SecretsError::KeyFileThere { file: path.to_owned(), known: public_keys(path).into_iter().next() }
}

/// The public keys of the identities in a key file.
pub(crate) fn public_keys(path: &Path) -> Vec<String> {
    let source = std::sync::Arc::new(Source::new(path.display().to_string()));
    if let Some(text) = key_file::read(path, Missing::Fine, &source) {
        let asking = super::ask::Asking::new(std::sync::Arc::new(super::ask::Nobody));
        key_file::identities(text, &source, &asking);
    }
    source.found().public
}

/// The first rules of a project: one for all its files of secrets.
pub(crate) fn first_rules(recipient: &str, name: Option<&str>, folder: &str) -> String {
    let comment = name.map_or_else(String::new, |name| format!(" # {name}"));
    format!(
        "# Who may read which file of secrets. The first rule whose pattern matches the path counts.\n\
         # After a change run `infractl secrets updatekeys`.\n\
         creation_rules:\n  - path_regex: {folder}\\.enc\\.(env|yaml|yml|json)$\n    age:\n      \
         - {recipient}{comment}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secrets::Rules;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_written_for_its_owner_alone_and_a_second_one_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sops/age/keys.txt");
        let now = "2030-01-02T03:04:05Z".parse().unwrap();
        let (first, second) = (NewKey::generate(now), NewKey::generate(now));
        first.save(&path, false).unwrap();
        assert!(second.save(&path, false).unwrap_err().to_string().contains("there is a key file already"));
        second.save(&path, true).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# created: 2030-01-02T03:04:05Z\n# public key: age1"), "{text}");
        assert_eq!(public_keys(&path), [first.recipient, second.recipient]);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn the_first_rules_can_be_read() {
        let text = first_rules("age1x", Some("alice"), "^credentials/.*");
        let rules = Rules::parse(Path::new("/p"), Path::new("/p/.sops.yaml"), text).unwrap();
        assert!(rules.rule_for(Path::new("/p/credentials/dev.enc.env")).is_some());
        assert!(rules.rule_for(Path::new("/p/credentials/dev.enc.env.example")).is_none());
    }
}
