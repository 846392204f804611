//! `nvidia-smi`: which graphics processors are there.

use crate::exec::{Cmd, Io};

/// Where Windows puts it for Linux beside it, which is not on everybody's path.
pub(crate) const OF_WINDOWS: &str = "/usr/lib/wsl/lib/nvidia-smi";

/// The names of those that are there, one on a line, with their memory in MiB.
pub(crate) fn list(program: &str) -> Cmd {
    Cmd::new(program).args(["--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]).io(Io::Capture)
}

/// How many there are.
pub(crate) fn count(stdout: &[u8]) -> u32 {
    let text = String::from_utf8_lossy(stdout);
    // It says that there are none where a list would stand.
    let lines =
        text.lines().filter(|line| line.rsplit_once(',').is_some_and(|(_, memory)| is_number(memory)));
    u32::try_from(lines.count()).unwrap_or(u32::MAX)
}

fn is_number(text: &str) -> bool {
    let text = text.trim();
    // Shared memory has no size.
    text == "[N/A]" || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_list_is_one() {
        assert_eq!(count(b"NVIDIA A10G, 23028\nNVIDIA A10G, 23028\n"), 2);
        assert_eq!(count(b"NVIDIA GB10, [N/A]\n"), 1);
        assert_eq!(count(b"No devices were found\n"), 0);
        assert_eq!(count(b""), 0);
    }
}
