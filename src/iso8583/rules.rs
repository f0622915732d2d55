//! What can be wrong with a dialect file: the rule that it breaks, and the row that breaks it.
//!
//! Each rule reads as a sentence. Evidence: the table in `check`, one row a rule.

use std::fmt;

use super::message::{Op, Side};

/// The first rule that a dialect file breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DialectError {
    /// The row that breaks it.
    pub place: Place,
    /// The rule.
    pub rule: Rule,
}

impl fmt::Display for DialectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

impl std::error::Error for DialectError {}

/// A row of a dialect file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole.
    File,
    /// The row `frame`.
    Frame,
    /// The row `mac`.
    Mac,
    /// The row of a field, by its number.
    Field(u8),
    /// The row of a message.
    Message(Op),
    /// One field of one side of a message; 0 when what stands for the number is none.
    Template(Op, Side, u8),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("dialect"),
            Self::Frame => f.write_str("frame"),
            Self::Mac => f.write_str("mac"),
            Self::Field(field) => write!(f, "field {field}"),
            Self::Message(op) => write!(f, "message {op}"),
            Self::Template(op, side, field) => write!(f, "message {op}, {side}, field {field}"),
        }
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)+) => {
        /// A rule of dialect files.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Rule {
            /// The text is not TOML, or has a key or a word that dialects do not have.
            Syntax {
                /// The line, from 1.
                line: usize,
                /// What the TOML reader says. A dialect holds no secrets.
                reason: String,
            },
            $($(#[$doc])* $variant,)+
        }

        impl fmt::Display for Rule {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    Self::Syntax { line, reason } => write!(f, "line {line}: {reason}"),
                    $(Self::$variant => f.write_str($text),)+
                }
            }
        }
    };
}

