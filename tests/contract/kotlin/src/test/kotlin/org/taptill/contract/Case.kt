package org.taptill.contract

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long

/** The kinds of failure of `tests/contract/README.md`. */
enum class Kind {
    MISMATCH,
    TIMEOUT,
    UNKNOWN,
}

/** A case that does not hold, and why. */
class Broken(val kind: Kind, why: String) : RuntimeException(why)

fun unknown(what: String): Nothing = throw Broken(Kind.UNKNOWN, "unknown: $what")

fun mismatch(why: String): Nothing = throw Broken(Kind.MISMATCH, why)

/** An object whose keys are all asked for, once it is [done]; one that nobody asked for is not in the language. */
class Keys(private val what: String, private val given: JsonObject) {
    private val asked = mutableSetOf<String>()

    /** What stands under [name]; nothing where it is absent or `null`. */
    fun value(name: String): JsonElement? {
        asked += name
        return given[name]?.takeIf { it != JsonNull }
    }

    fun text(name: String): String? = value(name)?.text()

    fun wanted(name: String): String = text(name) ?: unknown("$what without `$name`")

    fun number(name: String): Int? = value(name)?.jsonPrimitive?.int

    fun long(name: String): Long? = value(name)?.jsonPrimitive?.long

    fun nested(name: String): Keys? =
        (value(name) ?: return null).let { Keys("$what.$name", it as? JsonObject ?: unknown("$what.$name")) }

    fun done() {
        val left = given.keys - asked
        if (left.isNotEmpty()) unknown("$what has $left")
    }

    /** Whatever its keys are. */
    fun all(): JsonObject = given.also { asked += it.keys }
}

fun JsonElement.text(): String =
    (this as? JsonPrimitive)?.takeIf { it.isString }?.content ?: unknown("$this is no text")

/** What earlier steps kept, and how a text that begins with `$` stands for it. */
class Variables {
    private val kept = mutableMapOf<String, JsonElement>()

    fun keep(name: String, result: JsonElement, path: String) {
        kept[name] = path.split('.').filter(String::isNotEmpty).fold(result, ::into)
    }

    fun fill(element: JsonElement): JsonElement =
        when (element) {
            is JsonArray -> JsonArray(element.map(::fill))
            is JsonObject -> JsonObject(element.mapValues { fill(it.value) })
            is JsonPrimitive ->
                element.takeUnless { it.isString && it.content.startsWith('$') } ?: named(element.content.drop(1))
        }

    /** As [fill]; a `with` may also say, at any depth, how often a text is repeated. */
    fun fillArguments(arguments: JsonObject): JsonObject =
        JsonObject((fill(arguments) as JsonObject).mapValues { repeated(it.value) })

    private fun repeated(element: JsonElement): JsonElement {
        if (element !is JsonObject) return element
        if (element.keys != setOf("repeat", "count")) return JsonObject(element.mapValues { repeated(it.value) })
        return JsonPrimitive(element.getValue("repeat").text().repeat(element.getValue("count").jsonPrimitive.int))
    }

    private fun named(name: String): JsonElement = kept[name] ?: unknown("the variable $name")

    private fun into(element: JsonElement, step: String): JsonElement =
        when (element) {
            is JsonArray -> element.getOrNull(step.toIntOrNull() ?: -1)
            is JsonObject -> element[step]
            else -> null
        } ?: mismatch("nothing to keep at `$step` of $element")
}
