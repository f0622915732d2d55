//! The errors that leave the core: one flat table of stable codes.
//!
//! A declined card is an outcome, not an error. An error says whose turn it is ([`Actor`]), whether money
//! moved ([`Money`]), what to do next ([`Retry`]) and what becomes of a reversal ([`Reversal`]). The table
//! gives these for each code; an [`Error`] adds what is particular: the attempt and how its money stands, a
//! journal sequence, the host's code, a few named numbers, the payments that may be meant. The words for people are in `texts/*.toml` under the code.
//!
//! It never carries card data, paths, SQL or free text from below: facts are numbers, fixed words and names of attempts.
//! Evidence: `tests/errors.rs` (each code has its line in `docs/errors.md` and its texts in both languages).

mod particular;

pub use particular::{Blocker, Candidate, Error, Fact};
use serde::Serialize;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// The stable word, as in JSON.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }
    };
}

words! {
    /// What kind of thing went wrong.
    Category {
        /// The calling program used the core wrongly.
        Integration = "integration",
        /// The till is doing something else.
        Busy = "busy",
        /// A person gave something that cannot be used.
        User = "user",
        /// The card or the reader.
        Tap = "tap",
        /// The phone: keys, clock, randomness.
        Device = "device",
        /// Stored data is not what was written.
        Integrity = "integrity",
        /// Who may do this.
        Auth = "auth",
        /// The way to the acquirer's host.
        Network = "network",
        /// The host answered, but not as agreed.
        Outcome = "outcome",
        /// Giving money back.
        Refund = "refund",
        /// The till's own life: provisioned, closed.
        Lifecycle = "lifecycle",
        /// The disk.
        Storage = "storage",
    }
}

words! {
    /// Whether the customer's money moved.
    Money {
        /// It did not.
        NotMoved = "not_moved",
        /// It is not known yet; the till finds out by itself.
        MayHaveMoved = "may_have_moved",
        /// It did.
        Moved = "moved",
        /// It did, and came back.
        Reversed = "reversed",
    }
}

words! {
    /// Whether to try again, and how.
    Retry {
        /// It would fail again.
        Never = "never",
        /// With the same attempt id.
        SameAttempt = "same_attempt",
        /// With a new attempt id.
        NewAttempt = "new_attempt",
        /// Once the actor has done something.
        AfterUserAction = "after_user_action",
        /// After a while.
        AfterDelay = "after_delay",
    }
}

words! {
    /// What becomes of a reversal.
    Reversal {
        /// There is nothing to reverse.
        NotNeeded = "not_needed",
        /// One is owed and has not begun.
        Required = "required",
        /// One is under way.
        Pending = "pending",
        /// The host has confirmed one.
        Done = "done",
    }
}

words! {
    /// Whose turn it is.
    Actor {
        /// The person at the till.
        Cashier = "cashier",
        /// The person with the card.
        Customer = "customer",
        /// The person who answers for the shop.
        Supervisor = "supervisor",
        /// The engineers who built the app.
        Integrator = "integrator",
        /// The acquirer's host and its people.
        Acquirer = "acquirer",
        /// The phone and its system.
        Platform = "platform",
    }
}

/// The five things that a code says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// The stable code, as `attempt_conflict`.
    pub code: &'static str,
    /// What kind.
    pub category: Category,
    /// Whether money moved.
    pub money: Money,
    /// Whether to try again.
    pub retry: Retry,
    /// What becomes of a reversal.
    pub reversal: Reversal,
    /// Whose turn it is.
    pub actor: Actor,
}

macro_rules! error_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal: $category:ident $money:ident $retry:ident $reversal:ident $actor:ident,)+) => {
        /// Every error that the core can report.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])* $variant,)+
        }

        impl ErrorCode {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// What the table says of this code.
            #[must_use]
            pub fn row(self) -> CodeRow {
                match self {
                    $(Self::$variant => CodeRow {
                        code: $code,
                        category: Category::$category,
                        money: Money::$money,
                        retry: Retry::$retry,
                        reversal: Reversal::$reversal,
                        actor: Actor::$actor,
                    },)+
                }
            }
        }
    };
}

