//! SQLite's table of functions, filled in: the files of mounted folders live in memory, all others where they are.
//!
//! Everything that C can call or be handed is here, and nothing else. A file of a mounted folder is written and
//! synced as SQLite's Unix VFS would: a new journal or log has its folder synced with its first sync (`unixSync`).
//! Locks are granted, for there is one connection. Evidence: `mod tests` below.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::{Arc, Mutex, MutexGuard, Once, OnceLock, PoisonError};

use rusqlite::ffi;

use super::{Shared, Step};

/// A connection as SQLite tells it to its VFS.
#[derive(Clone, Copy)]
pub(super) struct Connection(*mut ffi::sqlite3);

// SAFETY: the pointer is only used by `sync_less`, whose caller says that nobody else uses the connection meanwhile.
unsafe impl Send for Connection {}

/// Puts a disk in the place of its folder.
pub(super) fn mount(disk: Arc<Shared>) {
    install();
    let mut mounted = mounted();
    assert!(mounted.iter().all(|other| other.folder != disk.folder), "the folder has a disk already");
    mounted.push(disk);
}

/// Gives the folder back to the file system.
pub(super) fn unmount(folder: &Path) {
    mounted().retain(|disk| disk.folder != folder);
}

/// Sets `synchronous=NORMAL` on a connection that another owns.
pub(super) fn sync_less(connection: Connection) {
    // SAFETY: the connection is open, as it is forgotten when its file is closed, and the statement is a C string.
    let result = unsafe {
        let sql = c"PRAGMA synchronous=NORMAL".as_ptr();
        ffi::sqlite3_exec(connection.0, sql, None, ptr::null_mut(), ptr::null_mut())
    };
    assert_eq!(result, ffi::SQLITE_OK, "SQLite sets how it syncs");
}

static MOUNTED: Mutex<Vec<Arc<Shared>>> = Mutex::new(Vec::new());

fn mounted() -> MutexGuard<'static, Vec<Arc<Shared>>> {
    MOUNTED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The VFS that was the default before: it serves all other files.
struct System(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite calls a VFS from any thread; the pointer is never changed and what it points at is static.
unsafe impl Send for System {}
// SAFETY: as for `Send`.
unsafe impl Sync for System {}

static SYSTEM: OnceLock<System> = OnceLock::new();

fn system() -> *mut ffi::sqlite3_vfs {
    SYSTEM.get().expect("installed before any file is opened").0
}

fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: SQLite's own functions, called as documented; the new VFS and its name live for ever.
        unsafe {
            let system = ffi::sqlite3_vfs_find(ptr::null());
            assert!(!system.is_null(), "SQLite has a default VFS");
            let of_system = &*system;
            let vfs = ffi::sqlite3_vfs {
                iVersion: 2,
                szOsFile: of_system.szOsFile.max(size_of::<OpenFile>() as c_int),
                mxPathname: of_system.mxPathname,
                pNext: ptr::null_mut(),
                zName: c"crashfs".as_ptr(),
                pAppData: ptr::null_mut(),
                xOpen: Some(open),
                xDelete: Some(delete),
                xAccess: Some(access),
                xFullPathname: Some(full_pathname),
                xDlOpen: None,
                xDlError: None,
                xDlSym: None,
                xDlClose: None,
                xRandomness: Some(randomness),
                xSleep: Some(sleep),
                xCurrentTime: Some(current_time),
                xGetLastError: Some(last_error),
                xCurrentTimeInt64: Some(current_time_64),
                xSetSystemCall: None,
                xGetSystemCall: None,
                xNextSystemCall: None,
            };
            SYSTEM.get_or_init(|| System(system));
            let registered = ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 1);
            assert_eq!(registered, ffi::SQLITE_OK, "SQLite takes the VFS");
        }
    });
}

/// The disk and the name of a path, where it lies on a disk.
///
/// # Safety
/// `path` is null or a C string.
unsafe fn place_of(path: *const c_char) -> Option<(Arc<Shared>, String)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let path = PathBuf::from(unsafe { CStr::from_ptr(path) }.to_str().ok()?);
    let name = path.file_name()?.to_str()?.to_owned();
    let disk = mounted().iter().find(|disk| path.parent() == Some(&*disk.folder))?.clone();
    Some((disk, name))
}

/// A file of a disk, where SQLite keeps its own: the first member is SQLite's.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    handle: *mut Handle,
}

/// What is known of an open file.
struct Handle {
    disk: Arc<Shared>,
    file: usize,
    name: String,
    is_database: bool,
    is_deleted_on_close: bool,
    /// Whether its folder is to be synced with it.
    owes_folder: bool,
}

/// The handle of an open file.
///
/// # Safety
/// `file` was opened by [`open`] on a disk and not closed since.
unsafe fn handle<'a>(file: *mut ffi::sqlite3_file) -> &'a mut Handle {
    // SAFETY: the caller's promise; SQLite calls one function at a time for one file.
    unsafe { &mut *(*file.cast::<OpenFile>()).handle }
}

