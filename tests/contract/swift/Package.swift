// swift-tools-version: 6.0
import PackageDescription

// The contract's interpreter in Swift. It needs what `ios/Package.swift` needs: TAPTILL_LIB_DIR, and TAPTILL_BIN for the
// stand. `swift run contract` runs all cases; words behind it choose those whose names hold them.
let package = Package(
    name: "contract",
    platforms: [.macOS(.v14)],
    dependencies: [.package(name: "Taptill", path: "../../../ios")],
    targets: [
        .executableTarget(
            name: "contract",
            dependencies: [
                .product(name: "Taptill", package: "Taptill"), .product(name: "TaptillSandbox", package: "Taptill"),
            ],
            swiftSettings: [.swiftLanguageMode(.v6), .unsafeFlags(["-warnings-as-errors"])])
    ],
    swiftLanguageModes: [.v6]
)
