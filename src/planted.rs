//! Mistakes that payment terminals are known to have made, to be made on purpose: each is what an auditor must find.
//!
//! `planted!(Name, mistake)` is nothing at all in a build without the feature `planted-bugs`, so that no mistake ships.
//! With it, `plant` chooses one by name for the thread that plays a day.
//!
//! It never plants two at once. Evidence: `sandbox/simulator/tests/planted.rs` finds each of them.

/// What is done where this mistake is planted: nothing at all without the feature.
#[cfg(not(feature = "planted-bugs"))]
macro_rules! planted {
    ($name:ident, $mistake:stmt) => {};
}

/// What is done where this mistake is planted: nothing at all without the feature.
#[cfg(feature = "planted-bugs")]
macro_rules! planted {
    ($name:ident, $mistake:stmt) => {
        if $crate::planted::is($crate::planted::Mistake::$name) {
            $mistake
        }
    };
}

#[cfg(feature = "planted-bugs")]
pub(crate) use chosen::{Mistake, count, count_from_one, is};
#[cfg(feature = "planted-bugs")]
pub use chosen::{NAMES, plant};

#[cfg(feature = "planted-bugs")]
mod chosen {
    use std::cell::Cell;

    macro_rules! mistakes {
        ($($(#[$doc:meta])* $name:ident = $word:literal,)+) => {
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) enum Mistake { $($(#[$doc])* $name,)+ }

            /// Every mistake, by name.
            pub const NAMES: &[&str] = &[$($word,)+];

            fn named(name: &str) -> Option<Mistake> {
                match name {
                    $($word => Some(Mistake::$name),)+
                    _ => None,
                }
            }
        };
    }

    mistakes! {
        /// The reversal's template goes before the sale is recorded; whoever opens the till finds nothing to reverse.
        ReversalDeletedEarly = "reversal_deleted_before_the_sale_was_recorded",
        /// The request leaves, and only its answer makes the till write down that it did.
        ReversalSavedLate = "reversal_saved_after_the_send",
        /// Three tries without an answer are enough.
        ReversalDroppedAfterTries = "reversal_dropped_after_tries",
        /// Yesterday's debts are nobody's.
        ReversalDroppedAtMidnight = "reversal_dropped_at_midnight",
        /// Whatever the host says, it has said something.
        ReversalDroppedOnAnyReply = "reversal_dropped_on_any_reply",
        /// The connection broke, so nothing was sent.
        ReversalDeletedOnSendError = "reversal_deleted_on_a_send_error",
        /// A late yes is a yes.
        LateAnswerApproves = "late_answer_taken_for_an_approval",
        /// A code that has something of an approval in it approves.
        CodesBySubstring = "codes_matched_by_substring",
        /// No answer is a no.
        TimeoutIsDecline = "time_out_told_as_a_decline",
        /// The caller hears of it before the journal does.
        ToldBeforeRecorded = "approval_told_before_it_is_recorded",
        /// A till that opens has forgotten what it was about.
        DoubtForgotten = "doubt_forgotten_by_a_restart",
        /// After a restart the numbers begin anew.
        StanReused = "stan_reused_after_a_restart",
        /// A MAC is looked at and not minded.
        MacNotMinded = "mac_not_minded",
        /// A full disk is no reason not to send.
        DiskFullIgnored = "full_disk_ignored_before_a_send",
        /// A cancelled sale is told to its caller twice.
        ToldTwice = "result_told_twice",
        /// What is sent again looks like what was sent first.
        RepeatNotMarked = "retransmission_never_marked_as_repeat",
        /// A void that nobody answered has surely worked.
        VoidAssumed = "void_without_an_answer_told_as_voided",
        /// A refund that nobody answered is sent again as another one.
        RefundNewNumber = "refund_forwarded_with_a_new_number",
        /// A refund that nobody answered has surely worked.
        RefundAssumed = "refund_without_an_answer_told_as_paid",
        /// Whoever asks for a refund approves it.
        RefundSelfApproved = "refund_approved_by_its_requester",
        /// Each refund is looked at by itself.
        RefundSumUnchecked = "refund_sum_not_checked",
        /// What was taken back whole is given back once more.
        RefundOfVoided = "refund_of_a_voided_sale",
        /// A settlement that nobody answered has surely worked.
        SettlementAssumed = "batch_closed_without_the_hosts_word",
        /// The host answered the totals, so they are equal.
        UnbalancedClosed = "batch_closed_out_of_balance",
        /// Voids are no business of the totals.
        TotalsMiscounted = "totals_leave_voids_out",
        /// Whoever opens a frozen till has thawed it.
        FreezeLostByRestart = "freeze_lost_by_a_restart",
        /// What was frozen at the lock screen is nobody's business after the next sign-in.
        LockScreenFreezeForgotten = "freeze_at_the_lock_screen_forgotten",
        /// Whoever says to be two people is two people.
        ReleasedByOne = "released_by_one_person_twice",
        /// A freeze is the till's own affair.
        FreezeNotTold = "freeze_never_told_to_the_host",
        /// Who wants to go may go.
        LeftWithOpenMoney = "left_by_the_checklist_with_money_open",
        /// A refund that waits for a second person is nobody's when the till goes.
        DeregisteredWithRefundWaiting = "deregistered_with_a_refund_waiting",
        /// A frozen till may go like any other.
        DeregisteredFrozen = "deregistered_while_frozen",
        /// Whoever says to be two people is two people, also where it is for good.
        DeregisteredByOne = "deregistered_by_one_person_twice",
        /// What cannot be handed out any more is not handed out.
        ErasedUnexported = "erased_before_the_export_is_finished",
        /// The start that goes on with an erasure begins with the files.
        ErasureKeepsKeys = "erasure_goes_on_without_the_devices_keys",
        /// Everybody has to set another password, but for one.
        RenewalLeavesOne = "renewal_leaves_one_password",
        /// What the secrets were wrapped under before is left where it is.
        OldKeyKept = "device_key_kept_after_a_renewal",
        /// A network that is refused is a network.
        RefusedNetworkUsed = "refused_network_connected_over_anyway",
        /// A certificate is no key.
        CertificateOverRefused = "certificate_asked_for_where_keys_are_refused",
        /// A judgement is the till's own affair.
        NetworkNotRecorded = "judgement_of_a_network_not_recorded",
        /// Whatever calls itself the acquirer's word is that.
        StrangersWordTaken = "strangers_word_taken_for_the_acquirers",
        /// Frozen is what sells; what gives back is not.
        FrozenRefunds = "frozen_till_still_refunds",
        /// The answer to one request is taken for the answer to another.
        AnswerOfAnother = "answer_of_another_request_taken",
    }

    thread_local! { static COUNT: Cell<u32> = const { Cell::new(0) }; }
    thread_local! { static CHOSEN: Cell<Option<Mistake>> = const { Cell::new(None) }; }

    /// Makes this mistake from now on, on this thread; none for a name that there is not.
    pub fn plant(name: Option<&str>) {
        CHOSEN.set(name.and_then(named));
    }

    /// A number that begins anew with every run.
    pub(crate) fn count_from_one() {
        COUNT.set(0);
    }

    pub(crate) fn count() -> u32 {
        COUNT.set(COUNT.get() + 1);
        COUNT.get()
    }

    pub(crate) fn is(mistake: Mistake) -> bool {
        CHOSEN.get() == Some(mistake)
    }
}
