// The merchant app's one model: it holds the core's latest screen and passes on what a person wants.
//
// It keeps no state of its own but that screen and what is being typed into it, and decides nothing. What the desk itself throws (a core that is closed,
// or newer than the app) becomes `trouble`, in the core's words where there are any. Evidence: DeskModelTests.

import Observation
import Taptill

@MainActor @Observable
public final class DeskModel {
    /// What to draw; `nil` until the core has shown its first screen.
    public private(set) var screen: ScreenModel?
    /// What kept an intent from reaching the core; the next one that reaches it clears it.
    public private(set) var trouble: TroubleModel?
    /// What is being typed, in the order of the screen's fields; wiped when it was sent, and with its screen.
    public private(set) var typing: [TypedField] = []
    /// The recovery code, on the screen that shows it, until the next one.
    public private(set) var paper: CodeModel?
    /// Whether the person is to pick the provisioning file now.
    public var picking = false
    /// Whether the person is to pick where records go now.
    public var placing = false

    private let desk: any TillDesk
    private let language: Language
    private var listening: Listening?

    /// Draws this desk until the model goes.
    public init(desk: any TillDesk, language: Language) {
        self.desk = desk
        self.language = language
        let screens = desk.screens()
        listening = Listening(
            Task { [weak self] in
                for await screen in screens {
                    guard let self else { return }
                    self.show(screen)
                }
            })
    }

    /// Draws this screen. A field keeps what is being typed into it only while its screen stays.
    private func show(_ screen: Screen) {
        if screen.kind != self.screen?.screen.kind || screen.fields != typing.map(\.field) {
            for field in typing { field.wipe() }
            typing = screen.fields.map(TypedField.init)
        }
        // The desk gives it while its screen stands, and at no other time.
        let written = (try? desk.recoveryCode()).flatMap { $0 }
        if let written {
            paper = paper ?? CodeModel(written)
        } else {
            paper?.wipe()
            paper = nil
        }
        self.screen = ScreenModel(screen)
    }

    /// Passes on what a person wants. `provision` and `choosePlace` open a picker: files and folders are the shell's to
    /// fetch.
    ///
    /// It reaches the core before this returns, so two quick touches keep their order.
    public func send(_ intent: Intent) {
        switch intent {
        case .provision:
            picking = true
            return
        case .choosePlace:
            placing = true
            return
        default: break
        }
        do {
            try desk.send(intent)
            trouble = nil
        } catch {
            trouble = worded(error)
        }
    }

    /// Passes on what was typed and then the button that was touched. A secret is wiped here, whatever the core
    /// makes of it; what the button does not need the core wipes with the screen.
    public func touch(_ intent: Intent) {
        do {
            for field in typing where !field.isEmpty {
                let typed = field.taken()
                defer { typed.wipe() }
                try desk.enter(field.field.name, typed)
            }
        } catch {
            trouble = worded(error)
            return
        }
        send(intent)
    }

    /// The file that was picked. The bytes are wiped, whatever becomes of them.
    public func picked(_ file: Secret?) async {
        picking = false
        guard let file else { return }
        defer { file.wipe() }
        do {
            try await desk.provision(file)
            trouble = nil
        } catch {
            trouble = worded(error)
        }
    }

    /// The place for records that was picked.
    public func placed(_ place: (any ExportSink)?) {
        placing = false
        guard let place else { return }
        do {
            try desk.exportTo(place)
            trouble = nil
        } catch {
            trouble = worded(error)
        }
    }

    /// The app came to the glass or left it.
    public func scene(isActive: Bool, isHidden: Bool) {
        if isActive { send(.foreground) }
        if isHidden {
            for field in typing { field.forget() }
            send(.background)
        }
    }

    private func worded(_ error: any Error) -> TroubleModel {
        TroubleModel(error, screen?.screen.language ?? language)
    }
}

/// A task that ends with its owner.
private final class Listening: Sendable {
    private let task: Task<Void, Never>

    init(_ task: Task<Void, Never>) {
        self.task = task
    }

    deinit {
        task.cancel()
    }
}
