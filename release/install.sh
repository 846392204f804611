#!/bin/sh
# Installs infractl: fetches the archive of one version, compares its SHA-256 sum with the one that stands here, and puts the
# binary in its place whole.
#
#   sh install.sh [--to DIR] [--from URL]
#
#   --to DIR     where to; without it ~/.local/bin
#   --from URL   where the archive is: a mirror, or file:///FOLDER for one that was copied
#
# Needs curl or wget (which respect https_proxy), tar, gzip, and one of sha256sum, shasum and openssl. Whatever is wrong, what was
# installed before stays as it is.
set -eu

# `release/finish` fills these in, for one release.
version='@VERSION@'
from='@URL@'
sums='@SUMS@'

die() {
  echo "install.sh: $1" >&2
  [ $# = 1 ] || echo "  $2" >&2
  exit 1
}

# fetch URL FILE
fetch() {
  case $1 in
    file://*) cp "${1#file://}" "$2" ;;
    *) if command -v curl >/dev/null; then
      curl --fail --silent --show-error --location --retry 2 --connect-timeout 20 --output "$2" "$1"
    elif command -v wget >/dev/null; then
      wget -q -O "$2" "$1"
    else
      die "there is neither curl nor wget" "install one, or fetch $1 in another way and give --from file:///ITS-FOLDER"
    fi ;;
  esac
}

# sum FILE: its SHA-256
sum() {
  if command -v sha256sum >/dev/null; then sha256sum "$1"
  elif command -v shasum >/dev/null; then shasum -a 256 "$1"
  elif command -v openssl >/dev/null; then openssl dgst -sha256 -r "$1"
  else die "nothing here computes SHA-256, so the archive cannot be checked" "install sha256sum (coreutils), shasum or openssl"
  fi | cut -d ' ' -f 1
}

main() {
  to=
  while [ $# != 0 ]; do
    case $1 in
      --to) to=${2:?"--to needs a folder"} && shift 2 ;;
      --from) from=${2:?"--from needs an address"} && shift 2 ;;
      -h | --help) sed -n '2,/^set/s/^# \{0,1\}//p' "$0" && exit ;;
      *) die "it knows no \`$1\`" "options are --to DIR and --from URL" ;;
    esac
  done
  case $version in
    @*) die "this is the template of the script" "take install.sh of a release, or make one by release/finish" ;;
  esac
  [ -n "$from" ] || die "this script was made without an address" "say where the archives are by --from URL"
  [ -n "$to" ] || to=${HOME:?"say where to by --to DIR: HOME is not set"}/.local/bin

  case $(uname -s)-$(uname -m) in
    Linux-x86_64 | Linux-amd64) target=x86_64-unknown-linux-musl ;;
    Linux-aarch64 | Linux-arm64) target=aarch64-unknown-linux-musl ;;
    *) target=none ;;
  esac
  name=infractl-$version-$target
  wanted=$(echo "$sums" | sed -n "s/^\([0-9a-f]*\)  $name\.tar\.gz\$/\1/p")
  [ -n "$wanted" ] || die "there is no archive of infractl $version for $(uname -s) on $(uname -m)" \
    "build it from source: cargo install --locked --path ."

  mkdir -p "$to" || die "the folder $to could not be made" "give one that you may write to: --to DIR"
  [ ! -d "$to/infractl" ] || die "$to/infractl is a folder" "move it away, or give another place: --to DIR"
  # in the same file system, so that the last step is a rename
  work=$(mktemp -d "$to/.infractl.XXXXXX") || die "$to cannot be written to" "give a folder that you may write to: --to DIR"
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  fetch "$from/$name.tar.gz" "$work/archive" || die "$from/$name.tar.gz could not be fetched"
  found=$(sum "$work/archive")
  [ "$found" = "$wanted" ] || die "the archive is not the one that was released: its SHA-256 is
    $found, and should be
    $wanted" "it may have been cut or changed on its way: try again; nothing was installed"
  gzip -dc "$work/archive" | tar -xf - -C "$work"
  says=$("$work/$name/infractl" --version) || die "the binary does not start here" "is $to on a file system that is mounted noexec?"
  mv -f "$work/$name/infractl" "$to/infractl"

  echo "$says is in $to"
  case :$PATH: in
    *:"$to":*) ;;
    *) echo "$to is not on your PATH: add  export PATH=\"$to:\$PATH\"  to ~/.profile" ;;
  esac
}

# What is read from a pipe and was cut does nothing.
main "$@"
