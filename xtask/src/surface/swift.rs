//! What a Swift program sees of the generated file.
//!
//! Reads declarations, never bodies: types, functions, properties, initialisers, cases, what is declared to throw.
//! Of an object the class is shown, of a port the protocol; the generator's own types are not.
//!
//! Evidence: `mod tests`.

use super::tokens::{Token, closing, tokens, written};
use super::{Entry, Surface};

const MODIFIERS: [&str; 13] = [
    "public",
    "open",
    "fileprivate",
    "private",
    "internal",
    "static",
    "convenience",
    "required",
    "override",
    "indirect",
    "final",
    "mutating",
    "nonisolated",
];

const KEYWORDS: [&str; 10] = ["struct", "class", "enum", "protocol", "extension", "func", "var", "let", "case", "init"];

/// Supertypes and marks that say nothing to a reader of a surface.
const GENERATORS_OWN: [&str; 4] = ["@unchecked Sendable", "AnyObject", "Swift.Error", "Foundation.LocalizedError"];

/// The surface of a generated Swift file.
pub fn surface(source: &str) -> Surface {
    let declarations = declarations(&tokens(source), false);
    let is = |name: &str| declarations.iter().any(|other| other.name == name);
    let mut found = Surface::new();
    for one in declarations.iter().filter(|one| !one.hidden && one.keyword != "extension") {
        let of_object = one.name.strip_suffix("Protocol").is_some_and(is);
        let of_port = one.name.strip_suffix("Impl").is_some_and(is);
        if of_object || of_port {
            continue;
        }
        let members = one.members.iter().filter(|member| !member.hidden).map(|member| member.text.clone());
        found.insert(one.name.clone(), Entry { line: one.text.clone(), members: members.collect() });
    }
    found
}

struct Declaration {
    keyword: String,
    name: String,
    text: String,
    hidden: bool,
    members: Vec<Declaration>,
}

/// Reads the declarations of one level; in a protocol or among the cases of an enum all are public.
fn declarations(tokens: &[Token], all_public: bool) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut modifiers: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let word = token.text.as_str();
        if word == "@" {
            let arguments = tokens.get(at + 2).is_some_and(|next| next.text == "(" && !next.begins_line);
            at = if arguments { closing(tokens, at + 2) + 1 } else { at + 2 };
        } else if MODIFIERS.contains(&word) {
            modifiers.push(word);
            at += 1;
        } else if KEYWORDS.contains(&word) {
            let public = all_public || word == "case" || modifiers.iter().any(|one| matches!(*one, "public" | "open"));
            let (end, mut one) = declaration(tokens, at, modifiers.contains(&"static"));
            one.hidden |= !public;
            found.push(one);
            modifiers.clear();
            at = end;
        } else {
            modifiers.clear();
            at = if matches!(word, "{" | "(") { closing(tokens, at) + 1 } else { at + 1 };
        }
    }
    found
}

/// One declaration from its keyword on: where it ends, and what it says.
fn declaration(tokens: &[Token], at: usize, is_static: bool) -> (usize, Declaration) {
    let keyword = tokens[at].text.as_str();
    let head_ends = header_end(tokens, at + 1);
    let (body, end) = match tokens.get(head_ends) {
        Some(next) if next.text == "{" => {
            let close = closing(tokens, head_ends);
            (&tokens[head_ends + 1..close], close + 1)
        }
        _ => (&tokens[..0], head_ends),
    };
    let name = if keyword == "init" { "init" } else { tokens.get(at + 1).map_or("", |next| &next.text) };
    let head = written(&tokens[at..head_ends]);
    let is_type = matches!(keyword, "struct" | "class" | "enum" | "protocol");
    let text = if is_type { without_generators_supers(&head) } else { head };
    let hidden = is_generators_own(name, &text);
    let members = if is_type && !hidden { declarations(body, keyword == "protocol") } else { Vec::new() };
    let text = if is_static { format!("static {text}") } else { text };
    (end, Declaration { keyword: keyword.to_owned(), name: name.to_owned(), text, hidden, members })
}

fn is_generators_own(name: &str, text: &str) -> bool {
    name.to_lowercase().starts_with("uniffi")
        || name.starts_with("FfiConverter")
        || matches!(name, "NoHandle" | "errorDescription" | "deinit")
        || text.contains("NoHandle")
        || text.contains("unsafeFromHandle")
}

