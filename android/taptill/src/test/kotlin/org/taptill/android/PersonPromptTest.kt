package org.taptill.android

import android.hardware.biometrics.BiometricPrompt
import javax.crypto.Cipher
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.taptill.core.BiometricFault

/** What the platform's answers mean to the core. */
@RunWith(RobolectricTestRunner::class)
class PersonPromptTest {
    @Test
    fun eachErrorOfTheDialogIsOneFault() {
        val rows =
            mapOf(
                BiometricPrompt.BIOMETRIC_ERROR_CANCELED to BiometricFault.Cancelled::class,
                BiometricPrompt.BIOMETRIC_ERROR_USER_CANCELED to BiometricFault.Cancelled::class,
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT to BiometricFault.NotRecognised::class,
                BiometricPrompt.BIOMETRIC_ERROR_LOCKOUT_PERMANENT to BiometricFault.NotRecognised::class,
                BiometricPrompt.BIOMETRIC_ERROR_TIMEOUT to BiometricFault.NotRecognised::class,
                BiometricPrompt.BIOMETRIC_ERROR_HW_NOT_PRESENT to BiometricFault.Unavailable::class,
                BiometricPrompt.BIOMETRIC_ERROR_NO_BIOMETRICS to BiometricFault.Unavailable::class,
                999 to BiometricFault.Unavailable::class,
            )
        for ((error, verdict) in rows) assertEquals("$error", verdict, SystemPrompt.faultOf(error)::class)
    }

    @Test
    fun withoutAnActivityInFrontNobodyIsAsked() {
        val prompt = SystemPrompt { null }
        assertThrows(BiometricFault.Unavailable::class.java) { prompt.unlock(Cipher.getInstance("AES/GCM/NoPadding")) }
    }
}
