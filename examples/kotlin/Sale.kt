// A sale, a decline, and a payment whose answer is lost, seen to its end. On a phone, the ports come from
// `org.taptill.android`, the
// acquirer's file from the acquirer, and the card from the NFC reader; here all three are the sandbox's.

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.launch
import org.taptill.Secret
import org.taptill.Till
import org.taptill.core.Amount
import org.taptill.core.AttemptState
import org.taptill.core.Notice
import org.taptill.core.SaleOrder
import org.taptill.testing.Stand
import org.taptill.testing.desktopPorts

suspend fun main() {
    Stand.start().use { stand ->
        val place = stand.till()
        val ports = desktopPorts()
        Secret.of(place.provisioning.readBytes()).use { Till.provision(place.home, it, ports) }
        Till.open(place.home, ports).use { till ->
            // A new till is nobody's until it is claimed; the recovery code is for paper.
            val password = Secret.of("correct horse battery 9".toCharArray())
            password.use { till.people.claim("alice", it) }.use { it.wipe() }
            sellThrice(till, stand) { stand.hostNext(place, "no-answer") }
            till.people.signOut()
        }
    }
}

suspend fun sellThrice(till: Till, stand: Stand, loseTheAnswer: () -> Unit) = coroutineScope {
    // A customer who holds a card to the reader whenever its field is on.
    val customer =
        launch(start = CoroutineStart.UNDISPATCHED) {
            till.notices.filterIsInstance<Notice.FieldOn>().collect { till.present(stand.tap("visa")) }
        }

    val sold = till.sell(SaleOrder(attempt = null, Amount(12_30, "CNY"), order = "A-17"))
    check(sold.state == AttemptState.APPROVED)

    val declined = till.sell(SaleOrder(attempt = null, Amount(1000_51, "CNY"), order = "A-18"))
    check(declined.state == AttemptState.DECLINED)

    loseTheAnswer()
    val lost = till.sell(SaleOrder(attempt = null, Amount(8_80, "CNY"), order = "A-19"))
    check(lost.state == AttemptState.IN_DOUBT || lost.state == AttemptState.REVERSAL_DUE)
    till.resolve()
    check(till.status(lost.attempt).state == AttemptState.REVERSED)

    println("12.30 approved, 1000.51 declined, 8.80 not known and then reversed")
    customer.cancel()
}
