//! The pictures of leaving, for today and for good. Never a real day: all of it is made up.
//!
//! Evidence: `tests/screens.rs`.

use crate::clock::WallMs;
use crate::error::{Blocker, ErrorCode};
use crate::ids::Role;
use crate::screen::effect::Effect;
use crate::screen::gallery::{Pictures, ROOT, at, who};
use crate::screen::state::{Form, Going, Gone, Goodbye, Leaving, Place, State};
use crate::settlement::statement::{Counts, Day, Source, StatementSummary};
use crate::till::{Advice, Erased, ExitItem, ExitStep, ExitView, Standing, StepState};

pub(super) fn pictures() -> Pictures {
    let mut pictures = leaving();
    pictures.extend(deregistering());
    pictures
}

fn leaving() -> Pictures {
    let list = |view| at(Place::Leaving(Leaving::List(Box::new(view))));
    let statement = |summary: Option<StatementSummary>| at(Place::Leaving(Leaving::Statement(summary.map(Box::new))));
    let left = |view| State {
        who: Some(who(Standing::SignedOut, Role::Supervisor)),
        till: None,
        ..at(Place::Leaving(Leaving::Left(Box::new(view))))
    };
    let counts = Counts { missing: 2, amount: 1, fee: 4, ..Counts::default() };
    let refused = Form { refused: Some(ErrorCode::ReasonMissing.into()) };
    let cashier = Some(who(Standing::SignedIn, Role::Cashier));
    vec![
        ("leave", list(checklist(&[]))),
        ("leave-blocked", list(checklist(&MANY))),
        ("leave-blocked-cashier", State { who: cashier, ..list(checklist(&MANY)) }),
        ("leave-under-way", list(checklist(&[("transactions", "payment_in_progress", "wait")]))),
        ("leave-at-work", State { wanted: Some(Effect::Settle), ..list(checklist(&MANY)) }),
        ("force-leave", at(Place::ForceLeave(Form::default()))),
        ("force-leave-refused", at(Place::ForceLeave(refused))),
        ("left", left(ExitView { checkpoint: Some(format!("origin\n1204\n{ROOT}\n\n")), ..over(checklist(&[])) })),
        ("left-all-the-same", left(over(waived(checklist(&MANY))))),
        ("statement-none", statement(None)),
        ("statement", statement(Some(summary(Counts::default())))),
        ("statement-differs", statement(Some(summary(counts)))),
        ("statement-at-work", State { wanted: Some(Effect::CheckStatement), ..statement(None) }),
    ]
}

fn deregistering() -> Pictures {
    let place = |goodbye| at(Place::Goodbye(Box::new(goodbye)));
    let asking = |going| place(Goodbye::Asking(going));
    let refused = |code: ErrorCode| Going { form: Form { refused: Some(code.into()) }, ..Going::default() };
    let doing = |has_place, at, file: Option<&str>| {
        let going = Going { has_place, at, file: file.map(str::to_owned), ..Going::default() };
        State { wanted: Some(Effect::Deregister), ..asking(going) }
    };
    let blocked = |blockers: &[(&str, &'static str, &'static str)]| {
        let blockers = blockers.iter().map(|(_, why, remedy)| Blocker::new(why, "A-1").remedied_by(remedy));
        place(Goodbye::Blocked(blockers.collect()))
    };
    let erased = |certificate: Option<&str>| Erased {
        certificate: certificate.map(str::to_owned),
        exported_sha256: Some(ROOT.to_owned()),
        is_acknowledged: true,
    };
    let gone = |goodbye| State { who: None, till: None, ..place(goodbye) };
    vec![
        ("deregister", asking(Going::default())),
        ("deregister-place", asking(Going { has_place: true, ..Going::default() })),
        ("deregister-second", asking(refused(ErrorCode::SecondPersonNeeded))),
        ("deregister-export", asking(refused(ErrorCode::ExportFailed))),
        ("deregister-blocked", blocked(&MANY)),
        ("erasing-told", doing(true, Gone::Told, None)),
        ("erasing-handed-out", doing(true, Gone::HandedOut, Some("payments.csv"))),
        ("erasing", doing(false, Gone::Erased, None)),
        ("erased", gone(Goodbye::Erased(Box::new(erased(Some(CERTIFICATE)))))),
        ("erased-no-certificate", gone(Goodbye::Erased(Box::new(erased(None))))),
        ("erased-found", gone(Goodbye::Found(Some(CERTIFICATE.to_owned())))),
    ]
}

