package org.taptill.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.NetworkCapabilities
import android.net.ProxyInfo
import android.net.wifi.WifiInfo
import org.junit.Assert.assertEquals
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.taptill.core.Posture

/** Which posture each network of a phone is. */
@RunWith(RobolectricTestRunner::class)
class AndroidNetworkTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val connectivity = checkNotNull(context.getSystemService(ConnectivityManager::class.java))
    private val network = AndroidNetwork(context)

    @Test
    fun eachNetworkHasItsPosture() {
        val wifi = NetworkCapabilities.TRANSPORT_WIFI
        val cellular = NetworkCapabilities.TRANSPORT_CELLULAR
        val proxy = ProxyInfo.buildDirectProxy("proxy.example", 8080)
        val table =
            listOf(
                row("mobile", cellular, null) to Posture.TRUSTED,
                row("cable", NetworkCapabilities.TRANSPORT_ETHERNET, null) to Posture.TRUSTED,
                row("Wi-Fi, WPA2", wifi, WifiInfo.SECURITY_TYPE_PSK) to Posture.TRUSTED,
                row("Wi-Fi, WPA3", wifi, WifiInfo.SECURITY_TYPE_SAE) to Posture.TRUSTED,
                row("Wi-Fi, enterprise", wifi, WifiInfo.SECURITY_TYPE_EAP) to Posture.TRUSTED,
                row("Wi-Fi, open", wifi, WifiInfo.SECURITY_TYPE_OPEN) to Posture.OPEN_WIFI,
                row("Wi-Fi, encrypted without a password", wifi, WifiInfo.SECURITY_TYPE_OWE) to Posture.OPEN_WIFI,
                row("Wi-Fi, WEP", wifi, WifiInfo.SECURITY_TYPE_WEP) to Posture.OPEN_WIFI,
                row("Wi-Fi, not told", wifi, null) to Posture.OPEN_WIFI,
                row("mobile, by a proxy", cellular, null, proxy = proxy) to Posture.PROXIED,
                row("Wi-Fi, open, by a proxy", wifi, WifiInfo.SECURITY_TYPE_OPEN, proxy = proxy) to Posture.PROXIED,
                row("Wi-Fi without internet", wifi, WifiInfo.SECURITY_TYPE_PSK, internet = false) to Posture.ABSENT,
            )
        for ((given, posture) in table) {
            given.second()
            assertEquals(given.first, posture, network.posture())
        }
    }

    @Test
    fun noNetworkIsAbsentAndSoIsOneOfWhichNothingIsKnown() {
        shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, null)
        assertEquals(Posture.ABSENT, network.posture())
        shadowOf(connectivity).setActiveNetworkInfo(null)
        assertEquals(Posture.ABSENT, network.posture())
    }

    private fun row(name: String, transport: Int, security: Int?, internet: Boolean = true, proxy: ProxyInfo? = null) =
        name to
            {
                val capabilities = ShadowNetworkCapabilities.newInstance()
                val shadow = shadowOf(capabilities)
                shadow.addTransportType(transport)
                if (internet) shadow.addCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
                else shadow.removeCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET)
                security?.let { shadow.setTransportInfo(WifiInfo.Builder().setCurrentSecurityType(it).build()) }
                val links = LinkProperties().apply { httpProxy = proxy }
                shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, capabilities)
                shadowOf(connectivity).setLinkProperties(connectivity.activeNetwork, links)
            }
}
