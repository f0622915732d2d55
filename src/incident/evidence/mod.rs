//! Evidence: records of the journal in a bundle that anybody can check without us.
//!
//! | step | what it is |
//! |---|---|
//! | [`Gathering`] | looks, page by page, which records belong to what is wanted |
//! | [`Preview`] | what would be disclosed, for a person to say yes to |
//! | [`Disclosure`] | the yes, journalled and signed over; then the bundle's files, a few at a time |
//! | [`Bundle`] | files, as a folder or as one archive, wherever they come from |
//! | [`verify`] | what such files prove and what they do not; it needs no till, no network and no key |
//!
//! It never discloses card data or a record that the preview did not list. Evidence: `incident/evidence/verify/tests.rs`,
//! `tests/evidence.rs`.

mod bundle;
mod disclose;
mod gather;
mod manifest;
mod scope;
mod verify;

pub use bundle::{Bundle, NotABundle};
pub use disclose::{BundleFile, DISCLOSED, Disclosure};
pub use gather::{Gathering, Preview, ShownRecord};
pub use manifest::{EVIDENCE_VERSION, Run};
pub use scope::{Recipient, Scope};
pub use verify::{Facts, Finding, Sentences, Verdict, Wrong, verify};
