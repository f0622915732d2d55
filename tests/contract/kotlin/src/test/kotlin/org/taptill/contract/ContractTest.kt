package org.taptill.contract

import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.taptill.testing.Stand

class ContractTest {
    @Test
    fun every_case_of_the_contract_holds_in_kotlin() {
        val contract = File(System.getProperty("taptill.root"), "tests/contract")
        val files =
            listOf("cases", "controls").flatMap { folder ->
                contract.resolve(folder).listFiles()!!.filter { it.extension == "json" }.sorted()
            }
        Stand.start().use { stand ->
            val interpreter = Interpreter(stand, ::println)
            files.forEach(interpreter::run)
            println()
            println("kotlin: ${interpreter.passed} passed, ${interpreter.failed} failed")
            assertEquals(0, interpreter.failed)
            assertTrue(interpreter.passed >= CASES_MIN, "only ${interpreter.passed} cases")
        }
    }

    private companion object {
        const val CASES_MIN = 120
    }
}
