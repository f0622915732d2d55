//! Events: what a caller drafts, and the bytes that stay as they were written.
//!
//! An event is one JSON object `{v, kind, seq, salt, wall_ms, mono_ms, boot, operator, attempt, side, body}`.
//! The 16-byte salt keeps anyone from guessing an event from its leaf hash; `side` names, by a salted hash,
//! the side row that the event stored, kept or destroyed. The bytes are hashed and sealed as written and
//! never written again from their parsed form.
//!
//! It never holds card data: that lives in side rows. Evidence: `mod tests` below, `tests/journal_record.rs`.

use serde::{Deserialize, Serialize};

use super::error::{Damage, JournalError};
use crate::clock::{BootCount, MonoMs, Now, WallMs};
use crate::hex::encode_lower;
use crate::ids::AttemptId;
use crate::secret::SecretBytes;

/// The longest event, in bytes of JSON.
pub const EVENT_BYTES_MAX: usize = 1 << 20;

/// An event to be appended; the journal adds sequence, salt and time.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What happened, as `attempt.in_doubt`. Also the name of the fault points before and after it.
    pub kind: &'static str,
    /// Version of the body's format, from 1.
    pub v: u32,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// Who was signed in.
    pub operator: Option<String>,
    /// The rest. No card data.
    pub body: serde_json::Value,
    /// Whether the ballast may be given up for it when the disk is full: for debts, and for what closes them.
    pub may_use_ballast: bool,
}

/// What happens beside the event, in the same transaction. Side rows share one space of names.
pub enum SideWork {
    /// Nothing.
    None,
    /// Stores a secret under a key of its own.
    ///
    /// Refused with [`JournalError::SideRowExists`] when the name is taken.
    Store {
        /// Its name, as `attempt/A-1`.
        name: String,
        /// The secret.
        payload: SecretBytes,
    },
    /// Stores a secret, or puts it in the place of the one that was there, whose key is destroyed.
    Keep {
        /// Its name, as `working-keys`.
        name: String,
        /// The secret.
        payload: SecretBytes,
    },
    /// Destroys a secret and its key. Destroying what is not there is done already, and no error.
    Destroy {
        /// Its name.
        name: String,
    },
}

/// An event as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Version of the body's format.
    pub v: u32,
    /// What happened.
    pub kind: String,
    /// Its place in the journal, from 1: also the size of the tree of which it was the last leaf.
    pub sequence: u64,
    /// When it was appended.
    pub now: Now,
    /// Who was signed in.
    pub operator: Option<String>,
    /// The attempt that it is about.
    pub attempt: Option<AttemptId>,
    /// What happened to a side row with it.
    pub side: Option<Side>,
    /// The rest.
    pub body: serde_json::Value,
}

/// What an event says of a side row: SHA-256 over the row's own 16-byte salt and its name, in hex.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Side {
    /// It was stored, or put in the place of an older one with the same hash.
    Stored(String),
    /// It was destroyed, and its key with it.
    Destroyed(String),
}

/// The JSON object, in the order in which it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<K, B, O> {
    v: u32,
    kind: K,
    seq: u64,
    salt: String,
    wall_ms: i64,
    mono_ms: u64,
    boot: u64,
    operator: Option<O>,
    attempt: Option<AttemptId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    side: Option<Side>,
    body: B,
}

impl Event {
    /// The bytes of the event that a draft becomes at this sequence and time.
    pub(super) fn write(
        draft: &Draft,
        sequence: u64,
        salt: [u8; 16],
        side: Option<Side>,
        now: Now,
    ) -> Result<Vec<u8>, JournalError> {
        let envelope = Envelope {
            v: draft.v,
            kind: draft.kind,
            seq: sequence,
            salt: encode_lower(&salt),
            wall_ms: now.wall.0,
            mono_ms: now.mono.0,
            boot: now.boot.0,
            operator: draft.operator.as_deref(),
            attempt: draft.attempt.clone(),
            side,
            body: &draft.body,
        };
        let bytes = serde_json::to_vec(&envelope).expect("an envelope has text keys and writes to memory");
        if bytes.len() > EVENT_BYTES_MAX { Err(JournalError::EventTooLong) } else { Ok(bytes) }
    }

    /// Reads the event of this sequence from its bytes, wherever they come from.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] where they are no event, or that of another sequence.
    pub fn read(bytes: &[u8], sequence: u64) -> Result<Self, JournalError> {
        let envelope: Envelope<String, serde_json::Value, String> =
            serde_json::from_slice(bytes).map_err(|_| Damage::Envelope.at(sequence))?;
        if envelope.seq != sequence {
            return Err(Damage::Envelope.at(sequence));
        }
        Ok(Self {
            v: envelope.v,
            kind: envelope.kind,
            sequence,
            now: Now { wall: WallMs(envelope.wall_ms), mono: MonoMs(envelope.mono_ms), boot: BootCount(envelope.boot) },
            operator: envelope.operator,
            attempt: envelope.attempt,
            side: envelope.side,
            body: envelope.body,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(side: Option<Side>) -> String {
        let draft = Draft {
            kind: "attempt.prepared",
            v: 1,
            attempt: Some(AttemptId::new("A-1").unwrap()),
            operator: None,
            body: serde_json::json!({ "stan": 7 }),
            may_use_ballast: false,
        };
        let now = Now { wall: WallMs(-1), mono: MonoMs(2), boot: BootCount(3) };
        String::from_utf8(Event::write(&draft, 9, [0xab; 16], side, now).unwrap()).unwrap()
    }

    #[test]
    fn an_event_is_written_in_one_order_and_read_back() {
        let text = written(Some(Side::Stored("00ff".into())));
        let expected = concat!(
            r#"{"v":1,"kind":"attempt.prepared","seq":9,"salt":"abababababababababababababababab","#,
            r#""wall_ms":-1,"mono_ms":2,"boot":3,"operator":null,"attempt":"A-1","#,
            r#""side":{"stored":"00ff"},"body":{"stan":7}}"#
        );
        assert_eq!(text, expected);
        let event = Event::read(text.as_bytes(), 9).unwrap();
        assert_eq!(
            (event.kind.as_str(), event.now.wall, event.side),
            ("attempt.prepared", WallMs(-1), Some(Side::Stored("00ff".into())))
        );
        assert_eq!(Event::read(written(None).as_bytes(), 9).unwrap().side, None);
    }

    #[test]
    fn what_is_not_an_event_of_this_sequence_is_refused() {
        let good = written(None);
        let bad = [
            ("other sequence", good.replace(r#""seq":9"#, r#""seq":8"#)),
            ("a member more", good.replace(r#""boot":3"#, r#""boot":3,"more":1"#)),
            ("a member less", good.replace(r#""boot":3,"#, "")),
            ("a member twice", good.replace(r#""boot":3"#, r#""boot":3,"boot":3"#)),
            ("an attempt that is none", good.replace("A-1", "A 1")),
            ("bytes after the end", format!("{good}x")),
            ("cut off", good[..good.len() - 1].to_owned()),
            ("nothing", String::new()),
        ];
        for (case, text) in bad {
            assert_eq!(Event::read(text.as_bytes(), 9), Err(Damage::Envelope.at(9)), "{case}");
        }
    }
}
