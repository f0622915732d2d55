package org.taptill

import java.io.File
import org.taptill.core.Evidence as CoreEvidence
import org.taptill.core.EvidencePreview as CoreEvidencePreview
import org.taptill.core.EvidenceScope
import org.taptill.core.EvidenceVerdict
import org.taptill.core.Language
import org.taptill.core.PreviewFacts
import org.taptill.core.TillException
import org.taptill.core.verifyEvidence

/**
 * Evidence of the till's record, in a bundle that anybody can check without the till.
 *
 * It decides nothing. Evidence: the contract.
 */
public class Evidence internal constructor(private val evidence: CoreEvidence, private val calls: Calls) {
    /**
     * What a bundle of this would disclose. Nothing is recorded.
     *
     * @throws TillException `attempt_unknown`, `evidence_period_invalid`, `evidence_empty`, `evidence_too_large`.
     */
    public suspend fun preview(scope: EvidenceScope): EvidencePreview =
        calls.awaiting { evidence.preview(scope) }.let { EvidencePreview(it, calls, it.facts()) }

    internal fun destroy(): Unit = evidence.destroy()

    public companion object {
        /** What a bundle proves and what it does not. Opens no till; [keys] are the lines of a till's public key. */
        public suspend fun verify(bundle: File, keys: String?, language: Language): EvidenceVerdict =
            Calls(Border(VersionSkewHandler.Throwing), Bell()).blocking { verifyEvidence(bundle.path, keys, language) }
    }
}

/** What a bundle would disclose, for a person to say yes to. */
public class EvidencePreview
internal constructor(
    private val preview: CoreEvidencePreview,
    private val calls: Calls,
    /** What it is. */
    public val facts: PreviewFacts,
) : AutoCloseable {
    /**
     * Agrees to disclose just this, and writes the bundle as one archive to the file [out], which is not there yet. The
     * agreement is recorded first. Answers with how many files are in it.
     */
    public suspend fun disclose(to: String?, language: Language, out: File): ULong =
        calls.awaiting { preview.disclose(to, language, out.path) }

    override fun close(): Unit = preview.destroy()
}
