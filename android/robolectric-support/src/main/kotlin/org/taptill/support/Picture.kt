package org.taptill.support

import android.graphics.Bitmap
import android.graphics.Canvas
import android.view.View
import java.io.ByteArrayOutputStream
import java.io.File

/** Draws [view] as it is laid out now, with the framework's own drawing code. */
fun pictureOf(view: View): Bitmap {
    val picture = Bitmap.createBitmap(view.width, view.height, Bitmap.Config.ARGB_8888)
    view.draw(Canvas(picture))
    return picture
}

/** Writes [picture] as a PNG file, whole or not at all. */
fun writePng(picture: Bitmap, file: File) {
    val bytes = ByteArrayOutputStream()
    check(picture.compress(Bitmap.CompressFormat.PNG, 100, bytes)) { "the picture could not be encoded: $file" }
    file.absoluteFile.parentFile.mkdirs()
    file.writeBytes(bytes.toByteArray())
}

/** Every pixel, row by row. */
fun Bitmap.pixels(): IntArray = IntArray(width * height).also { getPixels(it, 0, width, 0, 0, width, height) }
