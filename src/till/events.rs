//! What is journalled of people, and the one thing that is kept of it at hand: whose session is open.
//!
//! Every step is an event before anybody is told of it. A session that the journal calls open when the next one
//! begins was cut: the process ended without a sign-out, and the next sign-in says so first.
//!
//! It never holds a password, a key or a recovery code. Evidence: `tests/people_states.rs`.

use serde_json::{Value, json};

use crate::account::AccountFold;
use crate::ids::{OperatorName, Role};
use crate::journal::{Draft, Event, Fold, FoldError, Journal, JournalError, Rows};
use crate::till::leaving::LeavingFold;
use crate::vault::SlotKind;
use crate::{incident, payment, settlement};

/// The folds of a till, to be registered when its journal is unlocked.
#[must_use]
pub fn folds() -> Vec<Box<dyn Fold>> {
    let mut folds = payment::folds();
    debug_assert!(folds.iter().any(|fold| fold.name() == AccountFold.name()), "the payments register the account's");
    folds.push(Box::new(PeopleFold));
    folds.push(Box::new(LeavingFold));
    folds.extend(settlement::folds());
    folds.extend(incident::folds());
    folds
}

/// Why a session ends or a till locks, as the journal says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Asked,
    Idle,
    FullLength,
    Switch,
    Closed,
    Exit,
}

impl Why {
    pub fn word(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Idle => "idle",
            Self::FullLength => "full_length",
            Self::Switch => "switch",
            Self::Closed => "closed",
            Self::Exit => "exit",
        }
    }
}

pub(super) fn claimed(name: &OperatorName) -> Draft {
    draft(CLAIMED, name, json!({}))
}

pub(super) fn recovered(name: &OperatorName) -> Draft {
    draft(RECOVERED, name, json!({}))
}

pub(super) fn signed_in(name: &OperatorName, role: Role, by: SlotKind) -> Draft {
    let body = match by {
        SlotKind::Biometric => json!({ "role": role, "by": BIOMETRIC }),
        SlotKind::Operator | SlotKind::Recovery => json!({ "role": role }),
    };
    Draft { may_use_ballast: true, ..draft(SIGNED_IN, name, body) }
}

/// Wrong passwords since the last sign-in, under this name and under names that nobody has.
pub(super) fn sign_in_failed(name: &OperatorName, count: u32, unknown: u32) -> Draft {
    let body = json!({ "count": count, "unknown": unknown });
    Draft { may_use_ballast: true, ..draft(SIGN_IN_FAILED, name, body) }
}

/// Rows among those of the operators that no operator can have. The first few names are enough to tell.
pub(super) fn strays_dropped(name: &OperatorName, rows: &[String]) -> Draft {
    let names: Vec<String> = rows.iter().take(8).map(|row| row.chars().take(64).collect()).collect();
    Draft { may_use_ballast: true, ..draft(STRAYS_DROPPED, name, json!({ "count": rows.len(), "rows": names })) }
}

pub(super) fn session_cut(name: &OperatorName, cut: &str) -> Draft {
    Draft { may_use_ballast: true, ..draft(SESSION_CUT, name, json!({ "operator": cut })) }
}

/// The password was right, and opened nothing but its own change.
pub(super) fn password_due(name: &OperatorName, why: &str) -> Draft {
    Draft { may_use_ballast: true, ..draft(PASSWORD_DUE, name, json!({ "why": why })) }
}

pub(super) fn locked(name: &OperatorName, why: Why) -> Draft {
    Draft { may_use_ballast: true, ..draft(LOCKED, name, json!({ "why": why.word() })) }
}

pub(super) fn unlocked(name: &OperatorName, by: SlotKind) -> Draft {
    let body = if by == SlotKind::Biometric { json!({ "by": BIOMETRIC }) } else { json!({}) };
    Draft { may_use_ballast: true, ..draft(UNLOCKED, name, body) }
}

pub(super) fn signed_out(name: &OperatorName, why: Why) -> Draft {
    Draft { may_use_ballast: true, ..draft(SIGNED_OUT, name, json!({ "why": why.word() })) }
}

/// The sign-out of somebody who leaves by the checklist, with its steps as they stood.
pub(super) fn exited(name: &OperatorName, steps: Value) -> Draft {
    Draft { may_use_ballast: true, ..draft(SIGNED_OUT, name, json!({ "why": Why::Exit.word(), "steps": steps })) }
}

/// What was stated to the acquirer, with the till's own signatures, and who agreed.
pub(super) fn deregistration_asked(name: &OperatorName, body: Value) -> Draft {
    draft(DEREGISTRATION_ASKED, name, body)
}

/// The acquirer has let the till go: its signature, where its dialect has a message for that.
pub(super) fn deregistered(name: &OperatorName, body: Value) -> Draft {
    draft(DEREGISTERED, name, body)
}

