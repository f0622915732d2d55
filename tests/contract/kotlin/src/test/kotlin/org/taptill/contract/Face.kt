package org.taptill.contract

import kotlin.time.Duration.Companion.milliseconds
import kotlinx.coroutines.TimeoutCancellationException
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import org.taptill.Sale
import org.taptill.Secret
import org.taptill.Till
import org.taptill.core.Amount
import org.taptill.core.CardChannel
import org.taptill.core.Desk
import org.taptill.core.Display
import org.taptill.core.FieldName
import org.taptill.core.Intent
import org.taptill.core.Language
import org.taptill.core.ListQuery
import org.taptill.core.ReceiptCopy
import org.taptill.core.ReceiptRequest
import org.taptill.core.ReceiptWidth
import org.taptill.core.SaleOrder
import org.taptill.core.Screen
import org.taptill.core.VoidOrder
import org.taptill.core.describeError
import org.taptill.core.errorCodes
import org.taptill.core.factsOf
import org.taptill.testing.StandTill

/** The calls of the face, on the one till, operation and desk of a case. */
class Face(
    private val place: StandTill,
    private val ports: FaultyPorts,
    private val screens: Log<Screen>,
    private val patienceMs: Long,
) {
    private var till: Till? = null
    private var sale: Sale? = null
    private var desk: Desk? = null
    private val after = After(this, Goodbyes(this, place.home, ports), place.home)

    val hasDesk: Boolean
        get() = desk != null

    suspend fun call(name: String, with: Keys): JsonElement = written(answer(name, with))

    /** Every argument is asked for before the face is called, so that one that is none fails the case first. */
    private suspend fun answer(name: String, with: Keys): Any? =
        when (name) {
            "provision" -> provisioning(with.nested("file")).let { with.done().also { _ -> provision(it) } }
            "inspect" -> with.done().let { Till.inspect(place.home, ports.ports) }
            "open" -> with.done().also { till = Till.open(place.home, ports.ports) }
            "state" -> with.done().let { till().state }
            "info" -> with.done().let { till().info }
            "verify" -> with.done().let { till().verify() }
            "close" -> with.done().also { till().close() }
            "start_sale" -> order(with).let { order -> start(order) }
            "await_outcome" -> with.done().let { limited { sale().outcome() } }
            "cancel_operation" -> with.done().let { sale().cancel() }
            "cancel" -> attempt(with).let { till().cancel(it) }
            "status" -> attempt(with).let { till().status(it) }
            "list" -> query(with).let { till().list(it) }
            "resolve" -> with.done().let { limited { till().resolve() } }
            "receipt" -> receipt(with)
            "events_after" -> events(with)
            "acknowledge" -> with.long("cursor")!!.toULong().let { with.done().also { _ -> till().acknowledge(it) } }
            "collision" -> with.done().also { till().collision() }
            "facts_of" -> with.wanted("code").let { with.done().let { _ -> factsOf(it) } }
            "describe" -> describe(with)
            "error_codes" -> with.done().let { errorCodes() }
            "desk_open" -> language(with).let { with.done().also { _ -> openDesk(it) } }
            "desk_send" -> intent(with).let { with.done().also { _ -> desk().send(it) } }
            "desk_enter" -> enter(with)
            "desk_recovery_code" -> with.done().let { desk().recoveryCode()?.use(People::text) }
            "desk_screen" -> with.done().let { desk().screen() }
            "desk_provision" -> with.done().also { secret().use { it.lend(desk()::provision) } }
            "desk_close" -> with.done().also { desk().shut() }
            else -> after.answer(name, with)
        }

    fun till(): Till = till ?: unknown("a till that was never opened")

    /** To the desk, where one is open, else to the terminal. */
    fun present(channel: CardChannel): Unit = desk?.present(ports.ports.guarded(channel)) ?: till().present(channel)

    fun collide(): Unit = desk?.collision() ?: till().collision()

    suspend fun provision(secret: Secret = secret()): Unit = secret.use { Till.provision(place.home, it, ports.ports) }

    /** A person types. */
    fun enter(field: FieldName, typed: String): Unit =
        Secret.of(typed.toByteArray()).use { secret -> secret.lend { desk().enter(field, it) } }

    fun send(intent: Intent): Unit = desk().send(intent)

    fun closeAll() {
        after.close()
        sale?.close()
        runCatching { till?.close() }
        runCatching { desk?.shut() }
        desk?.destroy()
    }

    suspend fun start(order: SaleOrder): JsonObject = begun(till().begin(order))

    suspend fun startVoid(order: VoidOrder): JsonObject = begun(till().beginVoid(order))

    private fun begun(begun: Sale): JsonObject {
        sale?.close()
        sale = begun
        return entries("attempt" to begun.attempt)
    }

    fun sale(): Sale = sale ?: unknown("an operation that was never begun")

    private fun desk(): Desk = desk ?: unknown("a desk that was never opened")

    private fun secret(): Secret = Secret.of(place.provisioning.readBytes())

    private fun provisioning(file: Keys?): Secret {
        if (file == null) return secret()
        val cut = file.number("cut")
        val text = file.text("text")
        val swap = (file.value("swap") as? kotlinx.serialization.json.JsonArray)?.map { it.text() }
        file.done()
        if (listOfNotNull(cut, text, swap).size != 1) unknown("a file that is not made in one way")
        return Secret.of(
            when {
                text != null -> text.toByteArray()
                cut != null -> place.provisioning.readBytes().copyOf(cut)
                swap != null -> swapped(swap[0], swap[1])
                else -> unknown("a file that is made of nothing")
            }
        )
    }

    private fun swapped(old: String, new: String): ByteArray {
        val text = place.provisioning.readText()
        if (old !in text) unknown("a swap of what is not in the file: $old")
        return text.replaceFirst(old, new).toByteArray()
    }

    private fun openDesk(language: Language) {
        val display =
            object : Display {
                override fun show(screen: Screen): Unit = screens.add(screen)
            }
        desk = Desk.open(place.home.path, ports.ports.guarded(ports.ears), language, ports.ports.guarded(display))
    }

    private suspend fun receipt(with: Keys): String {
        val width = word(with.text("width") ?: "c32", ReceiptWidth.entries)
        val copy = word(with.text("copy") ?: "customer", ReceiptCopy.entries)
        val language = language(with)
        return till().receipt(attempt(with), ReceiptRequest(width, language, copy))
    }

    private suspend fun events(with: Keys): Any {
        val cursor = with.long("cursor")?.toULong()
        val limit = (with.long("limit") ?: 100).toUInt()
        with.done()
        return till().eventsAfter(cursor, limit)
    }

    private fun enter(with: Keys) {
        val field = word(with.wanted("field"), FieldName.entries)
        val typed = with.wanted("text")
        with.done()
        enter(field, typed)
    }

    private fun describe(with: Keys): Any {
        val code = with.wanted("code")
        val language = language(with)
        with.done()
        return describeError(factsOf(code), language)
    }

    suspend fun <T> limited(call: suspend () -> T): T =
        try {
            withTimeout(patienceMs.milliseconds) { call() }
        } catch (late: TimeoutCancellationException) {
            throw Broken(Kind.TIMEOUT, "no answer in time")
        }

    companion object {
        fun order(with: Keys): SaleOrder {
            val amount = Amount(with.long("minor") ?: unknown("a sale of nothing"), with.text("currency") ?: "CNY")
            return SaleOrder(with.text("attempt"), amount, with.text("order")).also { with.done() }
        }

        fun <E : Enum<E>> word(word: String, all: List<E>): E =
            all.find { it.name == word.uppercase() } ?: unknown("the word $word")

        fun language(with: Keys): Language = word(with.text("language") ?: "en", Language.entries)

        private fun attempt(with: Keys): String = with.wanted("attempt").also { with.done() }

        private fun query(with: Keys): ListQuery =
            ListQuery(
                    (with.long("limit") ?: 20).toUInt(),
                    with.long("from_ms"),
                    with.long("to_ms"),
                    with.text("order"),
                    with.text("cursor"),
                )
                .also { with.done() }

        private fun intent(with: Keys): Intent =
            when (val word = with.wanted("intent")) {
                "digit" -> Intent.Digit((with.number("digit") ?: unknown("a digit that is none")).toUByte())
                "open" -> Intent.Open(with.wanted("attempt"))
                "receipt" -> Intent.Receipt(with.wanted("attempt"))
                "use_language" -> Intent.UseLanguage(language(with))
                "operator" -> Intent.Operator(with.wanted("name"))
                "to_reset_operator" -> Intent.ToResetOperator(with.wanted("name"))
                "reset_operator" -> Intent.ResetOperator(with.wanted("name"))
                "remove_operator" -> Intent.RemoveOperator(with.wanted("name"))
                "remove_and_rotate" -> Intent.RemoveAndRotate(with.wanted("name"))
                "add_operator" -> Intent.AddOperator(People.role(with))
                "sign_in_by_biometric" -> Intent.SignInByBiometric
                "unlock_by_biometric" -> Intent.UnlockByBiometric
                "to_enrol_biometric" -> Intent.ToEnrolBiometric
                "enrol_biometric" -> Intent.EnrolBiometric
                "forget_biometric" -> Intent.ForgetBiometric
                "to_new_recovery_code" -> Intent.ToNewRecoveryCode
                "new_recovery_code" -> Intent.NewRecoveryCode
                "accept_roll_back" -> Intent.AcceptRollBack
                "double_zero" -> Intent.DoubleZero
                "backspace" -> Intent.Backspace
                "charge" -> Intent.Charge
                "cancel" -> Intent.Cancel
                "new_sale" -> Intent.NewSale
                "try_again" -> Intent.TryAgain
                "history" -> Intent.History
                "older_page" -> Intent.OlderPage
                "newer_page" -> Intent.NewerPage
                "settings" -> Intent.Settings
                "resolve" -> Intent.Resolve
                "verify" -> Intent.Verify
                "back" -> Intent.Back
                "provision" -> Intent.Provision
                "claim" -> Intent.Claim
                "sign_in" -> Intent.SignIn
                "unlock" -> Intent.Unlock
                "lock" -> Intent.Lock
                "sign_out" -> Intent.SignOut
                "switch_operator" -> Intent.SwitchOperator
                "to_change_password" -> Intent.ToChangePassword
                "change_password" -> Intent.ChangePassword
                "to_recover" -> Intent.ToRecover
                "recover" -> Intent.Recover
                "written" -> Intent.Written
                "operators" -> Intent.Operators
                "to_add_operator" -> Intent.ToAddOperator
                "foreground" -> Intent.Foreground
                "background" -> Intent.Background
                "reader_off" -> Intent.ReaderOff
                "reader_ready" -> Intent.ReaderReady
                else -> unknown("the intent $word")
            }
    }
}
