//! A derivation that is under way, and what it is for: one at a time, one stage after another.
//!
//! The password goes to a thread of its own, whose stack is wiped; what comes back is the next stage or the end. A
//! derivation that had no memory is a refusal, and nothing was changed.
//!
//! It never decides who may come in: that is `enter`, `claim` and `keys`. Evidence: `tests/people_states.rs`.

use crate::account::password::Day;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::payment::Ticket;
use crate::secret::{Secret, SecretBytes, wipe_stack};
use crate::till::Till;
use crate::till::claim::{Newcomer, as_recovery};
use crate::till::enter::Entry;
use crate::till::exchange::{Output, RecoveryCode, Reply, Work};
use crate::till::operators::Setting;
use crate::till::passwords::given;
use crate::till::record::Trouble;
use crate::till::refunds::Approver;
use crate::vault::{self, Attempt, Derivation, Measured, NewPassword, Opened, Params};

/// Something that waits for a derivation.
pub(super) struct Flow {
    ticket: Ticket,
    stage: Stage,
}

impl Flow {
    pub fn ticket(self) -> Ticket {
        self.ticket
    }
}

/// What the derivation that is under way is for.
pub(super) enum Stage {
    /// How costly the passwords of this device shall be.
    Measuring { newcomer: Newcomer, measured: Vec<Measured>, params: Params },
    /// The first supervisor's password.
    Claiming { newcomer: Newcomer, derivation: Derivation },
    /// The first recovery code.
    ClaimingCode { newcomer: Newcomer, password: NewPassword, code: vault::RecoveryCode, derivation: Derivation },
    /// Whether the password is right.
    Entering { entry: Entry, attempt: Attempt },
    /// The password from now on, beside the one that was right.
    EnteringAnew { entry: Entry, new_password: SecretBytes, opened: Opened, derivation: Derivation },
    /// Whether the recovery code is right.
    Recovering { newcomer: Newcomer, attempt: Attempt },
    /// The new supervisor's password.
    RecoveringPassword { newcomer: Newcomer, opened: Opened, derivation: Derivation },
    /// The next recovery code.
    RecoveringCode {
        newcomer: Newcomer,
        opened: Opened,
        password: NewPassword,
        code: vault::RecoveryCode,
        derivation: Derivation,
    },
    /// Whether whoever is signed in knows the password.
    Changing { new_password: SecretBytes, attempt: Attempt },
    /// The password from now on.
    ChangingAnew { new_password: SecretBytes, opened: Opened, derivation: Derivation },
    /// Whether a second person, who approves a refund, is who it says to be.
    Approving { approver: Approver, attempt: Attempt },
    /// A password that somebody else is given.
    Setting { setting: Setting, derivation: Derivation },
}

impl Till {
    /// Has this derived on a thread of its own, whose stack is wiped.
    pub(super) fn derive(&mut self, ticket: Ticket, password: SecretBytes, derivation: &Derivation, stage: Stage) {
        let derivation = derivation.clone();
        let work = Work::new(move |derive| {
            let derived = derive(password.expose(), &derivation);
            drop(password);
            wipe_stack();
            Some(derived)
        });
        self.flow = Some(Flow { ticket, stage });
        self.outputs.push(Output::Derive(work));
    }

    pub(super) fn not_deriving(&self) -> Result<(), Trouble> {
        if self.flow.is_some() { Err(ErrorCode::TillBusy.into()) } else { Ok(()) }
    }

    /// A derivation is done: the next stage, or the end.
    pub(super) fn derived(&mut self, key: Option<Secret<32>>, took_ms: u64, now: Now) -> Result<(), Trouble> {
        let Some(Flow { ticket, stage }) = self.flow.take() else { return Ok(()) };
        let Some(key) = key else {
            let error = Error::from(ErrorCode::StorageFailed).word("resource", "memory");
            self.tell(ticket, Err(error));
            return Ok(());
        };
        match self.next_stage(ticket, stage, key, took_ms, now) {
            Ok(None) => Ok(()),
            Ok(Some(reply)) => {
                self.tell(ticket, Ok(reply));
                Ok(())
            }
            Err(Trouble::Refused(error)) => {
                self.tell(ticket, Err(error));
                Ok(())
            }
            Err(Trouble::Over(error)) => {
                self.tell(ticket, Err(error.clone()));
                Err(Trouble::Over(error))
            }
        }
    }

    fn next_stage(
        &mut self,
        ticket: Ticket,
        stage: Stage,
        key: Secret<32>,
        took_ms: u64,
        now: Now,
    ) -> Result<Option<Reply>, Trouble> {
        match stage {
            Stage::Measuring { newcomer, mut measured, params } => {
                measured.push(Measured { params, took_ms });
                self.measure(ticket, newcomer, measured)?;
                Ok(None)
            }
            Stage::Claiming { newcomer, derivation } => {
                let password = given(derivation, key, false, Day::of(now.wall));
                self.code_for(ticket, |code, derivation| Stage::ClaimingCode { newcomer, password, code, derivation })
            }
            Stage::ClaimingCode { newcomer, password, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                self.finish_claim(&newcomer, &password, &recovery, now)?;
                Ok(Some(Reply::Recovery(RecoveryCode::new(code.text()))))
            }
            Stage::Entering { entry, attempt } => self.entered(ticket, entry, attempt, key, now),
            Stage::EnteringAnew { entry, new_password, opened, derivation } => {
                let new = (new_password, derivation, key);
                self.come_in(&entry, opened, Some(new), now).map(|view| Some(Reply::Session(view)))
            }
            Stage::Recovering { newcomer, attempt } => {
                let opened = self.try_guess(attempt, key, now).map_err(as_recovery)?;
                let derivation = self.with_rows(|vault| vault.new_derivation())?;
                let password = copy(&newcomer.password);
                let stage = Stage::RecoveringPassword { newcomer, opened, derivation: derivation.clone() };
                self.derive(ticket, password, &derivation, stage);
                Ok(None)
            }
            Stage::RecoveringPassword { newcomer, opened, derivation } => {
                let password = given(derivation, key, false, Day::of(now.wall));
                self.code_for(ticket, |code, derivation| Stage::RecoveringCode {
                    newcomer,
                    opened,
                    password,
                    code,
                    derivation,
                })
            }
            Stage::RecoveringCode { newcomer, opened, password, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                self.finish_recovery(&newcomer, opened, password, &recovery, now)?;
                Ok(Some(Reply::Recovery(RecoveryCode::new(code.text()))))
            }
            Stage::Changing { new_password, attempt } => self.may_change(ticket, new_password, attempt, key, now),
            Stage::ChangingAnew { new_password, opened, derivation } => {
                self.finish_change(&new_password, &opened, derivation, key, now).map(Some)
            }
            Stage::Approving { approver, attempt } => self.second_person(ticket, approver, attempt, key, now),
            Stage::Setting { setting, derivation } => self.finish_setting(setting, derivation, key, now).map(Some),
        }
    }
}

/// A second copy, for the derivation's own thread.
pub(super) fn copy(secret: &SecretBytes) -> SecretBytes {
    SecretBytes::new(secret.expose().to_vec())
}
