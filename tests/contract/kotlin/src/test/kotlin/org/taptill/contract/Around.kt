package org.taptill.contract

import java.util.concurrent.TimeUnit
import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlinx.serialization.json.long
import org.taptill.core.Amount
import org.taptill.core.AttemptState
import org.taptill.core.BatchState
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.ListQuery
import org.taptill.core.Posture
import org.taptill.core.SaleOrder
import org.taptill.core.Screen
import org.taptill.core.Standing
import org.taptill.core.TillException
import org.taptill.facts
import org.taptill.testing.SocketCard
import org.taptill.testing.Stand
import org.taptill.testing.StandTill

/** What happens around the face: cards, the host, ports that fail, and what was heard and shown. */
class Around(private val stand: Stand, private val place: StandTill, private val patienceMs: Long, hasReader: Boolean) {
    private val heard = Log<String>()
    private val screens = Log<Screen>()
    private val reader = if (hasReader) WaitingReader(stand) else null
    val ports = FaultyPorts(heard, reader)
    val face = Face(place, ports, screens, patienceMs)

    private var card: Stand.Card? = null
    private var tap: TapChannel? = null
    private val connections = mutableListOf<SocketCard>()
    private var fieldsUsed = 0
    private var screensUsed = 0
    private var noticesTaken = 0

    suspend fun happen(name: String, with: Keys): JsonElement {
        when (name) {
            "tap" -> tap(with)
            "collide" -> with.done().also { fieldIsOn().also { face.collide() } }
            "paused" -> with.done().also { paused() }
            "release" -> with.done().also { tap().release() }
            "heard" -> hear(with)
            "host",
            "files" -> toldToStand(name, with.all())
            "agree" -> with.done().also { agree() }
            "network" -> ports.posture = Face.word(with.wanted("posture"), Posture.entries).also { with.done() }
            "clock" -> ports.shifts = shifts(with)
            "kinds" -> kinds(with)
            "rotate_keys" -> with.done().also { onceKeysRest { face.till().people.rotateKeys() } }
            "renew_passwords" -> with.done().also { onceKeysRest { face.till().incident.renewPasswords() } }
            "desk_sign_in" -> deskSignIn(with)
            "port" -> {
                val (port, method, fault) =
                    listOf(with.text("port"), with.text("method"), with.text("fault")).also { with.done() }
                ports.fail(port ?: unknown("a port without name"), method, fault)
            }
            "lose_keys" -> with.done().also { ports.loseKeys() }
            "fill" -> fill(with)
            "reads" -> reads(with)
            "asked" -> with.done().also { asked() }
            else -> return answer(name, with)
        }
        return NOTHING
    }

    private suspend fun answer(name: String, with: Keys): JsonElement =
        when (name) {
            "wait_state" -> waitState(with)
            "wait_standing" -> waitStanding(with)
            "wait_batch" -> waitBatch(with)
            "statement",
            "acquirer" -> toldToStand(name, with.all())
            "exported" -> with.done().let { exported() }
            "closings" -> with.done().let { toldToStand("book", JsonObject(emptyMap())).getValue("batches") }
            "book" -> with.done().let { stand.book(place) }
            "count_pages" -> countPages(with)
            "count_events" -> countEvents(with)
            "screen" -> screen(with.all())
            else -> unknown("the step $name")
        }

    fun end() {
        tap?.release()
        reader?.cancel()
        face.closeAll()
        connections.forEach { it.close() }
    }

    /** Waits for a field that no tap has used yet, and uses it. */
    private fun fieldIsOn() {
        if (face.hasDesk) {
            screensUsed =
                screens.await(patienceMs, "a screen with the field on") { shown ->
                    shown.size.takeIf { it > screensUsed && shown.last().fieldOn }
                }
        } else {
            fieldsUsed =
                heard.await(patienceMs, "the field on") { notices ->
                    (notices.lastIndexOf("field_on") + 1).takeIf { it > fieldsUsed }
                }
        }
    }

