// The parts of a screen: keypad, lights, lines, slip. Never compiled on Linux.

#if canImport(SwiftUI)
    import SwiftUI
    import Taptill

    struct KeypadView: View {
        let keys: [[Key]]
        let send: (Intent) -> Void

        var body: some View {
            Grid(horizontalSpacing: 8, verticalSpacing: 8) {
                ForEach(keys, id: \.first?.face) { row in
                    GridRow {
                        ForEach(row) { key in
                            Button {
                                send(key.intent)
                            } label: {
                                Text(key.face).font(.title).frame(maxWidth: .infinity, minHeight: 64)
                            }
                            .buttonStyle(.bordered)
                            .accessibilityLabel(key.spoken)
                        }
                    }
                }
            }
        }
    }

    /// The four lights of a contactless reader (EMV Contactless Book A, 9.3).
    struct LightsView: View {
        let lights: [Bool]
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            HStack(spacing: 24) {
                ForEach(Array(lights.enumerated()), id: \.offset) { _, lit in
                    Circle().frame(width: 24, height: 24)
                        .foregroundStyle(Palette.tone(.good, dark: scheme == .dark).text.color)
                        .opacity(lit ? 1 : 0.2)
                }
            }
            .accessibilityHidden(true)
        }
    }

    struct RowsView: View {
        let rows: [Row]
        let send: (Intent) -> Void

        var body: some View {
            ScrollView {
                LazyVStack(alignment: .leading, spacing: 0) {
                    ForEach(Array(rows.enumerated()), id: \.offset) { _, row in
                        if let intent = row.intent {
                            Button {
                                send(intent)
                            } label: {
                                RowView(row: row)
                            }
                        } else {
                            RowView(row: row)
                        }
                        Divider()
                    }
                }
            }
        }
    }

    struct RowView: View {
        let row: Row
        @Environment(\.colorScheme) private var scheme

        var body: some View {
            ViewThatFits {
                HStack {
                    words
                }
                VStack(alignment: .leading) {
                    words
                }
            }
            .frame(maxWidth: .infinity, minHeight: 48, alignment: .leading)
            .accessibilityElement(children: .combine)
        }

        @ViewBuilder private var words: some View {
            Text(row.label)
            Spacer(minLength: 8)
            Text(row.value).monospacedDigit()
                .foregroundStyle(Palette.tone(row.tone, dark: scheme == .dark).text.color)
        }
    }

    struct SlipView: View {
        let lines: [String]

        var body: some View {
            ScrollView([.vertical, .horizontal]) {
                VStack(alignment: .leading, spacing: 0) {
                    ForEach(Array(lines.enumerated()), id: \.offset) { _, line in
                        Text(verbatim: line).font(.system(.footnote, design: .monospaced))
                    }
                }
            }
            .textSelection(.disabled)
        }
    }
#endif
