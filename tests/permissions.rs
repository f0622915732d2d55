//! `docs/permissions.md` is printed from the one table of who may do what, and sessions keep to it.
//! `TAPTILL_WRITE=1 cargo test --test permissions` writes the page anew.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as the test does")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use taptill::clock::{BootCount, MonoMs, Now, WallMs};
use taptill::error::Error;
use taptill::ids::OperatorName;
use taptill::session::actions::*;
use taptill::session::{Role, Session, SessionLength};

const HEAD: &str = "\
# Who may do what

Written from the table in `src/session/actions.rs` by `tests/permissions.rs`; do not edit by hand.

A person's role is fixed when the operator is added. Whatever is not here nobody may do. What a role may not do is refused
with `not_permitted`, which names the action and the role. To claim, recover, sign in, unlock, lock and sign out needs no
role: that is how one comes by a session and leaves it; nor does freezing the till. The recovery code opens no session: it can only set a new supervisor.

| action | what it is | shows payments | cashier | supervisor | service |
|---|---|---|---|---|---|
";

#[test]
fn the_page_is_the_table() {
    let mut page = HEAD.to_owned();
    for row in TABLE {
        let mark = |yes| if yes { "yes" } else { "—" };
        let roles = Role::ALL.map(|role| mark(row.allows(role))).join(" | ");
        writeln!(page, "| `{}` | {} | {} | {roles} |", row.word, row.what, mark(row.reads_payments)).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/permissions.md");
    if std::env::var_os("TAPTILL_WRITE").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "docs/permissions.md is out of date: TAPTILL_WRITE=1 cargo test --test permissions");
}

#[test]
fn a_session_permits_exactly_what_the_table_says() {
    for role in Role::ALL {
        let session = Session::begin(OperatorName::new("x").unwrap(), role, LENGTH, NOW);
        let asked = ask_for_everything(&session);
        assert_eq!(asked.len(), TABLE.len(), "an action of the table is not asked for here");
        for (row, (word, answer)) in TABLE.iter().zip(asked) {
            assert_eq!(row.word, word);
            match answer {
                Ok(operator) => assert!(row.allows(role) && operator == "x", "{role} {word}"),
                Err(error) => {
                    assert!(!row.allows(role), "{role} {word}");
                    assert_eq!(error.to_string(), format!("not_permitted action={word} role={role}"));
                }
            }
        }
    }
}

#[test]
fn the_integrators_own_people_read_no_payment_and_manage_nobody() {
    for row in TABLE {
        assert!(!(row.reads_payments && row.allows(Role::Service)), "{}", row.word);
    }
    assert!(!ManageOperators::ROW.allows(Role::Service));
}

#[test]
fn a_cashier_changes_nothing_that_is_the_shops() {
    for row in [
        ManageOperators::ROW,
        SetPolicy::ROW,
        RotateKeys::ROW,
        AcceptRollBack::ROW,
        VoidSale::ROW,
        DecideStuck::ROW,
        ApproveRefund::ROW,
        MakeCheckpoint::ROW,
        ProveRecord::ROW,
        ForceExit::ROW,
        Deregister::ROW,
        DiscloseEvidence::ROW,
        ExportRecords::ROW,
    ] {
        assert!(!row.allows(Role::Cashier), "{}", row.word);
    }
}

#[test]
fn no_action_is_in_the_table_twice_and_each_has_somebody() {
    let words: BTreeSet<&str> = TABLE.iter().map(|row| row.word).collect();
    assert_eq!(words.len(), TABLE.len());
    assert!(TABLE.iter().all(|row| row.allows(Role::Supervisor) && !row.what.contains('|')));
}

fn ask_for_everything(session: &Session) -> Vec<(&'static str, Result<String, Error>)> {
    fn one<A: Action>(session: &Session) -> (&'static str, Result<String, Error>) {
        (A::ROW.word, session.permit::<A>(NOW).map(taptill::session::Permit::spend))
    }
    vec![
        one::<Sell>(session),
        one::<ResolveDebts>(session),
        one::<Settle>(session),
        one::<ViewPayments>(session),
        one::<PrintReceipt>(session),
        one::<FollowEvents>(session),
        one::<ProveRecord>(session),
        one::<DiscloseEvidence>(session),
        one::<ExportRecords>(session),
        one::<ProveConsistency>(session),
        one::<MakeCheckpoint>(session),
        one::<VerifyJournal>(session),
        one::<ReadPublicKey>(session),
        one::<ChangeOwnPassword>(session),
        one::<EnrolBiometric>(session),
        one::<ListOperators>(session),
        one::<ManageOperators>(session),
        one::<ViewPolicy>(session),
        one::<SetPolicy>(session),
        one::<AcceptRollBack>(session),
        one::<VoidSale>(session),
        one::<DecideStuck>(session),
        one::<ViewDebts>(session),
        one::<TestHost>(session),
        one::<DownloadParameters>(session),
        one::<RequestRefund>(session),
        one::<ApproveRefund>(session),
        one::<CheckStatement>(session),
        one::<RenewPasswords>(session),
        one::<ReportLoss>(session),
        one::<ReleaseFreeze>(session),
        one::<ConfirmRelease>(session),
        one::<Exit>(session),
        one::<ForceExit>(session),
        one::<ViewNetwork>(session),
        one::<TakePins>(session),
        one::<ReadMessage>(session),
        one::<RenewCertificate>(session),
        one::<Deregister>(session),
        one::<RotateKeys>(session),
    ]
}

const NOW: Now = Now { wall: WallMs(0), mono: MonoMs(0), boot: BootCount(1) };
const LENGTH: SessionLength = SessionLength { idle_ms: 900_000, full_ms: 43_200_000 };
