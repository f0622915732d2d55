#!/usr/bin/env bash
# check.sh: everything that is checked of the Swift side. check.sh cost: what crossing the border costs, as JSON.
#   SWIFT            runs swift in a package: `$SWIFT PACKAGE_DIR ARGS…` (required)
#   TAPTILL_LIB_DIR  the folder of libtaptill_ffi.so (required)
#   TAPTILL_BIN      the desktop till, for its stand; as a rule the one beside the library
#   TAPTILL_LONG=1   10,000 sales in the soak
# The bindings must have been made: `cargo xtask bindings`.
set -euo pipefail
ios=$(cd "$(dirname "$0")" && pwd -P)
root=$(dirname "$ios")
: "${SWIFT:?names the program that runs swift in a package}" "${TAPTILL_LIB_DIR:?names the folder of the library}"
export TAPTILL_LIB_DIR TAPTILL_BIN="${TAPTILL_BIN:-$TAPTILL_LIB_DIR/taptill}"
build=${TAPTILL_SWIFT_BUILD:-$root/target/swift}
bindings=$ios/Sources/TaptillCore/taptill.swift
[ -s "$bindings" ] || { echo "$bindings is missing: run cargo xtask bindings" >&2; exit 1; }

# SwiftPM compiles the bindings anew when they change, and not all that was compiled against them.
mkdir -p "$build"
stamp=$(sha256sum "$bindings" | cut -d' ' -f1)
if [ "$(cat "$build/bindings" 2>/dev/null)" != "$stamp" ]; then
  find "$build" -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  echo "$stamp" >"$build/bindings"
fi

run() { package=$1; name=$2; shift 2; "$SWIFT" "$root/$package" "$@" --scratch-path "$build/$name"; }

if [ "${1:-}" = cost ]; then
  "$SWIFT" "$ios" run -c release --scratch-path "$build/cost" taptill-cost
  exit
fi

echo "swift: layout and style"
"$SWIFT" "$root" format lint --strict --recursive --configuration ios/.swift-format \
  ios/Package.swift ios/Bindings ios/App ios/Sources/Taptill ios/Sources/TaptillMerchant ios/Sources/TaptillSandbox \
  ios/Sources/taptill-probe ios/Sources/taptill-cost ios/Tests tests/contract/swift examples/swift
echo "swift: the kit, the merchant app's models"
run ios ios test
echo "swift: the examples of the README"
"$SWIFT" "$root/examples/swift" run --scratch-path "$build/example" sale
"$SWIFT" "$root/examples/swift" run --scratch-path "$build/example" refund
echo "swift: the contract"
"$SWIFT" "$root/tests/contract/swift" run --scratch-path "$build/contract" contract
