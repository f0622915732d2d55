package org.taptill.app

import android.app.Activity
import android.os.Build
import android.view.WindowInsetsController.APPEARANCE_LIGHT_NAVIGATION_BARS
import android.view.WindowInsetsController.APPEARANCE_LIGHT_STATUS_BARS
import org.taptill.app.draw.Palette

/** The window around the page, light or dark as the phone is. */
internal object Look {
    /** To be called before the activity is created. */
    fun apply(activity: Activity) {
        val isDark = Palette.of(activity).isDark
        activity.setTheme(if (isDark) DARK else LIGHT)
    }

    /** Bars of the page's colour with marks that can be seen on it. */
    fun bars(activity: Activity) {
        val palette = Palette.of(activity)
        activity.window.decorView.setBackgroundColor(palette.page)
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.R) return
        val marks = APPEARANCE_LIGHT_STATUS_BARS or APPEARANCE_LIGHT_NAVIGATION_BARS
        activity.window.insetsController?.setSystemBarsAppearance(if (palette.isDark) 0 else marks, marks)
    }

    private const val LIGHT = android.R.style.Theme_Material_Light_NoActionBar
    private const val DARK = android.R.style.Theme_Material_NoActionBar
}
