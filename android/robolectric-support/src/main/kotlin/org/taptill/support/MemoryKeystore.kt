package org.taptill.support

import android.content.pm.PackageManager
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyInfo
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import java.io.InputStream
import java.io.OutputStream
import java.security.Key
import java.security.KeyStoreSpi
import java.security.Provider
import java.security.PublicKey
import java.security.Security
import java.security.cert.Certificate
import java.util.Collections
import java.util.Date
import java.util.Enumeration
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf

/**
 * What stands behind the name "AndroidKeyStore" in tests: Robolectric has no key store, so this JCA provider keeps keys
 * in memory and follows [keeper] in what it can. It outlives an activity, as the real one outlives a process.
 *
 * It shows how the adapter speaks to the platform; what a secure chip refuses is not shown by it.
 */
object MemoryKeystore {
    /** What keeps keys on this phone. */
    enum class Keeper {
        STRONGBOX,
        /** The chip is named among the phone's features and makes no key. */
        STRONGBOX_BROKEN,
        TEE,
        SOFTWARE,
    }

    internal class Entry(val key: Key, val public: PublicKey?, val spec: KeyGenParameterSpec)

    internal val entries: MutableMap<String, Entry> = Collections.synchronizedMap(sortedMapOf())

    /** What keeps keys on this phone. */
    @Volatile
    var keeper = Keeper.TEE
        private set

    /** When set, every question to the store ends so. */
    @Volatile var failure: Exception? = null

    /** When set, asking what keeps a key ends so. */
    @Volatile var infoFailure: Exception? = null

    /** A phone with an empty key store. */
    fun install(keeper: Keeper = Keeper.TEE) {
        this.keeper = keeper
        failure = null
        infoFailure = null
        entries.clear()
        val strongBox = keeper == Keeper.STRONGBOX || keeper == Keeper.STRONGBOX_BROKEN
        shadowOf(RuntimeEnvironment.getApplication().packageManager)
            .setSystemFeature(PackageManager.FEATURE_STRONGBOX_KEYSTORE, strongBox)
        Security.removeProvider(NAME)
        Security.addProvider(MemoryProvider())
    }

    /** With what the adapter had this key made. */
    fun specOf(alias: String): KeyGenParameterSpec = entries.getValue(alias).spec

    internal fun add(spec: KeyGenParameterSpec, key: Key, public: PublicKey?) {
        failure?.let { throw it }
        val refuses = keeper != Keeper.STRONGBOX && spec.isStrongBoxBacked
        if (refuses) throw StrongBoxUnavailableException()
        entries[spec.keystoreAlias] = Entry(key, public, spec)
    }

    internal fun infoOf(key: Key): KeyInfo {
        infoFailure?.let { throw it }
        val spec = entries.values.single { it.key === key }.spec
        val level =
            when {
                spec.isStrongBoxBacked -> KeyProperties.SECURITY_LEVEL_STRONGBOX
                keeper == Keeper.SOFTWARE -> KeyProperties.SECURITY_LEVEL_SOFTWARE
                else -> KeyProperties.SECURITY_LEVEL_TRUSTED_ENVIRONMENT
            }
        val none = arrayOf<String>()
        val never: Date? = null
        val hardware = level != KeyProperties.SECURITY_LEVEL_SOFTWARE
        return KeyInfo(
            spec.keystoreAlias,
            hardware,
            KeyProperties.ORIGIN_GENERATED,
            spec.keySize,
            never,
            never,
            never,
            spec.purposes,
            none,
            none,
            none,
            none,
            false,
            0,
            0,
            false,
            false,
            false,
            false,
            false,
            false,
            level,
            -1,
        )
    }

    const val NAME = "AndroidKeyStore"
}

/** The provider that Android's name leads to. */
class MemoryProvider : Provider(MemoryKeystore.NAME, "1", "keys in memory, for tests") {
    init {
        put("KeyStore.AndroidKeyStore", MemoryKeyStoreSpi::class.java.name)
        put("KeyGenerator.AES", MemoryAesGenerator::class.java.name)
        put("KeyGenerator.HmacSHA256", MemoryHmacGenerator::class.java.name)
        put("KeyPairGenerator.EC", MemoryEcGenerator::class.java.name)
        put("SecretKeyFactory.AES", MemorySecretKeyFactory::class.java.name)
        put("SecretKeyFactory.HmacSHA256", MemorySecretKeyFactory::class.java.name)
        put("KeyFactory.EC", MemoryKeyFactory::class.java.name)
    }
}

/** Only what the adapter may ask; all else is refused. */
class MemoryKeyStoreSpi : KeyStoreSpi() {
    private val entries
        get() = MemoryKeystore.failure?.let { throw it } ?: MemoryKeystore.entries

    override fun engineLoad(stream: InputStream?, password: CharArray?) =
        require(stream == null && password == null) { "Android's key store is loaded from nothing" }

    override fun engineGetKey(alias: String, password: CharArray?): Key? = entries[alias]?.key

    override fun engineContainsAlias(alias: String): Boolean = alias in entries

    override fun engineDeleteEntry(alias: String) {
        entries.remove(alias)
    }

    override fun engineGetCertificate(alias: String): Certificate? = engineGetCertificateChain(alias)?.first()

    override fun engineGetCertificateChain(alias: String): Array<Certificate>? =
        entries[alias]?.let { entry -> entry.public?.let { arrayOf(MemoryCertificate(it, entry.spec)) } }

    override fun engineAliases(): Enumeration<String> = refused()

    override fun engineSize(): Int = refused()

    override fun engineIsKeyEntry(alias: String?): Boolean = refused()

    override fun engineIsCertificateEntry(alias: String?): Boolean = refused()

    override fun engineGetCertificateAlias(certificate: Certificate?): String = refused()

    override fun engineGetCreationDate(alias: String?): Date = refused()

    override fun engineSetKeyEntry(a: String?, k: Key?, p: CharArray?, c: Array<out Certificate>?): Unit = refused()

    override fun engineSetKeyEntry(a: String?, k: ByteArray?, c: Array<out Certificate>?): Unit = refused()

    override fun engineSetCertificateEntry(a: String?, c: Certificate?): Unit = refused()

    override fun engineStore(stream: OutputStream?, password: CharArray?): Unit = refused()

    private fun refused(): Nothing = error("not a question for this key store")
}

/** No X.509: the public key and the challenge, which is what the adapter reads of it. */
class MemoryCertificate(private val key: PublicKey, private val spec: KeyGenParameterSpec) : Certificate("memory") {
    override fun getPublicKey(): PublicKey = key

    override fun getEncoded(): ByteArray = spec.attestationChallenge ?: byteArrayOf()

    override fun verify(key: PublicKey?): Unit = error("nothing to verify")

    override fun verify(key: PublicKey?, provider: String?): Unit = error("nothing to verify")

    override fun toString(): String = "certificate of ${spec.keystoreAlias}"
}
