# shellcheck shell=bash
# What the scripts in this folder begin with: the root of the project, its version, one time for every file that is made.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# what is made goes here
DIST=$(realpath -m "${DIST:-target/dist}")
VERSION=${VERSION:-$(sed -n '/^\[package\]/,/^\[/s/^version = "\(.*\)"$/\1/p' Cargo.toml)}
# https://reproducible-builds.org/specs/source-date-epoch: the time of the commit
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export DIST VERSION SOURCE_DATE_EPOCH TZ=UTC LC_ALL=C
umask 022
mkdir -p "$DIST"

TOOLS=$PWD/target/release-tools
PATH=$TOOLS/bin:$TOOLS/venv/bin:$PATH
export PATH

die() {
  echo "${0##*/}: $1" >&2
  exit 1
}

# one_rust: the compiler too is the same for everybody, or the bytes would differ.
one_rust() {
  RUSTUP_TOOLCHAIN=$(<release/rust)
  export RUSTUP_TOOLCHAIN
}
