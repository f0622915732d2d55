//! SQLite as the core has it, bundled and built with the same profile, behind one exported query. `cargo xtask size`
//! holds the shipped library against it; it is never linked into anything.

use std::ffi::{c_char, c_int};
use std::ptr::null_mut;

use libsqlite3_sys::{SQLITE_OK, SQLITE_ROW, sqlite3_close, sqlite3_column_int64, sqlite3_finalize, sqlite3_open};
use libsqlite3_sys::{sqlite3_prepare_v2, sqlite3_step};

/// The first number that `query` yields in the database `path`; -1 where there is none.
///
/// # Safety
/// Both are strings that end in a zero byte and live for the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn plain_query(path: *const c_char, query: *const c_char) -> i64 {
    let mut database = null_mut();
    let mut statement = null_mut();
    let mut found = -1;
    // SAFETY: the caller's strings end in a zero byte; what SQLite hands out is used only where it says OK, and closing
    // accepts null.
    unsafe {
        if sqlite3_open(path, &raw mut database) == SQLITE_OK
            && sqlite3_prepare_v2(database, query, -1 as c_int, &raw mut statement, null_mut()) == SQLITE_OK
            && sqlite3_step(statement) == SQLITE_ROW
        {
            found = sqlite3_column_int64(statement, 0);
        }
        sqlite3_finalize(statement);
        sqlite3_close(database);
    }
    found
}