    private fun tap(with: Keys) {
        val name = with.text("card")
        val again = with.value("again")?.jsonPrimitive?.content == "true"
        val pauseAt = with.number("pause_at")
        val fault = with.text("fault")
        val at = with.number("at") ?: 1
        with.done()
        if (again == (name != null)) unknown("a tap that is not one of a card and the last one again")
        val held = (if (again) card else stand.card(name!!)) ?: unknown("a card that was never held")
        fieldIsOn()
        card = held
        val connection = held.tap(ANSWER_WITHIN_MS).also(connections::add)
        tap = TapChannel(connection, pauseAt, fault, at).also(face::present)
    }

    private fun tap(): TapChannel = tap ?: unknown("a tap that never was")

    private fun paused() {
        if (!tap().awaitPause(patienceMs)) throw Broken(Kind.TIMEOUT, "the card never stood still")
    }

    private fun hear(with: Keys) {
        val wanted = (with.value("notices") as? JsonArray ?: unknown("no notices")).map { it.text() }
        with.done()
        noticesTaken = heard.await(patienceMs, "waited for $wanted") { notices -> behind(notices, wanted) }
    }

    /** Where the notices behind those that are taken have all that are [wanted], in order. */
    private fun behind(notices: List<String>, wanted: List<String>): Int? {
        var at = noticesTaken
        for (one in wanted) {
            while (at < notices.size && notices[at] != one) at++
            if (at++ >= notices.size) return null
        }
        return at
    }

    private fun reads(with: Keys) {
        val (card, fault, spoil) =
            listOf(with.text("card"), with.text("fault"), with.text("spoil")).also { with.done() }
        reader().comes(card, fault, spoil)
    }

    private fun asked() {
        if (!reader().awaitAsked(patienceMs)) throw Broken(Kind.TIMEOUT, "the reader was never asked")
    }

    private fun reader(): WaitingReader = reader ?: unknown("a reader that the case does not lend")

    /** What the customers are charged and what the till says they are charged. */
    private suspend fun agree() {
        val charged = stand.book(place).map { it.jsonObject }.filter { it.getValue("net_minor").jsonPrimitive.long > 0 }
        val booked =
            charged.map { entry -> listOf("batch", "stan", "net_minor").map { entry.getValue(it).jsonPrimitive.long } }
        val approved = face.till().list(ListQuery(PAGE_MAX)).attempts.filter { it.state == AttemptState.APPROVED }
        val told = approved.map { listOf(it.batch!!.toLong(), it.stan!!.toLong(), it.amount.minor) }
        if (booked.toSet() != told.toSet() || booked.size != told.size)
            mismatch("the host charges $booked, the till says $told")
    }

    private suspend fun fill(with: Keys) {
        val count = with.long("count") ?: unknown("no count")
        with.done()
        for (minor in 1..count) {
            face.start(SaleOrder(null, Amount(minor, "CNY"), null))
            face.sale().cancel()
        }
    }

    private fun shifts(with: Keys): Shifts =
        Shifts(with.long("shift_ms") ?: 0, with.long("mono_shift_ms") ?: 0, with.long("boots") ?: 0).also {
            with.done()
        }

    /** What was handed out, each file as a text. */
    private fun exported(): JsonElement =
        JsonObject(ports.exported.mapValues { JsonPrimitive(it.value.toString(Charsets.UTF_8)) })

    /** What is the stand's to understand. */
    private fun toldToStand(what: String, wish: JsonObject): JsonObject =
        stand.ask(JsonObject(wish + mapOf("do" to JsonPrimitive(what), "home" to JsonPrimitive(place.home.path))))

    private suspend fun waitState(with: Keys): JsonElement {
        val attempt = with.wanted("attempt")
        val state = Face.word(with.wanted("state"), AttemptState.entries)
        with.done()
        return ask("$attempt is never $state") { face.till().status(attempt).takeIf { it.state == state } }
    }

    private suspend fun waitStanding(with: Keys): JsonElement {
        val standing = Face.word(with.wanted("standing"), Standing.entries)
        with.done()
        return ask("it is never $standing") { face.till().state.takeIf { it.standing == standing } }
    }

    private suspend fun waitBatch(with: Keys): JsonElement {
        val number = with.long("number")?.toUInt()
        val state = Face.word(with.wanted("state"), BatchState.entries)
        with.done()
        return ask("batch $number is never $state") {
            face.till().settlement.batch(number).takeIf { it.state == state }
        }
    }