error_codes! {
    /// The amount is empty.
    AmountEmpty = "amount_empty": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount is not plain digits with at most one point.
    AmountNotPlainDigits = "amount_not_plain_digits": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount has more decimals than its currency.
    AmountTooManyDecimals = "amount_too_many_decimals": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount is below zero.
    AmountNegative = "amount_negative": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount is zero.
    AmountZero = "amount_zero": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount does not fit twelve digits.
    AmountTooLarge = "amount_too_large": User NotMoved NewAttempt NotNeeded Cashier,
    /// The amount is over this till's limit.
    AmountOverLimit = "amount_over_limit": User NotMoved NewAttempt NotNeeded Supervisor,
    /// The currency is not in the table.
    CurrencyUnknown = "currency_unknown": User NotMoved NewAttempt NotNeeded Cashier,
    /// This till does not sell in that currency.
    CurrencyNotAccepted = "currency_not_accepted": User NotMoved NewAttempt NotNeeded Integrator,
    /// An attempt id, order number or the like breaks its rule.
    IdentifierMalformed = "identifier_malformed": Integration NotMoved Never NotNeeded Integrator,
    /// The same attempt id came with another amount, currency or order.
    AttemptConflict = "attempt_conflict": Integration NotMoved NewAttempt NotNeeded Integrator,
    /// No attempt has this id.
    AttemptUnknown = "attempt_unknown": User NotMoved Never NotNeeded Cashier,
    /// Another payment is in progress.
    TillBusy = "till_busy": Busy NotMoved AfterDelay NotNeeded Cashier,
    /// The payment is already on its way to the host and will resolve itself.
    TooLateToCancel = "too_late_to_cancel": Busy MayHaveMoved Never Pending Cashier,
    /// The attempt has already ended.
    AttemptAlreadyFinished = "attempt_already_finished": User NotMoved Never NotNeeded Cashier,
    /// An earlier payment must be finished with the host before the next one.
    ReversalPending = "reversal_pending": Busy NotMoved AfterDelay Pending Acquirer,
    /// There is no receipt for an attempt in this state.
    ReceiptNotAvailable = "receipt_not_available": User NotMoved AfterDelay NotNeeded Cashier,
    /// The acquirer wants encrypted card reads, and the device was given no reader for them.
    EncryptedReaderMissing = "encrypted_reader_missing": Integration NotMoved Never NotNeeded Integrator,
    /// The card reader must be set up, signed in or updated first.
    ReaderNotReady = "reader_not_ready": Tap NotMoved AfterUserAction NotNeeded Cashier,
    /// The card reader failed.
    ReaderFailed = "reader_failed": Tap NotMoved NewAttempt NotNeeded Platform,
    /// What the card reader gave is no encrypted read, or shows too much of a card.
    EncryptedReadInvalid = "encrypted_read_invalid": Integration NotMoved NewAttempt NotNeeded Integrator,
    /// There is no network.
    NetworkAbsent = "network_absent": Network NotMoved AfterDelay NotNeeded Cashier,
    /// No connection to the host could be made.
    HostUnreachable = "host_unreachable": Network NotMoved AfterDelay NotNeeded Acquirer,
    /// The host's certificate is not from the expected authority.
    HostCertificateUntrusted = "host_certificate_untrusted": Network NotMoved Never NotNeeded Integrator,
    /// The host's certificate has expired.
    HostCertificateExpired = "host_certificate_expired": Network NotMoved Never NotNeeded Acquirer,
    /// The host's key is neither the pinned one nor its backup.
    HostPinMismatch = "host_pin_mismatch": Network NotMoved Never NotNeeded Integrator,
    /// The host refused this till's certificate.
    ClientCertificateRefused = "client_certificate_refused": Network NotMoved Never NotNeeded Acquirer,
    /// The phone's clock is before the host's certificate begins, or far from the host's own time.
    DeviceClockWrong = "device_clock_wrong": Device NotMoved AfterUserAction NotNeeded Cashier,
    /// The TLS handshake failed in another way.
    HostHandshakeFailed = "host_handshake_failed": Network NotMoved AfterDelay NotNeeded Acquirer,
    /// The host did not answer a sign-on or an echo.
    HostSilent = "host_silent": Network NotMoved AfterDelay NotNeeded Acquirer,
    /// The host's answer is not a valid message of the agreed dialect.
    HostAnswerInvalid = "host_answer_invalid": Outcome NotMoved AfterDelay NotNeeded Acquirer,
    /// The host refused the sign-on.
    SignOnRefused = "sign_on_refused": Outcome NotMoved AfterUserAction NotNeeded Acquirer,
    /// A key that the host sent does not have its check value.
    KeyCheckValueMismatch = "key_check_value_mismatch": Outcome NotMoved AfterUserAction NotNeeded Acquirer,
    /// The dialect file breaks a rule.
    DialectInvalid = "dialect_invalid": Integration NotMoved Never NotNeeded Integrator,
    /// The dialect has no message for what was asked.
    OperationNotInDialect = "operation_not_in_dialect": Integration NotMoved Never NotNeeded Integrator,
    /// The configuration breaks a rule.
    ConfigurationInvalid = "configuration_invalid": Integration NotMoved Never NotNeeded Integrator,
    /// A CA key's digest is not what it says.
    CaKeyInvalid = "ca_key_invalid": Integration NotMoved Never NotNeeded Integrator,
    /// A card transcript is not in the agreed format.
    TranscriptInvalid = "transcript_invalid": Integration NotMoved Never NotNeeded Integrator,
    /// The till has not been provisioned.
    NotProvisioned = "not_provisioned": Lifecycle NotMoved AfterUserAction NotNeeded Supervisor,
    /// The till is provisioned already.
    AlreadyProvisioned = "already_provisioned": Lifecycle NotMoved Never NotNeeded Supervisor,
    /// The terminal was closed.
    TerminalClosed = "terminal_closed": Lifecycle NotMoved Never NotNeeded Integrator,
    /// The device key that opens this till is gone: a restored backup or a cloned device.
    DeviceKeyMissing = "device_key_missing": Device NotMoved Never NotNeeded Supervisor,
    /// The device's key store will not serve now.
    DeviceKeysUnavailable = "device_keys_unavailable": Device NotMoved AfterDelay NotNeeded Platform,
    /// A device key is damaged, or did not make what it should open.
    DeviceKeyRejected = "device_key_rejected": Integrity NotMoved Never NotNeeded Supervisor,
    /// The device has no random bytes to give.
    EntropyFailed = "entropy_failed": Device NotMoved AfterDelay NotNeeded Platform,
    /// Another process has this till open.
    TillOpenElsewhere = "till_open_elsewhere": Busy NotMoved AfterUserAction NotNeeded Cashier,
    /// The till's database is held by another program.
    DatabaseLocked = "database_locked": Storage NotMoved AfterDelay NotNeeded Platform,
    /// The journal is not what was written.
    JournalDamaged = "journal_damaged": Integrity NotMoved Never NotNeeded Supervisor,
    /// The journal was written by a newer version.
    JournalNewer = "journal_newer": Lifecycle NotMoved AfterUserAction NotNeeded Integrator,
    /// The disk is full.
    DiskFull = "disk_full": Storage NotMoved AfterUserAction NotNeeded Cashier,
    /// The disk did not confirm that data is safe; the till must be opened again.
    SyncFailed = "sync_failed": Storage NotMoved AfterUserAction NotNeeded Platform,
    /// The storage failed in another way.
    StorageFailed = "storage_failed": Storage NotMoved AfterUserAction NotNeeded Platform,
    /// A file that the caller named cannot be read or written.
    FileUnusable = "file_unusable": User NotMoved AfterUserAction NotNeeded Integrator,
    /// A test stopped the core here.
    StoppedByFaultPlan = "stopped_by_fault_plan": Integration MayHaveMoved SameAttempt Pending Integrator,
    /// A fault inside the till, or in a port that it borrows, ended its run; it must be opened again.
    TillFailed = "till_failed": Lifecycle MayHaveMoved SameAttempt Pending Integrator,
    /// A port asked the core something while the core was waiting for it.
    CalledFromPort = "called_from_port": Integration NotMoved Never NotNeeded Integrator,
    /// A page of no entries, or of more than there may be, was asked for.
    PageSizeOutOfRange = "page_size_out_of_range": Integration NotMoved Never NotNeeded Integrator,
    /// The cursor is beyond the last event.
    CursorBeyondHead = "cursor_beyond_head": Integration NotMoved Never NotNeeded Integrator,
    /// Later events than this were acknowledged already.
    CursorAcknowledgedAlready = "cursor_acknowledged_already": Integration NotMoved Never NotNeeded Integrator,
    /// The till has no operators yet, so it does nothing but be set up and claimed.
    TillUnclaimed = "till_unclaimed": Lifecycle NotMoved AfterUserAction NotNeeded Supervisor,
    /// The till has its first supervisor already.
    AlreadyClaimed = "already_claimed": Lifecycle NotMoved Never NotNeeded Supervisor,
    /// Nobody is signed in, or the till is locked: its records cannot be read and nothing is sent.
    TillLocked = "till_locked": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// Somebody is signed in already.
    AlreadySignedIn = "already_signed_in": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// Name and password do not open this till; which of them is wrong is not said.
    SignInRefused = "sign_in_refused": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// Too many wrong passwords: the details say how long to wait.
    OperatorLockedOut = "operator_locked_out": Auth NotMoved AfterDelay NotNeeded Cashier,
    /// The new password breaks a rule; the details name it.
    PasswordRefused = "password_refused": User NotMoved AfterUserAction NotNeeded Cashier,
    /// The password is temporary or expired: it opens nothing but its own change.
    PasswordMustChange = "password_must_change": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// The operator's role does not allow this.
    NotPermitted = "not_permitted": Auth NotMoved Never NotNeeded Supervisor,
    /// The session has ended: too long idle, or at its full length.
    SessionOver = "session_over": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// No operator of this till has this name.
    OperatorUnknown = "operator_unknown": User NotMoved Never NotNeeded Supervisor,
    /// An operator of this till has this name already.
    OperatorExists = "operator_exists": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The last supervisor can neither be removed nor become anything else.
    LastSupervisor = "last_supervisor": User NotMoved Never NotNeeded Supervisor,
    /// This is not the till's recovery code.
    RecoveryRefused = "recovery_refused": Auth NotMoved AfterUserAction NotNeeded Supervisor,
    /// What guards the operators' keys is not what was written.
    VaultDamaged = "vault_damaged": Integrity NotMoved Never NotNeeded Supervisor,
    /// An older state of the operators' keys was put back.
    VaultRolledBack = "vault_rolled_back": Integrity NotMoved Never NotNeeded Supervisor,
    /// The operators' keys belong to another till or another device.
    VaultForeign = "vault_foreign": Integrity NotMoved Never NotNeeded Supervisor,
    /// The operators' keys were written by a newer version.
    VaultNewer = "vault_newer": Lifecycle NotMoved AfterUserAction NotNeeded Integrator,
    /// The work that guards a password was set below the floor.
    ParametersTooWeak = "parameters_too_weak": Integrity NotMoved Never NotNeeded Supervisor,
    /// The device's own unlocking cannot be used now; the details say why.
    BiometricRefused = "biometric_refused": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// The acquirer has seen later records than the till holds.
    JournalRolledBack = "journal_rolled_back": Integrity NotMoved Never NotNeeded Supervisor,
    /// A part of the shop's policy is out of its range.
    PolicyInvalid = "policy_invalid": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The records are still being sealed anew under the newest key.
    KeyRotationUnfinished = "key_rotation_unfinished": Busy NotMoved AfterDelay NotNeeded Supervisor,
    /// The journal has no record of this number, or was never this long.
    RecordUnknown = "record_unknown": User NotMoved Never NotNeeded Cashier,
    /// Something must be finished or decided before the batch can be settled; the details name each.
    SettlementBlocked = "settlement_blocked": Busy NotMoved AfterUserAction NotNeeded Supervisor,
    /// The settlement of the batch has begun and is not finished; it goes on by itself.
    SettlementUnfinished = "settlement_unfinished": Busy NotMoved AfterDelay NotNeeded Acquirer,
    /// The host refused to settle the batch, which is open as before.
    SettlementRefused = "settlement_refused": Outcome NotMoved AfterUserAction NotNeeded Acquirer,
    /// The open batch holds nothing to settle.
    BatchEmpty = "batch_empty": User NotMoved Never NotNeeded Cashier,
    /// Only a sale that the host has approved can be voided; the details say how this attempt stands.
    AttemptNotApproved = "attempt_not_approved": User NotMoved Never NotNeeded Cashier,
    /// The payment was voided already.
    AlreadyVoided = "already_voided": User Reversed Never NotNeeded Cashier,
    /// The payment's batch is closed: it can be refunded, not voided.
    AlreadySettled = "already_settled": User Moved Never NotNeeded Cashier,
    /// An earlier void of this payment is not known to have ended.
    VoidInDoubt = "void_in_doubt": Busy MayHaveMoved AfterDelay Pending Acquirer,
    /// Money was given back for this payment, or is about to be: it can be refunded further, not voided.
    AttemptHasRefunds = "attempt_has_refunds": User Moved Never NotNeeded Cashier,
    /// The host opened another batch while this till's batch holds payments: it must be closed first.
    BatchChangeRefused = "batch_change_refused": Busy NotMoved AfterUserAction NotNeeded Supervisor,
    /// Payments have waited too long to be finished with the host: nothing is sold before they are.
    DebtsTooOld = "debts_too_old": Busy NotMoved AfterDelay Pending Acquirer,
    /// There is nothing to decide: the attempt, the refund or the settlement is not stuck.
    NotStuck = "not_stuck": User NotMoved Never NotNeeded Supervisor,
    /// The host refused what it was asked; its code stands in the details.
    HostRefused = "host_refused": Outcome NotMoved AfterUserAction NotNeeded Acquirer,
    /// A supervisor has decided otherwise about the same.
    AlreadyDecided = "already_decided": User NotMoved Never NotNeeded Supervisor,
    /// All refunds of a sale together would give back more than it captured; the details say what is left.
    RefundExceedsCapturedAmount = "refund_exceeds_captured_amount": Refund Moved NewAttempt NotNeeded Cashier,
    /// Nobody approves a refund that he or she has asked for.
    ApproverIsRequester = "approver_is_requester": Refund NotMoved AfterUserAction NotNeeded Supervisor,
    /// The requester added this approver to the till, or set the approver's password last: another person must approve.
    ApproverAppointedByRequester = "approver_appointed_by_requester": Refund NotMoved AfterUserAction NotNeeded Supervisor,
    /// No refund has this id.
    RefundUnknown = "refund_unknown": Refund NotMoved Never NotNeeded Cashier,
    /// The refund does not wait for an approval: it was approved, rejected or ended already.
    RefundNotWaiting = "refund_not_waiting": Refund NotMoved Never NotNeeded Cashier,
    /// Nobody approved the refund in time: it must be asked for again.
    RefundExpired = "refund_expired": Refund NotMoved NewAttempt NotNeeded Cashier,
    /// The sale is too old to be refunded by the shop's rules.
    RefundWindowOver = "refund_window_over": Refund Moved Never NotNeeded Supervisor,
    /// The refund is in another currency than its sale.
    RefundCurrencyDiffers = "refund_currency_differs": Refund NotMoved NewAttempt NotNeeded Cashier,
    /// There is no network, and a refund is never taken without one.
    RefundNeedsConnection = "refund_needs_connection": Refund NotMoved AfterDelay NotNeeded Cashier,
    /// Whoever rejects a refund must say why.
    RefundRejectedReasonMissing = "refund_rejected_reason_missing": Refund NotMoved AfterUserAction NotNeeded Supervisor,
    /// Several payments go by this name: the one that is meant must be named by its attempt.
    RefundAmbiguous = "refund_ambiguous": Refund NotMoved NewAttempt NotNeeded Cashier,
    /// The shop's rules want a verification of the cardholder that this till cannot make.
    VerificationNotAvailable = "verification_not_available": Refund NotMoved Never NotNeeded Supervisor,
    /// The host has something else under each of the trace numbers that the refund was given; it was not paid.
    RefundStanTaken = "refund_stan_taken": Refund NotMoved Never NotNeeded Acquirer,
    /// Another card was held to the reader than the one that paid.
    RefundCardDiffers = "refund_card_differs": Refund NotMoved NewAttempt NotNeeded Customer,
    /// The card that paid was not read: nobody held it to the reader, or it could not be read.
    RefundCardNotRead = "refund_card_not_read": Refund NotMoved NewAttempt NotNeeded Customer,
    /// A column of the statement is missing or not where the map says, or the map itself cannot be used.
    StatementColumnsWrong = "statement_columns_wrong": User NotMoved AfterUserAction NotNeeded Integrator,
    /// The statement is not UTF-8.
    StatementEncodingBroken = "statement_encoding_broken": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// A line or an element of the statement is longer than any may be.
    StatementLineTooLong = "statement_line_too_long": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The statement's XML defines entities, is nested too deeply or is not well formed.
    StatementXmlRefused = "statement_xml_refused": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The statement cannot be read to its end, or is none.
    StatementUnreadable = "statement_unreadable": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// A value in the statement is not what its column says.
    StatementValueMalformed = "statement_value_malformed": User NotMoved AfterUserAction NotNeeded Integrator,
    /// The first day of the period comes after its last.
    StatementPeriodInvalid = "statement_period_invalid": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The till is frozen: it sells nothing, gives nothing back and voids nothing; the details say from where.
    TillFrozen = "till_frozen": Lifecycle NotMoved AfterUserAction NotNeeded Supervisor,
    /// The shop's rules want a password before somebody freezes the till at the lock screen.
    FreezeNeedsPassword = "freeze_needs_password": Auth NotMoved AfterUserAction NotNeeded Cashier,
    /// The acquirer has frozen the till, and nobody else releases it.
    FrozenByHost = "frozen_by_host": Lifecycle NotMoved AfterUserAction NotNeeded Acquirer,
    /// Two people release a frozen till: the second must be another, whom the first has not brought in since.
    ReleaseNeedsAnother = "release_needs_another": Auth NotMoved AfterUserAction NotNeeded Supervisor,
    /// Something must be finished or looked at before anybody leaves the till; the details name each, with its remedy.
    ExitBlocked = "exit_blocked": Busy NotMoved AfterUserAction NotNeeded Cashier,
    /// Whoever does this all the same must say why.
    ReasonMissing = "reason_missing": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// Something keeps the till from being deregistered; the details name each, with its remedy.
    DeregistrationBlocked = "deregistration_blocked": Lifecycle NotMoved AfterUserAction NotNeeded Supervisor,
    /// The acquirer has deregistered this till: it only waits to be erased.
    DeregistrationUnfinished = "deregistration_unfinished": Lifecycle NotMoved AfterUserAction NotNeeded Supervisor,
    /// The shop's rules want a second person for this, and there is none who may be it.
    SecondPersonNeeded = "second_person_needed": Auth NotMoved AfterUserAction NotNeeded Supervisor,
    /// What was to be handed out could not be written where the caller wants it.
    ExportFailed = "export_failed": Storage NotMoved AfterUserAction NotNeeded Supervisor,
    /// What is to be checked is no bundle of evidence, or one that cannot be read.
    EvidenceNotABundle = "evidence_not_a_bundle": User NotMoved Never NotNeeded Supervisor,
    /// The bundle of evidence was made by a newer version.
    EvidenceNewer = "evidence_newer": User NotMoved Never NotNeeded Supervisor,
    /// The bundle of evidence is not of the till whose key was given.
    EvidenceOfAnotherTill = "evidence_of_another_till": User NotMoved Never NotNeeded Supervisor,
    /// The period of which evidence is wanted ends before it begins.
    EvidencePeriodInvalid = "evidence_period_invalid": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The journal has no record of what evidence is wanted of.
    EvidenceEmpty = "evidence_empty": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// More records would be disclosed than one bundle holds.
    EvidenceTooLarge = "evidence_too_large": User NotMoved AfterUserAction NotNeeded Supervisor,
    /// The acquirer's rules refuse everything over what kind of network the device is on.
    NetworkRefused = "network_refused": Network NotMoved AfterUserAction NotNeeded Cashier,
    /// The acquirer's rules refuse it for keys, and keys are needed.
    NetworkRefusedForKeys = "network_refused_for_keys": Network NotMoved AfterUserAction NotNeeded Cashier,
    /// Other pins for the host are not the acquirer's signed word.
    PinsNotSigned = "pins_not_signed": Network NotMoved Never NotNeeded Supervisor,
    /// The acquirer's word is not one that changes this till's pins now.
    PinsRefused = "pins_refused": Network NotMoved Never NotNeeded Supervisor,
    /// The caller's name for the refund is that of another refund: of another sale, or of another amount.
    RefundConflict = "refund_conflict": Integration NotMoved NewAttempt NotNeeded Integrator,
    /// The keys that sign are not those of the preview: what it lists can be proved by no signature of today.
    EvidencePreviewOutdated = "evidence_preview_outdated": User NotMoved AfterUserAction NotNeeded Supervisor,
}

impl ErrorCode {
    /// The stable code, as `attempt_conflict`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().code
    }
}
