package org.taptill.android

import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import android.provider.DocumentsContract as Documents
import android.system.ErrnoException
import android.system.OsConstants.ENOSPC
import java.io.FileOutputStream
import java.io.IOException
import org.taptill.core.ExportFault
import org.taptill.core.ExportSink

/**
 * A folder that a person picked, as the place where the core hands records out. It must be empty, so that nothing is
 * mixed with what was there. Each piece is on the disk when [put] returns.
 *
 * Evidence: `FolderPlaceTest`.
 */
public class FolderPlace(private val resolver: ContentResolver, private val tree: Uri) : ExportSink {
    private val files = mutableMapOf<String, Uri>()
    private val folder by lazy { Documents.buildDocumentUriUsingTree(tree, Documents.getTreeDocumentId(tree)) }

    override fun put(name: String, bytes: ByteArray): Unit = faults {
        val file = files.getOrPut(name) { begin(name) }
        val open = resolver.openFileDescriptor(file, "wa") ?: throw ExportFault.Failed()
        open.use {
            FileOutputStream(it.fileDescriptor).write(bytes)
            it.fileDescriptor.sync()
        }
    }

    override fun finish(): Unit = Unit

    private fun begin(name: String): Uri {
        if (files.isEmpty() && !isEmpty()) throw ExportFault.NotEmpty()
        return Documents.createDocument(resolver, folder, MIME, name) ?: throw ExportFault.ReadOnly()
    }

    private fun isEmpty(): Boolean {
        val children = Documents.buildChildDocumentsUriUsingTree(tree, Documents.getTreeDocumentId(tree))
        val columns = arrayOf(Documents.Document.COLUMN_DOCUMENT_ID)
        return resolver.query(children, columns, null, null, null)?.use { it.count == 0 } ?: throw ExportFault.Failed()
    }

    private inline fun <T> faults(call: () -> T): T =
        try {
            call()
        } catch (denied: SecurityException) {
            throw ExportFault.ReadOnly().apply { initCause(denied) }
        } catch (broken: IOException) {
            throw faultOf(broken).apply { initCause(broken) }
        }

    private fun faultOf(broken: IOException): ExportFault =
        when ((broken.cause as? ErrnoException)?.errno) {
            ENOSPC -> ExportFault.Full()
            else -> ExportFault.Failed()
        }

    public companion object {
        /** Asks the phone to let a person pick a folder. */
        public fun errand(): Intent = Intent(Intent.ACTION_OPEN_DOCUMENT_TREE)

        /** What the system adds no ending to. */
        private const val MIME = "application/octet-stream"
    }
}
