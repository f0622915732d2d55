//! The calls about people and proofs.

use std::sync::Arc;

use serde_json::Value;
use taptill_ffi::{
    OperatorRole, PasswordProfile, PasswordRules, PasswordWork, People, Proofs, RefundApproval, RefundPolicy,
    RefundRules, RefundVerification, ShopPolicy, TillError, shipped_policy,
};

use crate::args::{Args, Failure};
use crate::bench::{Answer, Bench};
use crate::face::{one_of, terminal, told, wait};
use crate::values;

/// The supervisor who claims a case's till.
pub const ALICE: (&str, &str) = ("alice", "correct horse battery 9");

/// The operator whom a case adds.
pub const BOB: (&str, &str) = ("bob", "tall ships sail at 7 bells");

pub fn call(bench: &mut Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    let people = || people(bench);
    let started = match name {
        "claim" => {
            let (name, password) = person(&mut with, ALICE)?;
            with.finish()?;
            people()?.and_then(|people| people.claim(&name, password.as_bytes()))
        }
        "recover" => {
            let (code, (name, password)) = (with.text("code")?, person(&mut with, ALICE)?);
            with.finish()?;
            people()?.and_then(|people| people.recover(code.as_bytes(), &name, password.as_bytes()))
        }
        "sign_in" => {
            let ((name, password), new) = (person(&mut with, ALICE)?, with.optional_text("new_password")?);
            with.finish()?;
            people()?.and_then(|people| match new {
                Some(new) => people.sign_in_with_new(&name, password.as_bytes(), new.as_bytes()),
                None => people.sign_in(&name, password.as_bytes()),
            })
        }
        "unlock" => {
            let password = with.text_or("password", ALICE.1)?;
            with.finish()?;
            people()?.and_then(|people| people.unlock(password.as_bytes()))
        }
        "enrol_biometric" | "new_recovery_code" => {
            let password = with.text_or("password", ALICE.1)?;
            with.finish()?;
            people()?.and_then(|people| match name {
                "enrol_biometric" => people.enrol_biometric(password.as_bytes()),
                _ => people.new_recovery_code(password.as_bytes()),
            })
        }
        "sign_in_by_biometric" => {
            let name = with.text_or("name", ALICE.0)?;
            with.finish()?;
            people()?.and_then(|people| people.sign_in_by_biometric(&name))
        }
        "unlock_by_biometric" => {
            with.finish()?;
            people()?.and_then(|people| people.unlock_by_biometric())
        }
        "change_password" => {
            let (password, new) = (with.text_or("password", ALICE.1)?, with.text("new_password")?);
            with.finish()?;
            people()?.and_then(|people| people.change_password(password.as_bytes(), new.as_bytes()))
        }
        "add_operator" => {
            let (name, password) = person(&mut with, BOB)?;
            let (role, temporary) = (role(&mut with)?, with.flag("temporary")?);
            with.finish()?;
            people()?.and_then(|people| people.add_operator(&name, role, password.as_bytes(), temporary))
        }
        "reset_operator" => {
            let (name, password) = person(&mut with, BOB)?;
            with.finish()?;
            people()?.and_then(|people| people.reset_operator(&name, password.as_bytes()))
        }
        plain => return plain_call(bench, plain, with),
    };
    done(bench, started)
}

/// What takes no password.
fn plain_call(bench: &Bench<'_>, name: &str, mut with: Args) -> Result<Answer, Failure> {
    let nothing = |()| Value::Null;
    Ok(told(match name {
        "lock" | "sign_out" | "rotate_keys" | "forget_biometric" => {
            with.finish()?;
            match (name, people(bench)?) {
                (_, Err(error)) => Err(error),
                ("lock", Ok(people)) => wait(bench, people.lock())?,
                ("sign_out", Ok(people)) => wait(bench, people.sign_out())?,
                ("forget_biometric", Ok(people)) => wait(bench, people.forget_biometric())?,
                (_, Ok(people)) => wait(bench, people.rotate_keys())?,
            }
            .map(nothing)
        }
        "operators" => {
            with.finish()?;
            people(bench)?.and_then(|people| people.operators()).map(|operators| values::operators(&operators))
        }
        "remove_operator" => {
            let (name, rotate) = (with.text_or("name", BOB.0)?, with.flag("rotate")?);
            with.finish()?;
            match people(bench)? {
                Ok(people) => wait(bench, people.remove_operator(name, rotate))?.map(nothing),
                Err(error) => Err(error),
            }
        }
        "policy" => {
            with.finish()?;
            people(bench)?.and_then(|people| people.policy()).map(|policy| values::policy(&policy))
        }
        "set_policy" => {
            let policy = policy(&mut with)?;
            with.finish()?;
            match people(bench)? {
                Ok(people) => wait(bench, people.set_policy(policy))?.map(nothing),
                Err(error) => Err(error),
            }
        }
        "checkpoint" | "public_key" => {
            with.finish()?;
            let proofs = proofs(bench)?;
            proofs
                .and_then(|proofs| if name == "checkpoint" { proofs.checkpoint() } else { proofs.public_key() })
                .map(Value::from)
        }
        "accept_roll_back" => {
            with.finish()?;
            match proofs(bench)? {
                Ok(proofs) => wait(bench, proofs.accept_roll_back())?.map(nothing),
                Err(error) => Err(error),
            }
        }
        "prove_attempt" => {
            let attempt = with.text("attempt")?;
            with.finish()?;
            proofs(bench)?.and_then(|proofs| proofs.prove_attempt(&attempt)).map(Value::from)
        }
        "prove_event" => {
            let sequence = with.whole("sequence")?;
            with.finish()?;
            proofs(bench)?.and_then(|proofs| proofs.prove_event(sequence)).map(Value::from)
        }
        "consistency" => {
            let old_size = with.whole("old_size")?;
            with.finish()?;
            proofs(bench)?.and_then(|proofs| proofs.consistency(old_size)).map(Value::from)
        }
        _ => return Err(Failure::unknown(format!("there is no call {name}"))),
    }))
}

