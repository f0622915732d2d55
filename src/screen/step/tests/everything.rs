//! One of every intent, event and effect: what is forgotten here is tried by no test of everything. Never a verdict.
//! Evidence: `screen/step/tests.rs`.

use super::*;

pub(super) fn all_intents() -> Vec<Intent> {
    let mut intents: Vec<Intent> = (0..=10).chain([255]).map(|digit| Intent::Digit { digit }).collect();
    intents.extend(
        [id("no-such"), attempt()]
            .into_iter()
            .flat_map(|attempt| [Intent::Open { attempt: attempt.clone() }, Intent::Receipt { attempt }]),
    );
    intents.extend(Language::ALL.map(|language| Intent::UseLanguage { language }));
    intents.extend([
        Intent::ToDecide { attempt: attempt() },
        Intent::ToDecideRefund { refund: refund().refund },
        Intent::DecideCharged,
        Intent::DecideNotCharged,
        Intent::DecidePaid,
        Intent::DecideNotPaid,
        Intent::DoubleZero,
        Intent::Backspace,
        Intent::Charge,
        Intent::Cancel,
        Intent::NewSale,
        Intent::TryAgain,
        Intent::History,
        Intent::OlderPage,
        Intent::NewerPage,
        Intent::Settings,
        Intent::Resolve,
        Intent::Verify,
        Intent::Back,
        Intent::Claim,
        Intent::SignIn,
        Intent::Unlock,
        Intent::Lock,
        Intent::SignOut,
        Intent::SwitchOperator,
        Intent::ToChangePassword,
        Intent::ChangePassword,
        Intent::ToRecover,
        Intent::Recover,
        Intent::Written,
        Intent::Operators,
        Intent::ToAddOperator,
        Intent::Provision,
        Intent::ToFreeze,
        Intent::Freeze,
        Intent::ToRelease,
        Intent::Release,
        Intent::ToLeave,
        Intent::Leave,
        Intent::Settle,
        Intent::ToForceLeave,
        Intent::ForceLeave,
        Intent::ToStatement,
        Intent::CheckStatement,
        Intent::ToDeregister,
        Intent::Deregister,
        Intent::ChoosePlace,
        Intent::SetUpAsNew,
        Intent::ToLoss,
        Intent::LossOf { days: 7 },
        Intent::LossOf { days: 9 },
        Intent::SendLoss,
        Intent::ToRenewPasswords,
        Intent::RenewPasswords,
        Intent::ToEvidence,
        Intent::EvidenceOf { attempt: attempt() },
        Intent::ToNetwork,
        Intent::ToMessage,
        Intent::ReadMessage,
        Intent::Foreground,
        Intent::Background,
        Intent::ReaderOff,
        Intent::ReaderReady,
    ]);
    intents.extend(Role::ALL.map(|role| Intent::AddOperator { role }));
    for name in ["alice", "bob", "nobody"].map(|name| OperatorName::new(name).unwrap()) {
        intents.extend([
            Intent::Operator { name: name.clone() },
            Intent::ToResetOperator { name: name.clone() },
            Intent::ResetOperator { name: name.clone() },
            Intent::RemoveOperator { name },
        ]);
    }
    intents
}

fn bob() -> OperatorName {
    OperatorName::new("bob").unwrap()
}

/// Who is at the till, of the first visit and of the next ones.
fn told_who(standing: TillStanding) -> [Event; 3] {
    [0, 1, 2].map(|visit| Event::Who { visit, who: who(standing, Role::Supervisor) })
}

