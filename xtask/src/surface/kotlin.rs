//! What a Kotlin program sees of the generated file.
//!
//! Reads declarations, never bodies: types, functions, properties, constructors of records, entries of enums, and
//! what a function throws. Of an object the class is shown, of a port the interface; the generator's own classes,
//! and what is private or internal, are not.
//!
//! Evidence: `mod tests`.

use super::tokens::{Token, closing, tokens, written};
use super::{Entry, Surface};

/// Types that the generator needs for itself and could not hide.
const GENERATORS_OWN: [&str; 6] =
    ["RustBuffer", "InternalException", "Disposable", "NoHandle", "IntegrityCheckingUniffiLib", "ForeignBytes"];

const MODIFIERS: [&str; 15] = [
    "public",
    "private",
    "internal",
    "protected",
    "open",
    "data",
    "sealed",
    "enum",
    "abstract",
    "override",
    "suspend",
    "inline",
    "const",
    "companion",
    "lateinit",
];

/// The surface of a generated Kotlin file of the package `package`.
pub fn surface(source: &str, package: &str) -> Surface {
    let tokens = tokens(&source.replace(&format!("{package}."), ""));
    let mut declarations = declarations(&tokens);
    declarations.retain(|one| !one.hidden);
    let mut found = Surface::new();
    for one in &declarations {
        let is = |name: String| declarations.iter().find(|other| other.name == name);
        let of_object = one.name.strip_suffix("Interface").is_some_and(|name| is(name.to_owned()).is_some());
        let of_port = one.name.strip_suffix("Impl").is_some_and(|name| is(name.to_owned()).is_some());
        if of_object || of_port {
            continue;
        }
        let throwing = is(format!("{}Impl", one.name)).map_or(&one.members, |with| &with.members);
        let members = one.members.iter().filter(|member| !member.hidden).map(|member| {
            let throws = throwing.iter().find(|other| other.name == member.name && !other.throws.is_empty());
            member.shown(throws.map_or(&member.throws, |other| &other.throws))
        });
        found.insert(one.name.clone(), split(&one.shown(&one.throws), members.collect()));
    }
    found
}

/// What a record is made of stands in lines of its own, so that a new field is one new line.
fn split(line: &str, members: Vec<String>) -> Entry {
    let fields = line.find("(val ").filter(|_| line.ends_with(')'));
    let Some(open) = fields else { return Entry { line: line.to_owned(), members } };
    let fields = line[open + 1..line.len() - 1].replace(", val ", "\n val ");
    let fields = fields.split('\n').map(|field| field.trim().to_owned());
    Entry { line: line[..open].to_owned(), members: fields.chain(members).collect() }
}

#[derive(Debug, Default)]
struct Declaration {
    name: String,
    text: String,
    throws: String,
    hidden: bool,
    members: Vec<Declaration>,
}

impl Declaration {
    fn shown(&self, throws: &str) -> String {
        if throws.is_empty() { self.text.clone() } else { format!("{} throws {throws}", self.text) }
    }
}

/// Reads the declarations of one level.
fn declarations(tokens: &[Token]) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut modifiers: Vec<String> = Vec::new();
    let mut throws = String::new();
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "@" => {
                let (end, thrown) = annotation(tokens, at);
                throws = thrown.unwrap_or(throws);
                at = end;
            }
            "class" | "interface" | "object" | "fun" | "val" | "var" | "constructor" => {
                let (end, one) = declaration(tokens, at, &modifiers, &throws);
                found.push(one);
                (modifiers, throws) = (Vec::new(), String::new());
                at = end;
            }
            word if MODIFIERS.contains(&word) => {
                modifiers.push(word.to_owned());
                at += 1;
            }
            "{" | "(" => {
                modifiers.clear();
                at = closing(tokens, at) + 1;
            }
            _ => {
                modifiers.clear();
                at += 1;
            }
        }
    }
    found
}

fn annotation(tokens: &[Token], at: usize) -> (usize, Option<String>) {
    let mut end = at + 2;
    while tokens.get(end).is_some_and(|next| matches!(next.text.as_str(), ":" | ".")) {
        end += 2;
    }
    if tokens.get(end).is_none_or(|next| next.text != "(" || next.begins_line) {
        return (end, None);
    }
    let close = closing(tokens, end);
    let named = tokens[at + 1].text == "Throws";
    (close + 1, named.then(|| written(&tokens[end + 1..close]).replace("::class", "")))
}

