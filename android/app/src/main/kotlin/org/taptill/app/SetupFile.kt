package org.taptill.app

import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer

/** The acquirer's file: picked by a person, read once, left nowhere. */
object SetupFile {
    /** Asks the phone to let a person pick it. */
    fun errand(): Intent = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")

    /**
     * The file's bytes in a direct buffer, which whoever takes it wipes; none of them when the file cannot be read, so
     * that the core says what it says of a wrong file. It waits: the file may come from far away.
     */
    fun read(resolver: ContentResolver, file: Uri): ByteBuffer {
        val bytes = ByteBuffer.allocateDirect(BYTES_MAX)
        var isWhole = false
        try {
            isWhole = resolver.openInputStream(file)?.use { copy(it, bytes) } != null
        } catch (_: IOException) {
            // Refused below.
        } catch (_: SecurityException) {
            // The person's leave to read it is over.
        } finally {
            if (!isWhole) wipe(bytes)
        }
        bytes.flip()
        return bytes
    }

    private fun copy(input: InputStream, bytes: ByteBuffer) {
        val chunk = ByteArray(CHUNK_BYTES)
        try {
            while (bytes.hasRemaining()) {
                val count = input.read(chunk, 0, minOf(chunk.size, bytes.remaining()))
                if (count < 0) break
                bytes.put(chunk, 0, count)
            }
        } finally {
            chunk.fill(0)
        }
    }

    private fun wipe(bytes: ByteBuffer) {
        bytes.clear()
        while (bytes.hasRemaining()) bytes.put(0)
        bytes.clear()
    }

    /** A larger file is not the acquirer's; its beginning is refused by the core. */
    private const val BYTES_MAX = 1 shl 20
    private const val CHUNK_BYTES = 8_192
}
