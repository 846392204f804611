#!/usr/bin/env bash
# `infractl snapshot create` beside the bare `pg_dump -Fc > FILE`, of the same database, by turns: what encryption, sums and the
# writing down cost. By hand, against the server of tests/install/24-postgres (INFRACTL_TEST_POSTGRES=HOST:PORT, user `tf`):
#
#   benches/snapshot.sh [INFRACTL] [ROUNDS] [MEGABYTES]
set -euo pipefail
infractl=$(realpath "${1:-target/release/infractl}") rounds=${2:-7} megabytes=${3:-300}
: "${INFRACTL_TEST_POSTGRES:?start tests/install}"
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=$(mktemp -d)
export PGHOST=${INFRACTL_TEST_POSTGRES%:*} PGPORT=${INFRACTL_TEST_POSTGRES#*:} PGUSER=tf PGPASSWORD='p@ss w0rd' HOME=$folder
database=bench_$$
trap 'psql -Xqd postgres -c "drop database if exists $database with (force)"; rm -rf "$folder"' EXIT
psql -Xqd postgres -c "create database $database"
# half of it does not get small
psql -Xqd "$database" -c "create table trips as select n, md5(n::text) || md5((n * 7)::text) as code, repeat('a road like any other ', 3) as note
  from generate_series(1, $megabytes * 6000) n"

cd "$folder"
cp "$repository/credentials/demo-key-PROTECTS-NOTHING.txt" key.txt
chmod 600 key.txt
recipient=$(sed -n 's/^# public key: //p' key.txt)
printf 'creation_rules:\n  - age: %s\n' "$recipient" >.sops.yaml
mkdir -p environments/dev
cat >environments/dev/environment.toml <<TOML
[snapshots.db]
kind = "postgres"
url = "{{var.BENCH_URL}}"
TOML
export BENCH_URL="postgres://tf:p%40ss%20w0rd@$PGHOST:$PGPORT/$database"

now() { date +%s.%N; }
one() { # NAME COMMAND...
  local name=$1 before
  shift
  before=$(now)
  "$@" >>"$folder/said" 2>&1 || { tail -n 5 "$folder/said" >&2; exit 1; }
  echo "$(now) - $before" | bc >>"$folder/times-$name"
}
bare() { pg_dump --format=custom "$database" >dump; }
for _ in $(seq "$rounds"); do
  one bare bare
  one infractl "$infractl" snapshot create dev db
done
median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }
size=$(psql -XAtqd "$database" -c "select pg_size_pretty(pg_database_size('$database'))")
bare=$(median times-bare) ours=$(median times-infractl)
echo "$size, a dump of $(du -h dump | cut -f1), $rounds rounds, medians"
echo "pg_dump -Fc             $bare s"
echo "infractl snapshot       $ours s, $(echo "scale=4; 100 * ($ours / $bare - 1)" | bc) %"
