//! A stream of files as `tar` reads it: the old, common form.

/// Blocks of a stream.
const BLOCK: usize = 512;
/// Bytes of a name that its field holds.
const NAME: usize = 100;

/// What stands before the content of a file. Its owner is whoever unpacks it.
pub(crate) fn header(path: &str, mode: u32, length: u64) -> Vec<u8> {
    let mut blocks = Vec::new();
    if path.len() > NAME {
        // as GNU and busybox do it: the name is the content of an entry before
        let mut name = path.as_bytes().to_vec();
        name.push(0);
        let length = name.len() as u64;
        blocks.extend(block(b"././@LongLink", 0o644, length, b'L'));
        blocks.extend(name);
        blocks.extend(padding(length));
    }
    blocks.extend(block(path.as_bytes(), mode, length, b'0'));
    blocks
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

fn block(name: &[u8], mode: u32, length: u64, kind: u8) -> [u8; BLOCK] {
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
    put(136, b"00000000000");
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

    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn tar_reads_it() {
        let dir = tempfile::tempdir().unwrap();
        let long = format!("{}/end", "deep/".repeat(60).trim_end_matches('/'));
        let files =
            [("a b", 0o600, vec![1_u8; 700]), (long.as_str(), 0o755, vec![2; 512]), ("empty", 0o640, vec![])];
        let mut child = Command::new("tar")
            .args(["-xpf", "-", "-C"])
            .arg(dir.path())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for (name, mode, content) in &files {
            let length = content.len() as u64;
            for piece in [header(name, *mode, length), content.clone(), padding(length)] {
                stdin.write_all(&piece).unwrap();
            }
        }
        stdin.write_all(&end()).unwrap();
        drop(stdin);
        assert!(child.wait().unwrap().success());
        for (name, mode, content) in &files {
            let path = dir.path().join(name);
            assert_eq!(std::fs::read(&path).unwrap(), *content);
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, *mode);
        }
    }
}
