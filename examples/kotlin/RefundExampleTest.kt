import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import org.junit.jupiter.api.Test

class RefundExampleTest {
    @Test fun the_example_runs_to_its_end() = runBlocking { withTimeout(120.seconds) { refund.main() } }
}
