//! New passwords: the rules they are held to, and the memory of the ones before.
//!
//! Every password that an operator is given is remembered, as a salted digest in a side row of the operator's own, in
//! the transaction of the event that says so.
//!
//! It never keeps a password. Evidence: `tests/people_states.rs`; the rules in `account/password/tests.rs`.

use crate::account::password::{Ageing, Day, History, Rules, ageing};
use crate::account::{Configuration, ShopPolicy, latest_day, shop_policy};
use crate::clock::Now;
use crate::error::{Error, ErrorCode};
use crate::ids::OperatorName;
use crate::incident::renewal::{self, Due};
use crate::journal::{Journal, SideWork};
use crate::secret::{Secret, SecretBytes};
use crate::till::Till;
use crate::till::record::Trouble;
use crate::vault::{Derivation, NewPassword, SlotFacts, SlotKind};

/// What a till asks of its people, today.
pub(super) struct House {
    pub policy: ShopPolicy,
    pub today: Day,
    /// Whose password is due since a renewal of all.
    due: Due,
}

impl House {
    pub fn of(journal: &Journal, now: Now) -> Result<Self, Error> {
        Ok(Self { policy: shop_policy(journal)?, today: latest_day(journal, now)?, due: renewal::due(journal)? })
    }

    /// Why this password must be changed before anything else; `Ok` with the days that are left where it is soon.
    pub fn age(&self, facts: &SlotFacts) -> Result<Option<u32>, &'static str> {
        if facts.is_temporary {
            return Err("temporary");
        }
        let due = facts.name.as_ref().and_then(|name| self.due.get(name.as_str()));
        if facts.kind != SlotKind::Recovery && due.is_some_and(|due| facts.generation <= *due) {
            return Err("renewal");
        }
        match ageing(&self.policy.password.profile(), Day(facts.changed_day), self.today) {
            Ageing::Fine => Ok(None),
            Ageing::Soon { days_left } => Ok(Some(days_left.into())),
            Ageing::Expired => Err("expired"),
        }
    }
}

/// The rules for a new password of this operator, without the memory of earlier ones.
pub(super) fn rules(policy: &ShopPolicy, configuration: &Configuration, name: &OperatorName) -> Rules {
    let shop = [configuration.merchant.name.as_str(), configuration.terminal_id.as_str()];
    let words = configuration.merchant.address.iter().chain(&policy.shop_words).map(String::as_str);
    Rules::new(policy.password, name, shop.into_iter().chain(words))
}

/// A password that an operator is given.
pub(super) fn given(
    derivation: Derivation,
    derived: Secret<32>,
    is_temporary: bool,
    Day(changed_day): Day,
) -> NewPassword {
    NewPassword { derivation, derived, is_temporary, changed_day }
}

impl Till {
    /// Holds a new password against the rules and the earlier ones; gives the side row that remembers it.
    pub(super) fn judge(
        &self,
        journal: &Journal,
        rules: Rules,
        name: &OperatorName,
        password: &SecretBytes,
    ) -> Result<SideWork, Trouble> {
        let row = format!("passwords/{name}");
        let history = match journal.side_row(&row)? {
            Some(bytes) => History::from_bytes(bytes.expose()).map_err(|_| Error::from(ErrorCode::JournalDamaged))?,
            None => History::empty(&*self.entropy).map_err(Error::from)?,
        };
        let rules = rules.with_history(history);
        rules.check(password.expose()).map_err(Error::from)?;
        let mut history = rules.into_history().expect("it was put in two lines above");
        history.remember(password.expose(), &*self.entropy).map_err(Error::from)?;
        Ok(SideWork::Keep { name: row, payload: history.to_bytes() })
    }
}

/// The side row of an operator who is no more.
pub(super) fn forgotten(name: &OperatorName) -> SideWork {
    SideWork::Destroy { name: format!("passwords/{name}") }
}