    /** Makes a call that changes the keys, as soon as an earlier change is through. */
    private suspend fun onceKeysRest(call: suspend () -> Unit) {
        ask("an earlier change is never through") {
            try {
                call()
            } catch (refused: TillException) {
                if (refused.facts.code != "key_rotation_unfinished") throw refused
                null
            }
        }
    }

    /** Asks until there is an answer. */
    private suspend fun ask(never: String, question: suspend () -> Any?): JsonElement {
        try {
            return withTimeout(patienceMs.milliseconds) {
                var answer = question()
                while (answer == null) {
                    delay(ASK_AGAIN_MS.milliseconds)
                    answer = question()
                }
                written(answer)
            }
        } catch (late: TimeoutCancellationException) {
            throw Broken(Kind.TIMEOUT, never)
        }
    }

    private suspend fun kinds(with: Keys) {
        val wanted = (with.value("kinds") as? JsonArray ?: unknown("no kinds")).map { it.text() }
        with.done()
        val kinds = mutableListOf<String>()
        var cursor: ULong? = 0u
        do {
            val page = face.till().eventsAfter(cursor, PAGE_MAX)
            kinds += page.events.map { it.kind }
            cursor = page.events.lastOrNull()?.cursor ?: cursor
        } while (page.more)
        var left: List<String> = kinds
        for (kind in wanted) {
            if (kind !in left) mismatch("$kind does not follow in $kinds")
            left = left.drop(left.indexOf(kind) + 1)
        }
    }

    /** What a person does at the screen that asks who is there. */
    private fun deskSignIn(with: Keys) {
        val name = with.text("name") ?: People.ALICE
        val password = with.text("password") ?: People.ALICES_PASSWORD
        with.done()
        screen(JsonObject(mapOf("kind" to JsonPrimitive("sign_in"))))
        face.enter(FieldName.OPERATOR, name)
        face.enter(FieldName.PASSWORD, password)
        face.send(Intent.SignIn)
    }

    private suspend fun countPages(with: Keys): JsonElement {
        val limit = (with.long("limit") ?: unknown("no limit")).toUInt()
        val order = with.text("order")
        with.done()
        var pages = 0
        val attempts = mutableListOf<String>()
        var cursor: String? = null
        do {
            val page = face.till().list(ListQuery(limit, order = order, cursor = cursor))
            pages++
            attempts += page.attempts.map { it.attempt }
            cursor = page.next
        } while (cursor != null)
        return entries("pages" to pages, "attempts" to attempts.size, "distinct" to attempts.toSet().size)
    }

    private suspend fun countEvents(with: Keys): JsonElement {
        val limit = (with.long("limit") ?: unknown("no limit")).toUInt()
        with.done()
        var pages = 0
        val cursors = mutableListOf<ULong>()
        do {
            val page = face.till().eventsAfter(cursors.lastOrNull() ?: 0u, limit)
            pages++
            cursors += page.events.map { it.cursor }
        } while (page.more)
        return entries("pages" to pages, "events" to cursors.size, "distinct" to cursors.toSet().size)
    }

    private fun screen(wanted: JsonObject): JsonElement {
        val known = (written(EMPTY_SCREEN) as JsonObject).keys
        (wanted.keys - known).firstOrNull()?.let { unknown("a screen's $it") }
        return screens.await(patienceMs, "waited for $wanted") { shown ->
            shown.lastOrNull()?.let(::written)?.takeIf { difference(it, wanted) == null }
        }
    }

    private companion object {
        val ANSWER_WITHIN_MS = TimeUnit.SECONDS.toMillis(1).toInt()
        const val ASK_AGAIN_MS = 20L
        const val PAGE_MAX = 100u
    }
}

/** For the names of a screen's parts. */
private val EMPTY_SCREEN =
    Screen(
        org.taptill.core.ScreenKind.HISTORY,
        org.taptill.core.Tone.NEUTRAL,
        "",
        null,
        null,
        null,
        0u,
        false,
        emptyList(),
        emptyList(),
        null,
        false,
        "",
        emptyList(),
        false,
        org.taptill.core.Language.EN,
    )
