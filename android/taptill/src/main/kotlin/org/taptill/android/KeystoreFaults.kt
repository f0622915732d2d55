package org.taptill.android

import android.security.keystore.KeyPermanentlyInvalidatedException
import java.security.GeneralSecurityException
import java.security.ProviderException
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import org.taptill.core.KeyFault

/** Runs [use] and turns each exception of Android's Keystore into the one fault that stands for it. */
internal inline fun <T> keystore(use: () -> T): T =
    try {
        use()
    } catch (_: AEADBadTagException) {
        throw KeyFault.Rejected()
    } catch (_: KeyPermanentlyInvalidatedException) {
        throw KeyFault.Damaged()
    } catch (_: UnrecoverableKeyException) {
        throw KeyFault.Damaged()
    } catch (_: GeneralSecurityException) {
        throw KeyFault.Unavailable()
    } catch (_: ProviderException) {
        throw KeyFault.Unavailable()
    }
