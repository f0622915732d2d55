package org.taptill.app

import java.io.File
import javax.xml.parsers.DocumentBuilderFactory
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.w3c.dom.Element

/** What the app's manifest and the files that it names promise. */
class ManifestTest {
    private val main = File(System.getProperty("taptill.app") ?: ".", "src/main")
    private val manifest = read("AndroidManifest.xml")
    private val application = manifest.the("application")
    private val activity = application.the("activity")

    @Test
    fun nothingOfATillIsBackedUpOrMovedToAnotherPhone() {
        assertEquals("false", application.android("allowBackup"))
        assertEquals("false", application.android("fullBackupContent"))
        val rules = read(application.android("dataExtractionRules").file())
        for (way in listOf("cloud-backup", "device-transfer")) {
            val excluded = rules.the(way).all("exclude").map { it.getAttribute("domain") }.toSet()
            assertEquals(way, setOf("root", "file", "database", "sharedpref", "external"), excluded)
            assertTrue(rules.the(way).all("exclude").all { it.getAttribute("path") == "." })
            assertEquals(way, emptyList<Element>(), rules.the(way).all("include"))
        }
    }

    @Test
    fun nothingIsEverSentInTheClear() {
        assertEquals("false", application.android("usesCleartextTraffic"))
        val network = read(application.android("networkSecurityConfig").file())
        assertEquals("false", network.the("base-config").getAttribute("cleartextTrafficPermitted"))
        assertEquals("no host is excepted", emptyList<Element>(), network.all("domain-config"))
        assertEquals("no debug certificates", emptyList<Element>(), network.all("debug-overrides"))
    }

    @Test
    fun thePhoneMustHaveNfcAndTheAppMayDoNoMoreThanItNeeds() {
        val feature = manifest.all("uses-feature").single()
        assertEquals("android.hardware.nfc" to "true", feature.android("name") to feature.android("required"))
        val permissions = manifest.all("uses-permission").map { it.android("name").substringAfterLast('.') }
        assertEquals(listOf("NFC", "INTERNET", "ACCESS_NETWORK_STATE", "USE_BIOMETRIC"), permissions)
    }

    @Test
    fun onlyTheActivityCanBeReachedFromOutsideAndItIsTheOneThatIsTested() {
        assertEquals(TillApplication::class.java.name, application.android("name"))
        assertEquals(TillActivity::class.java.name, activity.android("name"))
        val open = listOf("activity", "service", "receiver", "provider").flatMap { application.all(it) }
        assertEquals(listOf(activity), open.filter { it.android("exported") == "true" })
        assertEquals("no other task may take it in", "", activity.android("taskAffinity"))
        assertEquals("", application.android("debuggable"))
    }

    private fun read(path: String): Element {
        val factory = DocumentBuilderFactory.newInstance().apply { isNamespaceAware = true }
        return factory.newDocumentBuilder().parse(File(main, path)).documentElement
    }

    private fun String.file() = "res/${removePrefix("@")}.xml"

    private fun Element.all(name: String): List<Element> =
        getElementsByTagName(name).let { found -> (0 until found.length).map { found.item(it) as Element } }

    private fun Element.the(name: String): Element = all(name).single()

    private fun Element.android(name: String): String =
        getAttributeNS("http://schemas.android.com/apk/res/android", name)
}
