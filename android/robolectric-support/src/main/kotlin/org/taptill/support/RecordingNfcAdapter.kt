package org.taptill.support

import android.app.Activity
import android.content.pm.PackageManager
import android.nfc.NfcAdapter
import android.os.Bundle
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.annotation.Implementation
import org.robolectric.annotation.Implements
import org.robolectric.shadow.api.Shadow
import org.robolectric.shadows.ShadowNfcAdapter

/** Robolectric's NFC adapter that remembers with which flags, and for which activity, reader mode is on. */
@Implements(NfcAdapter::class)
class RecordingNfcAdapter : ShadowNfcAdapter() {
    /** Flags of reader mode, null while it is off. */
    var readerFlags: Int? = null
        private set

    /** Who turned reader mode on. */
    var reading: Activity? = null
        private set

    @Implementation
    public override fun enableReaderMode(
        activity: Activity?,
        callback: NfcAdapter.ReaderCallback?,
        flags: Int,
        extras: Bundle?,
    ) {
        super.enableReaderMode(activity, callback, flags, extras)
        readerFlags = flags
        reading = activity
    }

    @Implementation
    public override fun disableReaderMode(activity: Activity?) {
        super.disableReaderMode(activity)
        readerFlags = null
        reading = null
    }

    companion object {
        /** A phone that has NFC, turned on. */
        fun install(): RecordingNfcAdapter {
            val phone = RuntimeEnvironment.getApplication()
            shadowOf(phone.packageManager).setSystemFeature(PackageManager.FEATURE_NFC, true)
            val adapter = Shadow.extract<RecordingNfcAdapter>(NfcAdapter.getDefaultAdapter(phone))
            adapter.setEnabled(true)
            return adapter
        }
    }
}
