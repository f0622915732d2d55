// swift-tools-version: 6.0
import PackageDescription

// Needs what `ios/Package.swift` needs: TAPTILL_LIB_DIR, and TAPTILL_BIN for the sandbox.
let package = Package(
    name: "sale",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "Taptill", path: "../../ios")],
    targets: [
        .executableTarget(
            name: "sale",
            dependencies: [
                .product(name: "Taptill", package: "Taptill"), .product(name: "TaptillSandbox", package: "Taptill"),
            ],
            path: ".", exclude: [".gitignore"], sources: ["Sale.swift"],
            swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-parse-as-library", "-warnings-as-errors"])])
    ],
    swiftLanguageModes: [.v6]
)