/// One of every event, about the attempt of the pictures, about another, and about none.
pub(super) fn all_events() -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for name in [attempt().as_str(), "other"] {
        // `unknown` is what no view says.
        for state in Standing::ALL.into_iter().filter(|state| *state != Standing::Unknown) {
            events.extend([ended(name, state, None), told(name, state, None), notice(name, state)]);
        }
        events.extend([
            ended(name, Standing::NotSent, Some(Reason::Cancelled)),
            Event::Minted(id(name)),
            Event::Begun(id(name)),
        ]);
        let slip = |copy| Event::Slip { attempt: id(name), copy, slip: "slip\n".to_owned() };
        events.extend([slip(Copy::Customer), slip(Copy::Merchant)]);
        events.extend(effects(name).into_iter().map(|effect| failed(effect, ErrorCode::TillFailed)));
    }
    events.extend([Notice::FieldOn, Notice::FieldOff { hold_ms: 0 }].map(Event::Notice));
    events.extend(
        [Prompt::PresentCard, Prompt::SeePhone, Prompt::Authorising, Prompt::Approved, Prompt::Clear]
            .map(|p| Event::Notice(Notice::Show(p))),
    );
    let page = Page { attempts: vec![view(Standing::Approved, None)], next: None };
    let resolved =
        Resolved { closed: vec![of("other", Standing::Reversed, None)], left: Vec::new(), ..Resolved::default() };
    events.extend([
        Event::Presented,
        Event::ProvisioningGiven,
        Event::Provisioned,
        opened(Vec::new()),
        opened(vec![view(Standing::Approved, None), of("other", Standing::InDoubt, None)]),
        Event::Page { cursor: None, page: page.clone() },
        Event::Page { cursor: Some("older".to_owned()), page },
        Event::Resolved(resolved),
        Event::Verified { size: 1, root: "00".to_owned() },
        Event::PasswordChanged,
        Event::Operators(Vec::new()),
        Event::MustChange { operator: bob(), why: "expired" },
        Event::Settled,
        Event::Stuck(Box::new(Stuck::Payment(view(Standing::ReversalStuck, None)))),
        Event::Stuck(Box::new(Stuck::Refund(refund()))),
        Event::Decided(Box::new(Stuck::Payment(decided()))),
        Event::Decided(Box::new(Stuck::Refund(refund()))),
        Event::Statement(None),
        Event::PlaceGiven,
        Event::HandingOut { file: "payments.csv".to_owned() },
        Event::AllHandedOut,
        Event::FoundErased(None),
        Event::HandedOut,
        Event::Renewed { who: who(TillStanding::SignedIn, Role::Supervisor) },
        Event::Disclosed { files: 3 },
        Event::Frozen { who: frozen() },
        Event::Frozen { who: who(TillStanding::SignedIn, Role::Supervisor) },
        Event::Notice(Notice::Till { standing: "locked" }),
        Event::Notice(Notice::SessionEnding { left_ms: 60_000 }),
    ]);
    for standing in [TillStanding::Unclaimed, TillStanding::SignedIn, TillStanding::Locked, TillStanding::SignedOut] {
        events.push(Event::Opened { who: who(standing, Role::Supervisor) });
        events.extend(told_who(standing));
    }
    events
}

/// Alice at a frozen till.
pub(super) fn frozen() -> TillState {
    TillState { frozen: Some(FreezeView::found()), ..who(TillStanding::SignedIn, Role::Supervisor) }
}

pub(super) fn effects(name: &str) -> Vec<Effect> {
    let receipt = Effect::FetchReceipt { attempt: id(name), copy: Copy::Customer, language: Language::En };
    vec![
        Effect::Open,
        Effect::Provision,
        Effect::Mint,
        start(name),
        Effect::Cancel { attempt: id(name) },
        Effect::Taken { attempt: id(name) },
        Effect::FetchAttempt { attempt: id(name) },
        Effect::FetchPage { cursor: None },
        receipt,
        Effect::FetchStuckPayment { attempt: id(name) },
        Effect::FetchStuckRefund { refund: refund().refund },
        Effect::Decide { attempt: id(name), decision: Decision::Charged },
        Effect::DecideRefund { refund: refund().refund, decision: RefundDecision::Paid },
        Effect::Resolve,
        Effect::Verify,
        Effect::Enter,
        Effect::Lock { visit: 0 },
        Effect::SignOut { visit: 0 },
        Effect::FetchOperators,
        Effect::RemoveOperator { name: bob(), rotate: false },
        Effect::FetchChecklist,
        Effect::Leave,
        Effect::Settle,
        Effect::FetchStatement,
        Effect::CheckStatement,
        Effect::FetchLoss { days: None },
        Effect::RenewPasswords,
        Effect::PreviewEvidence { of: None },
        Effect::FetchNetwork,
    ]
}
