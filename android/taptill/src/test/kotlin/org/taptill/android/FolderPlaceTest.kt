package org.taptill.android

import android.content.ContentProvider
import android.content.ContentValues
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.Bundle
import android.os.ParcelFileDescriptor
import android.provider.DocumentsContract as Documents
import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertThrows
import org.junit.Before
import org.junit.Rule
import org.junit.Test
import org.junit.rules.TemporaryFolder
import org.junit.runner.RunWith
import org.robolectric.Robolectric
import org.robolectric.RobolectricTestRunner
import org.robolectric.RuntimeEnvironment
import org.taptill.core.ExportFault

@RunWith(RobolectricTestRunner::class)
class FolderPlaceTest {
    @get:Rule val disk = TemporaryFolder()

    @Before
    fun aFolderOnTheDisk() {
        Folder.root = disk.root
        Robolectric.buildContentProvider(Folder::class.java).create(AUTHORITY)
    }

    @Test
    fun piecesAreAddedInOrderAndFilesStandApart() {
        val place = place()
        place.put("readme.txt", "a".toByteArray())
        place.put("payments.csv", "one,".toByteArray())
        place.put("payments.csv", "two".toByteArray())
        place.finish()
        place.put("certificate.txt", ByteArray(0))
        val lying = disk.root.list().orEmpty().sorted().map { it to File(disk.root, it).readText() }
        assertEquals(listOf("certificate.txt" to "", "payments.csv" to "one,two", "readme.txt" to "a"), lying)
    }

    @Test
    fun aFolderThatHoldsSomethingIsRefusedAndLeftAsItWas() {
        File(disk.root, "mine.txt").writeText("mine")
        assertThrows(ExportFault.NotEmpty::class.java) { place().put("readme.txt", ByteArray(1)) }
        assertEquals(listOf("mine.txt"), disk.root.list().orEmpty().toList())
    }

    @Test
    fun aFolderOfAnEarlierTryThatHadOnlyBegunIsTakenAndNoOther() {
        val first = place()
        first.put("readme.txt", "a".toByteArray())
        first.finish()
        assertThrows(ExportFault.NotEmpty::class.java) { place().put("readme.txt", "b".toByteArray()) }
        for (again in listOf(first, place())) {
            again.put("readme.txt", "a".toByteArray())
            again.finish()
            assertEquals("not a second time", "a", File(disk.root, "readme.txt").readText())
        }
        first.put("payments.csv", "one".toByteArray())
        for (late in listOf(first, place())) {
            assertThrows(ExportFault.NotEmpty::class.java) { late.put("readme.txt", "a".toByteArray()) }
        }
        assertEquals("one", File(disk.root, "payments.csv").readText())
    }

    @Test
    fun aFolderThatIsGoneOrMayNotBeWrittenIsAFault() {
        disk.root.deleteRecursively()
        assertThrows(ExportFault::class.java) { place().put("readme.txt", ByteArray(1)) }
    }

    @Test
    fun aFirstFileThatFailedMidwayIsReplacedByTheNextTryAtTheSamePlace() {
        val place = place()
        Folder.failsMidway = true
        assertThrows(ExportFault::class.java) { place.put("readme.txt", "readme".toByteArray()) }
        assertEquals("half of it lies there", "rea", File(disk.root, "readme.txt").readText())
        assertThrows("not at another place", ExportFault.NotEmpty::class.java) {
            place().put("readme.txt", "readme".toByteArray())
        }
        place.put("readme.txt", "readme".toByteArray())
        place.finish()
        assertEquals("readme", File(disk.root, "readme.txt").readText())
        place.put("payments.csv", "one,".toByteArray())
        Folder.failsMidway = true
        assertThrows(ExportFault::class.java) { place.put("payments.csv", "two".toByteArray()) }
        assertThrows("nothing is added to what is half there", ExportFault.NotEmpty::class.java) {
            place.put("readme.txt", "readme".toByteArray())
        }
        assertEquals("readme", File(disk.root, "readme.txt").readText())
    }

    private fun place() =
        FolderPlace(
            RuntimeEnvironment.getApplication().contentResolver,
            Documents.buildTreeDocumentUri(AUTHORITY, "root"),
        )

    /** A folder of the system's, as far as a place for records asks it. */
    class Folder : ContentProvider() {
        override fun onCreate() = true

        override fun query(uri: Uri, a: Array<String>?, b: String?, c: Array<String>?, d: String?): Cursor {
            val names = root.list() ?: throw SecurityException("there is no such folder")
            return MatrixCursor(COLUMNS).also { cursor -> names.forEach { cursor.addRow(arrayOf(it, it)) } }
        }

        override fun call(authority: String, method: String, arg: String?, extras: Bundle?) = call(method, arg, extras)

        override fun call(method: String, arg: String?, extras: Bundle?): Bundle {
            val name = extras?.getString(Documents.Document.COLUMN_DISPLAY_NAME).orEmpty()
            File(root, name).createNewFile()
            val made = Documents.buildDocumentUriUsingTree(Documents.buildTreeDocumentUri(AUTHORITY, "root"), name)
            return Bundle().apply { putParcelable("uri", made) }
        }

        override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
            val file = File(root, Documents.getDocumentId(uri))
            if (!failsMidway || mode != "wa") return ParcelFileDescriptor.open(file, MODES.getValue(mode))
            // As much as there was room for; nothing more can be written.
            failsMidway = false
            file.appendText("rea")
            return ParcelFileDescriptor.open(file, ParcelFileDescriptor.MODE_READ_ONLY)
        }

        override fun getType(uri: Uri): String? = null

        override fun insert(uri: Uri, values: ContentValues?): Uri? = null

        override fun delete(uri: Uri, where: String?, of: Array<String>?) = 0

        override fun update(uri: Uri, values: ContentValues?, where: String?, of: Array<String>?) = 0

        companion object {
            lateinit var root: File
            var failsMidway = false
        }
    }

    private companion object {
        const val AUTHORITY = "org.taptill.test.documents"
        val MODES =
            mapOf(
                "r" to ParcelFileDescriptor.MODE_READ_ONLY,
                "wa" to (ParcelFileDescriptor.MODE_WRITE_ONLY or ParcelFileDescriptor.MODE_APPEND),
                "wt" to (ParcelFileDescriptor.MODE_WRITE_ONLY or ParcelFileDescriptor.MODE_TRUNCATE),
            )
        val COLUMNS = arrayOf(Documents.Document.COLUMN_DOCUMENT_ID, Documents.Document.COLUMN_DISPLAY_NAME)
    }
}
