//! A till with the people at it: who is signed in, what they may do, and what there is only meanwhile.
//!
//! Evidence: `tests/terminal_sale.rs`.

mod exchange;

use std::sync::Arc;

pub use exchange::{
    Ask, Input, NetworkCommand, NewOperator, OperatorView, Output, ProofOf, RecoveryCode, Reply, SessionView, Standing,
    TillState, Work,
};

use crate::account::{Configuration, SecretText};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::payment::{self, Engine};
use crate::session::Permit;

/// One till.
pub struct Till {
    engine: Engine,
    configuration: Arc<Configuration>,
    client_key_pem: Option<SecretText>,
}

impl Till {
    /// The till of these payments.
    #[must_use]
    pub fn new(engine: Engine, client_key_pem: SecretText) -> Self {
        Self { configuration: Arc::new(engine.configuration().clone()), engine, client_key_pem: Some(client_key_pem) }
    }

    /// Takes one input and says what to do about it.
    #[must_use]
    pub fn handle(&mut self, input: Input<'_>, now: Now) -> Vec<Output> {
        let arm = self.client_key_pem.take().map(|client_key_pem| {
            Output::Network(NetworkCommand::Arm { configuration: Arc::clone(&self.configuration), client_key_pem })
        });
        arm.into_iter().chain(self.take(input, now)).collect()
    }

    /// Ends the run, as the engine does.
    #[must_use]
    pub fn farewell(&mut self) -> Vec<Output> {
        let outputs = self.engine.farewell();
        outputs.into_iter().map(|output| self.pass_on(output)).collect()
    }

    /// Closes the journal.
    ///
    /// # Errors
    /// Those of the journal.
    pub fn close(self) -> Result<(), Error> {
        self.engine.close()
    }

    fn take(&mut self, input: Input<'_>, now: Now) -> Vec<Output> {
        use payment::Input as P;
        let input = match input {
            Input::Ask { ticket, ask } => match ask {
                Ask::Sale(order) => P::StartSale { ticket, order, permit: Permit::unclaimed() },
                Ask::Cancel(attempt) => P::Cancel { ticket, attempt },
                Ask::Status(attempt) => P::Status { ticket, attempt },
                Ask::List(query) => P::List { ticket, query },
                Ask::Resolve => P::Resolve { ticket, permit: Permit::unclaimed() },
                Ask::PrintReceipt(attempt, copy) => P::PrintReceipt { ticket, attempt, copy },
                Ask::Events { after, limit } => P::Events { ticket, after, limit },
                Ask::Acknowledge { cursor } => P::Acknowledge { ticket, cursor },
                Ask::Verify => P::Verify { ticket },
                Ask::Configuration => {
                    let result = Ok(Reply::Configuration(Arc::clone(&self.configuration)));
                    return vec![Output::Tell { ticket, result }];
                }
                Ask::State => {
                    let state = TillState {
                        standing: Standing::Unclaimed,
                        operator: None,
                        role: None,
                        waiting: None,
                        locks_in_ms: None,
                    };
                    return vec![Output::Tell { ticket, result: Ok(Reply::State(state)) }];
                }
                _ => return vec![Output::Tell { ticket, result: Err(ErrorCode::TillUnclaimed.into()) }],
            },
            Input::Taken { attempt } => P::Taken { attempt },
            Input::Derived { .. } => return Vec::new(),
            Input::Card(event) => P::Card(event),
            Input::Read(read) => P::Read(read),
            Input::Link(event) => P::Link(event),
            Input::Tick => P::Tick,
        };
        let outputs = self.engine.handle(input, now);
        outputs.into_iter().map(|output| self.pass_on(output)).collect()
    }

    fn pass_on(&self, output: payment::Output) -> Output {
        use payment::Output as P;
        match output {
            P::Card(command) => Output::Card(command),
            P::Link(command) => Output::Link(command),
            P::Notice(notice) => Output::Notice(notice),
            P::Begun { ticket, attempt } => Output::Begun { ticket, attempt },
            P::Tell { ticket, result } => Output::Tell { ticket, result: result.map(|reply| self.reply(reply)) },
            P::WakeAt(at) => Output::WakeAt(at),
            P::Stopped(error) => Output::Stopped(error),
        }
    }

    fn reply(&self, reply: payment::Reply) -> Reply {
        match reply {
            payment::Reply::Receipt { view, printed_before } => {
                Reply::Receipt { view, printed_before, configuration: Arc::clone(&self.configuration) }
            }
            reply => Reply::Payment(reply),
        }
    }
}
