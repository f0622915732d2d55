package org.taptill

import java.io.File
import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.channels.BufferOverflow
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableSharedFlow
import kotlinx.coroutines.flow.SharedFlow
import kotlinx.coroutines.flow.asSharedFlow
import kotlinx.coroutines.flow.flow
import org.taptill.core.Attempt
import org.taptill.core.CardChannel
import org.taptill.core.Decision
import org.taptill.core.EventPage
import org.taptill.core.ListQuery
import org.taptill.core.Notice
import org.taptill.core.Observer
import org.taptill.core.Page
import org.taptill.core.ReceiptRequest
import org.taptill.core.Resolved
import org.taptill.core.SaleOrder
import org.taptill.core.Terminal
import org.taptill.core.TillEvent
import org.taptill.core.TillException
import org.taptill.core.TillInfo
import org.taptill.core.TillState
import org.taptill.core.Verified
import org.taptill.core.VoidOrder
import org.taptill.core.erasureCertificates
import org.taptill.core.inspectTill
import org.taptill.core.provisionTill

/**
 * An open till: the core, as an Android engineer expects to meet it.
 *
 * Its suspend functions may be called from any coroutine, also on the main thread: what blocks is done elsewhere.
 * Whatever fails, fails with a [TillException], or with a [VersionSkewException] where the loaded library is another
 * than this code was built for. Closing it ends the core's threads; whoever waits then hears `terminal_closed`, or that
 * the payment is in doubt and resolves by itself.
 *
 * It decides nothing. Evidence: `SaleTest`, `PeopleTest`, `CancellationTest`, `SoakTest`, and the contract.
 */
