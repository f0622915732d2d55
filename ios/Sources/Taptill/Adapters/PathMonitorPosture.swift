// The network as Apple's path monitor sees it. Never compiled on Linux; it only fills in `PostureFacts`.
//
// Whether a Wi-Fi has a password is told to apps with the entitlement "Access Wi-Fi Information"; without it, no Wi-Fi
// counts as open.

#if canImport(Network) && canImport(CFNetwork)
    import CFNetwork
    import Foundation
    import Network

    #if canImport(NetworkExtension) && os(iOS)
        import NetworkExtension
    #endif

    /// Keeps the latest path. Cheap to ask.
    public final class PathMonitorPosture: NetworkPosture, @unchecked Sendable {
        // The facts are used under the lock alone, which is why `@unchecked Sendable` holds.
        private let lock = NSLock()
        private let monitor = NWPathMonitor()
        private var facts = PostureFacts(reachable: false, proxied: false, openWifi: false)

        public init() {
            monitor.pathUpdateHandler = { [weak self] path in self?.changed(to: path) }
            monitor.start(queue: DispatchQueue(label: "org.taptill.path"))
        }

        deinit {
            monitor.cancel()
        }

        public func posture() throws -> Posture {
            lock.withLock { facts }.posture
        }

        private func changed(to path: NWPath) {
            let proxied = Self.systemHasProxy()
            lock.withLock {
                facts.reachable = path.status == .satisfied
                facts.proxied = proxied
                facts.openWifi = false
            }
            #if canImport(NetworkExtension) && os(iOS)
                guard path.usesInterfaceType(.wifi) else { return }
                NEHotspotNetwork.fetchCurrent { [weak self] network in
                    guard let self, let network else { return }
                    self.lock.withLock { self.facts.openWifi = network.securityType == .open }
                }
            #endif
        }

        private static func systemHasProxy() -> Bool {
            guard let settings = CFNetworkCopySystemProxySettings()?.takeRetainedValue() as? [String: Any] else {
                return false
            }
            let switches = [kCFNetworkProxiesHTTPEnable, kCFNetworkProxiesProxyAutoConfigEnable]
            return switches.contains { (settings[$0 as String] as? Int ?? 0) != 0 }
        }
    }
#endif
