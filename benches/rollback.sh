#!/usr/bin/env bash
# `infractl rollback` beside the steps of a rollback by hand, as kamal makes them: a lock, is the image here, the other version
# started and healthy, the old one gone, a line that says who did it. By turns, between the same two releases on this machine's
# engine. By hand, against the back ends of tests/install (docker, compose, a registry, an image):
#
#   benches/rollback.sh [INFRACTL] [ROUNDS]
set -euo pipefail
infractl=$(realpath "${1:-target/release/infractl}") rounds=${2:-7}
: "${INFRACTL_TEST_REGISTRY:?start tests/install}" "${INFRACTL_TEST_IMAGE:?start tests/install}"
[ -z "${INFRACTL_TEST_DOCKER-}" ] || PATH=$(dirname "$INFRACTL_TEST_DOCKER"):$PATH
folder=$(mktemp -d)
export HOME=$folder GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org GIT_COMMITTER_NAME=Ada GIT_COMMITTER_EMAIL=ada@example.org
project=bench-$$
mkdir "$folder/work" "$folder/bin"
cd "$folder/work"
trap 'docker compose -p "$project" down --timeout 0 >/dev/null 2>&1 || true; rm -rf "$folder"' EXIT

# what is started is counted
for tool in docker git aws; do
  real=$(command -v "$tool") || continue
  printf '#!/bin/sh\necho %s >>"%s/starts"\nexec "%s" "$@"\n' "$tool" "$folder" "$real" >"$folder/bin/$tool"
  chmod +x "$folder/bin/$tool"
done
PATH=$folder/bin:$PATH

mkdir -p environments/dev web
cat >environments/dev/environment.toml <<TOML
[release]
images = ["web"]
[registry]
server = "$INFRACTL_TEST_REGISTRY/$project"
[images.web]
context = "web"
[pipelines]
publish = [{ do = "build" }, { do = "push" }]
deploy = [{ name = "web", compose = { up = true, wait = true, project = "$project", env = { WEB_IMAGE = "{{image.web}}" } } }]
TOML
cat >compose.yml <<'YAML'
services:
  web:
    image: ${WEB_IMAGE}
    command: ["sleep", "1000"]
    network_mode: none
    stop_grace_period: 0s
    healthcheck: { test: ["CMD", "/bin/busybox", "true"], interval: 1s, start_period: 1s }
YAML
echo .infractl/ >.gitignore
git init -q -b main . && git init -q --bare "$folder/remote" && git remote add origin "$folder/remote"
for version in 1 2; do
  printf 'FROM %s\nLABEL version=%s\n' "$INFRACTL_TEST_IMAGE" "$version" >web/Dockerfile
  git add -A && git commit -qm "feat: version $version" && git push -q origin main
  for verb in "publish dev" release "deploy dev"; do
    # shellcheck disable=SC2086
    "$infractl" $verb >>"$folder/said" 2>&1 || { tail -n 20 "$folder/said" >&2; exit 1; }
  done
done
# images by digest, oldest first
mapfile -t images < <("$infractl" history deployments dev --json | jq -r '.deployments | reverse[].images.web')
mapfile -t releases < <("$infractl" history deployments dev --json | jq -r '.deployments | reverse[].release')

now() { date +%s.%N; }
one() { # NAME COMMAND...
  local name=$1 before
  shift
  : >"$folder/starts"
  before=$(now)
  "$@" >>"$folder/said" 2>&1 || { tail -n 20 "$folder/said" >&2; exit 1; }
  echo "$(now) - $before" | bc >>"$folder/times-$name"
  sort "$folder/starts" | uniq -c | tr -s ' \n' ' ' >"$folder/starts-$name"
}
by_hand() { # IMAGE
  mkdir "$folder/lock"
  docker image inspect "$1" >/dev/null || docker pull -q "$1"
  WEB_IMAGE=$1 docker compose -p "$project" up --detach --wait --no-build
  echo "$(date +%FT%T) ada rollback $1" >>"$folder/audit"
  rmdir "$folder/lock"
}
ours() { one infractl "$infractl" rollback dev --to "${releases[$1]}" --keep-configuration; }
hand() { one hand by_hand "${images[$1]}"; }
# what the one went back to is where the other begins, and infractl goes on from what it has written down
for _ in $(seq "$rounds"); do
  ours 0 && hand 1 && hand 0 && ours 1
done
median() { sort -n "$1" | sed -n "${rounds}p"; }
hand=$(median "$folder/times-hand") ours=$(median "$folder/times-infractl")
echo "$((2 * rounds)) of each, medians"
echo "by hand             $hand s, starts$(cat "$folder/starts-hand")"
echo "infractl rollback   $ours s, starts$(cat "$folder/starts-infractl"), $(echo "scale=4; 100 * ($ours / $hand - 1)" | bc) %"