unsafe extern "C" fn open(
    _: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a path as a C string or none, room for `szOsFile` bytes, and somewhere for flags or null.
    unsafe {
        let Some((disk, name)) = place_of(path) else {
            return match (*system()).xOpen {
                Some(open) => open(system(), path, file, flags, out_flags),
                None => ffi::SQLITE_CANTOPEN,
            };
        };
        (*file).pMethods = ptr::null();
        let is_database = flags & ffi::SQLITE_OPEN_MAIN_DB != 0;
        let (number, is_new) = {
            let mut content = disk.content();
            if is_database && content.connection.is_some() {
                return ffi::SQLITE_BUSY;
            }
            match content.names.get(&name).copied() {
                Some(number) => (number, false),
                None if flags & ffi::SQLITE_OPEN_CREATE == 0 => return ffi::SQLITE_CANTOPEN,
                None => (content.create(&disk.folder, &name), true),
            }
        };
        let owes_folder = is_new && flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL) != 0;
        let is_deleted_on_close = flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0;
        let handle = Handle { disk, file: number, name, is_database, is_deleted_on_close, owes_folder };
        (*file.cast::<OpenFile>()).handle = Box::into_raw(Box::new(handle));
        (*file).pMethods = &METHODS;
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut ffi::sqlite3_vfs, path: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite gives a C string.
    unsafe {
        let Some((disk, name)) = place_of(path) else {
            return (*system()).xDelete.map_or(ffi::SQLITE_IOERR_DELETE, |delete| delete(system(), path, sync_folder));
        };
        let mut content = disk.content();
        if !content.delete(&disk.folder, &name) {
            return ffi::SQLITE_IOERR_DELETE_NOENT;
        }
        if sync_folder != 0 {
            content.note(Step::SyncFolder);
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(_: *mut ffi::sqlite3_vfs, path: *const c_char, flags: c_int, result: *mut c_int) -> c_int {
    // SAFETY: SQLite gives a C string and somewhere for the answer.
    unsafe {
        let Some((disk, name)) = place_of(path) else {
            return (*system()).xAccess.map_or(ffi::SQLITE_IOERR_ACCESS, |ask| ask(system(), path, flags, result));
        };
        let content = disk.content();
        // An empty file counts as none, as it does for SQLite's own VFS.
        let length = content.names.get(&name).map(|file| content.files[*file].len());
        let is_there = if flags == ffi::SQLITE_ACCESS_EXISTS { length > Some(0) } else { length.is_some() };
        *result = c_int::from(is_there);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_pathname(
    _: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xFullPathname.map_or(ffi::SQLITE_CANTOPEN, |full| full(system(), path, room, out)) }
}

unsafe extern "C" fn randomness(_: *mut ffi::sqlite3_vfs, count: c_int, out: *mut c_char) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xRandomness.map_or(0, |fill| fill(system(), count, out)) }
}

unsafe extern "C" fn sleep(_: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xSleep.map_or(0, |sleep| sleep(system(), microseconds)) }
}

unsafe extern "C" fn current_time(_: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xCurrentTime.map_or(ffi::SQLITE_ERROR, |time| time(system(), out)) }
}

unsafe extern "C" fn last_error(_: *mut ffi::sqlite3_vfs, room: c_int, out: *mut c_char) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xGetLastError.map_or(0, |last| last(system(), room, out)) }
}

unsafe extern "C" fn current_time_64(_: *mut ffi::sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: handed on as it came.
    unsafe { (*system()).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |time| time(system(), out)) }
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    // Without memory maps.
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes an open file once; the handle came from `Box::into_raw`.
    let handle = unsafe { Box::from_raw((*file.cast::<OpenFile>()).handle) };
    let mut content = handle.disk.content();
    if handle.is_database {
        content.connection = None;
        content.regions.clear();
    }
    if handle.is_deleted_on_close {
        content.delete(&handle.disk.folder, &handle.name);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut ffi::sqlite3_file, out: *mut c_void, count: c_int, offset: i64) -> c_int {
    // SAFETY: an open file of ours, and room for `count` bytes.
    let (handle, out) = unsafe { (handle(file), std::slice::from_raw_parts_mut(out.cast::<u8>(), count as usize)) };
    let content = handle.disk.content();
    let bytes = content.files[handle.file].get(offset as usize..).unwrap_or_default();
    let found = bytes.len().min(out.len());
    out[..found].copy_from_slice(&bytes[..found]);
    out[found..].fill(0);
    if found == out.len() { ffi::SQLITE_OK } else { ffi::SQLITE_IOERR_SHORT_READ }
}

