//! The sandbox's people, and a till with one of them at it.
//!
//! A till is claimed by `alice`, a supervisor, who adds `bob`, a cashier, where he is wanted. Their passwords are no
//! secret and no example of good ones. It never opens a till that is not a sandbox's. Evidence: `tests/terminal_sale.rs`.

use std::path::Path;

use taptill::error::Error;
use taptill::ids::{OperatorName, Role};
use taptill::journal::{Journal, JournalPorts, LockedJournal};
use taptill::ports::Ports;
use taptill::secret::SecretBytes;
use taptill::terminal::Terminal;
use taptill::till::{self, NewOperator, Standing};
use taptill::vault::{Vault, Who, derive};

/// Somebody with a name and a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// The operator's name.
    pub name: &'static str,
    /// The password.
    pub password: &'static str,
    /// What the person is at the till.
    pub role: Role,
}

/// The supervisor who claims every till of a test.
pub const ALICE: Person = Person { name: "alice", password: "correct horse battery 9", role: Role::Supervisor };
/// A cashier.
pub const BOB: Person = Person { name: "bob", password: "tall ships sail at 7 bells", role: Role::Cashier };

impl Person {
    /// The operator's name.
    ///
    /// # Panics
    /// Never for the people here.
    #[must_use]
    pub fn name(&self) -> OperatorName {
        OperatorName::new(self.name).expect("the people of the sandbox have names that are allowed")
    }

    /// The password, to be wiped by whoever takes it.
    #[must_use]
    pub fn password(&self) -> SecretBytes {
        SecretBytes::new(self.password.as_bytes().to_vec())
    }

    /// As a new operator.
    #[must_use]
    pub fn as_new(&self) -> NewOperator {
        NewOperator { name: self.name(), role: self.role, password: self.password(), is_temporary: false }
    }
}

/// Lets alice in: she claims a till that is nobody's, unlocks one that she locked, and signs in otherwise.
///
/// # Errors
/// Those of claiming and signing in.
pub fn let_in(terminal: &Terminal) -> Result<(), Error> {
    match terminal.till_state()?.standing {
        Standing::Unclaimed => terminal.claim(&ALICE.name(), ALICE.password()).map(drop),
        Standing::Locked => terminal.unlock(ALICE.password()).map(drop),
        Standing::SignedOut => terminal.sign_in(&ALICE.name(), ALICE.password(), None).map(drop),
        Standing::SignedIn => Ok(()),
    }
}

/// The journal at `path` as alice may read it, behind the back of a till that is not open.
///
/// # Panics
/// Where alice does not get in: it is for tests.
#[must_use]
pub fn journal_of(path: &Path, ports: &Ports) -> Journal {
    let (keys, entropy, now) = (&*ports.device_keys, &*ports.entropy, ports.clock.now());
    let mut locked = LockedJournal::open(path, JournalPorts::from(ports)).expect("nobody else has the till open");
    let mut vault = Vault::new(&mut locked, keys, entropy);
    let attempt = vault.begin(Who::Operator(&ALICE.name()), now).expect("alice is not locked out");
    let derived = derive(ALICE.password.as_bytes(), attempt.derivation());
    let opened = vault.finish(attempt, derived, now).expect("it is alice's password");
    vault.forgive(&opened).expect("nothing failed");
    let unlocked = locked.unlock(opened.masters().keyring(), till::folds());
    unlocked.map_err(|(_, error)| error).expect("the journal is whole")
}

/// Opens the till at `home` with alice at it.
///
/// # Errors
/// Those of opening and of [`let_in`].
pub fn open(home: &Path, ports: Ports) -> Result<Terminal, Error> {
    let terminal = Terminal::open(home, ports)?;
    let_in(&terminal)?;
    Ok(terminal)
}
