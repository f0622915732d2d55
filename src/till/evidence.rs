//! Evidence at this till: who may, and the steps of handing it out; and the pages of the shop's own records.
//!
//! What was found, and what was agreed to, travels between the steps with whoever asks: payments go on meanwhile, and
//! who goes away leaves nothing behind but the record of an agreement.
//!
//! It never gives a file away before the agreement is journalled. Evidence: `tests/evidence.rs`.

use crate::clock::Now;
use crate::incident::evidence::{BundleFile, Disclosure, Gathering, Preview, Recipient, Scope};
use crate::incident::records::OwnRecords;
use crate::journal::Cursor;
use crate::payment::slip;
use crate::session::Permit;
use crate::session::actions::{DiscloseEvidence, ExportRecords};
use crate::text::Language;
use crate::till::exchange::Reply;
use crate::till::gate::Answer;
use crate::till::record::Trouble;
use crate::till::{At, Till};

/// What is wanted of evidence.
pub enum EvidenceStep {
    /// To begin to look.
    Begin(Scope),
    /// To look on.
    Look(Box<Gathering>),
    /// That somebody agrees to disclose what the preview lists.
    Disclose {
        /// What.
        preview: Box<Preview>,
        /// To whom, where it is said.
        to: Option<Recipient>,
        /// In which language receipts and the read-me are.
        language: Language,
    },
    /// The next files.
    More(Box<Disclosure>),
}

/// What comes of it.
pub enum EvidenceReply {
    /// There is more to be looked at.
    Looking(Box<Gathering>),
    /// What would be disclosed.
    Found(Box<Preview>),
    /// Files of the bundle; there are more.
    Files(Vec<BundleFile>, Box<Disclosure>),
    /// The last files of the bundle.
    Sealed(Vec<BundleFile>),
}

impl Till {
    pub(super) fn evidence(
        &mut self,
        permit: Permit<DiscloseEvidence>,
        step: EvidenceStep,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let by = permit.spend();
        let At::Open(open) = &mut self.at else { return Err(self.shut(now).into()) };
        let configuration = &*open.configuration;
        let journal = open.engine.journal_mut();
        let reply = match step {
            EvidenceStep::Begin(scope) => EvidenceReply::Looking(Box::new(Gathering::begin(journal, scope)?)),
            EvidenceStep::Look(mut gathering) => match gathering.look(journal)? {
                true => EvidenceReply::Found(Box::new(gathering.preview(journal)?)),
                false => EvidenceReply::Looking(gathering),
            },
            EvidenceStep::Disclose { preview, to, language } => {
                let disclosure = Disclosure::begin(journal, *preview, to, language, by, now)?;
                EvidenceReply::Files(Vec::new(), Box::new(disclosure))
            }
            EvidenceStep::More(mut disclosure) => {
                let files = disclosure.more(journal, configuration)?;
                if files.is_empty() {
                    EvidenceReply::Sealed(disclosure.seal(journal, configuration)?)
                } else {
                    EvidenceReply::Files(files, disclosure)
                }
            }
        };
        Ok(Answer::Now(Reply::Evidence(reply)))
    }

    pub(super) fn own_records(
        &mut self,
        permit: Permit<ExportRecords>,
        of: OwnRecords,
        after: Option<Cursor>,
        now: Now,
    ) -> Result<Answer, Trouble> {
        let _by = permit.spend();
        let At::Open(open) = &self.at else { return Err(self.shut(now).into()) };
        let zone = slip::merchant(&open.configuration)?.zone;
        Ok(Answer::Now(Reply::OwnRecords(of.page(open.engine.journal(), &zone, after)?)))
    }
}
