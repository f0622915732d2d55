package org.taptill.app.draw

import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.Path
import android.graphics.RectF
import android.view.View

/**
 * Draws a [Badge] on a grid of 100 by 100. Said by the title too, so those who hear the screen are not told of it.
 *
 * Approved is a disc with a tick, declined an octagon with a cross, not known yet an open ring with an hourglass: each
 * is known by its outline alone.
 */
class BadgeView(kit: Kit, private val badge: Badge, colours: ToneColours) : View(kit.context) {
    private val fill = Paint(Paint.ANTI_ALIAS_FLAG).apply { color = colours.ink }
    private val cut = stroke(colours.onInk)
    private val line = stroke(colours.ink)

    init {
        importantForAccessibility = IMPORTANT_FOR_ACCESSIBILITY_NO
    }

    override fun onDraw(canvas: Canvas) {
        val scale = minOf(width, height) / 100f
        canvas.translate((width - 100 * scale) / 2, (height - 100 * scale) / 2)
        canvas.scale(scale, scale)
        when (badge) {
            Badge.NONE -> Unit
            Badge.SETUP -> setup(canvas)
            Badge.WAVES -> waves(canvas)
            Badge.CARD -> card(canvas)
            Badge.TICK -> tick(canvas)
            Badge.CROSS -> cross(canvas)
            Badge.HOURGLASS -> hourglass(canvas)
            Badge.PHONE -> phone(canvas)
            Badge.OTHER_WAY -> otherWay(canvas)
            Badge.WARNING -> warning(canvas)
        }
    }

    private fun tick(canvas: Canvas) {
        canvas.drawCircle(50f, 50f, 46f, fill)
        canvas.drawPath(path(29f, 52f, 44f, 67f, 72f, 36f), cut)
    }

    private fun cross(canvas: Canvas) {
        canvas.drawPath(
            path(31f, 4f, 69f, 4f, 96f, 31f, 96f, 69f, 69f, 96f, 31f, 96f, 4f, 69f, 4f, 31f, shut = true),
            fill,
        )
        canvas.drawLine(34f, 34f, 66f, 66f, cut)
        canvas.drawLine(66f, 34f, 34f, 66f, cut)
    }

    private fun hourglass(canvas: Canvas) {
        canvas.drawCircle(50f, 50f, 45f, line)
        canvas.drawPath(path(35f, 28f, 65f, 28f, 35f, 72f, 65f, 72f, shut = true), line)
        canvas.drawPath(path(42f, 66f, 58f, 66f, 50f, 54f, shut = true), fill)
    }

    private fun warning(canvas: Canvas) {
        canvas.drawPath(path(50f, 8f, 96f, 90f, 4f, 90f, shut = true), line)
        canvas.drawLine(50f, 38f, 50f, 62f, line)
        canvas.drawCircle(50f, 76f, 5f, fill)
    }

    private fun waves(canvas: Canvas) {
        canvas.drawRoundRect(6f, 34f, 58f, 74f, 6f, 6f, line)
        canvas.drawLine(6f, 47f, 58f, 47f, line)
        for ((at, radius) in listOf(12f, 22f, 32f).withIndex().map { it.index to it.value }) {
            val box = RectF(58f - radius + at, 54f - radius, 58f + radius + at, 54f + radius)
            canvas.drawArc(box, -42f, 84f, false, line)
        }
    }

    private fun card(canvas: Canvas) {
        canvas.drawRoundRect(6f, 24f, 94f, 80f, 8f, 8f, fill)
        canvas.drawLine(12f, 42f, 88f, 42f, cut)
        canvas.drawLine(20f, 64f, 44f, 64f, cut)
    }

    private fun phone(canvas: Canvas) {
        canvas.drawRoundRect(28f, 6f, 72f, 94f, 9f, 9f, line)
        canvas.drawLine(44f, 80f, 56f, 80f, line)
        canvas.drawLine(50f, 28f, 50f, 50f, line)
        canvas.drawCircle(50f, 64f, 4.5f, fill)
    }

    private fun otherWay(canvas: Canvas) {
        canvas.drawRoundRect(22f, 50f, 78f, 94f, 7f, 7f, line)
        canvas.drawLine(22f, 65f, 78f, 65f, line)
        canvas.drawLine(50f, 6f, 50f, 36f, line)
        canvas.drawPath(path(38f, 25f, 50f, 37f, 62f, 25f), line)
    }

    private fun setup(canvas: Canvas) {
        canvas.drawPath(path(20f, 6f, 58f, 6f, 80f, 28f, 80f, 94f, 20f, 94f, shut = true), line)
        canvas.drawLine(50f, 38f, 50f, 68f, line)
        canvas.drawPath(path(37f, 57f, 50f, 70f, 63f, 57f), line)
    }

    private fun stroke(colour: Int) =
        Paint(Paint.ANTI_ALIAS_FLAG).apply {
            color = colour
            style = Paint.Style.STROKE
            strokeWidth = 8f
            strokeCap = Paint.Cap.ROUND
            strokeJoin = Paint.Join.ROUND
        }

    private fun path(vararg points: Float, shut: Boolean = false) =
        Path().apply {
            moveTo(points[0], points[1])
            for (at in 2 until points.size step 2) lineTo(points[at], points[at + 1])
            if (shut) close()
        }
}
