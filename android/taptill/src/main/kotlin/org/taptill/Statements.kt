package org.taptill

import java.io.File
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.flow
import org.taptill.core.Difference
import org.taptill.core.DifferencePage
import org.taptill.core.StatementCheck as CoreStatementCheck
import org.taptill.core.StatementFile
import org.taptill.core.StatementSummary
import org.taptill.core.Statements as CoreStatements
import org.taptill.core.TillException

/**
 * The acquirer's or the bank's lines against the till's record. Days are written as `2026-11-22`.
 *
 * It decides nothing. Evidence: `AfterSaleTest`, and the contract.
 */
public class Statements internal constructor(private val statements: CoreStatements, private val calls: Calls) {
    /**
     * Begins to check a file. Without days, ours are expected from the first to the last day that a line names.
     *
     * @throws TillException `statement_columns_wrong` for a map of columns that cannot be used.
     */
    public suspend fun checkFile(
        path: File,
        file: StatementFile,
        from: String? = null,
        to: String? = null,
    ): StatementCheck = calls.blocking { StatementCheck(statements.checkFile(path.path, file, from, to), calls) }

    /** Begins to check the acquirer's own statement of these days, fetched from its host. */
    public suspend fun checkHost(from: String, to: String): StatementCheck =
        calls.blocking { StatementCheck(statements.checkHost(from, to), calls) }

    /** What the last check found; nothing before the first. */
    public suspend fun last(): StatementSummary? = calls.blocking { statements.last() }

    internal fun destroy(): Unit = statements.destroy()
}

/**
 * A check under way. It waits until its differences are pulled, so that a million of them take no more memory than a
 * hundred. Closed, it goes on to its end, and its summary is on record.
 */
public class StatementCheck internal constructor(private val check: CoreStatementCheck, private val calls: Calls) :
    AutoCloseable {
    /**
     * The next differences, at most 1 to 100; fewer only at the end.
     *
     * @throws TillException what the check failed with: then nothing has changed, and what it found is void.
     */
    public suspend fun next(limit: UInt = PAGE): DifferencePage = calls.awaiting { check.next(limit) }

    /** All differences, one after the other; it fails as [next]. */
    public fun differences(): Flow<Difference> = flow {
        do {
            val page = next()
            page.differences.forEach { emit(it) }
        } while (page.more)
    }

    /** Waits for the check's end. Differences that nobody has pulled by then are in its counts alone. */
    public suspend fun summary(): StatementSummary = calls.awaiting { check.awaitSummary() }

    override fun close(): Unit = check.destroy()

    private companion object {
        const val PAGE = 100u
    }
}
