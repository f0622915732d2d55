//! The intent to erase: what goes, written down and synced before anything does.
//!
//! One line of JSON, a line with the seed of the key that will sign the certificate (wrapped by the device, bound to the
//! line before), and a line with a MAC by the till's own key. While that key is there, an intent that it does not vouch
//! for, or whose seed does not open, was planted or copied, and erases nothing. Without it nothing of the till can be
//! opened by anybody, and what is left of its files may go; but a certificate is signed only where the seed opens.
//!
//! It never lies on a till that is not to go. Evidence: `tests/leaving_kills.rs`.

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::hex;
use crate::ports::{DeviceKeys, DeviceKeysFault, KeyKind};
use crate::secret::Secret;
use crate::vault::{self, Vouched};

/// What is to be erased, and what the certificate will say of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    /// Version of this format.
    pub v: u32,
    /// The name of every device key that may be there, the till's own last.
    pub keys: Vec<String>,
    /// How many of them were there.
    pub held: usize,
    /// How many ways into the till there were.
    pub ways_in: usize,
    /// Of what till, up to which event: lines of the certificate.
    pub of: String,
    /// What was exported: a line of the certificate.
    pub exported: String,
    /// When it was written, in milliseconds since 1970-01-01.
    pub begun_ms: i64,
    /// The statement with which the till was deregistered, and who signed it.
    pub statement: String,
    /// The name of the key that signs the certificate.
    pub signer: String,
}

/// An intent as it was found.
pub(super) enum Found {
    /// This till wrote it.
    Ours(Box<Intent>),
    /// It erases nothing.
    Planted,
    /// The till's own key is gone: whatever it says, nothing here can be opened.
    KeyIsGone(Option<Box<Intent>>),
}

impl Intent {
    /// Its bytes, under the till's own key.
    pub fn seal(&self, keys: &dyn DeviceKeys, seed: &Secret<32>) -> Result<Vec<u8>, DeviceKeysFault> {
        let content = self.content();
        let wrapped = keys.wrap(SIGNER_ALIAS, seed.expose(), &context(&content))?;
        let said = format!("{content}\n{}\n", hex::encode_lower(&wrapped));
        let mac = vault::vouch(keys, NAME, said.as_bytes())?;
        Ok(format!("{said}{}\n", hex::encode_lower(&mac)).into_bytes())
    }

    /// What was found is this till's own, or planted, or of a till of which nothing can be opened any more.
    pub fn find(keys: &dyn DeviceKeys, bytes: &[u8]) -> Result<Found, DeviceKeysFault> {
        let parts = Parts::of(bytes);
        let (said, mac) = parts.as_ref().map_or((bytes, Vec::new()), |parts| (parts.said, parts.mac.clone()));
        let read = parts.as_ref().and_then(|parts| serde_json::from_str::<Self>(parts.content).ok()).map(Box::new);
        Ok(match (vault::vouched(keys, NAME, said, &mac)?, read) {
            // The key that wraps the seed goes last: without it this is a copy from another time.
            (Vouched::Ours, Some(intent)) if intent.v == VERSION && intent.seed(keys, bytes)?.is_some() => {
                Found::Ours(intent)
            }
            (Vouched::Ours | Vouched::NotOurs, _) => Found::Planted,
            (Vouched::KeyIsGone, read) => Found::KeyIsGone(read),
        })
    }

    /// The seed that signs the certificate; nothing where it is gone, or where this is not the intent that it was
    /// wrapped for.
    pub fn seed(&self, keys: &dyn DeviceKeys, bytes: &[u8]) -> Result<Option<Secret<32>>, DeviceKeysFault> {
        let Some(parts) = Parts::of(bytes) else { return Ok(None) };
        match keys.unwrap(SIGNER_ALIAS, &parts.wrapped, &context(parts.content)) {
            Ok(seed) => Ok(Secret::from_slice(seed.expose()).ok()),
            Err(DeviceKeysFault::NotFound | DeviceKeysFault::Rejected) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Tells its certificate's file from those of others.
    pub fn id(&self) -> String {
        hex::encode_lower(&context(&self.content())[CONTEXT.len()..CONTEXT.len() + 4])
    }

    fn content(&self) -> String {
        serde_json::to_string(self).expect("an intent has text keys")
    }
}

/// Makes the key that wraps the seed, where it is not there, and wraps one under it.
pub(super) fn wrap_seed(keys: &dyn DeviceKeys, seed: &Secret<32>) -> Result<Vec<u8>, DeviceKeysFault> {
    match keys.create(SIGNER_ALIAS, KeyKind::Wrap) {
        Ok(()) | Err(DeviceKeysFault::AlreadyExists) => {}
        Err(fault) => return Err(fault),
    }
    keys.wrap(SIGNER_ALIAS, seed.expose(), SEED_CONTEXT)
}

/// The seed that [`wrap_seed`] wrapped.
pub(super) fn unwrap_seed(keys: &dyn DeviceKeys, wrapped: &[u8]) -> Result<Secret<32>, DeviceKeysFault> {
    let seed = keys.unwrap(SIGNER_ALIAS, wrapped, SEED_CONTEXT)?;
    Secret::from_slice(seed.expose()).map_err(|_| DeviceKeysFault::Damaged)
}

/// An intent's lines.
struct Parts<'a> {
    content: &'a str,
    wrapped: Vec<u8>,
    /// What the MAC is over.
    said: &'a [u8],
    mac: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok().filter(|text| text.len() <= BYTES_MAX)?;
        let (content, rest) = text.split_once('\n')?;
        let (wrapped, mac) = rest.strip_suffix('\n')?.split_once('\n')?;
        let said = &bytes[..bytes.len() - mac.len() - 1];
        Some(Self { content, wrapped: hex::decode(wrapped)?, said, mac: hex::decode(mac)? })
    }
}

fn context(content: &str) -> Vec<u8> {
    [CONTEXT, digest(&SHA256, content.as_bytes()).as_ref()].concat()
}

/// The version that is written and read.
pub(super) const VERSION: u32 = 1;
/// The device key that wraps the seed; it goes after everything else.
pub(super) const SIGNER_ALIAS: &str = "erasure";
const SEED_CONTEXT: &[u8] = b"taptill erasure seed 1";
const CONTEXT: &[u8] = b"taptill erasure intent 1 ";
const NAME: &str = "erasure/intent";
const BYTES_MAX: usize = 1 << 20;
