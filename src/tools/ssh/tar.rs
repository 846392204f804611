//! A stream of files as `tar` reads it: the old, common form.

use std::time::{SystemTime, UNIX_EPOCH};

/// Blocks of a stream.
const BLOCK: usize = 512;
/// Bytes of a name that its field holds.
const NAME: usize = 100;

/// What stands before the content of a file. Its owner is whoever unpacks it.
pub(crate) fn file(path: &[u8], mode: u32, length: u64, changed: SystemTime) -> Vec<u8> {
    let changed = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut blocks = Vec::new();
    if changed.subsec_nanos() > 0 {
        // for those who know parts of a second; others pass over it
        let record = record("mtime", &format!("{}.{:09}", changed.as_secs(), changed.subsec_nanos()));
        blocks.extend(entry(b"././@PaxHeader", 0o644, b'x', changed.as_secs(), &record));
    }
    blocks.extend(named(path, mode, length, b'0', changed.as_secs()));
    blocks
}

/// A folder, which only its owner may enter.
pub(crate) fn folder(path: &[u8]) -> Vec<u8> {
    named(&[path, b"/"].concat(), 0o700, 0, b'5', 0)
}

/// Its length, which counts itself, its name, its value.
fn record(name: &str, value: &str) -> Vec<u8> {
    let rest = format!(" {name}={value}\n");
    let mut length = rest.len();
    while length != rest.len() + length.to_string().len() {
        length = rest.len() + length.to_string().len();
    }
    format!("{length}{rest}").into_bytes()
}

fn named(path: &[u8], mode: u32, length: u64, kind: u8, changed: u64) -> Vec<u8> {
    let mut blocks = Vec::new();
    if path.len() > NAME {
        // as GNU and busybox do it: the name is the content of an entry before
        blocks.extend(entry(b"././@LongLink", 0o644, b'L', 0, &[path, b"\0"].concat()));
    }
    blocks.extend(block(path, mode, length, kind, changed));
    blocks
}

fn entry(name: &[u8], mode: u32, kind: u8, changed: u64, content: &[u8]) -> Vec<u8> {
    let length = content.len() as u64;
    [block(name, mode, length, kind, changed).as_slice(), content, &padding(length)].concat()
}

/// What stands after the content of a file.
pub(crate) fn padding(length: u64) -> Vec<u8> {
    let over = usize::try_from(length % BLOCK as u64).unwrap_or(0);
    vec![0; if over == 0 { 0 } else { BLOCK - over }]
}

/// What stands at the end.
pub(crate) fn end() -> Vec<u8> {
    vec![0; 2 * BLOCK]
}

fn block(name: &[u8], mode: u32, length: u64, kind: u8, changed: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, text: &[u8]| block[at..at + text.len()].copy_from_slice(text);
    put(0, &name[..name.len().min(NAME)]);
    put(100, format!("{mode:07o}").as_bytes());
    put(108, b"0000000");
    put(116, b"0000000");
    if length < 1 << 33 {
        put(124, format!("{length:011o}").as_bytes());
    } else {
        put(124, &[0x80, 0, 0, 0]);
        put(128, &length.to_be_bytes());
    }
    put(136, format!("{:011o}", changed.min((1 << 33) - 1)).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar  ");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "the stream is given to the real tar")]

    use std::ffi::OsStr;
    use std::io::Write as _;
    use std::os::unix::ffi::OsStrExt as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};
    use std::time::Duration;

    use super::*;

    #[test]
    fn tar_reads_it() {
        let long = format!("{}/end", "deep/".repeat(60).trim_end_matches('/'));
        let files: [(&[u8], u32, Vec<u8>); 4] = [
            (b"a b", 0o600, vec![1; 700]),
            (long.as_bytes(), 0o755, vec![2; 512]),
            (b"empty", 0o640, vec![]),
            (b"caf\xe9", 0o644, vec![3]),
        ];
        let changed = UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_789);
        for (program, tar) in [("tar", None), ("busybox", Some("tar"))] {
            let dir = tempfile::tempdir().unwrap();
            let Ok(program) = which::which(program) else { continue };
            let mut child = Command::new(program)
                .args(tar)
                .args(["-xpof", "-", "-C"])
                .arg(dir.path())
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            stdin.write_all(&folder(b"nothing/in it")).unwrap();
            for (name, mode, content) in &files {
                let length = content.len() as u64;
                for piece in [file(name, *mode, length, changed), content.clone(), padding(length)] {
                    stdin.write_all(&piece).unwrap();
                }
            }
            stdin.write_all(&end()).unwrap();
            drop(stdin);
            assert!(child.wait().unwrap().success());
            assert!(dir.path().join("nothing/in it").is_dir());
            for (name, mode, content) in &files {
                let path = dir.path().join(OsStr::from_bytes(name));
                assert_eq!(std::fs::read(&path).unwrap(), *content);
                let about = std::fs::metadata(&path).unwrap();
                assert_eq!(about.permissions().mode() & 0o777, *mode);
                let time = about.modified().unwrap();
                assert!(
                    time == changed || tar.is_some() && changed.duration_since(time).unwrap().as_secs() == 0
                );
            }
        }
    }
}
