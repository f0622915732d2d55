package org.taptill.testing

import java.io.BufferedReader
import java.io.File
import java.net.InetSocketAddress
import java.net.Socket
import java.util.concurrent.TimeUnit
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import kotlinx.serialization.json.put

/** A fresh till folder, the acquirer's file for it, and the address of its own running host. */
public class StandTill(public val home: File, public val provisioning: File, public val host: String)

/** What a stand refused, in its words. */
public class StandRefusal(message: String) : RuntimeException(message)

/**
 * The sandbox as a child process: tills with hosts of their own, and simulated cards on sockets. It ends with this
 * process, or by [close].
 *
 * Cards listen for as long as the stand runs. Whatever the stand refuses is thrown. Evidence: `SaleTest`, and the
 * contract.
 */
public class Stand private constructor(private val process: Process, private val socket: Socket) : AutoCloseable {
    private val answers: BufferedReader = socket.getInputStream().bufferedReader()
    private val cards = mutableMapOf<String, Card>()

    /** Says one thing to the stand and answers with what it said. */
    @Synchronized
    public fun ask(wish: JsonObject): JsonObject {
        socket.getOutputStream().apply {
            write("$wish\n".toByteArray())
            flush()
        }
        val answer = answers.readLine() ?: throw StandRefusal("the stand has ended")
        val said = Json.parseToJsonElement(answer).jsonObject
        return said["error"]?.let { throw StandRefusal(it.text()) } ?: said
    }

    /** A fresh till with a host of its own, speaking [dialect] where one is named. */
    public fun till(dialect: String? = null): StandTill {
        val made = ask("till") { dialect?.let { put("dialect", it) } }
        return StandTill(File(made.text("home")), File(made.text("provisioning")), made.text("host"))
    }

    /** A fresh simulated card of this name, which listens for as long as the stand runs. */
    public fun card(name: String): Card = Card(address(ask("card") { put("name", name) }.text("address")))

    /** A tap of the one simulated card of this name that all who ask here share. */
    @Synchronized public fun tap(name: String): SocketCard = cards.getOrPut(name) { card(name) }.tap()

    /** A simulated card: each tap is a connection of its own. */
    public class Card(private val address: InetSocketAddress) {
        /** Holds it to the reader. */
        public fun tap(answerWithinMs: Int = ANSWER_WITHIN_MS): SocketCard = SocketCard(address, answerWithinMs)
    }

    /** Makes the host misbehave in its next [count] dialogues. */
    public fun hostNext(till: StandTill, kind: String, count: Int = 1) {
        ask("host") {
            put("home", till.home.path)
            put("next", kind)
            put("count", count)
        }
    }

    /** Stops the host. */
    public fun hostStop(till: StandTill) {
        ask("host") {
            put("home", till.home.path)
            put("stop", true)
        }
    }

    /** Starts the host again, at the same address. */
    public fun hostStart(till: StandTill) {
        ask("host") {
            put("home", till.home.path)
            put("start", true)
        }
    }

    /** What the host has booked, an entry an attempt, oldest first. */
    public fun book(till: StandTill): JsonArray =
        ask("book") { put("home", till.home.path) }.getValue("entries").jsonArray

    /** What the host charges its customers now, in minor units. */
    public fun netMinor(till: StandTill): Long =
        book(till).sumOf { it.jsonObject.getValue("net_minor").jsonPrimitive.long }

    override fun close() {
        socket.close()
        process.outputStream.close()
        check(process.waitFor(SECONDS_TO_END, TimeUnit.SECONDS)) {
            "the stand does not end when its standard input does"
        }
    }

    private fun ask(what: String, more: kotlinx.serialization.json.JsonObjectBuilder.() -> Unit): JsonObject =
        ask(
            buildJsonObject {
                put("do", what)
                more()
            }
        )

    public companion object {
        private const val SECONDS_TO_END = 30L
        private const val ANSWER_WITHIN_MS = 2_000

        /** Starts one: the sandbox of this clone, or the program that `TAPTILL_BIN` names. */
        public fun start(): Stand {
            val program = System.getenv("TAPTILL_BIN") ?: File(System.getProperty("taptill.library"), "taptill").path
            val process = ProcessBuilder(program, "stand").redirectError(ProcessBuilder.Redirect.INHERIT).start()
            val first = process.inputReader().readLine() ?: error("$program stand said nothing")
            val address = address(Json.parseToJsonElement(first).jsonObject.text("address"))
            return Stand(process, Socket(address.address, address.port).apply { tcpNoDelay = true })
        }

        internal fun address(text: String): InetSocketAddress =
            InetSocketAddress(text.substringBeforeLast(':'), text.substringAfterLast(':').toInt())
    }
}

private fun JsonObject.text(name: String): String = getValue(name).text()

private fun JsonElement.text(): String = (this as? JsonPrimitive)?.jsonPrimitive?.content ?: toString()
