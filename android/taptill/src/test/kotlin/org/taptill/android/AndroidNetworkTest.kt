package org.taptill.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.LinkProperties
import android.net.NetworkCapabilities
import android.net.ProxyInfo
import android.net.wifi.WifiInfo
import android.provider.Settings
import org.junit.Assert.assertEquals
import org.junit.Before
import org.junit.Test
import org.junit.runner.RunWith
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.robolectric.Shadows.shadowOf
import org.robolectric.shadows.ShadowNetworkCapabilities
import org.taptill.core.DeviceSays.NO
import org.taptill.core.DeviceSays.NOTHING
import org.taptill.core.DeviceSays.YES
import org.taptill.core.NetworkFacts
import org.taptill.core.Posture

/** What a phone tells of each network, where it is silent, and what the core makes of it. */
@RunWith(RobolectricTestRunner::class)
class AndroidNetworkTest {
    private val context: Context = RuntimeEnvironment.getApplication()
    private val connectivity = checkNotNull(context.getSystemService(ConnectivityManager::class.java))
    private var authorities = { sequenceOf("system:1234.0") }
    private val network = AndroidNetwork(context) { authorities() }

    @Before fun aClockThatTheNetworkKeeps() = clock(1)

    @Test
    fun eachNetworkHasItsPosture() {
        val wifi = NetworkCapabilities.TRANSPORT_WIFI
        val cellular = NetworkCapabilities.TRANSPORT_CELLULAR
        val vpn = NetworkCapabilities.TRANSPORT_VPN
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
                row("Wi-Fi, not told", wifi, null) to Posture.UNKNOWN,
                row("Wi-Fi, kept secret", wifi, WifiInfo.SECURITY_TYPE_UNKNOWN) to Posture.UNKNOWN,
                row("mobile, by a proxy", cellular, null, proxy = proxy) to Posture.PROXIED,
                row("Wi-Fi, open, by a proxy", wifi, WifiInfo.SECURITY_TYPE_OPEN, proxy = proxy) to Posture.PROXIED,
                row("Wi-Fi with a page of its own", wifi, WifiInfo.SECURITY_TYPE_OPEN, has = PORTAL) to
                    Posture.CAPTIVE_PORTAL,
                row("a tunnel", vpn, null, hasNot = NetworkCapabilities.NET_CAPABILITY_NOT_VPN) to Posture.VPN,
                row("Wi-Fi without internet", wifi, WifiInfo.SECURITY_TYPE_PSK, hasNot = INTERNET) to Posture.ABSENT,
            )
        for ((given, posture) in table) {
            given.second()
            assertEquals(given.first, posture, network.posture())
        }
    }

    @Test
    fun anAuthorityThatAPersonAddedIsSeenAndAListThatCannotBeReadIsNoNo() {
        row("mobile", NetworkCapabilities.TRANSPORT_CELLULAR, null).second()
        authorities = { sequenceOf("system:1234.0", "user:5678.0") }
        assertEquals(YES to Posture.USER_AUTHORITY, network.facts().userAuthority to network.posture())
        authorities = { throw java.security.KeyStoreException() }
        assertEquals(NOTHING to Posture.UNKNOWN, network.facts().userAuthority to network.posture())
        authorities = { emptySequence() }
        assertEquals(NO to Posture.TRUSTED, network.facts().userAuthority to network.posture())
    }

    @Test
    fun aClockThatIsSetByHandIsTold() {
        row("mobile", NetworkCapabilities.TRANSPORT_CELLULAR, null).second()
        clock(0)
        assertEquals(YES to Posture.CLOCK_WRONG, network.facts().clockByHand to network.posture())
        clock(1)
        assertEquals(NO to Posture.TRUSTED, network.facts().clockByHand to network.posture())
    }

    @Test
    fun noNetworkIsAbsentAndSoIsOneOfWhichNothingIsKnown() {
        shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, null)
        assertEquals(Posture.ABSENT, network.posture())
        shadowOf(connectivity).setActiveNetworkInfo(null)
        assertEquals(NetworkFacts(NO, NOTHING, NO, NO, NOTHING, NOTHING, NO), network.facts())
        assertEquals(Posture.ABSENT, network.posture())
    }

    private fun clock(auto: Int) {
        Settings.Global.putInt(context.contentResolver, Settings.Global.AUTO_TIME, auto)
    }

    private fun row(
        name: String,
        transport: Int,
        security: Int?,
        has: Int = INTERNET,
        hasNot: Int? = null,
        proxy: ProxyInfo? = null,
    ) =
        name to
            {
                val capabilities = ShadowNetworkCapabilities.newInstance()
                val shadow = shadowOf(capabilities)
                shadow.addTransportType(transport)
                for (one in listOf(INTERNET, has)) shadow.addCapability(one)
                hasNot?.let(shadow::removeCapability)
                security?.let { shadow.setTransportInfo(WifiInfo.Builder().setCurrentSecurityType(it).build()) }
                val links = LinkProperties().apply { httpProxy = proxy }
                shadowOf(connectivity).setNetworkCapabilities(connectivity.activeNetwork, capabilities)
                shadowOf(connectivity).setLinkProperties(connectivity.activeNetwork, links)
            }

    private companion object {
        const val INTERNET = NetworkCapabilities.NET_CAPABILITY_INTERNET
        const val PORTAL = NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL
    }
}
