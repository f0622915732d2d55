//! Data objects by tag: one buffer and an index, wiped on drop.
//!
//! What a card says and what the terminal says are two stores, so that a card can never overwrite a value of
//! the terminal. Look-up is linear: a tap has some forty data objects.
//!
//! It never prints its content and never leaves a copy behind when it grows. Evidence: `mod tests` below.

use zeroize::Zeroize;

use super::tags::Tag;

/// More than this from one side is refused: a card's whole file system as read here has far less.
pub const STORE_BYTES_MAX: usize = 16 * 1024;

/// More than this is refused as well, since look-up is linear and a data object may be empty.
pub const STORE_OBJECTS_MAX: usize = 512;

const FIRST_BYTES: usize = 1024;
const FIRST_OBJECTS: usize = 48;

/// Data objects by tag.
pub struct TagStore {
    bytes: Vec<u8>,
    index: Vec<Place>,
}

struct Place {
    tag: Tag,
    start: usize,
    end: usize,
}

/// Why a data object is not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is one of this tag.
    Duplicate(Tag),
    /// The store is full.
    Full,
}

impl Default for TagStore {
    fn default() -> Self {
        Self { bytes: Vec::with_capacity(FIRST_BYTES), index: Vec::with_capacity(FIRST_OBJECTS) }
    }
}

impl TagStore {
    /// The value of a tag.
    #[must_use]
    pub fn value(&self, tag: Tag) -> Option<&[u8]> {
        let place = self.index.iter().find(|place| place.tag == tag)?;
        Some(&self.bytes[place.start..place.end])
    }

    /// The value of a tag, if it has exactly `N` bytes.
    #[must_use]
    pub fn exactly<const N: usize>(&self, tag: Tag) -> Option<[u8; N]> {
        self.value(tag)?.try_into().ok()
    }

    /// Takes in what was not there before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn put(&mut self, tag: Tag, value: &[u8]) -> Result<(), StoreError> {
        if self.index.iter().any(|place| place.tag == tag) {
            return Err(StoreError::Duplicate(tag));
        }
        self.append(tag, value)
    }

    /// Takes in a value, or puts it in place of the one before.
    ///
    /// # Errors
    /// [`StoreError::Full`].
    pub fn set(&mut self, tag: Tag, value: &[u8]) -> Result<(), StoreError> {
        self.index.retain(|place| place.tag != tag);
        self.append(tag, value)
    }

    /// The tags and values, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = (Tag, &[u8])> {
        self.index.iter().map(|place| (place.tag, &self.bytes[place.start..place.end]))
    }

    fn append(&mut self, tag: Tag, value: &[u8]) -> Result<(), StoreError> {
        let start = self.bytes.len();
        let end = start + value.len();
        if end > STORE_BYTES_MAX || self.index.len() == STORE_OBJECTS_MAX {
            return Err(StoreError::Full);
        }
        append_wiping(&mut self.bytes, value);
        self.index.push(Place { tag, start, end });
        Ok(())
    }
}

impl Drop for TagStore {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// Appends, and wipes the old place when the vector has to move.
pub(crate) fn append_wiping(bytes: &mut Vec<u8>, more: &[u8]) {
    let end = bytes.len() + more.len();
    if end > bytes.capacity() {
        let mut moved = Vec::with_capacity(end.next_power_of_two());
        moved.extend_from_slice(bytes);
        bytes.zeroize();
        *bytes = moved;
    }
    bytes.extend_from_slice(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_taken_in_once() {
        let mut store = TagStore::default();
        assert_eq!(store.put(Tag(0x5A), &[1]), Ok(()));
        assert_eq!(store.put(Tag(0x5A), &[1]), Err(StoreError::Duplicate(Tag(0x5A))));
        assert_eq!(store.value(Tag(0x5A)), Some(&[1][..]));
        assert_eq!(store.set(Tag(0x5A), &[2, 3]), Ok(()));
        assert_eq!(store.exactly::<2>(Tag(0x5A)), Some([2, 3]));
        assert_eq!(store.exactly::<3>(Tag(0x5A)), None);
    }

    #[test]
    fn a_store_is_bounded() {
        let mut store = TagStore::default();
        assert_eq!(store.put(Tag(0x70), &vec![7; STORE_BYTES_MAX]), Ok(()));
        assert_eq!(store.put(Tag(0x71), &[0]), Err(StoreError::Full));
        assert_eq!(store.value(Tag(0x70)).map(<[u8]>::len), Some(STORE_BYTES_MAX));
        let mut store = TagStore::default();
        let tags = || (0..).map(|number| Tag(0xDF_8000 + number)).take(STORE_OBJECTS_MAX);
        assert!(tags().all(|tag| store.put(tag, &[]).is_ok()));
        assert_eq!(store.put(Tag(0x71), &[]), Err(StoreError::Full));
    }
}