/// What can be in the way: of which step, what, and what is done about it.
const MANY: [(&str, &str, &str); 8] = [
    ("transactions", "in_doubt", "resolve"),
    ("transactions", "reversal_stuck", "decide"),
    ("transactions", "refund_stuck", "decide_refund"),
    ("transactions", "refund_waiting", "approve_or_reject"),
    ("settled", "batch_not_settled", "settle"),
    ("statement", "statement_not_looked_at", "check_statement"),
    ("passwords", "password_due", "change_password"),
    ("", "host_balance", "ask_acquirer"),
];

/// The checklist with these in the way.
fn checklist(blockers: &[(&str, &'static str, &'static str)]) -> ExitView {
    let items = ExitStep::ALL.into_iter().map(|step| {
        let of_step = blockers.iter().filter(|(of, _, _)| *of == step.word());
        let blockers: Vec<Blocker> =
            of_step.map(|(_, why, remedy)| Blocker::new(why, "A-1").remedied_by(remedy)).collect();
        let state = match blockers.is_empty() {
            true if step.is_the_tills() => StepState::Ahead,
            true => StepState::Done,
            false => StepState::Blocked,
        };
        let advice = Advice { code: "password_due_soon", remedy: "change_password", days_left: 9 };
        let advice = (step == ExitStep::Passwords && blockers.is_empty()).then_some(advice);
        ExitItem { step, state, blockers, advice }
    });
    ExitView { items: items.collect(), is_left: false, checkpoint: None }
}

/// The same, left all the same.
fn waived(mut view: ExitView) -> ExitView {
    for item in view.items.iter_mut().filter(|item| item.state == StepState::Blocked) {
        let reason = "the network of the whole street is down since six".to_owned();
        item.state = StepState::Waived { by: "alice".to_owned(), reason };
    }
    view
}

/// The same, once the till was left.
fn over(mut view: ExitView) -> ExitView {
    for item in view.items.iter_mut().filter(|item| item.state == StepState::Ahead) {
        item.state = StepState::Done;
    }
    ExitView { is_left: true, ..view }
}

fn summary(differences: Counts) -> StatementSummary {
    StatementSummary {
        source: Source::Host,
        from: Day::new(2026, 11, 16),
        to: Day::new(2026, 11, 22),
        lines: 412,
        passed_over: 3,
        differences,
        sha256: ROOT.to_owned(),
        sequence: 1_190,
        at_ms: WallMs(1_795_356_333_000),
        operator: Some("alice".to_owned()),
    }
}

const CERTIFICATE: &str = "taptill certificate of erasure 1
terminal TT000001
merchant 898110000000001
journal example.org/taptill/TT000001
size 1204
root mx8MXTp+JGisoBNXm98CRorOE1eb3wJGis4TV5vfAkY=
begun 2026-11-22T21:05:33Z
done 2026-11-22T21:05:34Z
exported: sha256sums.txt with SHA-256 9b1f0c5d3a7e2468
destroyed: 9 keys of the device, which nothing can make again
destroyed: 4 ways into the till
destroyed: the files of its records, which were sealed under those keys
not promised: that nobody copied the files before; a copy cannot be opened without those keys
not promised: that a disk forgets what was deleted, or that a key store that lies destroys a key
not promised: anything of what was printed, sent or exported before
";
