//! Each screen that there is, once, for pictures and for checks of shells: the words are those of a shop.
//!
//! The payments are made up; no key, card or host stands behind them. Evidence: `tests/screens.rs`.

mod bad_days;
mod goodbyes;
pub(super) mod stuck;

use std::collections::VecDeque;

use crate::account::password::BrokenRule;
use crate::clock::WallMs;
use crate::error::{Error, ErrorCode};
use crate::hex;
use crate::ids::{
    AttemptId, AuthCode, BatchNo, HostCode, MerchantId, OperatorName, OrderNo, Role, Rrn, Stan, TerminalId,
};
use crate::incident::freeze::{FreezeReason, FreezeView, FrozenFrom};
use crate::money::{Amount, Currency};
use crate::payment::state::State as Paid;
use crate::payment::{
    AttemptView, Decision, JournalPlace, Kind, Page, Reason, ReceiptCounts, ReversalReason, ReversalView,
};
use crate::ports::Prompt;
use crate::receipt::{self, Columns, Copy, JournalMark, Layout, Merchant, Payment, ReceiptData, Zone};
use crate::screen::effect::Effect;
use crate::screen::shown::Screen;
use crate::screen::state::{Cancel, Form, Hint, History, Place, Said, Sale, Stage, State, Till, Trouble};
use crate::screen::{Keypad, draw};
use crate::text::Language;
use crate::till::{Biometric, OperatorView, Standing, TillState};

/// Each screen, under a name for its picture's file.
#[must_use]
pub fn gallery(language: Language) -> Vec<(&'static str, Screen)> {
    let drawn = pictures(language).into_iter().map(|(name, state)| (name, draw(&State { language, ..state })));
    drawn.collect()
}

/// The states behind the pictures.
pub(super) fn pictures(language: Language) -> Pictures {
    let mut pictures = till_pictures();
    pictures.extend(sale_pictures());
    pictures.extend(outcome_pictures());
    pictures.extend(past_pictures(language));
    pictures.extend(trouble_pictures());
    pictures.extend(people_pictures());
    pictures.extend(goodbyes::pictures());
    pictures.extend(stuck::pictures());
    pictures.extend(bad_days::pictures());
    pictures
}

