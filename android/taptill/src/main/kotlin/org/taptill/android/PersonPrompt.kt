package org.taptill.android

import android.annotation.TargetApi
import android.app.Activity
import android.hardware.biometrics.BiometricPrompt
import android.os.Build
import android.os.CancellationSignal
import java.util.concurrent.CompletableFuture
import java.util.concurrent.ExecutionException
import java.util.concurrent.TimeUnit
import java.util.concurrent.TimeoutException
import javax.crypto.Cipher
import org.taptill.core.BiometricFault

/** Asks for a person, and waits. Never called on the main thread. */
public fun interface PersonPrompt {
    /** Gives back [cipher], which works now, for a recognised person; else throws a [BiometricFault]. */
    public fun unlock(cipher: Cipher): Cipher
}

/**
 * Android's own dialog, over the activity that is in front. It ends by itself after [PATIENCE_MS].
 *
 * Evidence: `PersonPromptTest` for what an answer means; the dialog itself is the platform's.
 */
public class SystemPrompt(private val front: () -> Activity?) : PersonPrompt {
    override fun unlock(cipher: Cipher): Cipher {
        val activity = front()
        if (activity == null || Build.VERSION.SDK_INT < Build.VERSION_CODES.P) throw BiometricFault.Unavailable()
        val answer = CompletableFuture<Cipher>()
        val end = CancellationSignal()
        activity.runOnUiThread { ask(activity, cipher, end, answer) }
        return try {
            answer.get(PATIENCE_MS, TimeUnit.MILLISECONDS)
        } catch (told: ExecutionException) {
            throw told.cause as? BiometricFault ?: BiometricFault.Unavailable()
        } catch (_: TimeoutException) {
            throw BiometricFault.NotRecognised()
        } finally {
            end.cancel()
        }
    }

    @TargetApi(Build.VERSION_CODES.P)
    private fun ask(activity: Activity, cipher: Cipher, end: CancellationSignal, answer: CompletableFuture<Cipher>) {
        val turnAway = { _: Any?, _: Int -> answer.completeExceptionally(BiometricFault.Cancelled()).let {} }
        try {
            BiometricPrompt.Builder(activity)
                .setTitle(activity.applicationInfo.loadLabel(activity.packageManager))
                .setNegativeButton(activity.getText(android.R.string.cancel), activity.mainExecutor, turnAway)
                .build()
                .authenticate(BiometricPrompt.CryptoObject(cipher), end, activity.mainExecutor, Ear(answer))
        } catch (refusal: RuntimeException) {
            answer.completeExceptionally(refusal)
        }
    }

    @TargetApi(Build.VERSION_CODES.P)
    internal class Ear(private val answer: CompletableFuture<Cipher>) : BiometricPrompt.AuthenticationCallback() {
        override fun onAuthenticationSucceeded(result: BiometricPrompt.AuthenticationResult?) {
            val cipher = result?.cryptoObject?.cipher
            if (cipher == null) answer.completeExceptionally(BiometricFault.Unavailable()) else answer.complete(cipher)
        }

        override fun onAuthenticationError(why: Int, text: CharSequence?) {
            answer.completeExceptionally(faultOf(why))
        }
    }

    public companion object {
        /** How long a person may take. */
        public const val PATIENCE_MS: Long = 60_000

        @TargetApi(Build.VERSION_CODES.P)
        internal fun faultOf(why: Int): BiometricFault =
            when (why) {
                BiometricPrompt.BIOMETRIC_ERROR_CANCELED,
                BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED -> BiometricFault.Cancelled()
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT,
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT,
                BiometricPrompt.BIOMETRIC_ERROR_UNABLE_TO_PROCESS,
                BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT -> BiometricFault.NotRecognised()
                else -> BiometricFault.Unavailable()
            }
    }
}