/// One declaration from its keyword on: where it ends, and what it says.
fn declaration(tokens: &[Token], at: usize, modifiers: &[String], throws: &str) -> (usize, Declaration) {
    let keyword = tokens[at].text.as_str();
    let has = |word: &str| modifiers.iter().any(|one| one == word);
    let named = tokens.get(at + 1).filter(|next| keyword != "constructor" && is_name(next));
    let head_begins = at + 1 + usize::from(named.is_some());
    let head_ends = header_end(tokens, head_begins);
    let (body, end) = match tokens.get(head_ends) {
        Some(next) if next.text == "{" => {
            let close = closing(tokens, head_ends);
            (&tokens[head_ends + 1..close], close + 1)
        }
        _ => (&tokens[..0], head_ends),
    };
    // A companion may have no name of its own.
    let name = if has("companion") { "companion" } else { named.map_or("constructor", |token| &token.text) };
    let mut one = Declaration { name: name.to_owned(), throws: throws.to_owned(), ..Declaration::default() };
    let head = &tokens[head_begins..head_ends];
    one.hidden = ["private", "internal", "protected"].into_iter().any(has) || is_generators_own(name, head);
    let kept = ["data", "sealed", "enum", "suspend"];
    let words: Vec<&str> = kept.into_iter().filter(|word| has(word)).chain([keyword]).collect();
    one.text = format!("{} {name}{}", words.join(" "), without_generators_supers(&written(head)));
    if !one.hidden && matches!(keyword, "class" | "interface" | "object") {
        one.members = if has("enum") { entries(body) } else { Vec::new() };
        one.members.extend(members(body, &written(head)));
    }
    (end, one)
}

fn is_generators_own(name: &str, head: &[Token]) -> bool {
    name.to_lowercase().starts_with("uniffi")
        || name.starts_with("FfiConverter")
        || GENERATORS_OWN.contains(&name)
        || matches!(name, "message" | "lift")
        || (name == "destroy" && written(head) == "()")
        // The helper that closes whatever it is given.
        || head.iter().any(|token| token.text == "use")
        || head.iter().any(|token| matches!(token.text.as_str(), "NoHandle" | "UniffiWithHandle"))
}

/// The members of a type; what its companion offers is the type's own. The `close` of an object that frees its
/// handle is the generator's.
fn members(body: &[Token], head: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    for mut one in declarations(body) {
        if one.hidden || (one.name == "close" && head.contains("AutoCloseable")) {
            continue;
        }
        if one.name != "companion" {
            found.push(one);
            continue;
        }
        for mut member in std::mem::take(&mut one.members) {
            member.text = format!("static {}", member.text);
            found.push(member);
        }
    }
    found
}

/// A declaration's words without the supertypes that only the generator needs, and without package names.
fn without_generators_supers(head: &str) -> String {
    let head = head.replace("kotlin.", "");
    let bare =
        head.rfind(')').map_or(0, |at| if head.ends_with(')') { head[..at].rfind(')').unwrap_or(0) } else { at });
    let Some(colon) = head[bare..].find(": ").map(|at| bare + at).filter(|_| !head.contains("->")) else {
        return head;
    };
    let (before, supers) = (&head[..colon], &head[colon + 2..]);
    let own = |one: &str| {
        matches!(one, "Disposable" | "AutoCloseable")
            || one.ends_with("Interface")
            || one.starts_with("UniffiRustCallStatusErrorHandler")
    };
    if !supers.split(", ").any(own) {
        return head.clone();
    }
    let kept: Vec<&str> = supers.split(", ").filter(|one| !own(one)).collect();
    if kept.is_empty() { before.to_owned() } else { format!("{before}: {}", kept.join(", ")) }
}

/// The entries of an enum, up to the semicolon.
fn entries(body: &[Token]) -> Vec<Declaration> {
    let ends = body.iter().position(|token| token.text == ";").unwrap_or(body.len());
    let names = body[..ends].iter().filter(|token| is_name(token));
    names
        .map(|token| Declaration { name: token.text.clone(), text: token.text.clone(), ..Declaration::default() })
        .collect()
}

