// Money given back: asked for by one, approved by another, who proves who it is. On a phone, the ports come from
// `org.taptill.android`, the acquirer's file from the acquirer, and the card from the NFC reader.

package refund

import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.flow.filterIsInstance
import kotlinx.coroutines.launch
import org.taptill.Secret
import org.taptill.Till
import org.taptill.core.Amount
import org.taptill.core.Notice
import org.taptill.core.OperatorRole
import org.taptill.core.RefundOf
import org.taptill.core.RefundState
import org.taptill.core.SaleOrder
import org.taptill.core.TillException
import org.taptill.facts
import org.taptill.testing.Stand
import org.taptill.testing.desktopPorts

suspend fun main() {
    Stand.start().use { stand ->
        val place = stand.till()
        val ports = desktopPorts()
        Secret.of(place.provisioning.readBytes()).use { Till.provision(place.home, it, ports) }
        Till.open(place.home, ports).use { till ->
            // Alice answers for the shop; bob sells, and may ask for money to be given back.
            val alices = Secret.of("correct horse battery 9".toCharArray())
            val bobs = Secret.of("tall ships sail at 7 bells".toCharArray())
            till.people.claim("alice", alices).use { it.wipe() }
            till.people.addOperator("bob", OperatorRole.CASHIER, bobs, isTemporary = false)
            till.people.signIn("bob", bobs)
            giveBack(till, stand, alices)
            alices.close()
            bobs.close()
        }
    }
}

suspend fun giveBack(till: Till, stand: Stand, alices: Secret) = coroutineScope {
    // A customer who holds a card to the reader whenever its field is on.
    val customer =
        launch(start = CoroutineStart.UNDISPATCHED) {
            till.notices.filterIsInstance<Notice.FieldOn>().collect { till.present(stand.tap("visa")) }
        }
    val sale = till.sell(SaleOrder(attempt = null, Amount(12_30, "CNY"), order = "A-17")).attempt
    customer.cancel()

    val asked = till.refunds.request(RefundOf.Attempt(sale), Amount(2_30, "CNY"))
    val refused = runCatching { till.refunds.approve(asked.refund) }.exceptionOrNull()
    check((refused as TillException).facts.code == "not_permitted")
    val done = till.refunds.approveAs(asked.refund, "alice", alices)
    check(done.state == RefundState.ACKNOWLEDGED && till.status(sale).refundedMinor == 2_30L)
    println("12.30 sold, 2.30 asked back by bob and given back by alice's word")
}
