//! The AWS CLI: the registry ECR.

use crate::exec::{Cmd, Io};
use crate::failure::{Failure, Kind};
use crate::text::last_line;

/// Who logs in with the password that [`password`] prints.
pub(crate) const USER: &str = "AWS";

fn ecr(region: Option<&str>) -> Cmd {
    let cmd = Cmd::new("aws").io(Io::Capture);
    let cmd = region.map_or_else(|| cmd.clone(), |region| cmd.clone().args(["--region", region]));
    cmd.arg("ecr")
}

/// A password for 12 hours, on standard output.
pub(crate) fn password(region: Option<&str>) -> Cmd {
    ecr(region).arg("get-login-password")
}

/// Why there is no password, as far as the program tells.
pub(crate) fn explain(tail: &str) -> Option<Failure> {
    let is_denied = tail.contains("AccessDenied");
    let denied = || Failure::new(Kind::Failed, last_line(tail)).help("allow ecr:GetAuthorizationToken on *");
    is_denied.then(denied).or_else(|| super::who(tail, None))
}

/// Makes a repository whose images are scanned when they come and whose tags never change.
pub(crate) fn create_repository(region: Option<&str>, name: &str) -> Cmd {
    ecr(region).args([
        "create-repository",
        "--repository-name",
        name,
        "--image-tag-mutability",
        "IMMUTABLE",
        "--image-scanning-configuration",
        "scanOnPush=true",
    ])
}

/// It was there already, or somebody else made it meanwhile.
pub(crate) fn is_there(tail: &str) -> bool {
    tail.contains("RepositoryAlreadyExistsException")
}

/// The region in the name of a registry: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`.
pub(crate) fn region_of(server: &str) -> Option<&str> {
    server.split_once(".dkr.ecr.")?.1.split('.').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_there_is_no_password() {
        let denied =
            "An error occurred (AccessDeniedException) when calling the GetAuthorizationToken operation: x";
        assert_eq!(explain(denied).unwrap().help, ["allow ecr:GetAuthorizationToken on *"]);
        assert_eq!(explain("Unable to locate credentials").unwrap().kind, Kind::Failed);
        assert!(explain("something else").is_none());
    }

    #[test]
    fn the_region_stands_in_the_name() {
        assert_eq!(region_of("111122223333.dkr.ecr.eu-west-3.amazonaws.com"), Some("eu-west-3"));
        assert_eq!(region_of("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn"), Some("cn-north-1"));
        assert_eq!(region_of("ghcr.io/team"), None);
    }
}