rules! {
    /// A name is 1 to 32 of `a-z`, `0-9`, `-` and `_`.
    NameMalformed = "the name is not 1 to 32 of a-z, 0-9, '-' and '_'",
    /// A TPDU is five bytes in hex.
    TpduMalformed = "the TPDU is not five bytes in hex",
    /// Headers are at most 64 bytes in hex.
    HeaderMalformed = "a header is not at most 64 bytes in hex",
    /// Both headers have the same length, because the reader cuts by it.
    HeadersDiffer = "the two headers have different lengths",
    /// A frame is 64 bytes or more, and no larger than its length can say.
    FrameSizeOutOfRange = "the largest frame is under 64 bytes, or over what its length can say",
    /// Field numbers are 2 to 128 but for 65, the bit of a third bitmap.
    FieldNumberReserved = "fields have the numbers 2 to 64 and 66 to 128",
    /// A field has one row.
    FieldTwice = "the field has a row already",
    /// `n` and `z` are written in BCD or text, `an` and `ans` in text, `b` raw or in hex, `tlv` raw.
    EncodingDoesNotFitClass = "the encoding cannot write this class",
    /// A fixed field has no length in front of it.
    FixedFieldHasNoLength = "a fixed field has no len_enc and no len_unit",
    /// A fixed field has one length.
    FixedFieldHasOneLength = "a fixed field has one length: min is left out or equal to max",
    /// A variable field says how its length is written.
    LengthEncodingMissing = "a field of variable length needs len_enc and min",
    /// The longest is not zero, and the shortest not longer.
    LengthsDisordered = "max is zero or smaller than min",
    /// The length in front can say the longest.
    LengthBeyondPrefix = "the length in front of the field cannot say max",
    /// Only BCD and hex data have digits apart from bytes.
    DigitCountNeedsBcdOrHex = "only BCD and hex data can be counted in digits",
    /// BCD data of an odd length has a pad nibble.
    PadMissing = "BCD data that can have an odd length needs a pad",
    /// Other data has none.
    PadNotAllowed = "only BCD data has a pad",
    /// A count of bytes does not tell the last digit from a zero that pads.
    ByteCountNeedsPadF = "BCD data counted in bytes needs the pad F",
    /// Fields 2, 14, 34, 35, 36, 45 and 52 hold card data.
    CardDataIsOpen = "the field holds card data and must be mask or secret",
    /// A dialect of encrypted reads knows nothing of a card in clear.
    CardDataInClear = "the dialect carries encrypted reads, and this field is of a card in clear",
    /// Its sale carries the read and what it is bound to.
    ReadNotCarried = "the sale must carry encrypted_read and read_nonce, because card_data says so",
    /// Another dialect does not.
    ReadNotExpected = "the field is of an encrypted read, and card_data does not say so",
    /// The MAC's field has a row.
    MacFieldMissing = "the MAC's field has no row",
    /// The MAC's field is of class `b` and fixed.
    MacFieldNotFixedBytes = "the MAC's field is not of class b and fixed length",
    /// The MAC's field is the last, because the code covers everything before it.
    MacFieldNotLast = "the MAC's field is not the last field",
    /// A code is cut to 4 bytes or more, and no more than there are.
    MacLengthOutOfRange = "the MAC's field is shorter than 4 bytes or longer than the code",
    /// X9.9, X9.19 and CBC-TDES have a padding.
    MacPaddingMissing = "this MAC algorithm needs padding 1 or 2",
    /// Others have none.
    MacPaddingNotAllowed = "this MAC algorithm has no padding",
    /// An operation has one row.
    MessageTwice = "the message has a row already",
    /// A message type is four digits.
    MtiMalformed = "a message type is not four digits",
    /// The answer's type is the request's plus ten.
    AnswerTypeMismatch = "the answer's type is not the request's plus ten",
    /// A time-out is 1 to 180 000 ms.
    TimeoutOutOfRange = "the time-out is not 1 to 180000 ms",
    /// A response code is two letters or digits.
    ResponseCodeMalformed = "a response code is not two letters or digits",
    /// A response code that approves means nothing else.
    ResponseCodeTwice = "a response code that approves is in another list too",
    /// Some response code approves.
    NothingApproves = "approve_rc is empty",
    /// Every answer carries its response code in field 39.
    ResponseCodeNotCarried = "the answer does not carry {response_code} in field 39",
    /// There is a way to tell whose answer it is.
    MatchKeyEmpty = "match_key is empty",
    /// What must be equal is mandatory on both sides.
    EchoNotCarried = "a field of echo or match_key is not mandatory on both sides",
    /// Matching compares values.
    MatchKeyWithoutValue = "a field of match_key holds no value",
    /// A message with a MAC needs to know how.
    MacNotDefined = "the message asks for a MAC and the dialect has none",
    /// Only a message that the dialect can reverse owes a reversal.
    ReversalMissing = "the message owes a reversal and the dialect has none",
    /// A sale or a void whose answer is lost is taken back; no dialect can switch that off.
    ReversalOwed = "a sale or a void owes a reversal: say reversal = true",
    /// All others owe none.
    ReversalNotOwed = "only a sale or a void owes a reversal",
    /// A repeat has the type of its request but for the last digit, which says who repeats.
    RepeatTypeMismatch = "a repeat's type is not the request's with the next odd last digit",
    /// A sale and a void are never sent twice, and nobody counts echoes.
    RepeatNotExpected = "this message is never sent twice",
    /// Two messages of one type can be told apart.
    NotDistinguishable = "another message of the same type cannot be told from this one",
    /// A message's field has a row.
    FieldMissing = "the dialect has no such field",
    /// A field is mandatory or optional.
    MandatoryAndOptional = "the field is both mandatory and optional",
    /// The MAC is set by whoever holds the key.
    MacInTemplate = "the MAC's field cannot be given",
    /// A template is not empty.
    TemplateEmpty = "the template is empty",
    /// Braces come in pairs.
    TemplateBraces = "the template's braces do not pair",
    /// A number is cut to fewer of its digits, and only a number of fixed length.
    TemplateDigits = "what stands behind the colon is not a smaller count of digits of a fixed number",
    /// Names in braces are names of values.
    TemplateUnknownValue = "there is no value of this name",
    /// Two values of variable length cannot be read back.
    TemplateTwoVariableLengths = "the template has two values of variable length",
    /// What a template becomes fits its field.
    TemplateLengthMismatch = "what the template becomes cannot fit the field's length",
    /// What stands in a template may stand in its field.
    TemplateClassMismatch = "what the template becomes cannot fit the field's class",
    /// An optional field is left out when its value is; so it needs one.
    OptionalWithoutValue = "an optional field needs a value to depend on",
}