/// The last event of a till, but for the checkpoint over it.
pub(super) fn erasing(name: &OperatorName) -> Draft {
    draft(ERASING, name, json!({}))
}

/// A note that was to have the till erased, and that it had not written.
pub(super) fn erasure_planted() -> Draft {
    let (kind, v, attempt, operator, body) = (ERASURE_PLANTED, 1, None, None, json!({}));
    Draft { kind, v, attempt, operator, body, may_use_ballast: true }
}

pub(super) fn added(by: &OperatorName, name: &OperatorName, role: Role, is_temporary: bool) -> Draft {
    draft(ADDED, by, json!({ "operator": name, "role": role, "temporary": is_temporary }))
}

pub(super) fn removed(by: &OperatorName, name: &OperatorName, rotated: bool) -> Draft {
    draft(REMOVED, by, json!({ "operator": name, "rotated": rotated }))
}

pub(super) fn reset(by: &OperatorName, name: &OperatorName) -> Draft {
    draft(RESET, by, json!({ "operator": name }))
}

pub(super) fn password_changed(name: &OperatorName) -> Draft {
    draft(PASSWORD_CHANGED, name, json!({}))
}

pub(super) fn recovery_renewed(by: &OperatorName) -> Draft {
    draft(RECOVERY_RENEWED, by, json!({}))
}

pub(super) fn biometric_enrolled(name: &OperatorName) -> Draft {
    draft(BIOMETRIC_ENROLLED, name, json!({}))
}

/// `asked`, or `enrolment_changed` where the platform's key was void.
pub(super) fn biometric_forgotten(name: &OperatorName, why: &'static str) -> Draft {
    draft(BIOMETRIC_FORGOTTEN, name, json!({ "why": why }))
}

pub(super) fn policy_changed(by: &OperatorName, policy: Value) -> Draft {
    draft(crate::account::POLICY_CHANGED, by, policy)
}

pub(super) fn key_rotated(by: &OperatorName, generation: u32) -> Draft {
    draft(KEY_ROTATED, by, json!({ "generation": generation }))
}

fn draft(kind: &'static str, operator: &OperatorName, body: Value) -> Draft {
    Draft { kind, v: 1, attempt: None, operator: Some(operator.to_string()), body, may_use_ballast: false }
}

/// Whose session the journal calls open.
pub(super) fn open_session(journal: &Journal) -> Result<Option<String>, JournalError> {
    let row = journal.row(FOLD, SESSION_ROW)?;
    Ok(row.map(|name| String::from_utf8_lossy(&name).into_owned()))
}

/// Keeps whose session is open.
#[derive(Clone, Copy, Debug, Default)]
struct PeopleFold;

impl Fold for PeopleFold {
    fn name(&self) -> &'static str {
        FOLD
    }

    fn schema(&self) -> u32 {
        1
    }

    fn apply(&self, rows: &mut dyn Rows, event: &Event) -> Result<(), FoldError> {
        match event.kind.as_str() {
            SIGNED_IN => {
                let name = event.operator.as_ref().ok_or(FoldError::Refused("operator_missing"))?;
                Ok(rows.put(SESSION_ROW, name.as_bytes(), &[])?)
            }
            SIGNED_OUT | SESSION_CUT => Ok(rows.delete(SESSION_ROW)?),
            _ => Ok(()),
        }
    }
}

const FOLD: &str = "people";
const SESSION_ROW: &str = "session";

const CLAIMED: &str = "operator.claimed";
const RECOVERED: &str = "operator.recovered";
const SIGNED_IN: &str = "operator.signed_in";
const SIGN_IN_FAILED: &str = "operator.sign_in_failed";
const SESSION_CUT: &str = "operator.session_cut";
const STRAYS_DROPPED: &str = "vault.strays_dropped";
const PASSWORD_DUE: &str = "operator.password_due";
const LOCKED: &str = "operator.locked";
const UNLOCKED: &str = "operator.unlocked";
pub(super) const SIGNED_OUT: &str = "operator.signed_out";
pub(super) const DEREGISTRATION_ASKED: &str = "till.deregistration_asked";
pub(super) const DEREGISTERED: &str = "till.deregistered";
const ERASING: &str = "till.erasing";
const ERASURE_PLANTED: &str = "till.erasure_planted";
const ADDED: &str = "operator.added";
const REMOVED: &str = "operator.removed";
const RESET: &str = "operator.reset";
const PASSWORD_CHANGED: &str = "operator.password_changed";
const RECOVERY_RENEWED: &str = "operator.recovery_renewed";
const BIOMETRIC_ENROLLED: &str = "operator.biometric_enrolled";
const BIOMETRIC_FORGOTTEN: &str = "operator.biometric_forgotten";
/// How somebody came whom no password let in.
const BIOMETRIC: &str = "biometric";
const KEY_ROTATED: &str = "key.rotated";
