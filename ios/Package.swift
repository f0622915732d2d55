// swift-tools-version: 6.0
import Foundation
import PackageDescription

// TAPTILL_LIB_DIR names the folder of `libtaptill_ffi.so` (Linux; also macOS with a `.dylib`). Without it the core
// comes from the XCFramework that `make-xcframework.sh` builds.
let libDir = ProcessInfo.processInfo.environment["TAPTILL_LIB_DIR"]
let linker: [LinkerSetting] =
    libDir.map {
        [.unsafeFlags(["-L", $0, "-Xlinker", "-rpath", "-Xlinker", $0]), .linkedLibrary("taptill_ffi")]
    } ?? []
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .unsafeFlags(["-warnings-as-errors"])]
// Debian's libswiftObservation.so names a function that no library has; nothing that is called here needs it.
let observation: [LinkerSetting] = libDir == nil ? [] : [.unsafeFlags(["-Xlinker", "--allow-shlib-undefined"])]
// A package with unsafe flags cannot be taken by another by version; an app that takes this one has none of them.
let settings: [SwiftSetting] = libDir == nil ? [.swiftLanguageMode(.v6)] : strict

let core: Target =
    libDir == nil
    ? .binaryTarget(name: "taptillFFI", path: "build/taptillFFI.xcframework")
    : .systemLibrary(name: "taptillFFI")

var products: [Product] = [
    .library(name: "Taptill", targets: ["Taptill"]),
    .library(name: "TaptillMerchant", targets: ["TaptillMerchant"]),
]
var targets: [Target] = [
    core,
    .target(
        name: "TaptillCore", dependencies: ["taptillFFI"], swiftSettings: settings, linkerSettings: linker),
    .target(name: "Taptill", dependencies: ["TaptillCore"], swiftSettings: settings),
    .target(
        name: "TaptillMerchant", dependencies: ["Taptill"], swiftSettings: settings, linkerSettings: observation),
]

// What only a development machine builds: the sandbox's client, the tests, the measurement.
if libDir != nil {
    products.append(.library(name: "TaptillSandbox", targets: ["TaptillSandbox"]))
    products.append(.library(name: "NewerCore", type: .dynamic, targets: ["NewerCore"]))
    targets += [
        .target(name: "TaptillSandbox", dependencies: ["Taptill"], swiftSettings: settings),
        .target(name: "NewerCore"),
        .executableTarget(name: "taptill-probe", dependencies: ["Taptill"], swiftSettings: settings),
        .executableTarget(name: "taptill-cost", dependencies: ["TaptillSandbox"], swiftSettings: settings),
        .testTarget(
            name: "TaptillTests", dependencies: ["TaptillSandbox", "taptill-probe", "NewerCore"],
            swiftSettings: settings),
        .testTarget(
            name: "TaptillMerchantTests", dependencies: ["TaptillMerchant", "TaptillSandbox"], swiftSettings: settings),
    ]
}

let package = Package(
    name: "Taptill",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: products,
    targets: targets,
    swiftLanguageModes: [.v6]
)
