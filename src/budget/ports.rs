//! Who listens at a port of this machine.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::Path;

use crate::platform;

/// Whether somebody listens there; none when that cannot be told. What is opened for that is closed at once.
pub(crate) fn is_taken(root: &Path, port: u16) -> Option<bool> {
    // On macOS nobody is in the way of somebody who names the address more exactly, or in the other family.
    let addresses: [IpAddr; 4] = [
        Ipv4Addr::LOCALHOST.into(),
        Ipv4Addr::UNSPECIFIED.into(),
        Ipv6Addr::LOCALHOST.into(),
        Ipv6Addr::UNSPECIFIED.into(),
    ];
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
    platform::listens(root, port)
}

/// The program that listens there, as far as we may know: `nginx (process 12)`.
pub(crate) fn holder(root: &Path, port: u16) -> Option<String> {
    let found = platform::listener(root, port)?;
    Some(format!("`{}` (process {})", found.name, found.pid))
}

#[cfg(test)]
mod tests {
    use super::*;

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
