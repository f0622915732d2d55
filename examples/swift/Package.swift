// swift-tools-version: 6.0
import PackageDescription

// Needs what `ios/Package.swift` needs: TAPTILL_LIB_DIR, and TAPTILL_BIN for the sandbox.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library", "-warnings-as-errors"]),
]

let package = Package(
    name: "examples",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "Taptill", path: "../../ios")],
    targets: [
        .executableTarget(
            name: "sale",
            dependencies: [
                .product(name: "Taptill", package: "Taptill"), .product(name: "TaptillSandbox", package: "Taptill"),
            ],
            path: ".", exclude: [".gitignore", "Refund.swift"], sources: ["Sale.swift"], swiftSettings: settings),
        .executableTarget(
            name: "refund",
            dependencies: [
                .product(name: "Taptill", package: "Taptill"), .product(name: "TaptillSandbox", package: "Taptill"),
            ],
            path: ".", exclude: [".gitignore", "Sale.swift"], sources: ["Refund.swift"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
