#!/usr/bin/env bash
# `infractl push` beside the shell lines that do the same: password of ECR, login, tag, push. Each round pushes a layer that the
# registry does not have, by turns. By hand, against the back ends of tests/install/20-docker, 23-s3 and 25-aws (DOCKER_HOST,
# INFRACTL_TEST_REGISTRY, INFRACTL_TEST_S3, INFRACTL_TEST_AWS, INFRACTL_TEST_IMAGE):
#
#   benches/push.sh [INFRACTL] [ROUNDS]
set -euo pipefail
infractl=$(realpath "${1:-target/release/infractl}") rounds=${2:-7}
: "${INFRACTL_TEST_REGISTRY:?start tests/install}" "${INFRACTL_TEST_S3:?}" "${INFRACTL_TEST_AWS:?}" "${INFRACTL_TEST_IMAGE:?}"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export AWS_ENDPOINT_URL=$INFRACTL_TEST_S3 AWS_ACCESS_KEY_ID=testing AWS_SECRET_ACCESS_KEY=testing AWS_DEFAULT_REGION=eu-west-3
export HOME=$folder AWS_EC2_METADATA_DISABLED=true DOCKER_BUILDKIT=0
# a login by hand stays in this folder
mkdir -p bin config image environments/dev
export DOCKER_CONFIG=$folder/config
# counts the starts of the program
printf '#!/bin/sh\necho >>%q\nexec %q "$@"\n' "$folder/starts" "$INFRACTL_TEST_AWS" >bin/aws
chmod +x bin/aws
PATH=$folder/bin:$PATH

name=bench-$$ registry=$INFRACTL_TEST_REGISTRY
printf 'FROM %s\nCOPY data /data\n' "$INFRACTL_TEST_IMAGE" >image/Dockerfile
cat >environments/dev/environment.toml <<TOML
[registry]
server = "$registry"
login = "ecr"
region = "eu-west-3"
[images.$name]
context = "image"
tags = ["latest"]
TOML

by_hand() {
  aws ecr get-login-password --region eu-west-3 | docker login --username AWS --password-stdin "$registry"
  docker tag "$name:latest" "$registry/$name:latest"
  docker push "$registry/$name:latest"
}
by_infractl() { "$infractl" push dev; }

# COMMAND: one round; seconds and starts of aws
round() {
  head -c 1000000 /dev/urandom >image/data
  "$infractl" build dev >out 2>&1 || { cat out >&2; exit 1; }
  : >starts
  TIMEFORMAT=%R
  { time "$1" >out 2>&1 </dev/null; } 2>took || { cat out >&2; exit 1; }
  grep -q sha256: out || { echo "$1 named no digest" >&2; exit 1; }
  echo "$(cat took) $(wc -l <starts)" >>"$1.rounds"
}
for ((i = 0; i < rounds; i++)); do
  round by_hand
  round by_infractl
done
for way in by_hand by_infractl; do
  sort -n "$way.rounds" | awk -v name="$way" '{ time[NR] = $1; starts[NR] = $2 } END { m = int((NR + 1) / 2); print name ": " time[m] " s, " starts[m] " starts of aws" }'
done
docker image rm "$name:latest" "$registry/$name:latest" >/dev/null
