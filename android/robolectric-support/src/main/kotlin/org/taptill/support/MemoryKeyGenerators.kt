package org.taptill.support

import android.security.keystore.KeyGenParameterSpec
import java.security.Key
import java.security.KeyFactorySpi
import java.security.KeyPair
import java.security.KeyPairGenerator
import java.security.KeyPairGeneratorSpi
import java.security.PrivateKey
import java.security.PublicKey
import java.security.SecureRandom
import java.security.spec.AlgorithmParameterSpec
import java.security.spec.KeySpec
import javax.crypto.KeyGeneratorSpi
import javax.crypto.SecretKey
import javax.crypto.SecretKeyFactorySpi
import javax.crypto.spec.SecretKeySpec

/** Makes secret keys of [algorithm] as a [KeyGenParameterSpec] says. */
abstract class MemoryKeyGenerator(private val algorithm: String) : KeyGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun engineInit(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = parameters as KeyGenParameterSpec
    }

    override fun engineInit(random: SecureRandom?): Unit = error("a key needs its specification")

    override fun engineInit(keySize: Int, random: SecureRandom?): Unit = error("a key needs its specification")

    override fun engineGenerateKey(): SecretKey {
        val bytes = ByteArray(spec.keySize / 8).also(SecureRandom()::nextBytes)
        return SecretKeySpec(bytes, algorithm).also { MemoryKeystore.add(spec, it, null) }
    }
}

class MemoryAesGenerator : MemoryKeyGenerator("AES")

class MemoryHmacGenerator : MemoryKeyGenerator("HmacSHA256")

/** Makes P-256 pairs. */
class MemoryEcGenerator : KeyPairGeneratorSpi() {
    private lateinit var spec: KeyGenParameterSpec

    override fun initialize(parameters: AlgorithmParameterSpec, random: SecureRandom?) {
        spec = parameters as KeyGenParameterSpec
    }

    override fun initialize(keySize: Int, random: SecureRandom?): Unit = error("a key needs its specification")

    override fun generateKeyPair(): KeyPair {
        val maker = KeyPairGenerator.getInstance("EC", "BC")
        maker.initialize(checkNotNull(spec.algorithmParameterSpec) { "a signing key needs its curve" })
        return maker.generateKeyPair().also { MemoryKeystore.add(spec, it.private, it.public) }
    }
}

/** Tells what keeps a secret key. */
class MemorySecretKeyFactory : SecretKeyFactorySpi() {
    override fun engineGetKeySpec(key: SecretKey, wanted: Class<*>?): KeySpec = MemoryKeystore.infoOf(key)

    override fun engineGenerateSecret(spec: KeySpec?): SecretKey = error("no key is imported")

    override fun engineTranslateKey(key: SecretKey?): SecretKey = error("no key is imported")
}

/** Tells what keeps a signing key. */
class MemoryKeyFactory : KeyFactorySpi() {
    override fun <T : KeySpec> engineGetKeySpec(key: Key, wanted: Class<T>): T = wanted.cast(MemoryKeystore.infoOf(key))

    override fun engineGeneratePublic(spec: KeySpec?): PublicKey = error("no key is imported")

    override fun engineGeneratePrivate(spec: KeySpec?): PrivateKey = error("no key is imported")

    override fun engineTranslateKey(key: Key?): Key = error("no key is imported")
}
