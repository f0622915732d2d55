//! What is under way for somebody who waits, mostly a derivation: one at a time, one stage after another.
//!
//! The password goes to a thread of its own, whose stack is wiped; what comes back is the next stage or the end. A
//! derivation that had no memory is a refusal, and nothing was changed.
//!
//! It never decides who may come in: that is `enter`, `claim` and `keys`. Evidence: `tests/people_states.rs`.

use crate::account::password::Day;
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::payment::Ticket;
use crate::secret::{Secret, SecretBytes, wipe_stack};
use crate::till::Till;
use crate::till::claim::{Newcomer, as_recovery};
use crate::till::enter::Entry;
use crate::till::exchange::{Output, Reply};
use crate::till::freeze::Freezer;
use crate::till::leaving::Goodbye;
use crate::till::operators::Setting;
use crate::till::passwords::given;
use crate::till::record::Trouble;
use crate::till::refunds::Approver;
use crate::till::view::RecoveryCode;
use crate::till::work::Work;
use crate::vault::{self, Attempt, Derivation, Measured, NewPassword, Opened, Params};

/// Something that waits for a derivation.
pub(super) struct Flow {
    ticket: Ticket,
    stage: Stage,
}

impl Flow {
    pub fn new(ticket: Ticket, stage: Stage) -> Self {
        Self { ticket, stage }
    }

    pub fn into_parts(self) -> (Ticket, Stage) {
        (self.ticket, self.stage)
    }

    /// Whether it waits for the device to recognise somebody: it may be let go at any time.
    pub fn is_at_the_platform(&self) -> bool {
        matches!(self.stage, Stage::Sealing { .. } | Stage::Recognising { .. })
    }

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
    /// Whether a second person, who agrees that the till goes, is who it says to be.
    Seconding { goodbye: Goodbye, name: OperatorName, attempt: Attempt },
    /// Whether whoever freezes the locked till is who it says to be.
    Freezing { freezer: Freezer, attempt: Attempt },
    /// Whether a second person, who releases the till, is who it says to be.
    Releasing { second: OperatorName, attempt: Attempt },
    /// A password that somebody else is given.
    Setting { setting: Setting, derivation: Derivation },
    /// Whether whoever wants another recovery code knows the password.
    Renewing { attempt: Attempt },
    /// The other recovery code.
    RenewingCode { opened: Opened, code: vault::RecoveryCode, derivation: Derivation },
    /// Whether whoever wants to enrol fingers or a face knows the password.
    Enrolling { attempt: Attempt },
    /// The platform makes a key for them.
    Sealing { opened: Opened },
    /// The platform looks whether it is them.
    Recognising { entry: Entry },
}

/// What a stage led to.
pub(super) enum Led {
    /// To another stage.
    On,
    /// To the answer.
    To(Reply),
    /// To the answer, and to the end of the run.
    ToTheEnd(Reply, Error),
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
        let led = self.next_stage(ticket, stage, key, took_ms, now);
        self.led(ticket, led)
    }

    /// What something that somebody waits for has led to.
    pub(super) fn led(&mut self, ticket: Ticket, led: Result<Led, Trouble>) -> Result<(), Trouble> {
        match led {
            Ok(Led::On) => Ok(()),
            Ok(Led::To(reply)) => self.conclude(ticket, Ok(reply)),
            Ok(Led::ToTheEnd(reply, error)) => {
                self.tell(ticket, Ok(reply));
                Err(Trouble::Over(error))
            }
            Err(trouble) => self.conclude(ticket, Err(trouble)),
        }
    }

    /// The answer to whoever waits. Trouble that ends the run ends it.
    pub(super) fn conclude(&mut self, ticket: Ticket, result: Result<Reply, Trouble>) -> Result<(), Trouble> {
        match result {
            Ok(reply) => {
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
    ) -> Result<Led, Trouble> {
        match stage {
            Stage::Measuring { newcomer, mut measured, params } => {
                measured.push(Measured { params, took_ms });
                self.measure(ticket, newcomer, measured)?;
                Ok(Led::On)
            }
            Stage::Claiming { newcomer, derivation } => {
                let password = given(derivation, key, false, Day::of(now.wall));
                self.code_for(ticket, |code, derivation| Stage::ClaimingCode { newcomer, password, code, derivation })
            }
            Stage::ClaimingCode { newcomer, password, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                let session = self.finish_claim(&newcomer, &password, &recovery, now)?;
                Ok(with_code(&code, session))
            }
            Stage::Entering { entry, attempt } => self.entered(ticket, entry, attempt, key, now),
            Stage::EnteringAnew { entry, new_password, opened, derivation } => {
                let new = (new_password, derivation, key);
                self.come_in(&entry, opened, Some(new), now).map(|view| Led::To(Reply::Session(view)))
            }
            Stage::Recovering { newcomer, attempt } => {
                let opened = self.try_guess(attempt, key, now).map_err(as_recovery)?;
                let derivation = self.with_rows(|vault| vault.new_derivation())?;
                let password = copy(&newcomer.password);
                let stage = Stage::RecoveringPassword { newcomer, opened, derivation: derivation.clone() };
                self.derive(ticket, password, &derivation, stage);
                Ok(Led::On)
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
                let session = self.finish_recovery(&newcomer, opened, password, &recovery, now)?;
                Ok(with_code(&code, session))
            }
            Stage::Freezing { freezer, attempt } => self.frozen_by_password(freezer, attempt, key, now),
            inside => self.next_inside(ticket, inside, key, now),
        }
    }

    /// The stages of whoever is signed in.
    fn next_inside(&mut self, ticket: Ticket, stage: Stage, key: Secret<32>, now: Now) -> Result<Led, Trouble> {
        match stage {
            Stage::Changing { new_password, attempt } => self.may_change(ticket, new_password, attempt, key, now),
            Stage::ChangingAnew { new_password, opened, derivation } => {
                self.finish_change(&new_password, &opened, derivation, key, now).map(Led::To)
            }
            Stage::Approving { approver, attempt } => self.second_person(ticket, approver, attempt, key, now),
            Stage::Seconding { goodbye, name, attempt } => self.seconded(ticket, goodbye, (name, attempt), key, now),
            Stage::Releasing { second, attempt } => self.released_by_two(second, attempt, key, now),
            Stage::Setting { setting, derivation } => self.finish_setting(setting, derivation, key, now).map(Led::To),
            Stage::Renewing { attempt } => {
                let opened = self.proved_own(attempt, key, now)?;
                self.code_for(ticket, |code, derivation| Stage::RenewingCode { opened, code, derivation })
            }
            Stage::RenewingCode { opened, code, derivation } => {
                let recovery = given(derivation, key, false, Day::of(now.wall));
                self.finish_renewal(&opened, &recovery, now)?;
                Ok(with_code(&code, Ok(())))
            }
            Stage::Enrolling { attempt } => self.seal_enrolment(ticket, attempt, key, now),
            _ => unreachable!("nothing else waits for a derivation"),
        }
    }
}

/// A code that opens the till is told, whatever became of the session that was to begin with it.
fn with_code(code: &vault::RecoveryCode, session: Result<(), Trouble>) -> Led {
    let reply = Reply::Recovery(RecoveryCode::new(code.text()));
    match session {
        Ok(()) | Err(Trouble::Refused(_)) => Led::To(reply),
        Err(Trouble::Over(error)) => Led::ToTheEnd(reply, error),
    }
}

/// A second copy, for the derivation's own thread.
pub(super) fn copy(secret: &SecretBytes) -> SecretBytes {
    SecretBytes::new(secret.expose().to_vec())
}
