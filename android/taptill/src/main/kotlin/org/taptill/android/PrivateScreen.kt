package org.taptill.android

import android.app.Activity
import android.os.Build
import android.view.View
import android.view.WindowManager

/**
 * What a screen with money or a customer on it needs of Android: no pictures of it, no touches through a cover.
 *
 * Evidence: `AndroidDeviceTest`.
 */
public object PrivateScreen {
    /** Shields [activity] from screenshots, recordings and the list of recent apps, or stops doing so. */
    public fun shield(activity: Activity, isPrivate: Boolean) {
        when (isPrivate) {
            true -> activity.window.addFlags(WindowManager.LayoutParams.FLAG_SECURE)
            false -> activity.window.clearFlags(WindowManager.LayoutParams.FLAG_SECURE)
        }
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.TIRAMISU) activity.setRecentsScreenshotEnabled(!isPrivate)
    }

    /** Refuses touches while another app covers [root], and tells autofill to leave it alone. */
    public fun guard(root: View) {
        root.filterTouchesWhenObscured = true
        root.importantForAutofill = View.IMPORTANT_FOR_AUTOFILL_NO_EXCLUDE_DESCENDANTS
    }
}
