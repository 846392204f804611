//! Who listens at a port of this machine.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;

use crate::disk;

/// The state of a socket that listens, in `/proc/net/tcp`.
const LISTENS: &str = "0A";

/// Whether somebody listens there; none when that cannot be told. What is opened for that is closed at once.
pub(crate) fn is_taken(root: &Path, port: u16) -> Option<bool> {
    let addresses: [IpAddr; 3] =
        [Ipv4Addr::LOCALHOST.into(), Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::LOCALHOST.into()];
    let mut is_told = false;
    for address in addresses {
        match TcpListener::bind((address, port)) {
            Ok(_) => is_told = true,
            Err(error) if error.kind() == ErrorKind::AddrInUse => return Some(true),
            // A low port that is not for everybody, or a machine without such an address.
            Err(_) => {}
        }
    }
    if is_told {
        return Some(false);
    }
    sockets(root).map(|all| all.iter().any(|(at, _)| *at == port))
}

/// The program that listens there, as far as we may know: `nginx (process 12)`.
pub(crate) fn holder(root: &Path, port: u16) -> Option<String> {
    let sockets = sockets(root)?;
    let inodes: Vec<u64> =
        sockets.into_iter().filter(|(at, _)| *at == port).map(|(_, inode)| inode).collect();
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let processes = root.join("proc").read_dir().ok()?.flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    for number in numbers {
        let dir = root.join("proc").join(number.to_string());
        // Those of others cannot be looked into.
        let Ok(open) = dir.join("fd").read_dir() else { continue };
        let is_it = |path: &Path| {
            path.read_link().is_ok_and(|to| links.iter().any(|link| to.as_os_str() == link.as_str()))
        };
        if open.flatten().any(|entry| is_it(&entry.path())) {
            let name = disk::read_lossy_if_there(&dir.join("comm")).ok().flatten().unwrap_or_default();
            return Some(format!("`{}` (process {number})", name.trim()));
        }
    }
    None
}

/// Ports that are listened at, with the numbers of their sockets; none when nobody tells.
fn sockets(root: &Path) -> Option<Vec<(u16, u64)>> {
    let read = |name: &str| disk::read_lossy_if_there(&root.join("proc/net").join(name)).ok().flatten();
    let all = [read("tcp"), read("tcp6")];
    all.iter().any(Option::is_some).then(|| all.iter().flatten().flat_map(|text| listening(text)).collect())
}

/// The lines of `/proc/net/tcp` that are of sockets which listen.
fn listening(text: &str) -> Vec<(u16, u64)> {
    let one = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let port = u16::from_str_radix(words.get(1)?.rsplit(':').next()?, 16).ok()?;
        (*words.get(3)? == LISTENS).then_some(())?;
        Some((port, words.get(9)?.parse().ok()?))
    };
    text.lines().skip(1).filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TCP: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F91 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 100 0 0 10 0
   1: 0100007F:1F92 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1 0000000000000000 20 4 30 10 -1
";
    const TCP6: &str = "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:2008 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 99 1 0000000000000000 100 0 0 10 0
";

    #[test]
    fn only_sockets_that_listen_count() {
        assert_eq!(listening(TCP), [(8081, 4711)]);
        assert_eq!(listening(TCP6), [(8200, 99)]);
        assert!(listening("").is_empty() && listening("x\ny z\n").is_empty());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a fixture needs no atomic write")]
    fn the_process_is_found_by_its_socket() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("proc/net/tcp", TCP);
        write("proc/12/comm", "nginx\n");
        write("proc/12/fd/0", "");
        write("proc/13/comm", "bash\n");
        std::os::unix::fs::symlink("socket:[4711]", dir.path().join("proc/12/fd/3")).unwrap();
        assert_eq!(holder(dir.path(), 8081).as_deref(), Some("`nginx` (process 12)"));
        assert_eq!(holder(dir.path(), 8082), None);
        assert_eq!(holder(dir.path(), 8200), None);
    }

    #[test]
    fn a_port_that_is_listened_at_is_taken_wherever_that_is() {
        for address in ["127.0.0.1:0", "0.0.0.0:0"] {
            let held = TcpListener::bind(address).unwrap();
            let port = held.local_addr().unwrap().port();
            assert_eq!(is_taken(Path::new("/"), port), Some(true), "{address}");
            let own = std::process::id().to_string();
            assert!(holder(Path::new("/"), port).is_some_and(|text| text.contains(&own)), "{address}");
            drop(held);
            assert_eq!(is_taken(Path::new("/"), port), Some(false), "{address}");
        }
    }
}
