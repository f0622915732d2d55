// The device's clocks: wall time, time since boot (also while asleep), and which boot it is.
//
// No phone counts its boots for an app: what tells one boot from another is a random name that the system gives each,
// of which 48 bits are taken, so that any JSON reader keeps them exactly. Evidence: SystemClockTests.

import Foundation
import TaptillCore

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// The system's clocks. Reading them takes no lock and cannot fail once the clock is made.
public final class SystemClock: TaptillCore.Clock, Sendable {
    private let boot: UInt64

    /// Reads the boot's name once. A system that does not tell it counts each run as a boot of its own.
    public init() {
        boot = Self.bootName().flatMap(Self.bits) ?? UInt64(Self.milliseconds(of: CLOCK_REALTIME))
    }

    public func now() throws -> ClockReading {
        ClockReading(
            wallMs: Int64(Self.milliseconds(of: CLOCK_REALTIME)),
            monoMs: UInt64(Self.milliseconds(of: Self.sinceBoot)),
            bootCount: boot
        )
    }

    private static func milliseconds(of clock: clockid_t) -> Int {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return 0 }
        return max(0, Int(time.tv_sec) * 1_000 + Int(time.tv_nsec) / 1_000_000)
    }

    /// The first twelve hexadecimal digits of a UUID.
    static func bits(of name: String) -> UInt64? {
        let digits = name.filter(\.isHexDigit).prefix(12)
        return digits.count == 12 ? UInt64(digits, radix: 16) : nil
    }

    #if canImport(Darwin)
        // Darwin's CLOCK_MONOTONIC goes on while the device sleeps.
        private static let sinceBoot = CLOCK_MONOTONIC

        private static func bootName() -> String? {
            var bytes = [UInt8](repeating: 0, count: 64)
            var size = bytes.count
            guard sysctlbyname("kern.bootsessionuuid", &bytes, &size, nil, 0) == 0 else { return nil }
            return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    #else
        private static let sinceBoot = CLOCK_BOOTTIME

        private static func bootName() -> String? {
            try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
        }
    #endif
}
