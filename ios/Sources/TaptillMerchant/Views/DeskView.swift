// The merchant app's screens in SwiftUI. Never compiled on Linux; it draws `ScreenModel` and sends intents, no more.

#if canImport(SwiftUI)
    import SwiftUI
    import Taptill

    /// The whole app: the core's screen, the cover, the picker.
    public struct DeskView: View {
        @State private var model: DeskModel
        @State private var captured = false
        @Environment(\.scenePhase) private var phase

        public init(model: DeskModel) {
            _model = State(initialValue: model)
        }

        public var body: some View {
            ZStack {
                if let screen = model.screen {
                    ScreenView(
                        model: screen, trouble: model.trouble, typing: model.typing, paper: model.paper,
                        send: model.send, touch: model.touch)
                }
                if Glass(isActive: phase == .active, isCaptured: captured).covers(privateScreen: isPrivate) {
                    CoverView()
                }
            }
            .onChange(of: phase) { _, now in
                model.scene(isActive: now == .active, isHidden: now == .background)
            }
            .fileImporter(isPresented: $model.picking, allowedContentTypes: [.json]) { picked in
                Task { await model.picked(Self.read(picked)) }
            }
            .background {
                Color.clear.fileImporter(isPresented: $model.placing, allowedContentTypes: [.folder]) { picked in
                    model.placed(Self.place(picked))
                }
            }
            #if os(iOS)
                .onReceive(NotificationCenter.default.publisher(for: UIScreen.capturedDidChangeNotification)) { _ in
                    captured = UIScreen.main.isCaptured
                }
            #endif
        }

        private var isPrivate: Bool {
            model.screen?.isPrivate ?? true
        }

        /// Opened until the core has let it go, whatever became of what was written there.
        private static func place(_ picked: Result<URL, any Error>) -> FolderPlace? {
            guard let folder = try? picked.get(), folder.startAccessingSecurityScopedResource() else { return nil }
            return FolderPlace(folder) { folder.stopAccessingSecurityScopedResource() }
        }

        private static func read(_ picked: Result<URL, any Error>) -> Secret? {
            guard let file = try? picked.get(), file.startAccessingSecurityScopedResource() else { return nil }
            defer { file.stopAccessingSecurityScopedResource() }
            guard var bytes = try? Data(contentsOf: file) else { return nil }
            return Secret(taking: &bytes)
        }
    }

    /// What the app switcher and a recording see.
    struct CoverView: View {
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            Palette.page(dark: scheme == .dark).ground.color.ignoresSafeArea()
        }
    }

    extension Tint {
        var color: Color {
            Color(.sRGB, red: Double(red) / 255, green: Double(green) / 255, blue: Double(blue) / 255)
        }
    }
#endif
