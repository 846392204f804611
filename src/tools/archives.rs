//! Where well-known programs can be had: addresses of archives and of their published checksums. Pure.

/// Words for `{{os}}` or `{{arch}}` in an address, where it has its own.
pub(crate) type Words = &'static [(&'static str, &'static str)];

/// Where a program can be had.
#[derive(Debug)]
pub(crate) struct Archive {
    /// The program's name.
    pub name: &'static str,
    /// The address of the archive, or of the program itself.
    pub url: &'static str,
    /// The address of the published checksums; what begins with `.` is added to that of the archive.
    pub sums: Option<&'static str>,
    /// What `{{os}}` is called in it.
    pub os: Words,
    /// What `{{arch}}` is called in it.
    pub arch: Words,
    /// Other programs of the archive that come along.
    pub more: &'static [&'static str],
}

impl Archive {
    const fn new(name: &'static str, url: &'static str, sums: &'static str) -> Archive {
        Archive { name, url, sums: Some(sums), os: &[], arch: &[], more: &[] }
    }
}

/// All of them, by name.
pub(crate) const ALL: &[Archive] = &[
    Archive {
        sums: None,
        more: &["age-keygen"],
        ..Archive::new(
            "age",
            "https://github.com/FiloSottile/age/releases/download/v{{version}}/age-v{{version}}-{{os}}-{{arch}}.tar.gz",
            "",
        )
    },
    Archive::new(
        "argocd",
        "https://github.com/argoproj/argo-cd/releases/download/v{{version}}/argocd-{{os}}-{{arch}}",
        "https://github.com/argoproj/argo-cd/releases/download/v{{version}}/cli_checksums.txt",
    ),
    Archive::new("helm", "https://get.helm.sh/helm-v{{version}}-{{os}}-{{arch}}.tar.gz", ".sha256sum"),
    Archive {
        os: &[("linux", "unknown-linux-musl"), ("darwin", "apple-darwin")],
        arch: &[("amd64", "x86_64"), ("arm64", "aarch64")],
        ..Archive::new(
            "just",
            "https://github.com/casey/just/releases/download/{{version}}/just-{{version}}-{{arch}}-{{os}}.tar.gz",
            "https://github.com/casey/just/releases/download/{{version}}/SHA256SUMS",
        )
    },
    Archive::new(
        "k3d",
        "https://github.com/k3d-io/k3d/releases/download/v{{version}}/k3d-{{os}}-{{arch}}",
        "https://github.com/k3d-io/k3d/releases/download/v{{version}}/checksums.txt",
    ),
    Archive::new(
        "kind",
        "https://github.com/kubernetes-sigs/kind/releases/download/v{{version}}/kind-{{os}}-{{arch}}",
        ".sha256sum",
    ),
    Archive::new("kubectl", "https://dl.k8s.io/release/v{{version}}/bin/{{os}}/{{arch}}/kubectl", ".sha256"),
    Archive::new(
        "kustomize",
        "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv{{version}}/\
         kustomize_v{{version}}_{{os}}_{{arch}}.tar.gz",
        "https://github.com/kubernetes-sigs/kustomize/releases/download/kustomize%2Fv{{version}}/checksums.txt",
    ),
    Archive::new(
        "sops",
        "https://github.com/getsops/sops/releases/download/v{{version}}/sops-v{{version}}.{{os}}.{{arch}}",
        "https://github.com/getsops/sops/releases/download/v{{version}}/sops-v{{version}}.checksums.txt",
    ),
    Archive::new(
        "task",
        "https://github.com/go-task/task/releases/download/v{{version}}/task_{{os}}_{{arch}}.tar.gz",
        "https://github.com/go-task/task/releases/download/v{{version}}/task_checksums.txt",
    ),
    Archive::new(
        "terraform",
        "https://releases.hashicorp.com/terraform/{{version}}/terraform_{{version}}_{{os}}_{{arch}}.zip",
        "https://releases.hashicorp.com/terraform/{{version}}/terraform_{{version}}_SHA256SUMS",
    ),
    Archive::new(
        "tofu",
        "https://github.com/opentofu/opentofu/releases/download/v{{version}}/tofu_{{version}}_{{os}}_{{arch}}.zip",
        "https://github.com/opentofu/opentofu/releases/download/v{{version}}/tofu_{{version}}_SHA256SUMS",
    ),
];

/// Where a program can be had, if that is known.
pub(crate) fn find(name: &str) -> Option<&'static Archive> {
    ALL.iter().find(|archive| archive.name == name)
}

/// The checksum of a file in a list of them: `HASH  NAME`, `HASH *NAME`, or the hash alone.
pub(crate) fn sum_of(list: &str, file: &str) -> Option<String> {
    let lines: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    let hash = lines.iter().find_map(|line| match line.as_slice() {
        [hash, name] => {
            let name = name.trim_start_matches('*').rsplit('/').next();
            (name == Some(file)).then_some(*hash)
        }
        [hash] if lines.iter().filter(|line| !line.is_empty()).count() == 1 => Some(*hash),
        _ => None,
    })?;
    is_sha256(hash).then(|| hash.to_ascii_lowercase())
}

/// Whether it can be the SHA-256 of something, in hexadecimal digits.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::download;

    #[test]
    fn every_address_is_one() {
        assert!(ALL.is_sorted_by_key(|archive| archive.name));
        for archive in ALL {
            assert_eq!(download::wrong(archive.url), None, "{}", archive.name);
            if let Some(sums) = archive.sums.filter(|sums| !sums.starts_with('.')) {
                assert_eq!(download::wrong(sums), None, "{}", archive.name);
            }
        }
    }

    #[test]
    fn a_checksum_is_found_in_the_lists_that_projects_publish() {
        let (one, two) = ("a".repeat(64), "B".repeat(64));
        let list = format!("{one}  terraform_1.zip\n{two} *_dist/k3d-linux-amd64\n\n");
        assert_eq!(sum_of(&list, "terraform_1.zip"), Some(one.clone()));
        assert_eq!(sum_of(&list, "k3d-linux-amd64"), Some("b".repeat(64)));
        assert_eq!(sum_of(&list, "other"), None);
        assert_eq!(sum_of(&format!("{one}\n"), "kubectl"), Some(one));
        for wrong in ["<html>", "abc  kubectl", "", "<!DOCTYPE html>\n<p>\n"] {
            assert_eq!(sum_of(wrong, "kubectl"), None, "{wrong}");
        }
    }
}
