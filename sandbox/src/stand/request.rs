//! What may be asked of a stand: one JSON object, understood whole or refused by name.
//! Evidence: `mod tests`.

use serde::Deserialize;

use super::files::{Mishap, Spoiling};
use crate::host::{HostError, Step, operation};

/// One line of a client.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Request {
    Till {
        #[serde(default = "usual_dialect")]
        dialect: String,
    },
    Card {
        name: String,
    },
    Host {
        home: String,
        next: Option<String>,
        count: Option<u32>,
        of: Option<String>,
        stop: Option<bool>,
        start: Option<bool>,
    },
    Acquirer {
        home: String,
        pins: Option<bool>,
        send: Option<bool>,
        message: Option<String>,
        hold: Option<bool>,
        rotate: Option<bool>,
    },
    Book {
        home: String,
    },
    Statement {
        home: String,
        format: String,
        swap: Option<(String, String)>,
        add: Option<String>,
    },
    Files {
        home: String,
        save: Option<String>,
        put_back: Option<String>,
        put_back_slots: Option<String>,
        clear: Option<bool>,
        spoil: Option<String>,
    },
    Read {
        card: String,
        minor: u64,
        currency: String,
        attempt: String,
        nonce: String,
    },
}

/// What a host is told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Order {
    Next(Step),
    Stop,
    Start,
}

/// Why a line was refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not one object of the agreed shape; the words of the JSON reader name the part.
    Malformed(String),
    /// `host` takes exactly one of `next`, `stop` and `start`, and `count` and `of` with `next` alone.
    OneOrder,
    /// `acquirer` takes exactly one of its words, and `send` with `pins` alone.
    OneDeed,
    /// No card has this name.
    CardUnknown,
    /// A certified reader is asked with an amount, an attempt's name and 16 bytes as hex digits.
    ReadRequest,
    /// `statement` takes a format that there is, and swaps what is there.
    StatementRequest,
    /// `files` takes exactly one of its words.
    OneMishap,
    /// Nothing was saved under this name.
    NotSaved,
    /// No operator has a slot in this folder.
    NoSlots,
    /// The stand has given no till of this folder.
    HomeUnknown,
    /// The host is running already, or is not running.
    HostState(&'static str),
    /// The stand's own folder cannot be used.
    Folder,
    /// What the host said.
    Host(HostError),
}

impl Refusal {
    /// The stable code.
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "stand_request_malformed",
            Self::OneOrder => "stand_one_order",
            Self::OneDeed => "stand_one_deed",
            Self::CardUnknown => "stand_card_unknown",
            Self::ReadRequest => "stand_read_request",
            Self::StatementRequest => "stand_statement_request",
            Self::OneMishap => "stand_one_mishap",
            Self::NotSaved => "stand_not_saved",
            Self::NoSlots => "stand_no_slots",
            Self::HomeUnknown => "stand_home_unknown",
            Self::HostState(_) => "stand_host_state",
            Self::Folder => "stand_folder",
            Self::Host(error) => error.code(),
        }
    }

    /// What is wrong, in one sentence.
    pub(super) fn message(&self) -> String {
        match self {
            Self::Malformed(what) => what.clone(),
            Self::OneOrder => "host takes exactly one of next, stop and start; count and of go with next".to_owned(),
            Self::OneDeed => {
                "acquirer takes exactly one of pins, message, hold and rotate; send goes with pins".to_owned()
            }
            Self::CardUnknown => "no simulated card has this name".to_owned(),
            Self::ReadRequest => {
                "read takes an amount in minor units, a currency, an attempt's name and a nonce of 32 hex digits"
                    .to_owned()
            }
            Self::StatementRequest => {
                "statement takes csv or camt for its format, and swaps only what is in the file".to_owned()
            }
            Self::OneMishap => {
                "files takes exactly one of save, put_back, put_back_slots, clear and spoil, which has one of its words"
                    .to_owned()
            }
            Self::NotSaved => "nothing was saved under this name: letters, digits and hyphens".to_owned(),
            Self::NoSlots => "no operator has a slot in this folder".to_owned(),
            Self::HomeUnknown => "this stand has given no till of this home".to_owned(),
            Self::HostState(what) => (*what).to_owned(),
            Self::Folder => "the stand's folder cannot be written".to_owned(),
            Self::Host(error) => error.to_string(),
        }
    }
}

impl From<HostError> for Refusal {
    fn from(error: HostError) -> Self {
        Self::Host(error)
    }
}

/// Reads one line.
pub(super) fn read(line: &[u8]) -> Result<Request, Refusal> {
    serde_json::from_slice(line).map_err(|error| Refusal::Malformed(error.to_string()))
}

/// Which one thing a host is told.
pub(super) fn order(
    next: Option<&str>,
    (count, of): (Option<u32>, Option<&str>),
    stop: Option<bool>,
    start: Option<bool>,
) -> Result<Order, Refusal> {
    match (next, (count, of), stop, start) {
        (Some(kind), (count, of), None, None) => {
            let of = of.map(operation).transpose()?;
            Ok(Order::Next(Step::new(kind.parse()?, count.unwrap_or(1), of)?))
        }
        (None, (None, None), Some(true), None) => Ok(Order::Stop),
        (None, (None, None), None, Some(true)) => Ok(Order::Start),
        _ => Err(Refusal::OneOrder),
    }
}