fn without_generators_supers(head: &str) -> String {
    let Some((before, supers)) = head.split_once(": ") else { return head.to_owned() };
    let own = |one: &&str| !GENERATORS_OWN.contains(one) && !one.ends_with("Protocol");
    let kept: Vec<&str> = supers.split(", ").filter(own).collect();
    let error = supers.contains("Swift.Error").then_some("Error");
    let kept: Vec<&str> = error.into_iter().chain(kept).collect();
    if kept.is_empty() { before.to_owned() } else { format!("{before}: {}", kept.join(", ")) }
}

/// Where a declaration's own words end: at its body, at `=`, or at a line that does not go on with it.
fn header_end(tokens: &[Token], from: usize) -> usize {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        let last = tokens[at - 1].text.as_str();
        let goes_on = at == from || matches!(token.text.as_str(), "(" | ":" | "->") || matches!(last, ":" | "," | "->");
        match token.text.as_str() {
            "{" | "}" | "=" | ";" => return at,
            _ if token.begins_line && !goes_on => return at,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::surface;
    use crate::surface::text_of;

    fn read(source: &str) -> String {
        text_of(&surface(source))
    }

    #[test]
    fn what_a_program_can_name_is_in_the_surface() {
        let rows = [
            (
                "public struct Amount: Equatable, Hashable {\n /** x */\n public let minor: Int64\n public let list: [String]\n public init(\n /** y */minor: Int64, list: [String]) {\n self.minor = minor\n }\n}\nextension Amount: Sendable {}",
                "struct Amount: Equatable, Hashable\n    let minor: Int64\n    let list: [String]\n    init(minor: Int64, list: [String])\n",
            ),
            (
                "public enum Notice: Equatable {\n case on\n case off(holdMs: UInt64\n )\n}",
                "enum Notice: Equatable\n    case on\n    case off(holdMs: UInt64)\n",
            ),
            (
                "public \nenum TillError: Swift.Error, Equatable, Foundation.LocalizedError {\n case Busy(facts: Facts\n )\n public var errorDescription: String? {\n String(reflecting: self)\n }\n}",
                "enum TillError: Error, Equatable\n    case Busy(facts: Facts)\n",
            ),
            (
                "public protocol Clock: AnyObject, Sendable {\n /** t */\n func now() throws  -> UInt64\n \n func mac(into: Sink) throws \n \n}\nopen class ClockImpl: Clock, @unchecked Sendable {\n}",
                "protocol Clock: Sendable\n    func now() throws -> UInt64\n    func mac(into: Sink) throws\n",
            ),
            (
                "public protocol TillProtocol: AnyObject {\n}\nopen class Till: TillProtocol, @unchecked Sendable {\n fileprivate let handle: UInt64\n public struct NoHandle {\n public init() {}\n }\n required public init(unsafeFromHandle handle: UInt64) {}\n public static func `open`(home: String)throws  -> Till  {\n return try  f { case x }\n}\nopen func outcome(id: String)async throws  -> Notice  {\n}\n}",
                "class Till\n    static func open(home: String) throws -> Till\n    func outcome(id: String) async throws -> Notice\n",
            ),
            ("public func codes()throws  -> [String]  {\n return try f()\n}", "func codes() throws -> [String]\n"),
        ];
        for (source, verdict) in rows {
            assert_eq!(read(source), verdict, "{source}");
        }
    }

    #[test]
    fn what_only_the_generator_needs_is_not() {
        for source in [
            "fileprivate struct FfiConverterData: X {\n public static func lift() {}\n}",
            "public struct FfiConverterTypeA: FfiConverterRustBuffer {\n public static func read() -> A {}\n}",
            "private enum InitializationResult {\n case ok\n}",
            "public func uniffiEnsureTaptillInitialized() {\n}",
            "extension RustBuffer {\n func deallocate() {}\n}",
            "#if swift(>=5.8)\n@_documentation(visibility: private)\n#endif\npublic func FfiConverterTypeA_lift(_ buf: RustBuffer) throws -> A {\n}",
        ] {
            assert_eq!(read(source), "", "{source}");
        }
    }

    #[test]
    fn a_changed_name_type_or_error_changes_the_text() {
        let one = "public func codes(of: Int32)throws  -> Int64  {\n}";
        for (from, to) in [("codes", "code"), ("of", "from"), ("Int32", "UInt32"), ("Int64", "Int64?"), ("throws", "")]
        {
            assert_ne!(read(&one.replace(from, to)), read(one), "{from} to {to}");
        }
    }
}
