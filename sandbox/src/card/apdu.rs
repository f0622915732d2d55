//! Command APDUs as a card reads them, and the status words of its refusals.
//!
//! Source: ISO/IEC 7816-4 and EMV Book 3, section 6. A card of ours takes short APDUs with `Le` 00 or none.
//! Evidence: `mod tests`.

/// The two bytes that end each response.
pub(super) type StatusWord = u16;

pub(super) const SW_OK: StatusWord = 0x9000;
pub(super) const SW_WRONG_LENGTH: StatusWord = 0x6700;
pub(super) const SW_CONDITIONS_NOT_SATISFIED: StatusWord = 0x6985;
pub(super) const SW_SEE_PHONE: StatusWord = 0x6986;
pub(super) const SW_WRONG_DATA: StatusWord = 0x6A80;
pub(super) const SW_FILE_NOT_FOUND: StatusWord = 0x6A82;
pub(super) const SW_RECORD_NOT_FOUND: StatusWord = 0x6A83;
pub(super) const SW_WRONG_PARAMETERS: StatusWord = 0x6A86;
pub(super) const SW_DATA_NOT_FOUND: StatusWord = 0x6A88;
pub(super) const SW_UNKNOWN_INSTRUCTION: StatusWord = 0x6D00;
pub(super) const SW_UNKNOWN_CLASS: StatusWord = 0x6E00;

/// A command that the card knows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// SELECT by name; `next` asks for the next application that the name begins.
    Select { name: &'a [u8], next: bool },
    /// GET PROCESSING OPTIONS with the values that the PDOL asked for, out of their template 83.
    GetProcessingOptions { values: &'a [u8] },
    /// READ RECORD of a short file.
    ReadRecord { file: u8, record: u8 },
}

impl<'a> Command<'a> {
    /// Reads one command to its last byte.
    ///
    /// # Errors
    /// The status word that the card answers instead.
    pub(super) fn parse(apdu: &'a [u8]) -> Result<Self, StatusWord> {
        let [class, instruction, p1, p2, body @ ..] = apdu else { return Err(SW_WRONG_LENGTH) };
        match (class, instruction) {
            (0x00, 0xA4) => Self::select(*p1, *p2, body),
            (0x80, 0xA8) => Self::get_processing_options(*p1, *p2, body),
            (0x00, 0xB2) => Self::read_record(*p1, *p2, body),
            (0x80, 0xCA) => Err(SW_DATA_NOT_FOUND),
            (_, 0xA4 | 0xA8 | 0xB2 | 0xCA) => Err(SW_UNKNOWN_CLASS),
            (0x00 | 0x80, _) => Err(SW_UNKNOWN_INSTRUCTION),
            _ => Err(SW_UNKNOWN_CLASS),
        }
    }

    fn select(p1: u8, p2: u8, body: &'a [u8]) -> Result<Self, StatusWord> {
        let next = match (p1, p2) {
            (0x04, 0x00) => false,
            (0x04, 0x02) => true,
            _ => return Err(SW_WRONG_PARAMETERS),
        };
        let name = command_data(body)?;
        if name.is_empty() { Err(SW_WRONG_LENGTH) } else { Ok(Self::Select { name, next }) }
    }

    fn get_processing_options(p1: u8, p2: u8, body: &'a [u8]) -> Result<Self, StatusWord> {
        if (p1, p2) != (0, 0) {
            return Err(SW_WRONG_PARAMETERS);
        }
        match command_data(body)? {
            [0x83, length, values @ ..] if usize::from(*length) == values.len() => {
                Ok(Self::GetProcessingOptions { values })
            }
            _ => Err(SW_WRONG_DATA),
        }
    }

    fn read_record(p1: u8, p2: u8, body: &[u8]) -> Result<Self, StatusWord> {
        if p2 & 0b111 != 0b100 || p1 == 0 {
            return Err(SW_WRONG_PARAMETERS);
        }
        if !matches!(body, [] | [0x00]) {
            return Err(SW_WRONG_LENGTH);
        }
        Ok(Self::ReadRecord { file: p2 >> 3, record: p1 })
    }
}

/// The data behind `Lc`, with `Le` 00 or none behind them.
fn command_data(body: &[u8]) -> Result<&[u8], StatusWord> {
    let (length, rest) = body.split_first().ok_or(SW_WRONG_LENGTH)?;
    let (data, expected) = rest.split_at_checked(usize::from(*length)).ok_or(SW_WRONG_LENGTH)?;
    if matches!(expected, [] | [0x00]) { Ok(data) } else { Err(SW_WRONG_LENGTH) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_read_to_its_last_byte_or_refused() {
        let rows: &[(&[u8], Result<Command<'_>, StatusWord>)] = &[
            (&[0, 0xA4, 4, 0, 2, 0xA0, 0, 0], Ok(Command::Select { name: &[0xA0, 0], next: false })),
            (&[0, 0xA4, 4, 2, 1, 0xA0], Ok(Command::Select { name: &[0xA0], next: true })),
            (&[0x80, 0xA8, 0, 0, 2, 0x83, 0, 0], Ok(Command::GetProcessingOptions { values: &[] })),
            (&[0, 0xB2, 1, 0x14, 0], Ok(Command::ReadRecord { file: 2, record: 1 })),
            (&[], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4, 0], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4, 0, 0], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4, 0, 3, 0xA0, 0], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4, 0, 1, 0xA0, 0, 0], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 4, 0, 1, 0xA0, 5], Err(SW_WRONG_LENGTH)),
            (&[0, 0xA4, 0, 0, 1, 0xA0], Err(SW_WRONG_PARAMETERS)),
            (&[0x80, 0xA4, 4, 0, 1, 0xA0], Err(SW_UNKNOWN_CLASS)),
            (&[0x80, 0xA8, 1, 0, 2, 0x83, 0], Err(SW_WRONG_PARAMETERS)),
            (&[0x80, 0xA8, 0, 0, 2, 0x83, 1], Err(SW_WRONG_DATA)),
            (&[0x80, 0xA8, 0, 0, 1, 0x83], Err(SW_WRONG_DATA)),
            (&[0x80, 0xA8, 0, 0, 2, 0x84, 0], Err(SW_WRONG_DATA)),
            (&[0, 0xA8, 0, 0, 2, 0x83, 0], Err(SW_UNKNOWN_CLASS)),
            (&[0, 0xB2, 0, 0x14, 0], Err(SW_WRONG_PARAMETERS)),
            (&[0, 0xB2, 1, 0x10, 0], Err(SW_WRONG_PARAMETERS)),
            (&[0, 0xB2, 1, 0x14, 1], Err(SW_WRONG_LENGTH)),
            (&[0x80, 0xCA, 0x9F, 0x36, 0], Err(SW_DATA_NOT_FOUND)),
            (&[0x80, 0xAE, 0x80, 0, 0], Err(SW_UNKNOWN_INSTRUCTION)),
            (&[0, 0xC0, 0, 0, 0], Err(SW_UNKNOWN_INSTRUCTION)),
            (&[0xFF, 0xC0, 0, 0, 0], Err(SW_UNKNOWN_CLASS)),
        ];
        for (apdu, verdict) in rows {
            assert_eq!(Command::parse(apdu), *verdict, "{apdu:02X?}");
        }
    }
}