/// Which one thing befalls a folder.
pub(super) fn mishap(
    save: Option<String>,
    put_back: Option<String>,
    put_back_slots: Option<String>,
    clear: Option<bool>,
    spoil: Option<&str>,
) -> Result<Mishap, Refusal> {
    match (save, put_back, put_back_slots, clear, spoil) {
        (Some(name), None, None, None, None) => Ok(Mishap::Save(name)),
        (None, Some(name), None, None, None) => Ok(Mishap::PutBack(name)),
        (None, None, Some(name), None, None) => Ok(Mishap::PutBackSlots(name)),
        (None, None, None, Some(true), None) => Ok(Mishap::Clear),
        (None, None, None, None, Some(word)) => Spoiling::from_word(word).map(Mishap::Spoil).ok_or(Refusal::OneMishap),
        _ => Err(Refusal::OneMishap),
    }
}

fn usual_dialect() -> String {
    "unionpay".to_owned()
}

#[cfg(test)]
mod tests {
    use taptill::iso8583::Op;

    use super::*;
    use crate::host::Kind;

    #[test]
    fn a_line_is_understood_whole_or_refused_by_the_name_of_its_part() {
        let book = Request::Book { home: "/x".to_owned() };
        assert_eq!(read(br#"{"do":"book","home":"/x"}"#), Ok(book));
        assert_eq!(read(br#"{"do":"till"}"#), Ok(Request::Till { dialect: "unionpay".to_owned() }));
        for (line, part) in [
            ("", "EOF"),
            ("hello", "expected"),
            ("{}", "`do`"),
            ("[]", "`do`"),
            (r#"{"do":"dance"}"#, "`dance`"),
            (r#"{"do":"till","colour":"red"}"#, "`colour`"),
            (r#"{"do":"till","dialect":5}"#, "5"),
            (r#"{"do":"card"}"#, "`name`"),
            (r#"{"do":"card","name":"visa","name":"visa"}"#, "duplicate field `name`"),
            (r#"{"do":"book","home":"/x"} {}"#, "trailing"),
            (r#"{"do":"host","home":"/x","next":"reset","count":-1}"#, "-1"),
            (r#"{"do":"host","home":"/x","count":99999999999}"#, "99999999999"),
        ] {
            match read(line.as_bytes()) {
                Err(Refusal::Malformed(message)) => assert!(message.contains(part), "{line}: {message}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        assert!(matches!(read(b"\"\xFF\""), Err(Refusal::Malformed(_))));
    }

    #[test]
    fn a_host_is_told_exactly_one_thing() {
        let next = |kind, count, of| Ok(Order::Next(Step::new(kind, count, of).unwrap()));
        assert_eq!(order(Some("reset"), (None, None), None, None), next(Kind::Reset, 1, None));
        assert_eq!(order(Some("reset"), (Some(3), Some("void")), None, None), next(Kind::Reset, 3, Some(Op::Void)));
        assert_eq!(order(None, (None, None), Some(true), None), Ok(Order::Stop));
        assert_eq!(order(None, (None, None), None, Some(true)), Ok(Order::Start));
        for (next, count, stop, start) in [
            (None, (None, None), None, None),
            (None, (Some(1), None), None, None),
            (None, (None, None), Some(false), None),
            (None, (None, None), Some(true), Some(true)),
            (None, (Some(1), None), Some(true), None),
            (None, (None, Some("void")), Some(true), None),
            (Some("reset"), (None, None), Some(true), None),
            (Some("reset"), (None, None), None, Some(false)),
        ] {
            assert_eq!(order(next, count, stop, start), Err(Refusal::OneOrder));
        }
        for (kind, count, of, verdict) in [
            ("explode", None, None, HostError::KindUnknown),
            ("reset", Some(0), None, HostError::CountOutOfRange),
            ("reset", None, Some("lunch"), HostError::OperationUnknown),
            ("refuse-reversal", None, Some("void"), HostError::OperationUnknown),
        ] {
            assert_eq!(order(Some(kind), (count, of), None, None), Err(Refusal::Host(verdict)), "{kind}");
        }
    }

    #[test]
    fn a_folder_has_exactly_one_mishap() {
        let name = || Some("a".to_owned());
        assert_eq!(mishap(name(), None, None, None, None), Ok(Mishap::Save("a".to_owned())));
        assert_eq!(mishap(None, name(), None, None, None), Ok(Mishap::PutBack("a".to_owned())));
        assert_eq!(mishap(None, None, name(), None, None), Ok(Mishap::PutBackSlots("a".to_owned())));
        assert_eq!(mishap(None, None, None, Some(true), None), Ok(Mishap::Clear));
        assert_eq!(mishap(None, None, None, None, Some("cut")), Ok(Mishap::Spoil(Spoiling::Cut)));
        for refused in [
            mishap(None, None, None, None, None),
            mishap(name(), name(), None, None, None),
            mishap(None, None, None, Some(false), None),
            mishap(None, None, None, Some(true), Some("cut")),
            mishap(None, None, None, None, Some("burn")),
        ] {
            assert_eq!(refused, Err(Refusal::OneMishap));
        }
    }
}
