package org.taptill

import java.io.File
import kotlinx.coroutines.runBlocking
import org.taptill.core.TillException
import org.taptill.testing.desktopPorts

/** Opens a till that is not there, twice, and prints how each call ends. */
object SkewProbe {
    @JvmStatic
    fun main(arguments: Array<String>) {
        repeat(2) {
            var heard: VersionSkew? = null
            val said =
                try {
                    runBlocking { Till.open(File(arguments.single()), desktopPorts()) { heard = it } }
                    "opened"
                } catch (refused: TillException) {
                    refused.facts.code
                } catch (skewed: VersionSkewException) {
                    "heard $heard, thrown ${skewed.skew}"
                } catch (thrown: Throwable) {
                    thrown.javaClass.name
                }
            println(said)
        }
    }
}
