// One screen: its head, the part that its layout asks for, its buttons. Never compiled on Linux.

#if canImport(SwiftUI)
    import SwiftUI
    import Taptill

    struct ScreenView: View {
        let model: ScreenModel
        let trouble: TroubleModel?
        let typing: [TypedField]
        let paper: CodeModel?
        let send: (Intent) -> Void
        /// What was typed goes with a button.
        let touch: (Intent) -> Void
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            VStack(spacing: 16) {
                if let trouble { TroubleView(model: trouble) }
                HeadView(screen: model.screen)
                middle
                Spacer(minLength: 0)
                ForEach(model.others, id: \.label) { ActionButton(action: $0, send: touch) }
                if let primary = model.primary { ActionButton(action: primary, send: touch) }
            }
            .padding()
            .frame(maxWidth: .infinity, maxHeight: .infinity)
            .background(Palette.page(dark: scheme == .dark).ground.color)
            .foregroundStyle(Palette.page(dark: scheme == .dark).text.color)
            .accessibilityElement(children: .contain)
            .onChange(of: model.announcement, initial: true) { _, words in
                AccessibilityNotification.Announcement(words).post()
            }
        }

        @ViewBuilder private var middle: some View {
            switch model.layout {
            case .keypad: KeypadView(keys: model.keys, send: send)
            case .reader:
                LightsView(lights: model.lights)
                RowsView(rows: model.screen.rows, send: send)
            case .outcome, .list: RowsView(rows: model.screen.rows, send: send)
            case .slip: SlipView(lines: model.slipLines)
            case .form:
                FieldsView(typing: typing)
                RowsView(rows: model.screen.rows, send: send)
            case .paper: if let paper { CodeView(paper: paper) }
            }
        }
    }

    /// Title, the amount from afar, what happened, what to do next.
    struct HeadView: View {
        let screen: Screen
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            VStack(spacing: 8) {
                Text(screen.title).font(.title2).accessibilityAddTraits(.isHeader)
                if let headline = screen.headline {
                    Text(headline).font(.system(.largeTitle, design: .rounded).weight(.semibold)).monospacedDigit()
                        .minimumScaleFactor(0.5).lineLimit(1)
                }
                if let message = screen.message { Text(message).multilineTextAlignment(.center) }
                if let advice = screen.advice { Text(advice).multilineTextAlignment(.center).font(.callout) }
            }
            .foregroundStyle(Palette.tone(screen.tone, dark: scheme == .dark).text.color)
        }
    }

    /// What kept the core from being reached; alone on the glass when the till could not be opened at all.
    public struct TroubleView: View {
        let model: TroubleModel
        @Environment(\.colorScheme) private var scheme

        public init(model: TroubleModel) {
            self.model = model
        }

        public var body: some View {
            VStack(alignment: .leading, spacing: 4) {
                Text(model.what).font(.headline)
                ForEach(model.advice, id: \.self) { Text($0) }
            }
            .foregroundStyle(Palette.tone(.attention, dark: scheme == .dark).text.color)
            .accessibilityElement(children: .combine)
        }
    }

    struct ActionButton: View {
        let action: Action
        let send: (Intent) -> Void
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            let swatch = Palette.button(action.role, dark: scheme == .dark)
            Button {
                send(action.intent)
            } label: {
                Text(action.label).frame(maxWidth: .infinity, minHeight: 48)
            }
            .simultaneousGesture(
                LongPressGesture(minimumDuration: 0.5).onEnded { _ in
                    if let held = action.held { send(held) }
                }
            )
            .background(swatch.ground.color, in: .rect(cornerRadius: 12))
            .foregroundStyle(swatch.text.color)
            .disabled(!action.enabled)
            .opacity(action.enabled ? 1 : 0.4)
        }
    }
#endif
