#!/usr/bin/env bash
# host-swift.sh PACKAGE_DIR SWIFT_ARGS...: what swift.sh does, with the swift that is on this machine.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 PACKAGE_DIR SWIFT_ARGS..." >&2; exit 2; }
cd "$1"; shift
exec "${SWIFT_TOOL:-swift}" "$@"