public class Till
private constructor(
    private val terminal: Terminal,
    private val ports: TillPorts,
    private val ears: Ears,
    border: Border,
) : AutoCloseable {
    private val calls = Calls(border, ears.bell)
    /** Of one who reads events: these calls ring for nobody, or they would wake themselves. */
    private val readings = Calls(border, Bell())
    private val payments = terminal.payments()
    private val feed = terminal.events()
    private val closed = AtomicBoolean()

    /** Operators, their passwords, and the session. */
    public val people: People = People(terminal.people(), calls)

    /** What a stranger needs to check the record. */
    public val proofs: Proofs = Proofs(terminal.proofs(), calls)

    /** Money that is given back. */
    public val refunds: Refunds = Refunds(terminal.refunds(), calls)

    /** Batches, and settling them with the acquirer. */
    public val settlement: Settlement = Settlement(terminal.settlement(), calls)

    /** The acquirer's or the bank's lines against the record. */
    public val statements: Statements = Statements(terminal.statements(), calls)

    /** Leaving the till. */
    public val leaving: Leaving = Leaving(terminal.leaving(), calls, ports)

    /** How the network is judged, and by what the host is known. */
    public val network: NetworkSafety = NetworkSafety(terminal.network(), calls)

    /** A bad day: the till frozen, and let go again. */
    public val incident: Incident = Incident(terminal.incident(), calls)

    /** What others can check of the record. */
    public val evidence: Evidence = Evidence(terminal.evidence(), calls)

    /** How often those who wait for events were woken, for a test that they sleep otherwise. */
    internal val rings: Long
        get() = ears.bell.heard

    /** How the till stands between nobody and somebody, in every state. Answers at once, from any thread. */
    public val state: TillState
        get() = readings.now { terminal.state() }

    /** What the till knows about itself; `till_unclaimed`, `till_locked`. Answers at once, from any thread. */
    public val info: TillInfo
        get() = readings.now { terminal.info() }

    /**
     * What the core says as it works: turn the field on or off, show this, an attempt has changed. For a screen or a
     * reader that listens now: a slow listener misses the oldest. What must not be missed is in [events].
     */
    public val notices: SharedFlow<Notice>
        get() = ears.notices

    /**
     * Begins a sale. The same attempt again gives its stored outcome and charges nothing.
     *
     * @throws TillException a refusal before anything has begun: of the amount, `attempt_conflict`, `till_busy`,
     *   `reversal_pending`.
     */
    public suspend fun begin(order: SaleOrder): Sale =
        calls.blocking { payments.startSale(order).let { Sale(it, calls, it.attempt()) } }

    /**
     * Sells, and answers with the attempt as it ended, or as it stands in doubt. A decline is an answer, not an error.
     *
     * A coroutine that is cancelled before the sale began begins nothing; later, it ends the attempt if it still can be
     * ended, and in either case waits for its end before the cancellation goes on: no money is lost between two
     * threads.
     *
     * @throws TillException as [begin] and [Sale.outcome].
     */
    public suspend fun sell(order: SaleOrder): Attempt = begin(order).use { it.outcomeOrCancel() }

    /**
     * Begins to take a whole sale of the open batch back. The same void again gives its stored outcome.
     *
     * @throws TillException `already_settled` and `attempt_has_refunds`, which name what to do instead,
     *   `attempt_not_approved`, `already_voided`, `void_in_doubt`, `not_permitted`.
     */
    public suspend fun beginVoid(order: VoidOrder): Sale =
        calls.blocking { payments.startVoid(order).let { Sale(it, calls, it.attempt()) } }

    /** Takes a whole sale of the open batch back, and answers with the void as it ended, as [sell] does. */
    public suspend fun voidSale(order: VoidOrder): Attempt = beginVoid(order).use { it.outcomeOrCancel() }

    /** Everything that waits to be finished with the host, and every stuck reversal, decided or not. */
    public suspend fun debts(): List<Attempt> = calls.blocking { payments.debts() }

    /** Says how an attempt has ended whose reversal is stuck; `not_stuck`, `already_decided`. A supervisor's. */
    public suspend fun decide(attempt: String, decision: Decision): Attempt =
        calls.blocking { payments.decide(attempt, decision) }

    /**
     * Ends an attempt that has not gone to the host yet; `too_late_to_cancel`, `attempt_already_finished` otherwise.
     */
    public suspend fun cancel(attempt: String): Attempt = calls.blocking { payments.cancel(attempt) }

    /** How an attempt stands; `attempt_unknown` where there is none of this name. */
    public suspend fun status(attempt: String): Attempt = calls.blocking { payments.status(attempt) }

    /** Attempts, newest first, in pages of 1 to 100. */
    public suspend fun list(query: ListQuery = ListQuery()): Page = calls.blocking { payments.list(query) }

    /**
     * Drives every debt with the host now. A debt that stays is no error. A coroutine that is cancelled meanwhile stops
     * nothing.
     */
    public suspend fun resolve(): Resolved = calls.awaiting { payments.resolve() }

    /** The slip of an attempt, as text. That it was printed is recorded. */
    public suspend fun receipt(attempt: String, request: ReceiptRequest): String =
        calls.blocking { payments.receipt(attempt, request) }

    /**
     * Verifies the whole record, in time proportional to it; `journal_damaged`, with the place, where it is not what
     * was written.
     */
    public suspend fun verify(): Verified = calls.blocking { terminal.verify() }

    /**
     * A card is in the field. Does not wait: may be called from the reader's thread, and from a port. One that nobody
     * waits for is let go.
     */
    public fun present(channel: CardChannel): Unit = calls.now { terminal.present(ports.guarded(channel)) }

    /** More than one card is in the field. Does not wait. */
    public fun collision(): Unit = calls.now { terminal.collision() }

    /**
     * What happened, oldest first, from the last acknowledged event on, also after a restart, without end. An event is
     * acknowledged when the collector has handled it and asks for the next one, so that each is handled at least once:
     * one that a crash interrupts comes again. Collect it in one place at a time, without a buffer behind it. It ends
     * when the till is closed, and fails with `till_locked` when nobody is signed in any more.
     */
    public fun events(): Flow<TillEvent> = flow {
        var cursor: ULong? = null
        while (true) {
            val heard = ears.bell.heard
            val page = reading { feed.after(cursor, EVENTS_PER_PAGE) } ?: break
            for (event in page.events) {
                emit(event)
                cursor = event.cursor
                reading { feed.acknowledge(event.cursor) } ?: return@flow
            }
            if (!page.more) ears.bell.ringAfter(heard)
        }
    }

    /** What happened after [cursor], for one who keeps cursors of its own; without one, after the last acknowledged. */
    public suspend fun eventsAfter(cursor: ULong?, limit: UInt): EventPage =
        readings.blocking { feed.after(cursor, limit) }

    /** Says that all events up to and with this cursor are handled. Durable when it returns. */
    public suspend fun acknowledge(cursor: ULong): Unit = readings.blocking { feed.acknowledge(cursor) }

    /** Nothing once the till is closed, which is no error for one who listens. */
    private suspend fun <T> reading(call: () -> T): T? =
        try {
            readings.blocking(call)
        } catch (refused: TillException) {
            if (closed.get()) null else throw refused
        }

    /**
     * Ends the core's threads, waits for them and closes the record. A second time does nothing. Blocks: not for the
     * main thread.
     */
    @Synchronized
    override fun close() {
        if (closed.getAndSet(true)) return
        try {
            calls.now { terminal.shut() }
        } finally {
            feed.destroy()
            payments.destroy()
            people.destroy()
            proofs.destroy()
            refunds.destroy()
            settlement.destroy()
            statements.destroy()
            leaving.destroy()
            network.destroy()
            incident.destroy()
            evidence.destroy()
            terminal.destroy()
            ears.bell.ring()
        }
    }

    /**
     * Hears the core for the till: rings the bell of the events, and passes the notice on. Called from the core's
     * thread.
     */
    private class Ears(private val app: Observer?) : Observer {
        val bell = Bell()
        private val heard =
            MutableSharedFlow<Notice>(extraBufferCapacity = NOTICES_KEPT, onBufferOverflow = BufferOverflow.DROP_OLDEST)
        val notices = heard.asSharedFlow()

        override fun hear(notice: Notice) {
            heard.tryEmit(notice)
            bell.ring()
            app?.hear(notice)
        }
    }

    public companion object {
        private const val EVENTS_PER_PAGE = 64u
        private const val NOTICES_KEPT = 64

        /**
         * Opens the till in the folder [home]. It is nobody's, or nobody is signed in: until somebody is, it tells its
         * [state] and lets [people] in, and that is all. What an earlier run left unfinished is taken up then.
         *
         * @throws TillException `not_provisioned`, `till_open_elsewhere`, `journal_damaged`, and the other errors of
         *   keys and storage.
         */
        public suspend fun open(
            home: File,
            ports: TillPorts,
            skew: VersionSkewHandler = VersionSkewHandler.Throwing,
        ): Till {
            val ears = Ears(ports.observer)
            val border = Border(skew)
            return Calls(border, ears.bell).blocking {
                Till(Terminal.open(home.path, ports.guarded(ears)), ports, ears, border)
            }
        }

        /**
         * Makes the till in the folder [home] this acquirer's. [provisioning] is the acquirer's file, all of it secret;
         * the caller closes it. The till is not open afterwards.
         *
         * @throws TillException what the provisioning is refused for, `already_provisioned`, and the errors of keys and
         *   storage.
         */
        public suspend fun provision(
            home: File,
            provisioning: Secret,
            ports: TillPorts,
            skew: VersionSkewHandler = VersionSkewHandler.Throwing,
        ): Unit =
            Calls(Border(skew), Bell()).blocking {
                provisioning.lend { provisionTill(home.path, it, ports.guarded(Ears(ports.observer))) }
            }

        /** The certificates of every till that was erased in the folder [home], in the order in which they were. */
        public suspend fun certificates(
            home: File,
            skew: VersionSkewHandler = VersionSkewHandler.Throwing,
        ): List<String> = Calls(Border(skew), Bell()).blocking { erasureCertificates(home.path) }

        /** Verifies the record of a till that is not open, also of one that does not open. */
        public suspend fun inspect(
            home: File,
            ports: TillPorts,
            skew: VersionSkewHandler = VersionSkewHandler.Throwing,
        ): Verified =
            Calls(Border(skew), Bell()).blocking { inspectTill(home.path, ports.guarded(Ears(ports.observer))) }
    }
}
