//! The way to a server through a SOCKS 5 proxy (RFC 1928, RFC 1929).

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};

/// The server that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Server<'a> {
    /// The proxy looks its name up.
    Name(&'a str, u16),
    /// It was looked up.
    Address(SocketAddr),
}

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const PASSWORD: u8 = 2;

/// Asks for the way; what is written from then on goes to the server. What the proxy refuses is an error of the kind
/// `Other`, in words for people.
pub(crate) fn ask(
    line: &mut (impl Read + Write),
    login: Option<&[u8]>,
    server: &Server<'_>,
) -> io::Result<()> {
    line.write_all(if login.is_some() {
        &[VERSION, 2, NO_LOGIN, PASSWORD]
    } else {
        &[VERSION, 1, NO_LOGIN]
    })?;
    match (take::<2>(line)?, login) {
        ([VERSION, NO_LOGIN], _) => {}
        ([VERSION, PASSWORD], Some(login)) => log_in(line, login)?,
        ([VERSION, _], _) => {
            return Err(io::Error::other("it wants a login: `socks5://USER:PASSWORD@HOST:PORT`"));
        }
        _ => return Err(io::Error::other("it does not speak SOCKS 5")),
    }
    line.write_all(&[&[VERSION, 1, 0][..], &written(server)?].concat())?;
    let [version, code, _, kind] = take(line)?;
    if (version, code) != (VERSION, 0) {
        return Err(io::Error::other(refusal(code)));
    }
    // Where it is connected from says nothing to us.
    let length = match kind {
        1 => 4,
        4 => 16,
        _ => usize::from(take::<1>(line)?[0]),
    };
    line.read_exact(&mut vec![0; length + 2])
}

fn log_in(line: &mut (impl Read + Write), login: &[u8]) -> io::Result<()> {
    let at = login.iter().position(|byte| *byte == b':').unwrap_or(login.len());
    let (user, password) = (&login[..at], login.get(at + 1..).unwrap_or_default());
    let text = [&[1][..], &counted(user)?, &counted(password)?].concat();
    line.write_all(&text)?;
    match take::<2>(line)? {
        [_, 0] => Ok(()),
        _ => Err(io::Error::other("it refuses the login")),
    }
}

fn written(server: &Server<'_>) -> io::Result<Vec<u8>> {
    let (place, port) = match server {
        Server::Name(name, port) => match name.parse() {
            Ok(address) => (of_address(address), *port),
            Err(_) => ([&[3][..], &counted(name.as_bytes())?].concat(), *port),
        },
        Server::Address(address) => (of_address(address.ip()), address.port()),
    };
    Ok([&place[..], &port.to_be_bytes()].concat())
}

fn of_address(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => [&[1][..], &address.octets()].concat(),
        IpAddr::V6(address) => [&[4][..], &address.octets()].concat(),
    }
}

fn counted(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let count = u8::try_from(bytes.len())
        .map_err(|_| io::Error::other("a name, or the login, is too long for it"))?;
    Ok([&[count][..], bytes].concat())
}

fn take<const N: usize>(line: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    line.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn refusal(code: u8) -> &'static str {
    match code {
        2 => "it does not allow this connection",
        3 => "it says: network unreachable",
        4 => "it says: host unreachable",
        5 => "it says: connection refused",
        _ => "it gives no way to the server",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read was prepared, what is written is kept.
    struct Both(io::Cursor<Vec<u8>>, Vec<u8>);

    impl Read for Both {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Both {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn asked(says: &[u8], login: Option<&str>, server: &Server<'_>) -> (Result<(), String>, Vec<u8>) {
        let mut line = Both(io::Cursor::new(says.to_vec()), Vec::new());
        let ended = ask(&mut line, login.map(str::as_bytes), server).map_err(|error| error.to_string());
        (ended, line.1)
    }

    #[test]
    fn a_way_is_asked_for_by_name_or_address() {
        let good = [5, 0, 5, 0, 0, 1, 127, 0, 0, 1, 0, 9];
        let (ended, said) = asked(&good, None, &Server::Name("a.test", 443));
        assert_eq!((ended, said), (Ok(()), b"\x05\x01\x00\x05\x01\x00\x03\x06a.test\x01\xbb".to_vec()));
        let address = Server::Address("10.0.0.1:80".parse().unwrap());
        let (ended, said) = asked(&[5, 0, 5, 0, 0, 3, 1, b'x', 0, 9], None, &address);
        assert_eq!((ended, said), (Ok(()), b"\x05\x01\x00\x05\x01\x00\x01\x0a\x00\x00\x01\x00\x50".to_vec()));
    }

    #[test]
    fn a_login_is_told_when_it_is_wanted() {
        let says = [5, 2, 1, 0, 5, 5, 0, 1];
        let (ended, said) = asked(&says, Some("me:p:w"), &Server::Name("::1", 1));
        assert_eq!(ended, Err("it says: connection refused".to_owned()));
        assert!(said.starts_with(b"\x05\x02\x00\x02\x01\x02me\x03p:w\x05\x01\x00\x04"), "{said:?}");
        let (ended, _) = asked(&[5, 2, 1, 1], Some("me:no"), &Server::Name("a", 1));
        assert_eq!(ended, Err("it refuses the login".to_owned()));
        let (ended, _) = asked(&[5, 255], None, &Server::Name("a", 1));
        assert!(ended.unwrap_err().contains("wants a login"));
        let (ended, _) = asked(b"HTTP/1.1 400", None, &Server::Name("a", 1));
        assert_eq!(ended, Err("it does not speak SOCKS 5".to_owned()));
    }
}
