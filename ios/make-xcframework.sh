#!/usr/bin/env bash
# make-xcframework.sh: the core as build/taptillFFI.xcframework, for iPhone and its simulator. Needs macOS with Xcode,
# Rust, and `rustup target add aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios`.
# NOT EXERCISED by our tests: they run on Linux. Run `cargo xtask bindings` first.
set -euo pipefail
ios=$(cd "$(dirname "$0")" && pwd -P)
root=$(dirname "$ios")
[ "$(uname)" = Darwin ] || { echo "$0: an XCFramework is made on macOS" >&2; exit 2; }
cd "$root"
export IPHONEOS_DEPLOYMENT_TARGET=17.0
# What the journal does not use of SQLite; the settings for the linker are lld's, Apple's strips by itself.
. uniffi/shipped.env
for target in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios; do
  cargo rustc --lib --crate-type staticlib --package taptill-ffi --no-default-features --profile shipped --locked \
    --target "$target"
done
headers=$ios/build/headers
rm -rf "$ios/build"; mkdir -p "$headers" "$ios/build/sim"
cp "$ios/Sources/taptillFFI/taptillFFI.h" "$ios/Sources/taptillFFI/module.modulemap" "$headers/"
lipo -create -output "$ios/build/sim/libtaptill_ffi.a" \
  target/aarch64-apple-ios-sim/shipped/libtaptill_ffi.a target/x86_64-apple-ios/shipped/libtaptill_ffi.a
xcodebuild -create-xcframework \
  -library target/aarch64-apple-ios/shipped/libtaptill_ffi.a -headers "$headers" \
  -library "$ios/build/sim/libtaptill_ffi.a" -headers "$headers" \
  -output "$ios/build/taptillFFI.xcframework"