unsafe extern "C" fn write(file: *mut ffi::sqlite3_file, bytes: *const c_void, count: c_int, offset: i64) -> c_int {
    // SAFETY: an open file of ours, and `count` bytes.
    let (handle, bytes) = unsafe { (handle(file), std::slice::from_raw_parts(bytes.cast::<u8>(), count as usize)) };
    let mut content = handle.disk.content();
    if !content.has_room(&handle.disk.folder, handle.file, offset as usize, bytes.len()) {
        return ffi::SQLITE_FULL;
    }
    content.write(handle.file, offset as usize, bytes);
    ffi::SQLITE_OK
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: i64) -> c_int {
    // SAFETY: an open file of ours.
    let handle = unsafe { handle(file) };
    handle.disk.content().truncate(handle.file, size as usize);
    ffi::SQLITE_OK
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file of ours.
    let handle = unsafe { handle(file) };
    let mut content = handle.disk.content();
    content.note(Step::Sync { file: handle.file });
    if std::mem::take(&mut handle.owes_folder) {
        content.note(Step::SyncFolder);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: an open file of ours, and somewhere for the answer.
    unsafe {
        let handle = handle(file);
        *out = handle.disk.content().files[handle.file].len() as i64;
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_: *mut ffi::sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(_: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: SQLite gives somewhere for the answer.
    unsafe { *out = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(file: *mut ffi::sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    if operation == ffi::SQLITE_FCNTL_PDB {
        // SAFETY: an open file of ours; with this operation SQLite hands over where it keeps the connection.
        unsafe {
            let handle = handle(file);
            let connection = *argument.cast::<*mut ffi::sqlite3>();
            handle.disk.content().connection = Some(Connection(connection));
        }
        return ffi::SQLITE_OK;
    }
    ffi::SQLITE_NOTFOUND
}

/// As SQLite's Unix VFS says.
unsafe extern "C" fn sector_size(_: *mut ffi::sqlite3_file) -> c_int {
    4096
}

/// As SQLite's Unix VFS says: a write changes no byte beside it.
unsafe extern "C" fn device_characteristics(_: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    size: c_int,
    may_extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file of ours, and somewhere for the pointer; a region stays where it is until the file closes.
    unsafe {
        let mut content = handle(file).disk.content();
        if may_extend != 0 {
            while content.regions.len() <= region as usize {
                content.regions.push(vec![0; size as usize].into());
            }
        }
        *out = content.regions.get_mut(region as usize).map_or(ptr::null_mut(), |region| region.as_mut_ptr().cast());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(_: *mut ffi::sqlite3_file, _: c_int, _: c_int, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_barrier(_: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    if delete != 0 {
        // SAFETY: an open file of ours, whose regions SQLite uses no more.
        unsafe { handle(file).disk.content().regions.clear() };
    }
    ffi::SQLITE_OK
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use crate::{Dice, Disk, Loss, Replay};

    fn wal(disk_folder: &std::path::Path) -> Connection {
        let db = Connection::open(disk_folder.join("a.db")).unwrap();
        let mode: String = db.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        db
    }

    fn rows(db: &Connection) -> i64 {
        db.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap()
    }

    /// Runs twenty inserts; at each step of their log, how many rows were acknowledged and how many each loss leaves.
    fn survey(sync_less: bool) -> Vec<(usize, i64)> {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::at(folder.path());
        let db = wal(folder.path());
        db.execute_batch("CREATE TABLE t (bytes BLOB)").unwrap();
        if sync_less {
            disk.sync_less();
        }
        disk.record();
        let acknowledged: Vec<usize> = (0..20)
            .map(|_| {
                db.execute("INSERT INTO t VALUES (randomblob(3000))", []).unwrap();
                disk.mark()
            })
            .collect();
        db.close().unwrap();
        let log = disk.take_log();
        let (mut replay, mut dice, mut seen) = (Replay::new(&log), Dice(3), Vec::new());
        while replay.advance() {
            for loss in Loss::ALL {
                disk.lay(&replay.cut(loss, &mut dice));
                let db = wal(folder.path());
                let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
                assert_eq!(verdict, "ok");
                seen.push((acknowledged.iter().filter(|mark| **mark < replay.done()).count(), rows(&db)));
            }
        }
        seen
    }

    #[test]
    fn sqlite_keeps_what_it_acknowledged_when_it_syncs_and_loses_it_when_it_syncs_less() {
        let is_kept = |(acknowledged, found): &(usize, i64)| (0..=1).contains(&(found - *acknowledged as i64));
        let synced = survey(false);
        assert!(synced.len() > 500, "only {} states", synced.len());
        assert!(synced.iter().all(is_kept));
        let less = survey(true);
        let lost = less.iter().filter(|(acknowledged, found)| *found < *acknowledged as i64).count();
        assert!(lost * 4 > less.len(), "only {lost} of {} states lost records", less.len());
    }

    #[test]
    fn other_folders_stay_where_they_are_and_names_show_in_the_folder() {
        let (mounted, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = Disk::at(mounted.path());
        for folder in [&mounted, &other] {
            let db = wal(folder.path());
            db.execute_batch("CREATE TABLE t (bytes BLOB); INSERT INTO t VALUES (x'00')").unwrap();
            assert_eq!(rows(&db), 1);
        }
        assert_eq!(std::fs::read(mounted.path().join("a.db")).unwrap(), b"");
        assert!(std::fs::read(other.path().join("a.db")).unwrap().starts_with(b"SQLite format 3"));
        assert!(disk.files()["a.db"].starts_with(b"SQLite format 3"));
        disk.lay(&crate::Files::new());
        assert!(!mounted.path().join("a.db").exists());
    }
}
