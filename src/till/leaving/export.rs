//! What a merchant keeps of a till that goes: handed out before anything is erased, each file with its hash.
//!
//! `events.jsonl` holds every event as it was written, a line each; with `checkpoint.txt` and `public-key.txt` anybody can
//! compute the root anew. `sha256sums.txt` names every other file, in the form that `sha256sum -c` reads.
//!
//! It never holds card data, because the events do not. Evidence: `tests/leaving.rs`.

use ring::digest::{Context, SHA256, digest};

use crate::account::Configuration;
use crate::error::Error;
use crate::hex;
use crate::incident::records::OwnRecords;
use crate::journal::{Journal, JournalError};
use crate::payment::books;
use crate::payment::slip::{self, ReceiptRequest, has_slip};
use crate::ports::{ExportFault, ExportSink};
use crate::receipt::{Columns, Copy, Zone};
use crate::text::Language;

/// Files that are being handed out.
pub(super) struct Handing<'a> {
    sink: &'a mut dyn ExportSink,
    sums: String,
}

impl<'a> Handing<'a> {
    /// To a sink that was tried out.
    pub fn to(sink: &'a mut dyn ExportSink) -> Self {
        let readme = hex::encode_lower(digest(&SHA256, README.as_bytes()).as_ref());
        Self { sink, sums: format!("{readme}  {README_FILE}\n") }
    }

    /// A file that is written in one piece.
    pub fn text(&mut self, name: &str, text: &str) -> Result<(), Error> {
        self.file(name, |put| put(text))
    }

    /// A file that is written piece by piece.
    pub fn file(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn FnMut(&str) -> Result<(), Error>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let mut hash = Context::new(&SHA256);
        let sink = &mut *self.sink;
        write(&mut |text: &str| {
            hash.update(text.as_bytes());
            let put = sink.put(name, text.as_bytes());
            planted!(ErasedUnexported, return Ok(()));
            Ok(put?)
        })?;
        self.sums.push_str(&format!("{}  {name}\n", hex::encode_lower(hash.finish().as_ref())));
        Ok(())
    }

    /// Every event, as it was written.
    pub fn events(&mut self, journal: &Journal) -> Result<(), Error> {
        self.file("events.jsonl", |put| {
            let mut failed = None;
            let walked = journal.scan(&mut |_, bytes| {
                let line = format!("{}\n", String::from_utf8_lossy(bytes));
                put(&line).map_err(|error| {
                    failed = Some(error);
                    JournalError::CursorMalformed
                })
            });
            match (failed, walked) {
                (Some(error), _) => Err(error),
                (None, walked) => Ok(walked.map(drop)?),
            }
        })
    }

    /// The same money in columns, newest first.
    pub fn records(&mut self, journal: &Journal, zone: &Zone) -> Result<(), Error> {
        OwnRecords::ALL
            .into_iter()
            .try_for_each(|of| self.file(of.file_name(), |put| of.write(journal, zone, put).map(drop)))
    }

    /// The shop's slip of every payment that has one, newest first, in each language. A slip that was printed before says
    /// so; that it is handed out here is no print.
    pub fn receipts(&mut self, journal: &Journal, configuration: &Configuration) -> Result<(), Error> {
        for language in Language::ALL {
            let request = ReceiptRequest { columns: Columns::C32, language, copy: Copy::Merchant };
            let name = format!("receipts.{}.txt", language.tag().to_lowercase());
            self.file(&name, |put| {
                let mut after = None;
                loop {
                    let page = books::every_attempt(journal, SLIPS_AT_ONCE, after)?;
                    for view in page.attempts.iter().map(|booked| &booked.view).filter(|view| has_slip(view.state)) {
                        let printed_before = view.receipts.of(request.counted_as());
                        put(&slip::print(configuration, view, printed_before, request)?)?;
                        put("\n")?;
                    }
                    after = page.next;
                    if after.is_none() {
                        return put("");
                    }
                }
            })?;
        }
        Ok(())
    }

    /// The list of all files; the hash of it stands for all of them.
    pub fn finish(self) -> Result<String, Error> {
        let put = self.sink.put(SUMS, self.sums.as_bytes());
        planted!(ErasedUnexported, return Ok(String::new()));
        put?;
        self.sink.finish()?;
        Ok(hex::encode_lower(digest(&SHA256, self.sums.as_bytes()).as_ref()))
    }
}

/// Whether anything can be handed out there at all, before the acquirer is told.
pub(super) fn try_out(sink: &mut dyn ExportSink) -> Result<(), ExportFault> {
    sink.put(README_FILE, README.as_bytes())?;
    sink.finish()
}

const SLIPS_AT_ONCE: usize = 100;
const SUMS: &str = "sha256sums.txt";
const README_FILE: &str = "readme.txt";
const README: &str = "The records of a till, handed out before it was erased.
sha256sums.txt names every file: sha256sum -c sha256sums.txt
events.jsonl has every entry of the record, one a line; checkpoint.txt is its signed head.
payments.csv, refunds.csv and batches.csv are the same money in columns; receipts.*.txt are the shop's slips.
";