type Pictures = Vec<(&'static str, State)>;

fn till_pictures() -> Pictures {
    let typed = |keys: &[u8]| keys.iter().fold(Keypad::default(), |pad, key| pad.digit(*key, u64::MAX).unwrap_or(pad));
    let debts =
        vec![view(Paid::ReversalDue, Some(Reason::NoAnswer)), view(Paid::ReversalStuck, Some(Reason::ReversalRefused))];
    let news = VecDeque::from([view(Paid::Reversed, Some(Reason::NoAnswer))]);
    let over = Some(Hint::Refused(ErrorCode::AmountOverLimit));
    vec![
        ("first-start", State { who: None, till: None, ..at(Place::FirstStart) }),
        ("amount-pad-empty", at(Place::Pad)),
        ("amount-pad-typed", State { typed: typed(&[1, 2, 3, 0]), ..at(Place::Pad) }),
        ("amount-pad-over-limit", State { typed: typed(&[4, 9, 9, 9, 9, 9]), hint: over, ..at(Place::Pad) }),
        ("amount-pad-cancelled", State { typed: typed(&[1, 2, 3, 0]), hint: Some(Hint::Cancelled), ..at(Place::Pad) }),
        ("amount-pad-reader-off", State { is_reader_off: true, ..at(Place::Pad) }),
        ("amount-pad-largest", State { typed: typed(&[9; 12]), ..at(Place::Pad) }),
        ("amount-pad-news", State { typed: typed(&[5]), news, ..at(Place::Pad) }),
        ("amount-pad-unfinished", State { debts: debts.clone(), ..at(Place::Pad) }),
        (
            "amount-pad-greeting",
            State { hint: Some(Hint::Greeting { days_left: Some(9), failed_before: 2 }), ..at(Place::Pad) },
        ),
        ("amount-pad-locks-soon", State { ends_soon: true, ..at(Place::Pad) }),
        ("settings-cashier", State { who: Some(who(Standing::SignedIn, Role::Cashier)), ..at(Place::Settings(None)) }),
        ("settings-service", State { who: Some(who(Standing::SignedIn, Role::Service)), ..at(Place::Settings(None)) }),
        ("settings-password-changed", at(Place::Settings(Some(Said::PasswordChanged)))),
        ("settings", at(Place::Settings(None))),
        (
            "settings-biometric",
            State { who: Some(biometric(Biometric::Possible)), ..at(Place::Settings(Some(Said::BiometricForgotten))) },
        ),
        (
            "settings-enrolled",
            State { who: Some(biometric(Biometric::Ready)), ..at(Place::Settings(Some(Said::BiometricEnrolled))) },
        ),
        ("settings-rolled-back", State { who: Some(rolled_back()), ..at(Place::Settings(None)) }),
        ("amount-pad-rolled-back", State { who: Some(rolled_back()), ..at(Place::Pad) }),
        ("settings-long-name", State { till: Some(long_till()), ..at(Place::Settings(None)) }),
        ("settings-verified", at(Place::Settings(Some(Said::Verified { size: 1_204, root: ROOT.to_owned() })))),
        ("settings-resolved", State { debts, ..at(Place::Settings(Some(Said::Resolved { closed: 1, left: 2 }))) }),
    ]
}

fn sale_pictures() -> Pictures {
    let sale = |stage, cancel| {
        let field_on = !matches!(stage, Stage::Starting | Stage::Prompt(Prompt::Authorising));
        let sale = Sale { attempt: Some(attempt()), amount: amount(), stage, has_begun: true, cancel };
        State { field_on, ..at(Place::Sale(sale)) }
    };
    vec![
        ("starting", sale(Stage::Starting, Cancel::No)),
        ("present-card", sale(Stage::Prompt(Prompt::PresentCard), Cancel::No)),
        (
            "present-card-reader-off",
            State { is_reader_off: true, ..sale(Stage::Prompt(Prompt::PresentCard), Cancel::No) },
        ),
        ("present-one-card", sale(Stage::Prompt(Prompt::PresentOneCardOnly), Cancel::No)),
        ("see-phone", sale(Stage::Prompt(Prompt::SeePhone), Cancel::No)),
        ("reading", sale(Stage::Reading, Cancel::No)),
        ("authorising", sale(Stage::Prompt(Prompt::Authorising), Cancel::TooLate)),
        ("too-late-to-cancel", sale(Stage::Prompt(Prompt::Authorising), Cancel::Refused)),
        frozen(("authorising-frozen", sale(Stage::Prompt(Prompt::Authorising), Cancel::TooLate))),
    ]
}

fn outcome_pictures() -> Pictures {
    let outcome = |state, reason| at(Place::Outcome(Box::new(view(state, reason))));
    let signed = AttemptView { cvm: Some("signature".to_owned()), ..view(Paid::Approved, None) };
    vec![
        ("approved", outcome(Paid::Approved, None)),
        ("approved-signature", at(Place::Outcome(Box::new(signed)))),
        ("declined", outcome(Paid::Declined, Some(Reason::Host))),
        ("declined-by-card", outcome(Paid::Declined, Some(Reason::Card))),
        ("taken-back", outcome(Paid::Reversed, Some(Reason::NoAnswer))),
        ("not-known-yet", outcome(Paid::InDoubt, Some(Reason::NoAnswer))),
        ("reversal-stuck", outcome(Paid::ReversalStuck, Some(Reason::ReversalRefused))),
        ("try-another-way", outcome(Paid::NotSent, Some(Reason::TryAnotherInterface))),
        ("card-lost", outcome(Paid::NotSent, Some(Reason::CardLost))),
        ("pin-required", outcome(Paid::NotSent, Some(Reason::OnlinePinRequired))),
        ("interrupted", outcome(Paid::NotSent, Some(Reason::Interrupted))),
        frozen(("approved-frozen", outcome(Paid::Approved, None))),
        frozen(("not-sent-frozen", outcome(Paid::NotSent, Some(Reason::TillFrozen)))),
    ]
}

fn past_pictures(language: Language) -> Pictures {
    let attempts = [
        view(Paid::Approved, None),
        view(Paid::Declined, Some(Reason::Host)),
        view(Paid::Reversed, Some(Reason::NoAnswer)),
        view(Paid::ReversalDue, Some(Reason::NoAnswer)),
        view(Paid::NotSent, Some(Reason::CardLost)),
    ];
    let attempts = attempts.iter().cycle().take(10).cloned().collect();
    let page = Page { attempts, next: Some("older".to_owned()) };
    let history = |page, trail| at(Place::History(History { page, trail }));
    let one = |state, reason| at(Place::Transaction(Box::new(view(state, reason))));
    let slip = Place::Receipt { attempt: attempt(), copy: Copy::Customer, slip: slip(language) };
    vec![
        ("history-empty", history(Page { attempts: Vec::new(), next: None }, vec![None])),
        ("history", history(page, vec![None, Some("here".to_owned())])),
        ("transaction-approved", one(Paid::Approved, None)),
        ("transaction-stuck", one(Paid::ReversalStuck, Some(Reason::ReversalRefused))),
        ("transaction-decided", at(Place::Transaction(Box::new(decided())))),
        ("transaction-not-known-yet", one(Paid::ReversalDue, Some(Reason::NoAnswer))),
        ("receipt", at(slip)),
    ]
}

/// A payment of which a supervisor has said how it ended.
pub(super) fn decided() -> AttemptView {
    AttemptView { decision: Some(Decision::NotCharged), ..view(Paid::ReversalStuck, Some(Reason::ReversalRefused)) }
}

/// The slip of the approved payment.
fn slip(language: Language) -> String {
    let view = view(Paid::Approved, None);
    let till = till();
    let merchant = Merchant {
        name: till.merchant,
        address: vec!["1 River Street".to_owned()],
        merchant_id: till.merchant_id,
        terminal_id: till.terminal_id,
        zone: Zone::named(&till.time_zone).expect(RULE),
    };
    let payment = Payment {
        attempt: view.attempt,
        order: view.order,
        amount: view.amount,
        at: view.created_ms,
        card_masked: view.card_masked,
        card_label: view.label,
        aid: view.aid.as_deref().and_then(hex::decode),
        tvr: None,
        cryptogram: None,
        auth_code: view.auth_code,
        rrn: view.rrn,
        stan: view.stan,
        batch: view.batch,
        host_code: view.host_code,
        signature: false,
    };
    let journal = JournalMark { sequence: view.journal.sequence, root: [0x9b; 32] };
    let data = ReceiptData { merchant, payment, void_of: None, standing: receipt::Standing::Approved, journal };
    receipt::print(&data, Layout { columns: Columns::C32, language, copy: Copy::Customer, reprint: false })
}

/// One error of each thing to do.
fn trouble_pictures() -> Pictures {
    let sale = Effect::StartSale { attempt: attempt(), amount: amount() };
    let trouble = |error: Error, failed| at(Place::Trouble(Box::new(Trouble { error, failed })));
    let file =
        Error::from(ErrorCode::ConfigurationInvalid).word("part", "host.ca_pem").word("rule", "certificates in PEM");
    let of_sale = |code: ErrorCode| trouble(Error::from(code).of_attempt(&attempt()), sale.clone());
    vec![
        ("trouble-storage", of_sale(ErrorCode::SyncFailed)),
        ("trouble-long", of_sale(ErrorCode::HostCertificateUntrusted)),
        ("trouble-try-again", of_sale(ErrorCode::HostUnreachable)),
        ("trouble-do-first", of_sale(ErrorCode::DeviceClockWrong)),
        ("trouble-wait", of_sale(ErrorCode::ReversalPending)),
        ("trouble-call", of_sale(ErrorCode::ClientCertificateRefused)),
        ("trouble-amount", of_sale(ErrorCode::AmountOverLimit)),
        ("trouble-till-failed", of_sale(ErrorCode::TillFailed)),
        ("trouble-open", State { who: None, till: None, ..trouble(ErrorCode::JournalDamaged.into(), Effect::Open) }),
        ("trouble-file", State { who: None, till: None, ..trouble(file, Effect::Provision) }),
    ]
}

/// Those on which people come, go and are looked after.
fn people_pictures() -> Pictures {
    let blank = Form::default;
    let refused = |error: Error| Form { refused: Some(error) };
    let locked_out = Error::from(ErrorCode::OperatorLockedOut).number("retry_after_ms", 1_770_000);
    let too_short = BrokenRule::TooShort { min: 12 }.into();
    let wrong = Error::from(ErrorCode::SignInRefused).number("tries_left", 8);
    let name = || OperatorName::new("bob").expect(RULE);
    let must = |why| Place::MustChange { operator: name(), why, form: blank() };
    let inside = |word, place| (word, at(place));
    let before = |word, standing, place| {
        let who = Some(TillState { waiting: Some(2), ..who(standing, Role::Supervisor) });
        (word, State { who, till: None, ..at(place) })
    };
    let unread = TillState { waiting: None, ..who(Standing::Locked, Role::Supervisor) };
    let with = |(word, state): (&'static str, State), biometric| {
        let who = state.who.clone().map(|who| TillState { biometric, ..who });
        (word, State { who, ..state })
    };
    let too_old = || Form { refused: Some(Error::from(ErrorCode::BiometricRefused).word("why", "too_old")) };
    let at_work = |(word, state): (&'static str, State), effect| (word, State { wanted: Some(effect), ..state });
    vec![
        before("claim", Standing::Unclaimed, Place::Claim(blank())),
        before("claim-too-short", Standing::Unclaimed, Place::Claim(refused(too_short))),
        before("sign-in", Standing::SignedOut, Place::SignIn(blank())),
        before("sign-in-refused", Standing::SignedOut, Place::SignIn(refused(wrong))),
        before("sign-in-locked-out", Standing::SignedOut, Place::SignIn(refused(locked_out))),
        at_work(before("sign-in-at-work", Standing::SignedOut, Place::SignIn(blank())), Effect::SignIn),
        before("switch", Standing::Locked, Place::SignIn(blank())),
        before("locked", Standing::Locked, Place::Locked(blank())),
        ("locked-unread", State { who: Some(unread), till: None, ..at(Place::Locked(blank())) }),
        before("must-change-temporary", Standing::SignedOut, must("temporary")),
        before("must-change-expired", Standing::SignedOut, must("expired")),
        inside("change-password", Place::ChangePassword(blank())),
        inside("change-password-used", Place::ChangePassword(refused(BrokenRule::UsedBefore { last: 4 }.into()))),
        before("recover", Standing::SignedOut, Place::Recover(blank())),
        before("recover-refused", Standing::SignedOut, Place::Recover(refused(ErrorCode::RecoveryRefused.into()))),
        inside("recovery-code", Place::RecoveryCode),
        inside("operators", Place::Operators(operators())),
        inside("operator", Place::Operator(operators().remove(1))),
        inside("add-operator", Place::AddOperator(blank())),
        inside("add-operator-exists", Place::AddOperator(refused(ErrorCode::OperatorExists.into()))),
        with(before("sign-in-biometric", Standing::SignedOut, Place::SignIn(blank())), Biometric::Ready),
        with(before("locked-biometric", Standing::Locked, Place::Locked(blank())), Biometric::Ready),
        with(before("locked-biometric-refused", Standing::Locked, Place::Locked(too_old())), Biometric::Possible),
        at_work(
            with(before("locked-looks", Standing::Locked, Place::Locked(blank())), Biometric::Ready),
            Effect::UnlockByBiometric,
        ),
        inside("enrol-biometric", Place::EnrolBiometric(blank())),
        inside("new-recovery-code", Place::NewRecoveryCode(blank())),
        before("freeze", Standing::Locked, Place::Freeze),
        before("freeze-by-name", Standing::Locked, Place::FreezeByName(blank())),
        inside("release", Place::Release(blank())),
        inside("release-refused", Place::Release(refused(ErrorCode::ReleaseNeedsAnother.into()))),
        frozen(before("locked-frozen", Standing::Locked, Place::Locked(blank()))),
        frozen(inside("frozen", Place::Pad)),
        frozen_by_host(inside("frozen-by-host", Place::Pad)),
        frozen(("frozen-cashier", State { who: Some(who(Standing::SignedIn, Role::Cashier)), ..at(Place::Pad) })),
        frozen(inside("settings-frozen", Place::Settings(None))),
        inside("reset-operator", Place::ResetOperator { name: name(), form: blank() }),
    ]
}

/// The same on a till that somebody has frozen.
fn frozen(picture: (&'static str, State)) -> (&'static str, State) {
    let by = OperatorName::new("bob").ok();
    let reason = FreezeReason::of("the phone with the terminal was left in a taxi");
    frozen_as(picture, FreezeView { by, reason, from: FrozenFrom::Till, since_ms: Some(WallMs(1_795_356_333_000)) })
}

/// The same on a till that the acquirer has frozen.
fn frozen_by_host(picture: (&'static str, State)) -> (&'static str, State) {
    frozen_as(picture, FreezeView { from: FrozenFrom::Host, ..FreezeView::found() })
}

fn frozen_as((word, state): (&'static str, State), view: FreezeView) -> (&'static str, State) {
    let who = state.who.clone().map(|who| TillState { frozen: Some(view), ..who });
    (word, State { who, ..state })
}

fn operators() -> Vec<OperatorView> {
    let one = |name: &str, role, is_temporary, is_locked_out| OperatorView {
        name: OperatorName::new(name).expect(RULE),
        role,
        is_temporary,
        is_locked_out,
        is_damaged: false,
    };
    vec![
        one("alice", Role::Supervisor, false, false),
        one("bob", Role::Cashier, true, false),
        one("carol", Role::Cashier, false, true),
        one("field-service", Role::Service, false, false),
    ]
}

/// Alice, as far as somebody is there at all.
pub(super) fn who(standing: Standing, role: Role) -> TillState {
    let is_there = matches!(standing, Standing::SignedIn | Standing::Locked);
    TillState {
        standing,
        operator: OperatorName::new("alice").ok().filter(|_| is_there),
        role: Some(role).filter(|_| is_there),
        waiting: Some(0),
        locks_in_ms: Some(900_000).filter(|_| standing == Standing::SignedIn),
        settlement_missed: None,
        biometric: Biometric::Absent,
        is_rolled_back: false,
        frozen: None,
        network: None,
    }
}

fn biometric(biometric: Biometric) -> TillState {
    TillState { biometric, ..who(Standing::SignedIn, Role::Supervisor) }
}

fn rolled_back() -> TillState {
    TillState { is_rolled_back: true, ..who(Standing::SignedIn, Role::Supervisor) }
}

/// A till in order, with a supervisor at this place.
pub(super) fn at(place: Place) -> State {
    State {
        who: Some(who(Standing::SignedIn, Role::Supervisor)),
        till: Some(till()),
        place,
        news: VecDeque::new(),
        wanted: None,
        ..State::new(Language::En)
    }
}

pub(super) fn till() -> Till {
    Till {
        merchant: "Corner Coffee".to_owned(),
        terminal_id: TerminalId::new("TT000001").expect(RULE),
        merchant_id: MerchantId::new("898110000000001").expect(RULE),
        host: "host.example:8583".to_owned(),
        currency: Currency::CNY,
        sale_max_minor: 500_000,
        time_zone: "Asia/Shanghai".to_owned(),
    }
}

/// The longest names that a configuration may have.
fn long_till() -> Till {
    let merchant = "Corner Coffee and Bakery of the Old Town by the River Bridge 12a".to_owned();
    Till { merchant, host: "authorisation.acquirer.payments.example:48583".to_owned(), ..till() }
}

pub(super) fn attempt() -> AttemptId {
    AttemptId::new("tt-0f1e2d3c4b5a6978").expect(RULE)
}

pub(super) fn amount() -> Amount {
    Amount::from_minor(1_230, Currency::CNY).expect(RULE)
}

/// A payment that has come as far as its state says.
pub(super) fn view(state: Paid, reason: Option<Reason>) -> AttemptView {
    let was_read = state != Paid::NotSent;
    let was_answered = matches!(state, Paid::Approved) || reason == Some(Reason::Host);
    let read = |text: &str| was_read.then(|| text.to_owned());
    let is_owed = matches!(state, Paid::ReversalDue | Paid::ReversalStuck | Paid::Reversed);
    AttemptView {
        attempt: attempt(),
        kind: Kind::Sale,
        of: None,
        void: None,
        order: OrderNo::new("1042").ok(),
        state,
        reason,
        amount: amount(),
        refunded_minor: 0,
        refunds: Vec::new(),
        delivered: false,
        settled: false,
        created_ms: WallMs(1_795_357_800_000),
        card_masked: was_read.then(|| "476173******0119".to_owned().try_into().expect(RULE)),
        aid: read("A0000000031010"),
        label: read("VISA CREDIT"),
        kernel: was_read.then_some(3),
        tvr: read("0000000000"),
        cryptogram: read("A1B2C3D4E5F60718"),
        cryptogram_kind: read(if reason == Some(Reason::Card) { "AAC" } else { "ARQC" }),
        cvm: read("none"),
        stan: Stan::new(42).ok().filter(|_| was_read),
        batch: BatchNo::new(7).ok().filter(|_| was_read),
        auth_code: AuthCode::new("A1B2C3").ok().filter(|_| state == Paid::Approved),
        rrn: Rrn::new("632612345678").ok().filter(|_| was_answered),
        host_code: HostCode::new(if state == Paid::Approved { "00" } else { "51" }).ok().filter(|_| was_answered),
        host_time: was_answered.then(|| "1122163000".to_owned()),
        reversal: is_owed.then_some(ReversalView { reason: ReversalReason::NoAnswer, sends: 2, host_code: None }),
        decision: None,
        receipts: ReceiptCounts::default(),
        journal: JournalPlace { sequence: 118, root: ROOT.to_owned() },
    }
}

const RULE: &str = "a picture keeps the rules of its fields";
const ROOT: &str = "9b1f0c5d3a7e2468ace013579bdf02468ace13579bdf02468ace013579bdf024";
