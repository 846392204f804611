//! What `sysctl` and `vm_stat` of macOS say of memory: asked where there is no `/proc`.

use crate::exec::{Cmd, Io};

/// Prints all memory, in bytes.
pub(crate) fn memory_size() -> Cmd {
    Cmd::new("sysctl").args(["-n", "hw.memsize"]).io(Io::Capture)
}

/// Prints how memory is used, in pages.
pub(crate) fn pages() -> Cmd {
    Cmd::new("vm_stat").io(Io::Capture)
}

/// All memory, in bytes.
pub(crate) fn memory(said: &[u8]) -> Option<u64> {
    std::str::from_utf8(said).ok()?.trim().parse().ok()
}

/// Memory that programs can have without others being swapped out, in bytes: what is free, read ahead of a wish, or has not
/// been used for a while. So do others count (psutil).
pub(crate) fn available(said: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(said).ok()?;
    let size: u64 = text.split_once("page size of ")?.1.split_once(' ')?.0.parse().ok()?;
    let pages = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.trim().trim_end_matches('.').parse::<u64>().ok()
    };
    let names = ["Pages free", "Pages speculative", "Pages inactive"];
    let all = names.into_iter().try_fold(0_u64, |sum, name| sum.checked_add(pages(name)?))?;
    all.checked_mul(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `vm_stat` of macOS 14 prints it, shortened.
    const SAID: &[u8] = b"Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                               10000.
Pages active:                            400000.
Pages inactive:                          390000.
Pages speculative:                         2000.
Pages throttled:                              0.
Pages wired down:                        150000.
\"Translation faults\":                987654321.
";

    #[test]
    fn what_gives_way_counts_as_available() {
        assert_eq!(available(SAID), Some(402_000 * 16384));
        assert_eq!(memory(b"17179869184\n"), Some(16 << 30));
    }

    #[test]
    fn another_text_says_nothing() {
        assert_eq!(available(b"Pages free: 1.\n"), None);
        assert_eq!(available(b"(page size of 4096 bytes)\nPages free: many.\n"), None);
        assert_eq!(memory(b""), None);
    }
}
