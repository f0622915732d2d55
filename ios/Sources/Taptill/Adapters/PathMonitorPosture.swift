// The network as Apple's path monitor sees it. Never compiled on Linux; it only fills in `PostureFacts`.
//
// Whether a Wi-Fi has a password is told to apps with the entitlement "Access Wi-Fi Information"; without it, it is not
// known. A tunnel is an interface of no other kind.

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
        private var facts = PostureFacts(reachable: false, proxied: nil, tunnelled: nil, openWifi: nil)

        public init() {
            monitor.pathUpdateHandler = { [weak self] path in self?.changed(to: path) }
            monitor.start(queue: DispatchQueue(label: "org.taptill.path"))
        }

        deinit {
            monitor.cancel()
        }

        public func posture() throws -> Posture {
            try postureOf(facts: lock.withLock { facts }.told)
        }

        private func changed(to path: NWPath) {
            let proxied = Self.systemHasProxy()
            let isWifi = path.usesInterfaceType(.wifi)
            lock.withLock {
                facts.reachable = path.status == .satisfied
                facts.proxied = proxied
                facts.tunnelled = path.usesInterfaceType(.other)
                facts.openWifi = isWifi ? nil : false
            }
            #if canImport(NetworkExtension) && os(iOS)
                guard isWifi else { return }
                NEHotspotNetwork.fetchCurrent { [weak self] network in
                    guard let self, let network else { return }
                    self.lock.withLock { self.facts.openWifi = network.securityType == .open }
                }
            #endif
        }

        private static func systemHasProxy() -> Bool? {
            guard let settings = CFNetworkCopySystemProxySettings()?.takeRetainedValue() as? [String: Any] else {
                return nil
            }
            let switches = [kCFNetworkProxiesHTTPEnable, kCFNetworkProxiesProxyAutoConfigEnable]
            return switches.contains { (settings[$0 as String] as? Int ?? 0) != 0 }
        }
    }
#endif
