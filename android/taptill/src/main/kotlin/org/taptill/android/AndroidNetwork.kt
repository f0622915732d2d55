package org.taptill.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.wifi.WifiInfo
import android.os.Build
import android.provider.Settings
import java.security.KeyStore
import org.taptill.core.DeviceSays
import org.taptill.core.NetworkFacts
import org.taptill.core.NetworkPosture
import org.taptill.core.Posture
import org.taptill.core.postureOf

/**
 * What the phone tells of the network that carries its traffic, fact by fact. What follows is the core's to say.
 *
 * Whether a Wi-Fi asks for a password is told to apps since Android 12, and to those alone that may know where the
 * phone is; a Wi-Fi below a tunnel is not told at all. Authorities that a person has added are told to every app.
 *
 * Evidence: `AndroidNetworkTest`.
 */
public class AndroidNetwork
internal constructor(private val context: Context, private val authorities: () -> Sequence<String>) : NetworkPosture {
    public constructor(context: Context) : this(context, ::namesOfAuthorities)

    private val connectivity: ConnectivityManager =
        checkNotNull(context.getSystemService(ConnectivityManager::class.java)) {
            "the phone has no connectivity service"
        }

    override fun posture(): Posture = postureOf(facts())

    /** What the phone tells now. */
    public fun facts(): NetworkFacts {
        val network = connectivity.activeNetwork
        val told = network?.let(connectivity::getNetworkCapabilities)
        val proxy = connectivity.getLinkProperties(network)?.httpProxy ?: connectivity.defaultProxy
        return NetworkFacts(
            reachable = says(told?.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET) ?: false),
            captivePortal = says(told?.hasCapability(NetworkCapabilities.NET_CAPABILITY_CAPTIVE_PORTAL)),
            proxied = says(proxy != null),
            userAuthority = says(hasAddedAuthority()),
            vpn = says(told?.hasCapability(NetworkCapabilities.NET_CAPABILITY_NOT_VPN)?.not()),
            openWifi = says(told?.let(::isOpen)),
            clockByHand = says(isSetByHand()),
        )
    }

    /** Nothing where the phone does not tell. */
    private fun isOpen(told: NetworkCapabilities): Boolean? {
        if (told.hasTransport(NetworkCapabilities.TRANSPORT_VPN)) return null
        if (!told.hasTransport(NetworkCapabilities.TRANSPORT_WIFI)) return false
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) return null
        return when ((told.transportInfo as? WifiInfo)?.currentSecurityType) {
            null,
            WifiInfo.SECURITY_TYPE_UNKNOWN -> null
            in LOCKED -> false
            else -> true
        }
    }

    /** Those that a person has added have names of their own in the system's list. */
    private fun hasAddedAuthority(): Boolean? = runCatching { authorities().any { it.startsWith(ADDED) } }.getOrNull()

    private fun isSetByHand(): Boolean? =
        runCatching { Settings.Global.getInt(context.contentResolver, Settings.Global.AUTO_TIME) == 0 }.getOrNull()

    private companion object {
        const val ADDED = "user:"

        val LOCKED =
            setOf(
                WifiInfo.SECURITY_TYPE_PSK,
                WifiInfo.SECURITY_TYPE_SAE,
                WifiInfo.SECURITY_TYPE_EAP,
                WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE,
                WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE_192_BIT,
            )

        fun says(told: Boolean?): DeviceSays =
            when (told) {
                true -> DeviceSays.YES
                false -> DeviceSays.NO
                null -> DeviceSays.NOTHING
            }
    }
}

private fun namesOfAuthorities(): Sequence<String> =
    KeyStore.getInstance("AndroidCAStore").apply { load(null) }.aliases().asSequence()
