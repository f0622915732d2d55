package org.taptill

import com.sun.management.HotSpotDiagnosticMXBean
import java.io.File
import java.lang.management.ManagementFactory
import java.nio.ByteBuffer
import java.nio.channels.FileChannel
import java.nio.file.StandardOpenOption.CREATE
import java.nio.file.StandardOpenOption.READ
import java.nio.file.StandardOpenOption.WRITE
import java.security.SecureRandom
import kotlinx.coroutines.runBlocking
import org.taptill.core.DeviceKeys
import org.taptill.core.KeyKind
import org.taptill.core.SecretSink
import org.taptill.core.TillException
import org.taptill.testing.MemoryKeys
import org.taptill.testing.Stand
import org.taptill.testing.desktopPorts

/**
 * Passes secrets both ways through the face and dumps the heap, garbage included. The secrets go beside the heap into
 * files of the folder, for the one who searches the dump. `keep` as the second argument is the control: it keeps
 * copies.
 */
object HeapDumpProgram {
    private val kept = mutableListOf<Any>()

    @JvmStatic
    fun main(arguments: Array<String>) {
        val folder = File(arguments[0])
        val keeps = arguments[1] == "keep"
        runBlocking {
            passPassphrase(folder, keeps)
            Stand.start().use { stand ->
                val place = stand.till()
                val ports = desktopPorts(XorKeys(folder, keeps))
                provisioning(place.provisioning).use { Till.provision(place.home, it, ports) }
                Till.open(place.home, ports).use { till -> claim(till, folder, keeps) }
            }
        }
        val bean = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean::class.java)
        bean.dumpHeap(folder.resolve("heap.hprof").path, false)
        println("kept ${kept.size}")
    }

    /** A supervisor's password, which the core takes, and takes again. */
    private suspend fun claim(till: Till, folder: File, keeps: Boolean) {
        typed(keeps).use { password ->
            password.lend { write(folder.resolve("password.secret"), it) }
            till.people.claim("alice", password).use { it.wipe() }
            till.people.lock()
            till.people.unlock(password)
            till.people.signOut()
        }
    }

    private fun typed(keeps: Boolean): Secret {
        val random = SecureRandom()
        val typed = CharArray(PASSPHRASE_CHARS) { 'a' + random.nextInt(LETTERS) }
        typed[0] = '7'
        if (keeps) kept += String(typed)
        return Secret.of(typed)
    }

    /** What a person typed, refused by the core, which is all the same to the heap. */
    private suspend fun passPassphrase(folder: File, keeps: Boolean) {
        typed(keeps).use { secret ->
            secret.lend { write(folder.resolve("passphrase.secret"), it) }
            val refused =
                runCatching { Till.provision(folder.resolve("none"), secret, desktopPorts()) }.exceptionOrNull()
            check(refused is TillException) { "$refused" }
        }
    }

    /** The acquirer's file, read without a copy in the heap but the one that [Secret.of] wipes. */
    private fun provisioning(file: File): Secret =
        FileChannel.open(file.toPath(), READ).use { channel ->
            val bytes = ByteArray(channel.size().toInt())
            check(channel.read(ByteBuffer.wrap(bytes)) == bytes.size)
            Secret.of(bytes)
        }

    private fun write(file: File, secret: ByteBuffer) {
        FileChannel.open(file.toPath(), CREATE, WRITE).use { it.write(secret) }
    }

    /**
     * A key store without a cipher, whose inner copies would not be ours to wipe: what is searched are the copies of
     * the bindings, the guards and the face. The phone's own adapter is tested for wiping beside its other tests.
     */
    private class XorKeys(
        private val folder: File,
        private val keeps: Boolean,
        private val signing: MemoryKeys = MemoryKeys(),
    ) : DeviceKeys by signing {
        private val aliases = mutableSetOf<String>()
        private var secrets = 0

        override fun create(alias: String, kind: KeyKind) {
            aliases += alias
            if (kind == KeyKind.SIGN) signing.create(alias, kind)
        }

        override fun destroy(alias: String) {
            aliases -= alias
            signing.destroy(alias)
        }

        override fun exists(alias: String): Boolean = alias in aliases

        override fun wrap(alias: String, secret: ByteArray, context: ByteArray): ByteArray {
            val direct = ByteBuffer.allocateDirect(secret.size).put(secret).flip()
            write(folder.resolve("wrapped-${secrets++}.secret"), direct)
            repeat(secret.size) { direct.put(it, 0) }
            if (keeps) kept += secret.copyOf()
            return ByteArray(secret.size) { (secret[it].toInt() xor PAD).toByte() }
        }

        override fun unwrap(alias: String, wrapped: ByteArray, context: ByteArray, into: SecretSink): Unit =
            into.putAndWipe(ByteArray(wrapped.size) { (wrapped[it].toInt() xor PAD).toByte() })

        override fun mac(alias: String, data: ByteArray, into: SecretSink): Unit =
            into.putAndWipe(ByteArray(MAC_BYTES) { data.size.toByte() })
    }

    private const val PASSPHRASE_CHARS = 24
    private const val LETTERS = 26
    private const val PAD = 0x5A
    private const val MAC_BYTES = 32
}
