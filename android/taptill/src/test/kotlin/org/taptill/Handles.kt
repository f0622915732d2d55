package org.taptill

import org.taptill.core.Clock

/**
 * How many objects of Kotlin the library holds: the generated code keeps each in a map until the library gives it back.
 */
internal object Handles {
    private val ports =
        listOf(
            "CardChannel",
            "Clock",
            "DeviceKeys",
            "NetworkPosture",
            "Observer",
            "Display",
            "EncryptedReader",
            "BiometricKey",
        )

    /** By port, those of which it holds any. */
    fun held(): Map<String, Int> = ports.associateWith { entries("FfiConverterType$it").size }.filterValues { it > 0 }

    /** Lends the library a clock that it never asks to be rid of. */
    fun lend(from: TillPorts): Any {
        val lent = object : Clock by from.clock {}
        val converter = Class.forName("org.taptill.core.FfiConverterTypeClock")
        val instance = converter.getField("INSTANCE").get(null)
        return converter.methods.first { it.name == "lower" && !it.isBridge }.invoke(instance, lent)
    }

    private fun entries(converter: String): Map<*, *> {
        val type = Class.forName("org.taptill.core.$converter")
        val handles =
            type.declaredFields
                .first { it.name == "handleMap" }
                .apply { isAccessible = true }
                .get(type.getField("INSTANCE").get(null))
        return handles.javaClass.getDeclaredField("map").apply { isAccessible = true }.get(handles) as Map<*, *>
    }
}
