#!/usr/bin/env bash
# Opens the credentials, exports them, and runs the command that follows.
set -euo pipefail
ENV="${1:?usage: with-secrets.sh ENV COMMAND}"
shift
ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
set -a
# shellcheck source=/dev/null
source <(sops -d "$ROOT/credentials/common.enc.env")
# shellcheck source=/dev/null
source <(sops -d "$ROOT/credentials/$ENV.enc.env")
set +a
exec "$@"
