#!/usr/bin/env bash
# 20 folders published to a Gitea of its own: by infractl, and by the loop of a shell that does the same by hand (curl, git
# init, add, commit, push). First time, and with one folder changed; the median of three rounds, in seconds.
#
#   INFRACTL_TEST_GITEA=PROGRAM benches/publish.sh [target/release/infractl]
set -euo pipefail
cd "$(dirname "$0")/.."
infractl=$(realpath "${1:-target/release/infractl}")
count=20
work=$(mktemp -d)
mkfifo "$work/hold"
tests/forge/gitea "${INFRACTL_TEST_GITEA:?the program}" <"$work/hold" >"$work/told" &
pid=$!
exec {hold}>"$work/hold"
# shellcheck disable=SC2317 # called by the trap
end() {
  exec {hold}>&-
  wait "$pid" || true
  rm -rf -- "$work"
}
trap end EXIT
until grep -q '^folder' "$work/told"; do
  kill -0 "$pid"
  sleep 0.1
done
url=$(sed -n 's/^url //p' "$work/told")
token=$(sed -n 's/^token //p' "$work/told")

export HOME=$work/home GIT_CONFIG_GLOBAL=/dev/null
mkdir -p "$HOME"
fill() { # FOLDER PREFIX
  local at file
  for ((at = 0; at < count; at++)); do
    mkdir -p "$1/$2-$at/templates"
    for file in Chart.yaml values.yaml templates/a.yaml templates/b.yaml templates/c.yaml; do
      seq 200 >"$1/$2-$at/$file"
    done
  done
}
by_hand() { # FOLDER PREFIX
  local at name
  for ((at = 0; at < count; at++)); do
    name=$2-$at
    printf 'header = "Authorization: token %s"\n' "$token" | curl -s --config - -o /dev/null -H 'Content-Type: application/json' \
      -d "{\"name\":\"$name\",\"private\":true,\"default_branch\":\"main\"}" "$url/api/v1/user/repos"
    (
      cd "$1/$name"
      [ -d .git ] || git init -q -b main
      git add -A
      git -c user.name=x -c user.email=x@localhost commit -q -m publish || exit 0
      GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraHeader GIT_CONFIG_VALUE_0="Authorization: Basic $(printf 'x:%s' "$token" | base64 -w0)" \
        git push -q "$url/boss/$name.git" main
    )
  done
}
project() { # FOLDER PREFIX
  local at folders=
  for ((at = 0; at < count; at++)); do folders+="\"$2-$at\", "; done
  mkdir -p "$1/environments/lab"
  printf '%s' "$token" >"$1/token"
  chmod 600 "$1/token"
  printf '[pipelines]\ngo = [{ publish = { server = "%s", forge = "gitea", owner = "boss", token-file = "token", folders = [%s] } }]\n' \
    "$url" "${folders%, }" >"$1/environments/lab/environment.toml"
}
seconds() { # COMMAND...: how long it takes
  local before=$EPOCHREALTIME
  "$@" >"$work/said" 2>&1 || { cat "$work/said" >&2; exit 1; }
  awk -v a="$before" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f\n", b - a }'
}
median() { sort -n | sed -n 2p; }
declare -A took
for round in 1 2 3; do
  hand=$work/hand-$round ours=$work/ours-$round
  fill "$hand" "h$round"
  fill "$ours" "o$round"
  project "$ours" "o$round"
  took[hand-first]+="$(seconds by_hand "$hand" "h$round") "
  took[ours-first]+="$(seconds "$infractl" -C "$ours" pipeline lab go) "
  echo changed >>"$hand/h$round-3/values.yaml"
  echo changed >>"$ours/o$round-3/values.yaml"
  took[hand-again]+="$(seconds by_hand "$hand" "h$round") "
  took[ours-again]+="$(seconds "$infractl" -C "$ours" pipeline lab go) "
done
for what in first again; do
  for who in hand ours; do
    printf '%-6s %-6s %s s\n' "$what" "$who" "$(tr ' ' '\n' <<<"${took[$who-$what]% }" | median)"
  done
done
