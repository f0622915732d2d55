package org.taptill.android

import android.content.Context
import android.net.ConnectivityManager
import android.net.NetworkCapabilities
import android.net.wifi.WifiInfo
import android.os.Build
import org.taptill.core.NetworkPosture
import org.taptill.core.Posture

/**
 * What the phone knows about the network that carries its traffic.
 *
 * Whether a Wi-Fi asks for a password is told to apps since Android 12 only; a Wi-Fi of which it is not known counts as
 * open.
 *
 * Evidence: `AndroidNetworkTest`.
 */
public class AndroidNetwork(context: Context) : NetworkPosture {
    private val connectivity: ConnectivityManager =
        checkNotNull(context.getSystemService(ConnectivityManager::class.java)) {
            "the phone has no connectivity service"
        }

    override fun posture(): Posture {
        val network = connectivity.activeNetwork ?: return Posture.ABSENT
        val capabilities = connectivity.getNetworkCapabilities(network) ?: return Posture.ABSENT
        val proxy = connectivity.getLinkProperties(network)?.httpProxy ?: connectivity.defaultProxy
        return when {
            !capabilities.hasCapability(NetworkCapabilities.NET_CAPABILITY_INTERNET) -> Posture.ABSENT
            proxy != null -> Posture.PROXIED
            capabilities.hasTransport(NetworkCapabilities.TRANSPORT_WIFI) && isOpen(capabilities) -> Posture.OPEN_WIFI
            else -> Posture.TRUSTED
        }
    }

    private fun isOpen(capabilities: NetworkCapabilities): Boolean {
        if (Build.VERSION.SDK_INT < Build.VERSION_CODES.S) return true
        val wifi = capabilities.transportInfo as? WifiInfo ?: return true
        return wifi.currentSecurityType !in LOCKED
    }

    private companion object {
        val LOCKED =
            setOf(
                WifiInfo.SECURITY_TYPE_PSK,
                WifiInfo.SECURITY_TYPE_SAE,
                WifiInfo.SECURITY_TYPE_EAP,
                WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE,
                WifiInfo.SECURITY_TYPE_EAP_WPA3_ENTERPRISE_192_BIT,
            )
    }
}
