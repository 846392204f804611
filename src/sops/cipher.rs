//! One encrypted value: `ENC[AES256_GCM,data:..,iv:..,tag:..,type:..]`.

use std::fmt;

use aes_gcm::aead::consts::{U12, U16, U32};
use aes_gcm::aead::{AeadInPlace, KeyInit};
use aes_gcm::aes::Aes256;
use aes_gcm::{AesGcm, Key, Nonce, Tag};
use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use memchr::memmem;
use zeroize::Zeroizing;

use super::SopsError;
use super::tree::Text;

/// Fills a buffer with random bytes from a source fit for keys.
pub(crate) type Fill<'a> = dyn FnMut(&mut [u8]) + 'a;

const PREFIX: &[u8] = b"ENC[AES256_GCM,data:";

/// Go ignores the bits after the last whole byte.
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&ALPHABET, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// The 32 bytes that every value of a file is encrypted with. Wiped when dropped, never printed.
#[derive(Clone)]
pub struct DataKey(Zeroizing<[u8; 32]>);

impl DataKey {
    /// A new key from a random source.
    pub fn generate(fill: &mut Fill<'_>) -> Self {
        let mut key = Zeroizing::new([0; 32]);
        fill(key.as_mut_slice());
        DataKey(key)
    }

    /// A key that was unwrapped elsewhere, for instance by PGP: 32 bytes.
    ///
    /// # Errors
    /// [`SopsError::DataKey`] when the length differs.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SopsError> {
        let key = bytes.try_into().map_err(|_| SopsError::DataKey {
            reason: format!("it has {} bytes instead of 32", bytes.len()),
        })?;
        Ok(DataKey(Zeroizing::new(key)))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// To tell whether a file was rotated; not for what an attacker can measure.
impl PartialEq for DataKey {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey")
    }
}

/// The parts of an encrypted value, still in base64.
pub(super) struct Parts<'a> {
    data: &'a [u8],
    iv: &'a [u8],
    tag: &'a [u8],
    pub(super) label: &'a [u8],
    /// The whole value up to its closing bracket.
    pub(super) text: &'a [u8],
}

/// Takes an encrypted value apart as sops's `^ENC\[AES256_GCM,data:(.+),iv:(.+),tag:(.+),type:(.+)\]` does.
pub(super) fn parts(text: &[u8]) -> Option<Parts<'_>> {
    let rest = text.strip_prefix(PREFIX)?;
    let rest = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    let end = memchr::memrchr(b']', rest)?;
    let (rest, label) = split(&rest[..end], b",type:")?;
    let (rest, tag) = split(rest, b",tag:")?;
    let (data, iv) = split(rest, b",iv:")?;
    Some(Parts { data, iv, tag, label, text: &text[..=PREFIX.len() + end] })
}

fn split<'a>(text: &'a [u8], separator: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memmem::rfind(text, separator)?;
    let (before, after) = (&text[..at], &text[at + separator.len()..]);
    (!before.is_empty() && !after.is_empty()).then_some((before, after))
}

/// True for text that is an encrypted value.
pub(super) fn is_sealed(text: &[u8]) -> bool {
    parts(text).is_some()
}

/// A data key ready for use: the key schedule is computed once.
pub(super) struct Cipher {
    key: DataKey,
    usual: AesGcm<Aes256, U32>,
}

impl Cipher {
    pub(super) fn new(key: &DataKey) -> Self {
        let usual = AesGcm::new(Key::<Aes256>::from_slice(key.bytes()));
        Cipher { key: key.clone(), usual }
    }

    /// Encrypts with a fresh nonce of 32 bytes. Empty text must not come here.
    pub(super) fn seal(&self, plain: &[u8], label: &str, aad: &[u8], fill: &mut Fill<'_>) -> Option<Vec<u8>> {
        let mut iv = [0; 32];
        fill(&mut iv);
        let mut buffer = Zeroizing::new(plain.to_vec());
        let tag = self.usual.encrypt_in_place_detached(Nonce::from_slice(&iv), aad, &mut buffer).ok()?;
        let mut out = String::with_capacity(PREFIX.len() + buffer.len() * 4 / 3 + 100);
        out.push_str("ENC[AES256_GCM,data:");
        STANDARD.encode_string(buffer.as_slice(), &mut out);
        out.push_str(",iv:");
        STANDARD.encode_string(iv, &mut out);
        out.push_str(",tag:");
        STANDARD.encode_string(tag, &mut out);
        out.push_str(",type:");
        out.push_str(label);
        out.push(']');
        Some(out.into_bytes())
    }

    /// Decrypts; `Err` says what is wrong with the value.
    pub(super) fn open(&self, parts: &Parts<'_>, aad: &[u8]) -> Result<Text, &'static str> {
        const NOT_BASE64: &str = "it is not base64";
        let mut data = Zeroizing::new(LENIENT.decode(parts.data).map_err(|_| NOT_BASE64)?);
        let iv = LENIENT.decode(parts.iv).map_err(|_| NOT_BASE64)?;
        let tag = LENIENT.decode(parts.tag).map_err(|_| NOT_BASE64)?;
        if tag.len() != 16 {
            return Err("its tag does not have 16 bytes");
        }
        let tag = Tag::from_slice(&tag);
        let key = Key::<Aes256>::from_slice(self.key.bytes());
        match iv.len() {
            32 => self.usual.decrypt_in_place_detached(Nonce::from_slice(&iv), aad, &mut data, tag),
            16 => AesGcm::<Aes256, U16>::new(key).decrypt_in_place_detached(
                Nonce::from_slice(&iv),
                aad,
                &mut data,
                tag,
            ),
            12 => AesGcm::<Aes256, U12>::new(key).decrypt_in_place_detached(
                Nonce::from_slice(&iv),
                aad,
                &mut data,
                tag,
            ),
            _ => return Err("its nonce does not have 32 bytes"),
        }
        .map_err(|_| "message authentication failed: another data key, another place, or damaged")?;
        Ok(data)
    }
}
