//! Conflict markers of git in a file.

/// The line of the first conflict marker that git left, from 1.
pub(super) fn conflict(bytes: &[u8]) -> Option<usize> {
    let marker = |line: &[u8]| {
        [b"<<<<<<< ".as_slice(), b">>>>>>> ", b"||||||| "].iter().any(|mark| line.starts_with(mark))
    };
    bytes.split(|&b| b == b'\n').position(marker).map(|at| at + 1)
}
