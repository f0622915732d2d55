package org.taptill

import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.update

/** Wakes those who wait for events. A ring is never lost: who listens says how many it has heard already. */
internal class Bell {
    private val rings = MutableStateFlow(0L)

    val heard: Long
        get() = rings.value

    fun ring(): Unit = rings.update { it + 1 }

    /** Waits for a ring after this many. */
    suspend fun ringAfter(heard: Long) {
        rings.first { it > heard }
    }
}
