import java.io.File
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class SaleExampleTest {
    @Test fun the_example_runs_to_its_end() = runBlocking { withTimeout(120.seconds) { main() } }

    @Test
    fun the_examples_are_short_enough_to_be_read() {
        for (example in listOf("Sale.kt", "Refund.kt")) {
            val lines = File(System.getProperty("taptill.root"), "examples/kotlin/$example").readLines().size
            assertTrue(lines < 60, "$example has $lines lines")
        }
    }
}
