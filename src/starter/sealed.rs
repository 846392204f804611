//! Files of secrets made of values that were given.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use crate::failure::{Failure, Kind};
use crate::secrets::create;
use crate::secrets::names::{self, Remarks, Values};
use crate::secrets::{self, Rules, Store, key_path};
use crate::sops::{Format, Value};

/// A secret that was given.
pub(crate) struct Given {
    /// The environment that it is for; none: for all.
    pub environment: Option<String>,
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: SecretString,
}

/// The file that all environments share.
pub(crate) fn common() -> &'static str {
    "credentials/common.enc.env"
}

impl Given {
    /// The file that it belongs into, from the folder of the project.
    pub(crate) fn file(&self) -> PathBuf {
        match &self.environment {
            None => common().into(),
            Some(name) => format!("credentials/{name}.enc.env").into(),
        }
    }
}

/// The new file with these secrets, encrypted as the rules say, and what is odd about it.
pub(super) fn seal(
    store: &Store<'_>,
    rules: &Rules,
    path: &Path,
    given: &[&Given],
    now: jiff::Timestamp,
) -> Result<(Vec<u8>, Vec<String>), Failure> {
    let full = store.root().join(path);
    let shown = store.shown(&full);
    let new = rules.expect_rule(&full)?.new_file(rules)?;
    let mut plain = create::create(&shown, b"", Format::Dotenv, &new)?;
    let refused = |source| store.refused(&full, source);
    for secret in given {
        if let Some(reason) = names::unusable(secret.name.as_bytes()) {
            let name = secret.name.escape_debug();
            return Err(Failure::new(Kind::Usage, format!("`{name}` can be no secret: {reason}")));
        }
        let value = Value::text(secret.value.expose_secret().as_bytes().to_vec());
        plain.set(&key_path::parse(&secret.name)?, value.into()).map_err(refused)?;
    }
    let odd = Remarks::of(&plain, Values::Exact).odd(&shown)?;
    let sealed = plain.seal(now, &mut secrets::fill).map_err(refused)?;
    let bytes = store.verified(&full, &plain, &sealed)?;
    Ok((bytes, odd.into_iter().map(|remark| format!("`{shown}`: {remark}")).collect()))
}
