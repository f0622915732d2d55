//! What the host says of this till beside its answers: that it holds the till frozen, or has let it go.
//!
//! It says so in every answer; it is recorded when it is first heard in a session, and when it changes.
//!
//! It never changes what the host holds. Evidence: `tests/network.rs`.

use serde_json::json;

use crate::acquirer::HostMark;
use crate::clock::Now;
use crate::journal::{Draft, SideWork};
use crate::till::record::Trouble;
use crate::till::{At, Till};

impl Till {
    pub(super) fn host_marked(&mut self, mark: HostMark, now: Now) -> Result<(), Trouble> {
        self.obey_the_host(mark, now)?;
        let At::Open(open) = &mut self.at else { return Ok(()) };
        if open.host_mark.replace(mark) == Some(mark) {
            return Ok(());
        }
        let body = json!({ "mark": mark.word() });
        let (kind, v, attempt, operator, may_use_ballast) = (HOST_MARKED, 1, None, None, true);
        let draft = Draft { kind, v, attempt, operator, body, may_use_ballast };
        open.engine.journal_mut().append(draft, SideWork::None, now)?;
        Ok(())
    }
}

const HOST_MARKED: &str = "host.marked";
