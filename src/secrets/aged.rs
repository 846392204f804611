//! Files of age for those who read the secrets of an environment: encrypted and opened piece by piece, so that more than
//! fits into memory passes, and nothing of it is on a disk in clear.

use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::path::Path;

use age::stream::StreamWriter;
use age::{DecryptError, Decryptor, Encryptor};

use super::error::shown;
use super::no_key::NoKey;
use super::store::shared;
use super::{Keys, Labels, SecretsError, Stage, Store, Vars, sealed, terminal};
use crate::config::Environment;
use crate::disk;
use crate::exec::Runner;
use crate::sops::{self, EntryFailure};

/// Bytes that are read at once.
const BUFFER: usize = 256 * 1024;

/// The public keys of those for whom a file of an environment is encrypted.
pub(crate) fn recipients(
    runner: &dyn Runner,
    vars: &Vars,
    env: &Environment,
    file: &Path,
) -> Result<Vec<String>, SecretsError> {
    let store = Store::new(env.root.clone(), Keys::new(vars.clone(), Vec::new(), terminal(true)), runner);
    let rules = |message: String, help: &str| SecretsError::Rules { message, help: help.to_owned() };
    let found = sealed::recipients(&store, env, file)?.map(|found| found.groups).unwrap_or_default();
    if found.len() > 1 {
        let message = format!("the secrets of `{}` need keys of several groups together", env.name);
        return Err(rules(
            message,
            "give the environment a file of secrets with one group: a file of age has no groups",
        ));
    }
    let all: Vec<String> = found.into_iter().flatten().collect();
    if all.is_empty() {
        let message = format!("neither secrets nor .sops.yaml say who may read `{}`", shown(&env.root, file));
        return Err(rules(message, "write a rule for it into `.sops.yaml`, with age recipients"));
    }
    Ok(all)
}

/// Encrypts what is written for these. It is whole when its `finish` was called.
pub(crate) fn encrypt<W: Write>(
    recipients: &[String],
    file: &str,
    to: W,
) -> Result<StreamWriter<W>, SecretsError> {
    let failed = |source| SecretsError::Refused { file: file.to_owned(), source };
    let all = recipients.iter().map(|one| sops::recipient(one.trim()).map_err(failed));
    let all = all.collect::<Result<Vec<_>, _>>()?;
    let aged = |reason: String| SecretsError::Rules {
        message: format!("`{file}` cannot be encrypted: {reason}"),
        help: "look at the recipients: `infractl secrets recipients`".to_owned(),
    };
    let age = Encryptor::with_recipients(all.iter().map(|one| &**one as &dyn age::Recipient));
    age.map_err(|error| aged(error.to_string()))?.wrap_output(to).map_err(|error| aged(error.to_string()))
}

/// Opens one with the keys of whoever runs infractl: what it gives before its end has come is not to be trusted.
pub(crate) async fn open(
    runner: &dyn Runner,
    vars: &Vars,
    env: &Environment,
    no_input: bool,
    (file, recipients): (&Path, &[String]),
) -> Result<impl Read + Send + 'static + use<>, SecretsError> {
    let mut keys = Keys::new(vars.clone(), env.secrets.identities.clone(), terminal(no_input));
    let name = || shown(&env.root, file);
    let mut is_tried = false;
    for stage in Stage::ALL {
        if !keys.enter(stage, recipients, runner).await && is_tried {
            continue;
        }
        is_tried = true;
        let identities: Vec<_> = keys.identities().iter().map(shared).collect();
        let age = Decryptor::new_buffered(BufReader::with_capacity(BUFFER, disk::open_file(file)?));
        match age.and_then(|age| age.decrypt(identities.iter().map(|identity| &**identity))) {
            Ok(reader) => return Ok::<age::stream::StreamReader<BufReader<File>>, _>(reader),
            Err(DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed) => {}
            Err(error) => return Err(SecretsError::Aged { file: name(), reason: words(&error) }),
        }
        if keys.is_interrupted() {
            return Err(SecretsError::Interrupted { file: name() });
        }
    }
    let reason = || "no identity matches".to_owned();
    let failures = recipients.iter().map(|one| EntryFailure { recipient: one.clone(), reason: reason() });
    let labels = Labels::of_project(&env.root, keys.named_rules().as_deref());
    let no_key =
        NoKey { file: name(), failures: failures.collect(), labels, found: keys.found(), groups: None };
    Err(SecretsError::NoKey(Box::new(no_key)))
}

/// In our words: the crate's own need its translations loaded.
fn words(error: &DecryptError) -> String {
    match error {
        DecryptError::InvalidHeader | DecryptError::InvalidMac => "its header is damaged".to_owned(),
        DecryptError::UnknownFormat => "it is no file of age, or one of a newer kind".to_owned(),
        DecryptError::DecryptionFailed => "it is damaged".to_owned(),
        other => other.to_string(),
    }
}
