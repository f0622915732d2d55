package org.taptill.contract

import java.io.File
import kotlinx.coroutines.runBlocking
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.boolean
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import org.taptill.core.TillException
import org.taptill.testing.Stand
import org.taptill.testing.StandRefusal

/** Runs cases and counts; says why one does not hold. Evidence: the controls of the contract, and `ContractTest`. */
class Interpreter(private val stand: Stand, private val say: (String) -> Unit) {
    var passed = 0
        private set

    var failed = 0
        private set

    private val names = mutableSetOf<String>()

    fun run(file: File) {
        val isControl = file.parentFile.name == "controls"
        val whole = Keys(file.name, Json.parseToJsonElement(file.readText()).jsonObject)
        val cases = whole.value("cases")?.jsonArray ?: unknown("${file.name} without cases")
        whole.done()
        cases.forEach { run(it.jsonObject, isControl) }
    }

    private fun run(case: JsonObject, isControl: Boolean) {
        val name = case["name"]?.text() ?: unknown("a case without name in the files")
        if (!names.add(name)) unknown("two cases named $name")
        if (isControl != ("breaks" in case)) unknown("$name: `breaks` is for controls, and for each of them")
        val breaks = case["breaks"]?.text()?.let { Face.word(it, Kind.entries) }
        val broken = outcome(case)
        if (broken?.kind == breaks) {
            passed++
        } else {
            failed++
            say("$name: ${broken?.message ?: "holds and should break as $breaks"}")
        }
    }

    private fun outcome(case: JsonObject): Broken? =
        try {
            runBlocking { walk(Keys("case", case)) }
            null
        } catch (broken: Broken) {
            broken
        } catch (refused: StandRefusal) {
            Broken(Kind.UNKNOWN, "the stand: ${refused.message}")
        } catch (thrown: Exception) {
            Broken(Kind.MISMATCH, thrown.stackTraceToString())
        }

    private suspend fun walk(case: Keys) {
        case.text("name")
        case.text("breaks")
        val begin = case.text("begin") ?: "open"
        val hasReader = case.value("reader")?.jsonPrimitive?.boolean ?: false
        val patienceMs = case.long("patience_ms") ?: PATIENCE_MS
        val around = Around(stand, stand.till(case.text("dialect")), patienceMs, hasReader)
        val steps = case.value("steps")?.jsonArray ?: unknown("a case without steps")
        case.done()
        try {
            val variables = Variables()
            begin(begin, around, variables)
            steps.forEachIndexed { index, step ->
                try {
                    step(step.jsonObject, around, variables)
                } catch (broken: Broken) {
                    throw Broken(broken.kind, "step ${index + 1}: ${broken.message}")
                }
            }
        } finally {
            around.end()
        }
    }

    private suspend fun begin(how: String, around: Around, variables: Variables) {
        val calls = BEGINNINGS[how] ?: unknown("the beginning $how")
        for (call in calls) {
            val gave = around.face.call(call, Keys("begin", JsonObject(emptyMap())))
            if (call == "claim") variables.keep("recovery", gave, "recovery")
        }
    }

    private suspend fun step(step: JsonObject, around: Around, variables: Variables) {
        val keys = Keys("step", step)
        val call = keys.text("call")
        val happening = keys.text("do")
        if ((call == null) == (happening == null)) unknown("a step that is not one of `call` and `do`")
        val with = Keys("with", variables.fillArguments(keys.value("with") as? JsonObject ?: JsonObject(emptyMap())))
        val gives = step["gives"].also { keys.value("gives") }?.let(variables::fill)
        val fails = keys.value("fails")?.let(variables::fill)
        val keep = (keys.value("keep") as? JsonObject).orEmpty().mapValues { it.value.text() }
        keys.done()
        val result = result { if (call != null) around.face.call(call, with) else around.happen(happening!!, with) }
        result.exceptionOrNull()?.let { refused ->
            if (refused !is TillException) throw refused
            val error = written(refused)
            difference(error, fails ?: mismatch("failed with $error"), "error")?.let(::mismatch)
            return
        }
        val value: JsonElement = result.getOrThrow()
        if (fails != null) mismatch("did not fail but gave $value")
        gives?.let { difference(value, it) }?.let(::mismatch)
        keep.forEach { (variable, path) -> variables.keep(variable, value, path) }
    }

    private suspend fun result(call: suspend () -> JsonElement): Result<JsonElement> = runCatching { call() }

    private companion object {
        const val PATIENCE_MS = 20_000L

        val BEGINNINGS =
            mapOf(
                "open" to listOf("provision", "open", "claim"),
                "signed_out" to listOf("provision", "open", "claim", "sign_out"),
                "claimed" to listOf("provision", "open", "claim", "close"),
                "unclaimed" to listOf("provision", "open"),
                "provisioned" to listOf("provision"),
                "fresh" to listOf(),
            )
    }
}
