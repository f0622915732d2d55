package org.taptill.app

import android.content.ContentResolver
import android.content.Intent
import android.net.Uri
import java.io.IOException
import java.nio.ByteBuffer

/** The acquirer's file: picked by a person, read once, left nowhere. */
object SetupFile {
    /** Asks the phone to let a person pick it. */
    fun errand(): Intent = Intent(Intent.ACTION_OPEN_DOCUMENT).addCategory(Intent.CATEGORY_OPENABLE).setType("*/*")

    /** The file's bytes in a direct buffer; null when it cannot be read. Whoever takes it wipes it. */
    fun read(resolver: ContentResolver, file: Uri): ByteBuffer? {
        val bytes = ByteBuffer.allocateDirect(BYTES_MAX)
        val chunk = ByteArray(CHUNK_BYTES)
        try {
            resolver.openInputStream(file)?.use { input ->
                while (bytes.hasRemaining()) {
                    val count = input.read(chunk, 0, minOf(chunk.size, bytes.remaining()))
                    if (count < 0) break
                    bytes.put(chunk, 0, count)
                }
            } ?: return null
        } catch (_: IOException) {
            return null
        } finally {
            chunk.fill(0)
        }
        bytes.flip()
        return bytes
    }

    /** A larger file is not the acquirer's; its beginning is refused by the core. */
    private const val BYTES_MAX = 1 shl 20
    private const val CHUNK_BYTES = 8_192
}
