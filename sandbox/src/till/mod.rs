//! The desktop till: the `taptill` command.
//!
//! Each command is a file with one function that takes its arguments and gives a reply or a
//! failure; `output.rs` alone prints. The rules of selling are the core's: nothing here decides
//! about money. The same commands run once, or line by line in `shell`.
//!
//! Exit code: 0 the command did its work (a decline, or a sale left in doubt, is work done), 1 a typed error,
//! 2 a usage error. Evidence: `sandbox/tests/till_*.rs`, which run the binary.

mod args;
mod biometric;
mod bundle;
mod card;
mod cards;
mod claim;
mod context;
mod debts;
mod demo;
mod errand;
mod evidence;
mod failure;
mod faults;
mod host;
mod incident;
mod init;
mod leaving;
mod list;
mod network;
mod operator;
mod output;
mod password;
mod policy;
mod proof;
mod provoke;
mod receipt;
mod refund;
mod replay;
mod resolve;
mod sale;
mod screen;
mod session;
mod settle;
mod shell;
mod stand;
mod statement;
mod status;
mod verify;
mod view;
mod void;
mod words;

use std::ffi::OsString;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind as Refusal;

use args::{Arguments, Command, PasswordAction, Person, ReportAction};
use context::Till;
use failure::Failure;
use output::{Output, Reply};

/// Runs the command that `words` spell (the first is the program's own name) and gives its exit code.
#[must_use]
pub fn run(words: Vec<OsString>) -> ExitCode {
    let output = Output::new(args::asks_for_json(&words));
    let arguments = match Arguments::try_parse_from(words) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(output, &error),
    };
    let is_shell = matches!(arguments.command, Command::Shell);
    let mut till = Till::new(&arguments.global, is_shell);
    let result = match arguments.command {
        Command::Shell => shell::run(&mut till, output),
        Command::Host(host) if host.action.is_none() => host::serve(&till, &host, output),
        Command::Card(card) => card::serve(&card, output),
        Command::Stand => stand::serve(output),
        command => execute(&mut till, command, &arguments.global.person, output),
    };
    // The result first: it may be about money.
    let code = finish(output, result);
    till.leave();
    code
}

/// Every command that takes its time and gives one reply.
fn execute(till: &mut Till, command: Command, person: &Person, output: Output) -> Result<Reply, Failure> {
    match command {
        Command::Demo => demo::run(output),
        Command::Host(host) => host::ask(till, &host),
        Command::Init(init) => init::run(till, &init),
        Command::Claim { name } => claim::claim(till, name, person),
        Command::Recover(recover) => claim::recover(till, recover, person),
        Command::Operator { action } => operator::run(till, action, person),
        Command::SignIn { name, biometric: true } => session::sign_in_by_finger(till, name),
        Command::SignIn { name, biometric: false } => session::sign_in(till, name, person),
        Command::Lock => session::lock(till),
        Command::Unlock { biometric: true } => session::unlock_by_finger(till),
        Command::Unlock { biometric: false } => session::unlock(till, person),
        Command::SignOut => session::sign_out(till),
        Command::Freeze { reason } => incident::freeze(till, &reason),
        Command::Release(second) => incident::release(till, &second),
        Command::Report { action: ReportAction::Loss(loss) } => incident::report_loss(till, &loss),
        Command::Exit(exit) => leaving::exit(till, &exit),
        Command::Deregister(deregister) => leaving::deregister(till, &deregister),
        Command::Who => session::who(till),
        Command::Password { action: PasswordAction::Change } => session::change_password(till, person),
        Command::Password { action: PasswordAction::Renew } => incident::renew_passwords(till),
        Command::Biometric { action } => biometric::run(till, action, person),
        Command::RecoveryCode => claim::recovery_code(till, person),
        Command::Policy { action } => policy::run(till, action),
        Command::RotateKeys => policy::rotate_keys(till),
        Command::Sale(sale) => sale::run(till, &sale),
        Command::Refund { action } => refund::run(till, action),
        Command::Void(void) => void::run(till, void),
        Command::Debts => debts::list(till),
        Command::Decide(decide) => debts::decide(till, decide),
        Command::HostTest => errand::test_host(till),
        Command::Parameters => errand::parameters(till),
        Command::Network { action } => network::run(till, action),
        Command::Status { attempt } => status::run(till, attempt),
        Command::List(list) => list::run(till, &list),
        Command::Receipt(receipt) => receipt::run(till, receipt),
        Command::Settle => settle::run(till),
        Command::Batch(batch) => settle::batch(till, &batch),
        Command::Resolve => resolve::run(till),
        Command::Statement { action } => statement::run(till, &action),
        Command::Verify(arguments) => verify::run(till, &arguments),
        Command::Evidence(arguments) => evidence::run(till, &arguments),
        Command::AcceptRollBack => proof::accept_roll_back(till),
        Command::Provoke { code, all } => provoke::run(code.as_deref(), all),
        Command::Checkpoint => proof::checkpoint(till),
        Command::Prove(prove) => proof::prove(till, prove),
        Command::Consistency { old_size } => proof::consistency(till, old_size),
        Command::PublicKey => proof::public_key(till),
        Command::Cards => cards::run(),
        Command::Replay(replay) => replay::run(&replay),
        Command::Card(_) | Command::Stand => {
            Err(Failure::Usage("cards and stands on sockets run in a process of their own, not in a shell".to_owned()))
        }
        Command::Shell => Err(Failure::Usage("a shell is open already".to_owned())),
    }
}

fn finish(output: Output, result: Result<Reply, Failure>) -> ExitCode {
    let (code, printed) = match &result {
        Ok(reply) => (u8::from(!reply.ok), output.reply(reply)),
        Err(failure) => (failure.exit_code(), output.failure(failure)),
    };
    match printed {
        Ok(()) => ExitCode::from(code),
        // Whoever listened has heard enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::from(code),
        Err(error) => {
            // The result is in the journal; only its telling failed.
            let _ = writeln!(std::io::stderr(), "the result could not be printed: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What clap says: help and version are answers, everything else is a usage error.
fn refuse(output: Output, error: &clap::Error) -> ExitCode {
    let is_answer = matches!(error.kind(), Refusal::DisplayHelp | Refusal::DisplayVersion);
    if is_answer || !output.is_json() {
        // clap chooses the stream, colours for a terminal, and the exit code: 0 or 2.
        let _ = error.print();
        return ExitCode::from(if is_answer { 0 } else { 2 });
    }
    finish(output, Err(Failure::Usage(error.render().to_string())))
}