fn is_name(token: &Token) -> bool {
    token.text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

/// Where a declaration's own words end: at its body, at `=`, or at a line that does not go on with it.
fn header_end(tokens: &[Token], from: usize) -> usize {
    let mut at = from;
    while let Some(token) = tokens.get(at) {
        let goes_on = matches!(token.text.as_str(), "(" | ":" | "," | "<")
            || (at > 0 && matches!(tokens[at - 1].text.as_str(), ":" | "," | "<" | "->"));
        match token.text.as_str() {
            "{" | "}" | "=" | ";" | "get" | "by" => return at,
            _ if token.begins_line && !goes_on => return at,
            "(" => at = closing(tokens, at) + 1,
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
        text_of(&surface(source, "org.shop"))
    }

    #[test]
    fn what_a_program_can_name_is_in_the_surface() {
        let rows = [
            (
                "data class Amount (\n /** minor units */\n val `minor`: kotlin.Long\n , \n val `currency`: kotlin.String\n \n){\n companion object\n}",
                "data class Amount\n    val minor: Long\n    val currency: String\n",
            ),
            (
                "enum class Money {\n /** x */\n MOVED,\n NOT_MOVED;\n companion object\n}",
                "enum class Money\n    MOVED\n    NOT_MOVED\n",
            ),
            (
                "sealed class Notice {\n object FieldOn : Notice()\n\n data class Show(\n val `prompt`: org.shop.Money) : Notice()\n \n {\n companion object\n }\n companion object\n}",
                "sealed class Notice\n    object FieldOn: Notice()\n    data class Show(val prompt: Money): Notice()\n",
            ),
            (
                "sealed class Fault: kotlin.Exception() {\n class Lost(\n ) : Fault() {\n override val message\n get() = \"\"\n }\n companion object ErrorHandler : UniffiRustCallStatusErrorHandler<Fault> {\n override fun lift(b: RustBuffer.ByValue): Fault = x(b)\n }\n}",
                "sealed class Fault: Exception()\n    class Lost(): Fault()\n",
            ),
            (
                "@Throws(TillException::class) fun `codes`(): List<kotlin.String> {\n return f { val gone = 1 }\n}\n",
                "fun codes(): List<String> throws TillException\n",
            ),
            (
                "public interface TillInterface {\n fun `id`(): kotlin.String\n companion object\n}\nopen class Till: Disposable, AutoCloseable, TillInterface\n{\n constructor(noHandle: NoHandle) { x() }\n protected val handle: Long\n override fun close() { this.destroy() }\n @Throws(E::class)\n @Suppress(\"X\")\n override suspend fun `id`(`limit`: kotlin.UInt) : kotlin.String {\n return y()\n }\n companion object {\n @Throws(E::class) fun `open`(`home`: kotlin.String): Till {\n return z()\n }\n }\n}",
                "class Till\n    suspend fun id(limit: UInt): String throws E\n    static fun open(home: String): Till throws E\n",
            ),
            (
                "public interface Clock {\n fun `now`(): kotlin.ULong\n fun `b`(`into`: Sink?)\n companion object\n}\nopen class ClockImpl: Disposable, AutoCloseable, Clock\n{\n @Throws(E::class)override fun `now`(): kotlin.ULong {\n }\n}",
                "interface Clock\n    fun now(): ULong throws E\n    fun b(into: Sink?)\n",
            ),
            (
                "public interface DeviceKeys {\n fun `destroy`(`alias`: kotlin.String)\n}\n",
                "interface DeviceKeys\n    fun destroy(alias: String)\n",
            ),
        ];
        for (source, verdict) in rows {
            assert_eq!(read(source), verdict, "{source}");
        }
    }

    #[test]
    fn what_only_the_generator_needs_is_not() {
        for source in [
            "internal object UniffiLib { external fun a(): Int }",
            "public object FfiConverterTypeA: FfiConverterRustBuffer<A> {\n override fun read(buf: ByteBuffer): A {\n }\n}",
            "private fun a(): Int { return 1 }",
            "open class RustBuffer : Structure() {\n class ByValue: RustBuffer(), Structure.ByValue\n}",
            "public fun uniffiEnsureInitialized() {\n}",
            "val uniffiHandles = 1",
            "inline fun <T : Disposable?, R> T.use(block: (T) -> R) =\n x()\n",
        ] {
            assert_eq!(read(source), "", "{source}");
        }
    }

    #[test]
    fn a_changed_name_type_or_error_changes_the_text() {
        let one = "@Throws(E::class) fun `codes`(`of`: kotlin.Int): kotlin.Long {\n}";
        for (from, to) in [("codes", "code"), ("of", "from"), ("Int", "UInt"), ("Long", "Long?"), ("E::", "F::")] {
            assert_ne!(read(&one.replace(from, to)), read(one), "{from} to {to}");
        }
    }
}
