package org.taptill.android

import android.content.ContentResolver
import android.content.Intent
import android.database.Cursor
import android.net.Uri
import android.provider.DocumentsContract as Documents
import android.system.ErrnoException
import android.system.OsConstants.ENOSPC
import java.io.FileInputStream
import java.io.FileOutputStream
import java.io.IOException
import org.taptill.core.ExportFault
import org.taptill.core.ExportSink

/**
 * A folder that a person picked, as the place where the core hands records out. It must be empty, so that nothing is
 * mixed with what was there; but the one file with which an earlier try began, as it would be written now, is none of
 * anybody else's. Of a first file that could not be written whole nothing stays. Each piece is on the disk when [put]
 * returns.
 *
 * Evidence: `FolderPlaceTest`.
 */
public class FolderPlace(private val resolver: ContentResolver, private val tree: Uri) : ExportSink {
    private val files = mutableMapOf<String, Uri>()
    private var isTried = false

    /** False from the beginning of a write until it has succeeded. */
    private var isWhole = true
    private val folder by lazy { Documents.buildDocumentUriUsingTree(tree, Documents.getTreeDocumentId(tree)) }

    override fun put(name: String, bytes: ByteArray): Unit = faults {
        // Nothing is added to the first file once all was on the disk, or a write has failed: this is another try.
        val isAnother = (isTried || !isWhole) && name == files.keys.firstOrNull()
        if (isAnother && !isWhole && files.size == 1) {
            empty(files.getValue(name))
            isTried = false
        } else {
            if (isAnother) files.clear()
            if (hasBegun(name, bytes)) return@faults
        }
        val file = files.getOrPut(name) { create(name) }
        isWhole = false
        add(file, bytes)
        isWhole = true
    }

    override fun finish() {
        isTried = true
    }

    /** Whether this is the first file, and an earlier try has written it so. */
    private fun hasBegun(name: String, bytes: ByteArray): Boolean {
        if (files.isNotEmpty()) return false
        files[name] = begun(name, bytes) ?: return false
        isWhole = true
        return true
    }

    /** The file with which an earlier try began, if it is all that lies here; none in an empty folder. */
    private fun begun(name: String, bytes: ByteArray): Uri? {
        isTried = false
        val lying = lying()
        if (lying.isEmpty()) return null
        val (id, called) = lying.singleOrNull() ?: throw ExportFault.NotEmpty()
        val file = Documents.buildDocumentUriUsingTree(tree, id)
        if (called != name || !holds(file, bytes)) throw ExportFault.NotEmpty()
        return file
    }

    private fun create(name: String): Uri =
        Documents.createDocument(resolver, folder, MIME, name) ?: throw ExportFault.ReadOnly()

    private fun add(file: Uri, bytes: ByteArray) {
        val open = resolver.openFileDescriptor(file, "wa") ?: throw ExportFault.Failed()
        open.use {
            FileOutputStream(it.fileDescriptor).write(bytes)
            it.fileDescriptor.sync()
        }
    }

    /** What a write that failed has left of the first file. */
    private fun empty(file: Uri) {
        val open = resolver.openFileDescriptor(file, "wt") ?: throw ExportFault.Failed()
        open.close()
    }

    private fun holds(file: Uri, bytes: ByteArray): Boolean {
        val open = resolver.openFileDescriptor(file, "r") ?: throw ExportFault.Failed()
        return open.use {
            val found = FileInputStream(it.fileDescriptor).buffered()
            bytes.all { byte -> found.read() == byte.toUByte().toInt() } && found.read() == -1
        }
    }

    /** What lies in the folder, by its id and its name; no more than two of it. */
    private fun lying(): List<Pair<String, String>> {
        val children = Documents.buildChildDocumentsUriUsingTree(tree, Documents.getTreeDocumentId(tree))
        val columns = arrayOf(Documents.Document.COLUMN_DOCUMENT_ID, Documents.Document.COLUMN_DISPLAY_NAME)
        val found = resolver.query(children, columns, null, null, null) ?: throw ExportFault.Failed()
        return found.use { rows ->
            generateSequence { rows.takeIf(Cursor::moveToNext) }
                .map { it.getString(0) to it.getString(1).orEmpty() }
                .take(2)
                .toList()
        }
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