/// Waits for the work on a password.
fn done(bench: &Bench<'_>, started: Result<Arc<PasswordWork>, TillError>) -> Result<Answer, Failure> {
    Ok(told(match started {
        Ok(work) => wait(bench, work.await_done())?.map(|done| values::done(&done)),
        Err(error) => Err(error),
    }))
}

fn people(bench: &Bench<'_>) -> Result<Result<Arc<People>, TillError>, Failure> {
    Ok(terminal(bench)?.people())
}

fn proofs(bench: &Bench<'_>) -> Result<Result<Arc<Proofs>, TillError>, Failure> {
    Ok(terminal(bench)?.proofs())
}

pub fn person(with: &mut Args, usual: (&str, &str)) -> Result<(String, String), Failure> {
    Ok((with.text_or("name", usual.0)?, with.text_or("password", usual.1)?))
}

/// The shipped policy with what a case puts in its place.
fn policy(with: &mut Args) -> Result<ShopPolicy, Failure> {
    let usual = shipped_policy("pci").map_err(|_| Failure::unknown("no policy is shipped"))?;
    let password = match with.text_or("password", "pci")?.as_str() {
        "pci" => PasswordProfile::Pci,
        "nist" => PasswordProfile::Nist,
        "own" => PasswordProfile::Own { rules: rules(&with.optional("rules").unwrap_or_default())? },
        other => return Err(Failure::unknown(format!("there is no profile {other}"))),
    };
    Ok(ShopPolicy {
        password,
        idle_ms: with.optional_whole("idle_ms")?.unwrap_or(usual.idle_ms),
        session_max_ms: with.optional_whole("session_max_ms")?.unwrap_or(usual.session_max_ms),
        tries: with.optional_whole("tries")?.unwrap_or(usual.tries),
        lockout_ms: with.optional_whole("lockout_ms")?.unwrap_or(usual.lockout_ms),
        checkpoint_every: with.optional_whole("checkpoint_every")?.unwrap_or(usual.checkpoint_every),
        biometric_days: with.optional_whole("biometric_days")?.unwrap_or(usual.biometric_days),
        shop_words: with.optional_texts("shop_words")?.unwrap_or(usual.shop_words),
        settle_at_minute: with.optional_whole("settle_at_minute")?,
        two_people_to_deregister: with.flag_or("two_people_to_deregister", usual.two_people_to_deregister)?,
        freeze_needs_password_at_lock_screen: with
            .flag_or("freeze_needs_password_at_lock_screen", usual.freeze_needs_password_at_lock_screen)?,
        refunds: RefundPolicy {
            contactless_card: refund_rules(with, "contactless_card", usual.refunds.contactless_card)?,
            encrypted_read: refund_rules(with, "encrypted_read", usual.refunds.encrypted_read)?,
        },
    })
}

fn refund_rules(with: &mut Args, key: &str, usual: RefundRules) -> Result<RefundRules, Failure> {
    use RefundVerification::{CardAgain, None, Pin, Signature};
    let Some(rules) = with.optional(key) else { return Ok(usual) };
    let mut rules = Args::raw(&rules)?;
    let approval = match rules.text_or("approval", "second_person")?.as_str() {
        "second_person" => RefundApproval::SecondPerson,
        "host" => RefundApproval::Host,
        "none_below" => RefundApproval::NoneBelow { minor: rules.whole("below_minor")? },
        other => return Err(Failure::unknown(format!("nobody approves by {other}"))),
    };
    let read = RefundRules {
        window_days: rules.optional_whole("window_days")?.unwrap_or(usual.window_days),
        verification: one_of(&rules.text_or("verification", "none")?, [None, Signature, CardAgain, Pin])?,
        approval,
        self_approval_allowed: rules.flag("self_approval_allowed")?,
        request_lifetime_ms: rules.optional_whole("request_lifetime_ms")?.unwrap_or(usual.request_lifetime_ms),
    };
    rules.finish()?;
    Ok(read)
}

fn rules(rules: &Value) -> Result<PasswordRules, Failure> {
    let mut rules = Args::raw(rules)?;
    let read = PasswordRules {
        min_length: rules.whole("min_length")?,
        letters_and_digits: rules.flag("letters_and_digits")?,
        common_refused: rules.flag("common_refused")?,
        history: rules.whole("history")?,
        max_age_days: rules.optional_whole("max_age_days")?,
    };
    rules.finish()?;
    Ok(read)
}

pub fn role(with: &mut Args) -> Result<OperatorRole, Failure> {
    let word = with.text_or("role", "cashier")?;
    one_of(&word, [OperatorRole::Cashier, OperatorRole::Supervisor, OperatorRole::Service])
}
