// Fields to type into, and the recovery code. Never compiled on Linux.
//
// A secret field's view never holds what is typed: each change goes to the model's bytes as it comes, and dots are drawn.
// What it cannot do: the system's keyboard makes a short text of each key that is touched.

#if canImport(SwiftUI)
    import SwiftUI
    import Taptill

    struct FieldsView: View {
        let typing: [TypedField]

        var body: some View {
            VStack(alignment: .leading, spacing: 12) {
                ForEach(typing) { field in
                    VStack(alignment: .leading, spacing: 4) {
                        Text(field.field.label).accessibilityHidden(true)
                        #if canImport(UIKit)
                            if field.field.isLong {
                                LongFieldView(field: field, count: field.count).frame(minHeight: 144)
                            } else {
                                TypedFieldView(field: field, count: field.count).frame(minHeight: 48)
                            }
                        #endif
                    }
                }
            }
        }
    }

    /// The code in its groups, each character a text of its own.
    struct CodeView: View {
        let paper: CodeModel

        var body: some View {
            LazyVGrid(columns: [GridItem(.adaptive(minimum: 96), spacing: 16)], spacing: 16) {
                ForEach(paper.groups, id: \.self) { group in
                    HStack(spacing: 2) {
                        ForEach(group, id: \.self) { place in
                            if let character = paper.character(place) {
                                Text(String(character)).font(.system(.title2, design: .monospaced))
                            }
                        }
                    }
                    .accessibilityElement(children: .contain)
                }
            }
            .textSelection(.disabled)
        }
    }

    #if canImport(UIKit)
        import UIKit

        struct TypedFieldView: UIViewRepresentable {
            let field: TypedField
            /// Not used but watched: a field that was wiped is drawn empty.
            let count: Int

            func makeCoordinator() -> Typist {
                Typist(field)
            }

            func makeUIView(context: Context) -> UITextField {
                let view = UITextField()
                view.delegate = context.coordinator
                view.borderStyle = .roundedRect
                view.font = .preferredFont(forTextStyle: .body)
                view.adjustsFontForContentSizeCategory = true
                view.accessibilityLabel = field.field.label
                view.isSecureTextEntry = field.field.isSecret
                view.autocapitalizationType = .none
                view.autocorrectionType = .no
                view.spellCheckingType = .no
                view.smartDashesType = .no
                view.smartQuotesType = .no
                view.smartInsertDeleteType = .no
                return view
            }

            func updateUIView(_ view: UITextField, context: Context) {
                context.coordinator.field = field
                if field.field.isSecret || field.isEmpty { view.text = field.dots }
            }
        }

        /// Several lines, for what is no secret.
        struct LongFieldView: UIViewRepresentable {
            let field: TypedField
            /// Not used but watched: a field that was wiped is drawn empty.
            let count: Int

            func makeCoordinator() -> Typist {
                Typist(field)
            }

            func makeUIView(context: Context) -> UITextView {
                let view = UITextView()
                view.delegate = context.coordinator
                view.font = .preferredFont(forTextStyle: .body)
                view.adjustsFontForContentSizeCategory = true
                view.layer.borderColor = UIColor.separator.cgColor
                view.layer.borderWidth = 1
                view.layer.cornerRadius = 6
                view.accessibilityLabel = field.field.label
                view.autocapitalizationType = .none
                view.autocorrectionType = .no
                view.spellCheckingType = .no
                view.smartDashesType = .no
                view.smartQuotesType = .no
                view.smartInsertDeleteType = .no
                return view
            }

            func updateUIView(_ view: UITextView, context: Context) {
                context.coordinator.field = field
                if field.isEmpty { view.text = "" }
            }
        }

        /// Hands each change to the model. Changes come at the end alone: nothing else can be told from the dots.
        @MainActor
        final class Typist: NSObject, UITextFieldDelegate, UITextViewDelegate {
            var field: TypedField

            init(_ field: TypedField) {
                self.field = field
            }

            func textField(
                _ view: UITextField, shouldChangeCharactersIn range: NSRange, replacementString text: String
            ) -> Bool {
                let taken = take(text, in: range, of: view.text ?? "")
                if field.field.isSecret { view.text = field.dots }
                return taken && !field.field.isSecret
            }

            func textView(
                _ view: UITextView, shouldChangeTextIn range: NSRange, replacementText text: String
            ) -> Bool {
                take(text, in: range, of: view.text)
            }

            private func take(_ text: String, in range: NSRange, of drawn: String) -> Bool {
                guard let changed = Range(range, in: drawn), changed.upperBound == drawn.endIndex else { return false }
                return field.replace(last: drawn[changed].count, with: text)
            }
        }
    #endif
#endif
