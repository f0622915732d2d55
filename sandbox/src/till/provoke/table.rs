//! The one table of scripts: an error code, how it is brought about in words, and the function that does so.
//!
//! It is one `match` without a wildcard: a new code does not compile without its script.
//! Evidence: `sandbox/tests/till_provoke.rs`.

use taptill::error::ErrorCode;

use super::stage::Played;
use super::{
    device, evidence, goodbyes, incidents, life, network, payments, people, records, refunds, settlements, statements,
    storage, typed, voids,
};

/// How one error is brought about.
#[derive(Clone, Copy)]
pub(super) struct Script {
    /// In words, as what somebody does.
    pub how: &'static str,
    /// Goes on until the core refuses.
    pub play: fn() -> Played,
}

fn by(how: &'static str, play: fn() -> Played) -> Script {
    Script { how, play }
}

/// The script of this code.
pub(super) fn script(code: ErrorCode) -> Script {
    use ErrorCode as E;
    match code {
        E::AmountEmpty => by("an amount of no characters is typed", typed::amount_empty),
        E::AmountNotPlainDigits => by("the amount 1,000 is typed", typed::amount_not_plain_digits),
        E::AmountTooManyDecimals => by("the amount 1.005 is typed", typed::amount_too_many_decimals),
        E::AmountNegative => by("the amount -1 is typed", typed::amount_negative),
        E::AmountZero => by("the amount 0.00 is typed", typed::amount_zero),
        E::AmountTooLarge => by("an amount of fifteen digits is typed", typed::amount_too_large),
        E::AmountOverLimit => by("more is charged than the till's limit", payments::amount_over_limit),
        E::CurrencyUnknown => by("the currency XXQ is named", typed::currency_unknown),
        E::CurrencyNotAccepted => by("yen are charged on a till for yuan", payments::currency_not_accepted),
        E::IdentifierMalformed => by("an attempt is named with a space", typed::identifier_malformed),
        E::AttemptConflict => by("one attempt id is used for two amounts", payments::attempt_conflict),
        E::AttemptUnknown => by("the status of a payment is asked that nobody took", payments::attempt_unknown),
        E::TillBusy => by("a second sale begins while a card is awaited", payments::till_busy),
        E::TooLateToCancel => by("a payment is cancelled after it went to the bank", payments::too_late_to_cancel),
        E::AttemptAlreadyFinished => by("an approved payment is cancelled", payments::attempt_already_finished),
        E::ReversalPending => {
            by("the host is gone with a reversal owed, and the next sale begins", payments::reversal_pending)
        }
        E::ReceiptNotAvailable => by("the receipt of a cancelled sale is asked for", payments::receipt_not_available),
        E::EncryptedReaderMissing => {
            by("the acquirer wants encrypted reads and no reader is lent", payments::encrypted_reader_missing)
        }
        E::ReaderNotReady => by("the encrypted reader says that it is not set up", payments::reader_not_ready),
        E::ReaderFailed => by("the encrypted reader fails", payments::reader_failed),
        E::EncryptedReadInvalid => by("the encrypted reader gives an empty read", payments::encrypted_read_invalid),
        E::NetworkAbsent => by("the device has no network", network::network_absent),
        E::NetworkRefused => by("the device is on Wi-Fi that wants a page signed", network::network_refused),
        E::NetworkRefusedForKeys => by("the device is behind a proxy", network::network_refused_for_keys),
        E::PinsNotSigned => by("somebody sends other pins in the acquirer's name", network::pins_not_signed),
        E::PinsRefused => by("a word of the acquirer's is no pins", network::pins_refused),
        E::HostUnreachable => by("nobody listens at the host's address", network::host_unreachable),
        E::HostCertificateUntrusted => by("a host of another authority answers", network::host_certificate_untrusted),
        E::HostCertificateExpired => by("the host's certificate has expired", network::host_certificate_expired),
        E::HostPinMismatch => by("a host of the same authority with another key answers", network::host_pin_mismatch),
        E::ClientCertificateRefused => {
            by("the host does not know who signed the till's certificate", network::client_certificate_refused)
        }
        E::DeviceClockWrong => by("the device's clock is two days slow", network::device_clock_wrong),
        E::HostHandshakeFailed => by("something that speaks no TLS answers", network::host_handshake_failed),
        E::HostSilent => by("the host takes the connection and says nothing", network::host_silent),
        E::HostAnswerInvalid => by("the host answers with bytes that are no message", network::host_answer_invalid),
        E::SignOnRefused => by("the host answers the sign-on with response code 03", network::sign_on_refused),
        E::KeyCheckValueMismatch => {
            by("the till was given another master key than the host", network::key_check_value_mismatch)
        }
        E::DialectInvalid => by("the set-up's dialect is not one", life::dialect_invalid),
        E::ConfigurationInvalid => by("the set-up's shop has no name", life::configuration_invalid),
        E::CaKeyInvalid => by("the set-up's list of card keys is not one", life::ca_key_invalid),
        E::TranscriptInvalid => by("a file is replayed that is no card transcript", life::transcript_invalid),
        E::NotProvisioned => by("a till is opened that was never set up", life::not_provisioned),
        E::AlreadyProvisioned => by("a till is set up twice", life::already_provisioned),
        E::TerminalClosed => by("a closed till is asked something", life::terminal_closed),
        E::DeviceKeyMissing => by("the till's folder is opened without its device", device::device_key_missing),
        E::DeviceKeysUnavailable => by("the device's key store is locked", device::device_keys_unavailable),
        E::DeviceKeyRejected => by("a key of the device is damaged", device::device_key_rejected),
        E::EntropyFailed => by("the device has no random bytes", device::entropy_failed),
        E::TillOpenElsewhere => by("one till is opened twice", storage::till_open_elsewhere),
        E::DatabaseLocked => by("another program holds the till's database", storage::database_locked),
        E::JournalDamaged => by("the end of the till's database is cut off", storage::journal_damaged),
        E::JournalNewer => by("the till's database says that it is of a newer version", storage::journal_newer),
        E::DiskFull => by("the disk is full when the payment is to be recorded", storage::disk_full),
        E::SyncFailed => by("the disk does not confirm a record", storage::sync_failed),
        E::StorageFailed => by("a folder stands where the till's database belongs", storage::storage_failed),
        E::FileUnusable => by("a transcript is replayed whose file is not there", life::file_unusable),
        E::StoppedByFaultPlan => by("a test ends the core after a payment went out", storage::stopped_by_fault_plan),
        E::TillFailed => by("the app's source of randomness panics", device::till_failed),
        E::CalledFromPort => by("the app asks the till from within an observer", device::called_from_port),
        E::PageSizeOutOfRange => by("a page of no payments is asked for", records::page_size_out_of_range),
        E::CursorBeyondHead => by("events are asked for after one that has not happened", records::cursor_beyond_head),
        E::CursorAcknowledgedAlready => {
            by("an event is confirmed after a later one was", records::cursor_acknowledged_already)
        }
        E::RecordUnknown => by("a proof is asked of a record that is not there", records::record_unknown),
        E::TillUnclaimed => by("something is sold at a till that nobody has claimed", people::till_unclaimed),
        E::AlreadyClaimed => by("a till is claimed twice", people::already_claimed),
        E::TillLocked => by("something is sold at a locked till", people::till_locked),
        E::AlreadySignedIn => by("somebody unlocks a till at which somebody is signed in", people::already_signed_in),
        E::SignInRefused => by("a wrong password is typed", people::sign_in_refused),
        E::OperatorLockedOut => by("eleven wrong passwords are typed", people::operator_locked_out),
        E::PasswordRefused => by("a password of three letters is chosen", people::password_refused),
        E::PasswordMustChange => by("somebody signs in with a temporary password", people::password_must_change),
        E::NotPermitted => by("a cashier asks who works here", people::not_permitted),
        E::SessionOver => by("a till that was locked yesterday is unlocked", people::session_over),
        E::OperatorUnknown => by("an operator is removed whom nobody knows", people::operator_unknown),
        E::OperatorExists => by("the same operator is added twice", people::operator_exists),
        E::LastSupervisor => by("the only supervisor is removed", people::last_supervisor),
        E::RecoveryRefused => by("a recovery code is made up", people::recovery_refused),
        E::PolicyInvalid => by("a session is to last a minute longer than a day", people::policy_invalid),
        E::KeyRotationUnfinished => by("the keys are replaced twice in a row", people::key_rotation_unfinished),
        E::BiometricRefused => {
            by("the device's own unlocking is asked for, and nobody has set it up", people::biometric_refused)
        }
        E::VaultDamaged => by("one bit of an operator's slot is another", records::vault_damaged),
        E::VaultRolledBack => by("an operator's old slot is put back", records::vault_rolled_back),
        E::VaultForeign => by("the till's folder is put on another device", records::vault_foreign),
        E::VaultNewer => by("an operator's slot says that it is of a newer format", records::vault_newer),
        E::ParametersTooWeak => by("an operator's slot says that little work guards it", records::parameters_too_weak),
        E::JournalRolledBack => by("an older copy of the till's folder is put back", records::journal_rolled_back),
        E::OperationNotInDialect => {
            by("a sale is voided where the dialect has no void", voids::operation_not_in_dialect)
        }
        E::AttemptNotApproved => by("a declined sale is voided", voids::attempt_not_approved),
        E::AlreadyVoided => by("a sale is voided twice", voids::already_voided),
        E::AlreadySettled => by("a sale is voided after its batch was closed", voids::already_settled),
        E::VoidInDoubt => {
            by("money of a sale is to be given back while the host has not answered its void", voids::void_in_doubt)
        }
        E::AttemptHasRefunds => by("a sale is voided of which money is being given back", voids::attempt_has_refunds),
        E::BatchChangeRefused => {
            by("the host names another batch while this one holds a sale", voids::batch_change_refused)
        }
        E::DebtsTooOld => by("a reversal is owed for longer than the rules allow", voids::debts_too_old),
        E::NotStuck => by("a decision is taken about an approved sale", voids::not_stuck),
        E::AlreadyDecided => by("two decisions are taken about one stuck reversal", voids::already_decided),
        E::HostRefused => by("the host refuses to hand out its parameters", voids::host_refused),
        E::SettlementBlocked => {
            by("a batch is closed while nobody has decided about a stuck reversal", settlements::settlement_blocked)
        }
        E::SettlementUnfinished => by(
            "something is sold while the host has not answered the closing of a batch",
            settlements::settlement_unfinished,
        ),
        E::SettlementRefused => by("the host refuses to close a batch", settlements::settlement_refused),
        E::BatchEmpty => by("a batch is closed in which nothing was sold", settlements::batch_empty),
        E::RefundExceedsCapturedAmount => {
            by("more is to be given back than was paid", refunds::refund_exceeds_captured_amount)
        }
        E::ApproverIsRequester => by("somebody approves the own request for a refund", refunds::approver_is_requester),
        E::ApproverAppointedByRequester => {
            by("a refund is approved by somebody whom the requester added", refunds::approver_appointed_by_requester)
        }
        E::RefundUnknown => by("a refund is approved that nobody asked for", refunds::refund_unknown),
        E::RefundConflict => by("two refunds are asked for by one name", refunds::refund_conflict),
        E::RefundNotWaiting => by("a refund is rejected twice", refunds::refund_not_waiting),
        E::RefundExpired => by("a refund is decided after its time", refunds::refund_expired),
        E::RefundWindowOver => {
            by("a sale of three days ago is refunded where the rule is one day", refunds::refund_window_over)
        }
        E::RefundCurrencyDiffers => by("yen are given back for a sale in yuan", refunds::refund_currency_differs),
        E::RefundNeedsConnection => by("a refund is asked for without a network", refunds::refund_needs_connection),
        E::RefundRejectedReasonMissing => {
            by("a refund is rejected without a reason", refunds::refund_rejected_reason_missing)
        }
        E::RefundAmbiguous => by("a refund names an order that was paid in two parts", refunds::refund_ambiguous),
        E::VerificationNotAvailable => by("the rules want a PIN for a refund", refunds::verification_not_available),
        E::RefundStanTaken => by("the host has other bookings under the refund's numbers", refunds::refund_stan_taken),
        E::RefundCardDiffers => {
            by("another card is held to the reader than the one that paid", refunds::refund_card_differs)
        }
        E::RefundCardNotRead => by("the card that paid cannot be read again", refunds::refund_card_not_read),
        E::StatementColumnsWrong => by("a statement has no column for the date", statements::statement_columns_wrong),
        E::StatementEncodingBroken => {
            by("a statement has bytes that are no UTF-8", statements::statement_encoding_broken)
        }
        E::StatementLineTooLong => {
            by("a statement has a line of ten million characters", statements::statement_line_too_long)
        }
        E::StatementXmlRefused => by("a statement defines entities of its own", statements::statement_xml_refused),
        E::StatementUnreadable => by("the disk fails while a statement is read", statements::statement_unreadable),
        E::StatementValueMalformed => by("a statement has an amount in words", statements::statement_value_malformed),
        E::StatementPeriodInvalid => {
            by("a statement is checked from tomorrow to yesterday", statements::statement_period_invalid)
        }
        E::TillFrozen => by("a sale begins at a till that somebody has frozen", incidents::till_frozen),
        E::FreezeNeedsPassword => {
            by("the lock screen freezes where the rules want a password", incidents::freeze_needs_password)
        }
        E::FrozenByHost => by("two people release a till that the acquirer has frozen", incidents::frozen_by_host),
        E::ReleaseNeedsAnother => by("one person releases a frozen till twice", incidents::release_needs_another),
        E::ExitBlocked => by("somebody leaves while a card is awaited", goodbyes::exit_blocked),
        E::DeregistrationBlocked => by("a till is deregistered that has not settled", goodbyes::deregistration_blocked),
        E::DeregistrationUnfinished => {
            by("a till sells that the acquirer has let go already", goodbyes::deregistration_unfinished)
        }
        E::SecondPersonNeeded => by("one person alone deregisters a till", goodbyes::second_person_needed),
        E::ExportFailed => by("the records are to go where something is already", goodbyes::export_failed),
        E::ReasonMissing => by("a supervisor leaves by force and says nothing", goodbyes::reason_missing),
        E::EvidenceNotABundle => by("a photograph is checked as evidence", evidence::evidence_not_a_bundle),
        E::EvidenceNewer => by("evidence of a later version is checked", evidence::evidence_newer),
        E::EvidenceOfAnotherTill => {
            by("evidence is checked against another till's key", evidence::evidence_of_another_till)
        }
        E::EvidencePeriodInvalid => by("evidence is wanted from today to yesterday", evidence::evidence_period_invalid),
        E::EvidenceEmpty => by("evidence is wanted of the year 1970", evidence::evidence_empty),
        E::EvidenceTooLarge => by("a bundle of evidence is made of too many files", evidence::evidence_too_large),
        E::EvidencePreviewOutdated => {
            by("every key is renewed between a preview and its bundle", evidence::evidence_preview_outdated)
        }
    }
}
