package org.taptill.contract

import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.int
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long

/** Where [result] is not what is [expected], and nothing where it is. */
fun difference(result: JsonElement, expected: JsonElement, at: String = "result"): String? =
    when (expected) {
        is JsonNull -> "$at is $result and should be nothing".takeIf { result != JsonNull }
        is JsonPrimitive -> "$at is $result and should be $expected".takeIf { result != expected }
        is JsonArray -> differenceOfLists(result, expected, at)
        is JsonObject ->
            if ("?" in expected) differenceOfRule(result, expected, at) else differenceOfObjects(result, expected, at)
    }

private fun differenceOfLists(result: JsonElement, expected: JsonArray, at: String): String? =
    if (result !is JsonArray || result.size != expected.size) "$at is $result and should have ${expected.size} entries"
    else expected.indices.firstNotNullOfOrNull { difference(result[it], expected[it], "$at.$it") }

private fun differenceOfObjects(result: JsonElement, expected: JsonObject, at: String): String? =
    if (result !is JsonObject) "$at is $result and should have ${expected.keys}"
    else
        expected.entries.firstNotNullOfOrNull { (key, value) -> difference(result[key] ?: JsonNull, value, "$at.$key") }

private fun differenceOfRule(result: JsonElement, expected: JsonObject, at: String): String? {
    val rule = Keys("rule", expected)
    val kind = rule.wanted("?")
    val value =
        if (kind == "some") null
        else rule.value("value") ?: if ("value" in expected) JsonNull else unknown("rule without value")
    rule.done()
    val holds =
        when (kind) {
            "some" -> result != JsonNull
            "not" -> difference(result, value!!, at) != null
            "contains" -> result is JsonPrimitive && result.isString && value!!.text() in result.content
            "length" -> result is JsonArray && result.size == value!!.jsonPrimitive.int
            "least" ->
                result is JsonPrimitive &&
                    !result.isString &&
                    result != JsonNull &&
                    result.long >= value!!.jsonPrimitive.long
            else -> unknown("the rule $kind")
        }
    return "$at is $result and should be $expected".takeUnless { holds }
}
