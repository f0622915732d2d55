package org.taptill.app.draw

import org.taptill.core.ScreenKind

/** The picture that goes with a screen; told apart by shape, not by colour. */
enum class Badge {
    NONE,
    SETUP,
    WAVES,
    CARD,
    TICK,
    CROSS,
    HOURGLASS,
    PHONE,
    OTHER_WAY,
    WARNING,
}

/** What a kind of screen looks like: its picture, and how its parts stand. */
data class Layout(
    val badge: Badge,
    /** Picture and words in the middle of the page, on the tone's wash. */
    val isStage: Boolean = false,
    /** The reader's four lights are there, lit or not. */
    val hasLights: Boolean = false,
    /** All but the first action stand at the top, to leave the bottom to the keypad. */
    val isPad: Boolean = false,
)

/** The one place where a kind of screen becomes a layout. */
fun layoutOf(kind: ScreenKind): Layout =
    when (kind) {
        ScreenKind.FIRST_START -> Layout(Badge.SETUP, isStage = true)
        ScreenKind.AMOUNT_PAD -> Layout(Badge.NONE, isPad = true)
        ScreenKind.PRESENT_CARD -> Layout(Badge.WAVES, isStage = true, hasLights = true)
        ScreenKind.READING -> Layout(Badge.CARD, isStage = true, hasLights = true)
        ScreenKind.APPROVED -> Layout(Badge.TICK, isStage = true)
        ScreenKind.DECLINED -> Layout(Badge.CROSS, isStage = true)
        ScreenKind.NOT_KNOWN_YET -> Layout(Badge.HOURGLASS, isStage = true)
        ScreenKind.SEE_PHONE -> Layout(Badge.PHONE, isStage = true, hasLights = true)
        ScreenKind.TRY_ANOTHER_WAY -> Layout(Badge.OTHER_WAY, isStage = true)
        ScreenKind.HISTORY -> Layout(Badge.NONE)
        ScreenKind.TRANSACTION -> Layout(Badge.NONE)
        ScreenKind.RECEIPT -> Layout(Badge.NONE)
        ScreenKind.SETTINGS -> Layout(Badge.NONE)
        ScreenKind.CLAIM,
        ScreenKind.SIGN_IN,
        ScreenKind.LOCKED,
        ScreenKind.CHANGE_PASSWORD,
        ScreenKind.RECOVER,
        ScreenKind.RECOVERY_CODE,
        ScreenKind.OPERATORS,
        ScreenKind.OPERATOR,
        ScreenKind.ADD_OPERATOR,
        ScreenKind.ENROL_BIOMETRIC,
        ScreenKind.NEW_RECOVERY_CODE,
        ScreenKind.RESET_OPERATOR,
        ScreenKind.FREEZE_BY_NAME,
        ScreenKind.FROZEN,
        ScreenKind.RELEASE,
        ScreenKind.LEAVE,
        ScreenKind.FORCE_LEAVE,
        ScreenKind.STATEMENT,
        ScreenKind.DEREGISTER,
        ScreenKind.DEREGISTER_BLOCKED,
        ScreenKind.ERASED,
        ScreenKind.LOSS,
        ScreenKind.EVIDENCE,
        ScreenKind.NETWORK,
        ScreenKind.MESSAGE,
        ScreenKind.DECIDE -> Layout(Badge.NONE)
        ScreenKind.LEFT,
        ScreenKind.DISCLOSED -> Layout(Badge.TICK, isStage = true)
        ScreenKind.ERASING -> Layout(Badge.HOURGLASS, isStage = true)
        ScreenKind.TROUBLE,
        ScreenKind.FREEZE,
        ScreenKind.RENEW_PASSWORDS -> Layout(Badge.WARNING, isStage = true)
    }
